// SPDX-License-Identifier: GPL-2.0
/*
 * List of the output formats.
 */

#include "formats.h"

#include "format.h"

#include <string.h>

const struct format *format_find(const char *name)
{
	static const struct format *const formats[] = {
		&text_format, &json_format, &csv_format, &vcd_format, &raw_format, &record_format,
		&none_format,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(name, formats[i]->name))
			return formats[i];
	return NULL;
}
