// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <notify_multi/reader.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stress.h"

static unsigned int random_reads(struct worker *worker)
{
	return 1 + random_below(&worker->random, random_once_in(&worker->random, 8) ? 100 : 8);
}

static void read_stream(struct worker *worker, struct stream *stream)
{
	unsigned int reads = random_reads(worker);

	while (reads--) {
		if (random_once_in(&worker->random, 4))
			make_other_call(stream, &worker->random);
		if (random_once_in(&worker->random, 16))
			read_bad_buffer(stream);
		if (random_once_in(&worker->random, 16))
			fcntl(stream->client->fd, F_SETFL,
			      random_once_in(&worker->random, 2) ? O_NONBLOCK : 0);
		if (read_randomly(stream, &worker->random, ALLOW_AGAIN) == GOT_ENODEV)
			return;
	}
}

void read_by_calls(struct worker *worker, struct client *client)
{
	struct stream stream = make_stream(client, true, worker->buffer);

	read_stream(worker, &stream);
}

void read_raw(struct worker *worker, struct client *client)
{
	struct stream stream = make_stream(client, true, worker->buffer);
	__u32 raw = NOTIFY_MULTI_FORMAT_RAW;

	call_ioctl(client, NOTIFY_MULTI_IOC_SET_FORMAT, &raw);
	stream.raw = true;
	read_stream(worker, &stream);
}

/* Check the result of poll() by a read. There is no other reader. */
static enum outcome read_after_poll(struct stream *stream, struct random *random,
				    unsigned int events)
{
	struct client *client = stream->client;
	uint64_t dropped = client->dropped;
	enum outcome outcome;

	if (events & ~(POLLIN | POLLPRI | POLLRDNORM | POLLHUP))
		fail_client(client, "poll returned %#x", events);
	outcome = read_without_waiting(stream, random);
	if (outcome == GOT_NOTHING && events & POLLIN && client->generation &&
	    !FAILING(client->device, client->generation) && errno == EAGAIN)
		fail_client(client, "poll returned %#x, but the queue is empty", events);
	if (outcome == GOT_PACKETS && events & POLLPRI && client->dropped == dropped &&
	    !stream->sequence.gaps)
		fail_client(client, "poll returned %#x, but no drops", events);
	return outcome;
}

void read_polled(struct worker *worker, struct client *client)
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
		if (read_after_poll(&stream, &worker->random, pollfd.revents) == GOT_ENODEV)
			return;
	}
}

/* Level-triggered: one read per event. Edge-triggered: read until the queue is empty. */
static void read_events(struct worker *worker, struct client *client, bool edge)
{
	struct stream stream = make_stream(client, true, worker->buffer);
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
			outcome = read_without_waiting(&stream, &worker->random);
		while (edge && (outcome == GOT_PACKETS ||
				(outcome == GOT_NOTHING && errno == EINTR)));
		if (random_once_in(&worker->random, 8))
			make_other_call(&stream, &worker->random);
	}
	close(epoll);
}

void read_epoll(struct worker *worker, struct client *client)
{
	read_events(worker, client, false);
}

void read_epoll_edge(struct worker *worker, struct client *client)
{
	read_events(worker, client, true);
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

void read_mapped(struct worker *worker, struct client *client)
{
	struct stream stream = make_stream(client, true, worker->buffer);
	struct notify_multi_reader reader;
	struct notify_multi_info info;
	unsigned int reads = random_reads(worker);
	__u64 seq;
	void *map;

	call_ioctl(client, NOTIFY_MULTI_IOC_GET_INFO, &info);
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
		seq = reader.next - 1;
		if (reader.next > client->first)
			call_ioctl(client, NOTIFY_MULTI_IOC_CONSUME, &seq);
		if (random_once_in(&worker->random, 8))
			make_other_call(&stream, &worker->random);
		if (poll(&pollfd, 1, -1) == 1 && pollfd.revents == POLLHUP)
			break;
	}
	if (munmap(map, info.ring_bytes))
		fail_client(client, "munmap: %m");
}

/* SIGIO is blocked; it is sent for packets and for unregistration. */
void read_signalled(struct worker *worker, struct client *client)
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

void read_spliced(struct worker *worker, struct client *client)
{
	struct stream stream = make_stream(client, true, worker->buffer);
	unsigned int reads = random_reads(worker);
	enum outcome outcome = GOT_NOTHING;
	int pipe_fds[2];

	if (pipe(pipe_fds))
		fail_client(client, "pipe: %m");
	while (reads-- && outcome != GOT_ENODEV) {
		size_t size = random_size(&stream, &worker->random);
		ssize_t ret = errno_of(splice(client->fd, NULL, pipe_fds[1], NULL, size, 0));
		ssize_t got, part;

		for (got = 0; got < ret;) {
			part = errno_of(read(pipe_fds[0], stream.buffer + got, ret - got));

			if (part <= 0 && part != -EINTR)
				fail_client(client, "pipe: read returned %zd", part);
			got += part > 0 ? part : 0;
		}
		outcome = check_result(&stream, stream.buffer, ret, ALLOW_AGAIN | ALLOW_INTR);
	}
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}
