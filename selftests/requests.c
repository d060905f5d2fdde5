// SPDX-License-Identifier: GPL-2.0
/*
 * Pended reads and their limit.
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

#define PEND(count)								\
do {										\
	unsigned int pend;							\
										\
	for (pend = 0; pend < (count); pend++)					\
		ASSERT_TRUE(reader_start(&self->readers[pend], self->fd, RECORD)); \
	ASSERT_TRUE(wait_requests(self->fd, count));				\
} while (0)

#define BROADCAST(number, count) \
	ASSERT_EQ((count) * PACKET, sim_broadcast(self->injector, PACKET, number, count))

TEST_F(requests, as_many_as_the_limit_sleep)
{
	unsigned int i, seen = 0;

	PEND(LIMIT);
	BROADCAST(1, LIMIT);
	for (i = 0; i < LIMIT; i++) {
		EXPECT_EQ(RECORD, reader_join(&self->readers[i]));
		seen |= 1 << self->readers[i].record.seq;
	}
	EXPECT_EQ(1 << 1 | 1 << 2 | 1 << 3, seen);
}

TEST_F(requests, one_more_is_EBUSY_and_those_asleep_stay_asleep)
{
	unsigned char buffer[RECORD];
	unsigned int i;

	PEND(LIMIT);
	EXPECT_EQ(-EBUSY, read_errno(self->fd, buffer, sizeof(buffer)));
	EXPECT_EQ(LIMIT, get_stats(self->fd).pending_requests);
	BROADCAST(1, LIMIT);
	for (i = 0; i < LIMIT; i++)
		EXPECT_EQ(RECORD, reader_join(&self->readers[i]));
}

TEST_F(requests, nonblocking_read_is_no_request)
{
	unsigned char buffer[RECORD];
	struct iovec iov = { buffer, sizeof(buffer) };
	unsigned int i;

	PEND(LIMIT);
	EXPECT_EQ(-1, preadv2(self->fd, &iov, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	BROADCAST(1, LIMIT);
	for (i = 0; i < LIMIT; i++)
		EXPECT_EQ(RECORD, reader_join(&self->readers[i]));
}

TEST_F(requests, limit_is_each_opens_own)
{
	int other = sim_open(SIM_NAME, O_RDONLY);
	unsigned int i;

	ASSERT_LE(0, other);
	PEND(LIMIT);
	ASSERT_TRUE(reader_start(&self->readers[LIMIT], other, RECORD));
	ASSERT_TRUE(wait_requests(other, 1));
	BROADCAST(1, LIMIT);
	for (i = 0; i <= LIMIT; i++)
		EXPECT_EQ(RECORD, reader_join(&self->readers[i]));
	EXPECT_EQ(1, self->readers[LIMIT].record.seq);
	close(other);
}

TEST_F(requests, read_that_ended_makes_room)
{
	unsigned int i;

	PEND(LIMIT);
	BROADCAST(1, 1);
	ASSERT_TRUE(wait_requests(self->fd, LIMIT - 1));
	ASSERT_TRUE(reader_start(&self->readers[LIMIT], self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, LIMIT));
	BROADCAST(2, LIMIT);
	for (i = 0; i <= LIMIT; i++)
		EXPECT_EQ(RECORD, reader_join(&self->readers[i]));
}

TEST_F(requests, one_packet_wakes_one_of_them)
{
	unsigned int i;

	PEND(LIMIT);
	BROADCAST(1, 1);
	ASSERT_TRUE(wait_requests(self->fd, LIMIT - 1));
	BROADCAST(2, 1);
	ASSERT_TRUE(wait_requests(self->fd, LIMIT - 2));
	BROADCAST(3, 1);
	for (i = 0; i < LIMIT; i++)
		EXPECT_EQ(RECORD, reader_join(&self->readers[i]));
	EXPECT_EQ(0, get_stats(self->fd).pending_packets);
}

static pid_t bad_task;

static void *read_badly(void *data)
{
	struct reader *reader = data;

	__atomic_store_n(&bad_task, syscall(SYS_gettid), __ATOMIC_RELEASE);
	reader->ret = read_errno(reader->fd, bad_pointer, reader->size);
	return NULL;
}

TEST_F(requests, read_that_fails_after_its_wakeup_passes_it_on)
{
	struct reader bad = { .fd = self->fd, .size = RECORD };

	/* It sleeps first, and so it is the one that the packet wakes. */
	ASSERT_EQ(0, pthread_create(&bad.thread, NULL, read_badly, &bad));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	ASSERT_TRUE(wait_asleep(&bad_task, 'S'));
	ASSERT_TRUE(reader_start(&self->readers[0], self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, 2));
	BROADCAST(1, 1);
	EXPECT_EQ(RECORD, reader_join(&self->readers[0]));
	ASSERT_EQ(0, pthread_join(bad.thread, NULL));
	EXPECT_EQ(-EFAULT, bad.ret);
	EXPECT_EQ(1, self->readers[0].record.seq);
}

TEST_HARNESS_MAIN
