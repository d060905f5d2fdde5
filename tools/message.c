// SPDX-License-Identifier: GPL-2.0
/*
 * Messages on standard error.
 */

#include "message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static const char *file;

void message_set_file(const char *path)
{
	file = path;
}

bool message_has_file(void)
{
	return file;
}

/* One write per line, so that lines of several programs do not mix. */
static void print(const char *format, va_list args)
{
	char text[3072];

	vsnprintf(text, sizeof(text), format, args);
	fprintf(stderr, "%s: %s%s%s\n", program_invocation_short_name, file ?: "",
		file ? ": " : "", text);
}

void message(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(format, args);
	va_end(args);
}

bool report_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print(format, args);
	va_end(args);
	return false;
}
