/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include "notifycat.h"

/* Return a descriptor that is readable when a watched directory changes, or -1. */
int follow_begin(void);

/* Watch for the creation of @path or its missing directories. Return 0 or an errno. */
int follow_path(const char *path);

/* Discard the changes reported so far. */
void follow_drain(void);

/* Return true if the device may appear later although open() failed with @error. */
bool follow_may_appear(int error);

#endif /* FOLLOW_H */
