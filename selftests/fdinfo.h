/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of a client in /proc/PID/fdinfo/FD.
 */
#ifndef FDINFO_H
#define FDINFO_H

#include "sim.h"

struct fdinfo {
	char device[64];
	uint64_t client;
	uint64_t opener;
	uint64_t queued;
	uint64_t max;
	uint64_t delivered;
	uint64_t dropped;
	uint64_t pending;
};

/* Return the value in the line "@key:<TAB>value", or NULL. */
static inline const char *fdinfo_value(const char *text, const char *key)
{
	char line[32];
	const char *at;

	snprintf(line, sizeof(line), "\n%s:\t", key);
	at = strstr(text, line);
	return at ? at + strlen(line) : NULL;
}

static inline bool fdinfo_number(const char *text, const char *key, uint64_t *number)
{
	const char *value = fdinfo_value(text, key);
	char *end;

	if (!value)
		return false;
	*number = strtoull(value, &end, 10);
	return end != value && *end == '\n';
}

/* Return false unless @text has all keys of notify_multi. */
static inline bool fdinfo_parse(const char *text, struct fdinfo *info)
{
	const char *device = fdinfo_value(text, "device");

	memset(info, 0, sizeof(*info));
	return device && sscanf(device, "%63s", info->device) == 1 &&
	       fdinfo_number(text, "client", &info->client) &&
	       fdinfo_number(text, "opener", &info->opener) &&
	       fdinfo_number(text, "queued", &info->queued) &&
	       fdinfo_number(text, "max", &info->max) &&
	       fdinfo_number(text, "delivered", &info->delivered) &&
	       fdinfo_number(text, "dropped", &info->dropped) &&
	       fdinfo_number(text, "pending", &info->pending);
}

static inline int fdinfo_open(pid_t pid, int fd)
{
	char path[64];

	if (pid)
		snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	else
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Read the whole text from its start. */
static inline bool fdinfo_read(int file, struct fdinfo *info)
{
	char text[2048];
	ssize_t bytes = pread(file, text, sizeof(text) - 1, 0);

	if (bytes < 0)
		return false;
	text[bytes] = '\0';
	return fdinfo_parse(text, info);
}

/* Read the state of the client behind descriptor @fd of process @pid, 0 for this process. */
static inline bool fdinfo_get(pid_t pid, int fd, struct fdinfo *info)
{
	int file = fdinfo_open(pid, fd);
	bool found = file >= 0 && fdinfo_read(file, info);

	if (file >= 0)
		close(file);
	return found;
}

#endif /* FDINFO_H */
