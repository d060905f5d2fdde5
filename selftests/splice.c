// SPDX-License-Identifier: GPL-2.0
/*
 * splice() to a pipe waits for a packet and for space in the pipe, and does not block the pipe for
 * other tasks. For formats, see read.c.
 */

/* A record fills more than a page of 4 KiB, but not two. */
#define PACKET	8000
#define PAGE	((size_t)sysconf(_SC_PAGESIZE))
/* Slots of the pipe that a record takes. */
#define SLOTS	((RECORD + PAGE - 1) / PAGE)

#include <fcntl.h>

#include "device.h"
#include "uring.h"

/* A call of splice() in a thread. */
struct splice {
	struct thread thread;
	int fd;
	int pipe;
	size_t len;
};

FIXTURE(splice)
{
	SIM_DEVICE;
	struct splice call;
	int pipes[2];
	size_t len;
};

FIXTURE_SETUP(splice)
{
	SIM_SETUP(.blocking = true, .max_packets = 4, .max_requests = 1);
	ASSERT_EQ(0, pipe(self->pipes));
	ASSERT_EQ(4 * PAGE, fcntl(self->pipes[1], F_SETPIPE_SZ, 4 * PAGE));
	self->len = RECORD;
}

FIXTURE_TEARDOWN(splice)
{
	close(self->pipes[0]);
	close(self->pipes[1]);
	SIM_TEARDOWN();
}

static ssize_t run_splice(void *data)
{
	struct splice *call = data;

	return errno_of(splice(call->fd, NULL, call->pipe, NULL, call->len, 0));
}

#define SPLICE(flags) errno_of(splice(self->fd, NULL, self->pipes[1], NULL, self->len, flags))
#define EXPECT_SPLICE(result) EXPECT_EQ(result, thread_join(&self->call.thread))

#define SPLICE_BLOCKS()								\
do {										\
	self->call = (struct splice){						\
		.fd = self->fd, .pipe = self->pipes[1], .len = self->len,	\
	};									\
	ASSERT_TRUE(thread_start_asleep(&self->call.thread, run_splice, &self->call));	\
} while (0)

/* Fill @slots slots of the pipe. */
#define FILL_PIPE(slots)							\
	ASSERT_EQ((slots) * PAGE, (size_t)write(self->pipes[1], scratch, (slots) * PAGE))

#define DRAIN_PIPE(slots)							\
	ASSERT_EQ((slots) * PAGE, (size_t)read(self->pipes[0], scratch, (slots) * PAGE))

TEST_F(splice, sleeps_until_broadcast)
{
	SPLICE_BLOCKS();
	EXPECT_EQ(1, get_stats(self->fd).pending_requests);
	BROADCAST(1);
	EXPECT_SPLICE(RECORD);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
	EXPECT_READ_FROM(self->pipes[0], .seq = 1);
}

/* With the mutex of the pipe held, write() and read() would wait for the packet. */
TEST_F(splice, asleep_leaves_pipe_to_others)
{
	char byte = 'x';

	SPLICE_BLOCKS();
	ASSERT_EQ(1, write(self->pipes[1], &byte, 1));
	ASSERT_EQ(1, read(self->pipes[0], &byte, 1));
	BROADCAST(1);
	EXPECT_SPLICE(RECORD);
	EXPECT_READ_FROM(self->pipes[0], .seq = 1);
}

TEST_F(splice, waits_for_space_of_a_record)
{
	BROADCAST(1);
	FILL_PIPE(5 - SLOTS);
	EXPECT_EQ(-EAGAIN, SPLICE(SPLICE_F_NONBLOCK));
	SPLICE_BLOCKS();
	DRAIN_PIPE(1);
	EXPECT_SPLICE(RECORD);
	DRAIN_PIPE(4 - SLOTS);
	EXPECT_READ_FROM(self->pipes[0], .seq = 1);
}

/* The space grows in steps that are each too small. */
TEST_F(splice, waits_for_space_of_a_large_record)
{
	SIM_RESTART(.packet_size = 9000, .max_packets = 4, .blocking = true);
	self->len = RECORD_SIZE(9000);
	BROADCAST(1);
	FILL_PIPE(3);
	SPLICE_BLOCKS();
	DRAIN_PIPE(1);
	/* The call checks the space every 10 ms: it must not give up. */
	usleep(100000);
	DRAIN_PIPE(2);
	EXPECT_SPLICE((ssize_t)RECORD_SIZE(9000));
}

TEST_F(splice, pipe_filled_meanwhile_keeps_packet)
{
	SPLICE_BLOCKS();
	FILL_PIPE(4);
	BROADCAST(1);
	/* It looks several times. */
	usleep(100000);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
	DRAIN_PIPE(4);
	EXPECT_SPLICE(RECORD);
	EXPECT_READ_FROM(self->pipes[0], .seq = 1);
}

TEST_F(splice, moves_records_that_fit)
{
	BROADCAST(3);
	self->len = 3 * RECORD;
	FILL_PIPE(4 - SLOTS);
	EXPECT_EQ(RECORD, SPLICE(0));
	DRAIN_PIPE(4 - SLOTS);
	EXPECT_READ_FROM(self->pipes[0], .seq = 1);
	EXPECT_EQ(2, get_stats(self->fd).pending_packets);
}

TEST_F(splice, record_larger_than_pipe_returns_einval)
{
	if (SLOTS < 2)
		SKIP(return, "a record fits into a page");
	ASSERT_EQ(PAGE, fcntl(self->pipes[1], F_SETPIPE_SZ, PAGE));
	BROADCAST(1);
	EXPECT_EQ(-EINVAL, SPLICE(0));
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(splice, short_length_returns_einval)
{
	self->len = RECORD - 1;
	EXPECT_EQ(-EINVAL, SPLICE(0));
	EXPECT_EQ(-EAGAIN, SPLICE(SPLICE_F_NONBLOCK));
	BROADCAST(1);
	EXPECT_EQ(-EINVAL, SPLICE(0));
	EXPECT_EQ(-EINVAL, SPLICE(SPLICE_F_NONBLOCK));
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(splice, reports_drops)
{
	BROADCAST(6);
	EXPECT_EQ(RECORD, SPLICE(0));
	EXPECT_READ_FROM(self->pipes[0], .seq = 3, .dropped = 2);
}

TEST_F(splice, asleep_counts_against_max_requests)
{
	SPLICE_BLOCKS();
	EXPECT_EQ(-EBUSY, READ(RECORD));
	BROADCAST(1);
	EXPECT_SPLICE(RECORD);
}

TEST_F(splice, ignored_signal_keeps_call_waiting)
{
	signal(SIGUSR1, SIG_IGN);
	SPLICE_BLOCKS();
	EXPECT_EQ(0, pthread_kill(self->call.thread.id, SIGUSR1));
	BROADCAST(1);
	EXPECT_SPLICE(RECORD);
}

TEST_F(splice, over_max_requests_returns_ebusy)
{
	pid_t child = fork();

	if (!child) {
		READ(RECORD);
		_exit(1);
	}
	ASSERT_TRUE(wait_requests(self->fd, 1));
	EXPECT_EQ(-EBUSY, SPLICE(0));
	EXPECT_TRUE(kill_child(child));
}

TEST_F(splice, unregister_wakes_with_enodev)
{
	SPLICE_BLOCKS();
	UNREGISTER();
	EXPECT_SPLICE(-ENODEV);
}

TEST_F(splice, pipe_without_readers_returns_epipe)
{
	signal(SIGPIPE, SIG_IGN);
	BROADCAST(1);
	FILL_PIPE(5 - SLOTS);
	SPLICE_BLOCKS();
	close(self->pipes[0]);
	self->pipes[0] = -1;
	EXPECT_SPLICE(-EPIPE);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

/* -- io_uring -- */

TEST_F(splice, cancelled_in_io_uring_returns_eintr)
{
	struct completion completions[2];
	struct io_uring_sqe *sqe;
	struct io_uring ring;
	int ret = ring_start(&ring, 0);

	if (ring_missing(ret))
		SKIP(return, "io_uring is not available");
	ASSERT_EQ(0, ret);
	sqe = new_sqe(&ring);
	io_uring_prep_splice(sqe, self->fd, -1, self->pipes[1], -1, RECORD, 0);
	sqe->user_data = 1;
	ASSERT_TRUE(submit(&ring));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	prepare_cancel(&ring, 1, 2);
	ASSERT_TRUE(submit(&ring));
	for (unsigned int i = 0; i < 2; i++)
		completions[i] = next_cqe(&ring);
	EXPECT_EQ(-EINTR, completions[completions[0].user_data == 1 ? 0 : 1].res);
	ASSERT_TRUE(wait_requests(self->fd, 0));
	io_uring_queue_exit(&ring);
}

TEST_HARNESS_MAIN
