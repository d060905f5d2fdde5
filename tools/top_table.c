// SPDX-License-Identifier: GPL-2.0
/*
 * Text of a row of top.
 */

#include "top_table.h"

#include "top_row.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *row_header(void)
{
	return "DEVICE              RATE/s   DROPS/s READERS    DROPPED BROADCASTS";
}

static const char *error_text(int error)
{
	switch (error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return "not present";
	case ENOTTY:
		return "not a notify_multi device";
	default:
		return strerror(error);
	}
}

void row_text(const struct row *row, char text[ROW_TEXT_BYTES])
{
	if (row->error)
		snprintf(text, ROW_TEXT_BYTES, "%-16s %s", row->node.name, error_text(row->error));
	else
		snprintf(text, ROW_TEXT_BYTES,
			 "%-16s %9.1f %9.1f %7" PRIu64 " %10" PRIu64 " %10" PRIu64,
			 row->node.name, row->rate, row->drop_rate, row->readers, row->dropped,
			 row->broadcasts);
}
