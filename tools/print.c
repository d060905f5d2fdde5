// SPDX-License-Identifier: GPL-2.0
/*
 * Output of bytes and strings.
 */

#include "print.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* NULL for stdout. */
static FILE *stream;

void print_to(FILE *file)
{
	stream = file;
}

void print(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stream ?: stdout, format, args);
	va_end(args);
}

void print_char(char c)
{
	putc(c, stream ?: stdout);
}

void print_bytes(const void *bytes, size_t length)
{
	fwrite(bytes, 1, length, stream ?: stdout);
}

void print_number(const struct field *field, size_t index, const void *packet)
{
	if (field->kind == FIELD_SIGNED)
		print("%" PRId64, field_signed(field, index, packet));
	else if (field->kind == FIELD_HEX)
		print("0x%0*" PRIx64, (int)field->digits,
		      field_unsigned(field, index, packet));
	else
		print("%" PRIu64, field_unsigned(field, index, packet));
}

void print_hex(const struct field *field, const void *packet)
{
	const unsigned char *bytes = (const unsigned char *)packet + field->offset;
	size_t i;

	for (i = 0; i < field->count; i++)
		print("%02x", bytes[i]);
}

void print_numbers_or_hex(const struct field *field, const void *packet)
{
	size_t i;

	if (field->kind == FIELD_BYTES) {
		print_hex(field, packet);
		return;
	}
	for (i = 0; i < field->count; i++) {
		if (i)
			print_char(',');
		print_number(field, i, packet);
	}
}

void print_escaped(const char *s, size_t length, const char *escaped)
{
	const unsigned char *c;

	for (c = (const unsigned char *)s; length; length--, c++) {
		if (*c < 0x20 || *c > 0x7e || strchr(escaped, *c))
			print("\\x%02x", *c);
		else
			print_char(*c);
	}
}

/* Return the bytes of the UTF-8 character at @c; 0 if it is invalid. */
static size_t utf8_length(const unsigned char *c, size_t left)
{
	const size_t length = *c < 0x80 ? 1 : *c < 0xc2 ? 0 : *c < 0xe0 ? 2 : *c < 0xf0 ? 3 : 4;
	size_t i;

	if (*c > 0xf4 || length > left)
		return 0;
	for (i = 1; i < length; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	/* Overlong forms, surrogates, codes above 0x10ffff. */
	if ((*c == 0xe0 && c[1] < 0xa0) || (*c == 0xed && c[1] > 0x9f) ||
	    (*c == 0xf0 && c[1] < 0x90) || (*c == 0xf4 && c[1] > 0x8f))
		return 0;
	return length;
}

/* Print a character, or U+FFFD for an invalid byte. Return the number of bytes used. */
static size_t print_utf8(const char *s, size_t left)
{
	size_t length = utf8_length((const unsigned char *)s, left);

	if (!length) {
		print("\xef\xbf\xbd");
		return 1;
	}
	print_bytes(s, length);
	return length;
}

void print_json_string(const char *s, size_t length)
{
	const char *end = s + length;

	print_char('"');
	while (s < end) {
		if (*s == '"' || *s == '\\')
			print("\\%c", *s++);
		else if ((unsigned char)*s < 0x20 || *s == 0x7f)
			print("\\u%04x", *s++);
		else
			s += print_utf8(s, end - s);
	}
	print_char('"');
}

void print_label(const char *s)
{
	const char *end = s + strlen(s);

	while (s < end) {
		if (*s == '"' || *s == '\\') {
			print("\\%c", *s++);
		} else if (*s == '\n') {
			print("\\n");
			s++;
		} else {
			s += print_utf8(s, end - s);
		}
	}
}

static bool needs_quotes(const char *s, size_t length)
{
	return !length || memchr(s, ',', length) || memchr(s, '"', length) ||
	       memchr(s, '\r', length) || memchr(s, '\n', length);
}

void print_csv_string(const char *s, size_t length)
{
	const bool quotes = needs_quotes(s, length);
	const char *end = s + length;

	if (quotes)
		print_char('"');
	while (s < end) {
		if (*s == '"')
			print_char('"');
		s += print_utf8(s, end - s);
	}
	if (quotes)
		print_char('"');
}

void print_word(const char *s)
{
	for (; *s; s++)
		print_char(*s > 0x20 && *s < 0x7f ? *s : '_');
}

void print_plain(const char *s, size_t length)
{
	for (; length; length--, s++)
		print_char((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s);
}
