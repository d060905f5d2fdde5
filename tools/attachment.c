// SPDX-License-Identifier: GPL-2.0
/*
 * Parser of the arguments of attach.
 */

#include "attachment.h"

#include "configfs.h"
#include "flush.h"
#include "message.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FOR_DEVICE = 1,
	FOR_LINES = 2,	/* For all lines if it is an option. */
};

/*
 * @name: Name of the option, and in the settings of a line.
 * @value: Value of an option without an argument; else NULL.
 * @words: Valid arguments; NULL if the kernel checks them.
 */
static const struct attach_setting {
	const char *name;
	const char *attribute;
	const char *value;
	const char *words;
	unsigned int scope;
} known_settings[] = {
	{ "edge", "edge", NULL, "rising falling both", FOR_DEVICE | FOR_LINES },
	{ "debounce", "debounce_ms", NULL, NULL, FOR_DEVICE | FOR_LINES },
	{ "name", "name", NULL, NULL, FOR_LINES },
	{ "active-low", "active_low", "1", NULL, FOR_LINES },
	{ "pull-up", "bias", "pull-up", NULL, FOR_LINES },
	{ "pull-down", "bias", "pull-down", NULL, FOR_LINES },
	{ "bias-disabled", "bias", "disabled", NULL, FOR_LINES },
	{ "clock", "clock", NULL, "monotonic boottime realtime", FOR_DEVICE },
	{ "max-packets", "max_packets", NULL, NULL, FOR_DEVICE },
	{ "max-requests", "max_requests", NULL, NULL, FOR_DEVICE },
	{ "replay", "replay", NULL, NULL, FOR_DEVICE },
	{ "mode", "mode", NULL, NULL, FOR_DEVICE },
	{ "wakeup", "wakeup", "1", NULL, FOR_DEVICE },
};

static void usage(FILE *out)
{
	fputs("Usage: notifycat attach [OPTION]... --label LABEL [CHIP] LINE[:SETTING,...]...\n"
	      "       notifycat attach --config FILE|DIRECTORY\n", out);
}

static void help(void)
{
	usage(stdout);
	fputs("\n"
	      "Create the device /dev/notify/LABEL of GPIO lines.\n"
	      "\n"
	      "CHIP is a number, gpiochipN, a path, or a label; the device waits for a label that is not\n"
	      "present. LINE is an offset in the chip, or a name. A line's SETTINGs are the options marked\n"
	      "with *, without \"--\", and name=NAME.\n"
	      "\n"
	      "      --label LABEL          name of the device\n"
	      "  -c, --chip CHIP            chip; all other arguments are lines\n"
	      "  -e, --edge EDGE          * rising, falling or both (default)\n"
	      "      --debounce TIME      * time for which a line must be quiet, in ms or as 5ms or 1s\n"
	      "      --active-low         * a line is active if it is low\n"
	      "      --pull-up, --pull-down, --bias-disabled\n"
	      "                           * resistor of the line\n"
	      "      --max-packets COUNT    length of each reader's queue\n"
	      "      --max-requests COUNT   limit of each reader's pending requests\n"
	      "      --replay COUNT         packets replayed to a new reader\n"
	      "      --clock CLOCK          monotonic (default), boottime or realtime\n"
	      "      --mode MODE            permissions of the node, in octal\n"
	      "      --wakeup               edges wake the system from suspend\n"
	      "      --config FILE|DIRECTORY\n"
	      "                             read these arguments from a file, or from each file *.conf\n"
	      "  -h, --help                 print this help\n"
	      "\n"
	      "Exit status: 0 if the device is attached or waits for its chip; 1 if it cannot be attached;\n"
	      "2 on a usage error.\n", stdout);
}

/* -- Values ---------------------------------------------------------------- */

static bool is_word(const char *words, const char *value)
{
	const size_t length = strlen(value);

	for (; *words; words += strspn(words, " ")) {
		if (strcspn(words, " ") == length && !strncmp(words, value, length))
			return true;
		words += strcspn(words, " ");
	}
	return false;
}

/* Convert "5", "5ms", "5000us" or "1s" to milliseconds. */
static bool get_milliseconds(const char *value, char text[VALUE_BYTES])
{
	unsigned long long number;
	char *unit;

	if (*value < '0' || *value > '9')
		return false;
	errno = 0;
	number = strtoull(value, &unit, 10);
	if (errno || number > UINT32_MAX)
		return false;
	if (!strcmp(unit, "us") && number % 1000 == 0)
		number /= 1000;
	else if (!strcmp(unit, "s"))
		number *= 1000;
	else if (*unit && strcmp(unit, "ms"))
		return false;
	snprintf(text, VALUE_BYTES, "%llu", number);
	return true;
}

static bool get_value(const struct attach_setting *known, const char *value,
		      char text[VALUE_BYTES])
{
	if (!strcmp(known->name, "debounce"))
		return get_milliseconds(value, text);
	if (known->words && !is_word(known->words, value))
		return false;
	return snprintf(text, VALUE_BYTES, "%s", value) < VALUE_BYTES;
}

bool settings_have(const struct settings *settings, const char *attribute)
{
	size_t i;

	for (i = 0; i < settings->count; i++)
		if (!strcmp(settings->list[i].attribute, attribute))
			return true;
	return false;
}

/* There are fewer attributes than MAX_SETTINGS. */
static bool add_setting(struct settings *settings, const struct attach_setting *known,
			const char *value)
{
	struct setting *setting = &settings->list[settings->count];

	if (settings_have(settings, known->attribute))
		return report_error("%s: %s is already set", known->name, known->attribute);
	if (!get_value(known, value, setting->value))
		return report_error("invalid %s \"%s\"", known->name, value);
	setting->attribute = known->attribute;
	settings->count++;
	return true;
}

/* -- Lines ----------------------------------------------------------------- */

static bool add_line_setting(struct attach_line *line, char *text)
{
	const struct attach_setting *known = known_settings;
	char *value = strchr(text, '=');
	size_t i;

	if (value)
		*value++ = '\0';
	for (i = 0; i < ARRAY_SIZE(known_settings); i++, known++)
		if (known->scope & FOR_LINES && !strcmp(known->name, text))
			break;
	if (i == ARRAY_SIZE(known_settings))
		return report_error("line %s: unknown setting \"%s\"", line->name, text);
	if (!value == !known->value)
		return report_error("line %s: %s %s", line->name, text,
				    value ? "has no value" : "needs a value");
	return add_setting(&line->settings, known, value ?: known->value);
}

static bool parse_offset(struct attach_line *line)
{
	unsigned long offset;
	char *end;

	line->offset = BY_NAME;
	if (!*line->name)
		return report_error("empty name of a line");
	if (strspn(line->name, "0123456789") != strlen(line->name))
		return true;
	errno = 0;
	offset = strtoul(line->name, &end, 10);
	if (errno || offset >= BY_NAME)
		return report_error("invalid line \"%s\"", line->name);
	line->offset = offset;
	return true;
}

bool attachment_add_line(struct attachment *attachment, char *arg)
{
	struct attach_line *line = &attachment->lines[attachment->lines_count];
	char *settings = strchr(arg, ':'), *one;

	if (attachment->lines_count == MAX_LINES)
		return report_error("more than %u lines", MAX_LINES);
	if (settings)
		*settings++ = '\0';
	*line = (struct attach_line){ .name = arg };
	if (!parse_offset(line))
		return false;
	while ((one = strsep(&settings, ",")))
		if (!add_line_setting(line, one))
			return false;
	attachment->lines_count++;
	return true;
}

/* -- Options --------------------------------------------------------------- */

/* Options without a letter; those above are indexes in known_settings. */
enum {
	OPTION_LABEL = 256,
	OPTION_CONFIG,
	OPTION_SETTING,
};

/* "name" is only a setting of a line. */
static void get_long_options(struct option *options)
{
	static const struct option others[] = {
		{ "label", required_argument, NULL, OPTION_LABEL },
		{ "chip", required_argument, NULL, 'c' },
		{ "config", required_argument, NULL, OPTION_CONFIG },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known_settings); i++) {
		if (!strcmp(known_settings[i].name, "name"))
			continue;
		*options++ = (struct option){
			.name = known_settings[i].name,
			.has_arg = known_settings[i].value ? no_argument : required_argument,
			.val = OPTION_SETTING + i,
		};
	}
	memcpy(options, others, sizeof(others));
}

static bool set_label(struct attachment *attachment, const char *label)
{
	if (!config_is_label(label) ||
	    snprintf(attachment->label, LABEL_BYTES, "%s", label) >= LABEL_BYTES)
		return report_error("invalid label \"%s\"", label);
	return true;
}

static bool parse_setting(struct attachment *attachment, size_t index, const char *value)
{
	const struct attach_setting *known = &known_settings[index];

	return add_setting(known->scope & FOR_DEVICE ? &attachment->settings :
			   &attachment->line_settings, known, value ?: known->value);
}

static bool parse_option(struct attachment *attachment, int option)
{
	switch (option) {
	case OPTION_LABEL:
		return set_label(attachment, optarg);
	case OPTION_CONFIG:
		attachment->config = optarg;
		return true;
	case 'c':
		attachment->chip = optarg;
		return true;
	case 'e':
		return parse_setting(attachment, 0, optarg);
	case '?':
		if (!attachment->file)
			usage(stderr);
		return false;
	default:
		return parse_setting(attachment, option - OPTION_SETTING, optarg);
	}
}

/* The label of a file defaults to its name. */
static bool is_complete(const struct attachment *attachment)
{
	const bool others = attachment->args_count || attachment->chip || *attachment->label ||
			    attachment->settings.count || attachment->line_settings.count;

	if (attachment->config && attachment->file)
		return report_error("--config in a file");
	if (attachment->config && others)
		return report_error("--config cannot be combined with others");
	if (attachment->config)
		return true;
	if (!attachment->args_count)
		return report_error("no line");
	return *attachment->label || report_error("no --label");
}

bool attachment_parse(struct attachment *attachment, int argc, char **argv,
		      enum exit_status *status)
{
	struct option long_options[ARRAY_SIZE(known_settings) + 8];
	int option;

	get_long_options(long_options);
	*status = EXIT_USAGE;
	optind = 0;
	while ((option = getopt_long(argc, argv, "c:e:h", long_options, NULL)) != -1) {
		if (option == 'h') {
			help();
			*status = flush_output() == FLUSH_OK ? EXIT_OK : EXIT_FAILED;
			return false;
		}
		if (!parse_option(attachment, option))
			return false;
	}
	attachment->args = argv + optind;
	attachment->args_count = argc - optind;
	if (is_complete(attachment))
		return true;
	if (!attachment->file)
		usage(stderr);
	return false;
}
