// SPDX-License-Identifier: GPL-2.0
/*
 * Parser of the command line.
 */

#include "options.h"

#include "flush.h"
#include "format.h"
#include "formats.h"
#include "layout_parse.h"
#include "message.h"
#include "reader.h"
#include "search.h"
#include "timescale.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Options without a letter. */
enum {
	OPTION_REPLAY_ONLY = 256,
	OPTION_MMAP,
	OPTION_URING,
	OPTION_INFO,
	OPTION_STATS,
	OPTION_TIMESCALE,
	OPTION_VERSION,
};

static const struct option long_options[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "count", required_argument, NULL, 'n' },
	{ "timeout", required_argument, NULL, 't' },
	{ "wall-clock", no_argument, NULL, 'w' },
	{ "decode", required_argument, NULL, 'd' },
	{ "follow", no_argument, NULL, 'F' },
	{ "queue", required_argument, NULL, 'q' },
	{ "replay-only", no_argument, NULL, OPTION_REPLAY_ONLY },
	{ "mmap", no_argument, NULL, OPTION_MMAP },
	{ "uring", no_argument, NULL, OPTION_URING },
	{ "info", no_argument, NULL, OPTION_INFO },
	{ "stats", no_argument, NULL, OPTION_STATS },
	{ "timescale", required_argument, NULL, OPTION_TIMESCALE },
	{ "batch", no_argument, NULL, 'b' },
	{ "interval", required_argument, NULL, 'i' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ }
};

static void usage(FILE *out)
{
	fputs("Usage: notifycat [OPTION]... DEVICE...\n"
	      "       notifycat --info | --stats [-f text|json] DEVICE...\n"
	      "       notifycat top [-b [-f text|json]] [-i SECONDS] [-n COUNT] [-t SECONDS] [DEVICE]...\n"
	      "       notifycat attach | detach | list [--help]\n",
	      out);
}

static void help(void)
{
	usage(stdout);
	fputs("\n"
	      "Print the packets of notify_multi devices as they arrive, the properties or counters of\n"
	      "devices, or a table of all devices and their readers. attach and detach create and remove\n"
	      "devices of GPIO lines, list prints all devices.\n"
	      "\n"
	      "DEVICE is a device node, the name of one in /dev/notify, a directory, or a quoted pattern.\n"
	      "\n"
	      "  -f, --format FORMAT      text (default), json (an object per line), csv, vcd (waveform),\n"
	      "                           raw (payloads) or record (as returned by read())\n"
	      "  -n, --count COUNT        exit after COUNT packets\n"
	      "  -t, --timeout SECONDS    exit after this time, with status 3 if COUNT was not reached\n"
	      "  -w, --wall-clock         print the time of day instead of the device's time\n"
	      "  -d, --decode [DEVICE:]'TYPE NAME, TYPE[N] NAME...'\n"
	      "                           layout of the packets; TYPE is u8 to u64, s8 to s64, x8 to x64\n"
	      "                           or char\n"
	      "  -F, --follow             wait for devices that are not present or are removed, also in a\n"
	      "                           directory or with a pattern\n"
	      "  -q, --queue PACKETS      queue length; when the queue is full, the oldest packet is dropped\n"
	      "      --replay-only        print only the packets replayed to a new reader\n"
	      "      --mmap, --uring      read the mapped ring, or read by io_uring\n"
	      "      --timescale UNIT     unit of a waveform: ns, us (default) or ms\n"
	      "      --info, --stats      print the properties, or the counters, of the devices\n"
	      "  -b, --batch              top: print tables instead of a screen\n"
	      "  -i, --interval SECONDS   top: time between updates (default 1)\n"
	      "  -h, --help               print this help\n"
	      "      --version            print the version\n"
	      "\n"
	      "Exit status: 0 if all requested packets were printed or the output was closed; 1 if a device\n"
	      "cannot be read or all were removed; 2 on a usage error; 3 on a timeout before COUNT packets\n"
	      "arrived. After SIGINT, SIGTERM or SIGHUP, notifycat completes its output and dies by the\n"
	      "signal.\n", stdout);
}

/* -- Arguments ------------------------------------------------------------- */

static bool refuse(const char *what, const char *arg)
{
	message("%s \"%s\"", what, arg);
	return false;
}

static bool parse_number(const char *what, const char *arg, uint64_t most, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = isdigit((unsigned char)*arg) ? strtoull(arg, &end, 10) : 0;
	if (!*number || errno || *end || *number > most)
		return refuse(what, arg);
	return true;
}

/* Parse a decimal fraction; strtod() would use the decimal point of the locale. */
static bool parse_seconds(const char *what, const char *arg, uint64_t *ns)
{
	const char *c = arg;
	uint64_t seconds = 0, fraction = 0, unit = NS_PER_SECOND;

	if (!isdigit((unsigned char)*c) && *c != '.')
		return refuse(what, arg);
	for (; isdigit((unsigned char)*c) && seconds < 1000000000; c++)
		seconds = seconds * 10 + (*c - '0');
	if (*c == '.')
		for (c++; isdigit((unsigned char)*c); c++) {
			unit /= 10;
			fraction += (*c - '0') * unit;
		}
	*ns = seconds * NS_PER_SECOND + fraction;
	if (*c || !*ns)
		return refuse(what, arg);
	return true;
}

static bool parse_format(const char *arg, const struct format **format)
{
	*format = format_find(arg);
	return *format || refuse("unknown format", arg);
}

static bool parse_timescale(const char *arg, const struct timescale **timescale)
{
	*timescale = timescale_find(arg);
	return *timescale || refuse("unknown timescale", arg);
}

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
	if (!reader) {
		message("built without liburing: --uring is not available");
		return false;
	}
	options->reader = reader;
	return true;
}

static bool parse_option(struct options *options, int option)
{
	uint64_t number;

	switch (option) {
	case 'f':
		return parse_format(optarg, &options->format);
	case 'n':
		return parse_number("invalid count", optarg, NO_LIMIT - 1, &options->count);
	case 't':
		return parse_seconds("invalid timeout", optarg, &options->timeout_ns);
	case 'w':
		options->wall_clock = true;
		return true;
	case 'd':
		return parse_decoding(options, optarg);
	case 'F':
		options->follow = true;
		return true;
	case 'q':
		if (!parse_number("invalid queue", optarg, UINT32_MAX, &number))
			return false;
		options->queue = number;
		return true;
	case OPTION_REPLAY_ONLY:
		options->replay_only = true;
		return true;
	case OPTION_MMAP:
		return choose_reader(options, &mmap_reader);
	case OPTION_URING:
		return choose_reader(options, uring_reader);
	case OPTION_TIMESCALE:
		return parse_timescale(optarg, &options->timescale);
	case OPTION_INFO:
		options->info = true;
		return true;
	case OPTION_STATS:
		options->stats = true;
		return true;
	case 'b':
		options->batch = true;
		return true;
	case 'i':
		return parse_seconds("invalid interval", optarg, &options->interval_ns);
	default:
		usage(stderr);
		return false;
	}
}

/* -- Combinations ---------------------------------------------------------- */

enum {
	USE_READ = 1,
	USE_REPORT = 2,
	USE_TOP = 4,
};

/*
 * @uses: Uses in which the option has an effect.
 * @formats: Formats with which it has an effect; NULL for all.
 */
static const struct rule {
	int option;
	unsigned int uses;
	const char *formats;
} rules[] = {
	{ 'f', USE_READ | USE_REPORT | USE_TOP, NULL },
	{ 'n', USE_READ | USE_TOP, NULL },
	{ 't', USE_READ | USE_TOP, NULL },
	{ 'w', USE_READ, "text json csv" },
	{ 'd', USE_READ, "text json csv vcd" },
	{ 'F', USE_READ, NULL },
	{ 'q', USE_READ, NULL },
	{ OPTION_REPLAY_ONLY, USE_READ, NULL },
	{ OPTION_MMAP, USE_READ, NULL },
	{ OPTION_URING, USE_READ, NULL },
	{ OPTION_TIMESCALE, USE_READ, "vcd" },
	{ OPTION_INFO, USE_REPORT, NULL },
	{ OPTION_STATS, USE_REPORT, NULL },
	{ 'b', USE_TOP, NULL },
	{ 'i', USE_TOP, NULL },
};

/* The replay is read without waiting, from devices that are present. */
static const int exclusive[][2] = {
	{ OPTION_MMAP, OPTION_URING },
	{ OPTION_REPLAY_ONLY, 'F' },
	{ OPTION_REPLAY_ONLY, 't' },
};

static bool refuse_use(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static bool refuse_use(const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	message("%s", text);
	usage(stderr);
	return false;
}

static const char *option_name(int option)
{
	const struct option *long_option = long_options;

	while (long_option->val != option)
		long_option++;
	return long_option->name;
}

static bool follows_rule(const struct options *options, const struct rule *rule)
{
	const char *name = option_name(rule->option);
	const char *format = options->format->name;

	if (options->top && !(rule->uses & USE_TOP))
		return refuse_use("--%s cannot be used with top", name);
	if (options->top)
		return true;
	if (options->info || options->stats)
		return rule->uses & USE_REPORT ||
		       refuse_use("--%s cannot be used with --info or --stats", name);
	if (!(rule->uses & USE_READ))
		return refuse_use("--%s requires top", name);
	return !rule->formats || strstr(rule->formats, format) ||
	       refuse_use("--%s has no effect on the format %s", name, format);
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
			return refuse_use("--decode twice for %s", device ?: "all devices");
	}
	for (i = 0; device && i < options->devices_count; i++)
		if (may_read(options->devices[i], device))
			return true;
	return !device || refuse_use("--decode for %s, which is not read", device);
}

static bool options_compatible(const struct options *options, const bool *given)
{
	const bool only_text = options->top || options->info || options->stats;
	size_t i;

	if (!options->top && !options->devices_count) {
		usage(stderr);
		return false;
	}
	for (i = 0; i < ARRAY_SIZE(rules); i++)
		if (given[rules[i].option] && !follows_rule(options, &rules[i]))
			return false;
	for (i = 0; i < ARRAY_SIZE(exclusive); i++)
		if (given[exclusive[i][0]] && given[exclusive[i][1]])
			return refuse_use("--%s and --%s cannot be combined",
					  option_name(exclusive[i][0]),
					  option_name(exclusive[i][1]));
	for (i = 0; i < options->decodings_count; i++)
		if (!decoding_has_effect(options, i))
			return false;
	if (only_text && options->format != &text_format && options->format != &json_format)
		return refuse_use("--info, --stats and top support only text and json");
	if (options->top && given['f'] && !options->batch)
		return refuse_use("top: --format requires --batch");
	return true;
}

bool parse_options(struct options *options, int argc, char **argv, enum exit_status *status)
{
	bool given[OPTION_VERSION + 1] = { };
	int option;

	*options = (struct options){
		.format = &text_format,
		.reader = &read_reader,
		.count = NO_LIMIT,
		.timeout_ns = NO_LIMIT,
		.interval_ns = NS_PER_SECOND,
		.timescale = timescale_find("us"),
	};
	*status = EXIT_USAGE;
	if (argc > 1 && !strcmp(argv[1], "top")) {
		options->top = true;
		argv++;
		argc--;
	}
	while ((option = getopt_long(argc, argv, "f:n:t:wd:Fq:bi:h", long_options, NULL)) != -1) {
		if (option == 'h' || option == OPTION_VERSION) {
			if (option == 'h')
				help();
			else
				puts("notifycat " NOTIFY_MULTI_VERSION);
			*status = flush_output() == FLUSH_OK ? EXIT_OK : EXIT_FAILED;
			return false;
		}
		if (!parse_option(options, option))
			return false;
		given[option] = true;
	}
	options->devices = argv + optind;
	options->devices_count = argc - optind;
	return options_compatible(options, given);
}
