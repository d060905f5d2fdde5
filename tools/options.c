// SPDX-License-Identifier: GPL-2.0
/*
 * The command "read" and its options.
 */

#include "options.h"

#include "arguments.h"
#include "command.h"
#include "device_words.h"
#include "exec.h"
#include "format.h"
#include "format_string.h"
#include "formats.h"
#include "layout_parse.h"
#include "list.h"
#include "message.h"
#include "node.h"
#include "reader.h"
#include "search.h"
#include "stop.h"
#include "stream.h"
#include "timescale.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_JOBS	1024

/* Options without a letter. */
enum {
	OPTION_NEW = OPTION_FIRST,
	OPTION_REPLAY_ONLY,
	OPTION_IDLE_TIMEOUT,
	OPTION_FORMAT_STRING,
	OPTION_TIMESCALE,
	OPTION_EXEC,
	OPTION_JOBS,
	OPTION_BANNER,
	OPTION_MMAP,
	OPTION_URING,
	OPTIONS_END,
};

static const struct command_option read_options[] = {
	{ 'l', "lines", "LINE,...", "only packets of these GPIO lines, by name or number" },
	{ 'e', "edge", "rising|falling|both", "only packets with this edge" },
	{ OPTION_NEW, "new", NULL, "no packets replayed from before the start" },
	{ OPTION_NEW, "since-open", NULL, "the same" },
	{ OPTION_REPLAY_ONLY, "replay-only", NULL, "only packets replayed to a new reader" },
	{ 'a', "all", NULL, "all devices in /dev/notify, also those that appear later" },
	{ 'F', "follow", NULL,
	  "wait for devices that are not present or are removed, also in a directory or with a "
	  "pattern" },
	{ 'n', "count", "COUNT", "exit after COUNT printed packets" },
	{ 't', "timeout", "SECONDS", "exit after this time, with 124 if COUNT was not reached" },
	{ OPTION_IDLE_TIMEOUT, "idle-timeout", "SECONDS",
	  "exit with 124 if no packet is printed for this time" },
	{ 'f', "format", FORMATS,
	  "text (default), json (an object per line), csv, vcd (waveform), raw (payloads), record (as "
	  "returned by read()), or none" },
	{ OPTION_FORMAT_STRING, "format-string", "FORMAT",
	  "a line like \"%E %l %{dropped}\": %o line's offset, %l name, %c chip, %E edge, %e its number, "
	  "%S seconds, %U UTC, %L local time, %{FIELD} a field" },
	{ 'w', "wall-clock", NULL, "print the time of day instead of the device's time" },
	{ 'd', "decode", "LAYOUT",
	  "layout of the packets, '[DEVICE:]TYPE NAME, TYPE[N] NAME...'; TYPE is u8 to u64, s8 to s64, "
	  "x8 to x64 or char" },
	{ OPTION_TIMESCALE, "timescale", "ns|us|ms", "unit of a waveform (default us)" },
	{ OPTION_EXEC, "exec", "COMMAND",
	  "run COMMAND, without a shell, for each packet, with fields in the environment (NOTIFY_EDGE) "
	  "and in place of {edge}; print no packets unless a format is given" },
	{ OPTION_JOBS, "jobs", "COUNT", "run up to COUNT commands at once (default 1)" },
	{ 'q', "queue", "PACKETS",
	  "queue length; when the queue is full, the oldest packet is dropped" },
	{ OPTION_BANNER, "banner", NULL, "report on standard error when all devices are open" },
	{ OPTION_MMAP, "mmap", NULL, "read the mapped ring" },
	{ OPTION_URING, "uring", NULL, "read by io_uring" },
	{ }
};

/* -- Arguments ------------------------------------------------------------- */

/* Print the text and mark the position of the error below it. */
static bool refuse_layout(const char *text, const struct layout_error *error)
{
	message("invalid --decode: %s", error->message);
	fprintf(stderr, "  %s\n  %*s^\n", text, (int)error->at, "");
	return false;
}

static bool parse_decoding(struct options *options, const char *arg)
{
	const char *colon = strchr(arg, ':');
	const char *text = colon ? colon + 1 : arg;
	struct decoding *decodings;
	struct layout_error error;
	struct decoding decoding;

	decoding.layout = layout_parse(text, &error);
	if (!decoding.layout) {
		error.at += text - arg;
		return refuse_layout(arg, &error);
	}
	decoding.device = colon ? strndup(arg, colon - arg) : NULL;
	decodings = realloc(options->decodings,
			    (options->decodings_count + 1) * sizeof(*decodings));
	if ((colon && !decoding.device) || !decodings) {
		message("out of memory");
		return false;
	}
	options->decodings = decodings;
	options->decodings[options->decodings_count++] = decoding;
	return true;
}

const struct layout *options_layout(const struct options *options, const char *device)
{
	const struct layout *all = NULL;
	size_t i;

	for (i = 0; i < options->decodings_count; i++) {
		const struct decoding *decoding = &options->decodings[i];

		if (!decoding->device)
			all = decoding->layout;
		else if (!strcmp(decoding->device, device))
			return decoding->layout;
	}
	return all;
}

/* -- Options --------------------------------------------------------------- */

static bool choose_reader(struct options *options, const struct reader *reader)
{
	options->reader = reader;
	return reader || report_error("built without liburing: --uring is not available");
}

static bool set_number(const char *what, const char *argument, uint32_t most, uint32_t *to)
{
	uint64_t number;

	if (!parse_number(what, argument, most, &number))
		return false;
	*to = number;
	return true;
}

struct parsing {
	struct options *options;
	bool given[OPTIONS_END];
};

static bool set_option(void *data, int id, const char *argument)
{
	struct parsing *parsing = data;
	struct options *options = parsing->options;

	parsing->given[id] = true;
	switch (id) {
	case 'l':
		return filter_add_lines(&options->filter, argument);
	case 'e':
		filter_set_edge(&options->filter, argument);
		return true;
	case OPTION_NEW:
		options->filter.no_replay = true;
		return true;
	case OPTION_REPLAY_ONLY:
		options->replay_only = true;
		return true;
	case 'a':
	case 'F':
		options->follow = true;
		return true;
	case 'n':
		return parse_number("count", argument, NO_LIMIT - 1, &options->count);
	case 't':
		return parse_seconds("timeout", argument, &options->timeout_ns);
	case OPTION_IDLE_TIMEOUT:
		return parse_seconds("idle timeout", argument, &options->idle_timeout_ns);
	case 'f':
		options->format = format_find(argument);
		return true;
	case OPTION_FORMAT_STRING:
		options->format = &string_format;
		return format_string_set(argument);
	case 'w':
		options->wall_clock = true;
		return true;
	case 'd':
		return parse_decoding(options, argument);
	case OPTION_TIMESCALE:
		options->timescale = timescale_find(argument);
		return true;
	case OPTION_EXEC:
		options->exec = argument;
		return true;
	case OPTION_JOBS:
		return set_number("number of jobs", argument, MAX_JOBS, &options->jobs);
	case 'q':
		return set_number("queue", argument, UINT32_MAX, &options->queue);
	case OPTION_BANNER:
		options->banner = true;
		return true;
	case OPTION_MMAP:
		return choose_reader(options, &mmap_reader);
	default:
		return choose_reader(options, uring_reader);
	}
}

/* -- Combinations ---------------------------------------------------------- */

/* Formats with which an option has an effect. */
static const struct {
	int option;
	const char *formats;
} rules[] = {
	/* A waveform has all lines of a packet. */
	{ 'l', "text|json|csv|raw|record|string|none" },
	{ 'e', "text|json|csv|raw|record|string|none" },
	{ 'w', "text|json|csv|string|none" },
	{ 'd', "text|json|csv|vcd|string|none" },
	{ OPTION_TIMESCALE, "vcd" },
};

/* The replay is read without waiting, from devices that are present. */
static const int exclusive[][2] = {
	{ OPTION_MMAP, OPTION_URING },
	{ OPTION_REPLAY_ONLY, 'F' },
	{ OPTION_REPLAY_ONLY, 'a' },
	{ OPTION_REPLAY_ONLY, 't' },
	{ OPTION_REPLAY_ONLY, OPTION_IDLE_TIMEOUT },
	{ OPTION_REPLAY_ONLY, OPTION_NEW },
	{ 'f', OPTION_FORMAT_STRING },
};

static const char *option_name(int id)
{
	return command_option(&read_command, id)->name;
}

/* Return true if an argument may be a device with this name. */
static bool may_read(const char *arg, const char *name)
{
	const char *slash = strrchr(arg, '/');
	struct search search;
	bool matches;

	if (!search_init(&search, arg))
		return true;
	if (!search.path)
		return !strcmp(slash ? slash + 1 : arg, name);
	matches = search_matches(&search, name);
	free(search.path);
	return matches;
}

static bool decoding_has_effect(const struct options *options, size_t index)
{
	const char *device = options->decodings[index].device;
	size_t i;

	for (i = 0; i < index; i++) {
		const char *other = options->decodings[i].device;

		if (device && other ? !strcmp(device, other) : device == other)
			return command_refuse(&read_command, "--decode twice for %s",
					      device ?: "all devices");
	}
	for (i = 0; device && i < options->devices_count; i++)
		if (may_read(options->devices[i], device))
			return true;
	return !device || command_refuse(&read_command, "--decode for %s, which is not read",
					 device);
}

static bool options_compatible(struct options *options, const bool *given)
{
	static char *all = NODES;
	const char *format = options->format->name;
	size_t i;

	if (given['a'] && options->devices_count)
		return command_refuse(&read_command, "--all and a device cannot be combined");
	if (given['a']) {
		options->devices = &all;
		options->devices_count = 1;
	}
	if (!options->devices_count)
		return command_refuse(&read_command, "no device");
	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (given[rules[i].option] && !word_is_in(rules[i].formats, format))
			return command_refuse(&read_command, "--%s has no effect on the format %s",
					      option_name(rules[i].option), format);
	for (i = 0; i < ARRAY_SIZE(exclusive); i++)
		if (given[exclusive[i][0]] && given[exclusive[i][1]])
			return command_refuse(&read_command, "--%s and --%s cannot be combined",
					      option_name(exclusive[i][0]),
					      option_name(exclusive[i][1]));
	if (given[OPTION_JOBS] && !given[OPTION_EXEC])
		return command_refuse(&read_command, "--jobs requires --exec");
	for (i = 0; i < options->decodings_count; i++)
		if (!decoding_has_effect(options, i))
			return false;
	return true;
}

bool parse_options(struct options *options, int argc, char **argv, enum exit_status *status)
{
	struct parsing parsing = { .options = options };
	int index;

	*options = (struct options){
		.reader = &read_reader,
		.count = NO_LIMIT,
		.timeout_ns = NO_LIMIT,
		.idle_timeout_ns = NO_LIMIT,
		.jobs = 1,
		.timescale = timescale_find("us"),
	};
	index = command_parse(&read_command, argc, argv, set_option, &parsing, status);
	if (index < 0)
		return false;
	if (!options->format)
		options->format = options->exec ? &none_format : &text_format;
	options->devices = argv + index;
	options->devices_count = argc - index;
	return options_compatible(options, parsing.given);
}

/* -- Command --------------------------------------------------------------- */

static enum exit_status read_devices(int argc, char **argv)
{
	enum exit_status status;
	struct options options;
	struct list list;

	if (!parse_options(&options, argc, argv, &status))
		return status;
	options.implicit = !command_is_named;
	if (!list_init(&list, &options))
		return EXIT_FAILED;
	return stream(&list);
}

const struct command read_command = {
	.name = "read",
	.usage = "[read] [OPTION]... DEVICE...\n"
		 "[read] [OPTION]... --all\n"
		 "list | attach | detach | stats | top [--help]",
	.text = "Print the packets of notify_multi devices as they arrive. The other commands\n"
		"list all devices, create and remove devices of GPIO lines, and show\n"
		"counters.\n"
		"\n"
		"DEVICE is a device node, the name of one in /dev/notify, a directory, or a\n"
		"quoted pattern.\n",
	.options = read_options,
	.more = "Examples:\n"
		"  notifycat buttons                                   print all packets\n"
		"  notifycat --new -l left -e rising -n 1 buttons      wait for an edge\n"
		"  notifycat -af json >>log                            record all devices\n"
		"  notifycat --new --exec 'echo {name} {edge}' buttons run a command for each packet\n"
		"\n"
		"Exit status: 0 if all requested packets were printed or the output was\n"
		"closed; 1 if a device cannot be read, all were removed, or a command of\n"
		"--exec failed; 2 on a usage error; 124 on a timeout. After SIGINT, SIGTERM\n"
		"or SIGHUP, notifycat completes its output and dies by the signal (128 +\n"
		"signal in a shell).\n",
	.run = read_devices,
	.words = device_words,
};
