// SPDX-License-Identifier: GPL-2.0
/* A HID device whose input reports are the packets. */
#include <linux/err.h>
#include <linux/hid.h>
#include <linux/hidraw.h>

#include "candidate.h"

/* Not assigned. */
#define VENDOR	0xfff0
#define PRODUCT	0x0001

static struct hid_device *hid;
static size_t report_bytes;

/* One vendor-defined input report without a number. */
static int hidraw_parse(struct hid_device *device)
{
	u8 descriptor[] = {
		0x06, 0x00, 0xff,			/* usage page: vendor-defined */
		0x09, 0x01,				/* usage */
		0xa1, 0x01,				/* collection: application */
		0x09, 0x01,				/* usage */
		0x15, 0x00,				/* logical minimum */
		0x26, 0xff, 0x00,			/* logical maximum */
		0x75, 0x08,				/* report size in bits */
		0x96, report_bytes, report_bytes >> 8,	/* report count */
		0x81, 0x02,				/* input: data, variable, absolute */
		0xc0,					/* end of the collection */
	};

	return hid_parse_report(device, descriptor, sizeof(descriptor));
}

static int hidraw_do_nothing(struct hid_device *device)
{
	return 0;
}

static void hidraw_end_nothing(struct hid_device *device)
{
}

static int hidraw_request(struct hid_device *device, unsigned char number, __u8 *buffer,
			  size_t bytes, unsigned char type, int request)
{
	return -EIO;
}

static const struct hid_ll_driver hidraw_transport = {
	.parse = hidraw_parse,
	.start = hidraw_do_nothing,
	.stop = hidraw_end_nothing,
	.open = hidraw_do_nothing,
	.close = hidraw_end_nothing,
	.raw_request = hidraw_request,
};

/* Does no more than hid-generic, which the kernel may lack. */
static const struct hid_device_id hidraw_ids[] = {
	{ HID_DEVICE(BUS_VIRTUAL, HID_GROUP_ANY, VENDOR, PRODUCT) },
	{ }
};

static struct hid_driver hidraw_driver = {
	.name = "notify_native",
	.id_table = hidraw_ids,
};

static int hidraw_add(char *node, size_t size)
{
	int ret;

	hid = hid_allocate_device();
	if (IS_ERR(hid))
		return PTR_ERR(hid);
	hid->ll_driver = &hidraw_transport;
	hid->bus = BUS_VIRTUAL;
	hid->vendor = VENDOR;
	hid->product = PRODUCT;
	strscpy(hid->name, "notify_native", sizeof(hid->name));
	ret = hid_add_device(hid);
	if (!ret && !hid->hidraw)
		ret = -ENOENT;
	if (ret)
		hid_destroy_device(hid);
	else
		snprintf(node, size, "/dev/hidraw%d", ((struct hidraw *)hid->hidraw)->minor);
	return ret;
}

static int hidraw_start(struct native_candidate *self, unsigned int readers, size_t bytes)
{
	int ret;

	report_bytes = bytes;
	self->read_size = bytes;
	ret = hid_register_driver(&hidraw_driver);
	if (!ret) {
		ret = hidraw_add(self->node, sizeof(self->node));
		if (ret)
			hid_unregister_driver(&hidraw_driver);
	}
	return ret;
}

static void hidraw_stop(void)
{
	hid_destroy_device(hid);
	hid_unregister_driver(&hidraw_driver);
}

static void hidraw_publish(const void *packet, size_t bytes)
{
	hid_input_report(hid, HID_INPUT_REPORT, (u8 *)packet, bytes, 1);
}

struct native_candidate native_hidraw = {
	.name = "hidraw",
	.start = hidraw_start,
	.stop = hidraw_stop,
	.publish = hidraw_publish,
};
