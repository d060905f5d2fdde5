// SPDX-License-Identifier: GPL-2.0
/*
 * notifycat top: the state of all devices, sampled at an interval.
 */

#include "top.h"

#include "clock.h"
#include "flush.h"
#include "format.h"
#include "message.h"
#include "options.h"
#include "stop.h"
#include "top_row.h"
#include "top_view.h"

#include <errno.h>
#include <string.h>

/* Return false if top must end before the next sample. */
static bool wait_until(const struct view *view, int stop, uint64_t until)
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

/* options->count does not include the first sample. */
static enum exit_status show(const struct options *options, const struct view *view,
			     struct rows *rows, int stop)
{
	const uint64_t start = clock_monotonic();
	uint64_t next, left = options->count;
	enum flush result;

	if (!rows_update(rows))
		return EXIT_FAILED;
	if (view->live)
		view->draw(rows);
	while (left--) {
		next = clock_monotonic() + options->interval_ns;
		if (next - start > options->timeout_ns || !wait_until(view, stop, next))
			break;
		if (!rows_update(rows))
			return EXIT_FAILED;
		view->draw(rows);
		result = flush_output();
		if (result != FLUSH_OK)
			return result == FLUSH_CLOSED ? EXIT_OK : EXIT_FAILED;
	}
	return rows_failed(rows) ? EXIT_FAILED : EXIT_OK;
}

static const struct view *choose_view(const struct options *options)
{
	if (!options->batch)
		return screen_view;
	return options->format == &json_format ? &json_view : &text_view;
}

enum exit_status top(const struct options *options)
{
	struct rows rows = { .all = !options->devices_count };
	const struct view *view = choose_view(options);
	enum exit_status status;
	size_t i;
	int stop;

	if (!view) {
		message("built without ncurses: use top --batch");
		return EXIT_USAGE;
	}
	for (i = 0; i < options->devices_count; i++) {
		if (!rows_add(&rows, options->devices[i])) {
			message("out of memory");
			return EXIT_FAILED;
		}
	}
	stop = stop_begin();
	if (stop < 0) {
		message("cannot wait for signals: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (!view->begin())
		return EXIT_FAILED;
	status = show(options, view, &rows, stop);
	view->end();
	return status;
}
