/* SPDX-License-Identifier: GPL-2.0 */
/* A single-threaded io_uring without a library. */
#ifndef URING_H
#define URING_H

#include <linux/io_uring.h>

/**
 * struct uring - an io_uring
 * @fd:        Descriptor.
 * @queued:    Number of requests that the next uring_enter() submits.
 * @sq_tail:   Position after the last request.
 * @sq_mask:   Mask of positions of requests.
 * @sq_array:  Indices of the requests.
 * @sqes:      Requests.
 * @cq_head:   Position of the next completion.
 * @cq_tail:   Position after the last completion.
 * @cq_mask:   Mask of positions of completions.
 * @cqes:      Completions.
 * @rings:     Mapping of both rings.
 * @ring_size: Size of @rings.
 * @sqes_size: Size of @sqes.
 */
struct uring {
	int fd;
	unsigned int queued;
	unsigned int *sq_tail;
	unsigned int sq_mask;
	unsigned int *sq_array;
	struct io_uring_sqe *sqes;
	unsigned int *cq_head;
	unsigned int *cq_tail;
	unsigned int cq_mask;
	struct io_uring_cqe *cqes;
	void *rings;
	size_t ring_size;
	size_t sqes_size;
};

int uring_start(struct uring *uring, unsigned int entries);
void uring_stop(struct uring *uring);
struct io_uring_sqe *uring_next(struct uring *uring);
void uring_enter(struct uring *uring, unsigned int completions);
struct io_uring_cqe *uring_peek(struct uring *uring);
void uring_seen(struct uring *uring);

#endif /* URING_H */
