// SPDX-License-Identifier: GPL-2.0
/* Prints the levels of a notify_gpio device: levels DEVICE */

#include <fcntl.h>
#include <linux/notify_gpio.h>
#include <stdio.h>
#include <sys/ioctl.h>

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
	struct notify_gpio_levels levels;
	struct notify_gpio_line line;

	if (ioctl(fd, NOTIFY_GPIO_IOC_GET_LEVELS, &levels))
		return 1;
	printf("after %llu:", levels.seq);
	for (line.line = 0; !ioctl(fd, NOTIFY_GPIO_IOC_GET_LINE, &line); line.line++)
		printf(" %s=%llu", line.name, levels.levels >> line.line & 1);
	putchar('\n');
	return 0;
}
