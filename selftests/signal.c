// SPDX-License-Identifier: GPL-2.0
/*
 * Signals to a sleeping task: the call fails with EINTR or keeps waiting, SIGKILL ends the
 * process, nothing is consumed, and the device works afterwards. Tasks sleep
 *
 *     for a packet                 read, readv, splice, poll, epoll, io_uring: empty_queue
 *     for the lock of a client     reads and ioctls: blocked_read
 *     in the copy to a buffer      sigkill_during_copy_consumes_nothing
 *     for unregistration           modules/notify_multi_api.c, with a slow complete()
 *     for the lock of a simulator  write and configfs: blocked_write
 *     for the end of other calls   open, close, resize, unregister; uninterruptible, but for a
 *                                  bounded time: calls_survive_continuous_signals
 */

#include "faults.h"

#include <linux/userfaultfd.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

/* -- Calls and signals -- */

static ssize_t call_read(int fd)
{
	return read_errno(fd, scratch, RECORD);
}

static ssize_t call_raw_read(int fd)
{
	ssize_t ret = set_format(fd, NOTIFY_MULTI_FORMAT_RAW);

	return ret ? ret : read_errno(fd, scratch, PACKET);
}

static ssize_t call_nowait_read(int fd)
{
	struct iovec iov = { scratch, RECORD };

	return errno_of(preadv2(fd, &iov, 1, -1, RWF_NOWAIT));
}

static ssize_t call_readv(int fd)
{
	struct iovec iov[] = { { scratch, RECORD / 2 }, { scratch + RECORD / 2, RECORD / 2 } };

	return readv_errno(fd, iov, 2);
}

static ssize_t call_splice(int fd)
{
	ssize_t ret;
	int pipes[2];

	if (pipe(pipes))
		return -errno;
	ret = errno_of(splice(fd, NULL, pipes[1], NULL, RECORD, 0));
	close(pipes[0]);
	close(pipes[1]);
	return ret;
}

static ssize_t call_poll(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return errno_of(poll(&pollfd, 1, -1));
}

static ssize_t call_epoll(int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	ssize_t ret;

	ret = errno_of(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	if (!ret)
		ret = errno_of(epoll_wait(epoll, &event, 1, -1));
	close(epoll);
	return ret;
}

static ssize_t call_uring_read(int fd)
{
	struct io_uring ring;
	ssize_t ret = io_uring_queue_init(4, &ring, 0);

	if (ret)
		return ret;
	io_uring_prep_read(new_sqe(&ring), fd, scratch, RECORD, 0);
	ret = ring_result(&ring);
	io_uring_queue_exit(&ring);
	return ret;
}

static ssize_t call_uring_pend(int fd)
{
	struct io_uring ring;
	ssize_t ret = io_uring_queue_init(4, &ring, 0);

	if (ret)
		return ret;
	prepare_pend(new_sqe(&ring), fd, scratch, RECORD);
	ret = pend_result(&ring);
	io_uring_queue_exit(&ring);
	return ret;
}

static ssize_t call_get_info(int fd)
{
	return errno_of(ioctl(fd, NOTIFY_MULTI_IOC_GET_INFO, scratch));
}

static ssize_t call_get_stats(int fd)
{
	return errno_of(ioctl(fd, NOTIFY_MULTI_IOC_GET_STATS, scratch));
}

static ssize_t call_set_format(int fd)
{
	return set_format(fd, NOTIFY_MULTI_FORMAT_RAW);
}

static ssize_t call_set_max_packets(int fd)
{
	return set_max_packets(fd, LIMIT + 1);
}

static ssize_t call_consume(int fd)
{
	return consume(fd, 2);
}

/* A call in a thread or in a child process. */
struct call {
	ssize_t (*run)(int fd);
	int fd;
	pthread_t thread;
	pid_t task;
	ssize_t ret;
};

static void *call_main(void *data)
{
	struct call *call = data;

	__atomic_store_n(&call->task, syscall(SYS_gettid), __ATOMIC_RELEASE);
	call->ret = call->run(call->fd);
	return NULL;
}

static bool call_start(struct call *call)
{
	return !pthread_create(&call->thread, NULL, call_main, call);
}

static ssize_t call_join(struct call *call)
{
	return pthread_join(call->thread, NULL) ? -ESRCH : call->ret;
}

/* Run the call in a child, which exits with 1 if the call returns. */
static pid_t call_in_child(struct call *call)
{
	pid_t child = fork();

	if (!child) {
		call->run(call->fd);
		_exit(1);
	}
	return child;
}

static bool killed(pid_t child)
{
	int status;

	return !kill(child, SIGKILL) && waitpid(child, &status, 0) == child &&
	       WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static int signals;

static void count_signal(int number)
{
	__atomic_add_fetch(&signals, 1, __ATOMIC_RELAXED);
}

static bool handle_signal(int number, int flags)
{
	struct sigaction action = { .sa_handler = count_signal, .sa_flags = flags };

	signals = 0;
	return !sigaction(number, &action, NULL);
}

static bool wait_signal(void)
{
	for (int ms = 0; ms < WAIT_MS; ms++) {
		if (__atomic_load_n(&signals, __ATOMIC_RELAXED))
			return true;
		usleep(1000);
	}
	return false;
}

/* -- Calls that wait for a packet -- */

FIXTURE(empty_queue)
{
	int injector;
	int fd;
	struct reader other;
};

FIXTURE_VARIANT(empty_queue)
{
	ssize_t (*run)(int fd);
	ssize_t ret;		/* result if a packet is queued */
	bool restarts;		/* with SA_RESTART, see signal(7); poll() never does */
	bool reads;		/* consumes the packet */
	bool asynchronous;	/* the signal ends the wait, not the read */
	bool second;		/* another read is blocked, so the call takes the slow path */
};

FIXTURE_VARIANT_ADD(empty_queue, read)
{
	.run = call_read,
	.ret = RECORD,
	.restarts = true,
	.reads = true,
};

FIXTURE_VARIANT_ADD(empty_queue, raw_read)
{
	.run = call_raw_read,
	.ret = PACKET,
	.restarts = true,
	.reads = true,
};

FIXTURE_VARIANT_ADD(empty_queue, readv)
{
	.run = call_readv,
	.ret = RECORD,
	.restarts = true,
	.reads = true,
};

FIXTURE_VARIANT_ADD(empty_queue, splice)
{
	.run = call_splice,
	.ret = RECORD,
	.restarts = true,
	.reads = true,
};

FIXTURE_VARIANT_ADD(empty_queue, poll)
{
	.run = call_poll,
	.ret = 1,
};

FIXTURE_VARIANT_ADD(empty_queue, epoll)
{
	.run = call_epoll,
	.ret = 1,
};

FIXTURE_VARIANT_ADD(empty_queue, uring_read)
{
	.run = call_uring_read,
	.ret = RECORD,
	.reads = true,
	.asynchronous = true,
};

FIXTURE_VARIANT_ADD(empty_queue, uring_pend)
{
	.run = call_uring_pend,
	.ret = RECORD,
	.reads = true,
	.asynchronous = true,
};

FIXTURE_VARIANT_ADD(empty_queue, second_read)
{
	.run = call_read,
	.ret = RECORD,
	.restarts = true,
	.reads = true,
	.second = true,
};

FIXTURE_SETUP(empty_queue)
{
	const struct sim_config config = { .packet_size = PACKET, .max_packets = LIMIT };

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	if (variant->run == call_uring_read || variant->run == call_uring_pend) {
		int ret;

		/* Probe: with a queued packet, the calls do not block. */
		BROADCAST(1, 1);
		ret = variant->run(self->fd);
		if (ring_missing(ret) || ret == -EOPNOTSUPP) {
			close(self->fd);
			close(self->injector);
			sim_remove(SIM_NAME);
			SKIP(return, "io_uring or PEND is not available");
		}
		ASSERT_EQ(RECORD, ret);
	}
	if (variant->second) {
		ASSERT_TRUE(reader_start(&self->other, self->fd, RECORD));
		ASSERT_TRUE(wait_requests(self->fd, 1));
	}
}

FIXTURE_TEARDOWN(empty_queue)
{
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

/* The other read and a new one each get a packet. */
#define EXPECT_NOTHING_CONSUMED()						\
do {										\
	uint64_t seq = get_stats(self->fd).seq;					\
										\
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RECORD));		\
	ASSERT_TRUE(wait_requests(self->fd, variant->second));			\
	if (variant->second) {							\
		BROADCAST(++seq, 1);						\
		ASSERT_EQ(RECORD, reader_join(&self->other));			\
		EXPECT_RECORD(self->other.buffer, 0, seq);			\
	}									\
	BROADCAST(seq + 1, 1);							\
	ASSERT_EQ(RECORD, read_errno(self->fd, scratch, RECORD));		\
	EXPECT_RECORD(scratch, 0, seq + 1);					\
	EXPECT_EQ(0, get_stats(self->fd).dropped);				\
} while (0)

TEST_F(empty_queue, signal_returns_eintr_consumes_nothing)
{
	struct call call = { .run = variant->run, .fd = self->fd };

	ASSERT_TRUE(handle_signal(SIGUSR1, 0));
	ASSERT_TRUE(call_start(&call));
	ASSERT_TRUE(wait_asleep(&call.task, 'S'));
	ASSERT_EQ(0, pthread_kill(call.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, call_join(&call));
	EXPECT_NOTHING_CONSUMED();
}

TEST_F(empty_queue, sa_restart_signal_restarts_read)
{
	struct call call = { .run = variant->run, .fd = self->fd };
	uint64_t seq = get_stats(self->fd).seq;

	ASSERT_TRUE(handle_signal(SIGUSR1, SA_RESTART));
	ASSERT_TRUE(call_start(&call));
	ASSERT_TRUE(wait_asleep(&call.task, 'S'));
	ASSERT_EQ(0, pthread_kill(call.thread, SIGUSR1));
	ASSERT_TRUE(wait_signal());
	if (!variant->restarts) {
		EXPECT_EQ(-EINTR, call_join(&call));
		EXPECT_NOTHING_CONSUMED();
		return;
	}
	ASSERT_TRUE(wait_asleep(&call.task, 'S'));
	BROADCAST(seq + 1, 1 + variant->second);
	EXPECT_EQ(variant->ret, call_join(&call));
	if (variant->second)
		EXPECT_EQ(RECORD, reader_join(&self->other));
	EXPECT_EQ(0, get_stats(self->fd).pending_packets);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST_F(empty_queue, sigkill_consumes_nothing)
{
	struct call call = { .run = variant->run, .fd = self->fd };
	pid_t child = call_in_child(&call);

	ASSERT_LT(0, child);
	ASSERT_TRUE(wait_asleep(&child, 'S'));
	EXPECT_TRUE(killed(child));
	EXPECT_NOTHING_CONSUMED();
}

/* The call returns a result or EINTR, and the packet is delivered exactly once. */
TEST_F(empty_queue, signal_racing_with_packet_loses_nothing)
{
	enum { ROUNDS = 60 };
	unsigned int returned = 0, interrupted = 0;
	uint64_t seq = get_stats(self->fd).seq;

	/* Complete the other read: it could take the packet. */
	if (variant->second) {
		BROADCAST(++seq, 1);
		ASSERT_EQ(RECORD, reader_join(&self->other));
	}
	ASSERT_TRUE(handle_signal(SIGUSR1, 0));
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct call call = { .run = variant->run, .fd = self->fd };
		unsigned int left;
		ssize_t ret;

		ASSERT_TRUE(call_start(&call));
		if (round % 3)
			usleep(round * 50);
		pthread_kill(call.thread, SIGUSR1);
		BROADCAST(++seq, 1);
		ret = call_join(&call);
		ASSERT_TRUE(ret == variant->ret || ret == -EINTR)
			TH_LOG("returned %zd", ret);
		interrupted += ret == -EINTR;
		returned += ret != -EINTR;
		left = get_stats(self->fd).pending_packets;
		/* With io_uring, the signal ends only the wait: the read may be complete. */
		if (variant->asynchronous && ret == -EINTR && !left)
			EXPECT_RECORD(scratch, 0, seq);
		else
			ASSERT_EQ(ret == -EINTR || !variant->reads, left);
		if (left) {
			ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RECORD));
			ASSERT_EQ(RECORD, read_errno(self->fd, scratch, sizeof(scratch)));
			EXPECT_RECORD(scratch, 0, seq);
		}
	}
	TH_LOG("%u calls interrupted, %u returned", interrupted, returned);
	EXPECT_EQ(0, get_stats(self->fd).dropped);
	/* A closed io_uring is torn down asynchronously. */
	EXPECT_TRUE(wait_requests(self->fd, 0));
}

/* -- Calls that wait for a read on the same client -- */

/* A read or write that blocks others: userfaultfd has not filled its buffer yet. */
struct blocker {
	struct reader reader;
	int userfaultfd;
	void *page;
};

static void *blocker_read(void *data)
{
	struct blocker *blocker = data;

	blocker->reader.ret = read_errno(blocker->reader.fd, blocker->page, RECORD);
	return NULL;
}

static void *blocker_write(void *data)
{
	struct blocker *blocker = data;

	blocker->reader.ret = errno_of(write(blocker->reader.fd, blocker->page, PACKET));
	return NULL;
}

/* Return 0 once the call is blocked, -ENOSYS or -EPERM if userfaultfd is unavailable. */
static int blocker_start(struct blocker *blocker, int fd, void *(*run)(void *data))
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffd_msg message;

	blocker->userfaultfd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (blocker->userfaultfd < 0)
		return -errno;
	blocker->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			     -1, 0);
	range.range.start = (uintptr_t)blocker->page;
	range.range.len = PAGE;
	if (blocker->page == MAP_FAILED || ioctl(blocker->userfaultfd, UFFDIO_API, &api) ||
	    ioctl(blocker->userfaultfd, UFFDIO_REGISTER, &range))
		return -errno;
	blocker->reader.fd = fd;
	blocker->reader.started = !pthread_create(&blocker->reader.thread, NULL, run, blocker);
	if (read(blocker->userfaultfd, &message, sizeof(message)) != sizeof(message))
		return -errno;
	return 0;
}

/* Fill the buffer and return the result of the call. */
static ssize_t blocker_end(struct blocker *blocker)
{
	struct uffdio_zeropage page = {
		.range = { .start = (uintptr_t)blocker->page, .len = PAGE },
	};
	ssize_t ret;

	if (ioctl(blocker->userfaultfd, UFFDIO_ZEROPAGE, &page))
		return -errno;
	ret = reader_join(&blocker->reader);
	close(blocker->userfaultfd);
	return ret;
}

FIXTURE(blocked_read)
{
	int injector;
	int fd;
	struct blocker blocker;
};

FIXTURE_VARIANT(blocked_read)
{
	ssize_t (*run)(int fd);
	ssize_t ret;
	bool killable;		/* waits until SIGKILL, ignores other signals */
};

FIXTURE_VARIANT_ADD(blocked_read, read)
{
	.run = call_read,
	.ret = RECORD,
};

FIXTURE_VARIANT_ADD(blocked_read, readv)
{
	.run = call_readv,
	.ret = RECORD,
};

FIXTURE_VARIANT_ADD(blocked_read, splice)
{
	.run = call_splice,
	.ret = RECORD,
};

FIXTURE_VARIANT_ADD(blocked_read, nowait_read)
{
	.run = call_nowait_read,
	.ret = RECORD,
	.killable = true,
};

FIXTURE_VARIANT_ADD(blocked_read, uring_read)
{
	.run = call_uring_read,
	.ret = RECORD,
	.killable = true,
};

FIXTURE_VARIANT_ADD(blocked_read, uring_pend)
{
	.run = call_uring_pend,
	.ret = RECORD,
	.killable = true,
};

FIXTURE_VARIANT_ADD(blocked_read, get_info)
{
	.run = call_get_info,
};

FIXTURE_VARIANT_ADD(blocked_read, get_stats)
{
	.run = call_get_stats,
};

FIXTURE_VARIANT_ADD(blocked_read, set_format)
{
	.run = call_set_format,
};

FIXTURE_VARIANT_ADD(blocked_read, set_max_packets)
{
	.run = call_set_max_packets,
};

FIXTURE_VARIANT_ADD(blocked_read, consume)
{
	.run = call_consume,
};

FIXTURE_SETUP(blocked_read)
{
	const struct sim_config config = { .packet_size = PACKET, .max_packets = LIMIT };
	int ret;

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	BROADCAST(1, 1);
	ret = variant->killable ? variant->run(self->fd) : call_read(self->fd);
	if (!ring_missing(ret) && ret != -EOPNOTSUPP) {
		BROADCAST(2, 2);
		ret = blocker_start(&self->blocker, self->fd, blocker_read);
	}
	if (ring_missing(ret) || ret == -EOPNOTSUPP) {
		close(self->fd);
		close(self->injector);
		sim_remove(SIM_NAME);
		SKIP(return, "userfaultfd, io_uring or PEND is not available");
	}
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(blocked_read)
{
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

/* The blocked read gets the first packet, the second is still queued, settings are kept. */
#define EXPECT_NOTHING_CHANGED()						\
do {										\
	ASSERT_EQ(RECORD, blocker_end(&self->blocker));		\
	EXPECT_RECORD(self->blocker.page, 0, 2);				\
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);			\
	EXPECT_EQ(NOTIFY_MULTI_FORMAT_RECORD, get_info(self->fd).format);	\
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);			\
	ASSERT_EQ(RECORD, read_errno(self->fd, scratch, sizeof(scratch)));	\
	EXPECT_RECORD(scratch, 0, 3);						\
} while (0)

/* A killable call ignores the signal: io_uring and RWF_NOWAIT must not see EINTR. */
TEST_F(blocked_read, signal_returns_eintr_changes_nothing)
{
	struct call call = { .run = variant->run, .fd = self->fd };

	ASSERT_TRUE(handle_signal(SIGUSR1, 0));
	ASSERT_TRUE(call_start(&call));
	ASSERT_TRUE(wait_asleep(&call.task, variant->killable ? 'D' : 'S'));
	ASSERT_EQ(0, pthread_kill(call.thread, SIGUSR1));
	if (variant->killable) {
		ASSERT_TRUE(wait_asleep(&call.task, 'D'));
		ASSERT_EQ(RECORD, blocker_end(&self->blocker));
		EXPECT_EQ(variant->ret, call_join(&call));
		return;
	}
	EXPECT_EQ(-EINTR, call_join(&call));
	EXPECT_NOTHING_CHANGED();
}

TEST_F(blocked_read, sa_restart_signal_keeps_call_waiting)
{
	struct call call = { .run = variant->run, .fd = self->fd };
	char state = variant->killable ? 'D' : 'S';

	ASSERT_TRUE(handle_signal(SIGUSR1, SA_RESTART));
	ASSERT_TRUE(call_start(&call));
	ASSERT_TRUE(wait_asleep(&call.task, state));
	ASSERT_EQ(0, pthread_kill(call.thread, SIGUSR1));
	if (!variant->killable)
		ASSERT_TRUE(wait_signal());
	ASSERT_TRUE(wait_asleep(&call.task, state));
	ASSERT_EQ(RECORD, blocker_end(&self->blocker));
	EXPECT_EQ(variant->ret, call_join(&call));
	EXPECT_EQ(1, signals);
}

TEST_F(blocked_read, sigkill_changes_nothing)
{
	struct call call = { .run = variant->run, .fd = self->fd };
	pid_t child = call_in_child(&call);

	ASSERT_LT(0, child);
	ASSERT_TRUE(wait_asleep(&child, variant->killable ? 'D' : 'S'));
	EXPECT_TRUE(killed(child));
	EXPECT_NOTHING_CHANGED();
}

TEST(sigkill_during_copy_consumes_nothing)
{
	const struct sim_config config = { .packet_size = PACKET, .max_packets = LIMIT };
	int fd, injector, status;
	pid_t child;

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	injector = sim_open_injector(SIM_NAME);
	fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, fd);
	ASSERT_EQ(PACKET, sim_broadcast(injector, PACKET, 1, 1));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		struct blocker blocker;
		int ret = blocker_start(&blocker, fd, blocker_read);

		if (!ret)
			raise(SIGKILL);
		_exit(ring_missing(ret) ? KSFT_SKIP : KSFT_FAIL);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	if (WIFEXITED(status) && WEXITSTATUS(status) == KSFT_SKIP)
		SKIP(goto end, "userfaultfd is not available");
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(0, get_stats(fd).delivered);
	EXPECT_EQ(RECORD, read_errno(fd, scratch, sizeof(scratch)));
	EXPECT_RECORD(scratch, 0, 1);
end:
	close(fd);
	close(injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

/* -- Calls that wait for a write to the same simulator -- */

FIXTURE(blocked_write)
{
	int injector;
	int fd;
	struct blocker blocker;
};

FIXTURE_SETUP(blocked_write)
{
	const struct sim_config config = { .packet_size = PACKET, .max_packets = LIMIT };
	int ret;

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	ret = blocker_start(&self->blocker, self->injector, blocker_write);
	if (ring_missing(ret)) {
		close(self->fd);
		close(self->injector);
		sim_remove(SIM_NAME);
		SKIP(return, "userfaultfd is not available");
	}
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(blocked_write)
{
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

static ssize_t call_write(int fd)
{
	return sim_broadcast(fd, PACKET, 1, 1);
}

static ssize_t call_disable(int fd)
{
	return sim_set(SIM_NAME, "live", "0");
}

TEST_F(blocked_write, signal_ends_write_without_broadcast)
{
	struct call call = { .run = call_write, .fd = self->injector };

	ASSERT_TRUE(handle_signal(SIGUSR1, 0));
	ASSERT_TRUE(call_start(&call));
	ASSERT_TRUE(wait_asleep(&call.task, 'S'));
	ASSERT_EQ(0, pthread_kill(call.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, call_join(&call));
	ASSERT_EQ(PACKET, blocker_end(&self->blocker));
	EXPECT_EQ(1, get_stats(self->fd).seq);
}

TEST_F(blocked_write, sa_restart_signal_keeps_write_waiting)
{
	struct call call = { .run = call_write, .fd = self->injector };

	ASSERT_TRUE(handle_signal(SIGUSR1, SA_RESTART));
	ASSERT_TRUE(call_start(&call));
	ASSERT_TRUE(wait_asleep(&call.task, 'S'));
	ASSERT_EQ(0, pthread_kill(call.thread, SIGUSR1));
	ASSERT_TRUE(wait_signal());
	ASSERT_EQ(PACKET, blocker_end(&self->blocker));
	EXPECT_EQ(PACKET, call_join(&call));
	EXPECT_EQ(2, get_stats(self->fd).seq);
}

TEST_F(blocked_write, sigkill_ends_write_without_broadcast)
{
	struct call call = { .run = call_write, .fd = self->injector };
	pid_t child = call_in_child(&call);

	ASSERT_LT(0, child);
	ASSERT_TRUE(wait_asleep(&child, 'S'));
	EXPECT_TRUE(killed(child));
	ASSERT_EQ(PACKET, blocker_end(&self->blocker));
	EXPECT_EQ(1, get_stats(self->fd).seq);
}

/* Disabling must not fail halfway, so it is uninterruptible. */
TEST_F(blocked_write, disable_ignores_signals)
{
	struct call call = { .run = call_disable };

	ASSERT_TRUE(handle_signal(SIGUSR1, 0));
	ASSERT_TRUE(call_start(&call));
	ASSERT_TRUE(wait_asleep(&call.task, 'D'));
	ASSERT_EQ(0, pthread_kill(call.thread, SIGUSR1));
	ASSERT_TRUE(wait_asleep(&call.task, 'D'));
	ASSERT_EQ(PACKET, blocker_end(&self->blocker));
	EXPECT_EQ(0, call_join(&call));
	EXPECT_EQ(0, sim_get_number(SIM_NAME, "live"));
}

/* -- Continuous signals -- */

/* Send SIGALRM to this process every @us microseconds; 0 stops it. */
static bool signal_every(unsigned int us)
{
	const struct itimerval timer = { .it_interval.tv_usec = us, .it_value.tv_usec = us };

	return handle_signal(SIGALRM, us ? 0 : SA_RESTART) && !setitimer(ITIMER_REAL, &timer, NULL);
}

/* Interruptible calls may fail with EINTR only, the others must not fail. */
TEST(calls_survive_continuous_signals)
{
	enum { ROUNDS = 40 };
	const struct sim_config config = { .packet_size = PACKET, .max_packets = LIMIT };

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_TRUE(signal_every(700));
	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int broadcast = 0;
		int fd, injector, ret;

		ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));
		fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
		injector = sim_open_injector(SIM_NAME);
		ASSERT_LE(0, fd);
		ASSERT_LE(0, injector);
		for (unsigned int i = 0; i < LIMIT; i++) {
			ssize_t bytes = sim_broadcast(injector, PACKET, broadcast + 1, 1);

			ASSERT_TRUE(bytes == PACKET || bytes == -EINTR);
			broadcast += bytes == PACKET;
		}
		ret = set_max_packets(fd, 2 * LIMIT);
		ASSERT_TRUE(!ret || ret == -EINTR);
		ASSERT_EQ(broadcast, get_stats(fd).pending_packets);
		ASSERT_EQ(broadcast * RECORD, read_errno(fd, scratch, sizeof(scratch)));
		for (unsigned int i = 0; i < broadcast; i++)
			EXPECT_RECORD(scratch, i, i + 1);
		if (round % 2)
			close(fd);
		ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
		if (!(round % 2))
			close(fd);
		close(injector);
	}
	EXPECT_LT(0, signals);
	ASSERT_TRUE(signal_every(0));
	EXPECT_EQ(ROUNDS, sim_get_number(SIM_NAME, "arrivals"));
	EXPECT_EQ(ROUNDS, sim_get_number(SIM_NAME, "departures"));
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

/* SIGKILL can interrupt the creation of the IRQ thread: the device must exist or not. */
TEST(source_stays_consistent_after_sigkill)
{
	enum { ROUNDS = 30 };

	sim_remove(SIM_NAME);
	ASSERT_EQ(0, sim_make(SIM_NAME));
	for (unsigned int round = 0; round < ROUNDS; round++) {
		pid_t child = fork();
		int fd;

		ASSERT_LE(0, child);
		while (!child) {
			sim_set(SIM_NAME, "live", "1");
			sim_set(SIM_NAME, "live", "0");
		}
		usleep(3000 + round * 700);
		ASSERT_TRUE(killed(child));
		fd = sim_open(SIM_NAME, O_RDONLY);
		ASSERT_TRUE(sim_get_number(SIM_NAME, "live") ? fd >= 0 : fd == -ENOENT);
		if (fd >= 0)
			close(fd);
		ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));
		fd = sim_open(SIM_NAME, O_RDONLY);
		ASSERT_LE(0, fd);
		close(fd);
		ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	}
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

TEST_HARNESS_MAIN
