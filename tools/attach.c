// SPDX-License-Identifier: GPL-2.0
/*
 * notifycat attach: create a device of notify_gpio, through configfs.
 */

#include "attach.h"

#include "attachment.h"
#include "attach_file.h"
#include "chip.h"
#include "configfs.h"
#include "message.h"

#include <ctype.h>
#include <errno.h>
#include <linux/notify_gpio.h>
#include <stdio.h>
#include <string.h>

/*
 * A line as the kernel finds it.
 *
 * @key: Label of the chip, or if @offset is negative, name of the line.
 * @chip, @chip_offset: The line, if it is present; else @chip is NULL.
 */
struct target {
	const char *key;
	int64_t offset;
	const struct chip *chip;
	uint32_t chip_offset;
};

/* -- Chip and lines -------------------------------------------------------- */

static bool is_offset(const char *arg)
{
	const size_t digits = strspn(arg, "0123456789");

	return digits && (!arg[digits] || arg[digits] == ':');
}

static bool offset_follows(const struct attachment *attachment)
{
	size_t i;

	for (i = 1; i < attachment->args_count; i++)
		if (is_offset(attachment->args[i]))
			return true;
	return false;
}

/*
 * Without --chip, the first argument is the chip if it cannot be a line, is the label of a chip, or
 * is followed by an offset. *@chip is NULL if there is no such chip.
 */
static bool take_chip(struct attachment *attachment, const struct chips *chips,
		      const struct chip **chip)
{
	const char *arg = attachment->chip ?: attachment->args[0];
	enum found found = chips_find(chips, arg, chip);

	if (found == FIND_FAILED)
		return false;
	if (attachment->chip || (found == NOT_FOUND && !offset_follows(attachment)))
		return true;
	attachment->chip = arg;
	attachment->args++;
	attachment->args_count--;
	return true;
}

static bool take_lines(struct attachment *attachment)
{
	size_t i;

	if (!attachment->args_count)
		return report_error("no line");
	for (i = 0; i < attachment->args_count; i++)
		if (!attachment_add_line(attachment, attachment->args[i]))
			return false;
	return true;
}

static bool find_offset(const struct attachment *attachment, const struct attach_line *line,
			const struct chip *chip, struct target *target)
{
	if (chip && line->offset >= chip->info.lines)
		return report_error("%s: no line %u, %s has %u", attachment->chip, line->offset,
				    chip->info.name, chip->info.lines);
	target->key = chip ? chip->info.label : attachment->chip;
	target->offset = line->offset;
	target->chip = chip;
	target->chip_offset = line->offset;
	return true;
}

/* The kernel finds a line by name on any chip. */
static bool find_name(const struct attachment *attachment, const struct attach_line *line,
		      const struct chips *chips, const struct chip *chip, struct target *target)
{
	switch (chips_find_line(chips, chip, line->name, &target->chip, &target->chip_offset)) {
	case FOUND:
		target->key = chip ? chip->info.label : line->name;
		target->offset = chip ? (int64_t)target->chip_offset : -1;
		return true;
	case NOT_FOUND:
		if (chip)
			return report_error("%s: no line \"%s\"", attachment->chip, line->name);
		target->key = line->name;
		target->offset = -1;
		return true;
	default:
		return false;
	}
}

static bool same_line(const struct target *a, const struct target *b)
{
	if (a->chip)
		return a->chip == b->chip && a->chip_offset == b->chip_offset;
	return !b->chip && a->offset == b->offset && !strcmp(a->key, b->key);
}

static bool find_line(const struct attachment *attachment, const struct chips *chips,
		      const struct chip *chip, size_t index, struct target *targets)
{
	const struct attach_line *line = &attachment->lines[index];
	struct target *target = &targets[index];
	size_t i;

	if (line->offset == BY_NAME && attachment->chip && !chip)
		return report_error("%s is not present: line %s needs an offset",
				    attachment->chip, line->name);
	if (!(line->offset == BY_NAME ? find_name(attachment, line, chips, chip, target) :
	      find_offset(attachment, line, chip, target)))
		return false;
	for (i = 0; i < index; i++)
		if (same_line(&targets[i], target))
			return report_error("line %s twice", line->name);
	return true;
}

/* -- configfs -------------------------------------------------------------- */

static bool write_failed(const struct attachment *attachment, const char *line,
			 const struct setting *setting, int error)
{
	return report_error("%s: %s%s%s \"%s\": %s", attachment->label, line ?: "",
			    line ? " " : "", setting->attribute, setting->value,
			    strerror(error));
}

static bool write_setting(const struct attachment *attachment, const char *line,
			  const struct setting *setting)
{
	int error = config_write(attachment->label, line, setting->attribute, setting->value);

	return !error || write_failed(attachment, line, setting, error);
}

static bool write_settings(const struct attachment *attachment, const char *line,
			   const struct settings *settings)
{
	size_t i;

	for (i = 0; i < settings->count; i++)
		if (!write_setting(attachment, line, &settings->list[i]))
			return false;
	return true;
}

/* A line that is given by name keeps it for the readers, if the kernel accepts it. */
static bool write_name(const struct attachment *attachment, const char *line,
		       const struct attach_line *given)
{
	struct setting name = { .attribute = "name" };
	const char *c;

	if (given->offset != BY_NAME || settings_have(&given->settings, "name") ||
	    strlen(given->name) >= NOTIFY_GPIO_NAME_SIZE)
		return true;
	for (c = given->name; *c; c++)
		if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c))
			return true;
	snprintf(name.value, sizeof(name.value), "%s", given->name);
	return write_setting(attachment, line, &name);
}

static bool write_line(const struct attachment *attachment, size_t index,
		       const struct target *target)
{
	struct setting offset = { .attribute = "offset" };
	char line[16];
	int error;

	snprintf(line, sizeof(line), "line%u", (unsigned int)index);
	error = config_create(attachment->label, line);
	if (!error)
		error = config_write(attachment->label, line, "key", target->key);
	if (error)
		return report_error("%s: %s \"%s\": %s", attachment->label, line, target->key,
				    strerror(error));
	snprintf(offset.value, sizeof(offset.value), "%lld", (long long)target->offset);
	return write_setting(attachment, line, &offset) &&
	       write_name(attachment, line, &attachment->lines[index]) &&
	       write_settings(attachment, line, &attachment->line_settings) &&
	       write_settings(attachment, line, &attachment->lines[index].settings);
}

/* Report the user of a busy line, else the error. */
static bool enable_failed(const struct attachment *attachment, const struct target *targets,
			  int error)
{
	struct gpio_v2_line_info info;
	size_t i;

	for (i = 0; i < attachment->lines_count && error == EBUSY; i++)
		if (targets[i].chip &&
		    chip_line_used(targets[i].chip, targets[i].chip_offset, &info))
			return report_error("%s: line %s is in use by \"%s\"",
					    attachment->label, attachment->lines[i].name,
					    info.consumer);
	if (error == EEXIST)
		return report_error("%s: another device has this label", attachment->label);
	return report_error("%s: %s (see dmesg)", attachment->label, strerror(error));
}

static bool enable(const struct attachment *attachment, const struct target *targets)
{
	char status[CONFIG_BYTES];
	int error;

	error = config_write(attachment->label, NULL, "live", "1");
	if (error)
		return enable_failed(attachment, targets, error);
	if (!config_read(attachment->label, NULL, "status", status) && strcmp(status, "active"))
		message("%s: %s", attachment->label, status);
	return true;
}

static bool create(const struct attachment *attachment, const struct target *targets)
{
	size_t i;

	if (!write_settings(attachment, NULL, &attachment->settings))
		return false;
	for (i = 0; i < attachment->lines_count; i++)
		if (!write_line(attachment, i, &targets[i]))
			return false;
	return enable(attachment, targets);
}

/* A device that cannot be created leaves nothing behind. */
static bool create_or_remove(const struct attachment *attachment, const struct target *targets)
{
	int error = config_create(attachment->label, NULL);

	if (error == EEXIST)
		return report_error("%s: already attached", attachment->label);
	if (error == EINVAL)
		return report_error("%s: invalid label", attachment->label);
	if (error)
		return report_error("%s: %s", attachment->label, strerror(error));
	if (create(attachment, targets))
		return true;
	error = config_remove(attachment->label);
	if (error)
		message("%s: cannot remove: %s", attachment->label, strerror(error));
	return false;
}

/* -- Command --------------------------------------------------------------- */

static enum exit_status attach_lines(struct attachment *attachment, const struct chips *chips)
{
	struct target targets[MAX_LINES] = { };
	const struct chip *chip;
	size_t i;

	if (!take_chip(attachment, chips, &chip))
		return EXIT_FAILED;
	if (!take_lines(attachment))
		return EXIT_USAGE;
	for (i = 0; i < attachment->lines_count; i++)
		if (!find_line(attachment, chips, chip, i, targets))
			return EXIT_FAILED;
	return config_begin() && create_or_remove(attachment, targets) ? EXIT_OK : EXIT_FAILED;
}

static enum exit_status attach_one(struct attachment *attachment)
{
	enum exit_status status = EXIT_FAILED;
	struct chips chips;

	if (chips_open(&chips))
		status = attach_lines(attachment, &chips);
	chips_close(&chips);
	return status;
}

enum exit_status attach(int argc, char **argv)
{
	static struct attachment attachment;
	enum exit_status status;

	if (!attachment_parse(&attachment, argc, argv, &status))
		return status;
	if (attachment.config)
		return attach_files(attachment.config, attach_one);
	return attach_one(&attachment);
}
