/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kernel log and suspend.
 */
#ifndef SYSTEM_H
#define SYSTEM_H

#include "sim.h"

/* Open the kernel log at its end. */
static inline int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* Return true if one new line contains both strings. */
static inline bool log_contains(int fd, const char *device, const char *message)
{
	char text[1024];
	ssize_t bytes;

	while ((bytes = read(fd, text, sizeof(text) - 1)) > 0) {
		text[bytes] = '\0';
		if (strstr(text, device) && strstr(text, message))
			return true;
	}
	return false;
}

/* Suspend and resume all devices, but no CPU. Return -ENOENT if not supported. */
static inline int suspend_devices(void)
{
	int ret = write_file("/sys/power/pm_test", "devices");

	if (ret)
		return ret;
	/* The default, 5 seconds, takes 25 on a busy emulator: the kernel reports a lockup. */
	ret = write_file("/sys/module/suspend/parameters/pm_test_delay", "1");
	if (!ret)
		ret = write_file("/sys/power/state", "freeze");
	write_file("/sys/power/pm_test", "none");
	return ret;
}

#endif /* SYSTEM_H */
