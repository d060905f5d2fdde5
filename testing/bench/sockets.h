/* SPDX-License-Identifier: GPL-2.0 */
/* Common functions of the peers that use sockets. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include "bench.h"

/*
 * Size of a socket buffer for a full queue. The kernel counts the allocated memory: the payload
 * rounded up to a power of two, and the descriptor.
 */
static inline int socket_buffer_bytes(const struct bench *bench)
{
	return BENCH_QUEUE * (2 * bench->bytes + 4096);
}

void socket_start(struct bench *bench);
void socket_stop(struct bench *bench);
int socket_batch(struct reader *reader, void *buffer, unsigned int count);

#endif /* SOCKETS_H */
