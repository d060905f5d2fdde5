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

static void copy_fields(struct field *to, const struct field *from, size_t count)
{
	for (; count; count--, to++, from++) {
		*to = *from;
		if (from->label == from->name)
			to->label = to->name;
	}
}

struct layout *layout_insert(const struct layout *layout, size_t index, const struct field *field)
{
	struct layout *new = layout_new(layout->count + 1);

	if (!new)
		return NULL;
	copy_fields(new->fields, layout->fields, index);
	copy_fields(new->fields + index, field, 1);
	copy_fields(new->fields + index + 1, layout->fields + index, layout->count - index);
	new->size = layout->size;
	new->lines = layout->lines;
	new->count = layout->count + 1;
	return new;
}

struct layout *layout_complete(const struct layout *layout, size_t packet_size)
{
	size_t count = layout ? layout->count : 0;
	size_t size = layout ? layout->size : 0;
	struct layout *whole = layout_new(count + 1);
	struct field *rest;

	if (!whole)
		return NULL;
	if (layout) {
		copy_fields(whole->fields, layout->fields, count);
		whole->lines = layout->lines;
	}
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
