// SPDX-License-Identifier: GPL-2.0
/*
 * The packets of devices, as they come: wait, read all devices that have some, and show what
 * was read, the oldest first.
 */

#include "stream.h"

#include "clock.h"
#include "follow.h"
#include "format.h"
#include "reader.h"
#include "stop.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* What epoll tells of beside devices, whose numbers are smaller. */
enum {
	EVENT_STOP = 1 << 30,
	EVENT_OUTPUT,
	EVENT_FOLLOW,
};

/* @open: how many devices are there. @left: how many packets are still to be shown. */
struct stream {
	struct output output;
	const struct format *format;
	int epoll;
	size_t open;
	uint64_t left;
	uint64_t deadline;
	bool broken_pipe;
	bool timed_out;
	bool failed;
};

/* -- What is waited for. --------------------------------------------------- */

static bool watch(struct stream *stream, int fd, uint32_t events, uint64_t what)
{
	struct epoll_event event = { .events = events, .data.u64 = what };

	return fd >= 0 && !epoll_ctl(stream->epoll, EPOLL_CTL_ADD, fd, &event);
}

static bool begin_waiting(struct stream *stream)
{
	stream->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (stream->epoll < 0 || !watch(stream, stop_begin(), EPOLLIN, EVENT_STOP) ||
	    (stream->output.options->follow &&
	     !watch(stream, follow_begin(), EPOLLIN, EVENT_FOLLOW))) {
		message("cannot wait for packets: %s", strerror(errno));
		return false;
	}
	/* A pipe says when nobody reads it any more; files cannot be watched, and need not. */
	watch(stream, STDOUT_FILENO, 0, EVENT_OUTPUT);
	return true;
}

static size_t index_of(const struct stream *stream, const struct device *device)
{
	return device - stream->output.devices;
}

/* -- Devices that come and go. --------------------------------------------- */

/* 0 or an errno. */
static int add_device(struct stream *stream, struct device *device)
{
	int error = device_open(device, stream->output.options);

	if (error)
		return error;
	if (!watch(stream, device->reader->poll_fd(device), EPOLLIN, index_of(stream, device))) {
		error = errno;
		device_close(device);
		return error;
	}
	device->ready = true;
	stream->open++;
	return 0;
}

static void remove_device(struct stream *stream, struct device *device)
{
	epoll_ctl(stream->epoll, EPOLL_CTL_DEL, device->reader->poll_fd(device), NULL);
	device_close(device);
	device->ready = false;
	stream->open--;
}

static void report_added(struct stream *stream, const struct device *device)
{
	uint64_t missed;
	bool known = device_missed(device, &missed);

	if (!known)
		message("%s: is there; whether packets were missed is not known", device->name);
	else if (missed)
		message("%s: is there; %" PRIu64 " packets before were missed",
			device->name, missed);
	else
		message("%s: is there; no packet was missed", device->name);
	if (stream->format->added)
		stream->format->added(&stream->output, device, known ? &missed : NULL);
}

/* Watched first and opened then, so that it cannot come in between. Returns 0 or an errno. */
static int watch_and_open(struct stream *stream, struct device *device)
{
	int error = follow_path(device->path);

	if (error)
		return error;
	error = add_device(stream, device);
	if (error)
		return follow_may_appear(error, true) ? 0 : error;
	report_added(stream, device);
	return 0;
}

static void watch_and_open_all(struct stream *stream)
{
	size_t i;
	int error;

	follow_drain();
	for (i = 0; i < stream->output.count && !stream->failed; i++) {
		struct device *device = &stream->output.devices[i];

		if (device->fd >= 0)
			continue;
		error = watch_and_open(stream, device);
		if (error) {
			device_perror(device, error);
			stream->failed = true;
		}
	}
}

static void device_removed(struct stream *stream, struct device *device, int error)
{
	const struct options *options = stream->output.options;

	remove_device(stream, device);
	if (stream->format->removed)
		stream->format->removed(&stream->output, device);
	if (error == ENODEV && options->follow) {
		message("%s: is gone", device->name);
		error = watch_and_open(stream, device);
		if (!error)
			return;
		stream->failed = true;
	}
	device_perror(device, error);
}

static bool open_devices(struct stream *stream)
{
	const bool follow = stream->output.options->follow;
	size_t i;
	int error;

	for (i = 0; i < stream->output.count; i++) {
		struct device *device = &stream->output.devices[i];

		error = add_device(stream, device);
		if (!error)
			continue;
		if (!follow || !follow_may_appear(error, false)) {
			device_perror(device, error);
			return false;
		}
		message("%s: is not there yet", device->name);
	}
	return true;
}

/* -- Packets. -------------------------------------------------------------- */

static void show(struct stream *stream, struct device *device)
{
	const struct notify_multi_record *record = device_peek(device);

	if (record->dropped)
		message("%s: %u packets lost before %" PRIu64, device->name, record->dropped,
			(uint64_t)record->seq);
	stream->format->packet(&stream->output, device, record);
	stream->left--;
	device_advance(device);
}

/* Of all devices the one whose next record is the oldest; NULL if there is none. */
static struct device *oldest(const struct stream *stream)
{
	const struct notify_multi_record *record;
	struct device *found = NULL;
	uint64_t time = 0;
	size_t i;

	for (i = 0; i < stream->output.count; i++) {
		record = device_peek(&stream->output.devices[i]);
		if (record && (!found || record->timestamp_ns < time)) {
			found = &stream->output.devices[i];
			time = record->timestamp_ns;
		}
	}
	return found;
}

/* What a device has been broadcast since it was opened is not wanted. */
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

/*
 * A source may have the read of a packet fail, which is the packet's end and not the device's.
 * Where no packet has gone since the last failure, it is the device's.
 */
static bool is_of_packet(struct device *device, int error)
{
	struct notify_multi_stats stats;

	if (error == ENODEV || ioctl(device->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats) ||
	    stats.next == device->failed_at)
		return false;
	device->failed_at = stats.next;
	return true;
}

static void fill(struct stream *stream, struct device *device)
{
	int error;

	if (!device->ready)
		return;
	error = reader_fill(device);
	if (error && is_of_packet(device, error)) {
		message("%s: packet %" PRIu64 " cannot be read: %s", device->name,
			device->failed_at - 1, strerror(error));
		return;
	}
	if (error) {
		device_removed(stream, device, error);
		return;
	}
	if (!device_peek(device))
		device->ready = false;
	if (stream->output.options->replay_only)
		keep_replays(device);
}

/* What failed may be long ago, and its errno another's: the pipe is asked itself. */
static bool pipe_closed(int fd)
{
	struct pollfd pollfd = { .fd = fd };

	return poll(&pollfd, 1, 0) > 0 && pollfd.revents & POLLERR;
}

/* What was shown is written out: a line that is shown waits for no other. */
static void flush(struct stream *stream)
{
	if (!fflush(stdout) && !ferror(stdout))
		return;
	if (errno == EPIPE || pipe_closed(STDOUT_FILENO)) {
		stream->broken_pipe = true;
		return;
	}
	message("output: %s", strerror(errno));
	stream->failed = true;
}

static bool is_over(const struct stream *stream)
{
	return !stream->left || stream->failed || stream->broken_pipe || stream->timed_out ||
	       stop_wanted() || (!stream->open && !stream->output.options->follow);
}

static bool any_ready(const struct stream *stream)
{
	size_t i;

	for (i = 0; i < stream->output.count; i++)
		if (stream->output.devices[i].ready)
			return true;
	return false;
}

static void read_and_show(struct stream *stream)
{
	struct device *device;
	size_t i;

	for (i = 0; i < stream->output.count; i++)
		fill(stream, &stream->output.devices[i]);
	while (stream->left && (device = oldest(stream)))
		show(stream, device);
	flush(stream);
}

/* -- The loop. ------------------------------------------------------------- */

/* For epoll_wait(): -1 is for ever. */
static int milliseconds_left(struct stream *stream)
{
	uint64_t now, ms;

	now = clock_monotonic();
	stream->timed_out = now >= stream->deadline;
	if (any_ready(stream) || stream->timed_out)
		return 0;
	if (stream->deadline == NO_LIMIT)
		return -1;
	ms = (stream->deadline - now + 999999) / 1000000;
	return ms < INT32_MAX ? ms : INT32_MAX;
}

static void wait_for_packets(struct stream *stream)
{
	struct epoll_event events[16];
	int count, i;

	count = epoll_wait(stream->epoll, events, 16, milliseconds_left(stream));
	if (count < 0 && errno != EINTR) {
		message("cannot wait for packets: %s", strerror(errno));
		stream->failed = true;
	}
	for (i = 0; i < count; i++) {
		if (events[i].data.u64 == EVENT_OUTPUT)
			stream->broken_pipe = true;
		else if (events[i].data.u64 == EVENT_FOLLOW)
			watch_and_open_all(stream);
		else if (events[i].data.u64 < stream->output.count)
			stream->output.devices[events[i].data.u64].ready = true;
	}
}

static void run(struct stream *stream)
{
	if (stream->output.options->replay_only) {
		while (any_ready(stream) && !is_over(stream))
			read_and_show(stream);
		return;
	}
	/* What came before it was to wait for them. */
	if (stream->output.options->follow)
		watch_and_open_all(stream);
	while (!is_over(stream)) {
		read_and_show(stream);
		if (!is_over(stream))
			wait_for_packets(stream);
	}
}

static enum exit_status outcome(const struct stream *stream)
{
	const struct options *options = stream->output.options;

	if (stream->failed)
		return EXIT_FAILED;
	if (!stream->left || stream->broken_pipe || stop_wanted() || options->replay_only)
		return EXIT_OK;
	if (stream->timed_out)
		return options->count == NO_LIMIT ? EXIT_OK : EXIT_TIMED_OUT;
	return EXIT_FAILED;
}

enum exit_status stream(const struct options *options, struct device *devices, size_t count)
{
	struct stream stream = {
		.output = { .options = options, .devices = devices, .count = count },
		.format = options->format,
		.left = options->count,
		.deadline = NO_LIMIT,
	};

	if (options->timeout_ns != NO_LIMIT)
		stream.deadline = clock_monotonic() + options->timeout_ns;
	if (!begin_waiting(&stream) || !open_devices(&stream))
		return EXIT_FAILED;
	if (stream.format->begin && !stream.format->begin(&stream.output))
		return EXIT_FAILED;
	flush(&stream);
	run(&stream);
	if (stream.format->end)
		stream.format->end(&stream.output);
	flush(&stream);
	return outcome(&stream);
}
