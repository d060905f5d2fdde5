/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fields of a packet by name: those of its header, then those of its layout.
 */
#ifndef VALUE_H
#define VALUE_H

#include "field.h"

struct device;
struct notify_multi_record;
struct output;

/* A packet that is printed. */
struct value_source {
	const struct output *output;
	const struct device *device;
	const struct notify_multi_record *record;
};

/* Return the name of a field, or NULL after the last one. */
const char *value_name(const struct device *device, size_t index);

/* Return the index of the field with the name of this length, or -1. */
int value_find(const struct device *device, const char *name, size_t length);

/* Print a field. Return false if the packet has none with the name of this length. */
bool value_print(const struct value_source *source, const char *name, size_t length);

#endif /* VALUE_H */
