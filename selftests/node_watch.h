/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Nodes that appear in NOTIFY_DIR, even if they are removed at once.
 */
#ifndef NODE_WATCH_H
#define NODE_WATCH_H

#include <sys/inotify.h>

#include "file.h"

/* The directory must exist. Return a descriptor or a negative errno. */
static inline int node_watch_start(void)
{
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (watch < 0)
		return -errno;
	if (inotify_add_watch(watch, NOTIFY_DIR, IN_CREATE) < 0) {
		close(watch);
		return -ENOENT;
	}
	return watch;
}

/* Return true if the node has appeared. */
static inline bool node_watch_end(int watch, const char *name)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *event;
	bool appeared = false;
	ssize_t size;

	while ((size = read(watch, events, sizeof(events))) > 0) {
		for (ssize_t at = 0; at < size; at += sizeof(*event) + event->len) {
			event = (const void *)(events + at);
			appeared |= event->len && !strcmp(event->name, name);
		}
	}
	close(watch);
	return appeared;
}

#endif /* NODE_WATCH_H */
