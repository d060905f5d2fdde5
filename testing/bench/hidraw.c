// SPDX-License-Identifier: GPL-2.0
/* A HID device created by uhid, whose reports are read through hidraw. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <linux/uhid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define HIDRAW_CLASS	"/sys/class/hidraw"
#define DEVICE_NAME	"notify_bench"
#define WAIT_MS		10000

/* hidraw's buffer has 64 slots, one of which is always empty. */
#define HIDRAW_PACKETS	63

/* Maximum report size of uhid, less one byte for the report number. */
#define HIDRAW_BYTES	(UHID_DATA_MAX - 1)

#define INPUT_HEADER	offsetof(struct uhid_event, u.input2.data)

static unsigned int hidraw_queue(const struct bench *bench)
{
	(void)bench;
	return HIDRAW_PACKETS;
}

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

static bool hidraw_is_ours(const char *name)
{
	char path[300], text[512];

	snprintf(path, sizeof(path), HIDRAW_CLASS "/%s/device/uevent", name);
	return name[0] != '.' && !file_read(path, text, sizeof(text)) &&
	       strstr(text, "HID_NAME=" DEVICE_NAME "\n");
}

static bool hidraw_find_once(char *node)
{
	DIR *dir = opendir(HIDRAW_CLASS);
	struct dirent *entry;
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		found = hidraw_is_ours(entry->d_name);
		if (found)
			snprintf(node, NODE_MAX, "/dev/%s", entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found && !access(node, R_OK);
}

/* The kernel creates the device asynchronously. */
static void hidraw_find(struct bench *bench)
{
	int ms;

	for (ms = 0; ms < WAIT_MS; ms++) {
		if (hidraw_find_once(bench->private))
			return;
		usleep(1000);
	}
	die("hidraw: no node; is the module hid_generic loaded?");
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
		die("hidraw: cannot create a device: %m");
	bench->private = allocate(NODE_MAX);
	hidraw_find(bench);

	packet_prepare(bench, INPUT_HEADER);
	event = bench->message;
	event->type = UHID_INPUT2;
	event->u.input2.size = bench->bytes;
	return 0;
}

static void hidraw_stop(struct bench *bench)
{
	free(bench->private);
}

static void hidraw_open(struct bench *bench, struct reader *reader)
{
	reader->fd = open(bench->private, O_RDONLY | O_CLOEXEC);
	if (reader->fd < 0)
		die("hidraw: %s: %m", (const char *)bench->private);
}

static void hidraw_prepare(struct bench *bench, uint64_t number)
{
	packet_number(bench, INPUT_HEADER, number);
}

static void hidraw_publish(struct bench *bench)
{
	if (write(bench->source, bench->message, bench->size) != (ssize_t)bench->size)
		die("hidraw: cannot write to uhid: %m");
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

static bool hidraw_check(const struct bench *bench, const void *buffer, unsigned int index,
			 uint64_t number)
{
	return packet_is(bench, (const char *)buffer + index * bench->stride, number);
}

const struct peer hidraw_peer = {
	.name = "hidraw",
	.about = "a HID device, written by uhid",
	.max_bytes = HIDRAW_BYTES,
	.queue = hidraw_queue,
	.start = hidraw_start,
	.stop = hidraw_stop,
	.open = hidraw_open,
	.prepare = hidraw_prepare,
	.publish = hidraw_publish,
	.read = packet_read,
	.batch = hidraw_batch,
	.check = hidraw_check,
};
