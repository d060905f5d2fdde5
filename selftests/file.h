/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Text files of configfs, procfs and sysfs. Functions return a result or -errno. This header,
 * module.h, fdinfo.h, payload.h and notify_sim.h work without the harness: testing/ uses them, too.
 */
#ifndef FILE_H
#define FILE_H

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#endif

static inline ssize_t errno_of(ssize_t ret)
{
	return ret < 0 ? -errno : ret;
}

static inline int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* Read the first line of a file. */
static inline int read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t bytes;

	if (fd < 0)
		return -errno;
	bytes = read(fd, text, size - 1);
	if (bytes < 0)
		bytes = -errno;
	close(fd);
	if (bytes < 0)
		return bytes;
	text[bytes] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

static inline int write_number(const char *path, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	return write_file(path, text);
}

/* Return the number in a file, or -errno. */
static inline long long read_number(const char *path)
{
	char text[64];
	int ret = read_file(path, text, sizeof(text));

	return ret ? ret : strtoll(text, NULL, 10);
}

/* Return the number after @field, which begins a line of a file, or -errno. */
static inline long long read_field(const char *path, const char *field)
{
	FILE *file = fopen(path, "re");
	long long value = -ENOENT;
	char line[256];

	if (!file)
		return -errno;
	while (value == -ENOENT && fgets(line, sizeof(line), file))
		if (!strncmp(line, field, strlen(field)))
			value = strtoll(line + strlen(field), NULL, 10);
	fclose(file);
	return value;
}

#endif /* FILE_H */
