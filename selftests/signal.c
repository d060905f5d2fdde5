// SPDX-License-Identifier: GPL-2.0
/*
 * Signals to a sleeping task: the call fails with EINTR or keeps waiting, SIGKILL ends the
 * process, nothing is consumed, and the device works afterwards. Tasks sleep
 *
 *     for a packet                 read, readv, poll, io_uring: empty_queue
 *     for the lock of a client     blocking reads, resize, CONSUME: blocked_read
 *     in the copy to a buffer      blocked_copy.c
 *     for unregistration           test_modules/notify_multi_api.c, with a slow complete()
 *     for the lock of a simulator  write and configfs: blocked_write
 *     for the end of other calls   open, close, resize, unregister; uninterruptible, but for a
 *                                  bounded time: calls_survive_continuous_signals
 *
 * For signals that race with packets, see testing/stress.
 */

#include <sys/time.h>

#include "device.h"
#include "uffd.h"
#include "uring.h"

#define LIMIT	8

/* -- Calls and signals -- */

static ssize_t call_read(int fd)
{
	return read_errno(fd, scratch, RECORD);
}

static ssize_t call_readv(int fd)
{
	struct iovec iov[] = { { scratch, RECORD / 2 }, { scratch + RECORD / 2, RECORD / 2 } };

	return errno_of(readv(fd, iov, 2));
}

static ssize_t call_poll(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return errno_of(poll(&pollfd, 1, -1));
}

static ssize_t call_uring(int fd, bool command)
{
	struct io_uring ring;
	ssize_t ret = ring_start(&ring, 0);

	if (ret)
		return ret;
	if (!command)
		prepare_read(&ring, fd, scratch, RECORD, 0);
	else if (ring_has(&ring, OP_READ_MULTISHOT))
		prepare_pend(&ring, fd, scratch, RECORD, 0);
	else
		ret = -EOPNOTSUPP;
	if (!ret)
		ret = ring_result(&ring);
	io_uring_queue_exit(&ring);
	return ret;
}

static ssize_t call_uring_read(int fd)
{
	return call_uring(fd, false);
}

static ssize_t call_uring_pend(int fd)
{
	return call_uring(fd, true);
}

static ssize_t call_set_max_packets(int fd)
{
	return set_max_packets(fd, LIMIT + 1);
}

static ssize_t call_consume(int fd)
{
	return consume(fd, 2);
}

static bool unavailable(int ret)
{
	return ring_missing(ret) || ret == -EOPNOTSUPP;
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

/* A call in a thread. */
struct call {
	struct thread thread;
	ssize_t (*run)(int fd);
	int fd;
};

static ssize_t run_call(void *data)
{
	struct call *call = data;

	return call->run(call->fd);
}

static bool call_start(struct call *call, ssize_t (*run)(int fd), int fd)
{
	call->run = run;
	call->fd = fd;
	return thread_start(&call->thread, run_call, call);
}

/* Start a call, and send SIGUSR1 when it sleeps. The handler has the flags of sigaction(). */
static bool call_signalled(struct call *call, ssize_t (*run)(int fd), int fd, char state,
			   int flags)
{
	return handle_signal(SIGUSR1, flags) && call_start(call, run, fd) &&
	       wait_asleep(&call->thread.task, state) && !pthread_kill(call->thread.id, SIGUSR1);
}

static ssize_t call_join(struct call *call)
{
	return thread_join(&call->thread);
}

/* Run a call in a child process, and kill it when it sleeps. */
static bool call_killed(ssize_t (*run)(int fd), int fd, char state)
{
	pid_t child = fork();

	if (!child) {
		run(fd);
		_exit(1);
	}
	return child > 0 && wait_asleep(&child, state) && kill_child(child);
}

/* -- Calls that wait for a packet -- */

FIXTURE(empty_queue)
{
	SIM_DEVICE;
	struct reader other;
};

FIXTURE_VARIANT(empty_queue)
{
	ssize_t (*run)(int fd);
	ssize_t ret;		/* result if a packet is queued */
	bool restarts;		/* with SA_RESTART, see signal(7); poll() never does */
	bool uring;		/* may be unavailable */
	bool second;		/* another read is blocked, so the call takes the slow path */
};

#define EMPTY_QUEUE_VARIANT(call, result, ...)					\
	FIXTURE_VARIANT_ADD(empty_queue, call)					\
	{									\
		.run = call_##call,						\
		.ret = result,							\
		__VA_ARGS__							\
	}

EMPTY_QUEUE_VARIANT(read, RECORD, .restarts = true);
EMPTY_QUEUE_VARIANT(readv, RECORD, .restarts = true);
EMPTY_QUEUE_VARIANT(poll, 1);
EMPTY_QUEUE_VARIANT(uring_read, RECORD, .uring = true);
EMPTY_QUEUE_VARIANT(uring_pend, RECORD, .uring = true);
FIXTURE_VARIANT_ADD(empty_queue, second_read)
{
	.run = call_read, .ret = RECORD, .restarts = true, .second = true,
};

FIXTURE_SETUP(empty_queue)
{
	SIM_SETUP(.blocking = true, .max_packets = LIMIT);
	if (variant->uring) {
		int ret;

		/* Probe: with a queued packet, the calls do not block. */
		BROADCAST(1);
		ret = variant->run(self->fd);
		if (unavailable(ret))
			SKIP(return, "io_uring or PEND is not available");
		ASSERT_EQ(RECORD, ret);
	}
	if (variant->second)
		BLOCK_READS(&self->other, 1);
}

FIXTURE_TEARDOWN(empty_queue)
{
	SIM_TEARDOWN();
}

/* The other read and a new one each get a packet. */
#define EXPECT_NOTHING_CONSUMED()						\
do {										\
	ASSERT_TRUE(wait_requests(self->fd, variant->second));			\
	if (variant->second) {							\
		BROADCAST(1);							\
		EXPECT_READER(&self->other, .seq = self->seq);			\
	}									\
	BROADCAST(1);								\
	EXPECT_READ(.seq = self->seq, .size = RECORD);				\
	EXPECT_EQ(0, get_stats(self->fd).dropped);				\
} while (0)

TEST_F(empty_queue, signal_returns_eintr_consumes_nothing)
{
	struct call call;

	ASSERT_TRUE(call_signalled(&call, variant->run, self->fd, 'S', 0));
	EXPECT_EQ(-EINTR, call_join(&call));
	EXPECT_NOTHING_CONSUMED();
}

TEST_F(empty_queue, sa_restart_signal_restarts_read)
{
	struct call call;

	ASSERT_TRUE(call_signalled(&call, variant->run, self->fd, 'S', SA_RESTART));
	ASSERT_TRUE(wait_signal());
	if (!variant->restarts) {
		EXPECT_EQ(-EINTR, call_join(&call));
		EXPECT_NOTHING_CONSUMED();
		return;
	}
	ASSERT_TRUE(wait_asleep(&call.thread.task, 'S'));
	EXPECT_EQ(1 + variant->second, get_stats(self->fd).pending_requests);
	BROADCAST(1 + variant->second);
	EXPECT_EQ(variant->ret, call_join(&call));
	if (variant->second)
		EXPECT_EQ(RECORD, reader_join(&self->other));
	EXPECT_EQ(0, get_stats(self->fd).pending_packets);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST_F(empty_queue, sigkill_consumes_nothing)
{
	ASSERT_TRUE(call_killed(variant->run, self->fd, 'S'));
	EXPECT_NOTHING_CONSUMED();
}

/* -- Calls that wait for a read on the same client -- */

FIXTURE(blocked_read)
{
	SIM_DEVICE;
	struct blocked_copy copy;
};

FIXTURE_VARIANT(blocked_read)
{
	ssize_t (*run)(int fd);
	ssize_t ret;
};

#define BLOCKED_READ_VARIANT(call, result)					\
	FIXTURE_VARIANT_ADD(blocked_read, call)					\
	{									\
		.run = call_##call,						\
		.ret = result,							\
	}

BLOCKED_READ_VARIANT(read, RECORD);
BLOCKED_READ_VARIANT(readv, RECORD);
BLOCKED_READ_VARIANT(set_max_packets, 0);
BLOCKED_READ_VARIANT(consume, 0);

FIXTURE_SETUP(blocked_read)
{
	int ret;

	SIM_SETUP(.blocking = true, .max_packets = LIMIT);
	BROADCAST(2);
	ret = blocked_copy_start(&self->copy, run_blocked_read, self->fd, RECORD);
	if (unavailable(ret))
		SKIP(return, "userfaultfd is not available");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(blocked_read)
{
	SIM_TEARDOWN();
}

/* The blocked read gets the first packet, the second is still queued, settings are kept. */
#define EXPECT_NOTHING_CHANGED()						\
do {										\
	ASSERT_EQ(RECORD, blocked_copy_end(&self->copy));			\
	EXPECT_RECORDS(self->copy.page, .seq = 1);				\
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);			\
	EXPECT_STATS(.seq = 2, .next = 2, .delivered = 1, .pending_packets = 1);	\
	EXPECT_READ(.seq = 2);							\
} while (0)

TEST_F(blocked_read, signal_returns_eintr_changes_nothing)
{
	struct call call;

	ASSERT_TRUE(call_signalled(&call, variant->run, self->fd, 'S', 0));
	EXPECT_EQ(-EINTR, call_join(&call));
	EXPECT_NOTHING_CHANGED();
}

TEST_F(blocked_read, sa_restart_signal_keeps_call_waiting)
{
	struct call call;

	ASSERT_TRUE(call_signalled(&call, variant->run, self->fd, 'S', SA_RESTART));
	ASSERT_TRUE(wait_signal());
	ASSERT_TRUE(wait_asleep(&call.thread.task, 'S'));
	ASSERT_EQ(RECORD, blocked_copy_end(&self->copy));
	EXPECT_EQ(variant->ret, call_join(&call));
	EXPECT_EQ(1, signals);
}

TEST_F(blocked_read, sigkill_changes_nothing)
{
	ASSERT_TRUE(call_killed(variant->run, self->fd, 'S'));
	EXPECT_NOTHING_CHANGED();
}

/* -- Calls that wait for a write to the same simulator -- */

FIXTURE(blocked_write)
{
	SIM_DEVICE;
	struct blocked_copy copy;
};

FIXTURE_SETUP(blocked_write)
{
	int ret;

	SIM_SETUP(.max_packets = LIMIT);
	ret = blocked_copy_start(&self->copy, run_blocked_write, self->injector, PACKET);
	if (unavailable(ret))
		SKIP(return, "userfaultfd is not available");
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(blocked_write)
{
	SIM_TEARDOWN();
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
	struct call call;

	ASSERT_TRUE(call_signalled(&call, call_write, self->injector, 'S', 0));
	EXPECT_EQ(-EINTR, call_join(&call));
	ASSERT_EQ(PACKET, blocked_copy_end(&self->copy));
	EXPECT_EQ(1, get_stats(self->fd).seq);
}

TEST_F(blocked_write, sa_restart_signal_keeps_write_waiting)
{
	struct call call;

	ASSERT_TRUE(call_signalled(&call, call_write, self->injector, 'S', SA_RESTART));
	ASSERT_TRUE(wait_signal());
	ASSERT_EQ(PACKET, blocked_copy_end(&self->copy));
	EXPECT_EQ(PACKET, call_join(&call));
	EXPECT_EQ(2, get_stats(self->fd).seq);
}

TEST_F(blocked_write, sigkill_ends_write_without_broadcast)
{
	ASSERT_TRUE(call_killed(call_write, self->injector, 'S'));
	ASSERT_EQ(PACKET, blocked_copy_end(&self->copy));
	EXPECT_EQ(1, get_stats(self->fd).seq);
}

/* Disabling must not fail halfway, so it is uninterruptible. */
TEST_F(blocked_write, disable_ignores_signals)
{
	struct call call;

	ASSERT_TRUE(call_signalled(&call, call_disable, -1, 'D', 0));
	ASSERT_TRUE(wait_asleep(&call.thread.task, 'D'));
	ASSERT_EQ(PACKET, blocked_copy_end(&self->copy));
	EXPECT_EQ(0, call_join(&call));
	EXPECT_EQ(0, sim_get_number(SIM_NAME, "live"));
}

/* -- Continuous signals -- */

SIM_FIXTURE(signals, .max_packets = LIMIT);

/* Send SIGALRM to this process every @us microseconds; 0 stops it. */
static bool signal_every(unsigned int us)
{
	const struct itimerval timer = { .it_interval.tv_usec = us, .it_value.tv_usec = us };

	return handle_signal(SIGALRM, us ? 0 : SA_RESTART) && !setitimer(ITIMER_REAL, &timer, NULL);
}

/* Interruptible calls may fail with EINTR only, the others must not fail. */
TEST_F(signals, calls_survive_continuous_signals)
{
	enum { ROUNDS = 40 };

	ASSERT_TRUE(signal_every(700));
	for (unsigned int round = 1; round <= ROUNDS; round++) {
		unsigned int broadcast = 0;
		int ret;

		for (unsigned int i = 0; i < LIMIT; i++) {
			ssize_t bytes = sim_broadcast(self->injector, PACKET, broadcast + 1, 1);

			ASSERT_TRUE(bytes == PACKET || bytes == -EINTR);
			broadcast += bytes == PACKET;
		}
		ret = set_max_packets(self->fd, 2 * LIMIT);
		ASSERT_TRUE(!ret || ret == -EINTR);
		ASSERT_EQ(broadcast, get_stats(self->fd).pending_packets);
		if (broadcast)
			EXPECT_READ(.seq = 1, .count = broadcast);
		if (round % 2)
			close(self->fd);
		UNREGISTER();
		if (!(round % 2))
			close(self->fd);
		EXPECT_EQ(round, sim_get_number(SIM_NAME, "departures"));
		REREGISTER();
		close(self->injector);
		self->injector = sim_open_injector(SIM_NAME);
		ASSERT_LE(0, self->injector);
		self->fd = -1;
		OPEN();
	}
	EXPECT_LT(0, signals);
	ASSERT_TRUE(signal_every(0));
	EXPECT_EQ(ROUNDS + 1, sim_get_number(SIM_NAME, "arrivals"));
}

/* SIGKILL can interrupt the creation of the IRQ thread: the device must exist or not. */
TEST_F(signals, source_stays_consistent_after_sigkill)
{
	enum { ROUNDS = 30 };

	for (unsigned int round = 0; round < ROUNDS; round++) {
		pid_t child = fork();
		int fd;

		ASSERT_LE(0, child);
		while (!child) {
			sim_set(SIM_NAME, "live", "1");
			sim_set(SIM_NAME, "live", "0");
		}
		usleep(3000 + round * 700);
		ASSERT_TRUE(kill_child(child));
		fd = sim_open(SIM_NAME, O_RDONLY);
		ASSERT_TRUE(sim_get_number(SIM_NAME, "live") ? fd >= 0 : fd == -ENOENT);
		if (fd >= 0)
			close(fd);
		ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));
		OPEN();
		ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	}
}

TEST_HARNESS_MAIN
