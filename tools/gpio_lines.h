/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lines of a device of notify_gpio.
 */
#ifndef GPIO_LINES_H
#define GPIO_LINES_H

#include "notifycat.h"

#include <linux/notify_gpio.h>

#define GPIO_DRIVER	"notify_gpio"
#define GPIO_MAX_LINES	64

/*
 * @named: A line has a name.
 * @names: Names in @list.
 */
struct gpio_lines {
	size_t count;
	bool named;
	const char *names[GPIO_MAX_LINES];
	struct notify_gpio_line list[GPIO_MAX_LINES];
};

/* Get the settings of all lines. Return 0 or an errno. */
int gpio_lines_read(struct gpio_lines *lines, int fd);

#endif /* GPIO_LINES_H */
