// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers in the arguments of options.
 */

#include "arguments.h"

#include "message.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

static bool refuse(const char *what, const char *argument)
{
	return report_error("invalid %s \"%s\"", what, argument);
}

bool parse_number(const char *what, const char *argument, uint64_t most, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = isdigit((unsigned char)*argument) ? strtoull(argument, &end, 10) : 0;
	if (!*number || errno || *end || *number > most)
		return refuse(what, argument);
	return true;
}

/* strtod() would use the decimal point of the locale. */
bool parse_seconds(const char *what, const char *argument, uint64_t *ns)
{
	const char *c = argument;
	uint64_t seconds = 0, fraction = 0, unit = NS_PER_SECOND;

	if (!isdigit((unsigned char)*c) && *c != '.')
		return refuse(what, argument);
	for (; isdigit((unsigned char)*c) && seconds < 1000000000; c++)
		seconds = seconds * 10 + (*c - '0');
	if (*c == '.')
		for (c++; isdigit((unsigned char)*c); c++) {
			unit /= 10;
			fraction += (*c - '0') * unit;
		}
	*ns = seconds * NS_PER_SECOND + fraction;
	if (*c || !*ns)
		return refuse(what, argument);
	return true;
}
