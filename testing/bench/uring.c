// SPDX-License-Identifier: GPL-2.0
/* A single-threaded io_uring without a library. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "uring.h"

static void *uring_map(const struct uring *uring, size_t size, off_t what)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			    uring->fd, what);

	if (memory == MAP_FAILED)
		die("io_uring: cannot map: %m");
	return memory;
}

static void uring_map_all(struct uring *uring, const struct io_uring_params *params)
{
	size_t sq = params->sq_off.array + params->sq_entries * sizeof(*uring->sq_array);
	size_t cq = params->cq_off.cqes + params->cq_entries * sizeof(*uring->cqes);
	char *rings;

	uring->ring_size = sq > cq ? sq : cq;
	uring->sqes_size = params->sq_entries * sizeof(*uring->sqes);
	rings = uring_map(uring, uring->ring_size, IORING_OFF_SQ_RING);
	uring->rings = rings;
	uring->sqes = uring_map(uring, uring->sqes_size, IORING_OFF_SQES);
	uring->sq_tail = (void *)(rings + params->sq_off.tail);
	uring->sq_array = (void *)(rings + params->sq_off.array);
	uring->sq_mask = params->sq_entries - 1;
	uring->cq_head = (void *)(rings + params->cq_off.head);
	uring->cq_tail = (void *)(rings + params->cq_off.tail);
	uring->cqes = (void *)(rings + params->cq_off.cqes);
	uring->cq_mask = params->cq_entries - 1;
}

/* With deferred task work, completions run only in io_uring_enter(). */
int uring_start(struct uring *uring, unsigned int entries)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	};

	memset(uring, 0, sizeof(*uring));
	uring->fd = syscall(SYS_io_uring_setup, entries, &params);
	if (uring->fd < 0)
		return -errno;
	uring_map_all(uring, &params);
	return 0;
}

void uring_stop(struct uring *uring)
{
	munmap(uring->sqes, uring->sqes_size);
	munmap(uring->rings, uring->ring_size);
	close(uring->fd);
}

/* The caller must not queue more requests than there are entries. */
struct io_uring_sqe *uring_next(struct uring *uring)
{
	unsigned int index = (*uring->sq_tail + uring->queued++) & uring->sq_mask;

	uring->sq_array[index] = index;
	return memset(&uring->sqes[index], 0, sizeof(uring->sqes[index]));
}

/* Submit the queued requests and wait for a number of completions. */
void uring_enter(struct uring *uring, unsigned int completions)
{
	unsigned int submit = uring->queued;

	/* Pairs with the kernel's load-acquire of the tail: orders the requests before it. */
	__atomic_store_n(uring->sq_tail, *uring->sq_tail + submit, __ATOMIC_RELEASE);
	uring->queued = 0;
	if (syscall(SYS_io_uring_enter, uring->fd, submit, completions, IORING_ENTER_GETEVENTS,
		    NULL, 0) != (int)submit)
		die("io_uring: cannot submit %u requests: %m", submit);
}

/* Return the next completion, or NULL. */
struct io_uring_cqe *uring_peek(struct uring *uring)
{
	unsigned int head = *uring->cq_head;

	/* Pairs with the kernel's store-release of the tail, before which the completions are. */
	if (head == __atomic_load_n(uring->cq_tail, __ATOMIC_ACQUIRE))
		return NULL;
	return &uring->cqes[head & uring->cq_mask];
}

void uring_seen(struct uring *uring)
{
	/* The kernel may overwrite the completion only after it has been read. */
	__atomic_store_n(uring->cq_head, *uring->cq_head + 1, __ATOMIC_RELEASE);
}
