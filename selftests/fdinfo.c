// SPDX-License-Identifier: GPL-2.0
/*
 * The state of clients in /proc/PID/fdinfo/FD.
 */

#include <sched.h>
#include <sys/wait.h>

#include "device.h"
#include "fdinfo.h"

#define LIMIT	4
#define FIRST	100

static struct fdinfo info;

SIM_FIXTURE(fdinfo, .max_packets = LIMIT, .max_requests = 3, .first_seq = FIRST)

#define GET_FDINFO(client) ASSERT_TRUE(fdinfo_get(0, client, &info))

/* Arguments are members of struct fdinfo; all these counters are compared. */
#define EXPECT_FDINFO(client, ...)						\
do {										\
	const struct fdinfo info_ = { __VA_ARGS__ };				\
										\
	GET_FDINFO(client);							\
	EXPECT_EQ(info_.queued, info.queued);				\
	EXPECT_EQ(info_.max, info.max);					\
	EXPECT_EQ(info_.delivered, info.delivered);			\
	EXPECT_EQ(info_.dropped, info.dropped);				\
	EXPECT_EQ(info_.pending, info.pending);				\
} while (0)

TEST_F(fdinfo, has_device_opener_and_queue)
{
	BROADCAST(3);
	EXPECT_FDINFO(self->fd, .queued = 3, .max = LIMIT);
	EXPECT_STREQ(SIM_NAME, info.device);
	EXPECT_EQ(getpid(), info.opener);
}

TEST_F(fdinfo, counts_drops_before_and_after_read)
{
	BROADCAST(LIMIT + 3);
	EXPECT_FDINFO(self->fd, .queued = LIMIT, .max = LIMIT, .dropped = 3);
	EXPECT_READ(.seq = FIRST + 3, .dropped = 3, .size = RECORD);
	EXPECT_FDINFO(self->fd, .queued = LIMIT - 1, .max = LIMIT, .delivered = 1, .dropped = 3);
}

TEST_F(fdinfo, counts_resize_drops)
{
	BROADCAST(LIMIT);
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	EXPECT_FDINFO(self->fd, .queued = 1, .max = 1, .dropped = LIMIT - 1);
}

TEST_F(fdinfo, counts_consumed_packets_as_delivered)
{
	BROADCAST(LIMIT);
	ASSERT_EQ(0, consume(self->fd, FIRST + 2));
	EXPECT_FDINFO(self->fd, .queued = LIMIT - 3, .max = LIMIT, .delivered = 3);
}

TEST_F(fdinfo, counts_blocked_reads)
{
	struct reader readers[2];

	ASSERT_EQ(0, set_blocking(self->fd, true));
	BLOCK_READS(readers, 2);
	EXPECT_FDINFO(self->fd, .max = LIMIT, .pending = 2);
	BROADCAST(2);
	ASSERT_EQ(RECORD, reader_join(&readers[0]));
	ASSERT_EQ(RECORD, reader_join(&readers[1]));
	EXPECT_FDINFO(self->fd, .max = LIMIT, .delivered = 2);
}

TEST_F(fdinfo, is_per_client)
{
	OPEN_SECOND();
	ASSERT_EQ(0, set_max_packets(self->second, 7));
	BROADCAST(LIMIT + 1);
	EXPECT_FDINFO(self->fd, .queued = LIMIT, .max = LIMIT, .dropped = 1);
	EXPECT_FDINFO(self->second, .queued = LIMIT + 1, .max = 7);
}

TEST_F(fdinfo, is_readable_after_unregister)
{
	int file = fdinfo_open(0, self->fd);
	struct fdinfo before;

	ASSERT_LE(0, file);
	BROADCAST(LIMIT + 1);
	ASSERT_TRUE(fdinfo_read(file, &before));
	UNREGISTER();
	ASSERT_TRUE(fdinfo_read(file, &info));
	EXPECT_EQ(0, memcmp(&before, &info, sizeof(before)));
	GET_FDINFO(self->fd);
	EXPECT_EQ(0, memcmp(&before, &info, sizeof(before)));
	close(file);
}

/* -- Numbers of clients -- */

TEST_F(fdinfo, dup_and_fork_share_client_number)
{
	int copy = dup(self->fd), status;
	struct fdinfo first;
	pid_t child;

	ASSERT_LE(0, copy);
	ASSERT_TRUE(fdinfo_get(0, self->fd, &first));
	GET_FDINFO(copy);
	EXPECT_EQ(first.client, info.client);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		pause();
	ASSERT_TRUE(fdinfo_get(child, self->fd, &info));
	EXPECT_EQ(first.client, info.client);
	EXPECT_EQ(first.opener, info.opener);
	kill(child, SIGKILL);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	close(copy);
}

/* Numbers of closed clients and of former devices are not reused. */
TEST_F(fdinfo, client_numbers_are_unique)
{
	uint64_t numbers[4];

	for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (i == 3) {
			UNREGISTER();
			REREGISTER();
		}
		if (i)
			OPEN_SECOND();
		GET_FDINFO(i ? self->second : self->fd);
		numbers[i] = info.client;
		for (unsigned int j = 0; j < i; j++)
			EXPECT_NE(numbers[j], numbers[i]);
	}
}

/* -- Openers -- */

static int open_client(void *data)
{
	return sim_open(SIM_NAME, O_RDONLY);
}

/* The process that opens the client shares its descriptors with this one. */
TEST_F(fdinfo, opener_keeps_pid_after_exit)
{
	static _Alignas(16) char stack[65536];
	pid_t child = clone(open_client, stack + sizeof(stack), CLONE_FILES | SIGCHLD, NULL);
	int status;

	ASSERT_LE(0, child);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	self->second = WEXITSTATUS(status);
	GET_FDINFO(self->second);
	EXPECT_EQ(child, info.opener);
}

TEST_F(fdinfo, opener_is_pid_in_namespace_of_reader)
{
	int status;
	pid_t child;

	if (unshare(CLONE_NEWPID))
		SKIP(return, "PID namespaces are not available");
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		int fd = sim_open(SIM_NAME, O_RDONLY);

		if (!fdinfo_get(0, fd, &info) || info.opener != 1)
			_exit(1);
		/* The opener of the other client is not in this namespace. */
		_exit(fdinfo_get(0, self->fd, &info) && !info.opener ? 0 : 2);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
