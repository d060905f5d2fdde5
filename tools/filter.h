/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Selection of the packets to print.
 */
#ifndef FILTER_H
#define FILTER_H

#include "notifycat.h"

struct device;
struct notify_multi_record;

/*
 * @lines: Names or numbers of lines; all lines if there are none.
 * @edges: Mask of 1 << enum notify_gpio_edge; 0 for all packets.
 * @no_replay: Skip replayed packets.
 */
struct filter {
	char **lines;
	size_t lines_count;
	unsigned int edges;
	bool no_replay;
};

/* Add lines that are separated by commas. Return false after reporting an error. */
bool filter_add_lines(struct filter *filter, const char *list);

/* Set the edge, "rising", "falling" or "both". */
void filter_set_edge(struct filter *filter, const char *edge);

/*
 * Find the lines of a device that was opened. Return 0, or ERROR_REPORTED if the user named the
 * device and it has not all lines.
 */
int filter_device(const struct filter *filter, struct device *device);

/* Return true if the record must be printed. A state packet is none of the edges. */
bool filter_selects(const struct filter *filter, const struct device *device,
		    const struct notify_multi_record *record);

#endif /* FILTER_H */
