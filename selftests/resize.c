// SPDX-License-Identifier: GPL-2.0
/*
 * SET_MAX_PACKETS: the newest packets that fit are kept, the others are counted as dropped.
 */

#include "device.h"

#define LIMIT	4

SIM_FIXTURE(resize, .max_packets = LIMIT)

TEST_F(resize, smaller_queue_keeps_newest)
{
	BROADCAST(LIMIT);
	ASSERT_EQ(0, set_max_packets(self->fd, 2));
	EXPECT_EQ(2, get_info(self->fd).max_packets);
	EXPECT_STATS(.seq = LIMIT, .next = 3, .dropped = 2, .pending_packets = 2);
	EXPECT_READ(.seq = 3, .count = 2, .dropped = 2);
}

TEST_F(resize, larger_queue_keeps_all_and_takes_more)
{
	BROADCAST(LIMIT);
	ASSERT_EQ(0, set_max_packets(self->fd, 10));
	BROADCAST(6);
	EXPECT_READ(.seq = 1, .count = 10);
}

TEST_F(resize, larger_queue_does_not_restore_drops)
{
	BROADCAST(6);
	ASSERT_EQ(0, set_max_packets(self->fd, 100));
	EXPECT_EQ(LIMIT, get_stats(self->fd).pending_packets);
	EXPECT_READ(.seq = 3, .count = LIMIT, .dropped = 2);
}

TEST_F(resize, second_resize_adds_to_drops)
{
	BROADCAST(6);
	ASSERT_EQ(0, set_max_packets(self->fd, 3));
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	BROADCAST(1);
	EXPECT_STATS(.seq = 7, .next = 7, .dropped = 6, .pending_packets = 1);
	EXPECT_READ(.seq = 7, .dropped = 6);
	EXPECT_EQ(6, get_stats(self->fd).dropped);
}

TEST_F(resize, empty_queue_drops_nothing)
{
	BROADCAST(3);
	EXPECT_READ(.seq = 1, .count = 3);
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	EXPECT_EQ(0, poll_now(self->fd, POLLIN | POLLPRI));
	BROADCAST(1);
	EXPECT_READ(.seq = 4);
}

TEST_F(resize, is_per_client)
{
	ASSERT_EQ(0, set_max_packets(self->fd, 100));
	OPEN_SECOND();
	EXPECT_EQ(LIMIT, get_info(self->second).max_packets);
}

TEST_F(resize, consume_of_dropped_seq_keeps_queue)
{
	BROADCAST(10);
	ASSERT_EQ(0, set_max_packets(self->fd, 2));
	ASSERT_EQ(0, consume(self->fd, 3));
	EXPECT_STATS(.seq = 10, .next = 9, .dropped = 8, .pending_packets = 2);
	EXPECT_EQ(POLLPRI, poll_now(self->fd, POLLPRI));
	ASSERT_EQ(0, consume(self->fd, 2));
	EXPECT_READ(.seq = 9, .count = 2, .dropped = 5);
	EXPECT_EQ(8, get_stats(self->fd).dropped);
}

TEST_F(resize, consume_reports_all_drops)
{
	BROADCAST(10);
	ASSERT_EQ(0, set_max_packets(self->fd, 2));
	ASSERT_EQ(0, consume(self->fd, 8));
	EXPECT_EQ(0, poll_now(self->fd, POLLPRI));
	EXPECT_READ(.seq = 9, .count = 2);
	EXPECT_EQ(8, get_stats(self->fd).dropped);
}

/* -- Limits -- */

TEST_F(resize, to_0_returns_einval)
{
	EXPECT_EQ(-EINVAL, set_max_packets(self->fd, 0));
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);
}

TEST_F(resize, over_max_ring_bytes_returns_einval)
{
	uint64_t fits;

	EXPECT_EQ(-EINVAL, set_max_packets(self->fd, ~0U));
	ASSERT_EQ(0, set_max_packets(self->fd, 1000));
	fits = get_info(self->fd).ring_bytes;
	ASSERT_EQ(0, set_max_packets(self->fd, LIMIT));

	ASSERT_EQ(0, write_number(MAX_RING_BYTES, fits - 1));
	EXPECT_EQ(-EINVAL, set_max_packets(self->fd, 1000));
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);
	ASSERT_EQ(0, write_number(MAX_RING_BYTES, fits));
	EXPECT_EQ(0, set_max_packets(self->fd, 1000));
	EXPECT_EQ(1000, get_info(self->fd).max_packets);
}

TEST_F(resize, over_int_max_returns_einval)
{
	if (allow_packets(UINT32_MAX, PACKET))
		SKIP(return, "max_ring_bytes is too small a type");
	EXPECT_EQ(-EINVAL, set_max_packets(self->fd, INT32_MAX + 1U));
	ASSERT_GE(INT32_MAX, too_many_packets(PACKET));
	EXPECT_EQ(-ENOMEM, set_max_packets(self->fd, INT32_MAX));
}

TEST_F(resize, enomem_keeps_old_ring)
{
	uint64_t packets = too_many_packets(PACKET);

	ASSERT_GE(INT32_MAX, packets);
	ASSERT_EQ(0, allow_packets(packets, PACKET));
	BROADCAST(1);
	EXPECT_EQ(-ENOMEM, set_max_packets(self->fd, packets));
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);
	EXPECT_READ(.seq = 1);
}

/* -- During broadcasts; see also overflow.c -- */

SIM_FIXTURE(long_resize, .packet_size = 4096, .max_packets = 200, .context = "process")

/* Copying the queue takes long enough for broadcasts to occur during the copy. */
TEST_F(long_resize, keeps_concurrent_broadcasts)
{
	enum { BEFORE = 100, CONCURRENT = 90, ROUNDS = 30 };

	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct producer producer;

		BROADCAST(BEFORE);
		START_BROADCAST(&producer, CONCURRENT);
		while (get_stats(self->fd).seq < producer.number + 2)
			;
		ASSERT_EQ(0, set_max_packets(self->fd, 200 - round % 2));
		END_BROADCAST(&producer);
		EXPECT_READ(.seq = self->seq - BEFORE - CONCURRENT + 1,
			    .count = BEFORE + CONCURRENT);
	}
	EXPECT_EQ(0, get_stats(self->fd).dropped);
}

TEST_HARNESS_MAIN
