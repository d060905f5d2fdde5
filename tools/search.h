/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Search for devices in a directory.
 */
#ifndef SEARCH_H
#define SEARCH_H

#include "notifycat.h"

/*
 * @path: The directory, a slash, and a pattern, as in glob(7).
 * @pattern: The pattern in @path.
 */
struct search {
	const char *arg;
	char *path;
	const char *pattern;
};

/*
 * Set *@search if @arg is a directory, or is not present and contains wildcards. Otherwise, it is a
 * device, and @search->path is NULL. Return false if out of memory.
 */
bool search_init(struct search *search, const char *arg);

/* Report that no device matches. */
void search_failed(const struct search *search);

bool search_matches(const struct search *search, const char *name);

/*
 * Call @add with each path that matches, in the order of their names, until it returns false.
 * Return false if it did, or after reporting an error.
 */
bool search_run(const struct search *search, bool (*add)(void *data, const char *path), void *data);

#endif /* SEARCH_H */
