/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SET_H
#define SET_H

#include "notifycat.h"

/* A set of strings; all bytes zero if empty. */
struct set {
	void *root;
};

/* Add a string, which must stay valid. Return false if out of memory. */
bool set_add(struct set *set, const char *string);

bool set_has(const struct set *set, const char *string);

#endif /* SET_H */
