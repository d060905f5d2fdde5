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

ssize_t ret_or_errno(ssize_t ret)
{
	return ret < 0 ? -errno : ret;
}

/* Size of a buffer for some records or payloads, sometimes with space for a part of one more. */
static size_t random_size(const struct stream *stream, struct random *random)
{
	const struct client *client = stream->client;
	size_t step = stream->raw ? client->packet_size : client->record_size;
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
		return ret_or_errno(preadv2(fd, parts, 2, -1, flags));
	return ret_or_errno(readv(fd, parts, 2));
}

enum outcome read_randomly(struct stream *stream, struct random *random, unsigned int allowed)
{
	size_t size = random_size(stream, random);
	int fd = stream->client->fd;
	ssize_t ret;

	if (random_once_in(random, 4))
		ret = scattered_read(fd, stream->buffer, size, random, 0);
	else
		ret = ret_or_errno(read(fd, stream->buffer, size));
	return check_result(stream, stream->buffer, ret, allowed | ALLOW_INTR);
}

static enum outcome read_now(struct stream *stream, struct random *random)
{
	size_t size = random_size(stream, random);
	ssize_t ret = scattered_read(stream->client->fd, stream->buffer, size, random, RWF_NOWAIT);

	return check_result(stream, stream->buffer, ret, ALLOW_AGAIN | ALLOW_INTR);
}

static void expect_error(const struct stream *stream, ssize_t ret, int error, const char *what)
{
	if (ret >= 0 || (errno != error && errno != EINTR))
		fail_client(stream->client, "%s returned %zd: %m", what, ret);
}

/* If the queue is empty, a non-blocking read fails with EAGAIN, or ENODEV after unregistration. */
static void read_short(const struct stream *stream)
{
	ssize_t ret = read(stream->client->fd, stream->buffer, stream->client->packet_size - 1);

	if (ret >= 0 || (errno != EINVAL && errno != EAGAIN && errno != ENODEV && errno != EINTR))
		fail_client(stream->client, "short read returned %zd: %m", ret);
}

static void resize(struct stream *stream, struct random *random)
{
	__u32 max_packets = 1 + random_below(random, random_once_in(random, 4) ? 200 : 16);
	int ret = ioctl(stream->client->fd, NOTIFY_MULTI_IOC_SET_MAX_PACKETS, &max_packets);

	if (ret && errno != EINTR && !(stream->client->mapped && errno == EBUSY))
		fail_client(stream->client, "SET_MAX_PACKETS: %m");
}

/* Calls other than successful reads, which must not disturb the reader. */
void make_other_call(struct stream *stream, struct random *random)
{
	struct client *client = stream->client;
	int fd = client->fd;

	switch (random_below(random, 12)) {
	case 0:
	case 1:
		check_stats(client);
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
		read_short(stream);
		break;
	case 7:
		expect_error(stream, ioctl(fd, NOTIFY_MULTI_IOC_GET_INFO, bad_pointer), EFAULT,
			     "GET_INFO");
		break;
	case 8:
		if (read(fd, stream->buffer, 0))
			fail_client(client, "empty read: %m");
		break;
	case 9:
		sleep_ms(random_below(random, 30));
		break;
	case 10:
		if (client->kind < URING_READ)
			check_fdinfo(client);
		break;
	default:
		sched_yield();
	}
}

/* A read that fails with EFAULT must not consume a packet. */
static void read_bad_buffer(struct stream *stream)
{
	struct iovec part = { bad_pointer, BUFFER_BYTES };
	ssize_t ret = ret_or_errno(preadv2(stream->client->fd, &part, 1, -1, RWF_NOWAIT));

	check_result(stream, NULL, ret, ALLOW_AGAIN | ALLOW_INTR | ALLOW_FAULT);
}

/* -- Kinds of clients: read until unregistration or a number of reads ------------ */

static unsigned int random_reads(struct worker *worker)
{
	return 1 + random_below(&worker->random, random_once_in(&worker->random, 8) ? 100 : 8);
}

static void read_client(struct worker *worker, struct client *client)
{
	struct stream stream = make_stream(client, true, worker->buffer);
	unsigned int reads = random_reads(worker);
	__u32 raw = NOTIFY_MULTI_FORMAT_RAW;

	if (client->kind == RAW) {
		if (ioctl(client->fd, NOTIFY_MULTI_IOC_SET_FORMAT, &raw))
			fail_client(client, "SET_FORMAT: %m");
		stream.raw = true;
	}
	while (reads--) {
		if (random_once_in(&worker->random, 4))
			make_other_call(&stream, &worker->random);
		if (random_once_in(&worker->random, 16))
			read_bad_buffer(&stream);
		if (random_once_in(&worker->random, 16))
			fcntl(client->fd, F_SETFL,
			      random_once_in(&worker->random, 2) ? O_NONBLOCK : 0);
		if (read_randomly(&stream, &worker->random, ALLOW_AGAIN) == GOT_ENODEV)
			return;
	}
}

/* Check the result of poll() by a read. There is no other reader. */
static enum outcome read_polled(struct stream *stream, struct random *random, unsigned int events)
{
	struct client *client = stream->client;
	uint64_t dropped = client->dropped;
	enum outcome outcome;

	if (events & ~(POLLIN | POLLPRI | POLLRDNORM | POLLHUP))
		fail_client(client, "poll returned %#x", events);
	outcome = read_now(stream, random);
	if (outcome == GOT_NOTHING && events & POLLIN && client->generation &&
	    GET(client->device->failing_generation) != client->generation && errno == EAGAIN)
		fail_client(client, "poll returned %#x, but the queue is empty", events);
	if (outcome == GOT_PACKETS && events & POLLPRI && client->dropped == dropped &&
	    !stream->failed)
		fail_client(client, "poll returned %#x, but no drops", events);
	return outcome;
}

static void poll_client(struct worker *worker, struct client *client)
{
	struct stream stream = make_stream(client, true, worker->buffer);
	unsigned int reads = random_reads(worker);

	while (reads--) {
		struct pollfd pollfd = { .fd = client->fd, .events = POLLIN | POLLPRI };
		int ret = poll(&pollfd, 1, -1);

		if (random_once_in(&worker->random, 4))
			check_stats(client);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret != 1)
			fail_client(client, "poll returned %d: %m", ret);
		if (read_polled(&stream, &worker->random, pollfd.revents) == GOT_ENODEV)
			return;
	}
}

/* Level-triggered: one read per event. Edge-triggered: read until the queue is empty. */
static void epoll_client(struct worker *worker, struct client *client)
{
	struct stream stream = make_stream(client, true, worker->buffer);
	bool edge = client->kind == EPOLL_EDGE;
	struct epoll_event event = { .events = EPOLLIN | EPOLLPRI | (edge ? EPOLLET : 0) };
	unsigned int reads = random_reads(worker);
	enum outcome outcome = GOT_NOTHING;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event))
		fail_client(client, "epoll: %m");
	while (reads-- && outcome != GOT_ENODEV) {
		int ret = epoll_wait(epoll, &event, 1, -1);

		if (ret < 0 && errno == EINTR)
			continue;
		if (ret != 1)
			fail_client(client, "epoll returned %d: %m", ret);
		do
			outcome = read_now(&stream, &worker->random);
		while (edge && (outcome == GOT_PACKETS ||
				(outcome == GOT_NOTHING && errno == EINTR)));
		if (random_once_in(&worker->random, 8))
			make_other_call(&stream, &worker->random);
	}
	close(epoll);
}

static void consume(struct client *client, uint64_t seq)
{
	while (ioctl(client->fd, NOTIFY_MULTI_IOC_CONSUME, &seq))
		if (errno != EINTR)
			fail_client(client, "CONSUME: %m");
}

/* Read from the mapped ring. Return true if there was a record. */
static bool read_mapping(struct stream *stream, struct notify_multi_reader *reader,
			 struct random *random)
{
	unsigned int count = 1 + random_below(random, BUFFER_BYTES / stream->client->record_size);
	const unsigned char *record = stream->buffer;
	bool found = false;

	if (random_once_in(random, 2))
		count = notify_multi_reader_read(reader, stream->buffer, count);
	else
		count = notify_multi_reader_next(reader, (void *)stream->buffer);
	for (; count; count--, record += stream->client->record_size) {
		check_record(stream, (const void *)record);
		found = true;
	}
	return found;
}

static void map_client(struct worker *worker, struct client *client)
{
	struct stream stream = make_stream(client, true, worker->buffer);
	struct notify_multi_reader reader;
	struct notify_multi_info info;
	unsigned int reads = random_reads(worker);
	void *map;

	if (ioctl(client->fd, NOTIFY_MULTI_IOC_GET_INFO, &info))
		fail_client(client, "GET_INFO: %m");
	map = mmap(NULL, info.ring_bytes, PROT_READ, MAP_SHARED, client->fd, 0);
	if (map == MAP_FAILED) {
		if (errno != EOPNOTSUPP)
			fail_client(client, "mmap: %m");
		return;
	}
	client->mapped = true;
	notify_multi_reader_init(&reader, map, client->first);
	while (reads--) {
		struct pollfd pollfd = { .fd = client->fd, .events = POLLIN };

		while (read_mapping(&stream, &reader, &worker->random))
			;
		if (reader.next > client->first)
			consume(client, reader.next - 1);
		if (random_once_in(&worker->random, 8))
			make_other_call(&stream, &worker->random);
		if (poll(&pollfd, 1, -1) == 1 && pollfd.revents == POLLHUP)
			break;
	}
	if (munmap(map, info.ring_bytes))
		fail_client(client, "munmap: %m");
}

/* SIGIO is blocked; it is sent for packets and for unregistration. */
static void signalled_client(struct worker *worker, struct client *client)
{
	struct stream stream = make_stream(client, true, worker->buffer);
	unsigned int reads = random_reads(worker);
	enum outcome outcome;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGIO);
	if (fcntl(client->fd, F_SETOWN, getpid()) ||
	    fcntl(client->fd, F_SETFL, O_ASYNC | O_NONBLOCK))
		fail_client(client, "O_ASYNC: %m");
	while (reads--) {
		do
			outcome = read_randomly(&stream, &worker->random, ALLOW_AGAIN);
		while (outcome == GOT_PACKETS || (outcome == GOT_NOTHING && errno == EINTR));
		if (outcome == GOT_ENODEV)
			break;
		while (sigwaitinfo(&signals, NULL) < 0 && errno == EINTR)
			;
	}
	fcntl(client->fd, F_SETFL, 0);
}

static void splice_client(struct worker *worker, struct client *client)
{
	struct stream stream = make_stream(client, true, worker->buffer);
	unsigned int reads = random_reads(worker);
	enum outcome outcome = GOT_NOTHING;
	int pipe_fds[2];

	if (pipe(pipe_fds))
		fail_client(client, "pipe: %m");
	while (reads-- && outcome != GOT_ENODEV) {
		size_t size = random_size(&stream, &worker->random);
		ssize_t ret = ret_or_errno(splice(client->fd, NULL, pipe_fds[1], NULL, size, 0));
		ssize_t got, part;

		for (got = 0; got < ret;) {
			part = ret_or_errno(read(pipe_fds[0], stream.buffer + got, ret - got));

			if (part <= 0 && part != -EINTR)
				fail_client(client, "pipe: read returned %zd", part);
			got += part > 0 ? part : 0;
		}
		outcome = check_result(&stream, stream.buffer, ret, ALLOW_AGAIN | ALLOW_INTR);
	}
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

/* -- Workers ------------------------------------------------------------------------ */

void use_client(struct worker *worker, enum kind kind)
{
	struct device *device = &shared->devices[random_below(&worker->random, DEVICES)];
	struct client client;

	if (!open_client(&client, device, kind, O_RDONLY, worker->slot)) {
		sleep_ms(1);
		return;
	}
	switch (kind) {
	case POLL:
		poll_client(worker, &client);
		break;
	case EPOLL:
	case EPOLL_EDGE:
		epoll_client(worker, &client);
		break;
	case MAPPED:
		map_client(worker, &client);
		break;
	case SIGNALLED:
		signalled_client(worker, &client);
		break;
	case SPLICED:
		splice_client(worker, &client);
		break;
	case URING_READ:
	case URING_MULTISHOT:
	case URING_PEND:
		use_uring_client(worker, &client, kind);
		break;
	default:
		read_client(worker, &client);
	}
	close_client(&client);
}

static void ignore_signal(int signal)
{
	(void)signal;
}

/* SIGUSR1 interrupts calls of even workers; calls of odd workers are restarted. */
static void set_up_signals(unsigned int number)
{
	struct sigaction action = {
		.sa_handler = ignore_signal,
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

	set_up_signals(worker->number);
	if (posix_memalign((void **)&worker->buffer, 4096, BUFFER_BYTES))
		fail("no memory");
	while (!GET(shared->stop_workers)) {
		enum kind kind = random_below(&worker->random, KINDS);

		/* fork() may be slow: kill a process less often. */
		if (!uring_has(kind) || (kind == KILLED && !random_once_in(&worker->random, 4)))
			continue;
		if (kind == SHARED)
			share_client(worker);
		else if (kind == KILLED)
			kill_process(worker);
		else
			use_client(worker, kind);
	}
}
