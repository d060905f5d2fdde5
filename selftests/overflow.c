// SPDX-License-Identifier: GPL-2.0
/*
 * Queue overflow: packets dropped and how drops are reported.
 */

#include "sim.h"

FIXTURE(drop)
{
	int injector;
	int fd;
	uint64_t first;
	unsigned char buffer[4096];
};

/* Ring positions are the low 32 bits of seq. Test their wrap, too. */
FIXTURE_VARIANT(drop)
{
	uint64_t first_seq;
};

FIXTURE_VARIANT_ADD(drop, from_1)
{
	.first_seq = 1,
};

FIXTURE_VARIANT_ADD(drop, across_u32_wrap)
{
	.first_seq = 0xfffffffdULL,
};

FIXTURE_VARIANT_ADD(drop, from_u32_wrap)
{
	.first_seq = 0x100000000ULL,
};

FIXTURE_VARIANT_ADD(drop, across_late_u32_wrap)
{
	.first_seq = 0x7ffffffffffffffaULL,
};

#define PACKET	24
#define RECORD	(RECORD_HEADER + PACKET)
#define LIMIT	4

FIXTURE_SETUP(drop)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = LIMIT,
		.first_seq = variant->first_seq,
	};

	self->first = variant->first_seq;
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(drop)
{
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

static const struct notify_multi_record *record_at(const void *buffer, unsigned int index)
{
	return buffer + index * RECORD;
}

/* Packets are numbered from 0. */
#define BROADCAST(number, count) \
	ASSERT_EQ((ssize_t)(count) * PACKET, \
		  sim_broadcast(self->injector, PACKET, number, count))

#define READ(count) \
	ASSERT_EQ((ssize_t)((count) * RECORD), \
		  read_errno(self->fd, self->buffer, sizeof(self->buffer)))

#define EXPECT_RECORD(index, number, drops)						\
do {											\
	const struct notify_multi_record *record = record_at(self->buffer, index);	\
											\
	EXPECT_EQ(self->first + (number), record->seq);					\
	EXPECT_EQ((drops), record->dropped);						\
	EXPECT_TRUE(packet_is(record->data, PACKET, number));				\
} while (0)

TEST_F(drop, full_queue_drops_nothing)
{
	unsigned int i;

	EXPECT_EQ(self->first, get_stats(self->fd).next);
	BROADCAST(0, LIMIT);
	READ(LIMIT);
	for (i = 0; i < LIMIT; i++)
		EXPECT_RECORD(i, i, 0);
	EXPECT_EQ(0, get_stats(self->fd).dropped);
}

TEST_F(drop, overflow_drops_oldest)
{
	unsigned int i;

	BROADCAST(0, LIMIT + 1);
	READ(LIMIT);
	EXPECT_RECORD(0, 1, 1);
	for (i = 1; i < LIMIT; i++)
		EXPECT_RECORD(i, i + 1, 0);
}

TEST_F(drop, dropped_counts_gap_between_records)
{
	BROADCAST(0, 2);
	READ(2);
	BROADCAST(2, 100);
	READ(LIMIT);
	EXPECT_RECORD(0, 98, 96);
	EXPECT_RECORD(1, 99, 0);
	BROADCAST(102, 1);
	READ(1);
	EXPECT_RECORD(0, 102, 0);
}

TEST_F(drop, drop_reported_once_by_single_reads)
{
	BROADCAST(0, 10);
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_RECORD(0, 6, 6);
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_RECORD(0, 7, 0);
}

TEST_F(drop, overflow_of_partly_read_queue_drops_oldest)
{
	BROADCAST(0, LIMIT);
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_RECORD(0, 0, 0);
	BROADCAST(LIMIT, 3);
	READ(LIMIT);
	EXPECT_RECORD(0, 3, 2);
	EXPECT_RECORD(3, 6, 0);
}

TEST_F(drop, stats_count_every_packet)
{
	struct notify_multi_stats stats;

	BROADCAST(0, 10);
	stats = get_stats(self->fd);
	EXPECT_EQ(self->first + 9, stats.seq);
	EXPECT_EQ(self->first + 6, stats.next);
	EXPECT_EQ(0, stats.delivered);
	EXPECT_EQ(6, stats.dropped);
	EXPECT_EQ(4, stats.pending_packets);

	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	stats = get_stats(self->fd);
	EXPECT_EQ(self->first + 7, stats.next);
	EXPECT_EQ(1, stats.delivered);
	EXPECT_EQ(6, stats.dropped);
	EXPECT_EQ(3, stats.pending_packets);

	READ(3);
	BROADCAST(10, 1);
	stats = get_stats(self->fd);
	EXPECT_EQ(self->first + 10, stats.seq);
	EXPECT_EQ(self->first + 10, stats.next);
	EXPECT_EQ(4, stats.delivered);
	EXPECT_EQ(6, stats.dropped);
	EXPECT_EQ(1, stats.pending_packets);
}

TEST_F(drop, slow_client_does_not_affect_others)
{
	int fast = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	unsigned int i;

	ASSERT_LE(0, fast);
	for (i = 0; i < 20; i++) {
		unsigned char buffer[RECORD];

		BROADCAST(i, 1);
		ASSERT_EQ(RECORD, read_errno(fast, buffer, RECORD));
		EXPECT_EQ(self->first + i, record_at(buffer, 0)->seq);
		EXPECT_EQ(0, record_at(buffer, 0)->dropped);
	}
	READ(LIMIT);
	EXPECT_RECORD(0, 16, 16);
	close(fast);
}

TEST_F(drop, late_client_counts_from_its_open)
{
	int late;

	BROADCAST(0, 3);
	late = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, late);
	EXPECT_EQ(self->first + 3, get_stats(late).next);
	BROADCAST(3, 9);
	ASSERT_EQ(RECORD, read_errno(late, self->buffer, RECORD));
	/* 3 to 11 were broadcast since open(), 8 to 11 are queued. */
	EXPECT_RECORD(0, 8, 5);
	close(late);
}

TEST_F(drop, queue_of_one_keeps_newest)
{
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	BROADCAST(0, 5);
	READ(1);
	EXPECT_RECORD(0, 4, 4);
	EXPECT_EQ(-EAGAIN, read_errno(self->fd, self->buffer, RECORD));
}

TEST_F(drop, overrun_reader_gets_complete_records)
{
	struct producer producer = {
		.injector = self->injector,
		.packet_size = PACKET,
		.count = 20000,
	};
	uint64_t next = self->first, drops = 0, got = 0;
	bool done = false;

	/* Faster than an interrupt per packet. */
	ASSERT_EQ(0, sim_set(SIM_NAME, "context", "process"));
	ASSERT_TRUE(producer_start(&producer));
	while (!done) {
		ssize_t bytes = read_errno(self->fd, self->buffer, sizeof(self->buffer));
		unsigned int i;

		if (bytes == -EAGAIN) {
			poll(&(struct pollfd){ .fd = self->fd, .events = POLLIN }, 1, -1);
			continue;
		}
		ASSERT_LT(0, bytes);
		ASSERT_EQ(0, bytes % RECORD);
		for (i = 0; i < bytes / RECORD; i++) {
			const struct notify_multi_record *record = record_at(self->buffer, i);

			ASSERT_EQ(next + record->dropped, record->seq);
			ASSERT_TRUE(packet_is(record->data, PACKET, record->seq - self->first));
			drops += record->dropped;
			got++;
			next = record->seq + 1;
		}
		done = next == self->first + producer.count;
	}
	EXPECT_EQ((ssize_t)producer.count * PACKET, producer_join(&producer));
	EXPECT_EQ(producer.count, drops + got);
	EXPECT_EQ(drops, get_stats(self->fd).dropped);
	EXPECT_EQ(got, get_stats(self->fd).delivered);
}

/* -- Sizes -- */

FIXTURE(packet_size)
{
	int injector;
	int fd;
	unsigned char *buffer;
};

FIXTURE_VARIANT(packet_size)
{
	size_t bytes;
};

FIXTURE_VARIANT_ADD(packet_size, 1)
{
	.bytes = 1,
};

FIXTURE_VARIANT_ADD(packet_size, 7)
{
	.bytes = 7,
};

FIXTURE_VARIANT_ADD(packet_size, 8)
{
	.bytes = 8,
};

FIXTURE_VARIANT_ADD(packet_size, 4065)
{
	.bytes = 4065,
};

FIXTURE_VARIANT_ADD(packet_size, 65536)
{
	.bytes = 65536,
};

FIXTURE_SETUP(packet_size)
{
	const struct sim_config config = { .packet_size = variant->bytes, .max_packets = 3 };

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	self->buffer = malloc(4 * record_size(variant->bytes));
	ASSERT_NE(NULL, self->buffer);
}

FIXTURE_TEARDOWN(packet_size)
{
	free(self->buffer);
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

TEST_F(packet_size, packets_are_intact_in_all_slots)
{
	size_t size = record_size(variant->bytes);
	unsigned int round, i;

	EXPECT_EQ(size, get_info(self->fd).record_size);
	for (round = 0; round < 5; round++) {
		ASSERT_EQ((ssize_t)variant->bytes * 3,
			  sim_broadcast(self->injector, variant->bytes, 3 * round, 3));
		ASSERT_EQ((ssize_t)size * 3, read_errno(self->fd, self->buffer, 4 * size));
		for (i = 0; i < 3; i++) {
			const struct notify_multi_record *record =
				(void *)(self->buffer + i * size);

			EXPECT_EQ(3 * round + i + 1, record->seq);
			EXPECT_EQ(variant->bytes, record->size);
			EXPECT_TRUE(packet_is(record->data, variant->bytes, 3 * round + i));
		}
	}
}

TEST_HARNESS_MAIN
