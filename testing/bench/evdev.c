// SPDX-License-Identifier: GPL-2.0
/* An input device created by uinput. A packet is a 32-bit value and SYN_REPORT. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/uinput.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "bench.h"

/* evdev's buffer has 64 slots, one of which is always empty. */
#define EVDEV_PACKETS	(63 / 2)

/* Find the node of the device that uinput has created. */
static void evdev_find(struct bench *bench)
{
	char name[64], pattern[128];
	glob_t found;

	if (ioctl(bench->source, UI_GET_SYSNAME(sizeof(name)), name) < 0)
		fail("evdev: cannot get the device name: %m");
	snprintf(pattern, sizeof(pattern), "/sys/devices/virtual/input/%s/event*", name);
	if (glob(pattern, 0, NULL, &found))
		fail("evdev: no node for %s; is the module evdev loaded?", name);
	snprintf(bench->private, NODE_MAX, "/dev/input%s", strrchr(found.gl_pathv[0], '/'));
	globfree(&found);
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
		fail("evdev: cannot create a device: %m");
	bench->private = allocate(NODE_MAX);
	evdev_find(bench);
	return 0;
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

static bool evdev_check(const struct bench *bench, const void *packet, uint64_t number)
{
	const struct input_event *events = packet;

	return events[0].type == EV_MSC && events[0].value == (int)number &&
	       events[1].type == EV_SYN && events[1].code == SYN_REPORT;
}

/* SYN_REPORT counts as a header. */
const struct peer evdev_peer = {
	.name = "evdev",
	.about = "an input device, written by uinput",
	.bytes = sizeof(struct input_event),
	.queue = EVDEV_PACKETS,
	.message_header = sizeof(struct input_event),
	.read_header = sizeof(struct input_event),
	.start = evdev_start,
	.stop = node_stop,
	.open = node_open,
	.prepare = evdev_prepare,
	.publish = packet_write,
	.read = packet_read,
	.batch = packet_batch,
	.check = evdev_check,
};
