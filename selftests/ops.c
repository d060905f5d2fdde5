// SPDX-License-Identifier: GPL-2.0
/*
 * Effects of the arrival, departure and complete callbacks on programs. For the callbacks
 * themselves, see kapi.c.
 */

#include "sim.h"

#include <sys/wait.h>

#define PACKET	16
#define RECORD	(RECORD_HEADER + PACKET)

FIXTURE(callbacks)
{
	int injector;
	unsigned char buffer[1024];
};

FIXTURE_SETUP(callbacks)
{
	const struct sim_config config = { .packet_size = PACKET, .max_packets = 4 };

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
}

FIXTURE_TEARDOWN(callbacks)
{
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

#define EXPECT_COUNTS(arrivals, departures)					\
do {										\
	EXPECT_EQ(arrivals, sim_get_number(SIM_NAME, "arrivals"));		\
	EXPECT_EQ(departures, sim_get_number(SIM_NAME, "departures"));		\
} while (0)

TEST_F(callbacks, open_calls_arrival_close_calls_departure)
{
	int fd;

	EXPECT_COUNTS(0, 0);
	fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_COUNTS(1, 0);
	close(fd);
	EXPECT_COUNTS(1, 1);
}

TEST_F(callbacks, dup_and_fork_share_client)
{
	int fd = sim_open(SIM_NAME, O_RDONLY), copy;
	pid_t child;

	ASSERT_LE(0, fd);
	copy = dup(fd);
	ASSERT_LE(0, copy);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(0);
	ASSERT_EQ(child, waitpid(child, NULL, 0));
	close(fd);
	EXPECT_COUNTS(1, 0);
	close(copy);
	EXPECT_COUNTS(1, 1);
}

TEST_F(callbacks, refused_open_returns_source_errno)
{
	ASSERT_EQ(0, sim_set_number(SIM_NAME, "arrival_error", -EUCLEAN));
	EXPECT_EQ(-EUCLEAN, sim_open(SIM_NAME, O_RDONLY));
	EXPECT_COUNTS(0, 0);
	ASSERT_EQ(0, sim_set_number(SIM_NAME, "arrival_error", 0));
	close(sim_open(SIM_NAME, O_RDONLY));
	EXPECT_COUNTS(1, 1);
}

TEST_F(callbacks, kernel_internal_errno_returns_eio)
{
	int fd;

	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, -529));
	fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, sim_set_number(SIM_NAME, "arrival_error", -512));
	EXPECT_EQ(-EIO, sim_open(SIM_NAME, O_RDONLY));
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 1, 1));
	EXPECT_EQ(-EIO, read_errno(fd, self->buffer, sizeof(self->buffer)));
	close(fd);
}

TEST_F(callbacks, sigkill_calls_departure)
{
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child) {
		int fd = sim_open(SIM_NAME, O_RDONLY);

		if (fd < 0)
			_exit(1);
		_exit(read(fd, self->buffer, RECORD) < 0 ? 2 : 3);
	}
	while (sim_get_number(SIM_NAME, "arrivals") != 1)
		usleep(1000);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_COUNTS(1, 1);
}

TEST_F(callbacks, unregister_calls_departure_once_per_client)
{
	int first = sim_open(SIM_NAME, O_RDONLY), second = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	close(first);
	EXPECT_COUNTS(2, 1);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_COUNTS(2, 2);
	close(second);
	EXPECT_COUNTS(2, 2);
}

TEST_F(callbacks, complete_error_fails_read_consumes_packet)
{
	int fd;

	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, -EBADMSG));
	fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, fd);
	ASSERT_EQ(2 * PACKET, sim_broadcast(self->injector, PACKET, 1, 2));
	EXPECT_EQ(-EBADMSG, read_errno(fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(2, get_stats(fd).next);
	EXPECT_EQ(-EBADMSG, read_errno(fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(-EAGAIN, read_errno(fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(2, get_stats(fd).delivered);
	EXPECT_EQ(0, get_stats(fd).dropped);
	close(fd);
}

TEST_F(callbacks, consume_after_unregister_counts_drops)
{
	int fd;

	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, -EBADMSG));
	fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, fd);
	ASSERT_EQ(2 * PACKET, sim_broadcast(self->injector, PACKET, 1, 2));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(2, get_stats(fd).dropped);
	EXPECT_EQ(0, consume(fd, 2));
	EXPECT_EQ(2, get_stats(fd).dropped);
	EXPECT_EQ(0, get_stats(fd).delivered);
	EXPECT_EQ(-ENODEV, read_errno(fd, self->buffer, sizeof(self->buffer)));
	close(fd);
}

TEST_F(callbacks, complete_error_while_live_returns_ebusy)
{
	int fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);

	ASSERT_LE(0, fd);
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 1, 1));
	EXPECT_EQ(-EBUSY, sim_set_number(SIM_NAME, "complete_error", -EBADMSG));
	EXPECT_EQ(RECORD, read_errno(fd, self->buffer, sizeof(self->buffer)));
	close(fd);
}

TEST_F(callbacks, complete_error_can_change_while_not_live)
{
	int fd;

	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, -EBADMSG));
	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, 0));
	fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, fd);
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 1, 1));
	EXPECT_EQ(RECORD, read_errno(fd, self->buffer, sizeof(self->buffer)));
	close(fd);
}

TEST_F(callbacks, complete_error_fails_blocked_read)
{
	struct reader reader;
	int fd;

	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, -EBADMSG));
	fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, fd);
	ASSERT_TRUE(reader_start(&reader, fd, RECORD));
	ASSERT_TRUE(wait_requests(fd, 1));
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 1, 1));
	EXPECT_EQ(-EBADMSG, reader_join(&reader));
	close(fd);
}

TEST_F(callbacks, complete_error_fails_raw_read)
{
	int fd;

	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, -EBADMSG));
	fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, set_format(fd, NOTIFY_MULTI_FORMAT_RAW));
	ASSERT_EQ(2 * PACKET, sim_broadcast(self->injector, PACKET, 1, 2));
	EXPECT_EQ(-EBADMSG, read_errno(fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(-EBADMSG, read_errno(fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(-EAGAIN, read_errno(fd, self->buffer, sizeof(self->buffer)));
	close(fd);
}

TEST_HARNESS_MAIN
