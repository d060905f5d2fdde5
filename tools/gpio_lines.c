// SPDX-License-Identifier: GPL-2.0
/*
 * Lines of a device of notify_gpio.
 */

#include "gpio_lines.h"

#include <errno.h>
#include <sys/ioctl.h>

int gpio_lines_read(struct gpio_lines *lines, int fd)
{
	struct notify_gpio_line *line;

	lines->named = false;
	for (lines->count = 0; lines->count < GPIO_MAX_LINES; lines->count++) {
		line = &lines->list[lines->count];
		*line = (struct notify_gpio_line){ .line = lines->count };
		if (ioctl(fd, NOTIFY_GPIO_IOC_GET_LINE, line))
			return errno == EINVAL ? 0 : errno;
		lines->names[lines->count] = line->name;
		lines->named |= *line->name;
	}
	return 0;
}
