// SPDX-License-Identifier: GPL-2.0
/*
 * GPIO chips and their lines.
 */

#include "chip.h"

#include "message.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DEVICES		"/dev/"
#define CHIP_PREFIX	"gpiochip"

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

static bool is_chip_name(const char *text)
{
	const size_t length = strlen(CHIP_PREFIX);

	return !strncmp(text, CHIP_PREFIX, length) && is_number(text + length);
}

/* Return 0 or an errno; ENOTTY if it is not a chip. */
static int open_chip(const char *path, struct chip *chip)
{
	int error;

	chip->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (chip->fd < 0)
		return errno;
	if (!ioctl(chip->fd, GPIO_GET_CHIPINFO_IOCTL, &chip->info))
		return 0;
	error = errno;
	close(chip->fd);
	return error;
}

/* -- All chips ------------------------------------------------------------- */

static bool is_absent(int error)
{
	return error == ENOENT || error == ENODEV || error == ENXIO || error == ENOTTY;
}

/* A chip may be removed between the search and open(). */
static bool add_chip(struct chips *chips, const char *name)
{
	struct chip *list = realloc(chips->list, (chips->count + 1) * sizeof(*list));
	char path[PATH_MAX];
	int error;

	if (!list)
		return report_error("out of memory");
	chips->list = list;
	snprintf(path, sizeof(path), DEVICES "%s", name);
	error = open_chip(path, &list[chips->count]);
	if (!error)
		chips->count++;
	return !error || is_absent(error) || report_error("%s: %s", path, strerror(error));
}

static int is_chip_entry(const struct dirent *entry)
{
	return is_chip_name(entry->d_name);
}

bool chips_open(struct chips *chips)
{
	struct dirent **entries = NULL;
	int count, i;
	bool good;

	*chips = (struct chips){ };
	count = scandir(DEVICES, &entries, is_chip_entry, versionsort);
	good = count >= 0 || report_error(DEVICES ": %s", strerror(errno));
	for (i = 0; i < count; i++) {
		good = good && add_chip(chips, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return good;
}

void chips_close(struct chips *chips)
{
	size_t i;

	for (i = 0; i < chips->count; i++)
		close(chips->list[i].fd);
	free(chips->list);
}

/* -- One chip -------------------------------------------------------------- */

bool chip_is_device(const char *arg)
{
	return is_number(arg) || is_chip_name(arg) || strchr(arg, '/');
}

static enum found find_device(const struct chips *chips, const char *arg, const struct chip **chip)
{
	char path[PATH_MAX];
	struct chip opened;
	size_t i;
	int error;

	snprintf(path, sizeof(path), "%s%s%s", strchr(arg, '/') ? "" : DEVICES,
		 is_number(arg) ? CHIP_PREFIX : "", arg);
	error = open_chip(path, &opened);
	if (error) {
		message("%s: %s", path, error == ENOTTY ? "Not a GPIO chip" : strerror(error));
		return FIND_FAILED;
	}
	close(opened.fd);
	for (i = 0; i < chips->count; i++) {
		*chip = &chips->list[i];
		if (!strcmp((*chip)->info.name, opened.info.name))
			return FOUND;
	}
	message("%s: %s", path, strerror(ENODEV));
	return FIND_FAILED;
}

/* The kernel finds a chip by its label only. */
static enum found find_label(const struct chips *chips, const char *label,
			     const struct chip **chip)
{
	const struct chip *one;

	*chip = NULL;
	for (one = chips->list; one < chips->list + chips->count; one++) {
		if (strcmp(one->info.label, label))
			continue;
		if (*chip) {
			message("%s: label of %s and %s, use names of lines", label,
				(*chip)->info.name, one->info.name);
			return FIND_FAILED;
		}
		*chip = one;
	}
	return *chip ? FOUND : NOT_FOUND;
}

enum found chips_find(const struct chips *chips, const char *arg, const struct chip **chip)
{
	enum found found;

	if (!chip_is_device(arg))
		return find_label(chips, arg, chip);
	found = find_device(chips, arg, chip);
	return found == FOUND ? find_label(chips, (*chip)->info.label, chip) : found;
}

/* -- Lines ----------------------------------------------------------------- */

static bool line_info(const struct chip *chip, uint32_t offset, struct gpio_v2_line_info *info)
{
	*info = (struct gpio_v2_line_info){ .offset = offset };
	return !ioctl(chip->fd, GPIO_V2_GET_LINEINFO_IOCTL, info);
}

enum found chips_find_line(const struct chips *chips, const struct chip *only, const char *name,
			   const struct chip **chip, uint32_t *offset)
{
	struct gpio_v2_line_info info;
	const struct chip *one;
	uint32_t i;

	*chip = NULL;
	for (one = chips->list; one < chips->list + chips->count; one++) {
		for (i = 0; i < one->info.lines && (!only || one == only); i++) {
			if (!line_info(one, i, &info) || strcmp(info.name, name))
				continue;
			if (*chip) {
				message("%s: name of several lines: %s %u and %s %u", name,
					(*chip)->info.name, *offset, one->info.name, i);
				return FIND_FAILED;
			}
			*chip = one;
			*offset = i;
		}
	}
	return *chip ? FOUND : NOT_FOUND;
}

bool chip_line_used(const struct chip *chip, uint32_t offset, struct gpio_v2_line_info *info)
{
	return line_info(chip, offset, info) && info->flags & GPIO_V2_LINE_FLAG_USED;
}
