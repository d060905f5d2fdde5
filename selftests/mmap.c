// SPDX-License-Identifier: GPL-2.0
/*
 * The mapped ring: its reader returns the records that read() returns, and the mapping
 * is read-only.
 */

#include <notify_multi/reader.h>

#include "sim.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#define PACKET	20
#define RECORD	(RECORD_HEADER + 24)
#define LIMIT	5
#define SLOTS	8

static void *map_ring(int fd)
{
	return mmap(NULL, get_info(fd).ring_bytes, PROT_READ, MAP_SHARED, fd, 0);
}

static int map_errno(int fd, size_t bytes, int prot, int flags, off_t offset)
{
	void *map = mmap(NULL, bytes, prot, flags, fd, offset);

	if (map == MAP_FAILED)
		return -errno;
	munmap(map, bytes);
	return 0;
}

/* Needs an open client; the path is valid after its close. */
static void clients_path(int fd, char *path, size_t size)
{
	struct stat st;

	path[0] = '\0';
	if (!fstat(fd, &st))
		snprintf(path, size, "/sys/dev/char/%u:%u/clients", major(st.st_rdev),
			 minor(st.st_rdev));
}

static int read_clients(const char *path)
{
	char text[32];
	int ret = read_file(path, text, sizeof(text));

	return ret ? ret : atoi(text);
}

/* -- Reading -- */

FIXTURE(ring)
{
	int injector;
	int fd;
	int other;
	uint64_t first;
	size_t bytes;
	const struct notify_multi_ring *map;
	struct notify_multi_reader reader;
	__u32 position;
	union {
		struct notify_multi_record record;
		unsigned char bytes[RECORD];
	} mapped, read;
};

/* Ring positions are the low 32 bits of seq. Test their wrap, too. */
FIXTURE_VARIANT(ring)
{
	uint64_t first_seq;
};

FIXTURE_VARIANT_ADD(ring, from_1)
{
	.first_seq = 1,
};

FIXTURE_VARIANT_ADD(ring, across_u32_wrap)
{
	.first_seq = 0xfffffffdULL,
};

FIXTURE_SETUP(ring)
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
	/* Gets the same packets by read(). */
	self->other = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->other);
	self->bytes = get_info(self->fd).ring_bytes;
	self->map = map_ring(self->fd);
	ASSERT_NE(MAP_FAILED, self->map);
	notify_multi_reader_init(&self->reader, self->map, get_stats(self->fd).next);
}

FIXTURE_TEARDOWN(ring)
{
	munmap((void *)self->map, self->bytes);
	close(self->other);
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

/* Packets are numbered from 0. */
#define BROADCAST(number, count) \
	ASSERT_EQ((ssize_t)(count) * PACKET, \
		  sim_broadcast(self->injector, PACKET, number, count))

#define NEXT() notify_multi_reader_next(&self->reader, &self->mapped.record)

#define EXPECT_RECORD(number, drops)							\
do {											\
	EXPECT_EQ(self->first + (number), self->mapped.record.seq);			\
	EXPECT_EQ((__u32)(drops), self->mapped.record.dropped);				\
	EXPECT_TRUE(packet_is(self->mapped.record.data, PACKET, number));		\
} while (0)

/* The next record from the ring and from read() must have the same bytes. */
#define EXPECT_SAME()									\
do {											\
	memset(&self->mapped, 0xa5, sizeof(self->mapped));				\
	memset(&self->read, 0x5a, sizeof(self->read));					\
	ASSERT_EQ(RECORD, read_errno(self->other, self->read.bytes, RECORD));		\
	ASSERT_EQ(1, NEXT());								\
	EXPECT_EQ(0, memcmp(&self->mapped, &self->read, RECORD));			\
} while (0)

TEST_F(ring, header_describes_layout)
{
	BROADCAST(0, 2);
	EXPECT_EQ((__u32)(self->first + 1), self->map->head);
	EXPECT_EQ(SLOTS, self->map->slots);
	EXPECT_EQ(RECORD, self->map->record_size);
	EXPECT_EQ(sysconf(_SC_PAGESIZE), self->map->data_offset);
	EXPECT_EQ(NOTIFY_MULTI_ABI_VERSION, self->map->abi_version);
	EXPECT_EQ(LIMIT, self->map->max_packets);
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);
}

TEST_F(ring, record_is_in_slot_of_its_position)
{
	const struct notify_multi_record *record;
	unsigned int i;

	BROADCAST(0, 2 * SLOTS);
	for (i = SLOTS; i < 2 * SLOTS; i++) {
		record = (const void *)((const char *)self->map + self->map->data_offset +
					((self->first + i) & (SLOTS - 1)) * RECORD);
		EXPECT_EQ(self->first + i, record->seq);
		EXPECT_EQ(PACKET, record->size);
		EXPECT_TRUE(packet_is(record->data, PACKET, i));
	}
}

TEST_F(ring, new_ring_is_empty)
{
	EXPECT_EQ((__u32)(self->first - 1), self->map->head);
	EXPECT_EQ(NULL, notify_multi_reader_peek(&self->reader, &self->position));
	EXPECT_EQ(0, NEXT());
	EXPECT_EQ(self->first, self->reader.next);
}

TEST_F(ring, records_match_read)
{
	unsigned int i;

	for (i = 0; i < 3 * SLOTS; i++) {
		ASSERT_EQ(0, sim_set_number(SIM_NAME, "status", -(int)i));
		BROADCAST(i, 1);
		EXPECT_SAME();
		EXPECT_EQ(-(int)i, self->mapped.record.status);
		EXPECT_RECORD(i, 0);
		EXPECT_EQ(0, NEXT());
	}
}

TEST_F(ring, full_queue_is_read_in_order)
{
	unsigned int i;

	BROADCAST(0, LIMIT);
	for (i = 0; i < LIMIT; i++) {
		EXPECT_SAME();
		EXPECT_RECORD(i, 0);
	}
	EXPECT_EQ(0, NEXT());
}

TEST_F(ring, overflow_drops_oldest)
{
	unsigned int i;

	/* The oldest packet is dropped although its slot has not been overwritten. */
	BROADCAST(0, LIMIT + 1);
	EXPECT_SAME();
	EXPECT_RECORD(1, 1);
	for (i = 2; i < LIMIT + 1; i++) {
		EXPECT_SAME();
		EXPECT_RECORD(i, 0);
	}
	EXPECT_EQ(0, NEXT());
}

TEST_F(ring, drops_match_read)
{
	unsigned int round, number = 0, i;

	for (round = 0; round < 4 * SLOTS; round++) {
		BROADCAST(number, round);
		number += round;
		for (i = 0; i < round && i < LIMIT - 1; i++)
			EXPECT_SAME();
	}
	EXPECT_SAME();
	EXPECT_RECORD(number - 1, 0);
	EXPECT_EQ(0, NEXT());
	EXPECT_EQ(-EAGAIN, read_errno(self->other, self->read.bytes, RECORD));
}

TEST_F(ring, late_reader_counts_from_its_start)
{
	BROADCAST(0, 3);
	ASSERT_EQ(0, consume(self->fd, self->first));
	notify_multi_reader_init(&self->reader, self->map, get_stats(self->fd).next);
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(1, 0);
	BROADCAST(3, 10);
	notify_multi_reader_init(&self->reader, self->map, self->first + 2);
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(13 - LIMIT, 13 - LIMIT - 2);
}

TEST_F(ring, dropped_saturates_at_u32_max)
{
	BROADCAST(0, LIMIT + 1);
	notify_multi_reader_init(&self->reader, self->map, self->first + 1 - 0xffffff00ULL);
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(1, 0xffffff00);
	notify_multi_reader_init(&self->reader, self->map, self->first + 1 - (1ULL << 33));
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(1, 0xffffffff);
}

TEST_F(ring, queue_of_one_has_newest)
{
	unsigned int i;

	munmap((void *)self->map, self->bytes);
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	self->bytes = get_info(self->fd).ring_bytes;
	self->map = map_ring(self->fd);
	ASSERT_NE(MAP_FAILED, self->map);
	notify_multi_reader_init(&self->reader, self->map, get_stats(self->fd).next);
	EXPECT_EQ(2, self->map->slots);
	EXPECT_EQ(1, self->map->max_packets);
	EXPECT_EQ((__u32)(self->first - 1), self->map->head);
	EXPECT_EQ(0, NEXT());
	for (i = 0; i < 4; i++) {
		BROADCAST(i, 1);
		ASSERT_EQ(1, NEXT());
		EXPECT_RECORD(i, 0);
		EXPECT_EQ(0, NEXT());
	}
	BROADCAST(4, 3);
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(6, 2);
	EXPECT_EQ(0, NEXT());
}

TEST_F(ring, mapping_after_resize_has_kept_packets)
{
	munmap((void *)self->map, self->bytes);
	BROADCAST(0, LIMIT);
	ASSERT_EQ(0, set_max_packets(self->fd, 2));
	self->bytes = get_info(self->fd).ring_bytes;
	self->map = map_ring(self->fd);
	ASSERT_NE(MAP_FAILED, self->map);
	/* Packets dropped by the resize are before next: only read() reports them. */
	notify_multi_reader_init(&self->reader, self->map, get_stats(self->fd).next);
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(LIMIT - 2, 0);
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(LIMIT - 1, 0);
	EXPECT_EQ(0, NEXT());
}

TEST_F(ring, reader_from_before_resize_counts_drops)
{
	__u64 next = get_stats(self->fd).next;

	munmap((void *)self->map, self->bytes);
	BROADCAST(0, 3 * LIMIT);
	ASSERT_EQ(0, set_max_packets(self->fd, 4 * LIMIT));
	self->bytes = get_info(self->fd).ring_bytes;
	self->map = map_ring(self->fd);
	ASSERT_NE(MAP_FAILED, self->map);
	EXPECT_EQ(next + 2 * LIMIT, self->map->first);
	notify_multi_reader_init(&self->reader, self->map, next);
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(2 * LIMIT, 2 * LIMIT);
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(2 * LIMIT + 1, 0);
}

TEST_F(ring, mapping_has_packets_consumed_by_read)
{
	BROADCAST(0, 2);
	ASSERT_EQ(RECORD, read_errno(self->fd, self->read.bytes, RECORD));
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(0, 0);
	EXPECT_EQ(0, memcmp(&self->mapped, &self->read, RECORD));
}

/* -- Several records at once -- */

#define READ_MAPPED(buffer, count) notify_multi_reader_read(&self->reader, buffer, count)

TEST_F(ring, batches_match_read)
{
	unsigned char mapped[LIMIT * RECORD], buffer[LIMIT * RECORD];
	unsigned int round, number = 0, got, count;

	for (round = 0; round < 2 * SLOTS; round++) {
		BROADCAST(number, round);
		number += round;
		memset(mapped, 0xa5, sizeof(mapped));
		memset(buffer, 0xa5, sizeof(buffer));
		for (got = 0; (count = READ_MAPPED(mapped + got * RECORD, LIMIT - got)); )
			got += count;
		EXPECT_EQ(round < LIMIT ? round : LIMIT, got);
		EXPECT_EQ(got ? (ssize_t)(got * RECORD) : -EAGAIN,
			  read_errno(self->other, buffer, sizeof(buffer)));
		EXPECT_EQ(0, memcmp(mapped, buffer, sizeof(buffer)));
		EXPECT_EQ(0, READ_MAPPED(mapped, LIMIT));
	}
}

TEST_F(ring, batch_fits_buffer)
{
	unsigned char buffer[3 * RECORD];
	unsigned int got, count;

	BROADCAST(0, 4);
	EXPECT_EQ(0, READ_MAPPED(buffer, 0));
	memset(buffer, 0xa5, sizeof(buffer));
	for (got = 0; got < 2; got += count) {
		count = READ_MAPPED(buffer + got * RECORD, 2 - got);
		ASSERT_LT(0, count);
	}
	EXPECT_EQ(2, got);
	EXPECT_EQ(0xa5, buffer[2 * RECORD]);
	EXPECT_EQ(self->first + 2, self->reader.next);
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(2, 0);
}

/* -- Records in place -- */

TEST_F(ring, peek_repeats_record_until_done)
{
	const struct notify_multi_record *record;
	unsigned int i;

	BROADCAST(0, 2);
	for (i = 0; i < 2; i++) {
		record = notify_multi_reader_peek(&self->reader, &self->position);
		ASSERT_NE(NULL, record);
		EXPECT_EQ(record, notify_multi_reader_peek(&self->reader, &self->position));
		EXPECT_EQ(self->first + i, record->seq);
		EXPECT_TRUE(packet_is(record->data, PACKET, i));
		EXPECT_EQ(self->first + i, self->reader.next);
		EXPECT_EQ(1, notify_multi_reader_done(&self->reader, record, self->position));
		EXPECT_EQ(self->first + i + 1, self->reader.next);
	}
	EXPECT_EQ(NULL, notify_multi_reader_peek(&self->reader, &self->position));
}

TEST_F(ring, peek_skips_to_oldest_queued)
{
	const struct notify_multi_record *record;

	BROADCAST(0, 3 * SLOTS);
	record = notify_multi_reader_peek(&self->reader, &self->position);
	ASSERT_NE(NULL, record);
	EXPECT_EQ(self->first + 3 * SLOTS - LIMIT, record->seq);
	EXPECT_EQ(1, notify_multi_reader_done(&self->reader, record, self->position));
	record = notify_multi_reader_peek(&self->reader, &self->position);
	ASSERT_NE(NULL, record);
	EXPECT_EQ(self->first + 3 * SLOTS - LIMIT + 1, record->seq);
}

TEST_F(ring, done_accepts_record_until_slot_is_next)
{
	const struct notify_multi_record *record;

	BROADCAST(0, 1);
	record = notify_multi_reader_peek(&self->reader, &self->position);
	ASSERT_NE(NULL, record);
	BROADCAST(1, SLOTS - 2);
	EXPECT_EQ(1, notify_multi_reader_done(&self->reader, record, self->position));
	EXPECT_EQ(self->first + 1, self->reader.next);
}

TEST_F(ring, done_rejects_record_if_slot_is_next)
{
	const struct notify_multi_record *record;

	BROADCAST(0, 1);
	record = notify_multi_reader_peek(&self->reader, &self->position);
	ASSERT_NE(NULL, record);
	/* The record is still complete, but the kernel may have begun to overwrite it. */
	BROADCAST(1, SLOTS - 1);
	EXPECT_EQ(0, notify_multi_reader_done(&self->reader, record, self->position));
	EXPECT_EQ(self->first, self->reader.next);
	record = notify_multi_reader_peek(&self->reader, &self->position);
	ASSERT_NE(NULL, record);
	EXPECT_EQ(self->first + SLOTS - LIMIT, record->seq);
	EXPECT_TRUE(packet_is(record->data, PACKET, SLOTS - LIMIT));
	EXPECT_EQ(1, notify_multi_reader_done(&self->reader, record, self->position));
}

TEST_F(ring, drops_before_rejected_record_are_reported)
{
	const struct notify_multi_record *record;

	BROADCAST(0, 3 * SLOTS);
	record = notify_multi_reader_peek(&self->reader, &self->position);
	ASSERT_NE(NULL, record);
	BROADCAST(3 * SLOTS, SLOTS);
	EXPECT_EQ(0, notify_multi_reader_done(&self->reader, record, self->position));
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(4 * SLOTS - LIMIT, 4 * SLOTS - LIMIT);
}

/* -- CONSUME and poll -- */

#define ALL (POLLIN | POLLRDNORM | POLLPRI | POLLHUP)

TEST_F(ring, pollin_set_until_consume)
{
	BROADCAST(0, 2);
	ASSERT_EQ(1, NEXT());
	ASSERT_EQ(1, NEXT());
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_now(self->fd, ALL));
	ASSERT_EQ(0, consume(self->fd, self->first));
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_now(self->fd, ALL));
	ASSERT_EQ(0, consume(self->fd, self->reader.next - 1));
	EXPECT_EQ(0, poll_now(self->fd, ALL));
	BROADCAST(2, 1);
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_now(self->fd, ALL));
}

TEST_F(ring, consumed_records_count_as_delivered)
{
	struct notify_multi_stats stats;

	BROADCAST(0, 3);
	ASSERT_EQ(1, NEXT());
	EXPECT_EQ(3, get_stats(self->fd).pending_packets);
	ASSERT_EQ(1, NEXT());
	ASSERT_EQ(0, consume(self->fd, self->reader.next - 1));
	stats = get_stats(self->fd);
	EXPECT_EQ(self->reader.next, stats.next);
	EXPECT_EQ(2, stats.delivered);
	EXPECT_EQ(0, stats.dropped);
	EXPECT_EQ(1, stats.pending_packets);
}

TEST_F(ring, consume_counts_drops)
{
	struct notify_multi_stats stats;

	BROADCAST(0, 20);
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLPRI, poll_now(self->fd, ALL));
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(20 - LIMIT, 20 - LIMIT);
	ASSERT_EQ(0, consume(self->fd, self->reader.next - 1));
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_now(self->fd, ALL));
	stats = get_stats(self->fd);
	EXPECT_EQ(20 - LIMIT, stats.dropped);
	EXPECT_EQ(1, stats.delivered);
	EXPECT_EQ(LIMIT - 1, stats.pending_packets);
}

TEST_F(ring, consume_beyond_newest_returns_einval)
{
	EXPECT_EQ(-EINVAL, consume(self->fd, self->reader.next));
	BROADCAST(0, 1);
	ASSERT_EQ(1, NEXT());
	EXPECT_EQ(-EINVAL, consume(self->fd, self->reader.next));
	EXPECT_EQ(0, consume(self->fd, self->reader.next - 1));
}

#define ROUNDS 25

/* A program that reads all queued records, then calls CONSUME and poll(). */
struct poll_reader {
	pthread_t thread;
	int fd;
	struct notify_multi_reader reader;
	uint64_t end;
	unsigned int records;
	unsigned int polls;
	unsigned int idle;
	const char *wrong;
};

static void *poll_reader_main(void *data)
{
	struct poll_reader *poll_reader = data;
	union {
		struct notify_multi_record record;
		unsigned char bytes[RECORD];
	} out;
	struct pollfd pollfd = { .fd = poll_reader->fd, .events = POLLIN };

	while (poll_reader->reader.next != poll_reader->end && !poll_reader->wrong) {
		unsigned int before = poll_reader->records;

		while (notify_multi_reader_next(&poll_reader->reader, &out.record))
			poll_reader->records++;
		/* The first round has no wakeup. */
		if (poll_reader->polls && poll_reader->records == before)
			poll_reader->idle++;
		if (consume(poll_reader->fd, poll_reader->reader.next - 1))
			poll_reader->wrong = "consume";
		if (poll_reader->reader.next == poll_reader->end)
			break;
		poll_reader->polls++;
		if (poll(&pollfd, 1, -1) != 1 || pollfd.revents != POLLIN)
			poll_reader->wrong = "poll";
	}
	return NULL;
}

TEST_F(ring, packet_wakes_poll_after_consume)
{
	struct poll_reader poll_reader = {
		.fd = self->fd,
		.reader = self->reader,
		.end = self->first + ROUNDS,
	};
	unsigned int i;

	ASSERT_EQ(0, pthread_create(&poll_reader.thread, NULL, poll_reader_main, &poll_reader));
	for (i = 0; i < ROUNDS; i++) {
		/* The previous packet is consumed: the reader blocks, or is about to. */
		while (get_stats(self->fd).next != self->first + i)
			usleep(1000);
		BROADCAST(i, 1);
	}
	ASSERT_EQ(0, pthread_join(poll_reader.thread, NULL));
	EXPECT_EQ(NULL, poll_reader.wrong);
	EXPECT_EQ(ROUNDS, poll_reader.records);
	EXPECT_EQ(0, poll_reader.idle);
	EXPECT_LE(ROUNDS - 1, poll_reader.polls);
	EXPECT_GE(ROUNDS, poll_reader.polls);
	EXPECT_EQ(ROUNDS, get_stats(self->fd).delivered);
}

/* -- Several mappings -- */

TEST_F(ring, each_client_has_own_ring)
{
	const struct notify_multi_ring *map = map_ring(self->other);
	struct notify_multi_reader reader;

	ASSERT_NE(MAP_FAILED, map);
	notify_multi_reader_init(&reader, map, get_stats(self->other).next);
	munmap((void *)self->map, self->bytes);
	ASSERT_EQ(0, set_max_packets(self->fd, 2));
	self->map = map_ring(self->fd);
	ASSERT_NE(MAP_FAILED, self->map);
	notify_multi_reader_init(&self->reader, self->map, self->first);

	BROADCAST(0, 4);
	EXPECT_EQ(2, self->map->max_packets);
	EXPECT_EQ(LIMIT, map->max_packets);
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(2, 2);
	ASSERT_EQ(1, notify_multi_reader_next(&reader, &self->mapped.record));
	EXPECT_RECORD(0, 0);
	/* CONSUME affects one client only. */
	ASSERT_EQ(0, consume(self->other, self->first + 3));
	EXPECT_EQ(0, poll_now(self->other, POLLIN));
	EXPECT_EQ(POLLIN, poll_now(self->fd, POLLIN));
	munmap((void *)map, self->bytes);
}

TEST_F(ring, second_mapping_shows_same_ring)
{
	const struct notify_multi_ring *map = map_ring(self->fd);

	ASSERT_NE(MAP_FAILED, map);
	BROADCAST(0, 3);
	EXPECT_EQ(0, memcmp(map, self->map, self->bytes));
	munmap((void *)map, self->bytes);
	/* The first mapping remains. */
	EXPECT_EQ(-EBUSY, set_max_packets(self->fd, 4));
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(0, 0);
}

/* For a child: exit with the line number if @condition is false. */
#define CHILD_CHECK(condition)		\
do {					\
	if (!(condition))		\
		_exit(__LINE__ % 256);	\
} while (0)

TEST_F(ring, child_reads_inherited_mapping)
{
	int go[2], status;
	char byte = 0;
	pid_t child;

	ASSERT_EQ(0, pipe(go));
	BROADCAST(0, 1);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		CHILD_CHECK(NEXT() == 1 && self->mapped.record.seq == self->first);
		CHILD_CHECK(read(go[0], &byte, 1) == 1);
		CHILD_CHECK(NEXT() == 1 && self->mapped.record.seq == self->first + 1);
		CHILD_CHECK(packet_is(self->mapped.record.data, PACKET, 1));
		CHILD_CHECK(NEXT() == 0);
		_exit(0);
	}
	BROADCAST(1, 1);
	ASSERT_EQ(1, write(go[1], &byte, 1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	/* The child has its own copy of the reader. */
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(0, 0);
	close(go[0]);
	close(go[1]);
}

/* -- Unregistration -- */

TEST_F(ring, records_readable_after_unregister)
{
	BROADCAST(0, 3);
	ASSERT_EQ(1, NEXT());
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLHUP, poll_now(self->fd, ALL));
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(1, 0);
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(2, 0);
	EXPECT_EQ(0, NEXT());
	ASSERT_EQ(0, consume(self->fd, self->reader.next - 1));
	EXPECT_EQ(POLLHUP, poll_now(self->fd, ALL));
}

TEST_F(ring, mmap_works_after_unregister)
{
	munmap((void *)self->map, self->bytes);
	BROADCAST(0, 2);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	self->map = map_ring(self->fd);
	ASSERT_NE(MAP_FAILED, self->map);
	notify_multi_reader_init(&self->reader, self->map, get_stats(self->fd).next);
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(0, 0);
}

TEST_F(ring, next_source_uses_new_ring)
{
	BROADCAST(0, 1);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));
	close(self->injector);
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	BROADCAST(7, 1);
	ASSERT_EQ(1, NEXT());
	EXPECT_RECORD(0, 0);
	EXPECT_EQ(0, NEXT());
}

/* -- Unused memory -- */

static bool all_zero(const void *from, const void *to)
{
	const unsigned char *byte;

	for (byte = from; byte < (const unsigned char *)to; byte++)
		if (*byte)
			return false;
	return true;
}

TEST_F(ring, unwritten_memory_is_zero)
{
	const char *slots = (const char *)self->map + self->map->data_offset;
	const char *end = (const char *)self->map + self->bytes;
	/* The slot before the first packet contains the preceding seq. */
	const char *last = slots + ((self->first - 1) & (SLOTS - 1)) * RECORD;

	EXPECT_TRUE(all_zero(self->map->reserved, slots));
	EXPECT_TRUE(all_zero(slots, last));
	EXPECT_TRUE(all_zero(last + sizeof(__u64), end));
	EXPECT_EQ(self->first - 1, *(const __u64 *)last);
}

TEST_F(ring, padding_is_zero_in_all_slots)
{
	const char *slots = (const char *)self->map + self->map->data_offset;
	unsigned int i;

	BROADCAST(0, 3 * SLOTS);
	for (i = 0; i < SLOTS; i++)
		EXPECT_TRUE(all_zero(slots + i * RECORD + RECORD_HEADER + PACKET,
				     slots + (i + 1) * RECORD));
	EXPECT_TRUE(all_zero(slots + SLOTS * RECORD,
			     (const char *)self->map + self->bytes));
}

/* -- Arguments of mmap() -- */

FIXTURE(mapping)
{
	int injector;
	int fd;
	size_t page;
	size_t bytes;
	char *map;
	char clients[128];
	unsigned char buffer[RECORD];
};

FIXTURE_SETUP(mapping)
{
	const struct sim_config config = { .packet_size = 4096, .max_packets = LIMIT };

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	self->page = sysconf(_SC_PAGESIZE);
	self->bytes = get_info(self->fd).ring_bytes;
	self->map = MAP_FAILED;
	clients_path(self->fd, self->clients, sizeof(self->clients));
}

FIXTURE_TEARDOWN(mapping)
{
	close(self->fd);
	close(self->injector);
	sim_remove(SIM_NAME);
}

#define BIG		4096
#define BIG_RECORD	(RECORD_HEADER + BIG)

#define BROADCAST_BIG(number, count) \
	ASSERT_EQ((ssize_t)(count) * BIG, sim_broadcast(self->injector, BIG, number, count))

#define MAP()								\
do {									\
	self->map = map_ring(self->fd);					\
	ASSERT_NE(MAP_FAILED, self->map);				\
} while (0)

/* Return true if the slot of @seq contains its packet. Packets are numbered by their seq. */
static bool map_contains(const void *map, uint64_t seq)
{
	const struct notify_multi_ring *ring = map;
	const struct notify_multi_record *record =
		(const void *)((const char *)map + ring->data_offset +
			       (seq & (ring->slots - 1)) * ring->record_size);

	return record->seq == seq && packet_is(record->data, record->size, seq);
}

TEST_F(mapping, ring_is_header_page_and_slots)
{
	size_t slots = (8 * BIG_RECORD + self->page - 1) / self->page * self->page;

	EXPECT_EQ(self->page + slots, self->bytes);
	EXPECT_EQ(0, map_errno(self->fd, self->bytes, PROT_READ, MAP_SHARED, 0));
	EXPECT_EQ(0, map_errno(self->fd, self->bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, 0));
	EXPECT_EQ(0, map_errno(self->fd, self->bytes, PROT_NONE, MAP_SHARED, 0));
}

TEST_F(mapping, first_pages_can_be_mapped)
{
	const struct notify_multi_ring *ring;

	EXPECT_EQ(0, map_errno(self->fd, self->bytes - self->page, PROT_READ, MAP_SHARED, 0));
	ring = mmap(NULL, self->page, PROT_READ, MAP_SHARED, self->fd, 0);
	ASSERT_NE(MAP_FAILED, ring);
	BROADCAST_BIG(1, 3);
	EXPECT_EQ(3, ring->head);
	munmap((void *)ring, self->page);
}

TEST_F(mapping, mmap_past_end_returns_einval)
{
	EXPECT_EQ(-EINVAL, map_errno(self->fd, self->bytes + self->page, PROT_READ, MAP_SHARED, 0));
	EXPECT_EQ(-EINVAL, map_errno(self->fd, self->bytes + 1, PROT_READ, MAP_SHARED, 0));
	EXPECT_EQ(-EINVAL, map_errno(self->fd, 1UL << 30, PROT_READ, MAP_SHARED, 0));
}

TEST_F(mapping, mmap_length_follows_resize)
{
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	EXPECT_EQ(-EINVAL, map_errno(self->fd, self->bytes, PROT_READ, MAP_SHARED, 0));
	ASSERT_EQ(0, set_max_packets(self->fd, 100));
	EXPECT_EQ(0, map_errno(self->fd, get_info(self->fd).ring_bytes, PROT_READ, MAP_SHARED, 0));
}

TEST_F(mapping, mmap_at_offset_returns_einval)
{
	EXPECT_EQ(-EINVAL, map_errno(self->fd, self->page, PROT_READ, MAP_SHARED, self->page));
	EXPECT_EQ(-EINVAL, map_errno(self->fd, self->page, PROT_READ, MAP_SHARED,
				     self->bytes - self->page));
	EXPECT_EQ(-EINVAL, map_errno(self->fd, self->page, PROT_READ, MAP_SHARED, self->bytes));
}

TEST_F(mapping, private_mmap_returns_einval)
{
	EXPECT_EQ(-EINVAL, map_errno(self->fd, self->bytes, PROT_READ, MAP_PRIVATE, 0));
	EXPECT_EQ(-EINVAL, map_errno(self->fd, self->page, PROT_NONE, MAP_PRIVATE, 0));
}

TEST_F(mapping, writable_mmap_returns_eacces)
{
	int fd = sim_open(SIM_NAME, O_RDWR | O_NONBLOCK);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, map_errno(self->fd, self->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, 0));
	EXPECT_EQ(-EACCES, map_errno(fd, self->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, 0));
	EXPECT_EQ(-EACCES, map_errno(fd, self->bytes, PROT_WRITE, MAP_SHARED, 0));
	/* A private copy would not be updated. */
	EXPECT_GT(0, map_errno(fd, self->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0));
	EXPECT_EQ(0, map_errno(fd, self->bytes, PROT_READ, MAP_SHARED, 0));
	close(fd);
}

/* On a noexec mount, the kernel refuses before the driver does. */
static int exec_error(void)
{
	struct statvfs vfs;

	return !statvfs(NOTIFY_DIR SIM_NAME, &vfs) && vfs.f_flag & ST_NOEXEC ? -EPERM : -EACCES;
}

TEST_F(mapping, executable_mmap_is_refused)
{
	int fd = sim_open(SIM_NAME, O_RDWR | O_NONBLOCK);

	ASSERT_LE(0, fd);
	EXPECT_EQ(exec_error(), map_errno(self->fd, self->bytes, PROT_READ | PROT_EXEC,
					  MAP_SHARED, 0));
	EXPECT_EQ(exec_error(), map_errno(fd, self->bytes, PROT_EXEC, MAP_SHARED, 0));
	close(fd);
}

TEST_F(mapping, write_only_client_cannot_be_mapped)
{
	int fd = sim_open(SIM_NAME, O_WRONLY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, map_errno(fd, self->bytes, PROT_READ, MAP_SHARED, 0));
	close(fd);
}

TEST_F(mapping, mprotect_write_or_exec_returns_eacces)
{
	int fd = sim_open(SIM_NAME, O_RDWR | O_NONBLOCK);

	ASSERT_LE(0, fd);
	self->map = map_ring(fd);
	ASSERT_NE(MAP_FAILED, self->map);
	EXPECT_EQ(-1, mprotect(self->map, self->bytes, PROT_READ | PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(self->map, self->page, PROT_WRITE));
	EXPECT_EQ(EACCES, errno);
	EXPECT_EQ(-1, mprotect(self->map, self->bytes, PROT_READ | PROT_EXEC));
	EXPECT_EQ(EACCES, errno);
	munmap(self->map, self->bytes);
	close(fd);
}

TEST_F(mapping, mprotect_none_and_back_works)
{
	MAP();
	BROADCAST_BIG(1, 2);
	ASSERT_EQ(0, mprotect(self->map + self->page, self->page, PROT_NONE));
	ASSERT_EQ(0, mprotect(self->map + self->page, self->page, PROT_READ));
	EXPECT_TRUE(map_contains(self->map, 1));
	EXPECT_TRUE(map_contains(self->map, 2));
	munmap(self->map, self->bytes);
	/* All parts of the split mapping are unmapped now. */
	EXPECT_EQ(0, set_max_packets(self->fd, 4));
}

TEST_F(mapping, proc_mem_write_fails)
{
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	__u32 head = 99;

	ASSERT_LE(0, mem);
	MAP();
	EXPECT_EQ(-1, pwrite(mem, &head, sizeof(head), (uintptr_t)self->map));
	EXPECT_EQ(0, ((struct notify_multi_ring *)self->map)->head);
	munmap(self->map, self->bytes);
	close(mem);
}

#define REOPEN_WITH_COMPLETE_ERROR(error)				\
do {									\
	close(self->fd);						\
	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, error));		\
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);		\
	ASSERT_LE(0, self->fd);						\
} while (0)

TEST_F(mapping, mmap_with_complete_returns_eopnotsupp)
{
	REOPEN_WITH_COMPLETE_ERROR(-EIO);
	EXPECT_EQ(-EOPNOTSUPP, map_errno(self->fd, self->bytes, PROT_READ, MAP_SHARED, 0));
	REOPEN_WITH_COMPLETE_ERROR(0);
	EXPECT_EQ(0, map_errno(self->fd, self->bytes, PROT_READ, MAP_SHARED, 0));
}

TEST_F(mapping, mmap_with_complete_fails_after_unregister)
{
	REOPEN_WITH_COMPLETE_ERROR(-EIO);
	BROADCAST_BIG(1, 1);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(-EOPNOTSUPP, map_errno(self->fd, self->bytes, PROT_READ, MAP_SHARED, 0));
}

/* -- Resizing -- */

TEST_F(mapping, resize_while_mapped_returns_ebusy)
{
	MAP();
	BROADCAST_BIG(1, LIMIT);
	EXPECT_EQ(-EBUSY, set_max_packets(self->fd, 2));
	EXPECT_EQ(-EBUSY, set_max_packets(self->fd, LIMIT));
	EXPECT_EQ(-EBUSY, set_max_packets(self->fd, 100));
	EXPECT_EQ(-EINVAL, set_max_packets(self->fd, 0));
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);
	EXPECT_EQ(self->bytes, get_info(self->fd).ring_bytes);
	EXPECT_EQ(LIMIT, get_stats(self->fd).pending_packets);
	EXPECT_EQ(0, get_stats(self->fd).dropped);
	EXPECT_TRUE(map_contains(self->map, 1));
	munmap(self->map, self->bytes);
	EXPECT_EQ(0, set_max_packets(self->fd, 2));
	EXPECT_EQ(2, get_stats(self->fd).pending_packets);
}

TEST_F(mapping, refused_mmap_does_not_block_resize)
{
	EXPECT_EQ(-EINVAL, map_errno(self->fd, self->bytes + self->page, PROT_READ, MAP_SHARED, 0));
	EXPECT_EQ(-EINVAL, map_errno(self->fd, self->page, PROT_READ, MAP_SHARED, self->page));
	EXPECT_EQ(-EINVAL, map_errno(self->fd, self->page, PROT_READ, MAP_PRIVATE, 0));
	EXPECT_EQ(0, set_max_packets(self->fd, 4));
}

TEST_F(mapping, resize_works_after_last_part_unmapped)
{
	size_t half = self->bytes / self->page / 2 * self->page;

	MAP();
	BROADCAST_BIG(1, LIMIT);
	/* Unmap a page in the middle: two parts remain. */
	ASSERT_EQ(0, munmap(self->map + half, self->page));
	EXPECT_EQ(-EBUSY, set_max_packets(self->fd, 4));
	EXPECT_EQ(LIMIT, ((struct notify_multi_ring *)self->map)->head);
	EXPECT_TRUE(map_contains(self->map, 1));
	ASSERT_EQ(0, munmap(self->map, half));
	EXPECT_EQ(-EBUSY, set_max_packets(self->fd, 4));
	ASSERT_EQ(0, munmap(self->map + half + self->page, self->bytes - half - self->page));
	EXPECT_EQ(0, set_max_packets(self->fd, 4));
	EXPECT_EQ(4, get_info(self->fd).max_packets);
}

TEST_F(mapping, child_mapping_blocks_resize_until_exit)
{
	int go[2], status;
	char byte;
	pid_t child;

	ASSERT_EQ(0, pipe(go));
	MAP();
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		read(go[0], &byte, 1);
		_exit(0);
	}
	ASSERT_EQ(0, munmap(self->map, self->bytes));
	EXPECT_EQ(-EBUSY, set_max_packets(self->fd, 4));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, set_max_packets(self->fd, 4));
	close(go[0]);
	close(go[1]);
}

TEST_F(mapping, parent_mapping_outlives_child)
{
	int status;
	pid_t child;

	MAP();
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(munmap(self->map, self->bytes) ? 1 : 0);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(-EBUSY, set_max_packets(self->fd, 4));
	BROADCAST_BIG(1, 1);
	EXPECT_TRUE(map_contains(self->map, 1));
	munmap(self->map, self->bytes);
}

/* -- mremap -- */

TEST_F(mapping, moved_mapping_shows_same_ring)
{
	char *to = mmap(NULL, self->bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, to);
	MAP();
	BROADCAST_BIG(1, 2);
	EXPECT_TRUE(map_contains(self->map, 1));
	ASSERT_EQ(to, mremap(self->map, self->bytes, self->bytes,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	BROADCAST_BIG(3, 1);
	EXPECT_TRUE(map_contains(to, 1));
	EXPECT_TRUE(map_contains(to, 3));
	EXPECT_EQ(-EBUSY, set_max_packets(self->fd, 4));
	munmap(to, self->bytes);
	EXPECT_EQ(0, set_max_packets(self->fd, 4));
}

TEST_F(mapping, moved_part_shows_same_page)
{
	char *to = mmap(NULL, self->page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ASSERT_NE(MAP_FAILED, to);
	MAP();
	BROADCAST_BIG(1, 2);
	/* First page of slots. */
	memcpy(self->buffer, self->map + self->page, RECORD);
	ASSERT_EQ(to, mremap(self->map + self->page, self->page, self->page,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to));
	EXPECT_EQ(0, memcmp(self->buffer, to, RECORD));
	/* Move it back. */
	ASSERT_EQ(self->map + self->page,
		  mremap(to, self->page, self->page, MREMAP_MAYMOVE | MREMAP_FIXED,
			 self->map + self->page));
	EXPECT_TRUE(map_contains(self->map, 1));
	EXPECT_EQ(-EBUSY, set_max_packets(self->fd, 4));
	munmap(self->map, self->bytes);
	EXPECT_EQ(0, set_max_packets(self->fd, 4));
}

TEST_F(mapping, mremap_does_not_grow_mapping)
{
	MAP();
	EXPECT_EQ(MAP_FAILED, mremap(self->map, self->bytes, self->bytes + self->page,
				     MREMAP_MAYMOVE));
	/* Growing up to the size of the ring fails as well. */
	ASSERT_NE(MAP_FAILED, mremap(self->map, self->bytes, self->bytes - self->page, 0));
	EXPECT_EQ(MAP_FAILED, mremap(self->map, self->bytes - self->page, self->bytes,
				     MREMAP_MAYMOVE));
	EXPECT_EQ(0, ((struct notify_multi_ring *)self->map)->head);
	munmap(self->map, self->bytes);
	EXPECT_EQ(0, set_max_packets(self->fd, 4));
}

/* -- Lifetime of mappings -- */

TEST_F(mapping, mapping_pins_client_after_close)
{
	MAP();
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(1, read_clients(self->clients));
	EXPECT_EQ(0, sim_get_number(SIM_NAME, "departures"));
	BROADCAST_BIG(1, 2);
	EXPECT_TRUE(map_contains(self->map, 2));
	munmap(self->map, self->bytes);
	EXPECT_EQ(0, read_clients(self->clients));
	EXPECT_EQ(1, sim_get_number(SIM_NAME, "departures"));
}

TEST_F(mapping, mapping_outlives_fd_and_source)
{
	MAP();
	BROADCAST_BIG(1, 2 * LIMIT);
	close(self->fd);
	self->fd = -1;
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(1, sim_get_number(SIM_NAME, "departures"));
	EXPECT_EQ(2 * LIMIT, ((struct notify_multi_ring *)self->map)->head);
	EXPECT_TRUE(map_contains(self->map, 2 * LIMIT));
	/* This page has not been faulted in yet. */
	EXPECT_TRUE(map_contains(self->map, LIMIT + 1));
	munmap(self->map, self->bytes);
	EXPECT_EQ(1, sim_get_number(SIM_NAME, "departures"));
}

TEST_F(mapping, core_rmmod_fails_until_last_munmap)
{
	unsigned int others;

	MAP();
	BROADCAST_BIG(1, 1);
	close(self->fd);
	close(self->injector);
	self->fd = -1;
	self->injector = -1;
	ASSERT_EQ(0, sim_remove(SIM_NAME));
	ASSERT_EQ(0, unload_module("notify_sim"));
	others = unload_other_sources();
	EXPECT_EQ(-EWOULDBLOCK, unload_module("notify_multi"));
	EXPECT_TRUE(map_contains(self->map, 1));
	munmap(self->map, self->bytes);
	EXPECT_EQ(0, unload_module("notify_multi"));
	ASSERT_EQ(0, load_module("notify_multi", ""));
	ASSERT_EQ(0, load_module("notify_sim", ""));
	load_other_sources(others);
}

TEST_F(mapping, read_into_mapping_returns_efault)
{
	MAP();
	BROADCAST_BIG(1, 1);
	EXPECT_EQ(-EFAULT, read_errno(self->fd, self->map, self->bytes));
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
	EXPECT_TRUE(map_contains(self->map, 1));
	munmap(self->map, self->bytes);
}

TEST_F(mapping, large_packets_match_read)
{
	unsigned char *mapped = malloc(BIG_RECORD), *buffer = malloc(BIG_RECORD);
	struct notify_multi_reader reader;
	int other = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	unsigned int i;

	ASSERT_TRUE(mapped && buffer && other >= 0);
	MAP();
	notify_multi_reader_init(&reader, self->map, get_stats(self->fd).next);
	for (i = 1; i <= 2 * SLOTS; i++) {
		BROADCAST_BIG(i, 1);
		ASSERT_EQ(BIG_RECORD, read_errno(other, buffer, BIG_RECORD));
		ASSERT_EQ(1, notify_multi_reader_next(&reader, (void *)mapped));
		EXPECT_EQ(0, memcmp(mapped, buffer, BIG_RECORD));
		EXPECT_TRUE(packet_is(mapped + RECORD_HEADER, BIG, i));
	}
	munmap(self->map, self->bytes);
	close(other);
	free(buffer);
	free(mapped);
}

TEST_F(mapping, replayed_packets_have_replay_flag)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = LIMIT,
		.replay = 2,
	};
	union {
		struct notify_multi_record record;
		unsigned char bytes[RECORD];
	} out;
	struct notify_multi_reader reader;
	unsigned int i;

	close(self->fd);
	close(self->injector);
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	ASSERT_EQ(3 * PACKET, sim_broadcast(self->injector, PACKET, 1, 3));
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 4, 1));
	self->bytes = get_info(self->fd).ring_bytes;
	MAP();
	notify_multi_reader_init(&reader, self->map, get_stats(self->fd).next);
	for (i = 2; i <= 4; i++) {
		ASSERT_EQ(1, notify_multi_reader_next(&reader, &out.record));
		EXPECT_EQ(i, out.record.seq);
		EXPECT_EQ(0, out.record.dropped);
		EXPECT_EQ(i < 4 ? NOTIFY_MULTI_REC_REPLAY : 0, out.record.flags);
		EXPECT_TRUE(packet_is(out.record.data, PACKET, i));
	}
	munmap(self->map, self->bytes);
}

/* -- Overrun -- */

FIXTURE(overrun)
{
	int injector;
	int fd;
	size_t bytes;
	void *map;
	struct notify_multi_reader reader;
	unsigned char *copy;
};

FIXTURE_VARIANT(overrun)
{
	uint64_t first_seq;
	unsigned int packet_size;
	unsigned int max_packets;
	unsigned int burst;
	unsigned int bursts;
	bool peek;
	unsigned int batch;
};

/* Two slots: the kernel writes one while the other is read. */
FIXTURE_VARIANT_ADD(overrun, queue_of_one)
{
	.first_seq = 1,
	.packet_size = 4096,
	.max_packets = 1,
	.burst = 64,
	.bursts = 150,
};

/* The record is read in place while it may be overwritten. */
FIXTURE_VARIANT_ADD(overrun, by_peek)
{
	.first_seq = 1,
	.packet_size = 4096,
	.max_packets = 1,
	.burst = 64,
	.bursts = 150,
	.peek = true,
};

FIXTURE_VARIANT_ADD(overrun, in_batches)
{
	.first_seq = 1,
	.packet_size = 1024,
	.max_packets = 3,
	.burst = 64,
	.bursts = 150,
	.batch = 3,
};

/* Reads more than 10000 records. Each burst is four times the number of slots. */
FIXTURE_VARIANT_ADD(overrun, across_u32_wrap)
{
	.first_seq = 0xffffa000ULL,
	.packet_size = 256,
	.max_packets = 31,
	.burst = 128,
	.bursts = 375,
};

FIXTURE_SETUP(overrun)
{
	const struct sim_config config = {
		.packet_size = variant->packet_size,
		.max_packets = variant->max_packets,
		.first_seq = variant->first_seq,
		.context = "process",
	};

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	self->bytes = get_info(self->fd).ring_bytes;
	self->map = map_ring(self->fd);
	ASSERT_NE(MAP_FAILED, self->map);
	notify_multi_reader_init(&self->reader, self->map, get_stats(self->fd).next);
	self->copy = malloc(record_size(variant->packet_size) * variant->max_packets);
	ASSERT_NE(NULL, self->copy);
}

FIXTURE_TEARDOWN(overrun)
{
	free(self->copy);
	munmap(self->map, self->bytes);
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

/*
 * Broadcasts bursts of many times the number of slots. Waits until the reader has read the last
 * packet of each burst, so that a slow reader gets a minimum of records.
 */
struct flood {
	pthread_t thread;
	int injector;
	unsigned int packet_size;
	unsigned int burst;
	unsigned int bursts;
	uint64_t next;
	uint64_t read;
	const char *wrong;
};

/*
 * Each word of a packet is computed from its seq and the index of the word, so that any torn
 * packet is detected.
 */
static uint64_t flood_word(uint64_t seq, unsigned int at)
{
	return seq * 0x9e3779b97f4a7c15ULL ^ at;
}

static bool flood_packet_is(const void *packet, unsigned int size, uint64_t seq)
{
	const volatile uint64_t *words = packet;
	unsigned int at;

	for (at = 0; at < size / sizeof(uint64_t); at++)
		if (words[at] != flood_word(seq, at))
			return false;
	return true;
}

static void *flood_main(void *data)
{
	struct flood *flood = data;
	unsigned int words = flood->packet_size / sizeof(uint64_t);
	size_t bytes = (size_t)flood->burst * flood->packet_size;
	uint64_t *packets = malloc(bytes);
	unsigned int burst, i, at;

	for (burst = 0; packets && burst < flood->bursts; burst++) {
		for (i = 0; i < flood->burst; i++)
			for (at = 0; at < words; at++)
				packets[i * words + at] = flood_word(flood->next + i, at);
		if (write(flood->injector, packets, bytes) != (ssize_t)bytes)
			flood->wrong = "write";
		__atomic_store_n(&flood->next, flood->next + flood->burst, __ATOMIC_RELEASE);
		while (__atomic_load_n(&flood->read, __ATOMIC_ACQUIRE) < flood->next)
			sched_yield();
	}
	free(packets);
	return NULL;
}

struct tally {
	uint64_t next;
	uint64_t got;
	uint64_t dropped;
	uint64_t torn;
	uint64_t disorder;
	uint64_t wrong_dropped;
};

static void tally_record(struct tally *tally, const struct notify_multi_record *record,
			 uint64_t seq, bool complete)
{
	tally->torn += !complete;
	tally->disorder += seq < tally->next;
	tally->wrong_dropped += record && record->dropped != seq - tally->next;
	tally->dropped += seq - tally->next;
	tally->got++;
	tally->next = seq + 1;
}

static void tally_next(struct tally *tally, struct notify_multi_reader *reader, void *copy)
{
	struct notify_multi_record *record = copy;

	if (notify_multi_reader_next(reader, record))
		tally_record(tally, record, record->seq,
			     flood_packet_is(record->data, record->size, record->seq));
}

static void tally_batch(struct tally *tally, struct notify_multi_reader *reader, void *copy,
			unsigned int batch)
{
	unsigned int count = notify_multi_reader_read(reader, copy, batch), i;

	for (i = 0; i < count; i++) {
		const struct notify_multi_record *record =
			copy + (size_t)i * reader->ring->record_size;

		tally_record(tally, record, record->seq,
			     flood_packet_is(record->data, record->size, record->seq));
	}
}

/* Check the next record in place. */
static void tally_peek(struct tally *tally, struct notify_multi_reader *reader)
{
	const struct notify_multi_record *record;
	__u32 position;
	uint64_t seq;
	bool complete;

	do {
		record = notify_multi_reader_peek(reader, &position);
		if (!record)
			return;
		seq = *(const volatile __u64 *)&record->seq;
		/* record->size may be torn: use the size of the slot. */
		complete = flood_packet_is(record->data,
					   reader->ring->record_size - RECORD_HEADER, seq);
	} while (!notify_multi_reader_done(reader, record, position));
	tally_record(tally, NULL, seq, complete);
}

TEST_F(overrun, reader_counts_drops_rejects_torn_records)
{
	struct flood flood = {
		.injector = self->injector,
		.packet_size = variant->packet_size,
		.burst = variant->burst,
		.bursts = variant->bursts,
		.next = variant->first_seq,
	};
	struct tally tally = { .next = variant->first_seq };
	uint64_t sent = (uint64_t)variant->burst * variant->bursts;

	ASSERT_EQ(0, pthread_create(&flood.thread, NULL, flood_main, &flood));
	/* Start after the first burst, so that some packets are dropped. */
	while (__atomic_load_n(&flood.next, __ATOMIC_ACQUIRE) == variant->first_seq)
		sched_yield();
	while (tally.next < variant->first_seq + sent && !tally.torn && !tally.disorder) {
		if (variant->peek)
			tally_peek(&tally, &self->reader);
		else if (variant->batch)
			tally_batch(&tally, &self->reader, self->copy, variant->batch);
		else
			tally_next(&tally, &self->reader, self->copy);
		__atomic_store_n(&flood.read, tally.next, __ATOMIC_RELEASE);
	}
	__atomic_store_n(&flood.read, UINT64_MAX, __ATOMIC_RELEASE);
	ASSERT_EQ(0, pthread_join(flood.thread, NULL));
	EXPECT_EQ(NULL, flood.wrong);
	EXPECT_EQ(0, tally.torn);
	EXPECT_EQ(0, tally.disorder);
	EXPECT_EQ(0, tally.wrong_dropped);
	EXPECT_EQ(variant->first_seq + sent, tally.next);
	EXPECT_EQ(sent, tally.got + tally.dropped);
	EXPECT_LE((uint64_t)variant->bursts * variant->max_packets, tally.got);
	EXPECT_LE(variant->burst - variant->max_packets, tally.dropped);
	EXPECT_EQ(0, notify_multi_reader_next(&self->reader, (void *)self->copy));
	TH_LOG("%" PRIu64 " packets, %" PRIu64 " read", sent, tally.got);
}

TEST_HARNESS_MAIN
