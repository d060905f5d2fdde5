/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Layout of a packet: fields without gaps.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "field.h"

/* Name of the bytes that no layout describes. */
#define LAYOUT_REST	"data"

/* @lines: Number of GPIO lines if the packets are GPIO edges, else 0. */
struct layout {
	size_t size;
	size_t lines;
	size_t count;
	struct field fields[];
};

/* Return a layout with zeroed fields, or NULL. */
struct layout *layout_new(size_t fields);

/* Return a copy of @layout with a field inserted at an index, or NULL. */
struct layout *layout_insert(const struct layout *layout, size_t index, const struct field *field);

/* Return a copy of @layout, or of no fields if NULL, with the rest of the packet as bytes. */
struct layout *layout_complete(const struct layout *layout, size_t packet_size);

const struct field *layout_find(const struct layout *layout, const char *name);

#endif /* LAYOUT_H */
