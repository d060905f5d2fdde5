/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices in the order of the time of their next record: a heap.
 */
#ifndef MERGE_H
#define MERGE_H

#include "notifycat.h"

struct device;

struct merge_item {
	uint64_t time;
	struct device *device;
};

struct merge {
	struct merge_item *items;
	size_t count;
	size_t size;
};

/* Make room for @size devices. Return false if out of memory. */
bool merge_reserve(struct merge *merge, size_t size);

void merge_add(struct merge *merge, struct device *device, uint64_t time);

/* Remove and return the device with the lowest time, or NULL. */
struct device *merge_take(struct merge *merge);

#endif /* MERGE_H */
