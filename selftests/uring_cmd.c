// SPDX-License-Identifier: GPL-2.0
/*
 * Commands by io_uring: PEND and CANCEL. For the end of pending commands, see uring.c.
 */

#include "device.h"
#include "uring.h"

#define LIMIT		8
#define REQUESTS	4

FIXTURE(uring_cmd)
{
	SIM_DEVICE;
	RING;
	struct reader readers[2];
	unsigned char slots[(REQUESTS + 1) * RECORD];
};

FIXTURE_SETUP(uring_cmd)
{
	PEND_RING_SETUP(0);
	SIM_SETUP(.blocking = true, .max_packets = LIMIT, .max_requests = REQUESTS);
}

FIXTURE_TEARDOWN(uring_cmd)
{
	RING_TEARDOWN();
	SIM_TEARDOWN();
}

#define PEND_ON(ring, index) prepare_pend(ring, self->fd, SLOT(index), RECORD, index)
#define PEND(index) PEND_ON(&self->ring, index)
#define PEND_COMMAND(index) command_of(PEND(index))

/* Submit PEND commands 0 to @count - 1. */
#define PENDS(count)								\
do {										\
	for (unsigned int pend_ = 0; pend_ < (count); pend_++)			\
		PEND(pend_);							\
	SUBMIT();								\
	ASSERT_EQ(count, get_stats(self->fd).pending_requests);			\
} while (0)

/* Submit PEND command @index on a new ring. */
#define PEND_ON_NEW(ring, flags, index)						\
do {										\
	ASSERT_EQ(0, ring_start(ring, flags));					\
	PEND_ON(ring, index);							\
	ASSERT_TRUE(submit(ring));						\
} while (0)

#define EXPECT_PACKET_OF(ring, index, number)					\
do {										\
	EXPECT_CQE_OF(ring, index, RECORD);					\
	EXPECT_SLOT(index, number);						\
} while (0)

#define EXPECT_PACKET(index, number) EXPECT_PACKET_OF(&self->ring, index, number)

TEST_F(uring_cmd, queued_packets_complete_commands_in_order)
{
	unsigned int i;

	BROADCAST(REQUESTS + 1);
	for (i = 0; i < REQUESTS; i++)
		PEND(i);
	SUBMIT();
	for (i = 0; i < REQUESTS; i++)
		EXPECT_PACKET(i, i + 1);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(uring_cmd, command_with_large_buffer_takes_one_packet)
{
	BROADCAST(3);
	EXPECT_RESULT(RECORD, PEND_COMMAND(0)->len = 3 * RECORD);
	EXPECT_SLOT(0, 1);
	EXPECT_EQ(0, SLOT(1)->seq);
	EXPECT_EQ(2, get_stats(self->fd).pending_packets);
}

TEST_F(uring_cmd, record_reports_drops)
{
	BROADCAST(LIMIT + 3);
	EXPECT_RESULT(RECORD, PEND(0));
	EXPECT_RECORDS(SLOT(0), .seq = 4, .dropped = 3);
	EXPECT_EQ(3, get_stats(self->fd).dropped);
}

/* -- max_requests -- */

TEST_F(uring_cmd, command_over_limit_returns_ebusy)
{
	PENDS(REQUESTS);
	EXPECT_RESULT(-EBUSY, PEND(REQUESTS));
	EXPECT_NO_CQE();
	EXPECT_EQ(REQUESTS, get_stats(self->fd).pending_requests);
	BROADCAST(REQUESTS);
	for (unsigned int i = 0; i < REQUESTS; i++)
		EXPECT_PACKET(i, i + 1);
}

TEST_F(uring_cmd, limit_includes_blocked_reads)
{
	PENDS(REQUESTS - 1);
	BLOCK_READS(self->readers, 1);
	EXPECT_RESULT(-EBUSY, PEND(REQUESTS));
	EXPECT_EQ(-EBUSY, READ(RECORD));
	BROADCAST(REQUESTS);
	EXPECT_EQ(RECORD, reader_join(&self->readers[0]));
}

/* -- Invalid commands -- */

TEST_F(uring_cmd, short_buffer_returns_einval)
{
	EXPECT_RESULT(-EINVAL, PEND_COMMAND(0)->len = RECORD - 1);
	EXPECT_RESULT(-EINVAL, PEND_COMMAND(0)->len = 1);
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	EXPECT_RESULT(-EINVAL, PEND_COMMAND(0)->len = PACKET - 1);
	BROADCAST(1);
	EXPECT_RESULT(PACKET, PEND_COMMAND(0)->len = PACKET);
	EXPECT_RECORDS(SLOT(0), .seq = 1, .raw = true);
}

TEST_F(uring_cmd, zero_length_returns_0_keeps_packet)
{
	BROADCAST(1);
	EXPECT_RESULT(0, PEND_COMMAND(0)->len = 0);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(uring_cmd, flags_return_einval)
{
	EXPECT_RESULT(-EINVAL, PEND_COMMAND(0)->flags = 1);
	EXPECT_RESULT(-EINVAL, PEND_COMMAND(0)->flags = 1U << 31);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST_F(uring_cmd, registered_buffer_returns_einval)
{
	struct iovec iov = { self->slots, sizeof(self->slots) };

	ASSERT_EQ(0, io_uring_register_buffers(&self->ring, &iov, 1));
	EXPECT_RESULT(-EINVAL, PEND(0)->uring_cmd_flags = IORING_URING_CMD_FIXED);
}

TEST_F(uring_cmd, unknown_command_returns_enotty)
{
	static const __u32 commands[] = {
		0,
		NOTIFY_MULTI_IOC_GET_STATS,
		NOTIFY_MULTI_IOC_CONSUME,
		_IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa5, __u64),
		_IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa7, struct notify_multi_uring_cmd),
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++)
		EXPECT_RESULT(-ENOTTY, prepare_command(&self->ring, self->fd, commands[i], NULL,
						       0, i));
}

TEST_F(uring_cmd, write_only_client_returns_ebadf)
{
	int other = sim_open(SIM_NAME, O_WRONLY);

	ASSERT_LE(0, other);
	EXPECT_RESULT(-EBADF, prepare_pend(&self->ring, other, SLOT(0), RECORD, 0));
}

TEST_F(uring_cmd, efault_leaves_packet_to_next_command)
{
	PEND_COMMAND(0)->addr = (uintptr_t)bad_pointer;
	PEND(1);
	SUBMIT();
	ASSERT_EQ(2, get_stats(self->fd).pending_requests);
	BROADCAST(1);
	EXPECT_CQE(0, -EFAULT);
	EXPECT_PACKET(1, 1);
}

TEST_F(uring_cmd, efault_keeps_queued_packet)
{
	BROADCAST(1);
	EXPECT_RESULT(-EFAULT, PEND_COMMAND(0)->addr = (uintptr_t)bad_pointer);
	/* An address of the kernel. */
	EXPECT_RESULT(-EFAULT, PEND_COMMAND(0)->addr = ~0ULL << 12);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST(commands_return_eopnotsupp_before_6_7)
{
	const __u32 commands[] = { NOTIFY_MULTI_URING_CMD_PEND, NOTIFY_MULTI_URING_CMD_CANCEL, 0 };
	const struct sim_config config = { .packet_size = PACKET };
	unsigned char slot[RECORD];
	struct io_uring ring;
	unsigned int i;
	int fd;

	if (ring_start(&ring, 0) || !ring_has(&ring, IORING_OP_URING_CMD) ||
	    ring_has(&ring, OP_READ_MULTISHOT))
		SKIP(return, "needs io_uring of Linux 5.19 to 6.6");
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, fd);
	for (i = 0; i < 3; i++)
		prepare_command(&ring, fd, commands[i], slot, RECORD, i);
	ASSERT_TRUE(submit(&ring));
	for (i = 0; i < 3; i++)
		EXPECT_CQE_OF(&ring, i, -EOPNOTSUPP);
	EXPECT_EQ(0, get_stats(fd).pending_requests);
	io_uring_queue_exit(&ring);
	close(fd);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

TEST_F(uring_cmd, short_buffer_after_set_format_returns_einval)
{
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	PEND_COMMAND(0)->len = RECORD - 1;
	SUBMIT();
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RECORD));
	BROADCAST(1);
	EXPECT_CQE(0, -EINVAL);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

/* -- Several rings -- */

TEST_F(uring_cmd, command_requeued_in_order_if_read_takes_packet)
{
	struct io_uring ring;
	unsigned int i;

	ASSERT_EQ(0, ring_start(&ring, DEFERRED));
	for (i = 0; i < 3; i++)
		PEND_ON(&ring, i);
	ASSERT_TRUE(submit(&ring));
	BROADCAST(2);
	EXPECT_READ(.seq = 1, .size = RECORD);
	EXPECT_READ(.seq = 2, .size = RECORD);
	EXPECT_TRUE(no_cqe(&ring));
	EXPECT_EQ(3, get_stats(self->fd).pending_requests);
	BROADCAST(3);
	for (i = 0; i < 3; i++)
		EXPECT_PACKET_OF(&ring, i, i + 3);
	io_uring_queue_exit(&ring);
}

TEST_F(uring_cmd, commands_of_several_rings_keep_order)
{
	struct io_uring rings[3];
	unsigned int i;

	for (i = 0; i < 3; i++)
		PEND_ON_NEW(&rings[i], 0, i);
	BROADCAST(3);
	for (i = 0; i < 3; i++) {
		EXPECT_PACKET_OF(&rings[i], i, i + 1);
		io_uring_queue_exit(&rings[i]);
	}
}

TEST_F(uring_cmd, deferred_rings_get_packets_as_entered)
{
	struct io_uring rings[2];
	unsigned int i;

	for (i = 0; i < 2; i++)
		PEND_ON_NEW(&rings[i], DEFERRED, i);
	BROADCAST(2);
	for (i = 2; i--;)
		EXPECT_PACKET_OF(&rings[i], i, 2 - i);
	for (i = 0; i < 2; i++)
		io_uring_queue_exit(&rings[i]);
}

struct deferring {
	struct thread thread;
	int fd;
	void *slot;
	struct io_uring ring;
	bool end;
};

/* Submit a command, and never enter the ring again. */
static ssize_t run_deferring(void *data)
{
	struct deferring *deferring = data;

	if (ring_start(&deferring->ring, DEFERRED))
		return -EIO;
	prepare_pend(&deferring->ring, deferring->fd, deferring->slot, RECORD, 0);
	if (!submit(&deferring->ring))
		return -EIO;
	while (!__atomic_load_n(&deferring->end, __ATOMIC_ACQUIRE))
		usleep(1000);
	return 0;
}

TEST_F(uring_cmd, end_of_deferring_thread_leaves_packet_to_read)
{
	struct deferring deferring = { .fd = self->fd, .slot = SLOT(0) };

	ASSERT_TRUE(thread_start(&deferring.thread, run_deferring, &deferring));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	BLOCK_READS(&self->readers[0], 1);
	BROADCAST(1);
	__atomic_store_n(&deferring.end, true, __ATOMIC_RELEASE);
	EXPECT_EQ(0, thread_join(&deferring.thread));
	EXPECT_READER(&self->readers[0], .seq = 1);
	io_uring_queue_exit(&deferring.ring);
}

/* The first thread has left a woken command behind. */
TEST_F(uring_cmd, end_of_deferring_thread_leaves_packet_to_command)
{
	struct deferring deferring = { .fd = self->fd, .slot = SLOT(0) };

	ASSERT_TRUE(thread_start(&deferring.thread, run_deferring, &deferring));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	PEND(1);
	SUBMIT();
	BROADCAST(1);
	EXPECT_PACKET(1, 1);
	__atomic_store_n(&deferring.end, true, __ATOMIC_RELEASE);
	EXPECT_EQ(0, thread_join(&deferring.thread));
	io_uring_queue_exit(&deferring.ring);
}

TEST_F(uring_cmd, ring_exit_leaves_packet_to_next_command)
{
	static const unsigned int flags[] = { 0, DEFERRED, IORING_SETUP_SQPOLL };

	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
		struct notify_multi_stats before = get_stats(self->fd), stats;
		struct io_uring ring;

		memset(self->slots, 0, sizeof(self->slots));
		PEND_ON_NEW(&ring, flags[i], 0);
		ASSERT_TRUE(wait_requests(self->fd, 1));
		PEND(1);
		SUBMIT();
		BROADCAST(2);
		/* The first command may or may not have got its packet. */
		io_uring_queue_exit(&ring);
		EXPECT_CQE(1, RECORD);
		ASSERT_TRUE(wait_requests(self->fd, 0));
		stats = get_stats(self->fd);
		EXPECT_NE(SLOT(0)->seq, SLOT(1)->seq);
		EXPECT_EQ(1 + !!SLOT(0)->seq, stats.delivered - before.delivered);
		EXPECT_EQ(!SLOT(0)->seq, stats.pending_packets);
		ASSERT_EQ(0, consume(self->fd, self->seq));
	}
}

TEST_F(uring_cmd, ring_exit_keeps_commands_of_other_rings)
{
	struct io_uring other;

	PEND_ON_NEW(&other, 0, 0);
	PEND(1);
	SUBMIT();
	io_uring_queue_exit(&other);
	ASSERT_TRUE(wait_requests(self->fd, 1));
	BROADCAST(1);
	EXPECT_PACKET(1, 1);
	EXPECT_EQ(0, SLOT(0)->seq);
}

/* -- CANCEL -- */

#define CANCEL_DATA REQUESTS

#define PREP_CANCEL_OF(fd, addr) \
	prepare_command(&self->ring, fd, NOTIFY_MULTI_URING_CMD_CANCEL, addr, 0, CANCEL_DATA)
#define PREP_CANCEL(addr) PREP_CANCEL_OF(self->fd, addr)

/* Cancel the @count commands with a buffer at @addr. */
#define CANCEL(addr, count)							\
do {										\
	PREP_CANCEL(addr);							\
	SUBMIT();								\
	ASSERT_TRUE(collect(&self->ring, 1 + (count), results, REQUESTS + 1));	\
	EXPECT_EQ(count, results[CANCEL_DATA]);					\
} while (0)

TEST_F(uring_cmd, cancel_of_address_0_cancels_all)
{
	int results[REQUESTS + 1] = { };

	PENDS(REQUESTS);
	CANCEL(NULL, REQUESTS);
	for (unsigned int i = 0; i < REQUESTS; i++)
		EXPECT_EQ(-ECANCELED, results[i]);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
	BROADCAST(1);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
	EXPECT_EQ(0, get_stats(self->fd).delivered);
}

TEST_F(uring_cmd, cancel_matches_all_commands_at_address)
{
	int results[REQUESTS + 1] = { };

	PENDS(2);
	PEND(2);
	PEND_COMMAND(3)->addr = (uintptr_t)SLOT(1);
	SUBMIT();
	CANCEL(SLOT(1), 2);
	EXPECT_EQ(-ECANCELED, results[1]);
	EXPECT_EQ(-ECANCELED, results[3]);
	EXPECT_EQ(2, get_stats(self->fd).pending_requests);
	EXPECT_NO_CQE();
	BROADCAST(3);
	EXPECT_PACKET(0, 1);
	EXPECT_PACKET(2, 2);
	EXPECT_EQ(0, SLOT(1)->seq);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(uring_cmd, cancel_without_match_returns_enoent)
{
	EXPECT_RESULT(-ENOENT, PREP_CANCEL(NULL));
	PENDS(1);
	EXPECT_RESULT(-ENOENT, PREP_CANCEL(SLOT(1)));
	EXPECT_EQ(1, get_stats(self->fd).pending_requests);
}

TEST_F(uring_cmd, cancel_with_len_or_flags_returns_einval)
{
	PENDS(1);
	EXPECT_RESULT(-EINVAL, command_of(PREP_CANCEL(NULL))->len = 1);
	EXPECT_RESULT(-EINVAL, command_of(PREP_CANCEL(NULL))->flags = 1);
	EXPECT_EQ(1, get_stats(self->fd).pending_requests);
}

TEST_F(uring_cmd, cancel_is_per_client)
{
	OPEN_SECOND();
	PENDS(1);
	EXPECT_RESULT(-ENOENT, PREP_CANCEL_OF(self->second, NULL));
	EXPECT_EQ(1, get_stats(self->fd).pending_requests);
}

TEST_F(uring_cmd, cancel_matches_commands_of_other_rings)
{
	struct io_uring other;

	PEND_ON_NEW(&other, 0, 0);
	EXPECT_RESULT(1, PREP_CANCEL(SLOT(0)));
	EXPECT_CQE_OF(&other, 0, -ECANCELED);
	io_uring_queue_exit(&other);
}

TEST_F(uring_cmd, cancel_ignores_blocked_reads)
{
	int results[REQUESTS + 1] = { };

	BLOCK_READS(self->readers, 1);
	PEND(0);
	SUBMIT();
	CANCEL(NULL, 1);
	EXPECT_EQ(-ECANCELED, results[0]);
	EXPECT_EQ(1, get_stats(self->fd).pending_requests);
	BROADCAST(1);
	EXPECT_READER(&self->readers[0], .seq = 1);
}

/* The command was woken, but has not read the packet: it completes when the ring is entered. */
TEST_F(uring_cmd, cancel_of_woken_command_leaves_packet)
{
	struct io_uring ring;

	PEND_ON_NEW(&ring, DEFERRED, 0);
	BROADCAST(1);
	EXPECT_RESULT(1, PREP_CANCEL(NULL));
	EXPECT_RESULT(-ENOENT, PREP_CANCEL(NULL));
	EXPECT_CQE_OF(&ring, 0, -ECANCELED);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
	io_uring_queue_exit(&ring);
}

TEST_F(uring_cmd, stopped_process_leaves_packet_to_read)
{
	struct io_uring ring;
	pid_t child = fork();
	int status;

	if (!child) {
		if (!ring_start(&ring, 0)) {
			PEND_ON(&ring, 0);
			submit(&ring);
		}
		for (;;)
			pause();
	}
	ASSERT_TRUE(wait_requests(self->fd, 1));
	BLOCK_READS(&self->readers[0], 1);
	ASSERT_EQ(0, kill(child, SIGSTOP));
	ASSERT_EQ(child, waitpid(child, &status, WUNTRACED));
	BROADCAST(1);
	EXPECT_READER(&self->readers[0], .seq = 1);
	EXPECT_TRUE(kill_child(child));
}

/* The processes share an io_uring, but the older command's task work cannot run. */
TEST_F(uring_cmd, command_of_stopped_process_does_not_delay_younger)
{
	pid_t child = fork();
	int status;

	if (!child) {
		PEND(0);
		submit(&self->ring);
		for (;;)
			pause();
	}
	ASSERT_TRUE(wait_requests(self->fd, 1));
	ASSERT_EQ(0, kill(child, SIGSTOP));
	ASSERT_EQ(child, waitpid(child, &status, WUNTRACED));
	self->ring.sq.sqe_tail = *self->ring.sq.ktail;
	self->ring.sq.sqe_head = self->ring.sq.sqe_tail;
	PEND(1);
	SUBMIT();
	BROADCAST(1);
	EXPECT_PACKET(1, 1);
	EXPECT_TRUE(kill_child(child));
}

TEST_F(uring_cmd, cancelled_command_frees_request_slot)
{
	int results[REQUESTS + 1] = { };

	PENDS(REQUESTS);
	CANCEL(SLOT(0), 1);
	PEND(0);
	SUBMIT();
	EXPECT_NO_CQE();
	EXPECT_EQ(REQUESTS, get_stats(self->fd).pending_requests);
	/* The new command is the last in the queue. */
	BROADCAST(1);
	EXPECT_PACKET(1, 1);
}

/* -- End of sources, clients, threads and processes -- */

TEST_F(uring_cmd, command_drains_queue_then_returns_enodev)
{
	BROADCAST(1);
	UNREGISTER();
	EXPECT_RESULT(RECORD, PEND(0));
	EXPECT_SLOT(0, 1);
	EXPECT_RESULT(-ENODEV, PEND(1));
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

static ssize_t run_submit(void *ring)
{
	return submit(ring);
}

TEST_F(uring_cmd, command_of_exited_thread_takes_no_packet)
{
	int results[2] = { };
	struct thread thread;

	PEND(0);
	ASSERT_TRUE(thread_start(&thread, run_submit, &self->ring));
	ASSERT_EQ(true, thread_join(&thread));
	PEND(1);
	SUBMIT();
	ASSERT_EQ(2, get_stats(self->fd).pending_requests);
	BROADCAST(1);
	ASSERT_TRUE(collect(&self->ring, 2, results, 2));
	EXPECT_EQ(-ECANCELED, results[0]);
	EXPECT_EQ(RECORD, results[1]);
	EXPECT_SLOT(1, 1);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

/*
 * Newer kernels run the work of at most 20 commands at once. Here, the first 20 find
 * no packet and are queued again, while the last ones are still woken.
 */
#define BATCH	20

FIXTURE(uring_order)
{
	SIM_DEVICE;
	RING;
	struct reader readers[1];
	unsigned char slots[(BATCH + 2) * RECORD];
};

FIXTURE_SETUP(uring_order)
{
	PEND_RING_SETUP(DEFERRED);
	SIM_SETUP(.blocking = true, .max_packets = 32, .max_requests = 32, .context = "process");
	PENDS(BATCH + 2);
	BROADCAST(BATCH + 2);
	for (unsigned int i = 1; i <= BATCH + 2; i++)
		EXPECT_READ(.seq = i, .size = RECORD);
}

/*
 * Leave no command. After the end of its ring, a kworker would complete it, and Linux 6.12 with
 * PROVE_LOCKING warns if a deferred ring is completed by another task than its own.
 */
FIXTURE_TEARDOWN(uring_order)
{
	for (unsigned int i = 0; i < BATCH + 3; i++) {
		BROADCAST(1);
		io_uring_get_events(&self->ring);
	}
	RING_TEARDOWN();
	SIM_TEARDOWN();
}

TEST_F(uring_order, woken_commands_complete_in_order)
{
	EXPECT_NO_CQE();
	BROADCAST(BATCH);
	for (unsigned int i = 0; i < BATCH; i++)
		EXPECT_PACKET(i, BATCH + 3 + i);
	BROADCAST(2);
	for (unsigned int i = BATCH; i < BATCH + 2; i++)
		EXPECT_PACKET(i, BATCH + 3 + i);
}

/* The read is woken for the packet, but cannot run on this CPU. */
TEST_F(uring_order, woken_commands_follow_queued_commands)
{
	struct sched_param highest = { .sched_priority = sched_get_priority_max(SCHED_FIFO) };
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(cpu), &cpu));
	BLOCK_READS(self->readers, 1);
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO, &highest));
	EXPECT_NO_CQE();
	BROADCAST(1);
	if (no_cqe(&self->ring))
		SKIP(return, "this kernel runs the work of all commands at once");
	EXPECT_PACKET(0, BATCH + 3);
	BROADCAST(1);
	EXPECT_READER(&self->readers[0], .seq = BATCH + 4);
}

TEST_HARNESS_MAIN
