// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

void usage_error(const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputs("\nTry --help.\n", stderr);
	exit(2);
}

uint64_t parse_number(const char *text, uint64_t min, uint64_t max)
{
	char *end;
	uint64_t number = strtoull(text, &end, 0);

	if (end == text || *end || number < min || number > max)
		usage_error("not a number from %" PRIu64 " to %" PRIu64 ": %s", min, max, text);
	return number;
}

static void print_help(const struct option_value *value)
{
	printf("usage: %s [OPTION]...\n", program_invocation_short_name);
	for (; value->name; value++)
		printf("  --%s%s%s\n", value->name, value->flag ? " " : "=", value->help);
}

/* Return true if the argument is this option. */
static bool parse_option(const struct option_value *value, const char *argument)
{
	size_t length = strlen(value->name);

	if (strncmp(argument, value->name, length))
		return false;
	if (value->flag && !argument[length]) {
		*value->flag = true;
		return true;
	}
	if (value->flag || argument[length] != '=')
		return false;
	argument += length + 1;
	if (value->text)
		*value->text = argument;
	else
		*value->number = parse_number(argument, 0, UINT64_MAX);
	return true;
}

void parse_options(int argc, char **argv, const struct option_value *values)
{
	const struct option_value *value;
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help")) {
			print_help(values);
			exit(0);
		}
		for (value = values; value->name; value++)
			if (!strncmp(argv[i], "--", 2) && parse_option(value, argv[i] + 2))
				break;
		if (!value->name)
			usage_error("unknown option: %s", argv[i]);
	}
	setlinebuf(stdout);
}
