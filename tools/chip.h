/* SPDX-License-Identifier: GPL-2.0 */
/*
 * GPIO chips and their lines, from the GPIO character devices.
 */
#ifndef CHIP_H
#define CHIP_H

#include "notifycat.h"

#include <linux/gpio.h>

struct chip {
	int fd;
	struct gpiochip_info info;
};

struct chips {
	struct chip *list;
	size_t count;
};

enum found {
	FOUND,
	NOT_FOUND,
	FIND_FAILED,	/* The reason was reported. */
};

/* Open all chips. Return false after reporting an error. */
bool chips_open(struct chips *chips);
void chips_close(struct chips *chips);

/*
 * Find a chip by number, name, path or label. Only a label can be that of a chip that appears
 * later; another chip that is not present, and a label of several chips, are errors.
 */
enum found chips_find(const struct chips *chips, const char *arg, const struct chip **chip);

/* Return true if the argument cannot be a line: a number, a path, or "gpiochipN". */
bool chip_is_device(const char *arg);

/* Find a line by name on @only, or if NULL on all chips. */
enum found chips_find_line(const struct chips *chips, const struct chip *only, const char *name,
			   const struct chip **chip, uint32_t *offset);

/* Return true, and set *@info, if the line is in use. */
bool chip_line_used(const struct chip *chip, uint32_t offset, struct gpio_v2_line_info *info);

#endif /* CHIP_H */
