// SPDX-License-Identifier: GPL-2.0
/*
 * fdinfo, tracepoints and kernel messages.
 */

#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "fdinfo.h"
#include "system.h"

#define PACKET		16
#define RECORD		(RECORD_HEADER + PACKET)
#define LIMIT		4
#define REPLAY		2
#define FIRST		100

#define TRACE_DIR	"/sys/kernel/tracing/"
#define TRACE		TRACE_DIR "instances/kselftest/"
#define RECORD_NAMES	TRACE_DIR "options/record-cmd"

static const struct sim_config config = {
	.packet_size = PACKET,
	.max_packets = LIMIT,
	.max_requests = 3,
	.replay = REPLAY,
	.first_seq = FIRST,
};

/* -- fdinfo -- */

FIXTURE(fdinfo)
{
	int injector;
	int fd;
	struct fdinfo info;
};

FIXTURE_SETUP(fdinfo)
{
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(fdinfo)
{
	close(self->fd);
	close(self->injector);
	sim_remove(SIM_NAME);
}

#define BROADCAST(number, count) \
	ASSERT_EQ((count) * PACKET, sim_broadcast(self->injector, PACKET, number, count))

#define GET_FDINFO(fd) ASSERT_TRUE(fdinfo_get(0, fd, &self->info))

TEST_F(fdinfo, has_opener_and_queue)
{
	BROADCAST(1, 3);
	GET_FDINFO(self->fd);
	EXPECT_STREQ(SIM_NAME, self->info.device);
	EXPECT_EQ(getpid(), self->info.opener);
	EXPECT_EQ(3, self->info.queued);
	EXPECT_EQ(LIMIT, self->info.max);
	EXPECT_EQ(0, self->info.delivered);
	EXPECT_EQ(0, self->info.dropped);
	EXPECT_EQ(0, self->info.pending);
}

TEST_F(fdinfo, counts_drops_before_and_after_read)
{
	unsigned char buffer[RECORD];

	BROADCAST(1, LIMIT + 3);
	GET_FDINFO(self->fd);
	EXPECT_EQ(LIMIT, self->info.queued);
	EXPECT_EQ(0, self->info.delivered);
	EXPECT_EQ(3, self->info.dropped);
	ASSERT_EQ(RECORD, read_errno(self->fd, buffer, RECORD));
	GET_FDINFO(self->fd);
	EXPECT_EQ(LIMIT - 1, self->info.queued);
	EXPECT_EQ(1, self->info.delivered);
	EXPECT_EQ(3, self->info.dropped);
}

TEST_F(fdinfo, counts_resize_drops)
{
	BROADCAST(1, LIMIT);
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	GET_FDINFO(self->fd);
	EXPECT_EQ(1, self->info.queued);
	EXPECT_EQ(1, self->info.max);
	EXPECT_EQ(LIMIT - 1, self->info.dropped);
}

TEST_F(fdinfo, counts_consumed_packets_as_delivered)
{
	BROADCAST(1, LIMIT);
	ASSERT_EQ(0, consume(self->fd, FIRST + 2));
	GET_FDINFO(self->fd);
	EXPECT_EQ(LIMIT - 3, self->info.queued);
	EXPECT_EQ(3, self->info.delivered);
	EXPECT_EQ(0, self->info.dropped);
}

TEST_F(fdinfo, counts_blocked_reads)
{
	struct reader readers[2] = { };

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, 0));
	ASSERT_TRUE(reader_start(&readers[0], self->fd, RECORD));
	ASSERT_TRUE(reader_start(&readers[1], self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, 2));
	GET_FDINFO(self->fd);
	EXPECT_EQ(2, self->info.pending);
	BROADCAST(1, 2);
	EXPECT_EQ(RECORD, reader_join(&readers[0]));
	EXPECT_EQ(RECORD, reader_join(&readers[1]));
	GET_FDINFO(self->fd);
	EXPECT_EQ(0, self->info.pending);
	EXPECT_EQ(2, self->info.delivered);
}

TEST_F(fdinfo, is_per_client)
{
	int other = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, set_max_packets(other, 7));
	BROADCAST(1, LIMIT + 1);
	GET_FDINFO(self->fd);
	EXPECT_EQ(LIMIT, self->info.max);
	EXPECT_EQ(1, self->info.dropped);
	GET_FDINFO(other);
	EXPECT_EQ(7, self->info.max);
	EXPECT_EQ(LIMIT + 1, self->info.queued);
	EXPECT_EQ(0, self->info.dropped);
	close(other);
}

TEST_F(fdinfo, dup_and_fork_share_client_number)
{
	int copy = dup(self->fd), go[2], status;
	uint64_t client, opener;
	pid_t child;

	ASSERT_LE(0, copy);
	GET_FDINFO(self->fd);
	client = self->info.client;
	opener = self->info.opener;
	GET_FDINFO(copy);
	EXPECT_EQ(client, self->info.client);

	ASSERT_EQ(0, pipe(go));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		char byte;

		close(go[1]);
		_exit(read(go[0], &byte, 1));
	}
	ASSERT_TRUE(fdinfo_get(child, self->fd, &self->info));
	EXPECT_EQ(client, self->info.client);
	EXPECT_EQ(opener, self->info.opener);
	close(go[1]);
	close(go[0]);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	close(copy);
}

TEST_F(fdinfo, client_numbers_are_unique)
{
	int other = sim_open(SIM_NAME, O_RDONLY);
	uint64_t first, second;

	ASSERT_LE(0, other);
	GET_FDINFO(self->fd);
	first = self->info.client;
	GET_FDINFO(other);
	second = self->info.client;
	EXPECT_NE(first, second);

	/* Numbers of closed clients and of former devices are not reused. */
	close(other);
	other = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, other);
	GET_FDINFO(other);
	EXPECT_NE(first, self->info.client);
	EXPECT_NE(second, self->info.client);
	close(other);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));
	other = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, other);
	GET_FDINFO(other);
	EXPECT_NE(first, self->info.client);
	EXPECT_NE(second, self->info.client);
	close(other);
}

/* This process gets the client from a child by SCM_RIGHTS. */
TEST_F(fdinfo, opener_keeps_pid_after_exit)
{
	int sockets[2], status, fd = -1;
	char byte = 0, control[CMSG_SPACE(sizeof(fd))] = { };
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

		fd = sim_open(SIM_NAME, O_RDONLY);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
		_exit(sendmsg(sockets[1], &msg, 0) == 1 ? 0 : 1);
	}
	ASSERT_EQ(1, recvmsg(sockets[0], &msg, 0));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status);
	GET_FDINFO(fd);
	EXPECT_EQ(child, self->info.opener);
	close(fd);
	close(sockets[0]);
	close(sockets[1]);
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

		if (!fdinfo_get(0, fd, &self->info) || self->info.opener != 1)
			_exit(1);
		/* The opener of the other client is not in this namespace. */
		_exit(fdinfo_get(0, self->fd, &self->info) && !self->info.opener ? 0 : 2);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_TRUE(WIFEXITED(status));
}

TEST_F(fdinfo, is_readable_after_unregister)
{
	int file = fdinfo_open(0, self->fd);
	struct fdinfo before;

	ASSERT_LE(0, file);
	BROADCAST(1, LIMIT + 1);
	ASSERT_TRUE(fdinfo_read(file, &before));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_TRUE(fdinfo_read(file, &self->info));
	EXPECT_EQ(0, memcmp(&before, &self->info, sizeof(before)));
	GET_FDINFO(self->fd);
	EXPECT_EQ(0, memcmp(&before, &self->info, sizeof(before)));
	close(file);
}

/* -- Tracepoints -- */

FIXTURE(trace)
{
	int injector;
	char record_names[8];
};

FIXTURE_SETUP(trace)
{
	if (access(TRACE_DIR "instances", F_OK) &&
	    mount("tracefs", TRACE_DIR, "tracefs", 0, NULL))
		SKIP(return, "the kernel has no tracefs");
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	/*
	 * Recording process names patches the scheduler's code at run time. An emulator sometimes
	 * keeps running the old code.
	 */
	ASSERT_EQ(0, read_file(RECORD_NAMES, self->record_names, sizeof(self->record_names)));
	ASSERT_EQ(0, write_file(RECORD_NAMES, "0"));
	rmdir(TRACE);
	ASSERT_EQ(0, mkdir(TRACE, 0700));
	ASSERT_EQ(0, write_file(TRACE "events/notify_multi/enable", "1"));
}

FIXTURE_TEARDOWN(trace)
{
	write_file(TRACE "events/notify_multi/enable", "0");
	EXPECT_EQ(0, rmdir(TRACE));
	EXPECT_EQ(0, write_file(RECORD_NAMES, self->record_names));
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

/* Return the text of a file, which may need several reads. */
static const char *file_text(const char *path)
{
	static char text[1 << 16];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t size = 0;
	ssize_t bytes;

	while (fd >= 0 && (bytes = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
		size += bytes;
	text[size] = '\0';
	if (fd >= 0)
		close(fd);
	return text;
}

/* Number of events with exactly this text, which starts with the event's name. */
static unsigned int count_events(const char *event)
{
	const char *at = file_text(TRACE "trace");
	size_t length = strlen(event);
	unsigned int count = 0;

	while ((at = strstr(at, event))) {
		count += at[-1] == ' ' && at[length] == '\n';
		at += length;
	}
	return count;
}

#define EVENT(name) "notify_multi_" name ": device=" SIM_NAME

static unsigned int count_events_of(const char *format, long long opener)
{
	char event[256];

	snprintf(event, sizeof(event), format, opener);
	return count_events(event);
}

TEST_F(trace, broadcast_has_record_header_and_clients)
{
	struct notify_multi_record record;
	unsigned char buffer[RECORD];
	char event[256];
	int fd = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, sim_set(SIM_NAME, "status", "-5"));
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 1, 1));
	ASSERT_EQ(RECORD, read_errno(fd, buffer, RECORD));
	memcpy(&record, buffer, sizeof(record));
	snprintf(event, sizeof(event),
		 EVENT("broadcast") " seq=%d timestamp_ns=%llu status=-5 clients=1",
		 FIRST, record.timestamp_ns);
	EXPECT_EQ(1, count_events(event));
	close(fd);
}

TEST_F(trace, open_and_release_have_opener_and_counters)
{
	unsigned char buffer[RECORD];
	int fd;

	ASSERT_EQ(3 * PACKET, sim_broadcast(self->injector, PACKET, 1, 3));
	fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, count_events_of(EVENT("open") " opener=%lld seq=101 replay=2",
				     getpid()));
	/* Five packets, including two replayed ones: one is dropped and one is read. */
	ASSERT_EQ(3 * PACKET, sim_broadcast(self->injector, PACKET, 1, 3));
	ASSERT_EQ(RECORD, read_errno(fd, buffer, RECORD));
	close(fd);
	EXPECT_EQ(1, count_events_of(EVENT("release")
				     " opener=%lld delivered=1 dropped=1 queued=3", getpid()));
}

TEST_F(trace, refused_open_is_not_traced)
{
	ASSERT_EQ(0, sim_set(SIM_NAME, "arrival_error", "-13"));
	ASSERT_EQ(-EACCES, sim_open(SIM_NAME, O_RDONLY));
	EXPECT_EQ(NULL, strstr(file_text(TRACE "trace"), EVENT("open")));
	EXPECT_EQ(NULL, strstr(file_text(TRACE "trace"), EVENT("release")));
}

TEST_F(trace, read_and_drop_have_seq_and_count)
{
	unsigned char buffer[3 * RECORD];
	int fd = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ((LIMIT + 5) * PACKET, sim_broadcast(self->injector, PACKET, 1, LIMIT + 5));
	EXPECT_EQ(NULL, strstr(file_text(TRACE "trace"), EVENT("drop")));
	ASSERT_EQ(3 * RECORD, read_errno(fd, buffer, sizeof(buffer)));
	EXPECT_EQ(1, count_events_of(EVENT("drop") " opener=%lld seq=100 count=5",
				     getpid()));
	EXPECT_EQ(1, count_events_of(EVENT("read") " opener=%lld seq=105 count=3",
				     getpid()));
	ASSERT_EQ(RECORD, read_errno(fd, buffer, RECORD));
	EXPECT_EQ(1, count_events_of(EVENT("read") " opener=%lld seq=108 count=1",
				     getpid()));
	close(fd);
}

TEST_F(trace, consume_is_traced_as_read_and_drop)
{
	int fd = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ((LIMIT + 1) * PACKET, sim_broadcast(self->injector, PACKET, 1, LIMIT + 1));
	ASSERT_EQ(0, consume(fd, FIRST + 2));
	EXPECT_EQ(1, count_events_of(EVENT("drop") " opener=%lld seq=100 count=1",
				     getpid()));
	EXPECT_EQ(1, count_events_of(EVENT("read") " opener=%lld seq=101 count=2",
				     getpid()));
	close(fd);
}

TEST_F(trace, resize_drop_is_traced_when_reported)
{
	int fd = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(LIMIT * PACKET, sim_broadcast(self->injector, PACKET, 1, LIMIT));
	ASSERT_EQ(0, set_max_packets(fd, 1));
	EXPECT_EQ(NULL, strstr(file_text(TRACE "trace"), EVENT("drop")));
	ASSERT_EQ(0, consume(fd, FIRST + 1));
	EXPECT_EQ(1, count_events_of(EVENT("drop") " opener=%lld seq=100 count=2",
				     getpid()));
	EXPECT_EQ(NULL, strstr(file_text(TRACE "trace"), EVENT("read")));
	close(fd);
}

/* -- Kernel log -- */

FIXTURE(messages)
{
	int log;
	char max_ring_bytes[32];
};

FIXTURE_SETUP(messages)
{
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	ASSERT_EQ(0, read_file(MAX_RING_BYTES, self->max_ring_bytes,
			       sizeof(self->max_ring_bytes)));
	self->log = log_open();
	ASSERT_LE(0, self->log);
}

FIXTURE_TEARDOWN(messages)
{
	EXPECT_EQ(0, write_file(MAX_RING_BYTES, self->max_ring_bytes));
	close(self->log);
	sim_remove(SIM_NAME);
}

TEST_F(messages, close_after_drops_is_not_logged)
{
	int injector = sim_open_injector(SIM_NAME), fd = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ((LIMIT + 6) * PACKET, sim_broadcast(injector, PACKET, 1, LIMIT + 6));
	close(fd);
	close(injector);
	EXPECT_FALSE(log_contains(self->log, "notify_multi", SIM_NAME));
}

/* The message is ratelimited to ten in five seconds, which another test may have used up. */
TEST_F(messages, register_failure_logs_reason)
{
	bool logged = false;

	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_EQ(0, write_file(MAX_RING_BYTES, "4096"));
	for (int i = 0; i < 120 && !logged; i++) {
		ASSERT_EQ(-EINVAL, sim_set(SIM_NAME, "live", "1"));
		logged = log_contains(self->log, "notify_multi: ",
				      SIM_NAME ": invalid max_packets\n");
		if (!logged)
			usleep(100000);
	}
	EXPECT_TRUE(logged);
}

TEST_HARNESS_MAIN
