// SPDX-License-Identifier: GPL-2.0
/* Prints the edges of a notify_gpio device: lines DEVICE */

#include <fcntl.h>
#include <linux/notify_gpio.h>
#include <linux/notify_multi.h>
#include <stdio.h>
#include <unistd.h>

struct gpio_record {
	struct notify_multi_record header;
	struct notify_gpio_event event;
};

static const char *const edges[] = {
	[NOTIFY_GPIO_EDGE_NONE] = "state",
	[NOTIFY_GPIO_EDGE_RISING] = "rising",
	[NOTIFY_GPIO_EDGE_FALLING] = "falling",
};

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
	struct gpio_record record;

	while (read(fd, &record, sizeof(record)) == sizeof(record))
		printf("%llu line %u %s, %u dropped\n", record.header.timestamp_ns,
		       record.event.line, edges[record.event.edge], record.header.dropped);
	return 1;
}
