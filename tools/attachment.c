// SPDX-License-Identifier: GPL-2.0
/*
 * Parser of the arguments of attach.
 */

#include "attachment.h"

#include "attach.h"
#include "command.h"
#include "configfs.h"
#include "device_words.h"
#include "message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FOR_DEVICE = 1,
	FOR_LINES = 2,	/* For all lines if it is an option. */
};

/*
 * Settings of a line; those that are options too have the same name.
 *
 * @value: Value of a setting without an argument; else NULL.
 */
static const struct attach_setting {
	const char *name;
	const char *attribute;
	const char *value;
	unsigned int scope;
} known_settings[] = {
	{ "edge", "edge", NULL, FOR_DEVICE | FOR_LINES },
	{ "debounce", "debounce_ms", NULL, FOR_DEVICE | FOR_LINES },
	{ "name", "name", NULL, FOR_LINES },
	{ "active-low", "active_low", "1", FOR_LINES },
	{ "pull-up", "bias", "pull-up", FOR_LINES },
	{ "pull-down", "bias", "pull-down", FOR_LINES },
	{ "bias-disabled", "bias", "disabled", FOR_LINES },
	{ "clock", "clock", NULL, FOR_DEVICE },
	{ "max-packets", "max_packets", NULL, FOR_DEVICE },
	{ "max-requests", "max_requests", NULL, FOR_DEVICE },
	{ "replay", "replay", NULL, FOR_DEVICE },
	{ "mode", "mode", NULL, FOR_DEVICE },
	{ "wakeup", "wakeup", "1", FOR_DEVICE },
};

#define EDGES	"rising|falling|both"

/* Options without a letter. */
enum {
	OPTION_LABEL = OPTION_FIRST,
	OPTION_CONFIG,
	OPTION_DEBOUNCE,
	OPTION_ACTIVE_LOW,
	OPTION_PULL_UP,
	OPTION_PULL_DOWN,
	OPTION_BIAS_DISABLED,
	OPTION_MAX_PACKETS,
	OPTION_MAX_REQUESTS,
	OPTION_REPLAY,
	OPTION_CLOCK,
	OPTION_MODE,
	OPTION_WAKEUP,
};

static const struct command_option attach_options[] = {
	{ OPTION_LABEL, "label", "LABEL", "name of the device" },
	{ 'c', "chip", "CHIP", "chip; all other arguments are lines" },
	{ 'e', "edge", EDGES, "* edges to report (default both)" },
	{ OPTION_DEBOUNCE, "debounce", "TIME",
	  "* time for which a line must be quiet, in ms or as 5ms or 1s" },
	{ OPTION_ACTIVE_LOW, "active-low", NULL, "* a line is active if it is low" },
	{ OPTION_PULL_UP, "pull-up", NULL, "* resistor of the line" },
	{ OPTION_PULL_DOWN, "pull-down", NULL, "* the same" },
	{ OPTION_BIAS_DISABLED, "bias-disabled", NULL, "* no resistor" },
	{ OPTION_MAX_PACKETS, "max-packets", "COUNT", "length of each reader's queue" },
	{ OPTION_MAX_REQUESTS, "max-requests", "COUNT", "limit of each reader's pending requests" },
	{ OPTION_REPLAY, "replay", "COUNT", "packets replayed to a new reader" },
	{ OPTION_CLOCK, "clock", "monotonic|boottime|realtime",
	  "clock of the timestamps (default monotonic)" },
	{ OPTION_MODE, "mode", "MODE", "permissions of the node, in octal" },
	{ OPTION_WAKEUP, "wakeup", NULL, "edges wake the system from suspend" },
	{ OPTION_CONFIG, "config", "FILE|DIRECTORY",
	  "read these arguments from a file, or from each file *.conf" },
	{ }
};

/* -- Values ---------------------------------------------------------------- */

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
	if (!strcmp(known->name, "edge") && !word_is_in(EDGES, value))
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

static const struct attach_setting *find_setting(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known_settings); i++)
		if (!strcmp(known_settings[i].name, name))
			return &known_settings[i];
	return NULL;
}

static bool add_line_setting(struct attach_line *line, char *text)
{
	const struct attach_setting *known;
	char *value = strchr(text, '=');

	if (value)
		*value++ = '\0';
	known = find_setting(text);
	if (!known || !(known->scope & FOR_LINES))
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

static bool set_label(struct attachment *attachment, const char *label)
{
	if (!config_is_label(label) ||
	    snprintf(attachment->label, LABEL_BYTES, "%s", label) >= LABEL_BYTES)
		return report_error("invalid label \"%s\"", label);
	return true;
}

static bool parse_option(void *data, int id, const char *argument)
{
	struct attachment *attachment = data;
	const struct attach_setting *known;

	switch (id) {
	case OPTION_LABEL:
		return set_label(attachment, argument);
	case OPTION_CONFIG:
		attachment->config = argument;
		return true;
	case 'c':
		attachment->chip = argument;
		return true;
	default:
		known = find_setting(command_option(&attach_command, id)->name);
		return add_setting(known->scope & FOR_DEVICE ? &attachment->settings :
				   &attachment->line_settings, known, argument ?: known->value);
	}
}

static bool refuse(const char *problem)
{
	return command_refuse(&attach_command, "%s", problem);
}

/* The label of a file defaults to its name. */
static bool is_complete(const struct attachment *attachment)
{
	const bool others = attachment->args_count || attachment->chip || *attachment->label ||
			    attachment->settings.count || attachment->line_settings.count;

	if (attachment->config && attachment->file)
		return refuse("--config in a file");
	if (attachment->config && others)
		return refuse("--config cannot be combined with others");
	if (attachment->config)
		return true;
	if (!attachment->args_count)
		return refuse("no line");
	return *attachment->label || refuse("no --label");
}

bool attachment_parse(struct attachment *attachment, int argc, char **argv,
		      enum exit_status *status)
{
	int index;

	index = command_parse(&attach_command, argc, argv, parse_option, attachment, status);
	if (index < 0)
		return false;
	attachment->args = argv + index;
	attachment->args_count = argc - index;
	return is_complete(attachment);
}

/* -- Command --------------------------------------------------------------- */

const struct command attach_command = {
	.name = "attach",
	.usage = "attach [OPTION]... --label LABEL [CHIP] LINE[:SETTING,...]...\n"
		 "attach --config FILE|DIRECTORY",
	.text = "Create the device /dev/notify/LABEL of GPIO lines.\n"
		"\n"
		"CHIP is a number, gpiochipN, a path, or a label; the device waits for a\n"
		"label that is not present. LINE is an offset in the chip, or a name. A\n"
		"line's SETTINGs are the options marked with *, without \"--\", and\n"
		"name=NAME.\n",
	.options = attach_options,
	.more = "Example:\n"
		"  notifycat attach gpiochip0 17:name=left 27:name=right --label buttons \\\n"
		"          --active-low --pull-up --debounce 5ms\n"
		"\n"
		"Exit status: 0 if the device is attached or waits for its chip; 1 if it\n"
		"cannot be attached; 2 on a usage error.\n",
	.run = attach,
	.words = chip_words,
};
