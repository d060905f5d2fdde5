// SPDX-License-Identifier: GPL-2.0
/*
 * Reader by io_uring: one read is always pending.
 */

#include "device.h"
#include "message.h"
#include "reader.h"

#ifdef HAVE_URING

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>

struct uring {
	struct io_uring ring;
	bool pending;
};

static int uring_start(struct device *device)
{
	struct uring *uring = calloc(1, sizeof(*uring));
	int ret;

	if (!uring)
		return ENOMEM;
	ret = io_uring_queue_init(1, &uring->ring, 0);
	if (ret) {
		free(uring);
		message("%s: cannot set up io_uring: %s", device->node.name, strerror(-ret));
		return ERROR_REPORTED;
	}
	device->uring = uring;
	return 0;
}

static void uring_stop(struct device *device)
{
	if (!device->uring)
		return;
	io_uring_queue_exit(&device->uring->ring);
	free(device->uring);
	device->uring = NULL;
}

static int uring_poll_fd(const struct device *device)
{
	return device->uring->ring.ring_fd;
}

/* Return 0 or an errno. */
static int submit(struct device *device)
{
	struct uring *uring = device->uring;
	struct io_uring_sqe *sqe;
	int ret;

	if (uring->pending)
		return 0;
	sqe = io_uring_get_sqe(&uring->ring);
	if (!sqe)
		return EBUSY;
	io_uring_prep_read(sqe, device->fd, device->batch, device->batch_size, 0);
	ret = io_uring_submit(&uring->ring);
	if (ret < 0)
		return -ret;
	uring->pending = true;
	return 0;
}

static ssize_t uring_read(struct device *device)
{
	struct uring *uring = device->uring;
	struct io_uring_cqe *cqe;
	int ret;

	do {
		ret = submit(device);
		if (ret)
			return -ret;
		if (io_uring_peek_cqe(&uring->ring, &cqe))
			return 0;
		ret = cqe->res;
		io_uring_cqe_seen(&uring->ring, cqe);
		uring->pending = false;
	} while (ret == -EINTR);
	return ret;
}

static const struct reader reader = {
	.start = uring_start,
	.stop = uring_stop,
	.poll_fd = uring_poll_fd,
	.read = uring_read,
};

const struct reader *const uring_reader = &reader;

#else

const struct reader *const uring_reader;

#endif /* HAVE_URING */
