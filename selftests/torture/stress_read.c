// SPDX-License-Identifier: GPL-2.0
/*
 * Workers: processes that repeatedly open a device, read it in one of several ways, and close it.
 */

#include "stress.h"

#include <notify_multi/reader.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* An unmapped address; volatile to avoid compiler warnings. */
static void *volatile const bad_pointer = (void *)8;

const char * const kind_names[KINDS] = {
	[READ] = "read", [POLL] = "poll", [EPOLL] = "epoll", [EPOLL_EDGE] = "epoll edge",
	[MAPPED] = "mapped", [SIGNALLED] = "SIGIO", [SPLICED] = "splice", [RAW] = "raw",
	[URING_READ] = "io_uring read", [URING_MULTISHOT] = "io_uring multishot",
	[URING_PEND] = "io_uring command", [SHARED] = "shared", [KILLED] = "killed",
};

/* -- Single calls ---------------------------------------------------------------- */

ssize_t result(ssize_t ret)
{
	return ret < 0 ? -errno : ret;
}

/* Size of a buffer for some records or payloads, sometimes with space for a part of one more. */
static size_t some_size(const struct stream *stream, struct random *random)
{
	const struct account *account = stream->account;
	size_t step = stream->raw ? account->packet_size : account->record_size;
	size_t most = BUFFER_BYTES / step;
	size_t count = 1 + random_below(random, random_once_in(random, 2) ? 2 : most);

	return count < most ? count * step + random_below(random, step) : count * step;
}

static ssize_t scattered_read(int fd, unsigned char *buffer, size_t size, struct random *random,
			      int flags)
{
	size_t first = random_below(random, size);
	struct iovec parts[2] = { { buffer, first }, { buffer + first, size - first } };

	if (flags)
		return result(preadv2(fd, parts, 2, -1, flags));
	return result(readv(fd, parts, 2));
}

enum outcome read_somehow(struct stream *stream, struct random *random, unsigned int may)
{
	size_t size = some_size(stream, random);
	int fd = stream->account->fd;
	ssize_t ret;

	if (random_once_in(random, 4))
		ret = scattered_read(fd, stream->buffer, size, random, 0);
	else
		ret = result(read(fd, stream->buffer, size));
	return take(stream, stream->buffer, ret, may | MAY_INTR);
}

static enum outcome read_now(struct stream *stream, struct random *random)
{
	size_t size = some_size(stream, random);
	ssize_t ret = scattered_read(stream->account->fd, stream->buffer, size, random, RWF_NOWAIT);

	return take(stream, stream->buffer, ret, MAY_AGAIN | MAY_INTR);
}

static void expect_error(const struct stream *stream, ssize_t ret, int error, const char *what)
{
	if (ret >= 0 || (errno != error && errno != EINTR))
		fail_open(stream->account, "%s returned %zd: %m", what, ret);
}

static void resize(struct stream *stream, struct random *random)
{
	__u32 max_packets = 1 + random_below(random, random_once_in(random, 4) ? 200 : 16);
	int ret = ioctl(stream->account->fd, NOTIFY_MULTI_IOC_SET_MAX_PACKETS, &max_packets);

	if (ret && errno != EINTR && !(stream->account->mapped && errno == EBUSY))
		fail_open(stream->account, "SET_MAX_PACKETS: %m");
}

/* Calls other than successful reads, which must not disturb the reader. */
void meddle(struct stream *stream, struct random *random)
{
	struct account *account = stream->account;
	int fd = account->fd;

	switch (random_below(random, 12)) {
	case 0:
	case 1:
		check_stats(account);
		break;
	case 2:
	case 3:
		resize(stream, random);
		break;
	case 4:
		expect_error(stream, lseek(fd, 0, SEEK_CUR), ESPIPE, "lseek");
		break;
	case 5:
		expect_error(stream, ioctl(fd, 0), ENOTTY, "unknown ioctl");
		break;
	case 6:
		expect_error(stream, read(fd, stream->buffer, account->packet_size - 1), EINVAL,
			     "short read");
		break;
	case 7:
		expect_error(stream, ioctl(fd, NOTIFY_MULTI_IOC_GET_INFO, bad_pointer), EFAULT,
			     "GET_INFO");
		break;
	case 8:
		if (read(fd, stream->buffer, 0))
			fail_open(account, "empty read: %m");
		break;
	case 9:
		sleep_ms(random_below(random, 30));
		break;
	case 10:
		if (account->kind < URING_READ)
			check_fdinfo(account);
		break;
	default:
		sched_yield();
	}
}

/* A read that fails with EFAULT must not consume a packet. */
static void read_badly(struct stream *stream)
{
	struct iovec part = { bad_pointer, BUFFER_BYTES };
	ssize_t ret = result(preadv2(stream->account->fd, &part, 1, -1, RWF_NOWAIT));

	take(stream, NULL, ret, MAY_AGAIN | MAY_INTR | MAY_FAULT);
}

/* -- Kinds of clients: read until unregistration or a number of reads ------------ */

static unsigned int some_reads(struct worker *worker)
{
	return 1 + random_below(&worker->random, random_once_in(&worker->random, 8) ? 100 : 8);
}

static void read_open(struct worker *worker, struct account *account)
{
	struct stream stream = stream_of(account, true, worker->buffer);
	unsigned int reads = some_reads(worker);
	__u32 raw = NOTIFY_MULTI_FORMAT_RAW;

	if (account->kind == RAW) {
		if (ioctl(account->fd, NOTIFY_MULTI_IOC_SET_FORMAT, &raw))
			fail_open(account, "SET_FORMAT: %m");
		stream.raw = true;
	}
	while (reads--) {
		if (random_once_in(&worker->random, 4))
			meddle(&stream, &worker->random);
		if (random_once_in(&worker->random, 16))
			read_badly(&stream);
		if (random_once_in(&worker->random, 16))
			fcntl(account->fd, F_SETFL,
			      random_once_in(&worker->random, 2) ? O_NONBLOCK : 0);
		if (read_somehow(&stream, &worker->random, MAY_AGAIN) == GONE)
			return;
	}
}

/* Check the result of poll() by a read. There is no other reader. */
static enum outcome read_polled(struct stream *stream, struct random *random, unsigned int events)
{
	uint64_t lost = stream->account->lost;
	enum outcome outcome;

	if (events & ~(POLLIN | POLLPRI | POLLRDNORM | POLLHUP))
		fail_open(stream->account, "poll says %#x", events);
	outcome = read_now(stream, random);
	if (outcome == NOTHING && events & POLLIN && stream->account->life &&
	    GET(stream->account->device->completes) != stream->account->life && errno == EAGAIN)
		fail_open(stream->account, "poll says %#x, but there is nothing to read", events);
	if (outcome == TOOK && events & POLLPRI && stream->account->lost == lost && !stream->failed)
		fail_open(stream->account, "poll says %#x, but nothing was lost", events);
	return outcome;
}

static void poll_open(struct worker *worker, struct account *account)
{
	struct stream stream = stream_of(account, true, worker->buffer);
	unsigned int reads = some_reads(worker);

	while (reads--) {
		struct pollfd pollfd = { .fd = account->fd, .events = POLLIN | POLLPRI };
		int ret = poll(&pollfd, 1, -1);

		if (random_once_in(&worker->random, 4))
			check_stats(account);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret != 1)
			fail_open(account, "poll returned %d: %m", ret);
		if (read_polled(&stream, &worker->random, pollfd.revents) == GONE)
			return;
	}
}

/* Level-triggered: one read per event. Edge-triggered: read until the queue is empty. */
static void epoll_open(struct worker *worker, struct account *account)
{
	struct stream stream = stream_of(account, true, worker->buffer);
	bool edge = account->kind == EPOLL_EDGE;
	struct epoll_event event = { .events = EPOLLIN | EPOLLPRI | (edge ? EPOLLET : 0) };
	unsigned int reads = some_reads(worker);
	enum outcome outcome = NOTHING;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, account->fd, &event))
		fail_open(account, "epoll: %m");
	while (reads-- && outcome != GONE) {
		int ret = epoll_wait(epoll, &event, 1, -1);

		if (ret < 0 && errno == EINTR)
			continue;
		if (ret != 1)
			fail_open(account, "epoll returned %d: %m", ret);
		do
			outcome = read_now(&stream, &worker->random);
		while (edge && (outcome == TOOK || (outcome == NOTHING && errno == EINTR)));
		if (random_once_in(&worker->random, 8))
			meddle(&stream, &worker->random);
	}
	close(epoll);
}

static void consume(struct account *account, uint64_t seq)
{
	while (ioctl(account->fd, NOTIFY_MULTI_IOC_CONSUME, &seq))
		if (errno != EINTR)
			fail_open(account, "CONSUME: %m");
}

/* Read from the mapped ring. Return true if there was a record. */
static bool read_mapping(struct stream *stream, struct notify_multi_reader *reader,
			 struct random *random)
{
	unsigned int count = 1 + random_below(random, BUFFER_BYTES / stream->account->record_size);
	const unsigned char *record = stream->buffer;
	bool found = false;

	if (random_once_in(random, 2))
		count = notify_multi_reader_read(reader, stream->buffer, count);
	else
		count = notify_multi_reader_next(reader, (void *)stream->buffer);
	for (; count; count--, record += stream->account->record_size) {
		take_record(stream, (const void *)record);
		found = true;
	}
	return found;
}

static void map_open(struct worker *worker, struct account *account)
{
	struct stream stream = stream_of(account, true, worker->buffer);
	struct notify_multi_reader reader;
	struct notify_multi_info info;
	unsigned int reads = some_reads(worker);
	void *map;

	if (ioctl(account->fd, NOTIFY_MULTI_IOC_GET_INFO, &info))
		fail_open(account, "GET_INFO: %m");
	map = mmap(NULL, info.ring_bytes, PROT_READ, MAP_SHARED, account->fd, 0);
	if (map == MAP_FAILED) {
		if (errno != EOPNOTSUPP)
			fail_open(account, "mmap: %m");
		return;
	}
	account->mapped = true;
	notify_multi_reader_init(&reader, map, account->first);
	while (reads--) {
		struct pollfd pollfd = { .fd = account->fd, .events = POLLIN };

		while (read_mapping(&stream, &reader, &worker->random))
			;
		if (reader.next > account->first)
			consume(account, reader.next - 1);
		if (random_once_in(&worker->random, 8))
			meddle(&stream, &worker->random);
		if (poll(&pollfd, 1, -1) == 1 && pollfd.revents == POLLHUP)
			break;
	}
	if (munmap(map, info.ring_bytes))
		fail_open(account, "munmap: %m");
}

/* SIGIO is blocked; it is sent for packets and for unregistration. */
static void signalled_open(struct worker *worker, struct account *account)
{
	struct stream stream = stream_of(account, true, worker->buffer);
	unsigned int reads = some_reads(worker);
	enum outcome outcome;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGIO);
	if (fcntl(account->fd, F_SETOWN, getpid()) ||
	    fcntl(account->fd, F_SETFL, O_ASYNC | O_NONBLOCK))
		fail_open(account, "O_ASYNC: %m");
	while (reads--) {
		do
			outcome = read_somehow(&stream, &worker->random, MAY_AGAIN);
		while (outcome == TOOK || (outcome == NOTHING && errno == EINTR));
		if (outcome == GONE)
			break;
		while (sigwaitinfo(&signals, NULL) < 0 && errno == EINTR)
			;
	}
	fcntl(account->fd, F_SETFL, 0);
}

static void spliced_open(struct worker *worker, struct account *account)
{
	struct stream stream = stream_of(account, true, worker->buffer);
	unsigned int reads = some_reads(worker);
	enum outcome outcome = NOTHING;
	int pipe_fds[2];

	if (pipe(pipe_fds))
		fail_open(account, "pipe: %m");
	while (reads-- && outcome != GONE) {
		size_t size = some_size(&stream, &worker->random);
		ssize_t ret = result(splice(account->fd, NULL, pipe_fds[1], NULL, size, 0)), got;

		for (got = 0; got < ret;) {
			ssize_t part = result(read(pipe_fds[0], stream.buffer + got, ret - got));

			if (part <= 0 && part != -EINTR)
				fail_open(account, "pipe: read returned %zd", part);
			got += part > 0 ? part : 0;
		}
		outcome = take(&stream, stream.buffer, ret, MAY_AGAIN | MAY_INTR);
	}
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

/* -- Workers ------------------------------------------------------------------------ */

void live(struct worker *worker, enum kind kind)
{
	struct device *device = &shared->devices[random_below(&worker->random, DEVICES)];
	struct account account;

	if (!open_account(&account, device, kind, O_RDONLY, worker->slot)) {
		sleep_ms(1);
		return;
	}
	switch (kind) {
	case POLL:
		poll_open(worker, &account);
		break;
	case EPOLL:
	case EPOLL_EDGE:
		epoll_open(worker, &account);
		break;
	case MAPPED:
		map_open(worker, &account);
		break;
	case SIGNALLED:
		signalled_open(worker, &account);
		break;
	case SPLICED:
		spliced_open(worker, &account);
		break;
	case URING_READ:
	case URING_MULTISHOT:
	case URING_PEND:
		uring_live(worker, &account, kind);
		break;
	default:
		read_open(worker, &account);
	}
	close_account(&account);
}

static void nothing(int signal)
{
	(void)signal;
}

/* SIGUSR1 interrupts calls of even workers; calls of odd workers are restarted. */
static void take_signals(unsigned int number)
{
	struct sigaction action = {
		.sa_handler = nothing,
		.sa_flags = number % 2 ? SA_RESTART : 0,
	};
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGIO);
	if (sigaction(SIGUSR1, &action, NULL) || sigprocmask(SIG_BLOCK, &signals, NULL))
		fail("signals: %m");
}

void worker_main(void *data)
{
	struct worker *worker = data;

	take_signals(worker->number);
	if (posix_memalign((void **)&worker->buffer, 4096, BUFFER_BYTES))
		fail("no memory");
	while (!GET(shared->stop_readers)) {
		enum kind kind = random_below(&worker->random, KINDS);

		/* fork() may be slow: kill a process less often. */
		if (!uring_has(kind) || (kind == KILLED && !random_once_in(&worker->random, 4)))
			continue;
		if (kind == SHARED)
			shared_live(worker);
		else if (kind == KILLED)
			killed_live(worker);
		else
			live(worker, kind);
	}
}
