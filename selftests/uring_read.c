// SPDX-License-Identifier: GPL-2.0
/*
 * Reads by io_uring: without workers, linked, with provided buffers, multishot. For the end of
 * pending reads, see uring.c.
 */

#include "device.h"
#include "uring.h"

#define READS		16

FIXTURE(uring_read)
{
	SIM_DEVICE;
	RING;
	unsigned char slots[READS * RECORD];
};

FIXTURE_SETUP(uring_read)
{
	RING_SETUP(0);
	SIM_SETUP(.blocking = true, .max_packets = 2 * READS, .max_requests = 4);
}

FIXTURE_TEARDOWN(uring_read)
{
	RING_TEARDOWN();
	SIM_TEARDOWN();
}

#define PREP_READ(index) prepare_read(&self->ring, self->fd, SLOT(index), RECORD, index)

/* Expect the completion of read @index, with packet @number in its slot. */
#define EXPECT_READ_CQE(index, number)						\
do {										\
	EXPECT_CQE(index, RECORD);						\
	EXPECT_SLOT(index, number);						\
} while (0)

TEST_F(uring_read, read_pends_with_o_nonblock)
{
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	PREP_READ(0);
	SUBMIT();
	EXPECT_NO_CQE();
	BROADCAST(1);
	EXPECT_READ_CQE(0, 1);
}

TEST_F(uring_read, rwf_nowait_read_returns_eagain)
{
	EXPECT_RESULT(-EAGAIN, PREP_READ(0)->rw_flags = RWF_NOWAIT);
}

TEST_F(uring_read, read_returns_records_up_to_length)
{
	BROADCAST(5);
	EXPECT_RESULT(3 * RECORD, PREP_READ(0)->len = 3 * RECORD);
	EXPECT_SLOT(0, 1);
	EXPECT_SLOT(2, 3);
	EXPECT_EQ(0, SLOT(3)->seq);
	EXPECT_EQ(2, get_stats(self->fd).pending_packets);
}

TEST_F(uring_read, read_errors_match_plain_read)
{
	BROADCAST(1);
	EXPECT_RESULT(-EINVAL, PREP_READ(0)->len = RECORD - 1);
	EXPECT_RESULT(0, PREP_READ(0)->len = 0);
	EXPECT_RESULT(-EFAULT, PREP_READ(0)->addr = (uintptr_t)bad_pointer);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(uring_read, reads_pend_without_worker)
{
	uint64_t seen = 0;

	for (unsigned int i = 0; i < READS; i++)
		PREP_READ(i);
	SUBMIT();
	EXPECT_EQ(0, workers());
	/* io_uring reads do not count against max_requests. */
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
	for (unsigned int number = 1; number <= READS; number++) {
		struct completion cqe;

		EXPECT_NO_CQE();
		BROADCAST(1);
		cqe = next_cqe(&self->ring);
		ASSERT_EQ(RECORD, cqe.res);
		EXPECT_SLOT(cqe.user_data, number);
		seen |= 1ULL << cqe.user_data;
	}
	EXPECT_EQ((1ULL << READS) - 1, seen);
	EXPECT_EQ(0, workers());
}

TEST_F(uring_read, read_by_worker_pends)
{
	PREP_READ(0)->flags = IOSQE_ASYNC;
	SUBMIT();
	EXPECT_NO_CQE();
	BROADCAST(1);
	EXPECT_READ_CQE(0, 1);
	EXPECT_LT(0, workers());
}

TEST_F(uring_read, registered_buffer_and_file_work)
{
	struct iovec iov = { self->slots, sizeof(self->slots) };
	struct io_uring_sqe *sqe;

	ASSERT_EQ(0, io_uring_register_buffers(&self->ring, &iov, 1));
	ASSERT_EQ(0, io_uring_register_files(&self->ring, &self->fd, 1));
	sqe = new_sqe(&self->ring);
	io_uring_prep_read_fixed(sqe, 0, SLOT(1), 2 * RECORD, 0, 0);
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->user_data = 1;
	SUBMIT();
	EXPECT_NO_CQE();
	BROADCAST(1);
	EXPECT_READ_CQE(1, 1);
}

TEST_F(uring_read, failed_read_cancels_linked_read)
{
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	ASSERT_EQ(0, sim_set(SIM_NAME, "status", "-28"));
	PREP_READ(0)->flags = IOSQE_IO_LINK;
	PREP_READ(1);
	SUBMIT();
	BROADCAST(2);
	EXPECT_CQE(0, -ENOSPC);
	EXPECT_CQE(1, -ECANCELED);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

/* -- Provided buffers, and multishot reads -- */

#define GROUP		5
#define PROVIDED	4

FIXTURE(provided)
{
	SIM_DEVICE;
	RING;
	struct io_uring_buf_ring *buffers;
	unsigned char slots[PROVIDED * RECORD];
};

static void provide(struct io_uring_buf_ring *buffers, unsigned char *slots, unsigned int index)
{
	io_uring_buf_ring_add(buffers, slots + index * RECORD, RECORD, index,
			      io_uring_buf_ring_mask(PROVIDED), 0);
	io_uring_buf_ring_advance(buffers, 1);
}

FIXTURE_SETUP(provided)
{
	struct io_uring_buf_reg reg = { .ring_entries = PROVIDED, .bgid = GROUP };

	RING_SETUP(0);
	/* Buffer rings have no probe, but appeared in the same release as commands. */
	if (!ring_has(&self->ring, IORING_OP_URING_CMD))
		SKIP(return, "buffer rings need Linux 5.19");
	self->buffers = aligned_alloc(sysconf(_SC_PAGESIZE), sysconf(_SC_PAGESIZE));
	ASSERT_NE(NULL, self->buffers);
	reg.ring_addr = (uintptr_t)self->buffers;
	ASSERT_EQ(0, io_uring_register_buf_ring(&self->ring, &reg, 0));
	io_uring_buf_ring_init(self->buffers);
	for (unsigned int i = 0; i < PROVIDED; i++)
		provide(self->buffers, self->slots, i);
	SIM_SETUP(.blocking = true);
}

FIXTURE_TEARDOWN(provided)
{
	RING_TEARDOWN();
	free(self->buffers);
	SIM_TEARDOWN();
}

static void select_buffer(struct io_uring_sqe *sqe)
{
	sqe->flags = IOSQE_BUFFER_SELECT;
	sqe->buf_group = GROUP;
}

#define MULTISHOT(data)								\
do {										\
	struct io_uring_sqe *sqe_ = new_sqe(&self->ring);			\
										\
	if (!ring_has(&self->ring, OP_READ_MULTISHOT))				\
		SKIP(return, "multishot reads need Linux 6.7");			\
	io_uring_prep_rw(OP_READ_MULTISHOT, sqe_, self->fd, NULL, 0, 0);	\
	select_buffer(sqe_);							\
	sqe_->user_data = data;							\
	SUBMIT();								\
} while (0)

/* Expect packet @number in the provided buffer that the kernel chose; provide it again. */
#define EXPECT_PROVIDED(number, more, again)					\
do {										\
	struct completion cqe_ = next_cqe(&self->ring);				\
	unsigned int chosen_ = cqe_.flags >> IORING_CQE_BUFFER_SHIFT;		\
										\
	ASSERT_EQ(RECORD, cqe_.res);						\
	EXPECT_EQ(more, cqe_.flags & IORING_CQE_F_MORE);			\
	ASSERT_TRUE(cqe_.flags & IORING_CQE_F_BUFFER);				\
	EXPECT_SLOT(chosen_, number);						\
	if (again)								\
		provide(self->buffers, self->slots, chosen_);			\
} while (0)

/* Expect the last completion of a multishot read. */
#define EXPECT_LAST_SHOT(data, result)						\
do {										\
	struct completion cqe_ = next_cqe(&self->ring);				\
										\
	EXPECT_EQ(data, cqe_.user_data);					\
	EXPECT_EQ(result, cqe_.res);						\
	EXPECT_FALSE(cqe_.flags & IORING_CQE_F_MORE);				\
} while (0)

TEST_F(provided, pending_reads_take_one_buffer_each)
{
	unsigned int i;

	for (i = 0; i < PROVIDED; i++)
		select_buffer(prepare_read(&self->ring, self->fd, NULL, RECORD, i));
	SUBMIT();
	EXPECT_NO_CQE();
	for (i = 1; i <= PROVIDED; i++) {
		BROADCAST(1);
		EXPECT_PROVIDED(i, 0, false);
	}
}

TEST_F(provided, multishot_read_returns_every_packet)
{
	MULTISHOT(9);
	EXPECT_NO_CQE();
	/* Use each buffer several times, with single packets and with a burst. */
	for (unsigned int i = 1; i <= 10; i++) {
		if (i <= 7)
			BROADCAST(i < 7 ? 1 : 4);
		EXPECT_PROVIDED(i, IORING_CQE_F_MORE, true);
	}
	EXPECT_NO_CQE();
	EXPECT_EQ(0, workers());
}

TEST_F(provided, multishot_read_without_buffer_keeps_packets)
{
	MULTISHOT(9);
	BROADCAST(PROVIDED + 2);
	for (unsigned int i = 1; i <= PROVIDED; i++)
		EXPECT_PROVIDED(i, IORING_CQE_F_MORE, false);
	EXPECT_LAST_SHOT(9, -ENOBUFS);
	EXPECT_EQ(2, get_stats(self->fd).pending_packets);
	EXPECT_READ(.seq = PROVIDED + 1, .size = RECORD);
}

TEST_F(provided, cancelled_multishot_read_consumes_no_more)
{
	int results[10];

	MULTISHOT(9);
	BROADCAST(1);
	EXPECT_PROVIDED(1, IORING_CQE_F_MORE, false);
	prepare_cancel(&self->ring, 9, 8);
	SUBMIT();
	ASSERT_TRUE(collect(&self->ring, 2, results, 10));
	EXPECT_EQ(-ECANCELED, results[9]);
	EXPECT_EQ(0, results[8]);
	BROADCAST(1);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(provided, unregister_ends_multishot_read_with_enodev)
{
	MULTISHOT(9);
	BROADCAST(1);
	EXPECT_PROVIDED(1, IORING_CQE_F_MORE, false);
	UNREGISTER();
	EXPECT_LAST_SHOT(9, -ENODEV);
}

TEST_F(provided, bad_status_ends_multishot_raw_read)
{
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	for (unsigned int i = 0; i < ARRAY_SIZE(source_errors); i++) {
		MULTISHOT(i);
		ASSERT_EQ(0, sim_set_number(SIM_NAME, "status", source_errors[i].error));
		BROADCAST(1);
		EXPECT_LAST_SHOT(i, source_errors[i].async_result);
		EXPECT_EQ(i + 1, get_stats(self->fd).delivered);
	}
}

TEST_HARNESS_MAIN
