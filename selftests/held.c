// SPDX-License-Identifier: GPL-2.0
/*
 * An open whose reader stays in the middle of its read: the memory that it reads into is not
 * there until userfaultfd brings it. Nobody else may be held up by that, and who has to wait,
 * as the open has one reader at a time, can be interrupted.
 */

#include "sim.h"

#include <linux/userfaultfd.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PACKET	16
#define RECORD	(RECORD_HEADER + PACKET)
#define LIMIT	4

/* A read into memory that is not there yet. */
struct held {
	struct reader reader;
	void *page;
	int userfault;
};

static bool held_prepare(struct held *held, unsigned char *page, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { .start = (uintptr_t)page, .len = size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	held->page = page;
	held->userfault = syscall(SYS_userfaultfd, O_CLOEXEC);
	return held->userfault >= 0 && !ioctl(held->userfault, UFFDIO_API, &api) &&
	       !ioctl(held->userfault, UFFDIO_REGISTER, &range);
}

static void *held_main(void *data)
{
	struct held *held = data;

	held->reader.ret = read_errno(held->reader.fd, held->page, RECORD);
	return NULL;
}

/* Returns when the read, for which a packet is queued, is in the middle of it. */
static bool held_start(struct held *held, int fd)
{
	struct pollfd pollfd = { .fd = held->userfault, .events = POLLIN };
	struct uffd_msg message;

	held->reader.fd = fd;
	held->reader.started = !pthread_create(&held->reader.thread, NULL, held_main, held);
	return held->reader.started && poll(&pollfd, 1, WAIT_MS) == 1 &&
	       read(held->userfault, &message, sizeof(message)) == sizeof(message) &&
	       message.event == UFFD_EVENT_PAGEFAULT;
}

/* What the read returns. */
static ssize_t held_end(struct held *held)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)held->page, .len = sysconf(_SC_PAGESIZE) },
	};

	if (held->reader.started && ioctl(held->userfault, UFFDIO_ZEROPAGE, &zero))
		return -errno;
	return reader_join(&held->reader);
}

FIXTURE(held)
{
	int injector;
	int fd;
	struct held held;
	unsigned char buffer[1024];
};

FIXTURE_SETUP(held)
{
	const struct sim_config config = { .packet_size = PACKET, .max_packets = LIMIT };
	size_t size = sysconf(_SC_PAGESIZE);

	if (access("/proc/sys/vm/unprivileged_userfaultfd", F_OK))
		SKIP(return, "this kernel has no userfaultfd");
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	self->held.page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);
	ASSERT_NE(MAP_FAILED, self->held.page);
	ASSERT_TRUE(held_prepare(&self->held, self->held.page, size));
}

FIXTURE_TEARDOWN(held)
{
	close(self->held.userfault);
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

#define BROADCAST(number, count) \
	ASSERT_EQ((count) * PACKET, sim_broadcast(self->injector, PACKET, number, count))

/* -- Nobody else is held up. ----------------------------------------------- */

TEST_F(held, read_goes_on_when_its_memory_comes)
{
	const struct notify_multi_record *record = self->held.page;

	BROADCAST(1, 1);
	ASSERT_TRUE(held_start(&self->held, self->fd));
	EXPECT_EQ(RECORD, held_end(&self->held));
	EXPECT_EQ(1, record->seq);
	EXPECT_TRUE(packet_is(record->data, PACKET, 1));
}

TEST_F(held, broadcasts_other_opens_and_polls_go_on)
{
	int other = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);

	ASSERT_LE(0, other);
	BROADCAST(1, 1);
	ASSERT_TRUE(held_start(&self->held, self->fd));
	BROADCAST(2, LIMIT - 1);
	EXPECT_EQ(LIMIT * RECORD, read_errno(other, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(POLLIN, poll_now(self->fd, POLLIN | POLLPRI));
	EXPECT_EQ(RECORD, held_end(&self->held));
	EXPECT_EQ(LIMIT - 1, get_stats(self->fd).pending_packets);
	close(other);
}

TEST_F(held, open_can_be_mapped)
{
	size_t bytes = get_info(self->fd).ring_bytes;
	void *ring;

	BROADCAST(1, 1);
	ASSERT_TRUE(held_start(&self->held, self->fd));
	ring = mmap(NULL, bytes, PROT_READ, MAP_SHARED, self->fd, 0);
	EXPECT_NE(MAP_FAILED, ring);
	EXPECT_EQ(1, ((const struct notify_multi_ring *)ring)->head);
	EXPECT_EQ(RECORD, held_end(&self->held));
	munmap(ring, bytes);
}

TEST_F(held, source_can_go)
{
	BROADCAST(1, 2);
	ASSERT_TRUE(held_start(&self->held, self->fd));
	EXPECT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(RECORD, held_end(&self->held));
	EXPECT_EQ(RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(-ENODEV, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
}

/* A packet that was overwritten while it was being read is not the one that is returned. */
TEST_F(held, read_that_is_lapped_returns_what_waits_then)
{
	const struct notify_multi_record *record = self->held.page;

	BROADCAST(1, 1);
	ASSERT_TRUE(held_start(&self->held, self->fd));
	BROADCAST(2, 20);
	EXPECT_EQ(RECORD, held_end(&self->held));
	EXPECT_EQ(21 - LIMIT + 1, record->seq);
	EXPECT_EQ(21 - LIMIT, record->dropped);
	EXPECT_TRUE(packet_is(record->data, PACKET, 21 - LIMIT + 1));
}

/* -- Who waits can be interrupted. ----------------------------------------- */

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

static void nothing(int signal)
{
}

/* What a call returns that signals are sent to until it ends; some may come before it waits. */
static int interrupt(int (*call)(int fd), int fd)
{
	struct sigaction action = { .sa_handler = nothing };
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

TEST_F(held, calls_that_need_the_open_wait_until_a_signal_comes)
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
	ASSERT_TRUE(held_start(&self->held, self->fd));
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		EXPECT_EQ(-EINTR, interrupt(calls[i].call, self->fd)) TH_LOG("%s", calls[i].name);
	EXPECT_EQ(RECORD, held_end(&self->held));

	/* None of them has done anything. */
	EXPECT_EQ(NOTIFY_MULTI_FORMAT_RECORD, get_info(self->fd).format);
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);
	EXPECT_EQ(1, get_stats(self->fd).delivered);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(held, read_that_does_not_wait_for_packets_waits_for_the_other_until_a_signal_comes)
{
	BROADCAST(1, 2);
	ASSERT_TRUE(held_start(&self->held, self->fd));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EINTR, interrupt(call_read, self->fd));
	EXPECT_EQ(RECORD, held_end(&self->held));
	EXPECT_EQ(RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
}

/* A process whose read, for which a packet is queued, is in the middle of it. */
static pid_t start_held_process(int fd)
{
	size_t size = sysconf(_SC_PAGESIZE);
	int pipe_fds[2];
	pid_t child;
	char byte;

	if (pipe(pipe_fds))
		return -1;
	child = fork();
	if (!child) {
		struct held held;

		/* Not the page of the fixture, whose faults are not the child's. */
		held.page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				 -1, 0);
		if (!held_prepare(&held, held.page, size) || !held_start(&held, fd) ||
		    write(pipe_fds[1], "", 1) != 1)
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

TEST_F(held, read_that_is_killed_consumes_nothing)
{
	pid_t child;

	BROADCAST(1, 1);
	child = start_held_process(self->fd);
	ASSERT_LT(0, child);
	EXPECT_TRUE(kill_process(child));
	EXPECT_EQ(0, get_stats(self->fd).delivered);
	EXPECT_EQ(RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
}

TEST_F(held, read_that_is_killed_while_it_is_lapped_consumes_nothing)
{
	const struct notify_multi_record *record = (void *)self->buffer;
	pid_t child;

	BROADCAST(1, 1);
	child = start_held_process(self->fd);
	ASSERT_LT(0, child);
	BROADCAST(2, 20);
	EXPECT_TRUE(kill_process(child));
	EXPECT_EQ(0, get_stats(self->fd).delivered);
	EXPECT_EQ(LIMIT * RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(21 - LIMIT, record->dropped);
}

TEST_HARNESS_MAIN
