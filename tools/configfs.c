// SPDX-License-Identifier: GPL-2.0
/*
 * Devices of notify_gpio in configfs.
 */

#include "configfs.h"

#include "message.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOUNT_POINT	"/sys/kernel/config"

#ifndef CONFIGFS_MAGIC
#define CONFIGFS_MAGIC	0x62656570
#endif

/* -- Module ---------------------------------------------------------------- */

/* modprobe reports its errors; that it is missing shows later. */
static void load_module(void)
{
	char *const argv[] = { "modprobe", "notify_gpio", NULL };
	pid_t pid;

	if (!posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ))
		waitpid(pid, NULL, 0);
}

static bool is_mounted(void)
{
	struct statfs fs;

	return !statfs(MOUNT_POINT, &fs) && fs.f_type == CONFIGFS_MAGIC;
}

bool config_begin(void)
{
	if (access(CONFIGFS, F_OK) && !geteuid())
		load_module();
	if (!access(CONFIGFS, W_OK))
		return true;
	if (errno != ENOENT)
		message(CONFIGFS ": %s", strerror(errno));
	else if (!is_mounted())
		message(MOUNT_POINT ": configfs is not mounted");
	else
		message(CONFIGFS ": No such directory (is notify_gpio loaded?)");
	return false;
}

/* -- Files ----------------------------------------------------------------- */

bool config_is_label(const char *label)
{
	return *label && !strchr(label, '/') && strcmp(label, ".") && strcmp(label, "..");
}

static void get_path(const char *label, const char *line, const char *file, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, CONFIGFS "/%s%s%s%s%s", label, line ? "/" : "", line ?: "",
		 file ? "/" : "", file ?: "");
}

int config_create(const char *label, const char *line)
{
	char path[PATH_MAX];

	get_path(label, line, NULL, path);
	return mkdir(path, 0755) ? errno : 0;
}

/* The line feed makes an empty value a write. */
int config_write(const char *label, const char *line, const char *attribute, const char *value)
{
	char path[PATH_MAX], text[CONFIG_BYTES];
	int fd, error, length;

	get_path(label, line, attribute, path);
	length = snprintf(text, sizeof(text), "%s\n", value);
	if (length >= (int)sizeof(text))
		return ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	error = write(fd, text, length) < 0 ? errno : 0;
	close(fd);
	return error;
}

int config_read(const char *label, const char *line, const char *attribute,
		char value[CONFIG_BYTES])
{
	char path[PATH_MAX];
	ssize_t length;
	int fd, error;

	value[0] = '\0';
	get_path(label, line, attribute, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	length = read(fd, value, CONFIG_BYTES - 1);
	error = errno;
	close(fd);
	if (length < 0)
		return error;
	value[length] = '\0';
	value[strcspn(value, "\n")] = '\0';
	return 0;
}

static int remove_directory(const char *label, const char *line)
{
	char path[PATH_MAX];

	get_path(label, line, NULL, path);
	return rmdir(path) ? errno : 0;
}

int config_remove(const char *label)
{
	char path[PATH_MAX], live[CONFIG_BYTES];
	struct dirent *entry;
	int error;
	DIR *lines;

	error = config_read(label, NULL, "live", live);
	if (!error && strcmp(live, "0"))
		error = config_write(label, NULL, "live", "0");
	if (error)
		return error;
	get_path(label, NULL, NULL, path);
	lines = opendir(path);
	if (!lines)
		return errno;
	while ((entry = readdir(lines)))
		if (!strncmp(entry->d_name, "line", strlen("line")))
			remove_directory(label, entry->d_name);
	closedir(lines);
	return remove_directory(label, NULL);
}
