// SPDX-License-Identifier: GPL-2.0
/*
 * The ioctls except resizing: information, counters, formats, CONSUME. Also run as a 32-bit
 * program, to which the structs must have the same layout.
 */

#include "device.h"

#include <stddef.h>

#define LIMIT	4

SIM_FIXTURE(ioctl, .max_packets = LIMIT, .max_requests = 7, .replay = 2)

TEST(structs_have_fixed_layout)
{
	EXPECT_EQ(32, sizeof(struct notify_multi_record));
	EXPECT_EQ(8, offsetof(struct notify_multi_record, timestamp_ns));
	EXPECT_EQ(16, offsetof(struct notify_multi_record, status));
	EXPECT_EQ(20, offsetof(struct notify_multi_record, dropped));
	EXPECT_EQ(24, offsetof(struct notify_multi_record, size));
	EXPECT_EQ(28, offsetof(struct notify_multi_record, flags));
	EXPECT_EQ(64, sizeof(struct notify_multi_info));
	EXPECT_EQ(28, offsetof(struct notify_multi_info, clock));
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
	EXPECT_EQ(NOTIFY_MULTI_CLOCK_MONOTONIC, info.clock);
	EXPECT_EQ(0, info.reserved[0] | info.reserved[1] | info.reserved[2]);
}

TEST_F(ioctl, new_client_has_initial_stats)
{
	struct notify_multi_stats stats = get_stats(self->fd);

	EXPECT_EQ(NOTIFY_MULTI_ABI_VERSION, stats.abi_version);
	EXPECT_EQ(1, stats.clients);
	EXPECT_EQ(0, stats.reserved[0] | stats.reserved[1]);
	EXPECT_STATS(.next = 1);
}

TEST_F(ioctl, stats_count_clients)
{
	OPEN_SECOND();
	EXPECT_EQ(2, get_stats(self->fd).clients);
	EXPECT_EQ(2, get_stats(self->second).clients);
	close(self->second);
	EXPECT_EQ(1, get_stats(self->fd).clients);
}

TEST_F(ioctl, unknown_commands_return_enotty)
{
	const unsigned long commands[] = {
		_IO(NOTIFY_MULTI_IOC_MAGIC, 0xa0),
		_IO(NOTIFY_MULTI_IOC_MAGIC, 0xa5),
		NOTIFY_MULTI_URING_CMD_PEND,
		/* Known number, other size */
		_IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa2, __u64),
		0,
	};

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_EQ(-ENOTTY, errno_of(ioctl(self->fd, commands[i], scratch)))
			TH_LOG("command %#lx", commands[i]);
	}
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

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		EXPECT_EQ(-EFAULT, errno_of(ioctl(self->fd, commands[i], bad_pointer)))
			TH_LOG("command %#lx", commands[i]);
	}
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);
}

/* -- SET_FORMAT -- */

TEST_F(ioctl, format_is_per_client)
{
	OPEN_SECOND();
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	EXPECT_EQ(NOTIFY_MULTI_FORMAT_RAW, get_info(self->fd).format);
	EXPECT_EQ(NOTIFY_MULTI_FORMAT_RECORD, get_info(self->second).format);
	BROADCAST(1);
	EXPECT_READ(.seq = 1, .raw = true);
	EXPECT_READ_FROM(self->second, .seq = 1);
}

TEST_F(ioctl, unknown_format_returns_einval)
{
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	EXPECT_EQ(-EINVAL, set_format(self->fd, 2));
	EXPECT_EQ(-EINVAL, set_format(self->fd, ~0U));
	EXPECT_EQ(NOTIFY_MULTI_FORMAT_RAW, get_info(self->fd).format);
}

/* -- FIONREAD -- */

#define EXPECT_FIONREAD(bytes)							\
do {										\
	int bytes_ = -1;							\
										\
	EXPECT_EQ(0, errno_of(ioctl(self->fd, FIONREAD, &bytes_)));		\
	EXPECT_EQ(bytes, bytes_);						\
} while (0)

TEST_F(ioctl, fionread_returns_bytes_that_read_returns)
{
	EXPECT_FIONREAD(0);
	BROADCAST(3);
	EXPECT_FIONREAD(3 * RECORD);
	EXPECT_READ(.seq = 1, .count = 2, .size = 2 * RECORD);
	EXPECT_FIONREAD(RECORD);
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	EXPECT_FIONREAD(PACKET);
}

TEST_F(ioctl, fionread_excludes_dropped_packets)
{
	BROADCAST(2 * LIMIT);
	EXPECT_FIONREAD(LIMIT * RECORD);
}

TEST_F(ioctl, fionread_works_after_unregister)
{
	BROADCAST(1);
	UNREGISTER();
	EXPECT_FIONREAD(RECORD);
	EXPECT_READ(.seq = 1);
	EXPECT_FIONREAD(0);
}

/* -- CONSUME -- */

TEST_F(ioctl, consume_reads_up_to_seq)
{
	BROADCAST(LIMIT);
	ASSERT_EQ(0, consume(self->fd, 3));
	EXPECT_STATS(.seq = LIMIT, .next = 4, .delivered = 3, .pending_packets = 1);
	EXPECT_READ(.seq = 4);
}

TEST_F(ioctl, consume_of_newest_empties_queue)
{
	BROADCAST(LIMIT);
	ASSERT_EQ(0, consume(self->fd, LIMIT));
	EXPECT_EQ(0, poll_now(self->fd, POLLIN));
	EXPECT_EQ(-EAGAIN, READ(RECORD));
}

TEST_F(ioctl, consume_beyond_newest_returns_einval)
{
	EXPECT_EQ(-EINVAL, consume(self->fd, 1));
	BROADCAST(2);
	EXPECT_EQ(-EINVAL, consume(self->fd, 3));
	EXPECT_EQ(-EINVAL, consume(self->fd, ~0ULL));
	EXPECT_EQ(2, get_stats(self->fd).pending_packets);
	EXPECT_EQ(0, consume(self->fd, 2));
}

TEST_F(ioctl, consume_of_read_packet_changes_nothing)
{
	BROADCAST(3);
	ASSERT_EQ(0, consume(self->fd, 2));
	ASSERT_EQ(0, consume(self->fd, 2));
	ASSERT_EQ(0, consume(self->fd, 0));
	EXPECT_STATS(.seq = 3, .next = 3, .delivered = 2, .pending_packets = 1);
}

TEST_F(ioctl, consume_reports_drops)
{
	BROADCAST(10);
	EXPECT_EQ(POLLPRI, poll_now(self->fd, POLLPRI));
	ASSERT_EQ(0, consume(self->fd, 8));
	EXPECT_EQ(0, poll_now(self->fd, POLLPRI));
	EXPECT_STATS(.seq = 10, .next = 9, .delivered = 2, .dropped = 6, .pending_packets = 2);
	EXPECT_READ(.seq = 9, .count = 2);
}

TEST_F(ioctl, consume_of_dropped_seq_keeps_queue)
{
	BROADCAST(10);
	ASSERT_EQ(0, consume(self->fd, 3));
	EXPECT_STATS(.seq = 10, .next = 7, .dropped = 6, .pending_packets = LIMIT);
	EXPECT_READ(.seq = 7, .count = LIMIT, .dropped = 3);
}

TEST_HARNESS_MAIN
