// SPDX-License-Identifier: GPL-2.0
/*
 * Messages on standard error.
 */

#include "message.h"

#include <stdarg.h>
#include <stdio.h>

/* One write per line, so that lines of several programs do not mix. */
void message(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "notifycat: %s\n", text);
}
