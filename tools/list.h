/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The devices of the command line: nodes, and searches for nodes.
 */
#ifndef LIST_H
#define LIST_H

#include "device.h"
#include "set.h"

struct options;
struct search;

/*
 * @devices: Those given by a node, then those found. An index stays valid.
 * @paths: Paths of @devices.
 */
struct list {
	const struct options *options;
	struct device *devices;
	size_t count;
	struct search *searches;
	size_t searches_count;
	struct set paths;
};

/* Both functions return false after reporting an error. */

bool list_init(struct list *list, const struct options *options);

/* Add the devices that match a search now and are not in the list. */
bool list_find(struct list *list);

/* Return true if the list has a device that matches. */
bool list_has_match(const struct list *list, const struct search *search);

#endif /* LIST_H */
