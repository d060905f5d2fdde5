// SPDX-License-Identifier: GPL-2.0
/*
 * poll, epoll and SIGIO.
 */

#include "device.h"

#include <sys/epoll.h>

#define LIMIT		4
#define READABLE	(POLLIN | POLLRDNORM)
#define ALL		(READABLE | POLLPRI | POLLOUT)

FIXTURE(poll)
{
	SIM_DEVICE;
	int epoll;
};

FIXTURE_SETUP(poll)
{
	SIM_SETUP(.max_packets = LIMIT);
	self->epoll = epoll_create1(EPOLL_CLOEXEC);
	ASSERT_LE(0, self->epoll);
}

FIXTURE_TEARDOWN(poll)
{
	close(self->epoll);
	SIM_TEARDOWN();
}

TEST_F(poll, queued_record_sets_pollin)
{
	EXPECT_EQ(0, poll_now(self->fd, ALL));
	BROADCAST(1);
	EXPECT_EQ(READABLE, poll_now(self->fd, ALL));
	EXPECT_READ(.seq = 1);
	EXPECT_EQ(0, poll_now(self->fd, ALL));
}

TEST_F(poll, drop_sets_pollpri_until_read)
{
	BROADCAST(LIMIT);
	EXPECT_EQ(READABLE, poll_now(self->fd, ALL));
	BROADCAST(1);
	EXPECT_EQ(READABLE | POLLPRI, poll_now(self->fd, ALL));
	EXPECT_READ(.seq = 2, .dropped = 1, .size = RECORD);
	EXPECT_EQ(READABLE, poll_now(self->fd, ALL));
}

TEST_F(poll, resize_drop_sets_pollpri_until_read)
{
	BROADCAST(LIMIT);
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	EXPECT_EQ(READABLE | POLLPRI, poll_now(self->fd, ALL));
	EXPECT_READ(.seq = LIMIT, .dropped = LIMIT - 1);
	EXPECT_EQ(0, poll_now(self->fd, ALL));
}

TEST_F(poll, pollhup_with_pollin_while_records_remain)
{
	BROADCAST(1);
	UNREGISTER();
	EXPECT_EQ(READABLE | POLLHUP, poll_now(self->fd, ALL));
	EXPECT_READ(.seq = 1);
	EXPECT_EQ(POLLHUP, poll_now(self->fd, ALL));
}

/* Discarded packets do not set POLLPRI, because no read can report them. */
TEST_F(poll, pollhup_without_pollin_if_source_had_complete)
{
	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, -EXFULL));
	OPEN();
	BROADCAST(LIMIT + 1);
	EXPECT_EQ(READABLE | POLLPRI, poll_now(self->fd, ALL));
	UNREGISTER();
	EXPECT_EQ(POLLHUP, poll_now(self->fd, ALL));
	EXPECT_EQ(-ENODEV, READ(RECORD));
}

/* -- Blocked poll -- */

static ssize_t call_poll(void *data)
{
	return errno_of(poll(data, 1, -1));
}

FIXTURE_VARIANT(blocked_poll)
{
	short events;
	unsigned int queued;	/* packets before poll() */
	enum { ON_BROADCAST, ON_RESIZE, ON_UNREGISTER } event;
	short revents;
};

SIM_FIXTURE(blocked_poll, .max_packets = LIMIT)

FIXTURE_VARIANT_ADD(blocked_poll, pollin) { POLLIN, 0, ON_BROADCAST, POLLIN };
FIXTURE_VARIANT_ADD(blocked_poll, pollrdnorm) { POLLRDNORM, 0, ON_BROADCAST, POLLRDNORM };
FIXTURE_VARIANT_ADD(blocked_poll, pollpri_drop) { POLLPRI, LIMIT, ON_BROADCAST, POLLPRI };
FIXTURE_VARIANT_ADD(blocked_poll, pollpri_resize) { POLLPRI, 2, ON_RESIZE, POLLPRI };
FIXTURE_VARIANT_ADD(blocked_poll, pollin_unregister) { POLLIN, 0, ON_UNREGISTER, POLLHUP };
FIXTURE_VARIANT_ADD(blocked_poll, pollpri_unregister) { POLLPRI, LIMIT, ON_UNREGISTER, POLLHUP };

TEST_F(blocked_poll, every_poll_returns_event)
{
	struct pollfd pollfds[3];
	struct thread threads[3];

	if (variant->queued)
		BROADCAST(variant->queued);
	for (unsigned int i = 0; i < 3; i++) {
		pollfds[i] = (struct pollfd){ .fd = self->fd, .events = variant->events };
		ASSERT_TRUE(thread_start_asleep(&threads[i], call_poll, &pollfds[i]));
	}
	switch (variant->event) {
	case ON_BROADCAST:
		BROADCAST(1);
		break;
	case ON_RESIZE:
		ASSERT_EQ(0, set_max_packets(self->fd, 1));
		break;
	case ON_UNREGISTER:
		UNREGISTER();
		break;
	}
	for (unsigned int i = 0; i < 3; i++) {
		ASSERT_EQ(1, thread_join(&threads[i]));
		EXPECT_EQ(variant->revents, pollfds[i].revents);
	}
}

/* -- epoll -- */

#define EPOLL_ADD(epoll_events)							\
do {										\
	struct epoll_event event_ = { .events = epoll_events, .data.u32 = 42 };	\
										\
	ASSERT_EQ(0, epoll_ctl(self->epoll, EPOLL_CTL_ADD, self->fd, &event_));	\
} while (0)

TEST_F(poll, level_epoll_repeats_until_queue_empty)
{
	struct epoll_event event;

	EPOLL_ADD(EPOLLIN);
	EXPECT_EQ(0, epoll_wait(self->epoll, &event, 1, 0));
	BROADCAST(2);
	ASSERT_EQ(1, epoll_wait(self->epoll, &event, 1, WAIT_MS));
	EXPECT_EQ(EPOLLIN, event.events);
	EXPECT_EQ(42, event.data.u32);
	EXPECT_READ(.seq = 1, .size = RECORD);
	EXPECT_EQ(1, epoll_wait(self->epoll, &event, 1, 0));
	EXPECT_READ(.seq = 2, .size = RECORD);
	EXPECT_EQ(0, epoll_wait(self->epoll, &event, 1, 0));
}

TEST_F(poll, edge_epoll_reports_each_packet)
{
	struct epoll_event event;

	EPOLL_ADD(EPOLLIN | EPOLLET);
	for (unsigned int i = 0; i < 3; i++) {
		BROADCAST(1);
		ASSERT_EQ(1, epoll_wait(self->epoll, &event, 1, WAIT_MS));
		EXPECT_EQ(EPOLLIN, event.events);
		EXPECT_EQ(0, epoll_wait(self->epoll, &event, 1, 0));
	}
}

/* -- SIGIO -- */

FIXTURE(sigio)
{
	SIM_DEVICE;
	sigset_t set;
};

FIXTURE_SETUP(sigio)
{
	SIM_SETUP(.max_packets = LIMIT);
	sigemptyset(&self->set);
	sigaddset(&self->set, SIGIO);
	sigaddset(&self->set, SIGRTMIN);
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, &self->set, NULL));
	ASSERT_EQ(0, fcntl(self->fd, F_SETOWN, getpid()));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK | O_ASYNC));
}

FIXTURE_TEARDOWN(sigio)
{
	SIM_TEARDOWN();
}

/* Return the number of the next signal, or -1 after @ms. */
static int next_signal(const sigset_t *set, siginfo_t *info, int ms)
{
	const struct timespec limit = { .tv_sec = ms / 1000 };

	return sigtimedwait(set, info, &limit);
}

TEST_F(sigio, is_sent_for_each_packet)
{
	EXPECT_EQ(-1, next_signal(&self->set, NULL, 0));
	for (unsigned int i = 0; i < 3; i++) {
		BROADCAST(1);
		EXPECT_EQ(SIGIO, next_signal(&self->set, NULL, WAIT_MS));
	}
}

/* Unlike SIGIO, a realtime signal is queued and has si_fd. */
TEST_F(sigio, reports_fd_and_code)
{
	siginfo_t info;

	ASSERT_EQ(0, fcntl(self->fd, F_SETSIG, SIGRTMIN));
	BROADCAST(1);
	ASSERT_EQ(SIGRTMIN, next_signal(&self->set, &info, WAIT_MS));
	EXPECT_EQ(self->fd, info.si_fd);
	EXPECT_EQ(POLL_IN, info.si_code);
	UNREGISTER();
	ASSERT_EQ(SIGRTMIN, next_signal(&self->set, &info, WAIT_MS));
	EXPECT_EQ(POLL_HUP, info.si_code);
}

TEST_F(sigio, stops_after_o_async_cleared)
{
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	BROADCAST(1);
	EXPECT_EQ(-1, next_signal(&self->set, NULL, 0));
}

/* O_ASYNC of open() requests no signals, but close() clears it like that of F_SETFL. */
TEST_F(sigio, is_sent_after_close_of_client_opened_with_o_async)
{
	int other = sim_open(SIM_NAME, O_RDONLY | O_ASYNC);

	ASSERT_LE(0, other);
	close(other);
	BROADCAST(1);
	EXPECT_EQ(SIGIO, next_signal(&self->set, NULL, WAIT_MS));
}

TEST_HARNESS_MAIN
