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

TEST_F(poll, says_nothing_of_an_empty_queue)
{
	EXPECT_EQ(0, poll_now(self->fd, ALL));
}

TEST_F(poll, says_that_a_record_is_queued)
{
	BROADCAST(1);
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_now(self->fd, ALL));
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(0, poll_now(self->fd, ALL));
}

TEST_F(poll, says_that_packets_were_lost_until_a_read_has)
{
	BROADCAST(LIMIT);
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_now(self->fd, ALL));
	BROADCAST(1);
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLPRI, poll_now(self->fd, ALL));
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(POLLIN | POLLRDNORM, poll_now(self->fd, ALL));
}

TEST_F(poll, says_of_packets_lost_by_a_resize_until_a_read_has)
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
	int polling;
};

static void *poller_main(void *data)
{
	struct poller *poller = data;
	struct pollfd pollfd = { .fd = poller->fd, .events = poller->events };

	__atomic_store_n(&poller->polling, 1, __ATOMIC_RELEASE);
	poller->ret = poll(&pollfd, 1, -1);
	poller->revents = pollfd.revents;
	return NULL;
}

/* Started as far as can be seen from outside; it may yet have to fall asleep. */
static bool poller_start(struct poller *poller)
{
	if (pthread_create(&poller->thread, NULL, poller_main, poller))
		return false;
	while (!__atomic_load_n(&poller->polling, __ATOMIC_ACQUIRE))
		usleep(1000);
	usleep(50000);
	return true;
}

TEST_F(poll, sleeps_until_a_packet_comes)
{
	struct poller poller = { .fd = self->fd, .events = POLLIN };

	ASSERT_TRUE(poller_start(&poller));
	BROADCAST(1);
	ASSERT_EQ(0, pthread_join(poller.thread, NULL));
	EXPECT_EQ(1, poller.ret);
	EXPECT_EQ(POLLIN, poller.revents);
}

TEST_F(poll, sleeps_until_there_is_normal_data)
{
	struct poller poller = { .fd = self->fd, .events = POLLRDNORM };

	ASSERT_TRUE(poller_start(&poller));
	BROADCAST(1);
	ASSERT_EQ(0, pthread_join(poller.thread, NULL));
	EXPECT_EQ(1, poller.ret);
	EXPECT_EQ(POLLRDNORM, poller.revents);
}

TEST_F(poll, sleeps_until_a_packet_is_lost)
{
	struct poller poller = { .fd = self->fd, .events = POLLPRI };

	BROADCAST(LIMIT);
	ASSERT_TRUE(poller_start(&poller));
	BROADCAST(1);
	ASSERT_EQ(0, pthread_join(poller.thread, NULL));
	EXPECT_EQ(1, poller.ret);
	EXPECT_EQ(POLLPRI, poller.revents);
}

TEST_F(poll, sleeps_until_a_resize_loses_a_packet)
{
	struct poller poller = { .fd = self->fd, .events = POLLPRI };

	BROADCAST(LIMIT);
	ASSERT_TRUE(poller_start(&poller));
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	ASSERT_EQ(0, pthread_join(poller.thread, NULL));
	EXPECT_EQ(1, poller.ret);
	EXPECT_EQ(POLLPRI, poller.revents);
}

TEST_F(poll, sleeps_until_the_source_goes)
{
	struct poller poller = { .fd = self->fd, .events = POLLIN };

	ASSERT_TRUE(poller_start(&poller));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_EQ(0, pthread_join(poller.thread, NULL));
	EXPECT_EQ(1, poller.ret);
	EXPECT_EQ(POLLHUP, poller.revents);
}

TEST_F(poll, source_that_goes_wakes_who_waits_for_a_loss)
{
	struct poller poller = { .fd = self->fd, .events = POLLPRI };

	ASSERT_TRUE(poller_start(&poller));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_EQ(0, pthread_join(poller.thread, NULL));
	EXPECT_EQ(1, poller.ret);
	EXPECT_EQ(POLLHUP, poller.revents);
}

TEST_F(poll, hangs_up_with_records_while_they_remain)
{
	BROADCAST(1);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLHUP, poll_now(self->fd, ALL));
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(POLLHUP, poll_now(self->fd, ALL));
}

/* Nor does it say that they were lost: what GET_STATS counts is not for reads to say. */
TEST_F(poll, hangs_up_alone_where_the_source_would_have_to_complete_what_remains)
{
	ASSERT_EQ(0, sim_set_number(SIM_NAME, "complete_error", -EXFULL));
	BROADCAST(LIMIT + 1);
	EXPECT_EQ(POLLIN | POLLRDNORM | POLLPRI, poll_now(self->fd, ALL));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(POLLHUP, poll_now(self->fd, ALL));
	EXPECT_EQ(-ENODEV, read_errno(self->fd, self->buffer, RECORD));
}

TEST_F(poll, one_packet_wakes_every_poll)
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

TEST_F(poll, level_triggered_epoll_repeats_until_the_queue_is_empty)
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

TEST_F(poll, edge_triggered_epoll_comes_with_each_packet)
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

TEST_F(poll, read_that_does_not_wait_has_the_packet_though_the_open_is_asked)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct iovec iov = { self->buffer, RECORD };
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct asker asker;
	unsigned int i;

	ASSERT_LE(0, epoll);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, self->fd, &event));
	ASSERT_TRUE(asker_start(&asker, self->fd));
	for (i = 0; i < 300; i++) {
		BROADCAST(1);
		ASSERT_EQ(1, epoll_wait(epoll, &event, 1, -1));
		/* EAGAIN would be the end: the edge is not told again. */
		ASSERT_EQ(RECORD, preadv2(self->fd, &iov, 1, -1, RWF_NOWAIT));
	}
	EXPECT_TRUE(asker_stop(&asker));
	close(epoll);
}

/* -- SIGIO. ---------------------------------------------------------------- */

static bool block_sigio(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGIO);
	sigaddset(set, SIGRTMIN);
	return !sigprocmask(SIG_BLOCK, set, NULL);
}

/* SIGRTMIN instead of SIGIO: it is queued, and says which descriptor. */
static bool want_sigio(int fd, int number)
{
	return !fcntl(fd, F_SETOWN, getpid()) && !fcntl(fd, F_SETSIG, number) &&
	       !fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC);
}

TEST_F(poll, SIGIO_comes_with_a_packet)
{
	struct timespec limit = { .tv_sec = WAIT_MS / 1000 };
	sigset_t set;

	ASSERT_TRUE(block_sigio(&set));
	ASSERT_TRUE(want_sigio(self->fd, 0));
	BROADCAST(1);
	EXPECT_EQ(SIGIO, sigtimedwait(&set, NULL, &limit));
}

TEST_F(poll, signal_of_O_ASYNC_says_which_descriptor_and_what)
{
	struct timespec limit = { .tv_sec = WAIT_MS / 1000 };
	siginfo_t info;
	sigset_t set;

	ASSERT_TRUE(block_sigio(&set));
	ASSERT_TRUE(want_sigio(self->fd, SIGRTMIN));
	BROADCAST(1);
	ASSERT_EQ(SIGRTMIN, sigtimedwait(&set, &info, &limit));
	EXPECT_EQ(self->fd, info.si_fd);
	EXPECT_EQ(POLL_IN, info.si_code);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_EQ(SIGRTMIN, sigtimedwait(&set, &info, &limit));
	EXPECT_EQ(POLL_HUP, info.si_code);
}

TEST_F(poll, no_signal_after_O_ASYNC_is_cleared)
{
	struct timespec now = { };
	sigset_t set;

	ASSERT_TRUE(block_sigio(&set));
	ASSERT_TRUE(want_sigio(self->fd, 0));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, fcntl(self->fd, F_GETFL) & ~O_ASYNC));
	BROADCAST(1);
	EXPECT_EQ(-1, sigtimedwait(&set, NULL, &now));
}

TEST_HARNESS_MAIN
