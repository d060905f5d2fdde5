// SPDX-License-Identifier: GPL-2.0
/* lines.c with line requests of the kernel: events_gpio CHIP LINE */

#include <fcntl.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct gpio_v2_line_request request = { .num_lines = 1, .consumer = "events_gpio" };
	int chip = argc > 2 ? open(argv[1], O_RDONLY) : -1;
	struct gpio_v2_line_event event;

	if (chip < 0)
		return 1;
	request.offsets[0] = strtoul(argv[2], NULL, 10);
	request.config.flags = GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING |
			       GPIO_V2_LINE_FLAG_EDGE_FALLING;
	/* EBUSY if another process has requested the line. */
	if (ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request))
		return 1;
	while (read(request.fd, &event, sizeof(event)) == sizeof(event))
		printf("%llu line %u %s\n", event.timestamp_ns, event.offset,
		       event.id == GPIO_V2_LINE_EVENT_RISING_EDGE ? "rising" : "falling");
	return 1;
}
