// SPDX-License-Identifier: GPL-2.0
/*
 * notifycat top: the state of all devices, sampled at an interval.
 */

#include "arguments.h"
#include "clock.h"
#include "command.h"
#include "device_words.h"
#include "flush.h"
#include "message.h"
#include "stop.h"
#include "top_row.h"
#include "top_view.h"

#include <errno.h>
#include <string.h>

/* @count: Number of updates. */
struct top_options {
	bool batch;
	bool json;
	uint64_t interval_ns;
	uint64_t timeout_ns;
	uint64_t count;
};

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
static enum exit_status show(const struct top_options *options, const struct view *view,
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

static const struct view *choose_view(const struct top_options *options)
{
	if (!options->batch)
		return screen_view;
	return options->json ? &json_view : &text_view;
}

static enum exit_status run(const struct top_options *options, struct rows *rows)
{
	const struct view *view = choose_view(options);
	enum exit_status status;
	int stop;

	if (!view) {
		message("built without ncurses: use top --batch");
		return EXIT_USAGE;
	}
	stop = stop_begin();
	if (stop < 0) {
		message("cannot wait for signals: %s", strerror(errno));
		return EXIT_FAILED;
	}
	if (!view->begin())
		return EXIT_FAILED;
	status = show(options, view, rows, stop);
	view->end();
	return status;
}

/* -- Command --------------------------------------------------------------- */

static const struct command_option top_options[] = {
	{ 'b', "batch", NULL, "print tables instead of a screen" },
	{ 'f', "format", "text|json", "format of --batch; json: an object per line" },
	{ 'i', "interval", "SECONDS", "time between updates (default 1)" },
	{ 'n', "count", "COUNT", "exit after COUNT updates" },
	{ 't', "timeout", "SECONDS", "exit after this time" },
	{ }
};

static bool set_option(void *data, int id, const char *argument)
{
	struct top_options *options = data;

	switch (id) {
	case 'b':
		options->batch = true;
		return true;
	case 'f':
		options->json = !strcmp(argument, "json");
		return true;
	case 'i':
		return parse_seconds("interval", argument, &options->interval_ns);
	case 'n':
		return parse_number("count", argument, UINT64_MAX - 1, &options->count);
	default:
		return parse_seconds("timeout", argument, &options->timeout_ns);
	}
}

static enum exit_status top(int argc, char **argv)
{
	struct top_options options = {
		.interval_ns = NS_PER_SECOND,
		.timeout_ns = UINT64_MAX,
		.count = UINT64_MAX,
	};
	struct rows rows = { };
	enum exit_status status;
	int index;

	index = command_parse(&top_command, argc, argv, set_option, &options, &status);
	if (index < 0)
		return status;
	if (options.json && !options.batch) {
		command_refuse(&top_command, "--format requires --batch");
		return EXIT_USAGE;
	}
	rows.all = index == argc;
	for (; index < argc; index++) {
		if (!rows_add(&rows, argv[index])) {
			message("out of memory");
			return EXIT_FAILED;
		}
	}
	return run(&options, &rows);
}

const struct command top_command = {
	.name = "top",
	.usage = "top [OPTION]... [DEVICE]...",
	.text = "Show the rates and counters of devices, by default of all, and of their\n"
		"readers. The key q quits.\n",
	.options = top_options,
	.more = "Example:\n"
		"  notifycat top -b -f json -i 10 >>log\n"
		"\n"
		"Exit status: 0; 1 if a given device has no counters at the end; 2 on a usage\n"
		"error. It dies by SIGINT, SIGTERM and SIGHUP.\n",
	.run = top,
	.words = device_words,
};
