// SPDX-License-Identifier: GPL-2.0
/*
 * A device that is read.
 */

#include "device.h"

#include "message.h"
#include "reader.h"
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BATCH_BYTES	65536
#define MISSED_RETRIES	100

bool device_init(struct device *device, const char *arg)
{
	*device = (struct device){ .fd = -1 };
	return node_init(&device->node, arg);
}

void device_perror(const struct device *device, int error)
{
	if (error != ERROR_REPORTED)
		node_perror(&device->node, error);
}

/* Retry if a packet was broadcast between the samples. */
bool device_missed(const struct device *device, uint64_t *missed)
{
	struct notify_multi_stats stats;
	uint64_t before, after;
	int retry;

	for (retry = 0; retry < MISSED_RETRIES; retry++) {
		if (!node_attribute(&device->node, "broadcasts", &before) ||
		    ioctl(device->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats) ||
		    !node_attribute(&device->node, "broadcasts", &after))
			return false;
		if (before == after) {
			/* All broadcasts minus those from opened.next to stats.seq. */
			*missed = before - (stats.seq - (device->opened.next - 1));
			return true;
		}
	}
	return false;
}

bool device_is_gpio(const struct device *device)
{
	return !strcmp(device->driver, GPIO_DRIVER) &&
	       device->info.packet_size == sizeof(struct notify_gpio_event);
}

/* -- Opening --------------------------------------------------------------- */

/* Return 0 or an errno, as do the functions below. */
static int find_layout(struct device *device)
{
	const struct layout *wanted = device->decode;
	struct layout *known = NULL;

	node_driver(&device->node, device->driver);
	free(device->lines);
	device->lines = NULL;
	if (device_is_gpio(device)) {
		device->lines = calloc(1, sizeof(*device->lines));
		if (!device->lines)
			return ENOMEM;
		gpio_lines_read(device->lines, device->fd);
	}
	if (!wanted) {
		known = source_layout(device->driver, device->info.packet_size, device->lines);
		wanted = known;
	}
	if (wanted && wanted->size > device->info.packet_size) {
		message("%s: layout needs %zu bytes, packets have only %u", device->node.name,
			wanted->size, device->info.packet_size);
		return ERROR_REPORTED;
	}
	free(device->layout);
	device->layout = layout_complete(wanted, device->info.packet_size);
	free(known);
	return device->layout ? 0 : ENOMEM;
}

static int set_queue(const struct device *device)
{
	__u32 queue = device->queue;

	if (!queue || !ioctl(device->fd, NOTIFY_MULTI_IOC_SET_MAX_PACKETS, &queue))
		return 0;
	if (errno != EINVAL)
		return errno;
	message("%s: queue of %u packets exceeds notify_multi's max_ring_bytes",
		device->node.name, queue);
	return ERROR_REPORTED;
}

/* Resize the queue before the reader maps it. */
static int start(struct device *device)
{
	struct stat st;
	int error;

	if (fstat(device->fd, &st))
		return errno;
	device->node.device = st.st_rdev;
	error = set_queue(device);
	if (error)
		return error;
	if (ioctl(device->fd, NOTIFY_MULTI_IOC_GET_INFO, &device->info) ||
	    ioctl(device->fd, NOTIFY_MULTI_IOC_GET_STATS, &device->opened))
		return errno;
	error = find_layout(device);
	if (error)
		return error;

	device->failed_at = 0;
	device->at = 0;
	device->end = 0;
	device->batch_size = BATCH_BYTES / device->info.record_size * device->info.record_size;
	if (!device->batch_size)
		device->batch_size = device->info.record_size;
	free(device->batch);
	device->batch = malloc(device->batch_size);
	if (!device->batch)
		return ENOMEM;
	device->started = true;
	return device->reader->start(device);
}

int device_open(struct device *device)
{
	int error;

	/* Do not open what is no device of notify_multi. */
	error = node_find(&device->node);
	if (error == ENOTTY)
		return error;
	device->fd = open(device->node.path, O_RDONLY | O_CLOEXEC | device->reader->open_flags);
	if (device->fd < 0)
		return errno;
	error = start(device);
	if (error)
		device_close(device);
	return error;
}

void device_close(struct device *device)
{
	if (device->started)
		device->reader->stop(device);
	device->started = false;
	close(device->fd);
	device->fd = -1;
}

/* -- Reading --------------------------------------------------------------- */

int device_fill(struct device *device)
{
	ssize_t bytes;

	if (device_peek(device))
		return 0;
	device->at = 0;
	device->end = 0;
	bytes = device->reader->read(device);
	if (bytes < 0)
		return -bytes;
	device->end = bytes;
	return 0;
}

bool device_packet_failed(struct device *device, int error)
{
	struct notify_multi_stats stats;

	if (error == ENODEV || ioctl(device->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats) ||
	    stats.next == device->failed_at)
		return false;
	device->failed_at = stats.next;
	message("%s: cannot read packet %" PRIu64 ": %s", device->node.name,
		device->failed_at - 1, strerror(error));
	return true;
}

struct notify_multi_record *device_peek(const struct device *device)
{
	return device->at < device->end ? (void *)(device->batch + device->at) : NULL;
}

void device_advance(struct device *device)
{
	device->at += device->info.record_size;
}
