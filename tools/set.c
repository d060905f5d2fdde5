// SPDX-License-Identifier: GPL-2.0
/*
 * A set of strings.
 */

#include "set.h"

#include <search.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

bool set_add(struct set *set, const char *string)
{
	return tsearch(string, &set->root, compare);
}

bool set_has(const struct set *set, const char *string)
{
	return tfind(string, &set->root, compare);
}
