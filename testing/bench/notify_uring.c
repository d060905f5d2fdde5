// SPDX-License-Identifier: GPL-2.0
/*
 * notify_multi by io_uring: one ring has a pending request for each of N clients, so that no thread
 * sleeps. The requests are reads, or PEND commands of the device.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "commands.h"

typedef void (*make_request_t)(struct reader *reader, void *buffer, size_t bytes, uint64_t data);

/* Requests of all readers, and a buffer for a record of each. */
struct pended {
	struct io_uring uring;
	char *buffers;
};

static struct io_uring *uring_of(const struct reader *reader)
{
	struct pended *pended = reader->bench->private;

	return &pended->uring;
}

static void make_read(struct reader *reader, void *buffer, size_t bytes, uint64_t data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(uring_of(reader));

	io_uring_prep_read(sqe, reader->fd, buffer, bytes, -1);
	sqe->user_data = data;
}

static void make_pend(struct reader *reader, void *buffer, size_t bytes, uint64_t data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(uring_of(reader));

	prep_command(sqe, reader->fd, NOTIFY_MULTI_URING_CMD_PEND, (struct notify_multi_uring_cmd){
		     .addr = (uintptr_t)buffer, .len = bytes });
	sqe->user_data = data;
}

/* With deferred task work, completions run only in io_uring_enter(). */
static int notify_uring_start(struct bench *bench)
{
	struct pended *pended = allocate(sizeof(*pended));
	int ret = io_uring_queue_init(bench->nr > BENCH_QUEUE ? bench->nr : BENCH_QUEUE,
				      &pended->uring,
				      IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);

	if (ret)
		goto free_pended;
	ret = notify_start(bench);
	if (ret)
		goto exit_uring;
	pended->buffers = allocate(bench->nr * bench->stride);
	bench->private = pended;
	return 0;

exit_uring:
	io_uring_queue_exit(&pended->uring);
free_pended:
	free(pended);
	return ret;
}

static void notify_uring_stop(struct bench *bench)
{
	struct pended *pended = bench->private;

	io_uring_queue_exit(&pended->uring);
	free(pended->buffers);
	free(pended);
	notify_stop(bench);
}

static int notify_pend_start(struct bench *bench)
{
	int ret = notify_uring_start(bench);
	struct pended *pended = bench->private;

	if (ret || uring_has_commands(&pended->uring))
		return ret;
	close(bench->source);
	notify_uring_stop(bench);
	return -EOPNOTSUPP;
}

/* Submit all requests and wait for a number of completions. */
static void submit(struct io_uring *uring, unsigned int completions)
{
	expect_success(io_uring_submit_and_wait(uring, completions), "io_uring");
}

/* Reap a completion. Return its result, and its user_data in @data. */
static int notify_uring_take(struct io_uring *uring, uint64_t *data)
{
	struct io_uring_cqe *cqe;
	int result;

	if (io_uring_peek_cqe(uring, &cqe))
		fail("io_uring: a completion is missing");
	result = cqe->res;
	*data = cqe->user_data;
	io_uring_cqe_seen(uring, cqe);
	expect_success(result, "notify_multi by io_uring");
	return result;
}

static int notify_uring_get(struct reader *reader, void *buffer, size_t bytes,
			    make_request_t make_request)
{
	struct io_uring *uring = uring_of(reader);
	uint64_t data;

	make_request(reader, buffer, bytes, 0);
	submit(uring, 1);
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
	struct io_uring *uring = uring_of(reader);
	size_t stride = reader->bench->stride;
	uint64_t data;
	unsigned int i;

	for (i = 0; i < count; i++)
		make_pend(reader, (char *)buffer + i * stride, stride, i);
	submit(uring, count);
	for (i = 0; i < count; i++)
		if (notify_uring_take(uring, &data) != (int)stride || data != i)
			fail("notify_multi by PEND: commands completed out of order");
	return count;
}

static void arm(struct bench *bench, make_request_t make_request)
{
	struct pended *pended = bench->private;
	unsigned int i;

	for (i = 0; i < bench->nr; i++)
		make_request(&bench->readers[i], pended->buffers + i * bench->stride,
			     bench->stride, i);
	submit(&pended->uring, 0);
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

	submit(&pended->uring, bench->nr);
	for (i = 0; i < bench->nr; i++)
		if (notify_uring_take(&pended->uring, &data) != (int)bench->stride ||
		    !notify_check(bench, pended->buffers + data * bench->stride, bench->number))
			fail("notify_multi by io_uring: no packet for a reader");
}

const struct peer notify_uring_peer = {
	.name = "notify_multi",
	.way = "io_uring",
	.about = "IORING_OP_READ, pending for all readers in one io_uring",
	.start = notify_uring_start,
	.stop = notify_uring_stop,
	.open = notify_open,
	.publish = packet_write,
	.read = notify_uring_read,
	.batch = notify_uring_batch,
	.arm = notify_uring_arm,
	.reap = notify_uring_reap,
	.check = notify_check,
};

const struct peer notify_pend_peer = {
	.name = "notify_multi",
	.way = "pend",
	.about = "the command PEND, pending for all readers in one io_uring",
	.start = notify_pend_start,
	.stop = notify_uring_stop,
	.open = notify_open,
	.publish = packet_write,
	.read = notify_pend_read,
	.batch = notify_pend_batch,
	.arm = notify_pend_arm,
	.reap = notify_uring_reap,
	.check = notify_check,
};
