// SPDX-License-Identifier: GPL-2.0
/*
 * notify-mqtt: publish the packets of notify_multi devices to an MQTT broker, each at least once.
 *
 * One thread moves packets to bounded queues and messages to the broker; it never blocks. Each
 * connection has a thread, see mqtt_broker.h.
 */

#include "clock.h"
#include "follow.h"
#include "message.h"
#include "mqtt_options.h"
#include "mqtt_publisher.h"
#include "stop.h"

#include <errno.h>
#include <inttypes.h>
#include <mosquitto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define NO_LIMIT	UINT64_MAX
/* The device may become accessible without a notification. */
#define RETRY_NS	NS_PER_SECOND
/* Time to send "offline" and to disconnect. */
#define LEAVE_NS	NS_PER_SECOND

/* Ids of descriptors. Those of a publisher are its index times 2, plus 1 for the broker. */
enum { WAIT_STOP = UINT32_MAX - 1, WAIT_FOLLOW };

struct program {
	const struct mqtt_options *options;
	struct publisher *publishers;
	size_t count;
	int epoll;
	int stop;
	int follow;
};

static struct publisher *end(const struct program *program)
{
	return program->publishers + program->count;
}

static bool watch(const struct program *program, int fd, uint32_t id)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = id };

	return !epoll_ctl(program->epoll, EPOLL_CTL_ADD, fd, &event) ||
	       report_error("epoll: %s", strerror(errno));
}

/* -- Devices ---------------------------------------------------------------- */

static bool open_device(const struct program *program, struct publisher *publisher)
{
	if (publisher->device.fd >= 0)
		return true;
	return publisher_open(publisher) &&
	       (publisher->device.fd < 0 ||
		watch(program, publisher->device.fd, (publisher - program->publishers) * 2));
}

static bool open_devices(const struct program *program)
{
	struct publisher *publisher;

	follow_drain();
	for (publisher = program->publishers; publisher < end(program); publisher++)
		if (!open_device(program, publisher))
			return false;
	return true;
}

static bool any_denied(const struct program *program)
{
	struct publisher *publisher;

	for (publisher = program->publishers; publisher < end(program); publisher++)
		if (publisher->device.denied)
			return true;
	return false;
}

/* -- Loop ------------------------------------------------------------------- */

static bool process(const struct program *program, uint32_t id)
{
	struct publisher *publisher = &program->publishers[id / 2];

	if (id == WAIT_STOP)
		return true;
	if (id == WAIT_FOLLOW)
		return open_devices(program);
	if (id % 2) {
		publisher_process_events(publisher);
		return true;
	}
	/* A removed device may be present again. */
	return publisher_read(publisher) && open_device(program, publisher);
}

static bool wait_and_process(const struct program *program, uint64_t deadline)
{
	const uint64_t now = clock_monotonic();
	struct epoll_event events[16];
	struct publisher *publisher;
	int count, i, ms = -1;

	if (deadline != NO_LIMIT)
		ms = deadline > now ? (deadline - now) / 1000000 + 1 : 0;
	count = epoll_wait(program->epoll, events, ARRAY_SIZE(events), ms);
	if (count < 0 && errno != EINTR)
		return report_error("epoll: %s", strerror(errno));
	for (i = 0; i < count; i++)
		if (!process(program, events[i].data.u32))
			return false;
	for (publisher = program->publishers; publisher < end(program); publisher++) {
		publisher_send(publisher);
		publisher_report_drops(publisher, false);
	}
	return true;
}

static bool run(const struct program *program)
{
	bool denied;

	if (!open_devices(program))
		return false;
	while (!stop_wanted()) {
		denied = any_denied(program);
		if (!wait_and_process(program, denied ? clock_monotonic() + RETRY_NS : NO_LIMIT))
			return false;
		if (denied && !open_devices(program))
			return false;
	}
	return true;
}

/* -- End -------------------------------------------------------------------- */

static bool all_done(const struct program *program)
{
	struct publisher *publisher;

	for (publisher = program->publishers; publisher < end(program); publisher++)
		if (!publisher_is_done(publisher))
			return false;
	return true;
}

static bool any_connected(const struct program *program)
{
	struct publisher *publisher;

	for (publisher = program->publishers; publisher < end(program); publisher++)
		if (publisher->connected)
			return true;
	return false;
}

static void report_unsent(struct publisher *publisher)
{
	publisher_report_drops(publisher, true);
	if (!publisher_is_done(publisher))
		message("%s: not sent: %zu messages; not confirmed: %u",
			publisher->device.node.name, publisher->queue.messages,
			publisher->unconfirmed);
}

/* Send the queued messages, within a limit of time. */
static void finish(const struct program *program)
{
	uint64_t deadline = clock_monotonic() + program->options->stop_seconds * NS_PER_SECOND;
	struct publisher *publisher;

	epoll_ctl(program->epoll, EPOLL_CTL_DEL, program->stop, NULL);
	epoll_ctl(program->epoll, EPOLL_CTL_DEL, program->follow, NULL);
	for (publisher = program->publishers; publisher < end(program); publisher++)
		publisher_finish(publisher);
	do {
		if (!wait_and_process(program, clock_monotonic() + NS_PER_SECOND / 100))
			break;
	} while (!all_done(program) && clock_monotonic() < deadline);
	for (publisher = program->publishers; publisher < end(program); publisher++)
		report_unsent(publisher);
}

/* Replace the last will, which is not published after a disconnection by the client. */
static void leave(const struct program *program)
{
	const uint64_t deadline = clock_monotonic() + LEAVE_NS;
	struct publisher *publisher;

	for (publisher = program->publishers; publisher < end(program); publisher++) {
		publisher_set_available(publisher, false);
		publisher_send(publisher);
	}
	while (any_connected(program) && !all_done(program) && clock_monotonic() < deadline)
		if (!wait_and_process(program, deadline))
			return;
	for (publisher = program->publishers; publisher < end(program); publisher++)
		broker_disconnect(&publisher->broker);
	while (any_connected(program) && clock_monotonic() < deadline)
		if (!wait_and_process(program, deadline))
			return;
}

/* -- Start ------------------------------------------------------------------ */

static bool init(struct program *program)
{
	const struct mqtt_options *options = program->options;
	size_t i;

	program->epoll = epoll_create1(EPOLL_CLOEXEC);
	program->stop = stop_begin();
	program->follow = follow_begin();
	if (program->stop < 0 || program->follow < 0 || program->epoll < 0)
		return report_error("%s", strerror(errno));
	program->publishers = calloc(options->devices_count, sizeof(*program->publishers));
	if (!program->publishers)
		return report_error("out of memory");
	for (i = 0; i < options->devices_count; i++) {
		struct publisher *publisher = &program->publishers[i];

		if (!publisher_init(publisher, options, options->devices[i]) ||
		    !watch(program, publisher->broker.events[0], i * 2 + 1))
			return false;
		program->count++;
	}
	return watch(program, program->stop, WAIT_STOP) &&
	       watch(program, program->follow, WAIT_FOLLOW);
}

/* The threads of connections may still run: do not destroy the state of libraries. */
static void end_now(enum exit_status status)
{
	fflush(NULL);
	_exit(status);
}

int main(int argc, char **argv)
{
	struct program program = { };
	struct mqtt_options options;
	enum exit_status status;
	bool good;

	signal(SIGPIPE, SIG_IGN);
	mosquitto_lib_init();
	if (!mqtt_parse_options(&options, argc, argv, &status)) {
		if (!fclose(stdout))
			return status;
		message("standard output: %s", strerror(errno));
		return EXIT_FAILED;
	}
	program.options = &options;
	good = init(&program) && run(&program);
	finish(&program);
	leave(&program);
	end_now(good ? EXIT_OK : EXIT_FAILED);
}
