/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's log, and its suspend.
 */
#ifndef SYSTEM_H
#define SYSTEM_H

#include "sim.h"

/* What is said from now on is to be looked for. */
static inline int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

/* Whether a line of what is new has both. */
static inline bool log_says(int fd, const char *who, const char *what)
{
	char text[1024];
	ssize_t bytes;

	while ((bytes = read(fd, text, sizeof(text) - 1)) > 0) {
		text[bytes] = '\0';
		if (strstr(text, who) && strstr(text, what))
			return true;
	}
	return false;
}

/* Suspends and resumes all devices, and no CPU: -ENOENT if the kernel cannot. */
static inline int suspend_devices(void)
{
	int ret = write_file("/sys/power/pm_test", "devices");

	if (ret)
		return ret;
	/* It spins for 5 seconds; on a busy emulator, 25: which the kernel takes for a lockup. */
	ret = write_file("/sys/module/suspend/parameters/pm_test_delay", "1");
	if (!ret)
		ret = write_file("/sys/power/state", "freeze");
	write_file("/sys/power/pm_test", "none");
	return ret;
}

#endif /* SYSTEM_H */
