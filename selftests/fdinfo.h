/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of a client in /proc/PID/fdinfo/FD.
 */
#ifndef FDINFO_H
#define FDINFO_H

#include "file.h"

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

/* Find the line "@key:<TAB>value" and return the value, or NULL. */
static inline const char *fdinfo_value(const char *text, const char *key)
{
	char line[32];
	const char *at;

	snprintf(line, sizeof(line), "\n%s:\t", key);
	at = strstr(text, line);
	return at ? at + strlen(line) : NULL;
}

/* Return false unless @text has all keys of notify_multi. */
static inline bool fdinfo_parse(const char *text, struct fdinfo *info)
{
	const struct {
		const char *key;
		uint64_t *number;
	} numbers[] = {
		{ "client", &info->client }, { "opener", &info->opener },
		{ "queued", &info->queued }, { "max", &info->max },
		{ "delivered", &info->delivered }, { "dropped", &info->dropped },
		{ "pending", &info->pending },
	};
	const char *value = fdinfo_value(text, "device");
	char end;

	memset(info, 0, sizeof(*info));
	if (!value || sscanf(value, "%63s", info->device) != 1)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		value = fdinfo_value(text, numbers[i].key);
		if (!value || sscanf(value, "%" SCNu64 "%c", numbers[i].number, &end) != 2 ||
		    end != '\n')
			return false;
	}
	return true;
}

/* Open the file for descriptor @fd of process @pid, 0 for this process. */
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

static inline bool fdinfo_get(pid_t pid, int fd, struct fdinfo *info)
{
	int file = fdinfo_open(pid, fd);
	bool found = file >= 0 && fdinfo_read(file, info);

	if (file >= 0)
		close(file);
	return found;
}

#endif /* FDINFO_H */
