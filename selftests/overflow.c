// SPDX-License-Identifier: GPL-2.0
/*
 * Queue overflow: packets dropped and how drops are reported.
 */

#include "device.h"

#define LIMIT	4

/* Ring positions are the low 32 bits of seq. Test their wrap, too. */
FIXTURE_VARIANT(overflow)
{
	uint64_t first_seq;
};

SIM_FIXTURE(overflow, .max_packets = LIMIT, .first_seq = variant->first_seq)

FIXTURE_VARIANT_ADD(overflow, from_1) { .first_seq = 1 };
FIXTURE_VARIANT_ADD(overflow, across_u32_wrap) { .first_seq = 0xfffffffdULL };
FIXTURE_VARIANT_ADD(overflow, from_u32_wrap) { .first_seq = 0x100000000ULL };
FIXTURE_VARIANT_ADD(overflow, across_late_u32_wrap) { .first_seq = 0x7ffffffffffffffaULL };

#define FIRST	(variant->first_seq)

TEST_F(overflow, full_queue_drops_nothing)
{
	EXPECT_EQ(FIRST, get_stats(self->fd).next);
	BROADCAST(LIMIT);
	EXPECT_READ(.seq = FIRST, .count = LIMIT);
	EXPECT_EQ(0, get_stats(self->fd).dropped);
}

TEST_F(overflow, drops_oldest)
{
	BROADCAST(LIMIT + 1);
	EXPECT_READ(.seq = FIRST + 1, .count = LIMIT, .dropped = 1);
}

TEST_F(overflow, dropped_counts_gap_between_records)
{
	BROADCAST(2);
	EXPECT_READ(.seq = FIRST, .count = 2);
	BROADCAST(100);
	EXPECT_READ(.seq = FIRST + 98, .count = LIMIT, .dropped = 96);
	BROADCAST(1);
	EXPECT_READ(.seq = FIRST + 102);
}

TEST_F(overflow, partly_read_queue_drops_oldest)
{
	BROADCAST(LIMIT);
	EXPECT_READ(.seq = FIRST, .size = RECORD);
	BROADCAST(3);
	EXPECT_READ(.seq = FIRST + 3, .count = LIMIT, .dropped = 2);
}

TEST_F(overflow, stats_count_every_packet)
{
	BROADCAST(10);
	EXPECT_STATS(.seq = FIRST + 9, .next = FIRST + 6, .dropped = 6, .pending_packets = 4);
	EXPECT_READ(.seq = FIRST + 6, .dropped = 6, .size = RECORD);
	EXPECT_STATS(.seq = FIRST + 9, .next = FIRST + 7, .delivered = 1, .dropped = 6,
		     .pending_packets = 3);
	EXPECT_READ(.seq = FIRST + 7, .count = 3);
	BROADCAST(1);
	EXPECT_STATS(.seq = FIRST + 10, .next = FIRST + 10, .delivered = 4, .dropped = 6,
		     .pending_packets = 1);
}

TEST_F(overflow, does_not_affect_other_clients)
{
	OPEN_SECOND();
	for (unsigned int i = 0; i < 20; i++) {
		BROADCAST(1);
		EXPECT_READ_FROM(self->second, .seq = FIRST + i);
	}
	EXPECT_READ(.seq = FIRST + 16, .count = LIMIT, .dropped = 16);
}

TEST_F(overflow, late_client_counts_from_its_open)
{
	BROADCAST(3);
	OPEN_SECOND();
	EXPECT_EQ(FIRST + 3, get_stats(self->second).next);
	BROADCAST(9);
	EXPECT_READ_FROM(self->second, .seq = FIRST + 8, .count = LIMIT, .dropped = 5);
}

TEST_F(overflow, queue_of_one_keeps_newest)
{
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	BROADCAST(5);
	EXPECT_READ(.seq = FIRST + 4, .dropped = 4);
	EXPECT_EQ(-EAGAIN, READ(RECORD));
}

/* First without, then with resizing. */
TEST_F(overflow, overrun_reader_gets_complete_records)
{
	struct notify_multi_stats stats;
	uint64_t next = FIRST, delivered = 0;
	struct producer producer;

	/* Faster than an interrupt per packet. */
	ASSERT_EQ(0, sim_set(SIM_NAME, "context", "process"));
	for (unsigned int resizes = 0; resizes < 2; resizes++) {
		START_BROADCAST(&producer, 10000);
		for (unsigned int round = 0; next <= self->seq; round++) {
			ssize_t bytes;

			if (resizes)
				ASSERT_EQ(0, set_max_packets(self->fd, 1 + round % 37));
			bytes = READ(sizeof(scratch));
			if (bytes == -EAGAIN) {
				ASSERT_TRUE(wait_pollin(self->fd));
				continue;
			}
			ASSERT_LT(0, bytes);
			ASSERT_EQ(0, bytes % RECORD);
			ASSERT_CORRECT(wrong_stream(scratch, bytes, PACKET, &next));
			delivered += bytes / RECORD;
		}
		END_BROADCAST(&producer);
	}
	stats = get_stats(self->fd);
	EXPECT_EQ(delivered, stats.delivered);
	EXPECT_EQ(next - FIRST - delivered, stats.dropped);
}

/* -- Sizes -- */

FIXTURE_VARIANT(packet_size)
{
	unsigned int bytes;
};

SIM_FIXTURE(packet_size, .packet_size = variant->bytes, .max_packets = 3)

FIXTURE_VARIANT_ADD(packet_size, 1) { .bytes = 1 };
FIXTURE_VARIANT_ADD(packet_size, 7) { .bytes = 7 };
FIXTURE_VARIANT_ADD(packet_size, 8) { .bytes = 8 };
FIXTURE_VARIANT_ADD(packet_size, 4065) { .bytes = 4065 };
FIXTURE_VARIANT_ADD(packet_size, 65536) { .bytes = 65536 };

TEST_F(packet_size, packets_are_intact_in_all_slots)
{
	EXPECT_EQ(RECORD_SIZE(variant->bytes), get_info(self->fd).record_size);
	for (unsigned int round = 0; round < 5; round++) {
		BROADCAST(3);
		EXPECT_READ(.seq = 3 * round + 1, .count = 3);
	}
}

TEST_HARNESS_MAIN
