// SPDX-License-Identifier: GPL-2.0
/*
 * A read blocked on its buffer by userfaultfd. It must not block broadcasts, unregistration
 * or other clients; calls on the same client wait for it, but are interruptible.
 */

#include "fdinfo.h"

#include <linux/userfaultfd.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PACKET	16
#define RECORD	(RECORD_HEADER + PACKET)
#define LIMIT	4

/* A read into a page that does not exist yet. */
struct blocker {
	struct reader reader;
	void *page;
	int userfault;
};

static bool blocker_prepare(struct blocker *blocker, unsigned char *page, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)page, .len = size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	blocker->reader.size = RECORD;
	blocker->page = page;
	blocker->userfault = syscall(SYS_userfaultfd, O_CLOEXEC);
	return blocker->userfault >= 0 && !ioctl(blocker->userfault, UFFDIO_API, &api) &&
	       !ioctl(blocker->userfault, UFFDIO_REGISTER, &range);
}

static void *blocker_main(void *data)
{
	struct blocker *blocker = data;

	blocker->reader.ret = read_errno(blocker->reader.fd, blocker->page, blocker->reader.size);
	return NULL;
}

/* Return when the read is blocked in its copy. A packet must be queued. */
static bool blocker_start(struct blocker *blocker, int fd)
{
	struct pollfd pollfd = { .fd = blocker->userfault, .events = POLLIN };
	struct uffd_msg message;

	blocker->reader.fd = fd;
	blocker->reader.started = !pthread_create(&blocker->reader.thread, NULL, blocker_main,
						  blocker);
	return blocker->reader.started && poll(&pollfd, 1, WAIT_MS) == 1 &&
	       read(blocker->userfault, &message, sizeof(message)) == sizeof(message) &&
	       message.event == UFFD_EVENT_PAGEFAULT;
}

/* Provide the page and return the result of the read. */
static ssize_t blocker_end(struct blocker *blocker)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)blocker->page, .len = sysconf(_SC_PAGESIZE) },
	};

	if (blocker->reader.started && ioctl(blocker->userfault, UFFDIO_ZEROPAGE, &zero))
		return -errno;
	return reader_join(&blocker->reader);
}

FIXTURE(blocked_read)
{
	int injector;
	int fd;
	struct blocker blocker;
	unsigned char buffer[1024];
};

FIXTURE_SETUP(blocked_read)
{
	const struct sim_config config = { .packet_size = PACKET, .max_packets = LIMIT };
	size_t size = sysconf(_SC_PAGESIZE);

	if (access("/proc/sys/vm/unprivileged_userfaultfd", F_OK))
		SKIP(return, "userfaultfd is not available");
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	self->blocker.page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				  -1, 0);
	ASSERT_NE(MAP_FAILED, self->blocker.page);
	ASSERT_TRUE(blocker_prepare(&self->blocker, self->blocker.page, size));
}

FIXTURE_TEARDOWN(blocked_read)
{
	close(self->blocker.userfault);
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

#define BROADCAST(number, count) \
	ASSERT_EQ((count) * PACKET, sim_broadcast(self->injector, PACKET, number, count))

/* -- Other calls do not block -- */

TEST_F(blocked_read, read_completes_after_page_fault)
{
	const struct notify_multi_record *record = self->blocker.page;

	BROADCAST(1, 1);
	ASSERT_TRUE(blocker_start(&self->blocker, self->fd));
	EXPECT_EQ(RECORD, blocker_end(&self->blocker));
	EXPECT_EQ(1, record->seq);
	EXPECT_TRUE(packet_is(record->data, PACKET, 1));
}

TEST_F(blocked_read, broadcast_poll_other_client_do_not_block)
{
	int other = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);

	ASSERT_LE(0, other);
	BROADCAST(1, 1);
	ASSERT_TRUE(blocker_start(&self->blocker, self->fd));
	BROADCAST(2, LIMIT - 1);
	EXPECT_EQ(LIMIT * RECORD, read_errno(other, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(POLLIN, poll_now(self->fd, POLLIN | POLLPRI));
	EXPECT_EQ(RECORD, blocker_end(&self->blocker));
	EXPECT_EQ(LIMIT - 1, get_stats(self->fd).pending_packets);
	close(other);
}

TEST_F(blocked_read, mmap_does_not_block)
{
	size_t bytes = get_info(self->fd).ring_bytes;
	void *ring;

	BROADCAST(1, 1);
	ASSERT_TRUE(blocker_start(&self->blocker, self->fd));
	ring = mmap(NULL, bytes, PROT_READ, MAP_SHARED, self->fd, 0);
	EXPECT_NE(MAP_FAILED, ring);
	EXPECT_EQ(1, ((const struct notify_multi_ring *)ring)->head);
	EXPECT_EQ(RECORD, blocker_end(&self->blocker));
	munmap(ring, bytes);
}

TEST_F(blocked_read, fdinfo_does_not_block)
{
	struct fdinfo info;

	BROADCAST(1, 1);
	ASSERT_TRUE(blocker_start(&self->blocker, self->fd));
	ASSERT_TRUE(fdinfo_get(0, self->fd, &info));
	EXPECT_EQ(1, info.queued);
	EXPECT_EQ(0, info.delivered);
	EXPECT_EQ(RECORD, blocker_end(&self->blocker));
	ASSERT_TRUE(fdinfo_get(0, self->fd, &info));
	EXPECT_EQ(0, info.queued);
	EXPECT_EQ(1, info.delivered);
}

TEST_F(blocked_read, unregister_does_not_block)
{
	BROADCAST(1, 2);
	ASSERT_TRUE(blocker_start(&self->blocker, self->fd));
	EXPECT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(RECORD, blocker_end(&self->blocker));
	EXPECT_EQ(RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(-ENODEV, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
}

TEST_F(blocked_read, overrun_read_returns_oldest_queued_packet)
{
	const struct notify_multi_record *record = self->blocker.page;

	BROADCAST(1, 1);
	ASSERT_TRUE(blocker_start(&self->blocker, self->fd));
	BROADCAST(2, 20);
	EXPECT_EQ(RECORD, blocker_end(&self->blocker));
	EXPECT_EQ(21 - LIMIT + 1, record->seq);
	EXPECT_EQ(21 - LIMIT, record->dropped);
	EXPECT_TRUE(packet_is(record->data, PACKET, 21 - LIMIT + 1));
}

TEST_F(blocked_read, overrun_read_fills_buffer)
{
	const struct notify_multi_record *record = self->blocker.page;

	self->blocker.reader.size = LIMIT * RECORD;
	BROADCAST(1, LIMIT);
	ASSERT_TRUE(blocker_start(&self->blocker, self->fd));
	BROADCAST(LIMIT + 1, 20);
	EXPECT_EQ(LIMIT * RECORD, blocker_end(&self->blocker));
	EXPECT_EQ(21, record->seq);
	EXPECT_EQ(20, record->dropped);
}

/* -- Waiting calls are interruptible -- */

struct caller {
	pthread_t thread;
	int (*call)(int fd);
	int fd;
	int ret;
	bool done;
};

static void *caller_main(void *data)
{
	struct caller *caller = data;

	caller->ret = caller->call(caller->fd);
	__atomic_store_n(&caller->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static void ignore_signal(int signal)
{
}

/* Send signals until the call returns: early ones may arrive before it waits. */
static int interrupt(int (*call)(int fd), int fd)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	struct caller caller = { .call = call, .fd = fd };
	int ms;

	sigaction(SIGUSR1, &action, NULL);
	if (pthread_create(&caller.thread, NULL, caller_main, &caller))
		return -ESRCH;
	for (ms = 0; ms < WAIT_MS && !__atomic_load_n(&caller.done, __ATOMIC_ACQUIRE); ms += 10) {
		usleep(10000);
		pthread_kill(caller.thread, SIGUSR1);
	}
	pthread_join(caller.thread, NULL);
	return caller.ret;
}

static int call_info(int fd)
{
	struct notify_multi_info info;

	return ioctl(fd, NOTIFY_MULTI_IOC_GET_INFO, &info) ? -errno : 0;
}

static int call_stats(int fd)
{
	struct notify_multi_stats stats;

	return ioctl(fd, NOTIFY_MULTI_IOC_GET_STATS, &stats) ? -errno : 0;
}

static int call_format(int fd)
{
	return set_format(fd, NOTIFY_MULTI_FORMAT_RAW);
}

static int call_resize(int fd)
{
	return set_max_packets(fd, 1);
}

static int call_consume(int fd)
{
	return consume(fd, 1);
}

static int call_read(int fd)
{
	unsigned char buffer[RECORD];

	return read_errno(fd, buffer, sizeof(buffer));
}

TEST_F(blocked_read, calls_on_client_wait_interruptibly)
{
	static const struct {
		char name[16];
		int (*call)(int fd);
	} calls[] = {
		{ "GET_INFO", call_info },
		{ "GET_STATS", call_stats },
		{ "SET_FORMAT", call_format },
		{ "SET_MAX_PACKETS", call_resize },
		{ "CONSUME", call_consume },
		{ "read", call_read },
	};
	size_t i;

	BROADCAST(1, 2);
	ASSERT_TRUE(blocker_start(&self->blocker, self->fd));
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		EXPECT_EQ(-EINTR, interrupt(calls[i].call, self->fd)) TH_LOG("%s", calls[i].name);
	EXPECT_EQ(RECORD, blocker_end(&self->blocker));

	/* None of the calls had an effect. */
	EXPECT_EQ(NOTIFY_MULTI_FORMAT_RECORD, get_info(self->fd).format);
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);
	EXPECT_EQ(1, get_stats(self->fd).delivered);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(blocked_read, nonblocking_read_waits_interruptibly)
{
	BROADCAST(1, 2);
	ASSERT_TRUE(blocker_start(&self->blocker, self->fd));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EINTR, interrupt(call_read, self->fd));
	EXPECT_EQ(RECORD, blocker_end(&self->blocker));
	EXPECT_EQ(RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
}

/* Start a process whose read is blocked in its copy. A packet must be queued. */
static pid_t start_blocked_process(int fd)
{
	size_t size = sysconf(_SC_PAGESIZE);
	int pipe_fds[2];
	pid_t child;
	char byte;

	if (pipe(pipe_fds))
		return -1;
	child = fork();
	if (!child) {
		struct blocker blocker;

		/* The userfaultfd of the fixture does not get the child's faults. */
		blocker.page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				    -1, 0);
		if (!blocker_prepare(&blocker, blocker.page, size) ||
		    !blocker_start(&blocker, fd) || write(pipe_fds[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(1);
	}
	close(pipe_fds[1]);
	if (child > 0 && read(pipe_fds[0], &byte, 1) != 1)
		child = -1;
	close(pipe_fds[0]);
	return child;
}

static bool kill_process(pid_t child)
{
	int status;

	return child > 0 && !kill(child, SIGKILL) && waitpid(child, &status, 0) == child &&
	       WIFSIGNALED(status);
}

TEST_F(blocked_read, sigkill_consumes_nothing)
{
	pid_t child;

	BROADCAST(1, 1);
	child = start_blocked_process(self->fd);
	ASSERT_LT(0, child);
	EXPECT_TRUE(kill_process(child));
	EXPECT_EQ(0, get_stats(self->fd).delivered);
	EXPECT_EQ(RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
}

TEST_F(blocked_read, sigkill_after_overrun_consumes_nothing)
{
	const struct notify_multi_record *record = (void *)self->buffer;
	pid_t child;

	BROADCAST(1, 1);
	child = start_blocked_process(self->fd);
	ASSERT_LT(0, child);
	BROADCAST(2, 20);
	EXPECT_TRUE(kill_process(child));
	EXPECT_EQ(0, get_stats(self->fd).delivered);
	EXPECT_EQ(LIMIT * RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(21 - LIMIT, record->dropped);
}

TEST_HARNESS_MAIN
