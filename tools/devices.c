// SPDX-License-Identifier: GPL-2.0
/*
 * The devices of a stream: opened, removed, and added again.
 */

#include "devices.h"

#include "follow.h"
#include "message.h"
#include "reader.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/epoll.h>

/* Return 0 or an errno. */
static int add_device(struct devices *devices, struct device *device)
{
	struct epoll_event event = {
		.events = EPOLLIN,
		.data.u64 = device - devices->output.devices,
	};
	int error;

	error = device_open(device);
	if (error)
		return error;
	if (epoll_ctl(devices->epoll, EPOLL_CTL_ADD, device->reader->poll_fd(device), &event)) {
		error = errno;
		device_close(device);
		return error;
	}
	device->ready = true;
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

static void report_added(struct devices *devices, const struct device *device)
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

/* Watch before open(), to not miss the creation of the node. Return 0 or an errno. */
static int watch_and_open(struct devices *devices, struct device *device)
{
	int error;

	error = follow_path(device->node.path);
	if (error)
		return error;
	error = add_device(devices, device);
	if (error)
		return follow_may_appear(error, true) ? 0 : error;
	report_added(devices, device);
	return 0;
}

bool devices_open_added(struct devices *devices)
{
	size_t i;
	int error;

	follow_drain();
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

bool devices_open(struct devices *devices)
{
	size_t i;
	int error;

	for (i = 0; i < devices->output.count; i++) {
		struct device *device = &devices->output.devices[i];

		error = add_device(devices, device);
		if (!error)
			continue;
		if (!devices->output.follow || !follow_may_appear(error, false)) {
			device_perror(device, error);
			return false;
		}
		message("%s: not present, waiting", device->node.name);
	}
	return true;
}
