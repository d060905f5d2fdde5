// SPDX-License-Identifier: GPL-2.0
/*
 * Blocked reads and max_requests.
 */

#include "device.h"

#define LIMIT	3

static struct reader readers[LIMIT + 1];

SIM_FIXTURE(max_requests, .max_packets = 8, .max_requests = LIMIT, .blocking = true)

/* Wait for the end of reads. Together they must have got packets 1 to @count, in any order. */
#define EXPECT_READERS(count)							\
do {										\
	unsigned int seen = 0;							\
										\
	for (unsigned int i = 0; i < (count); i++) {				\
		ASSERT_EQ(RECORD, reader_join(&readers[i]));		\
		EXPECT_RECORDS(readers[i].buffer,				\
			       .seq = readers[i].record.seq);		\
		seen |= 1 << readers[i].record.seq;			\
	}									\
	EXPECT_EQ((2U << (count)) - 2, seen);					\
} while (0)

TEST_F(max_requests, reads_up_to_limit_block)
{
	BLOCK_READS(readers, LIMIT);
	BROADCAST(LIMIT);
	EXPECT_READERS(LIMIT);
	EXPECT_STATS(.seq = LIMIT, .next = LIMIT + 1, .delivered = LIMIT);
}

TEST_F(max_requests, read_over_limit_returns_ebusy)
{
	BLOCK_READS(readers, LIMIT);
	ASSERT_TRUE(reader_start(&readers[LIMIT], self->fd, RECORD));
	ASSERT_EQ(-EBUSY, reader_join(&readers[LIMIT]));
	EXPECT_EQ(LIMIT, get_stats(self->fd).pending_requests);
	BROADCAST(LIMIT);
	EXPECT_READERS(LIMIT);
}

TEST_F(max_requests, nonblocking_read_is_not_counted)
{
	BLOCK_READS(readers, LIMIT);
	EXPECT_EQ(-EAGAIN, nowait_read(self->fd, scratch, RECORD));
	EXPECT_EQ(LIMIT, get_stats(self->fd).pending_requests);
	BROADCAST(LIMIT);
	EXPECT_READERS(LIMIT);
}

TEST_F(max_requests, limit_is_per_client)
{
	OPEN_SECOND();
	BLOCK_READS(readers, LIMIT);
	ASSERT_TRUE(reader_start(&readers[LIMIT], self->second, RECORD));
	ASSERT_TRUE(wait_requests(self->second, 1));
	BROADCAST(LIMIT);
	EXPECT_READERS(LIMIT);
	EXPECT_READER(&readers[LIMIT], .seq = 1);
}

TEST_F(max_requests, completed_read_frees_request_slot)
{
	BLOCK_READS(readers, LIMIT);
	BROADCAST(1);
	ASSERT_TRUE(wait_requests(self->fd, LIMIT - 1));
	BLOCK_READS(&readers[LIMIT], 1);
	BROADCAST(LIMIT);
	EXPECT_READERS(LIMIT + 1);
}

TEST_F(max_requests, packet_wakes_one_read)
{
	BLOCK_READS(readers, LIMIT);
	for (unsigned int left = LIMIT; left; left--) {
		BROADCAST(1);
		ASSERT_TRUE(wait_requests(self->fd, left - 1));
		EXPECT_EQ(0, get_stats(self->fd).pending_packets);
	}
	EXPECT_READERS(LIMIT);
}

/* Return the number of times that a task has gone to sleep, or -errno. */
static long long task_sleeps(pid_t task)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", task);
	return read_field(path, "voluntary_ctxt_switches:");
}

TEST_F(max_requests, packet_wakes_no_other_read)
{
	unsigned int asleep = 0;
	long long sleeps[LIMIT];

	BLOCK_READS(readers, LIMIT);
	for (unsigned int i = 0; i < LIMIT; i++) {
		ASSERT_TRUE(wait_asleep(&readers[i].thread.task, 'S'));
		sleeps[i] = task_sleeps(readers[i].thread.task);
		ASSERT_LT(0, sleeps[i]);
	}
	BROADCAST(1);
	ASSERT_TRUE(wait_requests(self->fd, LIMIT - 1));
	for (unsigned int i = 0; i < LIMIT; i++)
		asleep += task_state(readers[i].thread.task) == 'S' &&
			  task_sleeps(readers[i].thread.task) == sleeps[i];
	EXPECT_EQ(LIMIT - 1, asleep);
	BROADCAST(LIMIT - 1);
	EXPECT_READERS(LIMIT);
}

static ssize_t read_to_bad_pointer(void *fd)
{
	return read_errno(*(int *)fd, bad_pointer, RECORD);
}

TEST_F(max_requests, failed_read_wakes_next_waiter)
{
	struct thread failing;

	/* First to sleep, hence first to be woken. */
	ASSERT_TRUE(thread_start_asleep(&failing, read_to_bad_pointer, &self->fd));
	BLOCK_READS(readers, 1);
	ASSERT_TRUE(wait_asleep(&readers[0].thread.task, 'S'));
	BROADCAST(1);
	EXPECT_READER(&readers[0], .seq = 1);
	ASSERT_EQ(-EFAULT, thread_join(&failing));
}

static ssize_t run_splice(void *data)
{
	int *fds = data;

	return errno_of(splice(fds[0], NULL, fds[1], NULL, RECORD, 0));
}

/* The pipe is filled while the splice() sleeps. */
TEST_F(max_requests, splice_to_full_pipe_wakes_next_waiter)
{
	int size = sysconf(_SC_PAGESIZE);
	int pipes[2], fds[2];
	struct thread thread;

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(size, fcntl(pipes[1], F_SETPIPE_SZ, size));
	fds[0] = self->fd;
	fds[1] = pipes[1];
	ASSERT_TRUE(thread_start_asleep(&thread, run_splice, fds));
	ASSERT_EQ(size, write(pipes[1], scratch, size));
	BLOCK_READS(readers, 1);
	ASSERT_TRUE(wait_asleep(&readers[0].thread.task, 'S'));
	BROADCAST(1);
	EXPECT_READER(&readers[0], .seq = 1);
	ASSERT_EQ(size, read(pipes[0], scratch, size));
	BROADCAST(1);
	EXPECT_EQ(RECORD, thread_join(&thread));
	EXPECT_READ_FROM(pipes[0], .seq = 2);
	close(pipes[0]);
	close(pipes[1]);
}

TEST_HARNESS_MAIN
