// SPDX-License-Identifier: GPL-2.0
/*
 * poll, epoll and SIGIO.
 */

#include "sim.h"

#include <sys/epoll.h>

#define PACKET	16
#define RECORD	(RECORD_HEADER + PACKET)
#define LIMIT	4
#define ALL	(POLLIN | POLLRDNORM | POLLPRI | POLLOUT)

FIXTURE(poll)
{
	int injector;
	int fd;
	unsigned char buffer[1024];
};

FIXTURE_SETUP(poll)
{
	const struct sim_config config = { .packet_size = PACKET, .max_packets = LIMIT };

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(poll)
{
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

#define BROADCAST(count) \
	ASSERT_EQ((count) * PACKET, sim_broadcast(self->injector, PACKET, 1, count))

TEST_F(poll, empty_queue_sets_no_event)
{
	EXPECT_EQ(0, poll_now(self->fd, ALL));
}

TEST_F(poll, queued_record_sets_pollin)
{
	BROADCAST(1);
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_now(self->fd, ALL));
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(0, poll_now(self->fd, ALL));
}

TEST_F(poll, drop_sets_pollpri_until_read)
{
	BROADCAST(LIMIT);
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_now(self->fd, ALL));
	BROADCAST(1);
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLPRI, poll_now(self->fd, ALL));
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_now(self->fd, ALL));
}

TEST_F(poll, resize_drop_sets_pollpri_until_read)
{
	const struct notify_multi_record *record = (void *)self->buffer;

	BROADCAST(LIMIT);
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLPRI, poll_now(self->fd, ALL));
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(LIMIT - 1, record->dropped);
	EXPECT_EQ(0, poll_now(self->fd, ALL));
}

struct poller {
	pthread_t thread;
	int fd;
	short events;
	int ret;
	short revents;
	pid_t task;
};

static void *poller_main(void *data)
{
	struct poller *poller = data;
	struct pollfd pollfd = { .fd = poller->fd, .events = poller->events };

	__atomic_store_n(&poller->task, syscall(SYS_gettid), __ATOMIC_RELEASE);
	poller->ret = poll(&pollfd, 1, -1);
	poller->revents = pollfd.revents;
	return NULL;
}

/* Return when the thread is blocked in poll(). */
static bool poller_start(struct poller *poller)
{
	return !pthread_create(&poller->thread, NULL, poller_main, poller) &&
	       wait_asleep(&poller->task, 'S');
}

TEST_F(poll, pollin_blocks_until_broadcast)
{
	struct poller poller = { .fd = self->fd, .events = POLLIN };

	ASSERT_TRUE(poller_start(&poller));
	BROADCAST(1);
	ASSERT_EQ(0, pthread_join(poller.thread, NULL));
	EXPECT_EQ(1, poller.ret);
	EXPECT_EQ(POLLIN, poller.revents);
}

TEST_F(poll, pollrdnorm_blocks_until_broadcast)
{
	struct poller poller = { .fd = self->fd, .events = POLLRDNORM };

	ASSERT_TRUE(poller_start(&poller));
	BROADCAST(1);
	ASSERT_EQ(0, pthread_join(poller.thread, NULL));
	EXPECT_EQ(1, poller.ret);
	EXPECT_EQ(POLLRDNORM, poller.revents);
}

TEST_F(poll, pollpri_blocks_until_drop)
{
	struct poller poller = { .fd = self->fd, .events = POLLPRI };

	BROADCAST(LIMIT);
	ASSERT_TRUE(poller_start(&poller));
	BROADCAST(1);
	ASSERT_EQ(0, pthread_join(poller.thread, NULL));
	EXPECT_EQ(1, poller.ret);
	EXPECT_EQ(POLLPRI, poller.revents);
}

TEST_F(poll, pollpri_blocks_until_resize_drop)
{
	struct poller poller = { .fd = self->fd, .events = POLLPRI };

	BROADCAST(LIMIT);
	ASSERT_TRUE(poller_start(&poller));
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	ASSERT_EQ(0, pthread_join(poller.thread, NULL));
	EXPECT_EQ(1, poller.ret);
	EXPECT_EQ(POLLPRI, poller.revents);
}

TEST_F(poll, pollin_blocks_until_unregister)
{
	struct poller poller = { .fd = self->fd, .events = POLLIN };

	ASSERT_TRUE(poller_start(&poller));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_EQ(0, pthread_join(poller.thread, NULL));
	EXPECT_EQ(1, poller.ret);
	EXPECT_EQ(POLLHUP, poller.revents);
}

TEST_F(poll, pollpri_blocks_until_unregister)
{
	struct poller poller = { .fd = self->fd, .events = POLLPRI };

	ASSERT_TRUE(poller_start(&poller));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_EQ(0, pthread_join(poller.thread, NULL));
	EXPECT_EQ(1, poller.ret);
	EXPECT_EQ(POLLHUP, poller.revents);
}

TEST_F(poll, pollhup_with_pollin_while_records_remain)
{
	BROADCAST(1);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLHUP, poll_now(self->fd, ALL));
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(POLLHUP, poll_now(self->fd, ALL));
}

/* Discarded packets do not set POLLPRI, because no read can report them. */
TEST_F(poll, pollhup_without_pollin_if_source_had_complete)
{
	close(self->fd);
	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, -EXFULL));
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	BROADCAST(LIMIT + 1);
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLPRI, poll_now(self->fd, ALL));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(POLLHUP, poll_now(self->fd, ALL));
	EXPECT_EQ(-ENODEV, read_errno(self->fd, self->buffer, RECORD));
}

TEST_F(poll, packet_wakes_every_poll)
{
	struct poller pollers[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		pollers[i] = (struct poller){ .fd = self->fd, .events = POLLIN };
		ASSERT_TRUE(poller_start(&pollers[i]));
	}
	BROADCAST(1);
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, pthread_join(pollers[i].thread, NULL));
		EXPECT_EQ(POLLIN, pollers[i].revents);
	}
}

TEST_F(poll, level_epoll_repeats_until_queue_empty)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = 42 };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->fd, &event));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	BROADCAST(2);
	ASSERT_EQ(1, epoll_wait(epoll, &event, 1, -1));
	EXPECT_EQ(EPOLLIN, event.events);
	EXPECT_EQ(42, event.data.u32);
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(1, epoll_wait(epoll, &event, 1, 0));
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	close(epoll);
}

TEST_F(poll, edge_epoll_reports_each_packet)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	unsigned int i;

	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->fd, &event));
	for (i = 0; i < 3; i++) {
		BROADCAST(1);
		ASSERT_EQ(1, epoll_wait(epoll, &event, 1, -1));
		EXPECT_EQ(EPOLLIN, event.events);
		EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	}
	close(epoll);
}

TEST_F(poll, nowait_read_gets_packet_despite_get_stats)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct iovec iov = { self->buffer, RECORD };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct stats_poller stats_poller;
	unsigned int i;

	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->fd, &event));
	ASSERT_TRUE(stats_poller_start(&stats_poller, self->fd));
	for (i = 0; i < 300; i++) {
		BROADCAST(1);
		ASSERT_EQ(1, epoll_wait(epoll, &event, 1, -1));
		/* EAGAIN would lose the packet: the edge is not reported again. */
		ASSERT_EQ(RECORD, preadv2(self->fd, &iov, 1, -1, RWF_NOWAIT));
	}
	EXPECT_TRUE(stats_poller_stop(&stats_poller));
	close(epoll);
}

/* -- SIGIO -- */

static bool block_sigio(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGIO);
	sigaddset(set, SIGRTMIN);
	return !sigprocmask(SIG_BLOCK, set, NULL);
}

/* With @number 0 send SIGIO. A realtime signal is queued and has si_fd. */
static bool enable_sigio(int fd, int number)
{
	return !fcntl(fd, F_SETOWN, getpid()) && !fcntl(fd, F_SETSIG, number) &&
	       !fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC);
}

TEST_F(poll, packet_sends_sigio)
{
	struct timespec limit = { .tv_sec = WAIT_MS / 1000 };
	sigset_t set;

	ASSERT_TRUE(block_sigio(&set));
	ASSERT_TRUE(enable_sigio(self->fd, 0));
	BROADCAST(1);
	EXPECT_EQ(SIGIO, sigtimedwait(&set, NULL, &limit));
}

TEST_F(poll, sigio_reports_fd_and_code)
{
	struct timespec limit = { .tv_sec = WAIT_MS / 1000 };
	siginfo_t info;
	sigset_t set;

	ASSERT_TRUE(block_sigio(&set));
	ASSERT_TRUE(enable_sigio(self->fd, SIGRTMIN));
	BROADCAST(1);
	ASSERT_EQ(SIGRTMIN, sigtimedwait(&set, &info, &limit));
	EXPECT_EQ(self->fd, info.si_fd);
	EXPECT_EQ(POLL_IN, info.si_code);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_EQ(SIGRTMIN, sigtimedwait(&set, &info, &limit));
	EXPECT_EQ(POLL_HUP, info.si_code);
}

TEST_F(poll, sigio_stops_after_o_async_cleared)
{
	struct timespec now = { };
	sigset_t set;

	ASSERT_TRUE(block_sigio(&set));
	ASSERT_TRUE(enable_sigio(self->fd, 0));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, fcntl(self->fd, F_GETFL) & ~O_ASYNC));
	BROADCAST(1);
	EXPECT_EQ(-1, sigtimedwait(&set, NULL, &now));
}

TEST_HARNESS_MAIN
