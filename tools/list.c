// SPDX-License-Identifier: GPL-2.0
/*
 * The devices of the command line: nodes, and searches for nodes.
 */

#include "list.h"

#include "message.h"
#include "options.h"
#include "search.h"

#include <stdlib.h>
#include <string.h>

static bool out_of_memory(void)
{
	message("out of memory");
	return false;
}

static bool add_device(struct list *list, const char *arg, bool found)
{
	struct device *devices, *device;

	/* Full when the count is a power of two. */
	if (!(list->count & (list->count - 1))) {
		devices = realloc(list->devices, (2 * list->count + 1) * sizeof(*devices));
		if (!devices)
			return out_of_memory();
		list->devices = devices;
	}
	device = &list->devices[list->count];
	if (!device_init(device, arg))
		return out_of_memory();
	if (!set_add(&list->paths, device->node.path))
		return out_of_memory();
	device->found = found;
	device->reader = list->options->reader;
	device->queue = list->options->queue;
	device->decode = options_layout(list->options, device->node.name);
	list->count++;
	return true;
}

static bool is_device(const char *path)
{
	struct node node;
	bool found;

	if (!node_init(&node, path))
		return false;
	found = !node_find(&node);
	free(node.path);
	return found;
}

static bool add_found(void *data, const char *path)
{
	struct list *list = data;

	return set_has(&list->paths, path) || !is_device(path) || add_device(list, path, true);
}

bool list_init(struct list *list, const struct options *options)
{
	struct search search;
	size_t i;

	*list = (struct list){ .options = options };
	list->searches = calloc(options->devices_count, sizeof(*list->searches));
	if (!list->searches)
		return out_of_memory();
	for (i = 0; i < options->devices_count; i++) {
		if (!search_init(&search, options->devices[i]))
			return out_of_memory();
		if (search.path)
			list->searches[list->searches_count++] = search;
		else if (!add_device(list, options->devices[i], false))
			return false;
	}
	return true;
}

bool list_find(struct list *list)
{
	size_t i;

	for (i = 0; i < list->searches_count; i++)
		if (!search_run(&list->searches[i], add_found, list))
			return false;
	return true;
}

bool list_has_match(const struct list *list, const struct search *search)
{
	const size_t directory = search->pattern - search->path;
	size_t i;

	for (i = 0; i < list->count; i++) {
		const struct node *node = &list->devices[i].node;

		if (!strncmp(node->path, search->path, directory) &&
		    node->name == node->path + directory && search_matches(search, node->name))
			return true;
	}
	return false;
}
