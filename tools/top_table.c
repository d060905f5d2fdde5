// SPDX-License-Identifier: GPL-2.0
/*
 * Text of a row of top.
 */

#include "top_table.h"

#include "message.h"
#include "top_row.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *why_not_open(int error)
{
	if (error == ENOENT || error == ENODEV || error == ENXIO)
		return "is not there";
	return error == ERROR_REPORTED ? "cannot be shown" : strerror(error);
}

const char *row_header(void)
{
	return "DEVICE              RATE/s READERS       LOST        SEQ";
}

void row_text(const struct row *row, char text[ROW_TEXT_BYTES])
{
	const char *name = row->device.node.name;
	char lost[32] = "?";

	if (row->device.fd < 0) {
		snprintf(text, ROW_TEXT_BYTES, "%-16s %s", name, why_not_open(row->error));
		return;
	}
	if (row->lost_known)
		snprintf(lost, sizeof(lost), "%" PRIu64, row->lost);
	snprintf(text, ROW_TEXT_BYTES, "%-16s %9.1f %7" PRIu64 " %10s %10" PRIu64, name,
		 row->rate, row->readers, lost, row->seq);
}
