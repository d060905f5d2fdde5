// SPDX-License-Identifier: GPL-2.0
/* Batches of packets from sockets, by recvmmsg(). */
#include <stdlib.h>
#include <sys/socket.h>

#include "sockets.h"

struct batch {
	struct mmsghdr messages[BENCH_QUEUE];
	struct iovec iovecs[BENCH_QUEUE];
};

void socket_start(struct bench *bench)
{
	bench->private = allocate(sizeof(struct batch));
}

void socket_stop(struct bench *bench)
{
	free(bench->private);
}

/* The buffer of a batch does not change, so it is set up only once. */
static void socket_set_up_batch(const struct bench *bench, void *buffer)
{
	struct batch *batch = bench->private;
	unsigned int i;

	for (i = 0; i < BENCH_QUEUE; i++) {
		batch->iovecs[i].iov_base = (char *)buffer + i * bench->stride;
		batch->iovecs[i].iov_len = bench->stride;
		batch->messages[i].msg_hdr.msg_iov = &batch->iovecs[i];
		batch->messages[i].msg_hdr.msg_iovlen = 1;
	}
}

int socket_batch(struct reader *reader, void *buffer, unsigned int count)
{
	struct batch *batch = reader->bench->private;
	int got;

	if (batch->iovecs[0].iov_base != buffer)
		socket_set_up_batch(reader->bench, buffer);
	got = recvmmsg(reader->fd, batch->messages, count, MSG_DONTWAIT, NULL);
	return got < 0 ? 0 : got;
}
