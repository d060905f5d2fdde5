// SPDX-License-Identifier: GPL-2.0
/* An input device created by uinput. A packet is a 32-bit value and SYN_REPORT. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/uinput.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"

#define EVENTS	2

/* evdev's buffer has 64 slots, one of which is always empty. */
#define EVDEV_PACKETS	(63 / EVENTS)

static unsigned int evdev_queue(const struct bench *bench)
{
	(void)bench;
	return EVDEV_PACKETS;
}

/* Find the node of the device that uinput has created. */
static void evdev_find(struct bench *bench)
{
	char sysfs[128] = "/sys/devices/virtual/input/";
	size_t end = strlen(sysfs);
	struct dirent *entry;
	DIR *dir;

	if (ioctl(bench->source, UI_GET_SYSNAME(sizeof(sysfs) - end), sysfs + end) < 0)
		die("evdev: cannot get the device name: %m");
	dir = opendir(sysfs);
	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "event", 5)) {
			snprintf(bench->private, NODE_MAX, "/dev/input/%s", entry->d_name);
			closedir(dir);
			return;
		}
	die("evdev: no node for %s; is the module evdev loaded?", sysfs);
}

static int evdev_start(struct bench *bench)
{
	struct uinput_setup setup = { .id.bustype = BUS_VIRTUAL, .name = "notify_bench" };

	bench->source = open("/dev/uinput", O_WRONLY | O_CLOEXEC);
	if (bench->source < 0)
		return -errno;
	if (ioctl(bench->source, UI_SET_EVBIT, EV_MSC) ||
	    ioctl(bench->source, UI_SET_MSCBIT, MSC_SCAN) ||
	    ioctl(bench->source, UI_DEV_SETUP, &setup) || ioctl(bench->source, UI_DEV_CREATE))
		die("evdev: cannot create a device: %m");
	bench->private = allocate(NODE_MAX);
	evdev_find(bench);
	bench->size = EVENTS * sizeof(struct input_event);
	bench->stride = bench->size;
	bench->message = allocate(bench->size);
	return 0;
}

static void evdev_stop(struct bench *bench)
{
	free(bench->private);
}

static void evdev_open(struct bench *bench, struct reader *reader)
{
	reader->fd = open(bench->private, O_RDONLY | O_CLOEXEC);
	if (reader->fd < 0)
		die("evdev: %s: %m", (const char *)bench->private);
}

static void evdev_prepare(struct bench *bench, uint64_t number)
{
	struct input_event *events = bench->message;

	events[0].type = EV_MSC;
	events[0].code = MSC_SCAN;
	events[0].value = number;
	events[1].type = EV_SYN;
	events[1].code = SYN_REPORT;
}

static void evdev_publish(struct bench *bench)
{
	if (write(bench->source, bench->message, bench->size) != (ssize_t)bench->size)
		die("evdev: cannot write to uinput: %m");
}

static int evdev_batch(struct reader *reader, void *buffer, unsigned int count)
{
	ssize_t bytes = read(reader->fd, buffer, count * reader->bench->stride);

	return bytes < 0 ? 0 : bytes / reader->bench->stride;
}

static bool evdev_check(const struct bench *bench, const void *buffer, unsigned int index,
			uint64_t number)
{
	const struct input_event *events = buffer;

	(void)bench;
	events += index * EVENTS;
	return events[0].type == EV_MSC && events[0].value == (int)number &&
	       events[1].type == EV_SYN && events[1].code == SYN_REPORT;
}

const struct peer evdev_peer = {
	.name = "evdev",
	.about = "an input device, written by uinput",
	.bytes = sizeof(struct input_event),
	.queue = evdev_queue,
	.start = evdev_start,
	.stop = evdev_stop,
	.open = evdev_open,
	.prepare = evdev_prepare,
	.publish = evdev_publish,
	.read = packet_read,
	.batch = evdev_batch,
	.check = evdev_check,
};
