/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Controller in memory of modules/notify_gpio_chip.c, and the notify_gpio device on its lines.
 */
#ifndef GPIO_CHIP_H
#define GPIO_CHIP_H

#include "sim.h"

#define CHIP		"notify_gpio_chip"
#define PARAMETERS	"/sys/module/" CHIP "/parameters/"
#define DEVICE_NAME	"notify_gpio.77"
#define DEVICE		"/sys/bus/platform/devices/" DEVICE_NAME "/"
#define DRIVER		"/sys/bus/platform/drivers/notify_gpio/"
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

static inline bool bound(void)
{
	return !access(DRIVER DEVICE_NAME, F_OK);
}

#endif /* GPIO_CHIP_H */
