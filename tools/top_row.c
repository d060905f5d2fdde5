// SPDX-License-Identifier: GPL-2.0
/*
 * The devices shown by top, and their counters. No device is opened.
 */

#include "top_row.h"

#include "clock.h"
#include "message.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int read_counters(struct row *row)
{
	int error;

	error = node_find(&row->node);
	if (error)
		return error;
	if (!node_attribute(&row->node, "broadcasts", &row->broadcasts) ||
	    !node_attribute(&row->node, "clients", &row->readers) ||
	    !node_attribute(&row->node, "dropped", &row->dropped))
		return ENODEV;
	return 0;
}

/* The counters of a device that was registered again start from 0. */
static void update_row(struct row *row)
{
	const uint64_t broadcasts = row->broadcasts, dropped = row->dropped, when = row->when;
	const uint64_t now = clock_monotonic();
	double seconds;

	row->error = read_counters(row);
	row->when = row->error ? 0 : now;
	row->rate = 0;
	row->drop_rate = 0;
	if (!row->when || !when || now <= when || row->broadcasts < broadcasts ||
	    row->dropped < dropped)
		return;
	seconds = (double)(now - when) / NS_PER_SECOND;
	row->rate = (row->broadcasts - broadcasts) / seconds;
	row->drop_rate = (row->dropped - dropped) / seconds;
}

static int compare(const void *first, const void *second)
{
	const struct row *a = first, *b = second;

	if (a->drop_rate != b->drop_rate)
		return a->drop_rate > b->drop_rate ? -1 : 1;
	return strcmp(a->node.name, b->node.name);
}

bool rows_add(struct rows *rows, const char *arg)
{
	struct row *more = realloc(rows->rows, (rows->count + 1) * sizeof(*more));

	if (!more)
		return false;
	rows->rows = more;
	more[rows->count] = (struct row){ };
	if (!node_init(&more[rows->count].node, arg) ||
	    !set_add(&rows->names, more[rows->count].node.name))
		return false;
	rows->count++;
	return true;
}

/* Add new devices; removed devices stay. */
static bool find_rows(struct rows *rows)
{
	DIR *nodes = opendir(NODES);
	struct dirent *entry;
	bool good = true;

	if (!nodes)
		return errno == ENOENT;
	while (good && (entry = readdir(nodes)))
		if (entry->d_name[0] != '.' && !set_has(&rows->names, entry->d_name))
			good = rows_add(rows, entry->d_name);
	closedir(nodes);
	return good;
}

bool rows_update(struct rows *rows)
{
	size_t i;

	if (rows->all && !find_rows(rows)) {
		message("cannot list " NODES ": %s", strerror(errno));
		return false;
	}
	for (i = 0; i < rows->count; i++)
		update_row(&rows->rows[i]);
	if (rows->count)
		qsort(rows->rows, rows->count, sizeof(*rows->rows), compare);
	if (!clients_read(&rows->clients)) {
		message("out of memory");
		return false;
	}
	return true;
}

bool rows_failed(const struct rows *rows)
{
	size_t i;

	for (i = 0; i < rows->count && !rows->all; i++)
		if (rows->rows[i].error)
			return true;
	return false;
}
