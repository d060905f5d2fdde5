// SPDX-License-Identifier: GPL-2.0
/*
 * One io_uring for all readers, so that no thread sleeps. Requests are IORING_OP_READ, or the
 * command PEND of the device, which reads one packet.
 */
#include "bench.h"
#include "commands.h"

typedef void (*prepare_t)(int fd, void *buffer, size_t bytes);

static struct io_uring uring;

/* With deferred task work, completions run only in io_uring_enter(). */
static void uring_open(struct bench *bench)
{
	expect_success(io_uring_queue_init(bench->nr < BENCH_QUEUE ? BENCH_QUEUE : bench->nr,
					   &uring, IORING_SETUP_SINGLE_ISSUER |
					   IORING_SETUP_DEFER_TASKRUN), "io_uring");
}

static void prepare_read(int fd, void *buffer, size_t bytes)
{
	io_uring_prep_read(io_uring_get_sqe(&uring), fd, buffer, bytes, -1);
}

static void prepare_pend(int fd, void *buffer, size_t bytes)
{
	prep_command(io_uring_get_sqe(&uring), fd, NOTIFY_MULTI_URING_CMD_PEND,
		     (struct notify_multi_uring_cmd){ .addr = (uintptr_t)buffer, .len = bytes });
}

/* Submit the requests, and wait for a number of completions. Return the bytes that were read. */
static size_t complete(unsigned int completions)
{
	struct io_uring_cqe *cqe;
	size_t bytes = 0;

	expect_success(io_uring_submit_and_wait(&uring, completions), "io_uring");
	while (completions--) {
		CHECK(!io_uring_peek_cqe(&uring, &cqe));
		expect_success(cqe->res, "a request");
		bytes += cqe->res;
		io_uring_cqe_seen(&uring, cqe);
	}
	return bytes;
}

static unsigned int uring_read(struct bench *bench, unsigned int reader, void *buffer,
			       unsigned int count)
{
	prepare_read(bench->readers[reader], buffer, count * bench->stride);
	return complete(1) / bench->stride;
}

static unsigned int pend_read(struct bench *bench, unsigned int reader, void *buffer,
			      unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		prepare_pend(bench->readers[reader], (char *)buffer + i * bench->stride,
			     bench->stride);
	return complete(count) / bench->stride;
}

static void arm(struct bench *bench, prepare_t prepare)
{
	unsigned int i;

	for (i = 0; i < bench->nr; i++)
		prepare(bench->readers[i], bench->buffer + i * bench->stride, bench->stride);
	complete(0);
}

static void uring_arm(struct bench *bench)
{
	arm(bench, prepare_read);
}

static void pend_arm(struct bench *bench)
{
	arm(bench, prepare_pend);
}

static void uring_reap(struct bench *bench)
{
	CHECK(complete(bench->nr) == bench->nr * bench->stride);
}

const struct way uring_way = {
	.name = "io_uring",
	.open = uring_open,
	.read = uring_read,
	.arm = uring_arm,
	.reap = uring_reap,
};

const struct way pend_way = {
	.name = "pend",
	.open = uring_open,
	.read = pend_read,
	.arm = pend_arm,
	.reap = uring_reap,
};
