// SPDX-License-Identifier: GPL-2.0
/* A daemon writes each packet into the pipe of each reader. */
#include <fcntl.h>
#include <unistd.h>

#include "bench.h"

/* Default size of a pipe. */
#define PIPE_BYTES	65536

static unsigned int pipe_queue(const struct bench *bench)
{
	unsigned int fit = PIPE_BYTES / bench->bytes;

	return fit < BENCH_QUEUE ? fit : BENCH_QUEUE;
}

static int pipe_start(struct bench *bench)
{
	packet_prepare(bench, 0);
	return 0;
}

static void pipe_open(struct bench *bench, struct reader *reader)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		die("%s: cannot create a pipe: %m", bench->peer->name);
	reader->fd = fds[0];
	reader->feed = fds[1];
}

static void pipe_prepare(struct bench *bench, uint64_t number)
{
	packet_number(bench, 0, number);
}

static int pipe_batch(struct reader *reader, void *buffer, unsigned int count)
{
	ssize_t bytes = read(reader->fd, buffer, count * reader->bench->stride);

	return bytes < 0 ? 0 : bytes / reader->bench->stride;
}

static bool pipe_check(const struct bench *bench, const void *buffer, unsigned int index,
		       uint64_t number)
{
	return packet_is(bench, (const char *)buffer + index * bench->stride, number);
}

const struct peer pipe_peer = {
	.name = "pipe",
	.about = "a pipe for each reader, written by a daemon",
	.queue = pipe_queue,
	.start = pipe_start,
	.open = pipe_open,
	.prepare = pipe_prepare,
	.publish = packet_fan_out,
	.read = packet_read,
	.batch = pipe_batch,
	.check = pipe_check,
};
