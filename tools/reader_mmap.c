// SPDX-License-Identifier: GPL-2.0
/*
 * The mapped ring, read without a system call until it is empty.
 */

#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

static int mmap_start(struct device *device)
{
	void *map = mmap(NULL, device->info.ring_bytes, PROT_READ, MAP_SHARED, device->fd, 0);

	if (map == MAP_FAILED) {
		if (errno != EOPNOTSUPP)
			return errno;
		message("%s: it cannot be mapped, as its source completes each packet",
			device->name);
		return ERROR_REPORTED;
	}
	device->map = map;
	notify_multi_reader_init(&device->mapped, map, device->stats.next);
	return 0;
}

static void mmap_stop(struct device *device)
{
	if (device->map)
		munmap(device->map, device->info.ring_bytes);
	device->map = NULL;
}

static int mmap_poll_fd(const struct device *device)
{
	return device->fd;
}

static ssize_t copy(struct device *device)
{
	return (ssize_t)device->info.record_size *
	       notify_multi_reader_read(&device->mapped, device->batch,
					device->batch_size / device->info.record_size);
}

static bool is_gone(const struct device *device)
{
	struct pollfd pollfd = { .fd = device->fd, .events = POLLIN };

	return poll(&pollfd, 1, 0) > 0 && pollfd.revents & POLLHUP;
}

/* Before the sleep in epoll, the kernel is told what was read. */
static ssize_t mmap_read(struct device *device)
{
	ssize_t bytes = copy(device);
	__u64 seq;

	if (bytes)
		return bytes;
	seq = device->mapped.next - 1;
	if (ioctl(device->fd, NOTIFY_MULTI_IOC_CONSUME, &seq) && errno != ENODEV)
		return -errno;
	if (!is_gone(device))
		return 0;
	/* The last may have come since. */
	bytes = copy(device);
	return bytes ? bytes : -ENODEV;
}

const struct reader mmap_reader = {
	.name = "mmap",
	.open_flags = O_NONBLOCK,
	.start = mmap_start,
	.stop = mmap_stop,
	.poll_fd = mmap_poll_fd,
	.read = mmap_read,
};
