// SPDX-License-Identifier: GPL-2.0
/*
 * Layout of a packet.
 */

#include "layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct layout *layout_new(size_t fields)
{
	return calloc(1, sizeof(struct layout) + fields * sizeof(struct field));
}

const struct field *layout_find(const struct layout *layout, const char *name)
{
	size_t i;

	for (i = 0; i < layout->count; i++)
		if (!strcmp(layout->fields[i].name, name))
			return &layout->fields[i];
	return NULL;
}

struct layout *layout_complete(const struct layout *layout, size_t packet_size)
{
	size_t count = layout ? layout->count : 0, i;
	size_t size = layout ? layout->size : 0;
	struct layout *whole = layout_new(count + 1);
	struct field *rest;

	if (!whole)
		return NULL;
	for (i = 0; i < count; i++) {
		whole->fields[i] = layout->fields[i];
		if (layout->fields[i].label == layout->fields[i].name)
			whole->fields[i].label = whole->fields[i].name;
	}
	if (layout)
		whole->lines = layout->lines;
	if (size < packet_size) {
		rest = &whole->fields[count++];
		snprintf(rest->name, sizeof(rest->name), LAYOUT_REST);
		rest->label = size ? rest->name : "";
		rest->kind = FIELD_BYTES;
		rest->size = 1;
		rest->count = packet_size - size;
		rest->offset = size;
	}
	whole->count = count;
	whole->size = packet_size;
	return whole;
}
