// SPDX-License-Identifier: GPL-2.0
/* A daemon sends each packet to each reader through its own unix socket. */
#include <sys/socket.h>

#include "sockets.h"

static int seqpacket_start(struct bench *bench)
{
	packet_prepare(bench, 0);
	socket_start(bench);
	return 0;
}

static void seqpacket_open(struct bench *bench, struct reader *reader)
{
	int bytes = socket_buffer_bytes(bench);
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) ||
	    setsockopt(fds[1], SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		die("%s: cannot create a pair of sockets: %m", bench->peer->name);
	reader->fd = fds[0];
	reader->feed = fds[1];
}

static void seqpacket_prepare(struct bench *bench, uint64_t number)
{
	packet_number(bench, 0, number);
}

static bool seqpacket_check(const struct bench *bench, const void *buffer, unsigned int index,
			    uint64_t number)
{
	return packet_is(bench, (const char *)buffer + index * bench->stride, number);
}

const struct peer seqpacket_peer = {
	.name = "seqpacket",
	.about = "a unix socket for each reader, written by a daemon",
	.start = seqpacket_start,
	.stop = socket_stop,
	.open = seqpacket_open,
	.prepare = seqpacket_prepare,
	.publish = packet_fan_out,
	.read = packet_read,
	.batch = socket_batch,
	.check = seqpacket_check,
};
