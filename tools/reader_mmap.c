// SPDX-License-Identifier: GPL-2.0
/*
 * Reader of the mapped ring: no system call until the ring is empty.
 */

#include "device.h"
#include "message.h"
#include "reader.h"

#include <notify_multi/reader.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

struct mapping {
	void *map;
	struct notify_multi_reader reader;
};

static int mmap_start(struct device *device)
{
	struct mapping *mapping = calloc(1, sizeof(*mapping));

	if (!mapping)
		return ENOMEM;
	mapping->map = mmap(NULL, device->info.ring_bytes, PROT_READ, MAP_SHARED, device->fd, 0);
	if (mapping->map == MAP_FAILED) {
		free(mapping);
		if (errno != EOPNOTSUPP)
			return errno;
		message("%s: cannot map ring: not supported by this device", device->node.name);
		return ERROR_REPORTED;
	}
	notify_multi_reader_init(&mapping->reader, mapping->map, device->opened.next);
	device->mapping = mapping;
	return 0;
}

static void mmap_stop(struct device *device)
{
	if (!device->mapping)
		return;
	munmap(device->mapping->map, device->info.ring_bytes);
	free(device->mapping);
	device->mapping = NULL;
}

static int mmap_poll_fd(const struct device *device)
{
	return device->fd;
}

static ssize_t copy_records(struct device *device)
{
	return (ssize_t)device->info.record_size *
	       notify_multi_reader_read(&device->mapping->reader, device->batch,
					device->batch_size / device->info.record_size);
}

static bool is_unregistered(const struct device *device)
{
	struct pollfd pollfd = { .fd = device->fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) > 0 && pollfd.revents & POLLHUP;
}

/* If the ring is empty, consume the read packets, so that epoll_wait() can sleep. */
static ssize_t mmap_read(struct device *device)
{
	ssize_t bytes = copy_records(device);
	__u64 seq;

	if (bytes)
		return bytes;
	seq = device->mapping->reader.next - 1;
	if (ioctl(device->fd, NOTIFY_MULTI_IOC_CONSUME, &seq) && errno != ENODEV)
		return -errno;
	if (!is_unregistered(device))
		return 0;
	/* Packets may have been broadcast since the first copy. */
	bytes = copy_records(device);
	return bytes ? bytes : -ENODEV;
}

const struct reader mmap_reader = {
	.open_flags = O_NONBLOCK,
	.start = mmap_start,
	.stop = mmap_stop,
	.poll_fd = mmap_poll_fd,
	.read = mmap_read,
};
