// SPDX-License-Identifier: GPL-2.0
/*
 * Search for devices in a directory.
 */

#include "search.h"

#include "message.h"
#include "node.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The kernel removes NODES together with its last node. */
static bool is_directory(const char *path)
{
	const size_t length = strlen(path);
	struct stat st;

	if (length == strlen(NODES) - 1 && !strncmp(path, NODES, length))
		return true;
	return path[length - 1] == '/' || (!stat(path, &st) && S_ISDIR(st.st_mode));
}

static bool has_wildcard(const char *path)
{
	struct stat st;

	return strpbrk(strrchr(path, '/'), "*?[") && stat(path, &st);
}

bool search_init(struct search *search, const char *arg)
{
	char *path, *whole;

	*search = (struct search){ .arg = arg };
	if (!*arg)
		return true;
	if (asprintf(&path, "%s%s", strchr(arg, '/') ? "" : NODES, arg) < 0)
		return false;
	if (is_directory(path)) {
		if (asprintf(&whole, "%s%s*", path, path[strlen(path) - 1] == '/' ? "" : "/") < 0)
			return false;
		free(path);
		path = whole;
	} else if (!has_wildcard(path)) {
		free(path);
		return true;
	}
	search->path = path;
	search->pattern = strrchr(path, '/') + 1;
	return true;
}

void search_failed(const struct search *search)
{
	message("%s: %s", search->arg, strerror(ENODEV));
}

bool search_matches(const struct search *search, const char *name)
{
	return !fnmatch(search->pattern, name, FNM_PERIOD);
}

/* -- Running --------------------------------------------------------------- */

static bool add_match(const char *directory, const char *name,
		      bool (*add)(void *data, const char *path), void *data)
{
	char *path;
	bool good;

	if (asprintf(&path, "%s%s", directory, name) < 0) {
		message("out of memory");
		return false;
	}
	good = add(data, path);
	free(path);
	return good;
}

bool search_run(const struct search *search, bool (*add)(void *data, const char *path), void *data)
{
	char *directory = strndup(search->path, search->pattern - search->path);
	struct dirent **entries = NULL;
	bool good = true;
	int count, i;

	count = directory ? scandir(directory, &entries, NULL, alphasort) : -1;
	if (count < 0 && (!directory || errno != ENOENT)) {
		message("%s: %s", search->arg, strerror(errno));
		good = false;
	}
	for (i = 0; i < count; i++) {
		if (good && search_matches(search, entries[i]->d_name))
			good = add_match(directory, entries[i]->d_name, add, data);
		free(entries[i]);
	}
	free(entries);
	free(directory);
	return good;
}
