// SPDX-License-Identifier: GPL-2.0
/*
 * Device nodes and their sysfs attributes.
 */

#include "node.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

bool node_init(struct node *node, const char *arg)
{
	const char *slash;
	char *path;

	if (strchr(arg, '/'))
		path = strdup(arg);
	else if (asprintf(&path, NODES "%s", arg) < 0)
		path = NULL;
	if (!path)
		return false;
	slash = strrchr(path, '/');
	*node = (struct node){
		.path = path,
		.name = slash[1] ? slash + 1 : path,
	};
	return true;
}

static bool read_number(const char *path, uint64_t *value)
{
	FILE *file = fopen(path, "re");
	bool good;

	if (!file)
		return false;
	good = fscanf(file, "%" SCNu64, value) == 1;
	fclose(file);
	return good;
}

static void sysfs_path(const struct node *node, const char *file, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "/sys/dev/char/%u:%u/%s", major(node->device),
		 minor(node->device), file);
}

bool node_attribute(const struct node *node, const char *name, uint64_t *value)
{
	char path[PATH_MAX];

	sysfs_path(node, name, path);
	return read_number(path, value);
}

bool node_source_attribute(const struct node *node, const char *name, uint64_t *value)
{
	char file[NAME_MAX];

	snprintf(file, sizeof(file), "device/%s", name);
	return node_attribute(node, file, value);
}

void node_driver(const struct node *node, char driver[DRIVER_BYTES])
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *slash;
	ssize_t length;

	driver[0] = '\0';
	sysfs_path(node, "device/driver", path);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return;
	target[length] = '\0';
	slash = strrchr(target, '/');
	snprintf(driver, DRIVER_BYTES, "%.*s", DRIVER_BYTES - 1, slash ? slash + 1 : target);
}
