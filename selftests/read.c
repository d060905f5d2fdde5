// SPDX-License-Identifier: GPL-2.0
/*
 * read(), readv(), preadv2() and splice(), in both formats.
 */

#include "device.h"

FIXTURE_VARIANT(read)
{
	bool raw;
};

FIXTURE(read)
{
	SIM_DEVICE;
	size_t size;	/* of one record or payload */
};

FIXTURE_SETUP(read)
{
	SIM_SETUP(.max_packets = 8);
	self->size = variant->raw ? PACKET : RECORD;
	ASSERT_EQ(0, set_format(self->fd, variant->raw));
}

FIXTURE_TEARDOWN(read)
{
	SIM_TEARDOWN();
}

FIXTURE_VARIANT_ADD(read, records) { .raw = false };
FIXTURE_VARIANT_ADD(read, raw) { .raw = true };

#define EXPECT_DATA(...) EXPECT_READ(.raw = variant->raw, __VA_ARGS__)

TEST_F(read, returns_all_queued)
{
	BROADCAST(5);
	EXPECT_DATA(.seq = 1, .count = 5);
	EXPECT_EQ(-EAGAIN, READ(self->size));
}

TEST_F(read, returns_complete_records_only)
{
	BROADCAST(5);
	EXPECT_DATA(.seq = 1, .count = 2, .size = 3 * self->size - 1);
	EXPECT_DATA(.seq = 3, .count = 2, .size = 2 * self->size);
	EXPECT_DATA(.seq = 5, .size = self->size);
}

TEST_F(read, short_buffer_returns_einval_keeps_packet)
{
	BROADCAST(1);
	EXPECT_EQ(-EINVAL, READ(self->size - 1));
	EXPECT_EQ(-EINVAL, READ(1));
	EXPECT_DATA(.seq = 1, .size = self->size);
}

TEST_F(read, short_buffer_returns_eagain_if_empty)
{
	EXPECT_EQ(-EAGAIN, READ(self->size - 1));
	ASSERT_EQ(0, set_blocking(self->fd, true));
	EXPECT_EQ(-EAGAIN, nowait_read(self->fd, scratch, self->size - 1));
}

TEST_F(read, short_buffer_does_not_block)
{
	ASSERT_EQ(0, set_blocking(self->fd, true));
	EXPECT_EQ(-EINVAL, READ(self->size - 1));
}

TEST_F(read, zero_length_returns_0_keeps_packet)
{
	ASSERT_EQ(0, set_blocking(self->fd, true));
	EXPECT_EQ(0, READ(0));
	BROADCAST(1);
	EXPECT_EQ(0, READ(0));
	EXPECT_DATA(.seq = 1);
}

TEST_F(read, rwf_nowait_returns_eagain_if_empty)
{
	ASSERT_EQ(0, set_blocking(self->fd, true));
	EXPECT_EQ(-EAGAIN, nowait_read(self->fd, scratch, self->size));
	BROADCAST(1);
	EXPECT_EQ(self->size, nowait_read(self->fd, scratch, self->size));
	EXPECT_RECORDS(scratch, .seq = 1, .raw = variant->raw);
}

TEST_F(read, blocks_until_broadcast)
{
	struct reader reader;

	ASSERT_EQ(0, set_blocking(self->fd, true));
	BLOCK_READS(&reader, 1);
	BROADCAST(1);
	EXPECT_READER(&reader, .seq = 1, .raw = variant->raw);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST_F(read, readv_fills_buffers_in_order)
{
	struct iovec iov[] = {
		{ scratch, self->size / 2 + 1 },
		{ scratch + self->size / 2 + 1, 2 * self->size - self->size / 2 - 1 },
	};

	BROADCAST(3);
	ASSERT_EQ(2 * self->size, readv(self->fd, iov, 2));
	EXPECT_RECORDS(scratch, .seq = 1, .count = 2, .raw = variant->raw);
	EXPECT_DATA(.seq = 3);
}

TEST_F(read, splice_moves_complete_records)
{
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	BROADCAST(3);
	ASSERT_EQ(2 * self->size, splice(self->fd, NULL, pipes[1], NULL, 2 * self->size + 1, 0));
	EXPECT_READ_FROM(pipes[0], .seq = 1, .count = 2, .raw = variant->raw);
	EXPECT_DATA(.seq = 3);
	close(pipes[0]);
	close(pipes[1]);
}

/* -- Records -- */

SIM_FIXTURE(records, .max_packets = 8)

TEST_F(records, have_status_of_broadcast)
{
	ASSERT_EQ(0, sim_set(SIM_NAME, "status", "-5"));
	BROADCAST(1);
	EXPECT_READ(.seq = 1, .status = -5);
}

TEST_F(records, are_identical_for_all_clients)
{
	unsigned char copy[3 * RECORD];

	OPEN_SECOND();
	BROADCAST(3);
	EXPECT_READ(.seq = 1, .count = 3);
	ASSERT_EQ(sizeof(copy), read_errno(self->second, copy, sizeof(copy)));
	EXPECT_EQ(0, memcmp(copy, scratch, sizeof(copy)));
}

/* -- Clients -- */

TEST_F(records, new_client_gets_later_packets_only)
{
	BROADCAST(3);
	OPEN_SECOND();
	EXPECT_STATS_OF(self->second, .seq = 3, .next = 4);
	EXPECT_EQ(-EAGAIN, read_errno(self->second, scratch, RECORD));
	BROADCAST(1);
	EXPECT_READ_FROM(self->second, .seq = 4);
}

TEST_F(records, dup_shares_queue)
{
	int copy = dup(self->fd);

	ASSERT_LE(0, copy);
	BROADCAST(2);
	EXPECT_READ_FROM(copy, .seq = 1, .size = RECORD);
	EXPECT_READ(.seq = 2);
	EXPECT_EQ(1, get_stats(self->fd).clients);
	close(copy);
}

struct drain {
	struct thread thread;
	int fd;
	unsigned int *seen;
};

/* Read one packet at a time until an error, and count each seq. */
static ssize_t drain_main(void *data)
{
	_Alignas(8) unsigned char buffer[RECORD];
	struct drain *drain = data;
	ssize_t ret;

	while ((ret = read_errno(drain->fd, buffer, RECORD)) == RECORD) {
		const struct notify_multi_record *record = (void *)buffer;
		const struct expected expected = { .seq = record->seq };

		if (wrong_records(buffer, PACKET, &expected))
			return -EBADMSG;
		__atomic_add_fetch(&drain->seen[record->seq], 1, __ATOMIC_RELAXED);
	}
	return ret;
}

/* The threads contend for queued packets first, then they block. */
TEST_F(records, threads_get_each_packet_once)
{
	enum { QUEUED = 5000, COUNT = QUEUED + 400, BURST = 20 };
	static unsigned int seen[COUNT + 1];
	struct drain drains[2];
	unsigned int wrong = 0;

	ASSERT_EQ(0, set_blocking(self->fd, true));
	ASSERT_EQ(0, set_max_packets(self->fd, COUNT));
	BROADCAST(QUEUED);
	for (unsigned int i = 0; i < 2; i++) {
		drains[i] = (struct drain){ .fd = self->fd, .seen = seen };
		ASSERT_TRUE(thread_start(&drains[i].thread, drain_main, &drains[i]));
	}
	ASSERT_TRUE(wait_requests(self->fd, 2));
	while (self->seq < COUNT)
		BROADCAST(BURST);
	UNREGISTER();
	for (unsigned int i = 0; i < 2; i++)
		ASSERT_EQ(-ENODEV, thread_join(&drains[i].thread));
	for (unsigned int seq = 1; seq <= COUNT; seq++)
		wrong += seen[seq] != 1;
	EXPECT_EQ(0, wrong);
}

/* -- Many clients -- */

/* Waiters of the client of the fixture and of client 512, the last one, share a bit. */
enum { CLIENTS = 512, LAST = CLIENTS - 1 };

FIXTURE(clients)
{
	SIM_DEVICE;
	int clients[CLIENTS];
};

FIXTURE_SETUP(clients)
{
	SIM_SETUP(.max_packets = 8);
	for (unsigned int i = 0; i < CLIENTS; i++)
		self->clients[i] = -1;
	for (unsigned int i = 0; i < CLIENTS; i++)
		OPEN_CLIENT(self->clients[i]);
}

FIXTURE_TEARDOWN(clients)
{
	for (unsigned int i = 0; i < CLIENTS; i++)
		close(self->clients[i]);
	SIM_TEARDOWN();
}

TEST_F(clients, each_gets_packet)
{
	BROADCAST(1);
	EXPECT_READ(.seq = 1);
	for (unsigned int i = 0; i < CLIENTS; i++)
		EXPECT_READ_FROM(self->clients[i], .seq = 1);
}

TEST_F(clients, new_client_in_place_of_closed_gets_packet)
{
	for (unsigned int i = 0; i < CLIENTS; i += 2)
		close(self->clients[i]);
	BROADCAST(1);
	for (unsigned int i = 0; i < CLIENTS; i += 2) {
		self->clients[i] = -1;
		OPEN_CLIENT(self->clients[i]);
	}
	BROADCAST(1);
	for (unsigned int i = 0; i < CLIENTS; i += 2) {
		EXPECT_READ_FROM(self->clients[i], .seq = 2);
		EXPECT_READ_FROM(self->clients[i + 1], .seq = 1, .count = 2);
	}
}

TEST_F(clients, packet_wakes_each_with_the_same_bit)
{
	int fds[2] = { self->fd, self->clients[LAST] };
	struct reader readers[2];

	/* One client at a time, then both. */
	for (unsigned int blocked = 1; blocked <= 3; blocked++) {
		for (unsigned int i = 0; i < 2; i++) {
			if (!(blocked & 1 << i))
				continue;
			ASSERT_EQ(0, set_blocking(fds[i], true));
			ASSERT_TRUE(reader_start(&readers[i], fds[i], RECORD));
			ASSERT_TRUE(wait_requests(fds[i], 1));
		}
		BROADCAST(1);
		for (unsigned int i = 0; i < 2; i++) {
			if (!(blocked & 1 << i)) {
				EXPECT_READ_FROM(fds[i], .seq = self->seq);
				continue;
			}
			EXPECT_READER(&readers[i], .seq = self->seq);
		}
	}
}

/* -- Refused calls -- */

TEST_F(records, seek_returns_espipe_write_returns_einval)
{
	int fd = sim_open(SIM_NAME, O_RDWR);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-ESPIPE, errno_of(pread(fd, scratch, RECORD, 0)));
	EXPECT_EQ(-ESPIPE, errno_of(lseek(fd, 0, SEEK_SET)));
	EXPECT_EQ(-EINVAL, errno_of(write(fd, scratch, RECORD)));
	close(fd);
}

TEST_HARNESS_MAIN
