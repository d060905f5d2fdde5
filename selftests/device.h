/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fixture of most tests: a simulated device, its injector and a client.
 *
 *	SIM_FIXTURE(poll, .max_packets = 4)
 *
 *	TEST_F(poll, read_clears_pollin)
 *	{
 *		BROADCAST(2);
 *		EXPECT_READ(.seq = 1, .count = 2);
 *		EXPECT_EQ(0, poll_now(self->fd, POLLIN));
 *	}
 *
 * A fixture with more members uses SIM_DEVICE, SIM_SETUP() and SIM_TEARDOWN(). Reads do not
 * block unless .blocking is set. With .no_client, the test opens self->fd.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include "sim.h"

/* The default; its payload is padded. */
#ifndef PACKET
#define PACKET	20
#endif
#define RECORD	RECORD_SIZE(PACKET)

#define SIM_DEVICE								\
	struct sim_config config;						\
	int injector;								\
	int fd;									\
	int second;	/* client opened by OPEN_SECOND() */			\
	uint64_t seq;	/* of the newest packet */				\
	long long max_ring_bytes

/* Arguments are members of struct sim_config. */
#define SIM_SETUP(...)								\
do {										\
	if (!sim_available())							\
		SKIP(return, "notify_sim is not available");			\
	self->config = (struct sim_config){ __VA_ARGS__ };			\
	if (!self->config.packet_size)						\
		self->config.packet_size = PACKET;				\
	self->fd = -1;								\
	self->second = -1;							\
	self->max_ring_bytes = read_number(MAX_RING_BYTES);			\
	ASSERT_EQ(0, sim_start(SIM_NAME, &self->config));			\
	self->seq = self->config.first_seq ? self->config.first_seq - 1 : 0;	\
	self->injector = sim_open_injector(SIM_NAME);				\
	ASSERT_LE(0, self->injector);						\
	if (!self->config.no_client)						\
		OPEN();								\
} while (0)

/* The test may have removed the device, or changed the limit of ring sizes. */
#define SIM_TEARDOWN()								\
do {										\
	int ret_;								\
										\
	EXPECT_EQ(0, write_number(MAX_RING_BYTES, self->max_ring_bytes));	\
	close(self->second);							\
	close(self->fd);							\
	close(self->injector);							\
	ret_ = sim_remove(SIM_NAME);						\
	EXPECT_TRUE(!ret_ || ret_ == -ENOENT);					\
} while (0)

/* Replace the device and the client. */
#define SIM_RESTART(...)							\
do {										\
	SIM_TEARDOWN();								\
	SIM_SETUP(__VA_ARGS__);							\
} while (0)

#define SIM_FIXTURE(name, ...)							\
FIXTURE(name)									\
{										\
	SIM_DEVICE;								\
};										\
										\
FIXTURE_SETUP(name)								\
{										\
	SIM_SETUP(__VA_ARGS__);							\
}										\
										\
FIXTURE_TEARDOWN(name)								\
{										\
	SIM_TEARDOWN();								\
}

/* Open a client of the fixture; the previous one is closed. */
#define OPEN() OPEN_CLIENT(self->fd)
#define OPEN_SECOND() OPEN_CLIENT(self->second)

#define OPEN_CLIENT(client)							\
do {										\
	close(client);								\
	client = sim_open(SIM_NAME, self->config.blocking ?			\
				    O_RDONLY : O_RDONLY | O_NONBLOCK);		\
	ASSERT_LE(0, client);							\
} while (0)

#define UNREGISTER() ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"))

/* Register the device again: the seqs start again. */
#define REREGISTER()								\
do {										\
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));				\
	self->seq = self->config.first_seq ? self->config.first_seq - 1 : 0;	\
} while (0)

/* Broadcast packets, numbered by their seqs. */
#define BROADCAST(packets)							\
do {										\
	unsigned int packets_ = (packets);					\
										\
	ASSERT_EQ((ssize_t)packets_ * self->config.packet_size,			\
		  sim_broadcast(self->injector, self->config.packet_size,	\
				self->seq + 1, packets_));			\
	self->seq += packets_;							\
} while (0)

/* Broadcast packets in a thread; self->seq is already the seq of the last one. */
#define START_BROADCAST(to, packets)						\
do {										\
	*(to) = (struct producer){						\
		.injector = self->injector,					\
		.packet_size = self->config.packet_size,			\
		.number = self->seq + 1,					\
		.count = (packets),						\
	};									\
	self->seq += (to)->count;						\
	ASSERT_TRUE(thread_start(&(to)->thread, producer_main, to));		\
} while (0)

#define END_BROADCAST(from)							\
	ASSERT_EQ((ssize_t)((from)->count * (from)->packet_size), thread_join(&(from)->thread))

/* Arguments after the first are members of struct expected. */
#define EXPECT_RECORDS(buffer, ...)						\
	EXPECT_CORRECT(wrong_records(buffer, self->config.packet_size,		\
				     &(const struct expected){ __VA_ARGS__ }))

/* Read once, and check the result and the records. */
#define EXPECT_READ_FROM(client, ...)						\
	EXPECT_CORRECT(wrong_read(client, self->config.packet_size,		\
				  &(const struct expected){ __VA_ARGS__ }))

#define EXPECT_READ(...) EXPECT_READ_FROM(self->fd, __VA_ARGS__)

/* Result of a read that is expected to fail. */
#define READ(size) read_errno(self->fd, scratch, size)

/* Start reads of one record in threads and wait until they block. */
#define BLOCK_READS(readers, count)						\
do {										\
	unsigned int requests_ = get_stats(self->fd).pending_requests + (count);	\
										\
	for (unsigned int i_ = 0; i_ < (count); i_++)				\
		ASSERT_TRUE(reader_start(&(readers)[i_], self->fd,		\
					 RECORD_SIZE(self->config.packet_size)));	\
	ASSERT_TRUE(wait_requests(self->fd, requests_));			\
} while (0)

/* Wait for the end of a read in a thread, and check its records. */
#define EXPECT_READER(reader, ...)						\
do {										\
	const struct expected expected_ = { __VA_ARGS__ };			\
										\
	ASSERT_EQ(expected_bytes(&expected_, self->config.packet_size),		\
		  reader_join(reader));						\
	EXPECT_RECORDS((reader)->buffer, __VA_ARGS__);				\
} while (0)

/*
 * Arguments are members of struct notify_multi_stats. Omitted counters must be 0; abi_version and
 * clients are not compared.
 */
#define EXPECT_STATS(...) EXPECT_STATS_OF(self->fd, __VA_ARGS__)

#define EXPECT_STATS_OF(client, ...)						\
do {										\
	const struct notify_multi_stats expected_ = { __VA_ARGS__ };		\
	struct notify_multi_stats stats_ = get_stats(client);			\
										\
	EXPECT_EQ(expected_.seq, stats_.seq);					\
	EXPECT_EQ(expected_.next, stats_.next);					\
	EXPECT_EQ(expected_.delivered, stats_.delivered);			\
	EXPECT_EQ(expected_.dropped, stats_.dropped);				\
	EXPECT_EQ(expected_.pending_packets, stats_.pending_packets);		\
	EXPECT_EQ(expected_.pending_requests, stats_.pending_requests);		\
} while (0)

#endif /* DEVICE_H */
