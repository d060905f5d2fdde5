// SPDX-License-Identifier: GPL-2.0
/*
 * Unregistration of a source and removal of modules while readers use them. For races of all
 * calls, see testing/stress.
 */

#include <sys/wait.h>

#include "device.h"

SIM_FIXTURE(unregister, .blocking = true, .max_packets = 8)

TEST_F(unregister, blocked_reads_return_enodev)
{
	struct reader readers[3];

	BLOCK_READS(readers, 3);
	UNREGISTER();
	for (unsigned int i = 0; i < 3; i++)
		ASSERT_EQ(-ENODEV, reader_join(&readers[i]));
}

TEST_F(unregister, queued_records_returned_before_enodev)
{
	BROADCAST(10);
	UNREGISTER();
	EXPECT_READ(.seq = 3, .dropped = 2, .size = RECORD);
	EXPECT_READ(.seq = 4, .count = 7);
	EXPECT_EQ(-ENODEV, READ(RECORD));
	EXPECT_EQ(-ENODEV, READ(RECORD));
}

TEST_F(unregister, nonblocking_read_returns_enodev)
{
	EXPECT_EQ(-EAGAIN, nowait_read(self->fd, scratch, RECORD));
	UNREGISTER();
	EXPECT_EQ(-ENODEV, nowait_read(self->fd, scratch, RECORD));
	ASSERT_EQ(0, set_blocking(self->fd, false));
	EXPECT_EQ(-ENODEV, READ(RECORD));
}

TEST_F(unregister, ioctls_keep_working)
{
	BROADCAST(4);
	UNREGISTER();
	EXPECT_EQ(PACKET, get_info(self->fd).packet_size);
	EXPECT_STATS(.seq = 4, .next = 1, .pending_packets = 4);
	EXPECT_EQ(0, set_max_packets(self->fd, 2));
	EXPECT_EQ(0, consume(self->fd, 3));
	EXPECT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	EXPECT_READ(.seq = 4, .raw = true);
}

TEST_F(unregister, node_is_removed)
{
	UNREGISTER();
	EXPECT_EQ(-ENOENT, sim_open(SIM_NAME, O_RDONLY));
}

TEST_F(unregister, injector_write_returns_enodev)
{
	UNREGISTER();
	EXPECT_EQ(-ENODEV, sim_broadcast(self->injector, PACKET, 1, 1));
}

TEST_F(unregister, reregistered_name_is_new_device)
{
	BROADCAST(2);
	UNREGISTER();
	REREGISTER();
	OPEN_SECOND();
	EXPECT_EQ(1, get_stats(self->second).next);
	EXPECT_EQ(1, get_stats(self->second).clients);
	BROADCAST(1);
	EXPECT_READ_FROM(self->second, .seq = 1);
	/* The old client keeps its queue. */
	EXPECT_READ(.seq = 1, .count = 2);
	EXPECT_EQ(-ENODEV, READ(RECORD));
}

TEST_F(unregister, rmdir_unregisters_enabled_source)
{
	BROADCAST(1);
	ASSERT_EQ(0, sim_remove(SIM_NAME));
	EXPECT_READ(.seq = 1);
	EXPECT_EQ(-ENODEV, READ(RECORD));
	EXPECT_EQ(-ENODEV, sim_broadcast(self->injector, PACKET, 1, 1));
}

/* -- Modules -- */

TEST_F(unregister, source_rmmod_works_with_blocked_readers)
{
	struct pollfd pollfd = { .fd = self->fd, .events = POLLIN };
	struct reader reader;
	pid_t child;
	int status;

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		close(self->injector);
		_exit(poll(&pollfd, 1, -1) == 1 && pollfd.revents == POLLHUP ? 0 : 1);
	}
	ASSERT_TRUE(wait_asleep(&child, 'S'));
	BLOCK_READS(&reader, 1);
	/* An enabled simulator and an open injector pin the module, readers do not. */
	close(self->injector);
	self->injector = -1;
	EXPECT_EQ(-EWOULDBLOCK, unload_module("notify_sim"));
	ASSERT_EQ(0, sim_remove(SIM_NAME));
	ASSERT_EQ(-ENODEV, reader_join(&reader));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, unload_module("notify_sim"));
	EXPECT_EQ(-ENODEV, READ(RECORD));
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

TEST_HARNESS_MAIN
