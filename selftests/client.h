/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For every test: the harness, and calls on a client of a device.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include <linux/notify_multi.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "file.h"
#include "kselftest_harness.h"

/*
 * Emulated guests are slow: only a test that runs for minutes is hung. A wait for an event ends
 * earlier, so that a lost wakeup fails the check that waits for it.
 */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	180
#define WAIT_MS			45000

/* -- Calls, which return a result or -errno -- */

static inline ssize_t read_errno(int fd, void *buffer, size_t size)
{
	return errno_of(read(fd, buffer, size));
}

static inline ssize_t nowait_read(int fd, void *buffer, size_t size)
{
	struct iovec iov = { buffer, size };

	return errno_of(preadv2(fd, &iov, 1, -1, RWF_NOWAIT));
}

static inline int set_blocking(int fd, bool blocking)
{
	int flags = fcntl(fd, F_GETFL);

	return errno_of(fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK));
}

static inline short poll_now(int fd, short events)
{
	struct pollfd pollfd = { .fd = fd, .events = events };

	return poll(&pollfd, 1, 0) < 0 ? -1 : pollfd.revents;
}

static inline bool wait_pollin(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return poll(&pollfd, 1, WAIT_MS) == 1 && pollfd.revents == POLLIN;
}

/* abi_version is 0 if the call fails. */
static inline struct notify_multi_stats get_stats(int fd)
{
	struct notify_multi_stats stats;

	memset(&stats, 0xff, sizeof(stats));
	if (ioctl(fd, NOTIFY_MULTI_IOC_GET_STATS, &stats))
		stats.abi_version = 0;
	return stats;
}

static inline struct notify_multi_info get_info(int fd)
{
	struct notify_multi_info info;

	memset(&info, 0xff, sizeof(info));
	if (ioctl(fd, NOTIFY_MULTI_IOC_GET_INFO, &info))
		info.abi_version = 0;
	return info;
}

static inline int set_format(int fd, __u32 format)
{
	return errno_of(ioctl(fd, NOTIFY_MULTI_IOC_SET_FORMAT, &format));
}

static inline int set_max_packets(int fd, __u32 max_packets)
{
	return errno_of(ioctl(fd, NOTIFY_MULTI_IOC_SET_MAX_PACKETS, &max_packets));
}

static inline int consume(int fd, __u64 seq)
{
	return errno_of(ioctl(fd, NOTIFY_MULTI_IOC_CONSUME, &seq));
}

/* Wait until exactly @requests reads and commands are pending. */
static inline bool wait_requests(int fd, unsigned int requests)
{
	for (int ms = 0; ms < WAIT_MS; ms++) {
		if (get_stats(fd).pending_requests == requests)
			return true;
		usleep(1000);
	}
	return false;
}

/* An address that is never mapped; volatile to hide it from the compiler. */
static void *volatile const bad_pointer = (void *)8;

#endif /* CLIENT_H */
