// SPDX-License-Identifier: GPL-2.0
/*
 * Batch output of top.
 */

#include "print.h"
#include "top_row.h"
#include "top_table.h"
#include "top_view.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool batch_begin(void)
{
	return true;
}

static bool batch_wait(int stop, int milliseconds)
{
	struct pollfd polls[] = { { .fd = stop, .events = POLLIN }, { .fd = STDOUT_FILENO } };

	return poll(polls, 2, milliseconds) <= 0 && !ferror(stdout);
}

static void batch_end(void)
{
}

/* -- Text ------------------------------------------------------------------ */

static void text_draw(const struct rows *rows)
{
	char text[ROW_TEXT_BYTES];
	size_t i;

	puts(row_header());
	for (i = 0; i < rows->count; i++) {
		row_text(&rows->rows[i], text);
		puts(text);
	}
	fflush(stdout);
}

const struct view text_view = {
	.begin = batch_begin,
	.draw = text_draw,
	.wait = batch_wait,
	.end = batch_end,
};

/* -- JSON ------------------------------------------------------------------ */

static void print_row(const struct row *row)
{
	const char *name = row->device.node.name;

	printf("{\"device\":");
	print_json_string(name, strlen(name));
	if (row->device.fd < 0) {
		printf(",\"there\":false}\n");
		return;
	}
	printf(",\"there\":true,\"rate\":%.1f,\"readers\":%" PRIu64 ",\"lost\":", row->rate,
	       row->readers);
	if (row->lost_known)
		printf("%" PRIu64, row->lost);
	else
		printf("null");
	printf(",\"seq\":%" PRIu64 "}\n", row->seq);
}

static void json_draw(const struct rows *rows)
{
	size_t i;

	for (i = 0; i < rows->count; i++)
		print_row(&rows->rows[i]);
	fflush(stdout);
}

const struct view json_view = {
	.begin = batch_begin,
	.draw = json_draw,
	.wait = batch_wait,
	.end = batch_end,
};
