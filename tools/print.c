// SPDX-License-Identifier: GPL-2.0
/*
 * Output of bytes and strings.
 */

#include "print.h"

#include <stdio.h>
#include <string.h>

void print_hex(const struct field *field, const void *packet)
{
	const unsigned char *bytes = (const unsigned char *)packet + field->offset;
	size_t i;

	for (i = 0; i < field->count; i++)
		printf("%02x", bytes[i]);
}

void print_chars(const struct field *field, const void *packet, const char *escaped)
{
	const unsigned char *chars = (const unsigned char *)packet + field->offset;
	size_t length = field_length(field, packet), i;

	for (i = 0; i < length; i++) {
		if (chars[i] < 0x20 || chars[i] > 0x7e || strchr(escaped, chars[i]))
			printf("\\x%02x", chars[i]);
		else
			putchar(chars[i]);
	}
}

void print_json_string(const char *s, size_t length)
{
	const unsigned char *c = (const unsigned char *)s;

	putchar('"');
	for (; length--; c++) {
		if (*c == '"' || *c == '\\')
			printf("\\%c", *c);
		else if (*c < 0x20 || *c > 0x7e)
			printf("\\u%04x", *c);
		else
			putchar(*c);
	}
	putchar('"');
}
