// SPDX-License-Identifier: GPL-2.0
/*
 * Unregistration of a source and removal of modules while readers use them.
 */

#include "sim.h"

#include <sys/wait.h>

#define PACKET	16
#define RECORD	(RECORD_HEADER + PACKET)
#define BLOCKED_READS	3

FIXTURE(unregister)
{
	int injector;
	int fd;
	unsigned char buffer[1024];
	struct reader readers[BLOCKED_READS];
};

FIXTURE_SETUP(unregister)
{
	const struct sim_config config = { .packet_size = PACKET, .max_packets = 8 };

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(unregister)
{
	close(self->fd);
	close(self->injector);
	sim_remove(SIM_NAME);
}

#define BROADCAST(count) \
	ASSERT_EQ((count) * PACKET, sim_broadcast(self->injector, PACKET, 1, count))

static const struct notify_multi_record *record_at(const void *buffer, unsigned int index)
{
	return buffer + index * RECORD;
}

TEST_F(unregister, blocked_reads_return_enodev)
{
	unsigned int i;

	for (i = 0; i < BLOCKED_READS; i++)
		ASSERT_TRUE(reader_start(&self->readers[i], self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, BLOCKED_READS));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	for (i = 0; i < BLOCKED_READS; i++)
		EXPECT_EQ(-ENODEV, reader_join(&self->readers[i]));
}

TEST_F(unregister, queued_records_returned_before_enodev)
{
	BROADCAST(10);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(3, record_at(self->buffer, 0)->seq);
	EXPECT_EQ(2, record_at(self->buffer, 0)->dropped);
	ASSERT_EQ(7 * RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(10, record_at(self->buffer, 6)->seq);
	EXPECT_EQ(-ENODEV, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(-ENODEV, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
}

TEST_F(unregister, nonblocking_read_returns_enodev)
{
	struct iovec iov = { self->buffer, sizeof(self->buffer) };

	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(-1, preadv2(self->fd, &iov, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(ENODEV, errno);
}

TEST_F(unregister, ioctls_keep_working)
{
	BROADCAST(4);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(PACKET, get_info(self->fd).packet_size);
	EXPECT_EQ(4, get_stats(self->fd).seq);
	EXPECT_EQ(4, get_stats(self->fd).pending_packets);
	EXPECT_EQ(0, set_max_packets(self->fd, 2));
	EXPECT_EQ(0, consume(self->fd, 3));
	EXPECT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	ASSERT_EQ(PACKET, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	EXPECT_TRUE(packet_is(self->buffer, PACKET, 4));
}

TEST_F(unregister, node_is_removed)
{
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(-ENOENT, sim_open(SIM_NAME, O_RDONLY));
}

TEST_F(unregister, injector_write_returns_enodev)
{
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(-ENODEV, sim_broadcast(self->injector, PACKET, 1, 1));
}

TEST_F(unregister, reregistered_name_is_new_device)
{
	int fd;

	BROADCAST(2);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));
	fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, get_stats(fd).next);
	EXPECT_EQ(1, get_stats(fd).clients);
	BROADCAST(1);
	ASSERT_EQ(RECORD, read_errno(fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(1, record_at(self->buffer, 0)->seq);
	/* The old client keeps its queue. */
	ASSERT_EQ(2 * RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(-ENODEV, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	close(fd);
}

TEST_F(unregister, rmdir_unregisters_enabled_source)
{
	BROADCAST(1);
	ASSERT_EQ(0, sim_remove(SIM_NAME));
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(-ENODEV, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(-ENODEV, sim_broadcast(self->injector, PACKET, 1, 1));
}

/* -- Modules -- */

TEST_F(unregister, source_rmmod_works_with_blocked_readers)
{
	struct pollfd pollfd = { .fd = self->fd, .events = POLLIN };
	pid_t child;
	int status;

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(self->injector);
		_exit(poll(&pollfd, 1, -1) == 1 && pollfd.revents == POLLHUP ? 0 : 1);
	}
	ASSERT_TRUE(wait_asleep(&child, 'S'));
	ASSERT_TRUE(reader_start(&self->readers[0], self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	/* An enabled simulator and an open injector pin the module, readers do not. */
	close(self->injector);
	self->injector = -1;
	EXPECT_EQ(-EWOULDBLOCK, unload_module("notify_sim"));
	ASSERT_EQ(0, sim_remove(SIM_NAME));
	EXPECT_EQ(-ENODEV, reader_join(&self->readers[0]));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, unload_module("notify_sim"));
	EXPECT_EQ(-ENODEV, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(POLLHUP, poll_now(self->fd, POLLIN));
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
	ASSERT_EQ(0, load_module("notify_sim", ""));
}

TEST_F(unregister, source_rmmod_fails_until_injector_closed)
{
	ASSERT_EQ(0, sim_remove(SIM_NAME));
	EXPECT_EQ(-EWOULDBLOCK, unload_module("notify_sim"));
	close(self->injector);
	self->injector = -1;
	EXPECT_EQ(0, unload_module("notify_sim"));
	ASSERT_EQ(0, load_module("notify_sim", ""));
}

TEST_F(unregister, core_rmmod_fails_until_last_close)
{
	unsigned int others;

	ASSERT_EQ(0, sim_remove(SIM_NAME));
	close(self->injector);
	self->injector = -1;
	ASSERT_EQ(0, unload_module("notify_sim"));
	others = unload_other_sources();
	EXPECT_EQ(-EWOULDBLOCK, unload_module("notify_multi"));
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, unload_module("notify_multi"));
	ASSERT_EQ(0, load_module("notify_multi", ""));
	ASSERT_EQ(0, load_module("notify_sim", ""));
	load_other_sources(others);
}

/* -- Races -- */

struct storm {
	pthread_t thread;
	int stop;
	unsigned int clients;
	const char *wrong;
};

/* Open, read and close the device in a loop. */
static void *open_main(void *data)
{
	struct storm *storm = data;
	unsigned char buffer[4 * RECORD];

	while (!__atomic_load_n(&storm->stop, __ATOMIC_ACQUIRE)) {
		int fd = sim_open(SIM_NAME, O_RDONLY);
		ssize_t ret;

		if (fd == -ENOENT || fd == -ENODEV || fd == -ENXIO)
			continue;
		if (fd < 0) {
			storm->wrong = "open";
			break;
		}
		storm->clients++;
		ret = read_errno(fd, buffer, sizeof(buffer));
		if (ret != -ENODEV && (ret <= 0 || ret % RECORD))
			storm->wrong = "read";
		close(fd);
	}
	return NULL;
}

/* Broadcast in a loop. */
static void *broadcast_main(void *data)
{
	struct storm *storm = data;

	while (!__atomic_load_n(&storm->stop, __ATOMIC_ACQUIRE)) {
		int fd = sim_open_injector(SIM_NAME);

		if (fd < 0)
			continue;
		while (sim_broadcast(fd, PACKET, 1, 1) == PACKET)
			if (__atomic_load_n(&storm->stop, __ATOMIC_ACQUIRE))
				break;
		close(fd);
	}
	return NULL;
}

TEST_F(unregister, open_broadcast_and_unregister_race)
{
	struct storm storms[3] = { };
	unsigned int i;

	close(self->fd);
	self->fd = -1;
	ASSERT_EQ(0, pthread_create(&storms[0].thread, NULL, broadcast_main, &storms[0]));
	for (i = 1; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&storms[i].thread, NULL, open_main, &storms[i]));
	for (i = 0; i < 100 || !storms[1].clients || !storms[2].clients; i++) {
		ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
		ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));
	}
	for (i = 0; i < 3; i++)
		__atomic_store_n(&storms[i].stop, 1, __ATOMIC_RELEASE);
	/* Wake blocked reads. */
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, pthread_join(storms[i].thread, NULL));
		EXPECT_EQ(NULL, storms[i].wrong);
	}
	EXPECT_EQ(1 + storms[1].clients + storms[2].clients,
		  sim_get_number(SIM_NAME, "arrivals"));
	EXPECT_EQ(sim_get_number(SIM_NAME, "arrivals"), sim_get_number(SIM_NAME, "departures"));
}

TEST_HARNESS_MAIN
