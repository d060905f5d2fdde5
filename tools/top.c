// SPDX-License-Identifier: GPL-2.0
/*
 * notifycat top: how all devices are doing.
 *
 * What other opens have lost is taken from debugfs.
 */

#include "top.h"

#include "clock.h"
#include "format.h"
#include "reader.h"
#include "stop.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define OPENS	"/sys/kernel/debug/notify_multi/"

const char *const row_header =
	"DEVICE              RATE/s READERS       LOST        SEQ";

/* -- What is known of a device. -------------------------------------------- */

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

	snprintf(path, sizeof(path), OPENS "%s", device->name);
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
	if (row->looked_at && now > row->when)
		row->rate = (double)(stats->seq - row->seq) * NS_PER_SECOND / (now - row->when);
	row->looked_at = true;
	row->when = now;
	row->seq = stats->seq;
	row->readers = stats->clients - 1;
	row->lost_known = lost_by_others(&row->device, &row->lost);
}

static void look(struct row *row, const struct options *options)
{
	struct device *device = &row->device;
	struct notify_multi_stats stats;

	if (device->fd < 0) {
		row->looked_at = false;
		row->error = device_open(device, options);
		if (row->error)
			return;
	}
	if (reader_fill(device) || ioctl(device->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats)) {
		device_close(device);
		row->error = ENODEV;
		return;
	}
	while (device_peek(device))
		device_advance(device);
	count(row, &stats);
}

/* -- All devices. ---------------------------------------------------------- */

struct rows {
	struct row *rows;
	size_t count;
};

static bool add_row(struct rows *rows, const char *name)
{
	struct row *more = realloc(rows->rows, (rows->count + 1) * sizeof(*more));

	if (!more)
		return false;
	rows->rows = more;
	memset(&more[rows->count], 0, sizeof(*more));
	return device_init(&more[rows->count].device, name) && ++rows->count;
}

static bool has_row(const struct rows *rows, const char *name)
{
	size_t i;

	for (i = 0; i < rows->count; i++)
		if (!strcmp(rows->rows[i].device.name, name))
			return true;
	return false;
}

/* Those that came since the last look. One that is gone stays. */
static bool find_rows(struct rows *rows)
{
	DIR *nodes = opendir(NODES);
	struct dirent *entry;
	bool good = true;

	if (!nodes)
		return errno == ENOENT;
	while (good && (entry = readdir(nodes)))
		if (entry->d_name[0] != '.' && !has_row(rows, entry->d_name))
			good = add_row(rows, entry->d_name);
	closedir(nodes);
	return good;
}

static bool look_at_all(struct rows *rows, const struct options *options)
{
	size_t i;

	if (!options->devices_count && !find_rows(rows)) {
		message("cannot list " NODES ": %s", strerror(errno));
		return false;
	}
	for (i = 0; i < rows->count; i++)
		look(&rows->rows[i], options);
	return true;
}

/* -- As text. -------------------------------------------------------------- */

static const char *why_not_open(int error)
{
	if (error == ENOENT || error == ENODEV || error == ENXIO)
		return "is not there";
	return error == ERROR_REPORTED ? "cannot be shown" : strerror(error);
}

char *row_text(const struct row *row)
{
	char *text = NULL;
	size_t bytes;
	FILE *out;

	out = open_memstream(&text, &bytes);
	if (!out)
		return NULL;
	if (row->device.fd < 0) {
		fprintf(out, "%-16s %s", row->device.name, why_not_open(row->error));
	} else {
		fprintf(out, "%-16s %9.1f %7" PRIu64 " ", row->device.name, row->rate,
			row->readers);
		if (row->lost_known)
			fprintf(out, "%10" PRIu64, row->lost);
		else
			fprintf(out, "%10s", "?");
		fprintf(out, " %10" PRIu64, row->seq);
	}
	fclose(out);
	return text;
}

static bool batch_begin(const struct options *options)
{
	(void)options;
	return true;
}

static void print_json_row(const struct row *row)
{
	printf("{\"device\":");
	print_json_string(row->device.name, strlen(row->device.name));
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

static void print_row(const struct row *row)
{
	char *text = row_text(row);

	puts(text ? text : row->device.name);
	free(text);
}

static void batch_draw(const struct options *options, const struct row *rows, size_t count)
{
	size_t i;

	if (options->format == &text_format)
		puts(row_header);
	for (i = 0; i < count; i++) {
		if (options->format == &text_format)
			print_row(&rows[i]);
		else
			print_json_row(&rows[i]);
	}
	fflush(stdout);
}

static bool batch_wait(int stop, int milliseconds)
{
	struct pollfd polls[] = { { .fd = stop, .events = POLLIN }, { .fd = STDOUT_FILENO } };

	return poll(polls, 2, milliseconds) <= 0 && !ferror(stdout);
}

static void batch_end(void)
{
}

static const struct view batch_view = { batch_begin, batch_draw, batch_wait, batch_end };

/* -- The loop. ------------------------------------------------------------- */

/* Whether the time until the next look has passed, and it is not the end. */
static bool wait_for_look(const struct view *view, int stop, uint64_t until)
{
	uint64_t now = clock_monotonic(), ms;

	while (now < until) {
		ms = (until - now + 999999) / 1000000;
		if (!view->wait(stop, ms < INT32_MAX ? ms : INT32_MAX) || stop_wanted())
			return false;
		now = clock_monotonic();
	}
	return true;
}

/* A batch begins when there is a rate; a screen at once, which is not counted. */
static bool show(const struct options *options, const struct view *view, struct rows *rows,
		 int stop)
{
	const uint64_t start = clock_monotonic();
	uint64_t next, left = options->count;

	if (!look_at_all(rows, options))
		return false;
	if (view != &batch_view)
		view->draw(options, rows->rows, rows->count);
	while (left--) {
		next = clock_monotonic() + options->interval_ns;
		if (next - start > options->timeout_ns || !wait_for_look(view, stop, next))
			return true;
		if (!look_at_all(rows, options))
			return false;
		view->draw(options, rows->rows, rows->count);
	}
	return true;
}

enum exit_status top(const struct options *options)
{
	const struct view *view = options->batch ? &batch_view : screen_view;
	struct rows rows = { };
	size_t i;
	bool good;
	int stop;

	if (!view) {
		message("the screen of top was not built in, as it needs ncurses: use top --batch");
		return EXIT_USAGE;
	}
	for (i = 0; i < options->devices_count; i++) {
		if (!add_row(&rows, options->devices[i])) {
			message("%s", strerror(ENOMEM));
			return EXIT_FAILED;
		}
	}
	stop = stop_begin();
	if (!view->begin(options))
		return EXIT_FAILED;
	good = show(options, view, &rows, stop);
	view->end();
	return good ? EXIT_OK : EXIT_FAILED;
}
