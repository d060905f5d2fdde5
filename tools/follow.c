// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that are not there. The kernel removes /dev/notify with its last node, and so it is
 * the nearest directory there is that is watched.
 */

#include "follow.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* udev makes a node accessible after it was made. */
#define CHANGES	(IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR)

static int changes = -1;

int follow_begin(void)
{
	changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	return changes;
}

/* The directory of a path, in its place: false at the root. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || !slash[1])
		return false;
	slash[slash == path] = '\0';
	return true;
}

/* A directory that comes just after it was looked for is watched the second time. */
int follow_path(const char *path)
{
	char dir[PATH_MAX], deepest[PATH_MAX] = "";

	if (strlen(path) >= sizeof(dir))
		return ENAMETOOLONG;
	for (;;) {
		snprintf(dir, sizeof(dir), "%s", path);
		while (go_up(dir)) {
			if (inotify_add_watch(changes, dir, CHANGES) >= 0)
				break;
			if (errno != ENOENT)
				return errno;
		}
		if (!strcmp(dir, deepest))
			return 0;
		snprintf(deepest, sizeof(deepest), "%s", dir);
	}
}

void follow_drain(void)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (read(changes, events, sizeof(events)) > 0)
		continue;
}

bool follow_may_appear(int error, bool was_there)
{
	switch (error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return true;
	case EACCES:
		return was_there;
	default:
		return false;
	}
}
