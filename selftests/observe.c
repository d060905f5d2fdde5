// SPDX-License-Identifier: GPL-2.0
/*
 * What is to be seen from outside: tracepoints, debugfs' list of opens, the kernel's messages.
 */

#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "sim.h"

#define PACKET		16
#define RECORD		(RECORD_HEADER + PACKET)
#define LIMIT		4
#define REPLAY		2
#define FIRST		100

#define DEBUG_DIR	"/sys/kernel/debug/"
#define OPENS		DEBUG_DIR "notify_multi/" SIM_NAME
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

/* The text of a file of the kernel's, which may be long; "" if it cannot be read. */
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

/* -- debugfs. -------------------------------------------------------------- */

/* A line of the list. */
struct shown {
	int pid;
	char comm[32];
	unsigned int queued;
	unsigned int of;
	unsigned long long lost;
	unsigned long long read;
	unsigned int waiting;
};

FIXTURE(opens)
{
	int injector;
	int fd;
};

FIXTURE_SETUP(opens)
{
	if (access(DEBUG_DIR "notify_multi", F_OK) &&
	    mount("debugfs", DEBUG_DIR, "debugfs", 0, NULL))
		SKIP(return, "the kernel has no debugfs");
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(opens)
{
	close(self->fd);
	close(self->injector);
	sim_remove(SIM_NAME);
}

/* The open at @index of the list; false if there are not so many. */
static bool shown_open(unsigned int index, struct shown *shown)
{
	const char *line = file_text(OPENS);

	memset(shown, 0, sizeof(*shown));
	for (index++; index-- && line; line++) {
		line = strchr(line, '\n');
		if (!line)
			return false;
	}
	return sscanf(line, "%d %31s %u %u %llu %llu %u", &shown->pid, shown->comm,
		      &shown->queued, &shown->of, &shown->lost, &shown->read,
		      &shown->waiting) == 7;
}

TEST_F(opens, list_has_who_opened_and_what_waits)
{
	struct shown shown;
	char comm[32];

	ASSERT_EQ(0, read_file("/proc/self/comm", comm, sizeof(comm)));
	ASSERT_EQ(3 * PACKET, sim_broadcast(self->injector, PACKET, 1, 3));
	ASSERT_TRUE(shown_open(0, &shown));
	EXPECT_EQ(getpid(), shown.pid);
	EXPECT_STREQ(comm, shown.comm);
	EXPECT_EQ(3, shown.queued);
	EXPECT_EQ(LIMIT, shown.of);
	EXPECT_EQ(0, shown.lost);
	EXPECT_EQ(0, shown.read);
	EXPECT_EQ(0, shown.waiting);
	EXPECT_FALSE(shown_open(1, &shown));
}

TEST_F(opens, list_has_losses_before_and_after_a_read_says_them)
{
	unsigned char buffer[RECORD];
	struct shown shown;

	ASSERT_EQ((LIMIT + 3) * PACKET, sim_broadcast(self->injector, PACKET, 1, LIMIT + 3));
	ASSERT_TRUE(shown_open(0, &shown));
	EXPECT_EQ(LIMIT, shown.queued);
	EXPECT_EQ(3, shown.lost);
	ASSERT_EQ(RECORD, read_errno(self->fd, buffer, RECORD));
	ASSERT_TRUE(shown_open(0, &shown));
	EXPECT_EQ(LIMIT - 1, shown.queued);
	EXPECT_EQ(3, shown.lost);
	EXPECT_EQ(1, shown.read);
}

TEST_F(opens, list_has_losses_by_resizing)
{
	struct shown shown;

	ASSERT_EQ(LIMIT * PACKET, sim_broadcast(self->injector, PACKET, 1, LIMIT));
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	ASSERT_TRUE(shown_open(0, &shown));
	EXPECT_EQ(1, shown.queued);
	EXPECT_EQ(1, shown.of);
	EXPECT_EQ(LIMIT - 1, shown.lost);
}

TEST_F(opens, list_has_reads_that_sleep)
{
	struct reader reader = { };
	struct shown shown;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, 0));
	ASSERT_TRUE(reader_start(&reader, self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	ASSERT_TRUE(shown_open(0, &shown));
	EXPECT_EQ(1, shown.waiting);
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 1, 1));
	EXPECT_EQ(RECORD, reader_join(&reader));
	ASSERT_TRUE(shown_open(0, &shown));
	EXPECT_EQ(0, shown.waiting);
}

TEST_F(opens, list_has_every_open_in_the_order_of_arrival)
{
	struct shown shown;
	int other = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, other);
	ASSERT_EQ(0, set_max_packets(other, 7));
	ASSERT_TRUE(shown_open(0, &shown));
	EXPECT_EQ(LIMIT, shown.of);
	ASSERT_TRUE(shown_open(1, &shown));
	EXPECT_EQ(7, shown.of);
	EXPECT_FALSE(shown_open(2, &shown));
	close(other);
	EXPECT_FALSE(shown_open(1, &shown));
}

/* More than the page that the kernel first makes it in. */
TEST_F(opens, list_is_whole_however_long_it_is)
{
	enum { OTHERS = 100 };
	struct shown shown;
	int others[OTHERS];

	for (unsigned int i = 0; i < OTHERS; i++) {
		others[i] = sim_open(SIM_NAME, O_RDONLY);
		ASSERT_LE(0, others[i]);
		ASSERT_EQ(0, set_max_packets(others[i], i + 1));
	}
	for (unsigned int i = 0; i < OTHERS; i++) {
		ASSERT_TRUE(shown_open(i + 1, &shown));
		EXPECT_EQ(i + 1, shown.of);
	}
	EXPECT_FALSE(shown_open(OTHERS + 1, &shown));
	for (unsigned int i = 0; i < OTHERS; i++)
		close(others[i]);
}

/* The open outlives the process, as somebody else has it, too. */
TEST_F(opens, opener_that_has_exited_has_no_name)
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
	struct shown shown;
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
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EQ(1, recvmsg(sockets[0], &msg, 0));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));

	ASSERT_TRUE(shown_open(1, &shown));
	EXPECT_EQ(child, shown.pid);
	EXPECT_STREQ("-", shown.comm);
	close(fd);
	close(sockets[0]);
	close(sockets[1]);
}

TEST_F(opens, list_is_the_owners_alone)
{
	struct stat st;

	ASSERT_EQ(0, stat(OPENS, &st));
	EXPECT_EQ(0400, st.st_mode & 0777);
	EXPECT_EQ(0, st.st_uid);
}

TEST_F(opens, list_goes_with_the_device_and_its_file_stays_safe)
{
	char text[16];
	int fd = open(OPENS, O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_NE(0, access(OPENS, F_OK));
	EXPECT_EQ(-EIO, read_errno(fd, text, sizeof(text)));
	close(fd);
}

/* -- Tracepoints. ---------------------------------------------------------- */

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
	 * To know the names of processes the kernel patches its scheduler: the emulator, when
	 * this machine is one, sometimes runs what was there in the meantime.
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

/* How many events there are whose text is @event, from its name on. */
static unsigned int traced(const char *event)
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

static unsigned int traced_of(const char *format, long long opener)
{
	char event[256];

	snprintf(event, sizeof(event), format, opener);
	return traced(event);
}

TEST_F(trace, broadcast_has_the_packets_head_and_how_many_get_it)
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
		 "notify_multi_broadcast: device=" SIM_NAME " seq=%d timestamp_ns=%llu status=-5 clients=1",
		 FIRST, record.timestamp_ns);
	EXPECT_EQ(1, traced(event));
	close(fd);
}

TEST_F(trace, open_and_release_have_the_process_and_its_accounts)
{
	unsigned char buffer[RECORD];
	int fd;

	ASSERT_EQ(3 * PACKET, sim_broadcast(self->injector, PACKET, 1, 3));
	fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(1, traced_of("notify_multi_open: device=" SIM_NAME " opener=%lld seq=101 replay=2",
			       getpid()));
	/* Five packets, with the two replayed, of which one is lost and one is read. */
	ASSERT_EQ(3 * PACKET, sim_broadcast(self->injector, PACKET, 1, 3));
	ASSERT_EQ(RECORD, read_errno(fd, buffer, RECORD));
	close(fd);
	EXPECT_EQ(1, traced_of("notify_multi_release: device=" SIM_NAME
			       " opener=%lld delivered=1 dropped=1 queued=3", getpid()));
}

TEST_F(trace, refused_open_is_none)
{
	ASSERT_EQ(0, sim_set(SIM_NAME, "arrival_error", "-13"));
	ASSERT_EQ(-EACCES, sim_open(SIM_NAME, O_RDONLY));
	EXPECT_EQ(NULL, strstr(file_text(TRACE "trace"), "notify_multi_open: device"));
	EXPECT_EQ(NULL, strstr(file_text(TRACE "trace"), "notify_multi_release: device"));
}

TEST_F(trace, read_and_drop_have_the_packets)
{
	unsigned char buffer[3 * RECORD];
	int fd = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ((LIMIT + 5) * PACKET, sim_broadcast(self->injector, PACKET, 1, LIMIT + 5));
	EXPECT_EQ(NULL, strstr(file_text(TRACE "trace"), "notify_multi_drop: device"));
	ASSERT_EQ(3 * RECORD, read_errno(fd, buffer, sizeof(buffer)));
	EXPECT_EQ(1, traced_of("notify_multi_drop: device=" SIM_NAME " opener=%lld seq=100 count=5",
			       getpid()));
	EXPECT_EQ(1, traced_of("notify_multi_read: device=" SIM_NAME " opener=%lld seq=105 count=3",
			       getpid()));
	ASSERT_EQ(RECORD, read_errno(fd, buffer, RECORD));
	EXPECT_EQ(1, traced_of("notify_multi_read: device=" SIM_NAME " opener=%lld seq=108 count=1",
			       getpid()));
	close(fd);
}

TEST_F(trace, consume_is_a_read_and_a_drop)
{
	int fd = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ((LIMIT + 1) * PACKET, sim_broadcast(self->injector, PACKET, 1, LIMIT + 1));
	ASSERT_EQ(0, consume(fd, FIRST + 2));
	EXPECT_EQ(1, traced_of("notify_multi_drop: device=" SIM_NAME " opener=%lld seq=100 count=1",
			       getpid()));
	EXPECT_EQ(1, traced_of("notify_multi_read: device=" SIM_NAME " opener=%lld seq=101 count=2",
			       getpid()));
	close(fd);
}

TEST_F(trace, loss_by_resizing_is_dropped_when_it_is_said)
{
	int fd = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, fd);
	ASSERT_EQ(LIMIT * PACKET, sim_broadcast(self->injector, PACKET, 1, LIMIT));
	ASSERT_EQ(0, set_max_packets(fd, 1));
	EXPECT_EQ(NULL, strstr(file_text(TRACE "trace"), "notify_multi_drop: device"));
	ASSERT_EQ(0, consume(fd, FIRST + 1));
	EXPECT_EQ(1, traced_of("notify_multi_drop: device=" SIM_NAME " opener=%lld seq=100 count=2",
			       getpid()));
	EXPECT_EQ(NULL, strstr(file_text(TRACE "trace"), "notify_multi_read: device"));
	close(fd);
}

/* -- Messages. ------------------------------------------------------------- */

/* Whether the kernel has said @text, after @since, if that is still there. */
static bool kernel_said(const char *since, const char *text)
{
	static char log[1 << 20];
	int bytes = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, log, sizeof(log) - 1);
	const char *from;

	log[bytes < 0 ? 0 : bytes] = '\0';
	from = strstr(log, since);
	return strstr(from ? from : log, text);
}

FIXTURE(messages)
{
	char mark[64];
	char max_ring_bytes[32];
};

FIXTURE_SETUP(messages)
{
	struct timespec now;

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(self->mark, sizeof(self->mark), "kselftest %lld.%09ld", (long long)now.tv_sec,
		 now.tv_nsec);
	ASSERT_EQ(0, write_file("/dev/kmsg", self->mark));
	ASSERT_EQ(0, read_file(MAX_RING_BYTES, self->max_ring_bytes,
			       sizeof(self->max_ring_bytes)));
}

FIXTURE_TEARDOWN(messages)
{
	EXPECT_EQ(0, write_file(MAX_RING_BYTES, self->max_ring_bytes));
	sim_remove(SIM_NAME);
}

/* An open that misses @lost packets and is closed without a read. */
static bool open_and_lose(unsigned int lost)
{
	int injector = sim_open_injector(SIM_NAME);
	int fd = sim_open(SIM_NAME, O_RDONLY);
	ssize_t bytes = (LIMIT + lost) * PACKET;
	bool right = sim_broadcast(injector, PACKET, 1, LIMIT + lost) == bytes;

	close(fd);
	close(injector);
	return right;
}

/* The kernel prints ten in five seconds, which others may have used up. */
TEST_F(messages, open_that_has_lost_packets_is_told_when_it_goes)
{
	char text[128];

	snprintf(text, sizeof(text), "[%d] has read 0 packets and lost 6,", getpid());
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_EQ(0, sim_set(SIM_NAME, "replay", "0"));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));
	for (int i = 0; i < 120 && !kernel_said(self->mark, text); i++) {
		ASSERT_TRUE(open_and_lose(0));
		ASSERT_TRUE(open_and_lose(6));
		usleep(100000);
	}
	EXPECT_TRUE(kernel_said(self->mark, text));
	EXPECT_FALSE(kernel_said(self->mark, "lost 0"));
}

TEST_F(messages, device_that_cannot_be_is_told_with_the_reason)
{
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_EQ(0, write_file(MAX_RING_BYTES, "4096"));
	EXPECT_EQ(-EINVAL, sim_set(SIM_NAME, "live", "1"));
	EXPECT_TRUE(kernel_said(self->mark, SIM_NAME ": max_packets is out of range"));
}

TEST_HARNESS_MAIN
