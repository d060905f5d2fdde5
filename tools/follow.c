// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for devices to appear. The kernel removes /dev/notify together with its last node, so
 * watch the deepest directory that exists.
 */

#include "follow.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

/* IN_ATTRIB: udev makes a node accessible after its creation. */
#define CHANGES	(IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR)

static int changes = -1;

int follow_begin(void)
{
	changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	return changes;
}

/* Cut off the last component. Return false at the root. */
static bool go_up(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash || !slash[1])
		return false;
	slash[slash == path] = '\0';
	return true;
}

/* Repeat until nothing changes: a directory may be created during the walk. */
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

bool follow_may_appear(int error)
{
	return error == ENOENT || error == ENODEV || error == ENXIO;
}
