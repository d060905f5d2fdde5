// SPDX-License-Identifier: GPL-2.0
/*
 * The reader of the mapped ring: it returns the records that read() returns, also after an
 * overrun.
 */

#include <notify_multi/reader.h>
#include <sched.h>
#include <sys/mman.h>

#include "device.h"

#define LIMIT	5
#define SLOTS	8

FIXTURE(ring)
{
	SIM_DEVICE;
	uint64_t first;		/* seq of the first packet */
	size_t bytes;
	const struct notify_multi_ring *map;
	struct notify_multi_reader reader;
	unsigned char mapped[LIMIT * RECORD];
	unsigned char read[LIMIT * RECORD];
	__u32 position;
};

/* Ring positions are the low 32 bits of seq. Test their wrap, too. */
FIXTURE_VARIANT(ring)
{
	uint64_t first_seq;
};

FIXTURE_VARIANT_ADD(ring, from_1) { .first_seq = 1 };
FIXTURE_VARIANT_ADD(ring, across_u32_wrap) { .first_seq = 0xfffffffdULL };

/* Map the ring, and start to read at the oldest queued packet. */
#define MAP()									\
do {										\
	self->bytes = get_info(self->fd).ring_bytes;				\
	self->map = mmap(NULL, self->bytes, PROT_READ, MAP_SHARED, self->fd, 0);	\
	ASSERT_NE(MAP_FAILED, self->map);					\
	READ_FROM(get_stats(self->fd).next);					\
} while (0)

#define UNMAP() ASSERT_EQ(0, munmap((void *)self->map, self->bytes))

#define READ_FROM(seq) notify_multi_reader_init(&self->reader, self->map, seq)

FIXTURE_SETUP(ring)
{
	SIM_SETUP(.max_packets = LIMIT, .first_seq = variant->first_seq);
	self->first = variant->first_seq;
	MAP();
}

FIXTURE_TEARDOWN(ring)
{
	munmap((void *)self->map, self->bytes);
	SIM_TEARDOWN();
}

#define NEXT() notify_multi_reader_next(&self->reader, (void *)self->mapped)

/* Packets are counted from 0. */
#define EXPECT_NEXT(packet, drops)							\
do {											\
	ASSERT_EQ(1, NEXT());								\
	EXPECT_RECORDS(self->mapped, .seq = self->first + (packet), .dropped = drops);	\
} while (0)

#define EXPECT_EMPTY() EXPECT_EQ(0, NEXT())

/* The next record from the ring and from read() must have the same bytes. */
#define EXPECT_SAME()									\
do {											\
	memset(self->mapped, 0xa5, RECORD);						\
	ASSERT_EQ(RECORD, read_errno(self->fd, self->read, RECORD));			\
	ASSERT_EQ(1, NEXT());								\
	EXPECT_EQ(0, memcmp(self->mapped, self->read, RECORD));				\
} while (0)

TEST_F(ring, header_describes_layout)
{
	BROADCAST(2);
	EXPECT_EQ((__u32)(self->first + 1), self->map->head);
	EXPECT_EQ(SLOTS, self->map->slots);
	EXPECT_EQ(RECORD, self->map->record_size);
	EXPECT_EQ(sysconf(_SC_PAGESIZE), self->map->data_offset);
	EXPECT_EQ(NOTIFY_MULTI_ABI_VERSION, self->map->abi_version);
	EXPECT_EQ(LIMIT, self->map->max_packets);
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);
}

/* Slot of a packet, counted from 0. */
#define RING_SLOT(packet)							\
	((const void *)self->map + self->map->data_offset +			\
	 ((self->first + (packet)) & (SLOTS - 1)) * RECORD)

TEST_F(ring, record_is_in_slot_of_its_position)
{
	BROADCAST(2 * SLOTS);
	for (unsigned int i = SLOTS; i < 2 * SLOTS; i++)
		EXPECT_RECORDS(RING_SLOT(i), .seq = self->first + i);
}

TEST_F(ring, new_ring_is_empty)
{
	EXPECT_EQ((__u32)(self->first - 1), self->map->head);
	EXPECT_EQ(NULL, notify_multi_reader_peek(&self->reader, &self->position));
	EXPECT_EMPTY();
	EXPECT_EQ(self->first, self->reader.next);
}

TEST_F(ring, records_match_read)
{
	for (unsigned int i = 0; i < 3 * SLOTS; i++) {
		ASSERT_EQ(0, sim_set_number(SIM_NAME, "status", -(int)i));
		BROADCAST(1);
		EXPECT_SAME();
		EXPECT_RECORDS(self->mapped, .seq = self->first + i, .status = -(int)i);
		EXPECT_EMPTY();
	}
}

TEST_F(ring, drops_match_read)
{
	for (unsigned int round = 1; round < 4 * SLOTS; round++) {
		BROADCAST(round);
		for (unsigned int i = 0; i < round && i < LIMIT - 1; i++)
			EXPECT_SAME();
	}
	EXPECT_SAME();
	EXPECT_RECORDS(self->mapped, .seq = self->seq);
	EXPECT_EMPTY();
	EXPECT_EQ(-EAGAIN, READ(RECORD));
}

TEST_F(ring, dropped_saturates_at_u32_max)
{
	BROADCAST(LIMIT + 1);
	READ_FROM(self->first + 1 - 0xffffff00ULL);
	EXPECT_NEXT(1, 0xffffff00);
	READ_FROM(self->first + 1 - (1ULL << 33));
	EXPECT_NEXT(1, 0xffffffff);
}

TEST_F(ring, queue_of_one_has_newest)
{
	UNMAP();
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	MAP();
	EXPECT_EQ(2, self->map->slots);
	EXPECT_EQ(1, self->map->max_packets);
	EXPECT_EQ((__u32)(self->first - 1), self->map->head);
	EXPECT_EMPTY();
	for (unsigned int i = 0; i < 4; i++) {
		BROADCAST(1);
		EXPECT_NEXT(i, 0);
		EXPECT_EMPTY();
	}
	BROADCAST(3);
	EXPECT_NEXT(6, 2);
	EXPECT_EMPTY();
}

TEST_F(ring, mapping_after_resize_has_kept_packets)
{
	UNMAP();
	BROADCAST(LIMIT);
	ASSERT_EQ(0, set_max_packets(self->fd, 2));
	/* Packets dropped by the resize are before next: only read() reports them. */
	MAP();
	EXPECT_NEXT(LIMIT - 2, 0);
	EXPECT_NEXT(LIMIT - 1, 0);
	EXPECT_EMPTY();
}

TEST_F(ring, reader_from_before_resize_counts_drops)
{
	UNMAP();
	BROADCAST(3 * LIMIT);
	ASSERT_EQ(0, set_max_packets(self->fd, 4 * LIMIT));
	MAP();
	EXPECT_EQ(self->first + 2 * LIMIT, self->map->first);
	READ_FROM(self->first);
	EXPECT_NEXT(2 * LIMIT, 2 * LIMIT);
	EXPECT_NEXT(2 * LIMIT + 1, 0);
}

TEST_F(ring, mapping_has_packets_consumed_by_read)
{
	BROADCAST(2);
	EXPECT_READ(.seq = self->first, .size = RECORD);
	EXPECT_NEXT(0, 0);
	EXPECT_EQ(0, memcmp(self->mapped, scratch, RECORD));
}

TEST_F(ring, replayed_packets_have_replay_flag)
{
	UNMAP();
	SIM_RESTART(.max_packets = LIMIT, .replay = 2, .first_seq = self->first);
	BROADCAST(3);
	OPEN();
	BROADCAST(1);
	MAP();
	for (unsigned int i = 1; i < 4; i++) {
		ASSERT_EQ(1, NEXT());
		EXPECT_RECORDS(self->mapped, .seq = self->first + i,
			       .flags = i < 3 ? NOTIFY_MULTI_REC_REPLAY : 0);
	}
}

/* -- Several records at once -- */

#define READ_MAPPED(buffer, count) notify_multi_reader_read(&self->reader, buffer, count)

TEST_F(ring, batches_match_read)
{
	for (unsigned int round = 1; round < 2 * SLOTS; round++) {
		unsigned int got, count;

		BROADCAST(round);
		memset(self->mapped, 0xa5, sizeof(self->mapped));
		memset(self->read, 0xa5, sizeof(self->read));
		for (got = 0; (count = READ_MAPPED(self->mapped + got * RECORD, LIMIT - got)); )
			got += count;
		EXPECT_EQ(round < LIMIT ? round : LIMIT, got);
		EXPECT_EQ(got * RECORD, read_errno(self->fd, self->read, sizeof(self->read)));
		EXPECT_EQ(0, memcmp(self->mapped, self->read, sizeof(self->read)));
		EXPECT_EQ(0, READ_MAPPED(self->mapped, LIMIT));
	}
}

TEST_F(ring, batch_fits_buffer)
{
	unsigned int got, count;

	BROADCAST(4);
	EXPECT_EQ(0, READ_MAPPED(self->mapped, 0));
	memset(self->mapped, 0xa5, sizeof(self->mapped));
	for (got = 0; got < 2; got += count) {
		count = READ_MAPPED(self->mapped + got * RECORD, 2 - got);
		ASSERT_LT(0, count);
	}
	EXPECT_EQ(2, got);
	EXPECT_RECORDS(self->mapped, .seq = self->first, .count = 2);
	EXPECT_EQ(0xa5, self->mapped[2 * RECORD]);
	EXPECT_EQ(self->first + 2, self->reader.next);
	EXPECT_NEXT(2, 0);
}

/* -- Records in place -- */

#define PEEK() notify_multi_reader_peek(&self->reader, &self->position)
#define DONE(record) notify_multi_reader_done(&self->reader, record, self->position)

/* Expect a packet, counted from 0, in place. */
#define EXPECT_PEEK(packet)							\
do {										\
	record = PEEK();							\
	ASSERT_NE(NULL, record);						\
	EXPECT_RECORDS(record, .seq = self->first + (packet));			\
} while (0)

TEST_F(ring, peek_repeats_record_until_done)
{
	const struct notify_multi_record *record;

	BROADCAST(2);
	for (unsigned int i = 0; i < 2; i++) {
		EXPECT_PEEK(i);
		EXPECT_EQ(record, PEEK());
		EXPECT_EQ(self->first + i, self->reader.next);
		EXPECT_EQ(1, DONE(record));
		EXPECT_EQ(self->first + i + 1, self->reader.next);
	}
	EXPECT_EQ(NULL, PEEK());
}

TEST_F(ring, peek_skips_to_oldest_queued)
{
	const struct notify_multi_record *record;

	BROADCAST(3 * SLOTS);
	EXPECT_PEEK(3 * SLOTS - LIMIT);
	EXPECT_EQ(1, DONE(record));
	EXPECT_PEEK(3 * SLOTS - LIMIT + 1);
}

TEST_F(ring, done_accepts_record_until_slot_is_next)
{
	const struct notify_multi_record *record;

	BROADCAST(1);
	EXPECT_PEEK(0);
	BROADCAST(SLOTS - 2);
	EXPECT_EQ(1, DONE(record));
	EXPECT_EQ(self->first + 1, self->reader.next);
}

TEST_F(ring, done_rejects_record_if_slot_is_next)
{
	const struct notify_multi_record *record;

	BROADCAST(1);
	EXPECT_PEEK(0);
	/* The record is still complete, but the kernel may have begun to overwrite it. */
	BROADCAST(SLOTS - 1);
	EXPECT_EQ(0, DONE(record));
	EXPECT_EQ(self->first, self->reader.next);
	EXPECT_PEEK(SLOTS - LIMIT);
	EXPECT_EQ(1, DONE(record));
}

TEST_F(ring, drops_before_rejected_record_are_reported)
{
	const struct notify_multi_record *record;

	BROADCAST(3 * SLOTS);
	EXPECT_PEEK(3 * SLOTS - LIMIT);
	BROADCAST(SLOTS);
	EXPECT_EQ(0, DONE(record));
	EXPECT_NEXT(4 * SLOTS - LIMIT, 4 * SLOTS - LIMIT);
}

/* -- CONSUME and poll -- */

#define ALL (POLLIN | POLLRDNORM | POLLPRI | POLLHUP)

TEST_F(ring, pollin_set_until_consume)
{
	BROADCAST(2);
	EXPECT_NEXT(0, 0);
	EXPECT_NEXT(1, 0);
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_now(self->fd, ALL));
	ASSERT_EQ(0, consume(self->fd, self->first));
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_now(self->fd, ALL));
	ASSERT_EQ(0, consume(self->fd, self->reader.next - 1));
	EXPECT_EQ(0, poll_now(self->fd, ALL));
	BROADCAST(1);
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_now(self->fd, ALL));
}

static ssize_t run_poll(void *fd)
{
	return wait_pollin(*(int *)fd);
}

TEST_F(ring, packet_wakes_poll_after_consume)
{
	struct thread thread;

	for (unsigned int i = 0; i < 3; i++) {
		ASSERT_TRUE(thread_start_asleep(&thread, run_poll, &self->fd));
		BROADCAST(1);
		ASSERT_EQ(true, thread_join(&thread));
		EXPECT_NEXT(i, 0);
		ASSERT_EQ(0, consume(self->fd, self->reader.next - 1));
		EXPECT_EQ(i + 1, get_stats(self->fd).delivered);
	}
}

/* -- Several mappings -- */

TEST_F(ring, each_client_has_own_ring)
{
	int first = self->fd;
	const struct notify_multi_reader reader = self->reader;

	OPEN_SECOND();
	ASSERT_EQ(0, set_max_packets(self->second, 2));
	self->fd = self->second;
	self->second = first;
	MAP();
	BROADCAST(4);
	EXPECT_EQ(2, self->map->max_packets);
	EXPECT_EQ(LIMIT, reader.ring->max_packets);
	EXPECT_NEXT(2, 2);
	self->reader = reader;
	EXPECT_NEXT(0, 0);
	/* CONSUME affects one client only. */
	ASSERT_EQ(0, consume(self->fd, self->first + 3));
	EXPECT_EQ(0, poll_now(self->fd, POLLIN));
	EXPECT_EQ(POLLIN, poll_now(self->second, POLLIN));
}

TEST_F(ring, second_mapping_shows_same_ring)
{
	const void *map = mmap(NULL, self->bytes, PROT_READ, MAP_SHARED, self->fd, 0);

	ASSERT_NE(MAP_FAILED, map);
	BROADCAST(3);
	EXPECT_EQ(0, memcmp(map, self->map, self->bytes));
	munmap((void *)map, self->bytes);
	/* The first mapping remains. */
	EXPECT_EQ(-EBUSY, set_max_packets(self->fd, 4));
	EXPECT_NEXT(0, 0);
}

/* -- Unregistration -- */

TEST_F(ring, records_readable_after_unregister)
{
	BROADCAST(3);
	EXPECT_NEXT(0, 0);
	UNREGISTER();
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLHUP, poll_now(self->fd, ALL));
	EXPECT_NEXT(1, 0);
	EXPECT_NEXT(2, 0);
	EXPECT_EMPTY();
	ASSERT_EQ(0, consume(self->fd, self->reader.next - 1));
	EXPECT_EQ(POLLHUP, poll_now(self->fd, ALL));
}

TEST_F(ring, mmap_works_after_unregister)
{
	UNMAP();
	BROADCAST(2);
	UNREGISTER();
	MAP();
	EXPECT_NEXT(0, 0);
}

TEST_F(ring, next_source_uses_new_ring)
{
	BROADCAST(1);
	UNREGISTER();
	REREGISTER();
	BROADCAST(1);
	EXPECT_NEXT(0, 0);
	EXPECT_EMPTY();
}

/* -- Unused memory -- */

static bool all_zero(const void *from, const void *to)
{
	for (const unsigned char *byte = from; byte < (const unsigned char *)to; byte++)
		if (*byte)
			return false;
	return true;
}

TEST_F(ring, unwritten_memory_is_zero)
{
	EXPECT_TRUE(all_zero(self->map->reserved, (const void *)self->map + self->bytes));
}

/* -- Overrun -- */

FIXTURE(overrun)
{
	SIM_DEVICE;
	size_t bytes;
	const struct notify_multi_ring *map;
	struct notify_multi_reader reader;
};

FIXTURE_VARIANT(overrun)
{
	uint64_t first_seq;
	unsigned int packet_size;
	unsigned int max_packets;
	unsigned int burst;
	unsigned int bursts;
	unsigned int batch;	/* records per read; 0: in place */
};

/* Two slots: the kernel writes one while the other is read. */
FIXTURE_VARIANT_ADD(overrun, queue_of_one)
{
	.first_seq = 1, .packet_size = 4096, .max_packets = 1, .burst = 64, .bursts = 150,
	.batch = 1,
};

/* The record is read in place while it may be overwritten. */
FIXTURE_VARIANT_ADD(overrun, by_peek)
{
	.first_seq = 1, .packet_size = 4096, .max_packets = 1, .burst = 64, .bursts = 150,
};

FIXTURE_VARIANT_ADD(overrun, in_batches)
{
	.first_seq = 1, .packet_size = 1024, .max_packets = 3, .burst = 64, .bursts = 150,
	.batch = 3,
};

/* Reads more than 10000 records. Each burst is four times the number of slots. */
FIXTURE_VARIANT_ADD(overrun, across_u32_wrap)
{
	.first_seq = 0xffffa000ULL, .packet_size = 256, .max_packets = 31, .burst = 128,
	.bursts = 375, .batch = 1,
};

FIXTURE_SETUP(overrun)
{
	SIM_SETUP(.packet_size = variant->packet_size, .max_packets = variant->max_packets,
		  .first_seq = variant->first_seq, .context = "process");
	MAP();
}

FIXTURE_TEARDOWN(overrun)
{
	UNMAP();
	SIM_TEARDOWN();
}

/* Read the next records to scratch. Return their number. */
static unsigned int read_mapped(struct notify_multi_reader *reader, unsigned int batch)
{
	if (batch > 1)
		return notify_multi_reader_read(reader, scratch, batch);
	return notify_multi_reader_next(reader, (void *)scratch);
}

/* The same, from the record in place. Only its copy has the number of drops. */
static unsigned int read_in_place(struct notify_multi_reader *reader)
{
	struct notify_multi_record *copy = (void *)scratch;
	const struct notify_multi_record *record;
	uint64_t next = reader->next;
	__u32 position;

	do {
		record = notify_multi_reader_peek(reader, &position);
		if (!record)
			return 0;
		memcpy(scratch, record, reader->ring->record_size);
	} while (!notify_multi_reader_done(reader, record, position));
	copy->dropped = copy->seq - next;
	return 1;
}

/* Each burst is many times the number of slots, and starts when the reader has read all before. */
TEST_F(overrun, reader_counts_drops_rejects_torn_records)
{
	uint64_t next = variant->first_seq, got = 0;
	struct producer producer;

	/* Some packets are dropped in any case. */
	BROADCAST(variant->burst);
	for (unsigned int burst = 0; burst < variant->bursts; burst++) {
		START_BROADCAST(&producer, variant->burst);
		while (next <= self->seq) {
			unsigned int count = variant->batch ?
				read_mapped(&self->reader, variant->batch) :
				read_in_place(&self->reader);

			if (!count)
				sched_yield();
			ASSERT_CORRECT(wrong_stream(scratch, count * self->map->record_size,
						    variant->packet_size, &next));
			ASSERT_EQ(next, self->reader.next);
			got += count;
		}
		END_BROADCAST(&producer);
	}
	EXPECT_LE((uint64_t)variant->bursts * variant->max_packets, got);
	EXPECT_LE(variant->burst - variant->max_packets, next - variant->first_seq - got);
	EXPECT_EQ(0, read_mapped(&self->reader, 1));
	TH_LOG("%" PRIu64 " packets, %" PRIu64 " read", next - variant->first_seq, got);
}

TEST_HARNESS_MAIN
