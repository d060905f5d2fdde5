/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices of notify_gpio and notify_irq: records, sysfs, interrupts, suspend.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include <linux/notify_gpio.h>
#include <linux/notify_irq.h>

#include "sim.h"

#define PLATFORM_DEVICES	"/sys/bus/platform/devices/"
#define PLATFORM_DRIVERS	"/sys/bus/platform/drivers/"
#define IRQ_DRIVER		PLATFORM_DRIVERS "notify_irq/"
/* Number of events that fit between the hard handler and the IRQ thread. */
#define SOURCE_QUEUE		256

/* -- Records -- */

struct gpio_record {
	struct notify_multi_record header;
	struct notify_gpio_event event;
};

struct irq_record {
	struct notify_multi_record header;
	__u32 irq_count;
	__u32 nregs;
	__u32 irq;
	__u32 reserved;
	__u32 regs[64];
};

/* Wait for a record and read it. The wait is bounded: a broken source must not take minutes. */
static inline int next_record(int fd, void *record, size_t size)
{
	ssize_t one = record_size(get_info(fd).packet_size), ret;
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	if (one > (ssize_t)size)
		return -EMSGSIZE;
	if (poll(&pollfd, 1, 20000) != 1)
		return -ETIMEDOUT;
	memset(record, 0, size);
	ret = read_errno(fd, record, one);
	if (ret < 0)
		return ret;
	return ret == one ? 0 : -EBADMSG;
}

#define NEXT(fd, record) ASSERT_EQ(0, next_record(fd, record, sizeof(*(record))))

/* -- Devices -- */

static inline long long device_number(const char *device, const char *attribute)
{
	char path[256];

	snprintf(path, sizeof(path), PLATFORM_DEVICES "%s/%s", device, attribute);
	return read_number(path);
}

static inline bool wait_device_number(const char *device, const char *attribute, long long number)
{
	unsigned int i;

	for (i = 0; i < 1000 && device_number(device, attribute) != number; i++)
		usleep(10000);
	return i < 1000;
}

static inline bool can_suspend(void)
{
	return !access("/sys/power/state", F_OK);
}

/* Suspend and resume up to a level of pm_test. Return -ENOENT if not supported. */
static inline int suspend_until(const char *level)
{
	int ret = write_file("/sys/power/pm_test", level);

	if (ret)
		return ret;
	/* The default, 5 seconds, takes 25 on a busy emulator: the kernel reports a lockup. */
	ret = write_file("/sys/module/suspend/parameters/pm_test_delay", "1");
	if (!ret)
		ret = write_file("/sys/power/state", "freeze");
	write_file("/sys/power/pm_test", "none");
	return ret;
}

/* Suspend and resume all devices, but no CPU. Return -ENOENT if not supported. */
static inline int suspend_devices(void)
{
	return suspend_until("devices");
}

/* -- Interrupts -- */

/* Find an interrupt in /proc/interrupts by its label. The count is that of all CPUs. */
static inline bool find_interrupt(const char *label, unsigned int *irq, unsigned long long *count)
{
	FILE *file = fopen("/proc/interrupts", "re");
	char line[4096], *at, *end;
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		found = strstr(line, label);
		*irq = strtoul(line, &at, 10);
		*count = 0;
		for (at++; strtoull(at, &end, 10), end != at; at = end)
			*count += strtoull(at, NULL, 10);
	}
	if (file)
		fclose(file);
	return found;
}

/* -- Time -- */

static inline uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static inline uint64_t monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

#endif /* SOURCE_H */
