// SPDX-License-Identifier: GPL-2.0
/*
 * notify_multi by io_uring: one ring has a pending request for each of N clients, so that no thread
 * sleeps. The requests are reads, or PEND commands of the device.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "notify.h"
#include "uring.h"

typedef void (*make_request_t)(struct reader *reader, void *buffer, size_t bytes, uint64_t data);

/**
 * struct pended - requests of all readers
 * @uring:   io_uring.
 * @buffers: Buffer for a record of each reader.
 */
struct pended {
	struct uring uring;
	char *buffers;
};

static struct uring *uring_of(const struct reader *reader)
{
	struct pended *pended = reader->bench->private;

	return &pended->uring;
}

static void make_read(struct reader *reader, void *buffer, size_t bytes, uint64_t data)
{
	struct io_uring_sqe *sqe = uring_next(uring_of(reader));

	sqe->opcode = IORING_OP_READ;
	sqe->fd = reader->fd;
	sqe->addr = (uintptr_t)buffer;
	sqe->len = bytes;
	sqe->off = -1;
	sqe->user_data = data;
}

static void make_pend(struct reader *reader, void *buffer, size_t bytes, uint64_t data)
{
	struct io_uring_sqe *sqe = uring_next(uring_of(reader));
	struct notify_multi_uring_cmd cmd = { .addr = (uintptr_t)buffer, .len = bytes };

	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = reader->fd;
	sqe->cmd_op = NOTIFY_MULTI_URING_CMD_PEND;
	sqe->user_data = data;
	memcpy((char *)sqe + offsetof(struct io_uring_sqe, cmd), &cmd, sizeof(cmd));
}

static int notify_uring_start(struct bench *bench)
{
	struct pended *pended;
	int ret;

	pended = allocate(sizeof(*pended));
	ret = uring_start(&pended->uring, bench->nr > BENCH_QUEUE ? bench->nr : BENCH_QUEUE);
	if (ret)
		goto free_pended;
	ret = notify_start(bench);
	if (ret)
		goto stop_uring;
	pended->buffers = allocate(bench->nr * bench->stride);
	bench->private = pended;
	return 0;

stop_uring:
	uring_stop(&pended->uring);
free_pended:
	free(pended);
	return ret;
}

static void notify_uring_stop(struct bench *bench)
{
	struct pended *pended = bench->private;

	uring_stop(&pended->uring);
	free(pended->buffers);
	free(pended);
	notify_stop(bench);
}

/* Test for PEND, which needs Linux 6.7: a buffer that is too small causes EINVAL. */
static int notify_pend_start(struct bench *bench)
{
	struct reader reader = { .bench = bench };
	struct io_uring_cqe *cqe;
	char byte;
	int ret = notify_uring_start(bench);

	if (ret)
		return ret;
	notify_open(bench, &reader);
	make_pend(&reader, &byte, 1, 0);
	uring_enter(uring_of(&reader), 1);
	cqe = uring_peek(uring_of(&reader));
	ret = cqe && cqe->res == -EINVAL ? 0 : -EOPNOTSUPP;
	uring_seen(uring_of(&reader));
	close(reader.fd);
	if (ret) {
		close(bench->source);
		notify_uring_stop(bench);
	}
	return ret;
}

/* Reap a completion. Return its result, and its user_data in @data. */
static int notify_uring_take(struct uring *uring, uint64_t *data)
{
	struct io_uring_cqe *cqe = uring_peek(uring);
	int result;

	if (!cqe)
		die("io_uring: a completion is missing");
	result = cqe->res;
	*data = cqe->user_data;
	uring_seen(uring);
	if (result < 0)
		die("notify_multi by io_uring: %s", strerror(-result));
	return result;
}

static int notify_uring_get(struct reader *reader, void *buffer, size_t bytes,
			    make_request_t make_request)
{
	struct uring *uring = uring_of(reader);
	uint64_t data;

	make_request(reader, buffer, bytes, 0);
	uring_enter(uring, 1);
	return notify_uring_take(uring, &data) / reader->bench->stride;
}

static int notify_uring_read(struct reader *reader, void *buffer)
{
	return notify_uring_get(reader, buffer, reader->bench->stride, make_read);
}

static int notify_uring_batch(struct reader *reader, void *buffer, unsigned int count)
{
	return notify_uring_get(reader, buffer, count * reader->bench->stride, make_read);
}

static int notify_pend_read(struct reader *reader, void *buffer)
{
	return notify_uring_get(reader, buffer, reader->bench->stride, make_pend);
}

/* Each command reads one packet; one call submits all commands. */
static int notify_pend_batch(struct reader *reader, void *buffer, unsigned int count)
{
	struct uring *uring = uring_of(reader);
	size_t stride = reader->bench->stride;
	uint64_t data;
	unsigned int i;

	for (i = 0; i < count; i++)
		make_pend(reader, (char *)buffer + i * stride, stride, i);
	uring_enter(uring, count);
	for (i = 0; i < count; i++)
		if (notify_uring_take(uring, &data) != (int)stride || data != i)
			die("notify_multi by PEND: commands completed out of order");
	return count;
}

static void arm(struct bench *bench, make_request_t make_request)
{
	struct pended *pended = bench->private;
	unsigned int i;

	for (i = 0; i < bench->nr; i++)
		make_request(&bench->readers[i], pended->buffers + i * bench->stride,
			     bench->stride, i);
	uring_enter(&pended->uring, 0);
}

static void notify_uring_arm(struct bench *bench)
{
	arm(bench, make_read);
}

static void notify_pend_arm(struct bench *bench)
{
	arm(bench, make_pend);
}

static void notify_uring_reap(struct bench *bench)
{
	struct pended *pended = bench->private;
	unsigned int i;
	uint64_t data;

	uring_enter(&pended->uring, bench->nr);
	for (i = 0; i < bench->nr; i++)
		if (notify_uring_take(&pended->uring, &data) != (int)bench->stride ||
		    !notify_check(bench, pended->buffers + data * bench->stride, 0,
				  bench->number))
			die("notify_multi by io_uring: no packet for a reader");
}

const struct peer notify_uring_peer = {
	NOTIFY_PEER,
	.way = "io_uring",
	.about = "IORING_OP_READ, pending for all readers in one io_uring",
	.start = notify_uring_start,
	.stop = notify_uring_stop,
	.open = notify_open,
	.read = notify_uring_read,
	.batch = notify_uring_batch,
	.arm = notify_uring_arm,
	.reap = notify_uring_reap,
	.check = notify_check,
};

const struct peer notify_pend_peer = {
	NOTIFY_PEER,
	.way = "pend",
	.about = "the command PEND, pending for all readers in one io_uring",
	.start = notify_pend_start,
	.stop = notify_uring_stop,
	.open = notify_open,
	.read = notify_pend_read,
	.batch = notify_pend_batch,
	.arm = notify_pend_arm,
	.reap = notify_uring_reap,
	.check = notify_check,
};
