// SPDX-License-Identifier: GPL-2.0
/*
 * Requests by io_uring on rings with various flags: reads and PEND commands end in the same way.
 * For features of one of them, see uring_read.c and uring_cmd.c.
 */

#include "device.h"
#include "uring.h"

#define REQUESTS	4
#define CANCELLATION	REQUESTS	/* user_data */

FIXTURE(request)
{
	SIM_DEVICE;
	RING;
	unsigned char slots[REQUESTS * RECORD];
	int results[REQUESTS + 1];
};

FIXTURE_VARIANT(request)
{
	bool command;		/* or a read */
	unsigned int flags;
	unsigned int sqe_flags;
};

#define VARIANTS(name, ring_flags)						\
	FIXTURE_VARIANT_ADD(request, read_##name) { .flags = ring_flags };	\
	FIXTURE_VARIANT_ADD(request, command_##name) { .command = true, .flags = ring_flags }

VARIANTS(plain, 0);
VARIANTS(defer_taskrun, DEFERRED);
VARIANTS(sqpoll, IORING_SETUP_SQPOLL);
VARIANTS(sqe128_cqe32, IORING_SETUP_SQE128 | IORING_SETUP_CQE32);
FIXTURE_VARIANT_ADD(request, command_io_workers) { .command = true, .sqe_flags = IOSQE_ASYNC };

FIXTURE_SETUP(request)
{
	if (variant->command)
		PEND_RING_SETUP(variant->flags);
	else
		RING_SETUP(variant->flags);
	SIM_SETUP(.blocking = true, .max_packets = 8, .max_requests = REQUESTS);
}

FIXTURE_TEARDOWN(request)
{
	RING_TEARDOWN();
	SIM_TEARDOWN();
}

static void prepare_request(struct io_uring *ring, bool command, unsigned int sqe_flags, int fd,
			    void *slot, uint64_t data)
{
	struct io_uring_sqe *sqe = command ? prepare_pend(ring, fd, slot, RECORD, data) :
					     prepare_read(ring, fd, slot, RECORD, data);

	sqe->flags = sqe_flags;
}

#define SUBMIT_REQUEST(index)							\
do {										\
	prepare_request(&self->ring, variant->command, variant->sqe_flags, self->fd,	\
			SLOT(index), index);					\
	SUBMIT();								\
} while (0)

/*
 * Submit pending requests 0 to @count - 1 one by one. A command is counted before it is queued, so
 * commands from several workers may still be queued in any order.
 */
#define SUBMIT_REQUESTS(count)							\
do {										\
	for (unsigned int i_ = 0; i_ < (count); i_++) {				\
		SUBMIT_REQUEST(i_);						\
		ASSERT_TRUE(wait_requests(self->fd, variant->command ? i_ + 1 : 0));	\
	}									\
	EXPECT_NO_CQE();							\
} while (0)

/* Requests get packets 1 to @count. Only commands without workers are completed in order. */
#define EXPECT_PACKETS(count)							\
do {										\
	unsigned int seen_ = 0;							\
	int last_ = -1;								\
										\
	for (unsigned int i_ = 1; i_ <= (count); i_++) {			\
		struct completion cqe_ = next_cqe(&self->ring);			\
		struct notify_multi_record *record_ = SLOT(cqe_.user_data);	\
										\
		ASSERT_EQ(RECORD, cqe_.res);					\
		if (variant->command && !variant->sqe_flags) {			\
			EXPECT_LT(last_, (int)cqe_.user_data);			\
			EXPECT_EQ(i_, record_->seq);				\
		}								\
		EXPECT_RECORDS(record_, .seq = record_->seq);			\
		seen_ |= 1 << record_->seq;					\
		last_ = cqe_.user_data;						\
	}									\
	EXPECT_EQ((2U << (count)) - 2, seen_);					\
	EXPECT_NO_CQE();							\
} while (0)

TEST_F(request, requests_get_one_packet_each)
{
	SUBMIT_REQUESTS(REQUESTS);
	BROADCAST(REQUESTS);
	EXPECT_PACKETS(REQUESTS);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
	EXPECT_EQ(REQUESTS, get_stats(self->fd).delivered);
	EXPECT_EQ(!!variant->sqe_flags, workers() > 0);
}

TEST_F(request, one_packet_completes_one_request)
{
	SUBMIT_REQUESTS(REQUESTS);
	for (unsigned int seq = 1; seq <= REQUESTS; seq++) {
		struct completion cqe;

		BROADCAST(1);
		cqe = next_cqe(&self->ring);
		ASSERT_EQ(RECORD, cqe.res);
		EXPECT_SLOT(cqe.user_data, seq);
		EXPECT_NO_CQE();
		EXPECT_EQ(variant->command ? REQUESTS - seq : 0,
			  get_stats(self->fd).pending_requests);
	}
}

TEST_F(request, cancelled_request_consumes_nothing)
{
	SUBMIT_REQUESTS(3);
	do {
		if (variant->command)
			prepare_command(&self->ring, self->fd, NOTIFY_MULTI_URING_CMD_CANCEL,
					SLOT(1), 0, CANCELLATION);
		else
			prepare_cancel(&self->ring, 1, CANCELLATION);
		SUBMIT();
		ASSERT_TRUE(collect(&self->ring, 1, self->results, REQUESTS + 1));
		/* A worker may not have queued it yet. */
	} while (variant->sqe_flags && self->results[CANCELLATION] == -ENOENT);
	ASSERT_TRUE(collect(&self->ring, 1, self->results, REQUESTS + 1));
	EXPECT_EQ(-ECANCELED, self->results[1]);
	EXPECT_EQ(variant->command, self->results[CANCELLATION]);
	EXPECT_EQ(variant->command ? 2 : 0, get_stats(self->fd).pending_requests);
	BROADCAST(2);
	EXPECT_PACKETS(2);
	EXPECT_EQ(0, SLOT(1)->seq);
}

TEST_F(request, unregister_ends_requests_with_enodev)
{
	SUBMIT_REQUESTS(REQUESTS);
	UNREGISTER();
	ASSERT_TRUE(collect(&self->ring, REQUESTS, self->results, REQUESTS));
	for (unsigned int i = 0; i < REQUESTS; i++)
		EXPECT_EQ(-ENODEV, self->results[i]);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST_F(request, bad_status_is_result_of_raw_request)
{
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	for (unsigned int i = 0; i < ARRAY_SIZE(source_errors); i++) {
		int result = variant->command ? source_errors[i].result :
						source_errors[i].async_result;

		ASSERT_EQ(0, sim_set_number(SIM_NAME, "status", source_errors[i].error));
		SUBMIT_REQUESTS(1);
		BROADCAST(1);
		EXPECT_CQE(0, result);
		/* A request that finds the packet queued. */
		BROADCAST(1);
		SUBMIT_REQUEST(1);
		EXPECT_CQE(1, result);
		EXPECT_STATS(.seq = self->seq, .next = self->seq + 1, .delivered = self->seq);
	}
	ASSERT_EQ(0, sim_set_number(SIM_NAME, "status", 0));
	SUBMIT_REQUESTS(1);
	BROADCAST(1);
	EXPECT_CQE(0, PACKET);
	EXPECT_RECORDS(SLOT(0), .seq = self->seq, .raw = true);
}

TEST_F(request, complete_error_is_result_of_one_request)
{
	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, -ENOSPC));
	OPEN();
	SUBMIT_REQUESTS(2);
	for (unsigned int delivered = 1; delivered <= 2; delivered++) {
		BROADCAST(1);
		EXPECT_EQ(-ENOSPC, next_cqe(&self->ring).res);
		EXPECT_NO_CQE();
		EXPECT_EQ(delivered, get_stats(self->fd).delivered);
	}
}

/* -- End of rings and processes -- */

/* Older kernels warn if another task completes such a ring's commands at its exit. */
#define SKIP_IF_LOCKDEP_WARNS()							\
do {										\
	if (variant->command && variant->flags & IORING_SETUP_DEFER_TASKRUN &&	\
	    !access("/proc/lockdep", F_OK))					\
		SKIP(return, "lockdep would report an error in io_uring");	\
} while (0)

TEST_F(request, ring_exit_consumes_nothing)
{
	SKIP_IF_LOCKDEP_WARNS();
	SUBMIT_REQUESTS(REQUESTS);
	RING_TEARDOWN();
	ASSERT_TRUE(wait_requests(self->fd, 0));
	BROADCAST(1);
	EXPECT_STATS(.seq = 1, .next = 1, .pending_packets = 1);
}

TEST_F(request, requests_pin_client_until_last_ends)
{
	SKIP_IF_LOCKDEP_WARNS();
	OPEN_SECOND();
	SUBMIT_REQUESTS(2);
	close(self->fd);
	self->fd = -1;
	BROADCAST(1);
	EXPECT_PACKETS(1);
	EXPECT_EQ(2, get_stats(self->second).clients);
	RING_TEARDOWN();
	EXPECT_TRUE(wait_clients(self->second, 1));
	EXPECT_EQ(1, sim_get_number(SIM_NAME, "departures"));
}

TEST_F(request, sigkill_consumes_nothing)
{
	pid_t child;

	SUBMIT_REQUESTS(1);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		struct io_uring ring;

		if (ring_start(&ring, variant->flags))
			_exit(1);
		for (unsigned int i = 1; i < REQUESTS; i++)
			prepare_request(&ring, variant->command, variant->sqe_flags, self->fd,
					SLOT(i), i);
		if (!submit(&ring))
			_exit(1);
		for (;;)
			pause();
	}
	ASSERT_TRUE(wait_requests(self->fd, variant->command ? REQUESTS : 0));
	ASSERT_TRUE(wait_asleep(&child, 'S'));
	EXPECT_TRUE(kill_child(child));
	ASSERT_TRUE(wait_requests(self->fd, variant->command));
	BROADCAST(2);
	EXPECT_PACKETS(1);
	EXPECT_EQ(1, get_stats(self->fd).delivered);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_HARNESS_MAIN
