// SPDX-License-Identifier: GPL-2.0
/*
 * The devices of a stream: opened, removed, and added again.
 */

#include "devices.h"

#include "clock.h"
#include "command.h"
#include "filter.h"
#include "follow.h"
#include "list.h"
#include "message.h"
#include "options.h"
#include "reader.h"
#include "search.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

/* Time after which a node that is not accessible is an error. */
#define ACCESS_NS	(10 * NS_PER_SECOND)

void devices_set_ready(struct devices *devices, struct device *device)
{
	device->ready = true;
	if (device->listed)
		return;
	device->listed = true;
	devices->ready[devices->ready_count++] = device - devices->output.devices;
}

/* Allow as many open files as possible. Return false if there cannot be more. */
static bool raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == limit.rlim_max)
		return false;
	limit.rlim_cur = limit.rlim_max;
	return !setrlimit(RLIMIT_NOFILE, &limit);
}

/* Return 0 or an errno. */
static int open_device(const struct devices *devices, struct device *device)
{
	int error = device_open(device);

	if (error == EMFILE && raise_limit())
		error = device_open(device);
	if (error)
		return error;
	error = filter_device(devices->filter, device);
	if (error)
		device_close(device);
	return error;
}

/* Return 0 or an errno. */
static int add_device(struct devices *devices, struct device *device)
{
	struct epoll_event event = {
		.events = EPOLLIN,
		.data.u64 = device - devices->output.devices,
	};
	int error;

	error = open_device(devices, device);
	if (error)
		return error;
	if (epoll_ctl(devices->epoll, EPOLL_CTL_ADD, device->reader->poll_fd(device), &event)) {
		error = errno;
		device_close(device);
		return error;
	}
	devices->clocks |= 1 << device->info.clock;
	devices_set_ready(devices, device);
	devices->open++;
	return 0;
}

static void close_device(struct devices *devices, struct device *device)
{
	epoll_ctl(devices->epoll, EPOLL_CTL_DEL, device->reader->poll_fd(device), NULL);
	device_close(device);
	device->ready = false;
	devices->open--;
}

/* -- Waiting for devices ---------------------------------------------------- */

static void report_added(struct devices *devices, struct device *device)
{
	const char *name = device->node.name;
	uint64_t missed;
	bool known = device_missed(device, &missed);

	if (!known)
		message("%s: available; number of missed packets unknown", name);
	else if (missed)
		message("%s: available; %" PRIu64 " packets missed", name, missed);
	else
		message("%s: available; no packets missed", name);
	if (devices->format->added)
		devices->format->added(&devices->output, device, known ? &missed : NULL);
}

/* udev makes a node accessible after its creation. Return 0 to wait, or the errno. */
static int access_denied(struct devices *devices, struct device *device)
{
	const uint64_t now = clock_monotonic();

	devices->denied = true;
	if (!device->denied) {
		device->denied = now;
		message("%s: %s, waiting", device->node.name, strerror(EACCES));
	}
	if (now - device->denied < ACCESS_NS || device->refused)
		return 0;
	if (!device->found)
		return EACCES;
	device->refused = true;
	device_perror(device, EACCES);
	return 0;
}

/* Return 0 if the device is open or may be opened later, or an errno. */
static int open_or_wait(struct devices *devices, struct device *device)
{
	int error = add_device(devices, device);

	if (error == EACCES)
		return access_denied(devices, device);
	device->denied = 0;
	device->refused = false;
	if (error)
		return follow_may_appear(error) ? 0 : error;
	report_added(devices, device);
	return 0;
}

/* Watch before open(), to not miss the creation of the node. Return 0 or an errno. */
static int watch_and_open(struct devices *devices, struct device *device)
{
	int error = follow_path(device->node.path);

	return error ?: open_or_wait(devices, device);
}

static bool find(struct devices *devices)
{
	bool good = list_find(devices->list);
	size_t *ready;

	devices->output.devices = devices->list->devices;
	devices->output.count = devices->list->count;
	ready = realloc(devices->ready, devices->output.count * sizeof(*ready) + 1);
	if (!ready)
		return report_error("out of memory");
	devices->ready = ready;
	return good;
}

static bool watch_and_find(struct devices *devices)
{
	const struct list *list = devices->list;
	size_t i;
	int error;

	for (i = 0; i < list->searches_count; i++) {
		error = follow_path(list->searches[i].path);
		if (error) {
			message("%s: %s", list->searches[i].arg, strerror(error));
			return false;
		}
	}
	return find(devices);
}

bool devices_open_added(struct devices *devices)
{
	size_t i;
	int error;

	devices->denied = false;
	follow_drain();
	if (!watch_and_find(devices))
		return false;
	for (i = 0; i < devices->output.count; i++) {
		struct device *device = &devices->output.devices[i];

		if (device->fd >= 0)
			continue;
		error = watch_and_open(devices, device);
		if (error) {
			device_perror(device, error);
			return false;
		}
	}
	return true;
}

uint64_t devices_deadline(const struct devices *devices)
{
	uint64_t deadline = UINT64_MAX;
	size_t i;

	for (i = 0; devices->denied && i < devices->output.count; i++) {
		const struct device *device = &devices->output.devices[i];

		if (device->denied && !device->refused && device->denied + ACCESS_NS < deadline)
			deadline = device->denied + ACCESS_NS;
	}
	return deadline;
}

bool device_removed(struct devices *devices, struct device *device, int error)
{
	const bool wait = error == ENODEV && devices->output.follow;

	close_device(devices, device);
	if (devices->format->removed)
		devices->format->removed(&devices->output, device);
	if (wait) {
		message("%s: removed", device->node.name);
		error = watch_and_open(devices, device);
		if (!error)
			return true;
	}
	device_perror(device, error);
	return !wait;
}

/* -- Start ------------------------------------------------------------------ */

/* The first argument may be a misspelled command. */
static void suggest_command(const struct devices *devices, const struct device *device)
{
	const struct options *options = devices->list->options;
	char names[256] = "";
	size_t i, length = 0;

	if (!options->implicit || strcmp(options->devices[0], device->node.name))
		return;
	for (i = 0; commands[i]; i++)
		length += snprintf(names + length, sizeof(names) - length, "%s%s", i ? ", " : "",
				   commands[i]->name);
	message("%s is no command either: %s", device->node.name, names);
}

static bool open_present(struct devices *devices, struct device *device)
{
	int error = add_device(devices, device);

	if (!error)
		return true;
	if (devices->output.follow && error == EACCES)
		return !access_denied(devices, device);
	if (devices->output.follow && follow_may_appear(error)) {
		message("%s: not present, waiting", device->node.name);
		return true;
	}
	device_perror(device, error);
	if (error == ENOENT)
		suggest_command(devices, device);
	return false;
}

bool devices_open(struct devices *devices)
{
	const struct list *list = devices->list;
	size_t i;

	if (!find(devices))
		return false;
	for (i = 0; i < list->searches_count; i++) {
		const struct search *search = &list->searches[i];

		if (list_has_match(list, search))
			continue;
		if (!devices->output.follow) {
			search_failed(search);
			return false;
		}
		message("%s: no devices, waiting", search->arg);
	}
	for (i = 0; i < devices->output.count; i++)
		if (!open_present(devices, &devices->output.devices[i]))
			return false;
	return true;
}

bool devices_known(const struct devices *devices)
{
	const struct output *output = &devices->output;
	bool any = false;
	size_t i;

	for (i = 0; i < output->count; i++) {
		const struct device *device = &output->devices[i];

		if (device->layout)
			any = true;
		else if (!device->found)
			return false;
	}
	return any;
}
