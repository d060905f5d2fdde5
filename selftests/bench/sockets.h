/* SPDX-License-Identifier: GPL-2.0 */
/* What peers made of sockets share. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include "bench.h"

/*
 * Room for a whole queue: a buffer counts what the kernel allocates for a packet, which is
 * the payload rounded up to a power of two, and the descriptor.
 */
static inline int socket_buffer_bytes(const struct bench *bench)
{
	return BENCH_QUEUE * (2 * bench->bytes + 4096);
}

void socket_start(struct bench *bench);
void socket_stop(struct bench *bench);
int socket_batch(struct reader *reader, void *buffer, unsigned int count);

#endif /* SOCKETS_H */
