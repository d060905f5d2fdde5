/* SPDX-License-Identifier: GPL-2.0 */
#ifndef DEVICES_H
#define DEVICES_H

#include "device.h"
#include "format.h"

struct filter;
struct list;

/*
 * @output: The devices of @list.
 * @ready: Indexes of the devices whose next read may return records.
 * @clocks: Mask of the clocks of the devices that have been open.
 * @denied: A device may be accessible soon.
 * @epoll: Reports, for each open device, its index in @output.devices.
 * @open: Number of open devices.
 */
struct devices {
	struct list *list;
	struct output output;
	const struct format *format;
	const struct filter *filter;
	size_t *ready;
	size_t ready_count;
	unsigned int clocks;
	bool denied;
	int epoll;
	size_t open;
};

/* All functions that return bool return false after reporting an error. */

/* Open all devices; with follow, a device may be added later. */
bool devices_open(struct devices *devices);

/* Open the devices that are present now but were not before. */
bool devices_open_added(struct devices *devices);

/* Let the next device_fill() read the device. */
void devices_set_ready(struct devices *devices, struct device *device);

/* Return the time at which to open a device that is not accessible yet; UINT64_MAX if none. */
uint64_t devices_deadline(const struct devices *devices);

/* Return true if a device, and all devices that were not found by a search, have been open. */
bool devices_known(const struct devices *devices);

/* Close a device that failed with @error; with follow, wait for it if it was removed. */
bool device_removed(struct devices *devices, struct device *device, int error);

#endif /* DEVICES_H */
