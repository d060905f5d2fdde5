/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Suspend.
 */
#ifndef SYSTEM_H
#define SYSTEM_H

#include "kmsg.h"
#include "sim.h"

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
