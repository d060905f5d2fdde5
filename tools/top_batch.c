// SPDX-License-Identifier: GPL-2.0
/*
 * Batch output of top.
 */

#include "client_print.h"
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

	return poll(polls, 2, milliseconds) <= 0;
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
	puts(client_header());
	for (i = 0; i < rows->count; i++) {
		row_text(&rows->rows[i], text);
		puts(text);
		if (!rows->rows[i].error)
			client_print_text(&rows->clients, rows->rows[i].node.kernel_name);
	}
}

const struct view text_view = {
	.begin = batch_begin,
	.draw = text_draw,
	.wait = batch_wait,
	.end = batch_end,
};

/* -- JSON ------------------------------------------------------------------ */

static void print_row(const struct row *row, const struct clients *clients)
{
	printf("{\"device\":");
	print_json_string(row->node.name, strlen(row->node.name));
	if (row->error) {
		printf(",\"present\":false}\n");
		return;
	}
	printf(",\"present\":true,\"rate\":%.1f,\"drop_rate\":%.1f", row->rate, row->drop_rate);
	printf(",\"readers\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"broadcasts\":%" PRIu64,
	       row->readers, row->dropped, row->broadcasts);
	printf(",\"clients\":");
	client_print_json(clients, row->node.kernel_name);
	printf("}\n");
}

static void json_draw(const struct rows *rows)
{
	size_t i;

	for (i = 0; i < rows->count; i++)
		print_row(&rows->rows[i], &rows->clients);
}

const struct view json_view = {
	.begin = batch_begin,
	.draw = json_draw,
	.wait = batch_wait,
	.end = batch_end,
};
