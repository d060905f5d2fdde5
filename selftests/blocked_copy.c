// SPDX-License-Identifier: GPL-2.0
/*
 * A read that is blocked in its copy by a page fault does not block broadcasts, unregistration,
 * other clients, or calls on the same client that must not block. For calls that wait for it, see
 * signal.c.
 */

#include <linux/aio_abi.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "device.h"
#include "fdinfo.h"
#include "uffd.h"
#include "uring.h"

#define LIMIT	4
#define SLOTS	8	/* of the ring: the smallest power of two above LIMIT */
#define LATER	20	/* packets that overrun the blocked read */

FIXTURE(blocked_copy)
{
	SIM_DEVICE;
	struct blocked_copy copy;
};

FIXTURE_SETUP(blocked_copy)
{
	if (access("/proc/sys/vm/unprivileged_userfaultfd", F_OK))
		SKIP(return, "userfaultfd is not available");
	SIM_SETUP(.max_packets = LIMIT);
}

FIXTURE_TEARDOWN(blocked_copy)
{
	SIM_TEARDOWN();
}

/* Broadcast, and block a read of up to @records records. */
#define BLOCK_READ(packets, records)							\
do {											\
	BROADCAST(packets);								\
	ASSERT_EQ(0, blocked_copy_start(&self->copy, run_blocked_read, self->fd,	\
					(records) * RECORD));				\
} while (0)

/* Let the read continue. Arguments are members of struct expected. */
#define EXPECT_BLOCKED_READ(bytes, ...)							\
do {											\
	EXPECT_EQ(bytes, blocked_copy_end(&self->copy));				\
	EXPECT_RECORDS(self->copy.page, __VA_ARGS__);					\
} while (0)

TEST_F(blocked_copy, broadcast_poll_other_client_do_not_block)
{
	OPEN_SECOND();
	BLOCK_READ(1, 1);
	BROADCAST(LIMIT - 1);
	EXPECT_READ_FROM(self->second, .seq = 1, .count = LIMIT);
	EXPECT_EQ(POLLIN, poll_now(self->fd, POLLIN | POLLPRI));
	EXPECT_BLOCKED_READ(RECORD, .seq = 1);
	EXPECT_EQ(LIMIT - 1, get_stats(self->fd).pending_packets);
}

TEST_F(blocked_copy, mmap_does_not_block)
{
	size_t bytes = get_info(self->fd).ring_bytes;
	const struct notify_multi_ring *ring;

	BLOCK_READ(1, 1);
	ring = mmap(NULL, bytes, PROT_READ, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, ring);
	EXPECT_EQ(1, ring->head);
	EXPECT_BLOCKED_READ(RECORD, .seq = 1);
	munmap((void *)ring, bytes);
}

TEST_F(blocked_copy, fdinfo_does_not_block)
{
	struct fdinfo info;

	BLOCK_READ(1, 1);
	ASSERT_TRUE(fdinfo_get(0, self->fd, &info));
	EXPECT_EQ(1, info.queued);
	EXPECT_EQ(0, info.delivered);
	EXPECT_BLOCKED_READ(RECORD, .seq = 1);
	ASSERT_TRUE(fdinfo_get(0, self->fd, &info));
	EXPECT_EQ(0, info.queued);
	EXPECT_EQ(1, info.delivered);
}

/* -- Calls on the same client -- */

TEST_F(blocked_copy, ioctls_do_not_block)
{
	int bytes;

	BLOCK_READ(3, 2);
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);
	EXPECT_STATS(.seq = 3, .next = 1, .pending_packets = 3);
	ASSERT_EQ(0, ioctl(self->fd, FIONREAD, &bytes));
	EXPECT_EQ(3 * RECORD, bytes);
	EXPECT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	EXPECT_BLOCKED_READ(2 * RECORD, .seq = 1, .count = 2);
	ASSERT_EQ(0, ioctl(self->fd, FIONREAD, &bytes));
	EXPECT_EQ(PACKET, bytes);
}

TEST_F(blocked_copy, nonblocking_reads_return_eagain)
{
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	BLOCK_READ(2, 1);
	EXPECT_EQ(-EAGAIN, READ(RECORD));
	EXPECT_EQ(-EAGAIN, nowait_read(self->fd, scratch, RECORD));
	EXPECT_EQ(-EAGAIN, errno_of(splice(self->fd, NULL, pipes[1], NULL, RECORD, 0)));
	EXPECT_EQ(POLLIN, poll_now(self->fd, POLLIN));
	EXPECT_BLOCKED_READ(RECORD, .seq = 1);
	EXPECT_READ(.seq = 2);
	close(pipes[0]);
	close(pipes[1]);
}

/* A read of Linux AIO; submission must not wait. */
static ssize_t run_aio_read(void *data)
{
	int *fd = data;
	struct iocb read = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = *fd,
		.aio_buf = (uintptr_t)scratch,
		.aio_nbytes = RECORD,
	};
	struct iocb *reads[] = { &read };
	struct io_event event = { };
	aio_context_t context = 0;

	if (syscall(SYS_io_setup, 1, &context))
		return -ENOSYS;
	if (syscall(SYS_io_submit, context, 1, reads) != 1 ||
	    syscall(SYS_io_getevents, context, 1, 1, &event, NULL) != 1)
		return -EIO;
	syscall(SYS_io_destroy, context);
	return event.res;
}

TEST_F(blocked_copy, nonblocking_aio_read_returns_eagain)
{
	struct thread thread;
	ssize_t ret;

	BLOCK_READ(2, 1);
	ASSERT_TRUE(thread_start(&thread, run_aio_read, &self->fd));
	ret = thread_join(&thread);
	EXPECT_BLOCKED_READ(RECORD, .seq = 1);
	if (ret == -ENOSYS)
		SKIP(return, "no AIO");
	EXPECT_EQ(-EAGAIN, ret);
	EXPECT_READ(.seq = 2);
}

/* -- Waiters that could not read are woken when the other read ends -- */

static ssize_t run_epoll_wait(void *data)
{
	struct epoll_event event;
	int *epoll = data;

	return errno_of(epoll_wait(*epoll, &event, 1, -1));
}

TEST_F(blocked_copy, end_wakes_edge_triggered_epoll)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct thread thread;

	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->fd, &event));
	BLOCK_READ(2, 1);
	ASSERT_EQ(1, epoll_wait(epoll, &event, 1, 0));
	ASSERT_EQ(-EAGAIN, READ(RECORD));
	ASSERT_TRUE(thread_start_asleep(&thread, run_epoll_wait, &epoll));
	EXPECT_BLOCKED_READ(RECORD, .seq = 1);
	EXPECT_EQ(1, thread_join(&thread));
	EXPECT_READ(.seq = 2);
	close(epoll);
}

TEST_F(blocked_copy, end_wakes_only_once)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->fd, &event));
	BLOCK_READ(3, 1);
	ASSERT_EQ(1, epoll_wait(epoll, &event, 1, 0));
	ASSERT_EQ(-EAGAIN, READ(RECORD));
	EXPECT_BLOCKED_READ(RECORD, .seq = 1);
	EXPECT_EQ(1, epoll_wait(epoll, &event, 1, 0));
	EXPECT_READ(.seq = 2, .size = RECORD);
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	EXPECT_READ(.seq = 3);
	close(epoll);
}

static ssize_t run_splice(void *data)
{
	int *fds = data;

	return errno_of(splice(fds[0], NULL, fds[1], NULL, RECORD, 0));
}

TEST_F(blocked_copy, blocking_splice_sleeps_until_end)
{
	struct thread thread;
	int pipes[2], fds[2];

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(0, set_blocking(self->fd, true));
	BLOCK_READ(2, 1);
	fds[0] = self->fd;
	fds[1] = pipes[1];
	ASSERT_TRUE(thread_start_asleep(&thread, run_splice, fds));
	EXPECT_BLOCKED_READ(RECORD, .seq = 1);
	EXPECT_EQ(RECORD, thread_join(&thread));
	EXPECT_READ_FROM(pipes[0], .seq = 2);
	close(pipes[0]);
	close(pipes[1]);
}

FIXTURE(blocked_copy_uring)
{
	SIM_DEVICE;
	RING;
	struct blocked_copy copy;
	unsigned char slots[RECORD];
};

FIXTURE_VARIANT(blocked_copy_uring)
{
	bool command;
};

FIXTURE_VARIANT_ADD(blocked_copy_uring, read) { .command = false };
FIXTURE_VARIANT_ADD(blocked_copy_uring, pend) { .command = true };

FIXTURE_SETUP(blocked_copy_uring)
{
	if (access("/proc/sys/vm/unprivileged_userfaultfd", F_OK))
		SKIP(return, "userfaultfd is not available");
	if (variant->command)
		PEND_RING_SETUP(0);
	else
		RING_SETUP(0);
	SIM_SETUP(.max_packets = LIMIT);
}

FIXTURE_TEARDOWN(blocked_copy_uring)
{
	RING_TEARDOWN();
	SIM_TEARDOWN();
}

#define PREPARE()								\
	(variant->command ? prepare_pend(&self->ring, self->fd, SLOT(0), RECORD, 0) :	\
			    prepare_read(&self->ring, self->fd, SLOT(0), RECORD, 0))

TEST_F(blocked_copy_uring, end_completes_request)
{
	BLOCK_READ(2, 1);
	PREPARE();
	SUBMIT();
	EXPECT_NO_CQE();
	EXPECT_BLOCKED_READ(RECORD, .seq = 1);
	EXPECT_CQE(0, RECORD);
	EXPECT_SLOT(0, 2);
}

/* The request reads the packet that is left, before it fails with ENODEV. */
TEST_F(blocked_copy_uring, end_after_unregister_completes_request)
{
	BLOCK_READ(2, 1);
	PREPARE();
	SUBMIT();
	UNREGISTER();
	EXPECT_BLOCKED_READ(RECORD, .seq = 1);
	EXPECT_CQE(0, RECORD);
	EXPECT_SLOT(0, 2);
	EXPECT_RESULT(-ENODEV, PREPARE());
}

/* -- Others -- */

TEST_F(blocked_copy, unregister_does_not_block)
{
	BLOCK_READ(2, 1);
	UNREGISTER();
	EXPECT_BLOCKED_READ(RECORD, .seq = 1);
	EXPECT_READ(.seq = 2);
	EXPECT_EQ(-ENODEV, READ(RECORD));
}

TEST_F(blocked_copy, overrun_read_returns_oldest_queued_packet)
{
	BLOCK_READ(1, 1);
	BROADCAST(LATER);
	EXPECT_BLOCKED_READ(RECORD, .seq = 1 + LATER - LIMIT + 1, .dropped = 1 + LATER - LIMIT);
}

TEST_F(blocked_copy, read_returns_intact_packet_after_overflow)
{
	BLOCK_READ(1, 1);
	BROADCAST(SLOTS - 2);
	EXPECT_BLOCKED_READ(RECORD, .seq = 1);
}

/* The next broadcast may be writing the slot already. */
TEST_F(blocked_copy, slot_of_next_packet_is_overrun)
{
	BLOCK_READ(1, 1);
	BROADCAST(SLOTS - 1);
	EXPECT_BLOCKED_READ(RECORD, .seq = SLOTS - LIMIT + 1, .dropped = SLOTS - LIMIT);
}

TEST_F(blocked_copy, overrun_read_fills_buffer)
{
	BLOCK_READ(LIMIT, LIMIT);
	BROADCAST(LATER);
	EXPECT_BLOCKED_READ(LIMIT * RECORD, .seq = LATER + 1, .count = LIMIT, .dropped = LATER);
}

/* In a child: block a read in its copy, broadcast @later packets, and kill the process. */
static bool kill_during_copy(int fd, int injector, unsigned int later)
{
	struct blocked_copy copy;
	pid_t child = fork();
	int status;

	if (!child) {
		if (blocked_copy_start(&copy, run_blocked_read, fd, RECORD) ||
		    (later && sim_broadcast(injector, PACKET, 2, later) < 0))
			_exit(1);
		raise(SIGKILL);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status);
}

TEST_F(blocked_copy, sigkill_consumes_nothing)
{
	BROADCAST(1);
	ASSERT_TRUE(kill_during_copy(self->fd, self->injector, 0));
	EXPECT_EQ(0, get_stats(self->fd).delivered);
	EXPECT_READ(.seq = 1);
}

TEST_F(blocked_copy, sigkill_after_overrun_consumes_nothing)
{
	BROADCAST(1);
	ASSERT_TRUE(kill_during_copy(self->fd, self->injector, LATER));
	EXPECT_EQ(0, get_stats(self->fd).delivered);
	EXPECT_READ(.seq = 1 + LATER - LIMIT + 1, .count = LIMIT, .dropped = 1 + LATER - LIMIT);
}

TEST_HARNESS_MAIN
