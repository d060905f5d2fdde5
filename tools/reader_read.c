// SPDX-License-Identifier: GPL-2.0
/*
 * Reader by read(), which works on every device.
 */

#include "device.h"
#include "reader.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int read_start(struct device *device)
{
	(void)device;
	return 0;
}

static void read_stop(struct device *device)
{
	(void)device;
}

static int read_poll_fd(const struct device *device)
{
	return device->fd;
}

static ssize_t read_read(struct device *device)
{
	ssize_t bytes = read(device->fd, device->batch, device->batch_size);

	if (bytes < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return bytes;
}

const struct reader read_reader = {
	.open_flags = O_NONBLOCK,
	.start = read_start,
	.stop = read_stop,
	.poll_fd = read_poll_fd,
	.read = read_read,
};
