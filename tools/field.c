// SPDX-License-Identifier: GPL-2.0
/*
 * Fields of a packet and their values.
 */

#include "field.h"

#include <string.h>

bool field_is_hidden(const struct field *field)
{
	return !strcmp(field->name, "_");
}

bool field_is_number(const struct field *field)
{
	return field->kind != FIELD_CHARS && field->kind != FIELD_BYTES;
}

uint64_t field_unsigned(const struct field *field, size_t index, const void *packet)
{
	const char *at = (const char *)packet + field->offset + index * field->size;
	union {
		uint8_t u8;
		uint16_t u16;
		uint32_t u32;
		uint64_t u64;
	} value;

	memcpy(&value, at, field->size);
	switch (field->size) {
	case 1:
		return value.u8;
	case 2:
		return value.u16;
	case 4:
		return value.u32;
	default:
		return value.u64;
	}
}

int64_t field_signed(const struct field *field, size_t index, const void *packet)
{
	uint64_t value = field_unsigned(field, index, packet);

	switch (field->size) {
	case 1:
		return (int8_t)value;
	case 2:
		return (int16_t)value;
	case 4:
		return (int32_t)value;
	default:
		return (int64_t)value;
	}
}

const char *field_value_name(const struct field *field, const void *packet)
{
	uint64_t value;

	if (!field->names)
		return NULL;
	value = field_unsigned(field, 0, packet);
	if (value >= field->names_count || !field->names[value])
		return "unknown";
	return field->names[value];
}

const char *field_text(const struct field *field, const void *packet, size_t *length)
{
	const char *text = field_value_name(field, packet);

	if (text) {
		*length = strlen(text);
		return text;
	}
	text = (const char *)packet + field->offset;
	*length = strnlen(text, field->count);
	return text;
}
