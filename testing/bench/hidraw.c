// SPDX-License-Identifier: GPL-2.0
/* A HID device created by uhid, whose reports are read through hidraw. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/input.h>
#include <linux/uhid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "proc.h"

#define DEVICE_NAME	"notify_bench"

/* hidraw's buffer has 64 slots, one of which is always empty. */
#define HIDRAW_PACKETS	63

/* Maximum report size of uhid, less one byte for the report number. */
#define HIDRAW_BYTES	(UHID_DATA_MAX - 1)

#define INPUT_HEADER	offsetof(struct uhid_event, u.input2.data)

/* Describe a vendor-defined input report of @bytes bytes. */
static void hidraw_describe(struct uhid_create2_req *create, unsigned int bytes)
{
	const unsigned char descriptor[] = {
		0x06, 0x00, 0xff,		/* usage page: the vendor's */
		0x09, 0x01,			/* usage */
		0xa1, 0x01,			/* collection: application */
		0x09, 0x01,			/* usage */
		0x15, 0x00,			/* logical minimum */
		0x26, 0xff, 0x00,		/* logical maximum */
		0x75, 0x08,			/* report size: bits */
		0x96, bytes, bytes >> 8,	/* report count */
		0x81, 0x02,			/* input: data, variable, absolute */
		0xc0,				/* end of the collection */
	};

	snprintf((char *)create->name, sizeof(create->name), DEVICE_NAME);
	memcpy(create->rd_data, descriptor, sizeof(descriptor));
	create->rd_size = sizeof(descriptor);
	create->bus = BUS_VIRTUAL;
}

static bool hidraw_is_ours(const char *path)
{
	char uevent[300], text[512];

	snprintf(uevent, sizeof(uevent), "%s/device/uevent", path);
	return read_text(uevent, text, sizeof(text)) &&
	       strstr(text, "HID_NAME=" DEVICE_NAME "\n");
}

static bool hidraw_find(char *node)
{
	glob_t devices;
	size_t i;

	node[0] = '\0';
	if (glob("/sys/class/hidraw/*", 0, NULL, &devices))
		return false;
	for (i = 0; i < devices.gl_pathc; i++)
		if (hidraw_is_ours(devices.gl_pathv[i]))
			snprintf(node, NODE_MAX, "/dev%s", strrchr(devices.gl_pathv[i], '/'));
	globfree(&devices);
	return node[0] && !access(node, R_OK);
}

static int hidraw_start(struct bench *bench)
{
	struct uhid_event *event;
	ssize_t written;

	bench->source = open("/dev/uhid", O_RDWR | O_CLOEXEC);
	if (bench->source < 0)
		return -errno;
	event = allocate(sizeof(*event));
	event->type = UHID_CREATE2;
	hidraw_describe(&event->u.create2, bench->bytes);
	written = write(bench->source, event, sizeof(*event));
	free(event);
	if (written < 0)
		fail("hidraw: cannot create a device: %m");
	bench->private = allocate(NODE_MAX);
	/* The kernel creates the device asynchronously. */
	WAIT_WHILE(!hidraw_find(bench->private),
		   "hidraw: no node; is the module hid_generic loaded?");
	event = bench->message;
	event->type = UHID_INPUT2;
	event->u.input2.size = bench->bytes;
	return 0;
}

/* A read() returns one report, whatever the size of its buffer. */
static int hidraw_batch(struct reader *reader, void *buffer, unsigned int count)
{
	size_t stride = reader->bench->stride;
	unsigned int i;

	for (i = 0; i < count; i++)
		if (!packet_read(reader, (char *)buffer + i * stride))
			break;
	return i;
}

const struct peer hidraw_peer = {
	.name = "hidraw",
	.about = "a HID device, written by uhid",
	.max_bytes = HIDRAW_BYTES,
	.queue = HIDRAW_PACKETS,
	.message_header = INPUT_HEADER,
	.start = hidraw_start,
	.stop = node_stop,
	.open = node_open,
	.publish = packet_write,
	.read = packet_read,
	.batch = hidraw_batch,
};
