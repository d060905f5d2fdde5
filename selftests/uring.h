/* SPDX-License-Identifier: GPL-2.0 */
/*
 * io_uring: submissions, completions, and the commands of notify_multi.
 */
#ifndef URING_H
#define URING_H

#include <dirent.h>
#include <liburing.h>

#include "thread.h"

/* No test queues more submissions. */
#define RING_ENTRIES		32

/* DEFER_TASKRUN: requests complete only when their thread enters the ring. */
#define DEFERRED		(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN)

/* Debian's liburing lacks it. It appeared in Linux 6.7, as did cancelable commands. */
#define OP_READ_MULTISHOT	49

static inline int ring_start(struct io_uring *ring, unsigned int flags)
{
	struct io_uring_params params = { .flags = flags, .sq_thread_idle = 1 };

	return io_uring_queue_init_params(RING_ENTRIES, ring, &params);
}

/* Return true if io_uring is not built into the kernel, or not permitted. */
static inline bool ring_missing(int ret)
{
	return ret == -ENOSYS || ret == -EPERM;
}

/* Probe the kernel, not the module. */
static inline bool ring_has(struct io_uring *ring, int op)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
	bool has = probe && io_uring_opcode_supported(probe, op);

	io_uring_free_probe(probe);
	return has;
}

static inline struct io_uring_sqe *new_sqe(struct io_uring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (!sqe)
		abort();
	return sqe;
}

static inline struct io_uring_sqe *prepare_read(struct io_uring *ring, int fd, void *buffer,
						size_t size, uint64_t data)
{
	struct io_uring_sqe *sqe = new_sqe(ring);

	io_uring_prep_read(sqe, fd, buffer, size, 0);
	sqe->user_data = data;
	return sqe;
}

static inline struct notify_multi_uring_cmd *command_of(struct io_uring_sqe *sqe)
{
	return (void *)sqe->cmd;
}

static inline struct io_uring_sqe *prepare_command(struct io_uring *ring, int fd, __u32 op,
						   const void *addr, __u32 len, uint64_t data)
{
	struct io_uring_sqe *sqe = new_sqe(ring);

	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, fd, NULL, 0, 0);
	sqe->cmd_op = op;
	sqe->user_data = data;
	*command_of(sqe) = (struct notify_multi_uring_cmd) {
		.addr = (uintptr_t)addr,
		.len = len,
	};
	return sqe;
}

static inline struct io_uring_sqe *prepare_pend(struct io_uring *ring, int fd, void *buffer,
						__u32 size, uint64_t data)
{
	return prepare_command(ring, fd, NOTIFY_MULTI_URING_CMD_PEND, buffer, size, data);
}

static inline void prepare_cancel(struct io_uring *ring, uint64_t target, uint64_t data)
{
	struct io_uring_sqe *sqe = new_sqe(ring);

	io_uring_prep_cancel64(sqe, target, 0);
	sqe->user_data = data;
}

/* Submit, and wait for the thread of a ring with SQPOLL. */
static inline bool submit(struct io_uring *ring)
{
	bool submitted = io_uring_submit(ring) > 0;

	while (submitted && ring->flags & IORING_SETUP_SQPOLL && io_uring_sq_ready(ring))
		usleep(1000);
	return submitted;
}

struct completion {
	uint64_t user_data;
	int res;
	unsigned int flags;
};

/* Wait for the next completion. */
static inline struct completion next_cqe(struct io_uring *ring)
{
	struct completion copy = { .user_data = ~0ULL, .res = -ENODATA };
	struct __kernel_timespec limit = { .tv_sec = WAIT_MS / 1000 };
	struct io_uring_cqe *cqe;

	if (!io_uring_wait_cqe_timeout(ring, &cqe, &limit)) {
		copy = (struct completion){ cqe->user_data, cqe->res, cqe->flags };
		io_uring_cqe_seen(ring, cqe);
	}
	return copy;
}

/* Run pending task work; return true if there is still no completion. */
static inline bool no_cqe(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;

	io_uring_get_events(ring);
	return io_uring_peek_cqe(ring, &cqe) == -EAGAIN;
}

/* Wait for @count completions in any order; results[] is indexed by user_data. */
static inline bool collect(struct io_uring *ring, unsigned int count, int *results,
			   unsigned int size)
{
	while (count--) {
		struct completion cqe = next_cqe(ring);

		if (cqe.user_data >= size)
			return false;
		results[cqe.user_data] = cqe.res;
	}
	return true;
}

/* Submit the prepared SQE and wait for its result. */
static inline int ring_result(struct io_uring *ring)
{
	int ret = io_uring_submit(ring);
	struct io_uring_cqe *cqe;

	if (ret >= 0)
		ret = io_uring_wait_cqe(ring, &cqe);
	if (ret)
		return ret;
	ret = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

/* Number of io_uring worker threads of this process; they exit after seconds of idling. */
static inline int workers(void)
{
	struct dirent *entry;
	DIR *tasks = opendir("/proc/self/task");
	int count = 0;

	while (tasks && (entry = readdir(tasks))) {
		char path[300], comm[32];

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
		count += !read_file(path, comm, sizeof(comm)) && !strncmp(comm, "iou-wrk", 7);
	}
	if (tasks)
		closedir(tasks);
	return tasks ? count : -1;
}

/* Wait until other clients are released, which io_uring does some time after their requests. */
static inline bool wait_clients(int fd, unsigned int clients)
{
	for (int ms = 0; ms < WAIT_MS; ms++) {
		if (get_stats(fd).clients == clients)
			return true;
		usleep(1000);
	}
	return false;
}

/* -- The ring of a fixture -- */

#define RING									\
	struct io_uring ring;							\
	bool running

/* Start the ring, or skip the test. */
#define RING_SETUP(ring_flags)							\
do {										\
	int ret_ = ring_start(&self->ring, ring_flags);				\
										\
	if (ring_missing(ret_) || (ret_ == -EINVAL && (ring_flags)))		\
		SKIP(return, "io_uring or its flags are not available");	\
	ASSERT_EQ(0, ret_);							\
	self->running = true;							\
} while (0)

/* The same with a ring that supports the commands of notify_multi. */
#define PEND_RING_SETUP(ring_flags)						\
do {										\
	RING_SETUP(0);								\
	if (!ring_has(&self->ring, OP_READ_MULTISHOT))				\
		SKIP(return, "commands need Linux 6.7");			\
	if (ring_flags) {							\
		RING_TEARDOWN();						\
		RING_SETUP(ring_flags);						\
	}									\
} while (0)

#define RING_TEARDOWN()								\
do {										\
	if (self->running)							\
		io_uring_queue_exit(&self->ring);				\
	self->running = false;							\
} while (0)

#define SUBMIT() ASSERT_TRUE(submit(&self->ring))
#define EXPECT_NO_CQE() EXPECT_TRUE(no_cqe(&self->ring))
#define EXPECT_CQE(data, result) EXPECT_CQE_OF(&self->ring, data, result)

#define EXPECT_CQE_OF(ring, data, result)					\
do {										\
	struct completion cqe_ = next_cqe(ring);				\
										\
	EXPECT_EQ((uint64_t)(data), cqe_.user_data);				\
	EXPECT_EQ(result, cqe_.res);						\
} while (0)

/* Prepare a submission, and expect its result as the next completion. */
#define EXPECT_RESULT(result, prepare)						\
do {										\
	prepare;								\
	EXPECT_EQ(result, ring_result(&self->ring));				\
} while (0)

/* Slot of self->slots[], for one record. */
#define SLOT(index) ((struct notify_multi_record *)(self->slots + (index) * RECORD))
#define EXPECT_SLOT(index, number) EXPECT_RECORDS(SLOT(index), .seq = number)

#endif /* URING_H */
