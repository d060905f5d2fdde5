// SPDX-License-Identifier: GPL-2.0
/*
 * The devices shown by top, and their counters.
 */

#include "top_row.h"

#include "clock.h"
#include "message.h"
#include "reader.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define OPENS	"/sys/kernel/debug/notify_multi/"

/* Of a line of debugfs: "pid comm queued of lost read waiting"; comm may have blanks. */
static bool lost_of_open(const char *line, pid_t *pid, uint64_t *lost)
{
	const char *end = line + strlen(line);
	int words;

	if (sscanf(line, "%d", pid) != 1)
		return false;
	for (words = 0; words < 3 && end > line; words++) {
		while (end > line && isspace((unsigned char)end[-1]))
			end--;
		while (end > line && !isspace((unsigned char)end[-1]))
			end--;
	}
	return sscanf(end, "%" SCNu64, lost) == 1;
}

/* Only root may know. */
static bool lost_by_others(const struct device *device, uint64_t *sum)
{
	char path[PATH_MAX], line[256];
	uint64_t lost;
	FILE *opens;
	pid_t pid;

	snprintf(path, sizeof(path), OPENS "%s", device->node.name);
	opens = fopen(path, "re");
	if (!opens)
		return false;
	*sum = 0;
	while (fgets(line, sizeof(line), opens))
		if (lost_of_open(line, &pid, &lost) && pid != getpid())
			*sum += lost;
	fclose(opens);
	return true;
}

static void count(struct row *row, const struct notify_multi_stats *stats)
{
	uint64_t now = clock_monotonic();

	row->rate = 0;
	if (row->sampled && now > row->when)
		row->rate = (double)(stats->seq - row->seq) * NS_PER_SECOND / (now - row->when);
	row->sampled = true;
	row->when = now;
	row->seq = stats->seq;
	row->readers = stats->clients - 1;
	row->lost_known = lost_by_others(&row->device, &row->lost);
}

static void update_row(struct row *row)
{
	struct device *device = &row->device;
	struct notify_multi_stats stats;

	if (device->fd < 0) {
		row->sampled = false;
		row->error = device_open(device);
		if (row->error)
			return;
	}
	if (device_fill(device) || ioctl(device->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats)) {
		device_close(device);
		row->error = ENODEV;
		return;
	}
	while (device_peek(device))
		device_advance(device);
	count(row, &stats);
}

/* -- All devices ----------------------------------------------------------- */

bool rows_add(struct rows *rows, const char *arg)
{
	struct row *more = realloc(rows->rows, (rows->count + 1) * sizeof(*more));

	if (!more)
		return false;
	rows->rows = more;
	memset(&more[rows->count], 0, sizeof(*more));
	if (!device_init(&more[rows->count].device, arg))
		return false;
	more[rows->count].device.reader = &read_reader;
	more[rows->count].device.queue = 1;
	rows->count++;
	return true;
}

static bool has_row(const struct rows *rows, const char *name)
{
	size_t i;

	for (i = 0; i < rows->count; i++)
		if (!strcmp(rows->rows[i].device.node.name, name))
			return true;
	return false;
}

/* Add new devices. Removed ones stay. */
static bool find_rows(struct rows *rows)
{
	DIR *nodes = opendir(NODES);
	struct dirent *entry;
	bool good = true;

	if (!nodes)
		return errno == ENOENT;
	while (good && (entry = readdir(nodes)))
		if (entry->d_name[0] != '.' && !has_row(rows, entry->d_name))
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
	return true;
}
