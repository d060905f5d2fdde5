// SPDX-License-Identifier: GPL-2.0
/*
 * Output of the packets of devices as they arrive: wait, read all ready devices, and print the
 * records in the order of their timestamps.
 */

#include "stream.h"

#include "clock.h"
#include "devices.h"
#include "flush.h"
#include "follow.h"
#include "format.h"
#include "list.h"
#include "message.h"
#include "options.h"
#include "stop.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Events of epoll other than devices; larger than any index of a device. */
enum {
	EVENT_STOP = 1 << 30,
	EVENT_OUTPUT,
	EVENT_FOLLOW,
};

/*
 * @stop, @follow: Descriptors that are readable after a signal, and when a directory changes.
 * @left: Number of packets left to print.
 */
struct stream {
	const struct options *options;
	struct devices devices;
	int stop;
	int follow;
	uint64_t left;
	uint64_t deadline;
	bool broken_pipe;
	bool timed_out;
	bool failed;
};

/* -- Waiting --------------------------------------------------------------- */

static bool watch(struct stream *stream, int fd, uint32_t events, uint64_t what)
{
	struct epoll_event event = { .events = events, .data.u64 = what };

	return fd >= 0 && !epoll_ctl(stream->devices.epoll, EPOLL_CTL_ADD, fd, &event);
}

static bool begin_waiting(struct stream *stream)
{
	const bool follow = stream->options->follow;

	stream->devices.epoll = epoll_create1(EPOLL_CLOEXEC);
	stream->stop = stop_begin();
	stream->follow = follow ? follow_begin() : -1;
	if (stream->devices.epoll < 0 || !watch(stream, stream->stop, EPOLLIN, EVENT_STOP) ||
	    (follow && !watch(stream, stream->follow, EPOLLIN, EVENT_FOLLOW))) {
		message("cannot wait for packets: %s", strerror(errno));
		return false;
	}
	/* A pipe reports when its read end is closed. A file cannot be watched. */
	watch(stream, STDOUT_FILENO, 0, EVENT_OUTPUT);
	return true;
}

/* -- Packets --------------------------------------------------------------- */

static void show(struct stream *stream, struct device *device)
{
	const struct notify_multi_record *record = device_peek(device);

	if (record->dropped)
		message("%s: %u packets dropped before %" PRIu64, device->node.name,
			record->dropped, (uint64_t)record->seq);
	stream->devices.format->packet(&stream->devices.output, device, record);
	stream->left--;
	device_advance(device);
}

/* Return the device with the oldest next record, or NULL. */
static struct device *oldest(const struct output *output)
{
	const struct notify_multi_record *record;
	struct device *found = NULL;
	uint64_t time = 0;
	size_t i;

	for (i = 0; i < output->count; i++) {
		record = device_peek(&output->devices[i]);
		if (record && (!found || record->timestamp_ns < time)) {
			found = &output->devices[i];
			time = record->timestamp_ns;
		}
	}
	return found;
}

/* Discard packets that were broadcast after open(). */
static void keep_replays(struct device *device)
{
	const struct notify_multi_record *record;
	size_t at = device->at;

	for (; at < device->end; at += device->info.record_size) {
		record = (const void *)(device->batch + at);
		if (!(record->flags & NOTIFY_MULTI_REC_REPLAY)) {
			device->end = at;
			device->ready = false;
		}
	}
}

static void fill(struct stream *stream, struct device *device)
{
	int error;

	if (!device->ready)
		return;
	error = device_fill(device);
	if (error && device_packet_failed(device, error))
		return;
	if (error) {
		stream->failed |= !device_removed(&stream->devices, device, error);
		return;
	}
	if (!device_peek(device))
		device->ready = false;
	if (stream->options->replay_only)
		keep_replays(device);
}

/* Flush after each batch, also to a pipe or file. */
static void flush(struct stream *stream)
{
	const enum flush result = flush_output();

	stream->broken_pipe |= result == FLUSH_CLOSED;
	stream->failed |= result == FLUSH_FAILED;
}

static bool is_over(const struct stream *stream)
{
	return !stream->left || stream->failed || stream->broken_pipe || stream->timed_out ||
	       stop_wanted() || (!stream->devices.open && !stream->options->follow);
}

static bool any_ready(const struct output *output)
{
	size_t i;

	for (i = 0; i < output->count; i++)
		if (output->devices[i].ready)
			return true;
	return false;
}

static void read_and_show(struct stream *stream)
{
	const struct output *output = &stream->devices.output;
	struct device *device;
	size_t i;

	for (i = 0; i < output->count; i++)
		fill(stream, &output->devices[i]);
	while (stream->left && (device = oldest(output)))
		show(stream, device);
	flush(stream);
}

/* -- Loop ------------------------------------------------------------------ */

static void open_added(struct stream *stream)
{
	stream->failed |= !devices_open_added(&stream->devices);
}

/* Return the timeout of a wait until the deadlines; -1 is infinite. */
static int milliseconds_left(struct stream *stream)
{
	const uint64_t now = clock_monotonic();
	uint64_t deadline, ms;

	deadline = devices_deadline(&stream->devices);
	if (stream->deadline < deadline)
		deadline = stream->deadline;
	stream->timed_out = now >= stream->deadline;
	if (now >= deadline)
		return 0;
	if (deadline == NO_LIMIT)
		return -1;
	ms = (deadline - now + 999999) / 1000000;
	return ms < INT32_MAX ? ms : INT32_MAX;
}

static void wait_for_packets(struct stream *stream)
{
	const struct output *output = &stream->devices.output;
	struct epoll_event events[16];
	int count, i, ms;
	bool follow;

	ms = milliseconds_left(stream);
	if (any_ready(output))
		ms = 0;
	count = epoll_wait(stream->devices.epoll, events, 16, ms);
	if (count < 0 && errno != EINTR) {
		message("cannot wait for packets: %s", strerror(errno));
		stream->failed = true;
	}
	follow = clock_monotonic() >= devices_deadline(&stream->devices);
	for (i = 0; i < count; i++) {
		if (events[i].data.u64 == EVENT_OUTPUT)
			stream->broken_pipe = true;
		else if (events[i].data.u64 == EVENT_FOLLOW)
			follow = true;
		else if (events[i].data.u64 < output->count)
			output->devices[events[i].data.u64].ready = true;
	}
	if (follow)
		open_added(stream);
}

/* Packets stay in the kernel's queues. */
static void wait_for_devices(struct stream *stream)
{
	struct pollfd polls[] = {
		{ .fd = stream->stop, .events = POLLIN },
		{ .fd = stream->follow, .events = POLLIN },
		{ .fd = STDOUT_FILENO },
	};

	open_added(stream);
	while (!is_over(stream) && !devices_known(&stream->devices)) {
		poll(polls, ARRAY_SIZE(polls), milliseconds_left(stream));
		stream->broken_pipe |= polls[2].revents & POLLERR;
		open_added(stream);
	}
}

static void run(struct stream *stream)
{
	if (stream->options->replay_only) {
		while (any_ready(&stream->devices.output) && !is_over(stream))
			read_and_show(stream);
		return;
	}
	/* Devices may have been added before they were watched. */
	if (stream->options->follow)
		open_added(stream);
	if (stream->failed || stream->broken_pipe)
		return;
	do {
		read_and_show(stream);
		if (!is_over(stream))
			wait_for_packets(stream);
	} while (!is_over(stream));
}

static enum exit_status outcome(const struct stream *stream)
{
	const struct options *options = stream->options;

	if (stream->failed)
		return EXIT_FAILED;
	if (!stream->left || stream->broken_pipe || stop_wanted() || options->replay_only)
		return EXIT_OK;
	if (stream->timed_out)
		return options->count == NO_LIMIT ? EXIT_OK : EXIT_TIMED_OUT;
	return EXIT_FAILED;
}

enum exit_status stream(struct list *list)
{
	const struct options *options = list->options;
	const struct format *format = options->format;
	struct stream stream = {
		.options = options,
		.devices = {
			.list = list,
			.output = {
				.wall_clock = options->wall_clock,
				.follow = options->follow,
				.timescale = options->timescale,
			},
			.format = format,
		},
		.left = options->count,
		.deadline = NO_LIMIT,
	};

	if (options->timeout_ns != NO_LIMIT)
		stream.deadline = clock_monotonic() + options->timeout_ns;
	if (!begin_waiting(&stream) || !devices_open(&stream.devices))
		return EXIT_FAILED;
	if (format->needs_all && options->follow)
		wait_for_devices(&stream);
	if (format->begin && !format->begin(&stream.devices.output))
		return EXIT_FAILED;
	flush(&stream);
	run(&stream);
	/* A failed write was reported. */
	if (!ferror(stdout)) {
		if (format->end)
			format->end(&stream.devices.output);
		flush(&stream);
	}
	return outcome(&stream);
}
