/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel log.
 */
#ifndef KMSG_H
#define KMSG_H

#include "client.h"

/* Open the kernel log at its end. */
static inline int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

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

#endif /* KMSG_H */
