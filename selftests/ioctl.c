// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls: information, counters, resize, CONSUME. Also run as a 32-bit program, to
 * which the structs must have the same layout.
 */

#include "sim.h"

#include <stddef.h>

#define PACKET	20
#define RECORD	(RECORD_HEADER + 24)
#define LIMIT	4

FIXTURE(ioctl)
{
	int injector;
	int fd;
	unsigned char buffer[4096];
};

FIXTURE_SETUP(ioctl)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = LIMIT,
		.max_requests = 7,
		.replay = 2,
	};

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(ioctl)
{
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

#define BROADCAST(number, count) \
	ASSERT_EQ((count) * PACKET, sim_broadcast(self->injector, PACKET, number, count))

#define READ() read_errno(self->fd, self->buffer, sizeof(self->buffer))

#define EXPECT_RECORD(index, number, drops)					\
do {										\
	const struct notify_multi_record *record =				\
		(void *)(self->buffer + (index) * RECORD);			\
										\
	EXPECT_EQ((uint64_t)(number), record->seq);				\
	EXPECT_EQ((__u32)(drops), record->dropped);				\
	EXPECT_TRUE(packet_is(record->data, PACKET, number));			\
} while (0)

TEST(structs_have_fixed_layout)
{
	EXPECT_EQ(32, sizeof(struct notify_multi_record));
	EXPECT_EQ(8, offsetof(struct notify_multi_record, timestamp_ns));
	EXPECT_EQ(16, offsetof(struct notify_multi_record, status));
	EXPECT_EQ(20, offsetof(struct notify_multi_record, dropped));
	EXPECT_EQ(24, offsetof(struct notify_multi_record, size));
	EXPECT_EQ(28, offsetof(struct notify_multi_record, flags));
	EXPECT_EQ(32, offsetof(struct notify_multi_record, data));
	EXPECT_EQ(64, sizeof(struct notify_multi_info));
	EXPECT_EQ(32, offsetof(struct notify_multi_info, ring_bytes));
	EXPECT_EQ(64, sizeof(struct notify_multi_stats));
	EXPECT_EQ(16, offsetof(struct notify_multi_stats, seq));
	EXPECT_EQ(0x80404ea0, NOTIFY_MULTI_IOC_GET_INFO);
	EXPECT_EQ(0x80404ea1, NOTIFY_MULTI_IOC_GET_STATS);
	EXPECT_EQ(0x40044ea2, NOTIFY_MULTI_IOC_SET_FORMAT);
	EXPECT_EQ(0x40044ea3, NOTIFY_MULTI_IOC_SET_MAX_PACKETS);
	EXPECT_EQ(0x40084ea4, NOTIFY_MULTI_IOC_CONSUME);
}

TEST_F(ioctl, info_has_sizes_limits_and_zeros)
{
	struct notify_multi_info info = get_info(self->fd);
	size_t page = sysconf(_SC_PAGESIZE);

	EXPECT_EQ(NOTIFY_MULTI_ABI_VERSION, info.abi_version);
	EXPECT_EQ(PACKET, info.packet_size);
	EXPECT_EQ(RECORD, info.record_size);
	EXPECT_EQ(LIMIT, info.max_packets);
	EXPECT_EQ(7, info.max_requests);
	EXPECT_EQ(2, info.replay);
	EXPECT_EQ(NOTIFY_MULTI_FORMAT_RECORD, info.format);
	/* A header page, and more than max_packets slots. */
	EXPECT_EQ(0, info.ring_bytes % page);
	EXPECT_LE(page + (LIMIT + 1) * RECORD, info.ring_bytes);
	EXPECT_EQ(0, info.reserved0);
	EXPECT_EQ(0, info.reserved[0] | info.reserved[1] | info.reserved[2]);
}

TEST_F(ioctl, new_client_has_initial_stats)
{
	struct notify_multi_stats stats = get_stats(self->fd);

	EXPECT_EQ(NOTIFY_MULTI_ABI_VERSION, stats.abi_version);
	EXPECT_EQ(1, stats.clients);
	EXPECT_EQ(0, stats.pending_packets);
	EXPECT_EQ(0, stats.pending_requests);
	EXPECT_EQ(0, stats.seq);
	EXPECT_EQ(1, stats.next);
	EXPECT_EQ(0, stats.delivered);
	EXPECT_EQ(0, stats.dropped);
	EXPECT_EQ(0, stats.reserved[0] | stats.reserved[1]);
}

TEST_F(ioctl, stats_count_clients)
{
	int other = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, other);
	EXPECT_EQ(2, get_stats(self->fd).clients);
	EXPECT_EQ(2, get_stats(other).clients);
	close(other);
	EXPECT_EQ(1, get_stats(self->fd).clients);
}

TEST_F(ioctl, unknown_commands_return_enotty)
{
	EXPECT_EQ(-1, ioctl(self->fd, _IO(NOTIFY_MULTI_IOC_MAGIC, 0xa0), NULL));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->fd, _IO(NOTIFY_MULTI_IOC_MAGIC, 0xa5), NULL));
	EXPECT_EQ(ENOTTY, errno);
	/* Known number, other size. */
	EXPECT_EQ(-1, ioctl(self->fd, _IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa2, __u64), self->buffer));
	EXPECT_EQ(ENOTTY, errno);
	EXPECT_EQ(-1, ioctl(self->fd, 0, NULL));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_F(ioctl, bad_pointers_return_efault)
{
	const unsigned long commands[] = {
		NOTIFY_MULTI_IOC_GET_INFO,
		NOTIFY_MULTI_IOC_GET_STATS,
		NOTIFY_MULTI_IOC_SET_FORMAT,
		NOTIFY_MULTI_IOC_SET_MAX_PACKETS,
		NOTIFY_MULTI_IOC_CONSUME,
	};

	for (unsigned int i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		EXPECT_EQ(-1, ioctl(self->fd, commands[i], bad_pointer));
		EXPECT_EQ(EFAULT, errno);
	}
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);
}

/* -- Resizing -- */

TEST_F(ioctl, smaller_queue_keeps_newest)
{
	BROADCAST(1, LIMIT);
	ASSERT_EQ(0, set_max_packets(self->fd, 2));
	EXPECT_EQ(2, get_info(self->fd).max_packets);
	EXPECT_EQ(3, get_stats(self->fd).next);
	EXPECT_EQ(2, get_stats(self->fd).dropped);
	ASSERT_EQ(2 * RECORD, READ());
	EXPECT_RECORD(0, 3, 2);
	EXPECT_RECORD(1, 4, 0);
}

TEST_F(ioctl, larger_queue_keeps_all_and_takes_more)
{
	unsigned int i;

	BROADCAST(1, LIMIT);
	ASSERT_EQ(0, set_max_packets(self->fd, 10));
	BROADCAST(5, 6);
	ASSERT_EQ(10 * RECORD, READ());
	for (i = 0; i < 10; i++)
		EXPECT_RECORD(i, i + 1, 0);
}

TEST_F(ioctl, larger_queue_does_not_restore_drops)
{
	BROADCAST(1, 6);
	ASSERT_EQ(0, set_max_packets(self->fd, 100));
	EXPECT_EQ(LIMIT, get_stats(self->fd).pending_packets);
	ASSERT_EQ(LIMIT * RECORD, READ());
	EXPECT_RECORD(0, 3, 2);
}

TEST_F(ioctl, second_resize_adds_to_drops)
{
	struct notify_multi_stats stats;

	BROADCAST(1, 6);
	ASSERT_EQ(0, set_max_packets(self->fd, 3));
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	BROADCAST(7, 1);
	stats = get_stats(self->fd);
	EXPECT_EQ(7, stats.next);
	EXPECT_EQ(6, stats.dropped);
	ASSERT_EQ(RECORD, READ());
	EXPECT_RECORD(0, 7, 6);
	EXPECT_EQ(6, get_stats(self->fd).dropped);
}

TEST_F(ioctl, resize_of_empty_queue_drops_nothing)
{
	BROADCAST(1, 3);
	ASSERT_EQ(3 * RECORD, READ());
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	EXPECT_EQ(0, poll_now(self->fd, POLLIN | POLLPRI));
	BROADCAST(4, 1);
	ASSERT_EQ(RECORD, READ());
	EXPECT_RECORD(0, 4, 0);
}

TEST_F(ioctl, resize_is_per_client)
{
	int other;

	ASSERT_EQ(0, set_max_packets(self->fd, 100));
	other = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, other);
	EXPECT_EQ(LIMIT, get_info(other).max_packets);
	close(other);
}

TEST_F(ioctl, resize_to_0_returns_einval)
{
	EXPECT_EQ(-EINVAL, set_max_packets(self->fd, 0));
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);
}

TEST_F(ioctl, resize_over_max_ring_bytes_returns_einval)
{
	uint64_t fits, limit;
	char old[32], text[32];

	ASSERT_EQ(0, read_file(MAX_RING_BYTES, old, sizeof(old)));
	EXPECT_EQ(-EINVAL, set_max_packets(self->fd, ~0U));
	ASSERT_EQ(0, set_max_packets(self->fd, 1000));
	fits = get_info(self->fd).ring_bytes;

	/* The limit is the size of that ring, then one byte less. */
	for (limit = fits; limit >= fits - 1; limit--) {
		snprintf(text, sizeof(text), "%" PRIu64, limit);
		ASSERT_EQ(0, write_file(MAX_RING_BYTES, text));
		ASSERT_EQ(0, set_max_packets(self->fd, 4));
		EXPECT_EQ(limit == fits ? 0 : -EINVAL, set_max_packets(self->fd, 1000));
		EXPECT_EQ(limit == fits ? 1000 : 4, get_info(self->fd).max_packets);
	}
	ASSERT_EQ(0, write_file(MAX_RING_BYTES, old));
}

TEST_F(ioctl, resize_returns_enomem_keeps_old_ring)
{
	uint64_t packets = too_many_packets(PACKET);
	char old[32];

	ASSERT_GE(INT32_MAX, packets);
	ASSERT_EQ(0, read_file(MAX_RING_BYTES, old, sizeof(old)));
	ASSERT_EQ(0, allow_packets(packets, PACKET));
	BROADCAST(1, 1);
	EXPECT_EQ(-ENOMEM, set_max_packets(self->fd, packets));
	ASSERT_EQ(0, write_file(MAX_RING_BYTES, old));
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);
	EXPECT_EQ(RECORD, READ());
	EXPECT_RECORD(0, 1, 0);
}

TEST_F(ioctl, resize_under_broadcasts_counts_all_drops)
{
	struct producer producer = {
		.injector = self->injector,
		.packet_size = PACKET,
		.number = 1,
		.count = 10000,
	};
	uint64_t next = 1;
	unsigned int round;

	ASSERT_EQ(0, sim_set(SIM_NAME, "context", "process"));
	ASSERT_TRUE(producer_start(&producer));
	for (round = 0; next <= producer.count; round++) {
		ssize_t bytes;
		unsigned int i;

		ASSERT_EQ(0, set_max_packets(self->fd, 1 + round % 37));
		bytes = READ();
		if (bytes == -EAGAIN) {
			poll(&(struct pollfd){ .fd = self->fd, .events = POLLIN }, 1, -1);
			continue;
		}
		ASSERT_LT(0, bytes);
		for (i = 0; i < bytes / RECORD; i++) {
			const struct notify_multi_record *record =
				(void *)(self->buffer + i * RECORD);

			ASSERT_EQ(next + record->dropped, record->seq);
			ASSERT_TRUE(packet_is(record->data, PACKET, record->seq));
			next = record->seq + 1;
		}
	}
	EXPECT_EQ((ssize_t)producer.count * PACKET, producer_join(&producer));
	EXPECT_EQ(producer.count,
		  get_stats(self->fd).delivered + get_stats(self->fd).dropped);
}

TEST(long_resize_keeps_concurrent_broadcasts)
{
	enum { BEFORE = 100, CONCURRENT = 90, ROUNDS = 30 };
	const struct sim_config config = {
		.packet_size = LONG_PACKET,
		.max_packets = LONG_PACKETS,
		.context = "process",
	};
	unsigned char *buffer = malloc(LONG_BYTES);
	int fd, injector, round;
	uint64_t next = 1;

	ASSERT_NE(NULL, buffer);
	ASSERT_EQ(0, sim_start(LONG_NAME, &config));
	injector = sim_open_injector(LONG_NAME);
	fd = sim_open(LONG_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, fd);
	for (round = 0; round < ROUNDS; round++) {
		struct producer producer = {
			.injector = injector,
			.packet_size = LONG_PACKET,
			.number = next + BEFORE,
			.count = CONCURRENT,
		};

		ASSERT_LT(0, sim_broadcast(injector, LONG_PACKET, next, BEFORE));
		ASSERT_TRUE(producer_start(&producer));
		while (get_stats(fd).seq < producer.number + 2)
			;
		ASSERT_EQ(0, set_max_packets(fd, LONG_PACKETS - round % 2));
		ASSERT_EQ(CONCURRENT * LONG_PACKET, producer_join(&producer));
		ASSERT_EQ((ssize_t)((BEFORE + CONCURRENT) * LONG_RECORD),
			  read_errno(fd, buffer, LONG_BYTES));
		ASSERT_EQ(0, wrong_record_seq(buffer, (BEFORE + CONCURRENT) * LONG_RECORD, &next));
	}
	EXPECT_EQ(0, get_stats(fd).dropped);
	close(fd);
	close(injector);
	EXPECT_EQ(0, sim_remove(LONG_NAME));
	free(buffer);
}

/* -- CONSUME -- */

TEST_F(ioctl, consume_reads_up_to_seq)
{
	BROADCAST(1, LIMIT);
	ASSERT_EQ(0, consume(self->fd, 3));
	EXPECT_EQ(4, get_stats(self->fd).next);
	EXPECT_EQ(3, get_stats(self->fd).delivered);
	EXPECT_EQ(0, get_stats(self->fd).dropped);
	ASSERT_EQ(RECORD, READ());
	EXPECT_RECORD(0, 4, 0);
}

TEST_F(ioctl, consume_of_newest_empties_queue)
{
	BROADCAST(1, LIMIT);
	ASSERT_EQ(0, consume(self->fd, LIMIT));
	EXPECT_EQ(0, poll_now(self->fd, POLLIN));
	EXPECT_EQ(-EAGAIN, READ());
}

TEST_F(ioctl, consume_beyond_newest_returns_einval)
{
	EXPECT_EQ(-EINVAL, consume(self->fd, 1));
	BROADCAST(1, 2);
	EXPECT_EQ(-EINVAL, consume(self->fd, 3));
	EXPECT_EQ(-EINVAL, consume(self->fd, ~0ULL));
	EXPECT_EQ(2, get_stats(self->fd).pending_packets);
	EXPECT_EQ(0, consume(self->fd, 2));
}

TEST_F(ioctl, consume_of_read_packet_changes_nothing)
{
	BROADCAST(1, 3);
	ASSERT_EQ(0, consume(self->fd, 2));
	ASSERT_EQ(0, consume(self->fd, 2));
	ASSERT_EQ(0, consume(self->fd, 0));
	EXPECT_EQ(3, get_stats(self->fd).next);
	EXPECT_EQ(2, get_stats(self->fd).delivered);
}

TEST_F(ioctl, consume_reports_drops)
{
	struct notify_multi_stats stats;

	BROADCAST(1, 10);
	EXPECT_EQ(POLLPRI, poll_now(self->fd, POLLPRI));
	ASSERT_EQ(0, consume(self->fd, 8));
	EXPECT_EQ(0, poll_now(self->fd, POLLPRI));
	stats = get_stats(self->fd);
	EXPECT_EQ(9, stats.next);
	EXPECT_EQ(2, stats.delivered);
	EXPECT_EQ(6, stats.dropped);
	ASSERT_EQ(2 * RECORD, READ());
	EXPECT_RECORD(0, 9, 0);
}

TEST_F(ioctl, consume_of_dropped_seq_keeps_queue)
{
	BROADCAST(1, 10);
	ASSERT_EQ(0, consume(self->fd, 3));
	EXPECT_EQ(7, get_stats(self->fd).next);
	EXPECT_EQ(6, get_stats(self->fd).dropped);
	ASSERT_EQ(LIMIT * RECORD, READ());
	EXPECT_RECORD(0, 7, 3);
}

TEST_F(ioctl, consume_of_resize_dropped_seq_keeps_queue)
{
	BROADCAST(1, 10);
	ASSERT_EQ(0, set_max_packets(self->fd, 2));
	ASSERT_EQ(0, consume(self->fd, 3));
	EXPECT_EQ(9, get_stats(self->fd).next);
	EXPECT_EQ(8, get_stats(self->fd).dropped);
	EXPECT_EQ(POLLPRI, poll_now(self->fd, POLLPRI));
	ASSERT_EQ(0, consume(self->fd, 2));
	ASSERT_EQ(2 * RECORD, READ());
	EXPECT_RECORD(0, 9, 5);
	EXPECT_EQ(8, get_stats(self->fd).dropped);
}

TEST_F(ioctl, consume_reports_all_resize_drops)
{
	BROADCAST(1, 10);
	ASSERT_EQ(0, set_max_packets(self->fd, 2));
	ASSERT_EQ(0, consume(self->fd, 8));
	EXPECT_EQ(0, poll_now(self->fd, POLLPRI));
	ASSERT_EQ(2 * RECORD, READ());
	EXPECT_RECORD(0, 9, 0);
	EXPECT_EQ(8, get_stats(self->fd).dropped);
}

TEST_HARNESS_MAIN
