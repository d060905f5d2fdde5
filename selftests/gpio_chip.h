/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Controller in memory of test_modules/notify_gpio_chip.c, and the notify_gpio device on its lines.
 */
#ifndef GPIO_CHIP_H
#define GPIO_CHIP_H

#include "source.h"

#define CHIP		"notify_gpio_chip"
#define PARAMETERS	"/sys/module/" CHIP "/parameters/"
#define DEVICE_NAME	"notify_gpio.77"
#define DEVICE		PLATFORM_DEVICES DEVICE_NAME "/"
#define DRIVER		PLATFORM_DRIVERS "notify_gpio/"
#define NAME		"kselftest-gpio"

static inline int unload_chip(void)
{
	if (access(PARAMETERS, F_OK))
		return 0;
	write_file(PARAMETERS "device", "0");
	return unload_module(CHIP);
}

static inline int load_chip(const char *parameters)
{
	int ret = unload_chip();

	return ret ? ret : load_module(CHIP, parameters);
}

static inline int toggle(unsigned int line, unsigned int count)
{
	char text[32];

	snprintf(text, sizeof(text), "%u %u", line, count);
	return write_file(PARAMETERS "toggle", text);
}

static inline long long chip_number(const char *parameter)
{
	char path[96];

	snprintf(path, sizeof(path), PARAMETERS "%s", parameter);
	return read_number(path);
}

#endif /* GPIO_CHIP_H */
