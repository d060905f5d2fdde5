// SPDX-License-Identifier: GPL-2.0
/*
 * Device nodes and their sysfs attributes.
 */

#include "node.h"

#include "message.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* sysfs has "!" where a device name has "/". */
#define SYSFS_PREFIX	"notify!"

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

void node_perror(const struct node *node, int error)
{
	if (error == ENOENT && !strncmp(node->path, NODES, strlen(NODES)))
		message("%s: %s (is its source loaded?)", node->path, strerror(ENODEV));
	else if (error == EACCES)
		message("%s: %s (are you in its group?)", node->path, strerror(error));
	else if (error == ENOTTY)
		message("%s: Not a notify_multi device", node->path);
	else
		message("%s: %s", node->path, strerror(error));
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
	snprintf(path, PATH_MAX, "/sys/dev/char/%u:%u%s", major(node->device),
		 minor(node->device), file);
}

/* Get the last component of a link's target; empty if there is no link. */
static void read_link(const struct node *node, const char *link, char *name, size_t size)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *slash;
	ssize_t length;

	sysfs_path(node, link, path);
	length = readlink(path, target, sizeof(target) - 1);
	target[length < 0 ? 0 : length] = '\0';
	slash = strrchr(target, '/');
	snprintf(name, size, "%.*s", (int)size - 1, slash ? slash + 1 : target);
}

int node_find(struct node *node)
{
	char name[NAME_MAX + 1];
	struct stat st;

	if (stat(node->path, &st))
		return errno;
	if (!S_ISCHR(st.st_mode))
		return ENOTTY;
	node->device = st.st_rdev;
	read_link(node, "", name, sizeof(name));
	if (strncmp(name, SYSFS_PREFIX, strlen(SYSFS_PREFIX)))
		return *name ? ENOTTY : ENODEV;
	snprintf(node->kernel_name, KERNEL_NAME_BYTES, "%.*s", KERNEL_NAME_BYTES - 1,
		 name + strlen(SYSFS_PREFIX));
	return 0;
}

bool node_attribute(const struct node *node, const char *name, uint64_t *value)
{
	char file[NAME_MAX], path[PATH_MAX];

	snprintf(file, sizeof(file), "/%s", name);
	sysfs_path(node, file, path);
	return read_number(path, value);
}

void node_word(const struct node *node, const char *name, char word[WORD_BYTES])
{
	char file[NAME_MAX], path[PATH_MAX];
	FILE *stream;

	snprintf(file, sizeof(file), "/%s", name);
	sysfs_path(node, file, path);
	word[0] = '\0';
	stream = fopen(path, "re");
	if (!stream)
		return;
	if (fgets(word, WORD_BYTES, stream))
		word[strcspn(word, "\n")] = '\0';
	fclose(stream);
}

bool node_source_attribute(const struct node *node, const char *name, uint64_t *value)
{
	char file[NAME_MAX];

	snprintf(file, sizeof(file), "device/%s", name);
	return node_attribute(node, file, value);
}

void node_driver(const struct node *node, char driver[DRIVER_BYTES])
{
	read_link(node, "/device/driver", driver, DRIVER_BYTES);
}
