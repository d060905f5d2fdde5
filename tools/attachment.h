/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arguments of attach: a device of notify_gpio and its lines.
 */
#ifndef ATTACHMENT_H
#define ATTACHMENT_H

#include "notifycat.h"

#define MAX_LINES	64
#define MAX_SETTINGS	12
#define VALUE_BYTES	64
#define LABEL_BYTES	256
#define BY_NAME		UINT32_MAX

/* @attribute: Name in configfs. */
struct setting {
	const char *attribute;
	char value[VALUE_BYTES];
};

struct settings {
	struct setting list[MAX_SETTINGS];
	size_t count;
};

/*
 * @name: Name of the line, or its offset as text.
 * @offset: Index of the line in its chip, or BY_NAME.
 */
struct attach_line {
	const char *name;
	uint32_t offset;
	struct settings settings;
};

/*
 * @file: Path of the file that contains the arguments, or NULL.
 * @config: Argument of --config, or NULL.
 * @label: Empty if not given.
 * @args: Arguments that are not options: lines, or a chip and lines.
 * @settings: Settings of the device.
 * @line_settings: Settings of the lines that do not have their own.
 */
struct attachment {
	const char *file;
	const char *config;
	char label[LABEL_BYTES];
	const char *chip;
	char **args;
	size_t args_count;
	struct settings settings;
	struct settings line_settings;
	struct attach_line lines[MAX_LINES];
	size_t lines_count;
};

bool settings_have(const struct settings *settings, const char *attribute);

/* Parse all arguments but the lines. Return false if the program must exit with *status. */
bool attachment_parse(struct attachment *attachment, int argc, char **argv,
		      enum exit_status *status);

/* Parse "LINE[:SETTING,...]", which is modified. Return false after reporting an error. */
bool attachment_add_line(struct attachment *attachment, char *arg);

#endif /* ATTACHMENT_H */
