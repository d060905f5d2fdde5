// SPDX-License-Identifier: GPL-2.0
/*
 * Replay of the last packets to new clients.
 */

#include "sim.h"

#define PACKET	16
#define RECORD	(RECORD_HEADER + PACKET)
#define LIMIT	8

FIXTURE(replay)
{
	int injector;
	int fd;
	unsigned char buffer[(LIMIT + 1) * RECORD];
};

FIXTURE_VARIANT(replay)
{
	unsigned int packets;
	uint64_t first_seq;
};

FIXTURE_VARIANT_ADD(replay, last_packet)
{
	.packets = 1,
	.first_seq = 1,
};

FIXTURE_VARIANT_ADD(replay, some_packets)
{
	.packets = 3,
	.first_seq = 1,
};

FIXTURE_VARIANT_ADD(replay, full_queue)
{
	.packets = LIMIT,
	.first_seq = 1,
};

FIXTURE_VARIANT_ADD(replay, across_u32_wrap)
{
	.packets = 3,
	.first_seq = 0xfffffffdULL,
};

FIXTURE_SETUP(replay)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = LIMIT,
		.replay = variant->packets,
		.first_seq = variant->first_seq,
	};

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = -1;
}

FIXTURE_TEARDOWN(replay)
{
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

#define BROADCAST(number, count)						\
	ASSERT_EQ((ssize_t)(count) * PACKET,					\
		  sim_broadcast(self->injector, PACKET, number, count))

#define OPEN()									\
do {										\
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);			\
	ASSERT_LE(0, self->fd);							\
} while (0)

#define EXPECT_RECORD(index, number, expected_flags)				\
do {										\
	const struct notify_multi_record *record =				\
		(void *)(self->buffer + (index) * RECORD);			\
										\
	EXPECT_EQ(variant->first_seq + (number), record->seq);			\
	EXPECT_EQ(expected_flags, record->flags);				\
	EXPECT_EQ(0, record->dropped);						\
	EXPECT_TRUE(packet_is(record->data, PACKET, number));			\
} while (0)

TEST_F(replay, replay_is_empty_before_first_broadcast)
{
	OPEN();
	EXPECT_EQ(variant->packets, get_info(self->fd).replay);
	EXPECT_EQ(variant->first_seq, get_stats(self->fd).next);
	EXPECT_EQ(-EAGAIN, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
}

TEST_F(replay, replay_has_only_broadcast_packets)
{
	BROADCAST(0, 1);
	OPEN();
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	EXPECT_RECORD(0, 0, NOTIFY_MULTI_REC_REPLAY);
}

TEST_F(replay, new_client_starts_with_last_packets)
{
	unsigned int i;

	BROADCAST(0, 20);
	OPEN();
	EXPECT_EQ(variant->first_seq + 20 - variant->packets, get_stats(self->fd).next);
	EXPECT_EQ(variant->packets, get_stats(self->fd).pending_packets);
	EXPECT_EQ(POLLIN, poll_now(self->fd, POLLIN | POLLPRI));
	ASSERT_EQ((ssize_t)(variant->packets * RECORD),
		  read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	for (i = 0; i < variant->packets; i++)
		EXPECT_RECORD(i, 20 - variant->packets + i, NOTIFY_MULTI_REC_REPLAY);
	EXPECT_EQ(variant->packets, get_stats(self->fd).delivered);
}

TEST_F(replay, new_packets_lack_replay_flag)
{
	BROADCAST(0, 20);
	OPEN();
	ASSERT_EQ((ssize_t)(variant->packets * RECORD),
		  read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	BROADCAST(20, 1);
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	EXPECT_RECORD(0, 20, 0);
}

TEST_F(replay, replayed_packets_are_dropped_first)
{
	const struct notify_multi_record *record = (void *)self->buffer;

	BROADCAST(0, 20);
	OPEN();
	BROADCAST(20, LIMIT - variant->packets + 1);
	ASSERT_EQ((ssize_t)(LIMIT * RECORD),
		  read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(1, record->dropped);
	EXPECT_EQ(variant->first_seq + 20 - variant->packets + 1, record->seq);
}

TEST_F(replay, existing_client_gets_no_replay)
{
	OPEN();
	BROADCAST(0, 2);
	close(sim_open(SIM_NAME, O_RDONLY));
	ASSERT_EQ(2 * RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	EXPECT_RECORD(0, 0, 0);
	EXPECT_RECORD(1, 1, 0);
}

TEST_F(replay, replay_includes_status)
{
	const struct notify_multi_record *record = (void *)self->buffer;

	ASSERT_EQ(0, sim_set(SIM_NAME, "status", "-71"));
	BROADCAST(0, 1);
	OPEN();
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(-71, record->status);
}

struct broadcaster {
	pthread_t thread;
	int injector;
	int stop;
};

static void *broadcaster_main(void *data)
{
	struct broadcaster *broadcaster = data;
	uint64_t number;

	for (number = 0; !__atomic_load_n(&broadcaster->stop, __ATOMIC_ACQUIRE); number++)
		if (sim_broadcast(broadcaster->injector, PACKET, number, 1) != PACKET)
			return (void *)-1;
	return NULL;
}

TEST_F(replay, stream_has_no_gap_after_replay)
{
	struct broadcaster broadcaster = { .injector = self->injector };
	unsigned int round, i;
	void *ret;

	ASSERT_EQ(0, sim_set(SIM_NAME, "context", "process"));
	ASSERT_EQ(0, pthread_create(&broadcaster.thread, NULL, broadcaster_main, &broadcaster));
	for (round = 0; round < 200; round++) {
		uint64_t next;
		ssize_t bytes;
		bool replay = true;

		OPEN();
		bytes = read_errno(self->fd, self->buffer, sizeof(self->buffer));
		if (bytes != -EAGAIN) {
			ASSERT_LT(0, bytes);
			next = ((struct notify_multi_record *)self->buffer)->seq;
			for (i = 0; i < bytes / RECORD; i++) {
				const struct notify_multi_record *record =
					(void *)(self->buffer + i * RECORD);

				if (i)
					ASSERT_EQ(next + record->dropped, record->seq);
				ASSERT_TRUE(packet_is(record->data, PACKET,
						      record->seq - variant->first_seq));
				/* No replayed record follows a new one. */
				if (!(record->flags & NOTIFY_MULTI_REC_REPLAY))
					replay = false;
				else
					ASSERT_TRUE(replay);
				next = record->seq + 1;
			}
		}
		close(self->fd);
		self->fd = -1;
	}
	__atomic_store_n(&broadcaster.stop, 1, __ATOMIC_RELEASE);
	ASSERT_EQ(0, pthread_join(broadcaster.thread, &ret));
	EXPECT_EQ(NULL, ret);
}

static unsigned int count_replayed(const unsigned char *buffer, ssize_t bytes)
{
	unsigned int count = 0;

	for (ssize_t at = 0; at < bytes; at += LONG_RECORD)
		if (((const struct notify_multi_record *)(buffer + at))->flags &
		    NOTIFY_MULTI_REC_REPLAY)
			count++;
	return count;
}

TEST(long_replay_includes_concurrent_broadcasts)
{
	const struct sim_config config = {
		.packet_size = LONG_PACKET,
		.max_packets = LONG_PACKETS,
		.replay = LONG_PACKETS / 2,
		.context = "process",
	};
	struct producer producer = { .packet_size = LONG_PACKET, .number = 1, .count = 16000 };
	unsigned char *buffer = malloc(LONG_BYTES);
	uint64_t next = 1;

	ASSERT_NE(NULL, buffer);
	ASSERT_EQ(0, sim_start(LONG_NAME, &config));
	producer.injector = sim_open_injector(LONG_NAME);
	ASSERT_TRUE(producer_start(&producer));
	while (next <= producer.count) {
		int fd = sim_open(LONG_NAME, O_RDONLY | O_NONBLOCK);
		ssize_t bytes;

		ASSERT_LE(0, fd);
		/* dropped of the first record counts from open(). */
		bytes = read_errno(fd, buffer, LONG_BYTES);
		if (bytes != -EAGAIN) {
			const struct notify_multi_record *first = (void *)buffer;

			ASSERT_LT(0, bytes);
			ASSERT_GE(LONG_PACKETS / 2, count_replayed(buffer, bytes));
			next = first->seq - first->dropped;
			ASSERT_EQ(0, wrong_record_seq(buffer, bytes, &next));
		}
		close(fd);
	}
	EXPECT_EQ((ssize_t)producer.count * LONG_PACKET, producer_join(&producer));
	close(producer.injector);
	EXPECT_EQ(0, sim_remove(LONG_NAME));
	free(buffer);
}

TEST_HARNESS_MAIN
