// SPDX-License-Identifier: GPL-2.0
/*
 * Output of the packets of devices as they arrive: wait, read all ready devices, and print the
 * records in the order of their timestamps.
 */

#include "stream.h"

#include "clock.h"
#include "devices.h"
#include "exec.h"
#include "filter.h"
#include "flush.h"
#include "follow.h"
#include "format.h"
#include "list.h"
#include "merge.h"
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
	EVENT_CHILD,
};

#define EVENTS	64

/*
 * @stop, @follow: Descriptors that are readable after a signal, and when a directory changes.
 * @idle_since: Time of the start, or of the last printed packet.
 * @left: Number of packets left to print.
 */
struct stream {
	const struct options *options;
	struct devices devices;
	struct merge merge;
	int stop;
	int follow;
	uint64_t left;
	uint64_t idle_since;
	uint64_t deadline;
	bool broken_pipe;
	bool timed_out;
	bool idle;
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
	int child;

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
	if (!stream->options->exec)
		return true;
	if (!exec_begin(stream->options->exec, stream->options->jobs, &child))
		return false;
	watch(stream, child, EPOLLIN, EVENT_CHILD);
	return true;
}

/* -- Packets --------------------------------------------------------------- */

/* Flush after each batch, also to a pipe or file. */
static void flush(struct stream *stream)
{
	const enum flush result = flush_output();

	stream->broken_pipe |= result == FLUSH_CLOSED;
	stream->failed |= result == FLUSH_FAILED;
}

/* The output of the command follows that of notifycat. */
static void run_command(struct stream *stream, const struct device *device,
			const struct notify_multi_record *record)
{
	flush(stream);
	stream->failed = stream->failed || !exec_run(&stream->devices.output, device, record);
}

/* The next printed packet also reports the drops before those that are not printed. */
static bool report_drops(const struct stream *stream, struct device *device,
			 struct notify_multi_record *record)
{
	if (record->dropped)
		message("%s: %u packets dropped before %" PRIu64, device->node.name,
			record->dropped, (uint64_t)record->seq);
	record->dropped += device->hidden_drops;
	device->hidden_drops = record->dropped;
	if (!filter_selects(&stream->options->filter, device, record))
		return false;
	device->hidden_drops = 0;
	return true;
}

static void show(struct stream *stream, struct device *device)
{
	struct notify_multi_record *record = device_peek(device);

	if (report_drops(stream, device, record)) {
		stream->devices.format->packet(&stream->devices.output, device, record);
		stream->left--;
		if (stream->options->exec)
			run_command(stream, device, record);
		stream->idle_since = clock_monotonic();
	}
	device_advance(device);
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

static bool is_over(const struct stream *stream)
{
	return !stream->left || stream->failed || stream->broken_pipe || stream->timed_out ||
	       stream->idle || stop_wanted() || (!stream->devices.open && !stream->options->follow);
}

/* Devices of several clocks are merged by the time of day. */
static void add_next(struct stream *stream, struct device *device)
{
	const unsigned int clocks = stream->devices.clocks;
	const struct notify_multi_record *record = device_peek(device);

	if (!record)
		return;
	merge_add(&stream->merge, device, clocks & (clocks - 1) ?
		  clock_wall(record->timestamp_ns, device->info.clock) : record->timestamp_ns);
}

/* Read the ready devices, and keep those that may be still ready. */
static void fill_ready(struct stream *stream)
{
	struct devices *devices = &stream->devices;
	const size_t count = devices->ready_count;
	struct device *device;
	size_t i, kept = 0;

	for (i = 0; i < count; i++) {
		device = &devices->output.devices[devices->ready[i]];
		fill(stream, device);
		device->listed = device->ready;
		if (device->listed)
			devices->ready[kept++] = devices->ready[i];
		add_next(stream, device);
	}
	devices->ready_count = kept;
}

static bool is_over_at(struct stream *stream, uint64_t now)
{
	const uint64_t idle = stream->options->idle_timeout_ns;

	stream->timed_out |= now >= stream->deadline;
	stream->idle |= idle != NO_LIMIT && now - stream->idle_since >= idle;
	return is_over(stream);
}

/* Packets that were read, but not handled at the end. */
static void report_rest(struct stream *stream)
{
	struct device *device;

	while ((device = merge_take(&stream->merge)))
		message("%s: %zu packets not handled", device->node.name,
			(device->end - device->at) / device->info.record_size);
}

/* Commands take time: check after each whether to go on. */
static void read_and_show(struct stream *stream)
{
	struct device *device;

	if (!merge_reserve(&stream->merge, stream->devices.output.count)) {
		stream->failed = !report_error("out of memory");
		return;
	}
	fill_ready(stream);
	while (stream->left && (device = merge_take(&stream->merge))) {
		show(stream, device);
		add_next(stream, device);
		if (stream->options->exec && is_over_at(stream, clock_monotonic()))
			break;
	}
	if (stream->left)
		report_rest(stream);
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
	const uint64_t now = clock_monotonic(), idle = stream->options->idle_timeout_ns;
	uint64_t deadline, ms;

	deadline = devices_deadline(&stream->devices);
	if (stream->deadline < deadline)
		deadline = stream->deadline;
	if (idle != NO_LIMIT && stream->idle_since + idle < deadline)
		deadline = stream->idle_since + idle;
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
	struct epoll_event events[EVENTS];
	int count, i, ms;
	bool follow;

	ms = milliseconds_left(stream);
	if (stream->devices.ready_count)
		ms = 0;
	count = epoll_wait(stream->devices.epoll, events, EVENTS, ms);
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
		else if (events[i].data.u64 == EVENT_CHILD)
			exec_reap();
		else
			devices_set_ready(&stream->devices,
					  &output->devices[events[i].data.u64]);
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
		is_over_at(stream, clock_monotonic());
	}
}

static void run(struct stream *stream)
{
	if (stream->options->replay_only) {
		while (stream->devices.ready_count && !is_over(stream))
			read_and_show(stream);
		return;
	}
	/* Devices may have been added before they were watched. */
	if (stream->options->follow)
		open_added(stream);
	if (stream->failed || stream->broken_pipe)
		return;
	for (;;) {
		read_and_show(stream);
		if (is_over_at(stream, clock_monotonic()))
			break;
		wait_for_packets(stream);
		if (is_over(stream))
			break;
	}
}

static void print_banner(const struct devices *devices)
{
	const struct output *output = &devices->output;
	size_t i;

	if (!devices->open)
		message("reading no device yet");
	for (i = 0; i < output->count; i++)
		if (output->devices[i].fd >= 0)
			message("reading %s", output->devices[i].node.name);
}

static enum exit_status outcome(const struct stream *stream)
{
	const struct options *options = stream->options;

	if (stream->failed)
		return EXIT_FAILED;
	if (stream->idle)
		return EXIT_TIMED_OUT;
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
			.filter = &options->filter,
		},
		.left = options->count,
		.deadline = NO_LIMIT,
	};

	stream.idle_since = clock_monotonic();
	if (options->timeout_ns != NO_LIMIT)
		stream.deadline = stream.idle_since + options->timeout_ns;
	if (!begin_waiting(&stream) || !devices_open(&stream.devices))
		return EXIT_FAILED;
	if (format->needs_all && options->follow)
		wait_for_devices(&stream);
	if (format->begin && !format->begin(&stream.devices.output))
		return EXIT_FAILED;
	flush(&stream);
	if (options->banner)
		print_banner(&stream.devices);
	run(&stream);
	stream.failed |= !exec_end();
	/* A failed write was reported. */
	if (!ferror(stdout)) {
		if (format->end)
			format->end(&stream.devices.output);
		flush(&stream);
	}
	return outcome(&stream);
}
