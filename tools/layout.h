/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the bytes of a packet mean: fields, one after the other.
 */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "notifycat.h"

#define FIELD_NAME_BYTES	64

enum field_kind {
	FIELD_UNSIGNED,
	FIELD_SIGNED,
	FIELD_HEX,	/* Unsigned; in text it is hexadecimal. */
	FIELD_CHARS,
	FIELD_BYTES,	/* Of which nothing is known. */
};

/*
 * @names has a name for each value of an enumeration, or NULL. @label is what text calls the
 * field; it may be empty.
 */
struct field {
	char name[FIELD_NAME_BYTES];
	const char *label;
	const char *const *names;
	size_t names_count;
	enum field_kind kind;
	size_t size;
	size_t count;
	bool array;
	size_t offset;
};

/* @lines: as many GPIO lines its fields "line" and "level" tell of, or 0. */
struct layout {
	size_t size;
	size_t lines;
	size_t count;
	struct field fields[];
};

/* What a --decode is wrong about: a message, and where. */
struct layout_error {
	char message[128];
	size_t at;
};

/* NULL, and *error, if the text is not right. */
struct layout *layout_parse(const char *text, struct layout_error *error);

/* As @layout, which may be NULL, with the rest of the packet as bytes. */
struct layout *layout_complete(const struct layout *layout, size_t packet_size);

const struct field *layout_find(const struct layout *layout, const char *name);

/* Whether it is a number, not characters or bytes. */
bool field_is_number(const struct field *field);

uint64_t field_unsigned(const struct field *field, size_t index, const void *packet);
int64_t field_signed(const struct field *field, size_t index, const void *packet);

/* The name of the value, or NULL. */
const char *field_value_name(const struct field *field, const void *packet);

/* How many characters there are before the first that is zero. */
size_t field_length(const struct field *field, const void *packet);

#endif /* LAYOUT_H */
