// SPDX-License-Identifier: GPL-2.0
/*
 * Devices in the order of the time of their next record.
 */

#include "merge.h"

#include <stdlib.h>

bool merge_reserve(struct merge *merge, size_t size)
{
	struct merge_item *items;

	if (size <= merge->size)
		return true;
	items = realloc(merge->items, size * sizeof(*items));
	if (!items)
		return false;
	merge->items = items;
	merge->size = size;
	return true;
}

/* At the same time, the device given first is first. */
static bool is_before(const struct merge_item *a, const struct merge_item *b)
{
	return a->time != b->time ? a->time < b->time : a->device < b->device;
}

static void swap(struct merge_item *a, struct merge_item *b)
{
	const struct merge_item copy = *a;

	*a = *b;
	*b = copy;
}

void merge_add(struct merge *merge, struct device *device, uint64_t time)
{
	struct merge_item *items = merge->items;
	size_t i = merge->count++;

	items[i] = (struct merge_item){ .time = time, .device = device };
	for (; i && is_before(&items[i], &items[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&items[i], &items[(i - 1) / 2]);
}

struct device *merge_take(struct merge *merge)
{
	struct merge_item *items = merge->items;
	struct device *first;
	size_t i = 0, child;

	if (!merge->count)
		return NULL;
	first = items[0].device;
	items[0] = items[--merge->count];
	while ((child = 2 * i + 1) < merge->count) {
		if (child + 1 < merge->count && is_before(&items[child + 1], &items[child]))
			child++;
		if (!is_before(&items[child], &items[i]))
			break;
		swap(&items[i], &items[child]);
		i = child;
	}
	return first;
}
