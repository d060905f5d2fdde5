/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FIELD_H
#define FIELD_H

#include "notifycat.h"

#define FIELD_NAME_BYTES	64

enum field_kind {
	FIELD_UNSIGNED,
	FIELD_SIGNED,
	FIELD_HEX,	/* Unsigned, printed in hexadecimal. */
	FIELD_CHARS,
	FIELD_BYTES,	/* Not described by any layout. */
};

/*
 * @names: Names of the values of an enumeration, or NULL.
 * @label: Name in text output; may be empty.
 * @digits: Least number of digits in hexadecimal.
 */
struct field {
	char name[FIELD_NAME_BYTES];
	const char *label;
	const char *const *names;
	size_t names_count;
	enum field_kind kind;
	size_t size;
	size_t digits;
	size_t count;
	bool array;
	size_t offset;
};

/* Return true for padding, which is named "_". */
bool field_is_hidden(const struct field *field);

bool field_is_number(const struct field *field);

uint64_t field_unsigned(const struct field *field, size_t index, const void *packet);
int64_t field_signed(const struct field *field, size_t index, const void *packet);

/* Return the name of the value, or NULL if @field is no enumeration. */
const char *field_value_name(const struct field *field, const void *packet);

/* Return the text of FIELD_CHARS: characters up to the first zero, or the name of the value. */
const char *field_text(const struct field *field, const void *packet, size_t *length);

#endif /* FIELD_H */
