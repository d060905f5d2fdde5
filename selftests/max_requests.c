// SPDX-License-Identifier: GPL-2.0
/*
 * Blocked reads and max_requests.
 */

#include "sim.h"

#define PACKET	16
#define RECORD	(RECORD_HEADER + PACKET)
#define LIMIT	3

FIXTURE(requests)
{
	int injector;
	int fd;
	struct reader readers[LIMIT + 1];
};

FIXTURE_SETUP(requests)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = 8,
		.max_requests = LIMIT,
	};

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(requests)
{
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

#define BLOCK_READS(count)								\
do {										\
	unsigned int blocked;							\
										\
	for (blocked = 0; blocked < (count); blocked++)					\
		ASSERT_TRUE(reader_start(&self->readers[blocked], self->fd, RECORD)); \
	ASSERT_TRUE(wait_requests(self->fd, count));				\
} while (0)

#define BROADCAST(number, count) \
	ASSERT_EQ((count) * PACKET, sim_broadcast(self->injector, PACKET, number, count))

TEST_F(requests, reads_up_to_limit_block)
{
	unsigned int i, seen = 0;

	BLOCK_READS(LIMIT);
	BROADCAST(1, LIMIT);
	for (i = 0; i < LIMIT; i++) {
		EXPECT_EQ(RECORD, reader_join(&self->readers[i]));
		seen |= 1 << self->readers[i].record.seq;
	}
	EXPECT_EQ(1 << 1 | 1 << 2 | 1 << 3, seen);
}

TEST_F(requests, read_over_limit_returns_ebusy)
{
	unsigned char buffer[RECORD];
	unsigned int i;

	BLOCK_READS(LIMIT);
	EXPECT_EQ(-EBUSY, read_errno(self->fd, buffer, sizeof(buffer)));
	EXPECT_EQ(LIMIT, get_stats(self->fd).pending_requests);
	BROADCAST(1, LIMIT);
	for (i = 0; i < LIMIT; i++)
		EXPECT_EQ(RECORD, reader_join(&self->readers[i]));
}

TEST_F(requests, nonblocking_read_is_not_counted)
{
	unsigned char buffer[RECORD];
	struct iovec iov = { buffer, sizeof(buffer) };
	unsigned int i;

	BLOCK_READS(LIMIT);
	EXPECT_EQ(-1, preadv2(self->fd, &iov, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	BROADCAST(1, LIMIT);
	for (i = 0; i < LIMIT; i++)
		EXPECT_EQ(RECORD, reader_join(&self->readers[i]));
}

TEST_F(requests, limit_is_per_client)
{
	int other = sim_open(SIM_NAME, O_RDONLY);
	unsigned int i;

	ASSERT_LE(0, other);
	BLOCK_READS(LIMIT);
	ASSERT_TRUE(reader_start(&self->readers[LIMIT], other, RECORD));
	ASSERT_TRUE(wait_requests(other, 1));
	BROADCAST(1, LIMIT);
	for (i = 0; i <= LIMIT; i++)
		EXPECT_EQ(RECORD, reader_join(&self->readers[i]));
	EXPECT_EQ(1, self->readers[LIMIT].record.seq);
	close(other);
}

TEST_F(requests, completed_read_frees_request_slot)
{
	unsigned int i;

	BLOCK_READS(LIMIT);
	BROADCAST(1, 1);
	ASSERT_TRUE(wait_requests(self->fd, LIMIT - 1));
	ASSERT_TRUE(reader_start(&self->readers[LIMIT], self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, LIMIT));
	BROADCAST(2, LIMIT);
	for (i = 0; i <= LIMIT; i++)
		EXPECT_EQ(RECORD, reader_join(&self->readers[i]));
}

TEST_F(requests, packet_wakes_one_read)
{
	unsigned int i;

	BLOCK_READS(LIMIT);
	BROADCAST(1, 1);
	ASSERT_TRUE(wait_requests(self->fd, LIMIT - 1));
	BROADCAST(2, 1);
	ASSERT_TRUE(wait_requests(self->fd, LIMIT - 2));
	BROADCAST(3, 1);
	for (i = 0; i < LIMIT; i++)
		EXPECT_EQ(RECORD, reader_join(&self->readers[i]));
	EXPECT_EQ(0, get_stats(self->fd).pending_packets);
}

static pid_t failing_task;

static void *failing_read(void *data)
{
	struct reader *reader = data;

	__atomic_store_n(&failing_task, syscall(SYS_gettid), __ATOMIC_RELEASE);
	reader->ret = read_errno(reader->fd, bad_pointer, reader->size);
	return NULL;
}

TEST_F(requests, failed_read_wakes_next_waiter)
{
	struct reader failing = { .fd = self->fd, .size = RECORD };

	/* First to sleep, hence first to be woken. */
	ASSERT_EQ(0, pthread_create(&failing.thread, NULL, failing_read, &failing));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	ASSERT_TRUE(wait_asleep(&failing_task, 'S'));
	ASSERT_TRUE(reader_start(&self->readers[0], self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, 2));
	BROADCAST(1, 1);
	EXPECT_EQ(RECORD, reader_join(&self->readers[0]));
	ASSERT_EQ(0, pthread_join(failing.thread, NULL));
	EXPECT_EQ(-EFAULT, failing.ret);
	EXPECT_EQ(1, self->readers[0].record.seq);
}

TEST_HARNESS_MAIN
