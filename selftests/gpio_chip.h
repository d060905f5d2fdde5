/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Controller in memory of test_modules/notify_gpio_chip.c, and the notify_gpio device on its lines.
 */
#ifndef GPIO_CHIP_H
#define GPIO_CHIP_H

#include "source.h"

#define GPIO_CHIP		"notify_gpio_chip"
#define GPIO_CHIP_PARAMETERS	"/sys/module/" GPIO_CHIP "/parameters/"
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

#endif /* GPIO_CHIP_H */
