/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Controller in memory of test_modules/notify_gpio_chip.c, and the notify_gpio device on its lines.
 */
#ifndef GPIO_CHIP_H
#define GPIO_CHIP_H

#include "source.h"

#define GPIO_CHIP		"notify_gpio_chip"
#define GPIO_CHIP_PARAMETERS	"/sys/module/" GPIO_CHIP "/parameters/"
#define GPIO_CHIP_LABEL		"notify-gpio-chip"
#define GPIO_CHIP_LINE_NAME	"kselftest line 3"
#define GPIO_DEVICE		"notify_gpio.77"
#define GPIO_DEVICE_DIR		PLATFORM_DEVICES GPIO_DEVICE "/"
#define GPIO_DRIVER		PLATFORM_DRIVERS "notify_gpio/"
#define GPIO_NAME		"kselftest-gpio"
#define GPIO_CHIP_DRIVER	PLATFORM_DRIVERS GPIO_CHIP "/"

static inline int unload_chip(void)
{
	if (access(GPIO_CHIP_PARAMETERS, F_OK))
		return 0;
	write_file(GPIO_CHIP_PARAMETERS "device", "0");
	return unload_module(GPIO_CHIP);
}

static inline int load_chip(const char *parameters)
{
	int ret = unload_chip();

	return ret ? ret : load_module(GPIO_CHIP, parameters);
}

static inline int toggle(unsigned int line, unsigned int count)
{
	char text[32];

	snprintf(text, sizeof(text), "%u %u", line, count);
	return write_file(GPIO_CHIP_PARAMETERS "toggle", text);
}

static inline long long chip_number(const char *parameter)
{
	char path[96];

	snprintf(path, sizeof(path), GPIO_CHIP_PARAMETERS "%s", parameter);
	return read_number(path);
}

/* Unplug the controller, or plug it in. */
static inline int set_chip_bound(bool bound)
{
	return write_file(bound ? GPIO_CHIP_DRIVER "bind" : GPIO_CHIP_DRIVER "unbind", GPIO_CHIP);
}

/* A device appears in another thread when its controller is back. */
static inline bool wait_node(const char *name)
{
	char path[128];
	unsigned int i;

	snprintf(path, sizeof(path), NOTIFY_DIR "%s", name);
	for (i = 0; i < 2000 && access(path, F_OK); i++)
		usleep(10000);
	return i < 2000;
}

/* -- Records -- */

static inline struct notify_gpio_levels get_levels(int fd)
{
	struct notify_gpio_levels levels = { };

	ioctl(fd, NOTIFY_GPIO_IOC_GET_LEVELS, &levels);
	return levels;
}

static inline int get_line(int fd, unsigned int index, struct notify_gpio_line *line)
{
	memset(line, 0xff, sizeof(*line));
	line->line = index;
	return errno_of(ioctl(fd, NOTIFY_GPIO_IOC_GET_LINE, line));
}

/* Packets without the state at probe. */
static inline uint64_t edges_sent(int fd)
{
	return get_stats(fd).seq - 1;
}

#define EXPECT_STATE(fd, expected_seq, expected_line, expected_levels)			\
do {											\
	struct gpio_record got;								\
											\
	NEXT(fd, &got);									\
	EXPECT_EQ(expected_seq, got.header.seq);					\
	EXPECT_EQ(0, got.header.status);						\
	EXPECT_EQ(NOTIFY_GPIO_EDGE_NONE, got.event.edge);				\
	EXPECT_EQ(expected_line, got.event.line);					\
	EXPECT_EQ((expected_levels) >> (expected_line) & 1, got.event.level);		\
	EXPECT_EQ(expected_levels, got.event.levels);					\
	EXPECT_EQ(0, got.event.flags);							\
} while (0)

#endif /* GPIO_CHIP_H */
