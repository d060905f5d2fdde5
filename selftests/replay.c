// SPDX-License-Identifier: GPL-2.0
/*
 * Replay of the last packets to new clients.
 */

#include "device.h"

#define LIMIT	8
#define BURST	10
#define REPLAY	NOTIFY_MULTI_REC_REPLAY

FIXTURE_VARIANT(replay)
{
	unsigned int packets;
	uint64_t first_seq;
};

SIM_FIXTURE(replay, .max_packets = LIMIT, .replay = variant->packets,
	    .first_seq = variant->first_seq, .no_client = true)

FIXTURE_VARIANT_ADD(replay, last_packet) { .packets = 1, .first_seq = 1 };
FIXTURE_VARIANT_ADD(replay, some_packets) { .packets = 3, .first_seq = 1 };
FIXTURE_VARIANT_ADD(replay, full_queue) { .packets = LIMIT, .first_seq = 1 };
FIXTURE_VARIANT_ADD(replay, across_u32_wrap) { .packets = 3, .first_seq = 0xfffffffdULL };

TEST_F(replay, is_empty_before_first_broadcast)
{
	OPEN();
	EXPECT_EQ(variant->packets, get_info(self->fd).replay);
	EXPECT_EQ(variant->first_seq, get_stats(self->fd).next);
	EXPECT_EQ(-EAGAIN, READ(RECORD));
}

TEST_F(replay, has_only_broadcast_packets)
{
	BROADCAST(1);
	OPEN();
	EXPECT_READ(.seq = variant->first_seq, .flags = REPLAY);
}

TEST_F(replay, new_client_starts_with_last_packets)
{
	uint64_t seq;

	BROADCAST(20);
	OPEN();
	seq = self->seq - variant->packets + 1;
	EXPECT_STATS(.seq = self->seq, .next = seq, .pending_packets = variant->packets);
	EXPECT_EQ(POLLIN, poll_now(self->fd, POLLIN | POLLPRI));
	EXPECT_READ(.seq = seq, .count = variant->packets, .flags = REPLAY);
	EXPECT_EQ(variant->packets, get_stats(self->fd).delivered);

	BROADCAST(1);
	EXPECT_READ(.seq = self->seq);
}

TEST_F(replay, replayed_packets_are_dropped_first)
{
	const struct notify_multi_record *record = (void *)scratch;

	BROADCAST(20);
	OPEN();
	BROADCAST(LIMIT - variant->packets + 1);
	ASSERT_EQ(LIMIT * RECORD, READ(sizeof(scratch)));
	EXPECT_EQ(1, record->dropped);
	EXPECT_EQ(self->seq - LIMIT + 1, record->seq);
}

TEST_F(replay, existing_client_gets_no_replay)
{
	OPEN();
	BROADCAST(2);
	close(sim_open(SIM_NAME, O_RDONLY));
	EXPECT_READ(.seq = variant->first_seq, .count = 2);
}

TEST_F(replay, includes_status)
{
	ASSERT_EQ(0, sim_set(SIM_NAME, "status", "-71"));
	BROADCAST(1);
	OPEN();
	EXPECT_READ(.seq = variant->first_seq, .status = -71, .flags = REPLAY);
}

/* -- Clients that are opened during broadcasts -- */

FIXTURE_VARIANT(replay_race)
{
	unsigned int packet_size;
	unsigned int max_packets;
	unsigned int replay;
};

SIM_FIXTURE(replay_race, .packet_size = variant->packet_size, .max_packets = variant->max_packets,
	    .replay = variant->replay, .context = "process", .no_client = true)

FIXTURE_VARIANT_ADD(replay_race, short_queue) { PACKET, LIMIT, 3 };
/* Copying the replayed packets takes long enough for broadcasts to occur during the copy. */
FIXTURE_VARIANT_ADD(replay_race, long_queue) { 4096, 200, 100 };

struct broadcaster {
	struct thread thread;
	int injector;
	size_t packet_size;
	bool stop;
};

static ssize_t broadcaster_main(void *data)
{
	struct broadcaster *broadcaster = data;
	ssize_t ret = 1;

	for (uint64_t seq = 1; ret > 0 && !__atomic_load_n(&broadcaster->stop, __ATOMIC_ACQUIRE);
	     seq += BURST)
		ret = sim_broadcast(broadcaster->injector, broadcaster->packet_size, seq, BURST);
	return ret;
}

TEST_F(replay_race, stream_has_no_gap_after_replay)
{
	const struct notify_multi_record *record = (void *)scratch;
	const ssize_t record_bytes = RECORD_SIZE(variant->packet_size);
	struct broadcaster broadcaster = {
		.injector = self->injector,
		.packet_size = variant->packet_size,
	};

	OPEN();
	ASSERT_TRUE(thread_start(&broadcaster.thread, broadcaster_main, &broadcaster));
	ASSERT_TRUE(wait_pollin(self->fd));
	for (unsigned int round = 0; round < 200; round++) {
		unsigned int replayed = 0;
		uint64_t next;
		ssize_t bytes;

		OPEN();
		bytes = READ(sizeof(scratch));
		ASSERT_LT(0, bytes);
		/* dropped of the first record counts from open(). */
		next = record->seq - record->dropped;
		ASSERT_CORRECT(wrong_stream(scratch, bytes, variant->packet_size, &next));
		/* No replayed record follows a new one. */
		for (ssize_t at = 0; at < bytes; at += record_bytes)
			if (((struct notify_multi_record *)(scratch + at))->flags)
				ASSERT_EQ(at, replayed++ * record_bytes);
		ASSERT_GE(variant->replay, replayed);
	}
	__atomic_store_n(&broadcaster.stop, true, __ATOMIC_RELEASE);
	ASSERT_EQ((ssize_t)(BURST * variant->packet_size), thread_join(&broadcaster.thread));
}

/* The history is copied in more than one batch. */
SIM_FIXTURE(large_replay, .packet_size = 4096, .max_packets = 64, .replay = 64,
	    .no_client = true)

TEST_F(large_replay, new_client_starts_with_last_packets)
{
	BROADCAST(70);
	OPEN();
	EXPECT_STATS(.seq = 70, .next = 7, .pending_packets = 64);
	EXPECT_READ(.seq = 7, .count = 64, .flags = REPLAY);
	BROADCAST(1);
	EXPECT_READ(.seq = 71);
}

TEST_HARNESS_MAIN
