/* SPDX-License-Identifier: GPL-2.0 */
/* An io_uring of one thread, by plain system calls. */
#ifndef URING_H
#define URING_H

#include <linux/io_uring.h>

/**
 * struct uring - an io_uring
 * @fd:        Its file.
 * @queued:    Requests that the next uring_enter() submits.
 * @sq_tail:   Where the next request goes,
 * @sq_mask:   and the mask of that.
 * @sq_array:  What the kernel reads of a request is its index.
 * @sqes:      The requests.
 * @cq_head:   The next completion,
 * @cq_tail:   the place after the last,
 * @cq_mask:   and the mask of both.
 * @cqes:      The completions.
 * @rings:     The mappings,
 * @ring_size: and their
 * @sqes_size: sizes.
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
