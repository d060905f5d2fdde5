// SPDX-License-Identifier: GPL-2.0
/*
 * Parser of layouts:
 *
 *     layout = field { "," field }
 *     field  = type [ "[" number "]" ] name
 *     type   = ( "u" | "s" | "x" ) ( "8" | "16" | "32" | "64" ) | "char"
 */

#include "layout_parse.h"

#include <ctype.h>
#include <errno.h>
#include <linux/notify_multi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct type {
	const char *name;
	enum field_kind kind;
	size_t size;
};

static const struct type types[] = {
	{ "u8", FIELD_UNSIGNED, 1 },
	{ "u16", FIELD_UNSIGNED, 2 },
	{ "u32", FIELD_UNSIGNED, 4 },
	{ "u64", FIELD_UNSIGNED, 8 },
	{ "s8", FIELD_SIGNED, 1 },
	{ "s16", FIELD_SIGNED, 2 },
	{ "s32", FIELD_SIGNED, 4 },
	{ "s64", FIELD_SIGNED, 8 },
	{ "x8", FIELD_HEX, 1 },
	{ "x16", FIELD_HEX, 2 },
	{ "x32", FIELD_HEX, 4 },
	{ "x64", FIELD_HEX, 8 },
	{ "char", FIELD_CHARS, 1 },
};

/* Names of columns and JSON members. */
static const char *const reserved_names[] = {
	"device", "seq", "timestamp_ns", "time", "status", "dropped", "replay", "event",
	LAYOUT_REST,
};

struct parser {
	const char *text;
	const char *at;
	struct layout *layout;
	struct layout_error *error;
};

static bool parse_error(struct parser *parser, const char *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool parse_error(struct parser *parser, const char *at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parser->error->message, sizeof(parser->error->message), format, args);
	va_end(args);
	parser->error->at = at - parser->text;
	return false;
}

static void skip_blanks(struct parser *parser)
{
	while (isspace((unsigned char)*parser->at))
		parser->at++;
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Return the length of the next word, which may be 0. */
static size_t take_word(struct parser *parser, const char **word)
{
	skip_blanks(parser);
	*word = parser->at;
	while (is_name(*parser->at))
		parser->at++;
	return parser->at - *word;
}

static bool parse_type(struct parser *parser, struct field *field)
{
	const char *word;
	size_t length = take_word(parser, &word), i;

	if (!length)
		return parse_error(parser, word, "missing type");
	for (i = 0; i < ARRAY_SIZE(types); i++) {
		if (strlen(types[i].name) == length && !strncmp(types[i].name, word, length)) {
			field->kind = types[i].kind;
			field->size = types[i].size;
			field->digits = types[i].size * 2;
			return true;
		}
	}
	return parse_error(parser, word,
			   "unknown type \"%.*s\" (use u8 to u64, s8 to s64, x8 to x64, char)",
			   (int)(length > 40 ? 40 : length), word);
}

static bool parse_count(struct parser *parser, struct field *field)
{
	const char *start;
	unsigned long count;
	char *end;

	field->count = 1;
	skip_blanks(parser);
	if (*parser->at != '[')
		return true;
	parser->at++;
	skip_blanks(parser);
	start = parser->at;
	errno = 0;
	count = isdigit((unsigned char)*start) ? strtoul(start, &end, 10) : 0;
	if (!count || errno || count > NOTIFY_MULTI_MAX_PACKET_SIZE)
		return parse_error(parser, start, "count must be 1 to %u",
				   NOTIFY_MULTI_MAX_PACKET_SIZE);
	parser->at = end;
	skip_blanks(parser);
	if (*parser->at != ']')
		return parse_error(parser, parser->at, "missing \"]\"");
	parser->at++;
	field->array = field->kind != FIELD_CHARS;
	field->count = count;
	return true;
}

/* Several fields may have the name "_", which hides them. */
static bool parse_name(struct parser *parser, struct field *field)
{
	const char *word;
	size_t length = take_word(parser, &word), i;

	if (!length || isdigit((unsigned char)*word))
		return parse_error(parser, word, "missing name");
	if (length >= sizeof(field->name))
		return parse_error(parser, word, "name exceeds %zu characters",
				   sizeof(field->name) - 1);
	memcpy(field->name, word, length);
	field->name[length] = '\0';
	field->label = field->name;
	for (i = 0; i < ARRAY_SIZE(reserved_names); i++)
		if (!strcmp(field->name, reserved_names[i]))
			return parse_error(parser, word, "reserved name \"%s\"", field->name);
	if (strcmp(field->name, "_") && layout_find(parser->layout, field->name))
		return parse_error(parser, word, "duplicate field \"%s\"", field->name);
	return true;
}

static bool parse_field(struct parser *parser)
{
	struct layout *layout = parser->layout;
	struct field *field = &layout->fields[layout->count];
	const char *start;

	skip_blanks(parser);
	start = parser->at;
	field->offset = layout->size;
	if (!parse_type(parser, field) || !parse_count(parser, field) ||
	    !parse_name(parser, field))
		return false;
	layout->size += field->size * field->count;
	if (layout->size > NOTIFY_MULTI_MAX_PACKET_SIZE)
		return parse_error(parser, start, "layout exceeds %u bytes",
				   NOTIFY_MULTI_MAX_PACKET_SIZE);
	layout->count++;
	return true;
}

static bool parse_fields(struct parser *parser)
{
	for (;;) {
		if (!parse_field(parser))
			return false;
		skip_blanks(parser);
		if (!*parser->at)
			return true;
		if (*parser->at != ',')
			return parse_error(parser, parser->at, "missing \",\"");
		parser->at++;
	}
}

struct layout *layout_parse(const char *text, struct layout_error *error)
{
	struct parser parser = { .text = text, .at = text, .error = error };
	size_t fields = 1;
	const char *c;

	for (c = text; *c; c++)
		fields += *c == ',';
	parser.layout = layout_new(fields);
	if (!parser.layout) {
		parse_error(&parser, text, "%s", "out of memory");
		return NULL;
	}
	if (!parse_fields(&parser)) {
		free(parser.layout);
		return NULL;
	}
	return parser.layout;
}
