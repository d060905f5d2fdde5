// SPDX-License-Identifier: GPL-2.0
/*
 * Selection of the packets to print.
 */

#include "filter.h"

#include "device.h"
#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KNOWN_BYTES	2304

bool filter_add_lines(struct filter *filter, const char *list)
{
	char *copy = strdup(list), *line, **lines;

	if (!copy)
		return report_error("out of memory");
	while ((line = strsep(&copy, ","))) {
		if (!*line)
			return report_error("invalid lines \"%s\"", list);
		lines = realloc(filter->lines, (filter->lines_count + 1) * sizeof(*lines));
		if (!lines)
			return report_error("out of memory");
		lines[filter->lines_count++] = line;
		filter->lines = lines;
	}
	return true;
}

void filter_set_edge(struct filter *filter, const char *edge)
{
	filter->edges = 0;
	if (strcmp(edge, "falling"))
		filter->edges |= 1 << NOTIFY_GPIO_EDGE_RISING;
	if (strcmp(edge, "rising"))
		filter->edges |= 1 << NOTIFY_GPIO_EDGE_FALLING;
}

/* Return the lines with this name, or else the one with this number. */
static uint64_t find_lines(const struct gpio_lines *lines, const char *wanted)
{
	uint64_t found = 0;
	char number[24];
	size_t i;

	for (i = 0; i < lines->count; i++)
		if (!strcmp(lines->names[i], wanted))
			found |= UINT64_C(1) << i;
	for (i = 0; i < lines->count && !found; i++) {
		snprintf(number, sizeof(number), "%zu", i);
		if (!strcmp(number, wanted))
			found = UINT64_C(1) << i;
	}
	return found;
}

static int unknown_line(const struct device *device, const char *wanted)
{
	const struct gpio_lines *lines = device->lines;
	char known[KNOWN_BYTES] = "";
	size_t i, length = 0;

	for (i = 0; i < lines->count; i++)
		length += snprintf(known + length, sizeof(known) - length, "%s%zu%s%s",
				   i ? ", " : "", i, *lines->names[i] ? " " : "",
				   lines->names[i]);
	message("%s: no line \"%s\", it has %s", device->node.name, wanted, known);
	return ERROR_REPORTED;
}

int filter_device(const struct filter *filter, struct device *device)
{
	uint64_t found;
	size_t i;

	device->hidden_drops = 0;
	device->selected_lines = filter->lines_count ? 0 : UINT64_MAX;
	if (!filter->lines_count && !filter->edges)
		return 0;
	if (!device_is_gpio(device)) {
		if (device->found)
			return 0;
		message("%s: --%s needs a device of notify_gpio", device->node.name,
			filter->lines_count ? "lines" : "edge");
		return ERROR_REPORTED;
	}
	for (i = 0; i < filter->lines_count; i++) {
		found = find_lines(device->lines, filter->lines[i]);
		if (!found && !device->found)
			return unknown_line(device, filter->lines[i]);
		device->selected_lines |= found;
	}
	return 0;
}

static bool selects_event(const struct filter *filter, const struct device *device,
			  const struct notify_multi_record *record)
{
	struct notify_gpio_event event;

	memcpy(&event, record + 1, sizeof(event));
	if (!(device->selected_lines >> event.line % GPIO_MAX_LINES & 1))
		return false;
	/* A level that could not be read may have been an edge. */
	return !filter->edges || record->status || filter->edges >> event.edge & 1;
}

bool filter_selects(const struct filter *filter, const struct device *device,
		    const struct notify_multi_record *record)
{
	if (filter->no_replay && record->flags & NOTIFY_MULTI_REC_REPLAY)
		return false;
	if (!filter->lines_count && !filter->edges)
		return true;
	return device_is_gpio(device) && selects_event(filter, device, record);
}
