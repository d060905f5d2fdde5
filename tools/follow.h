/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices that are not there: they may come.
 */
#ifndef FOLLOW_H
#define FOLLOW_H

#include "notifycat.h"

/* What is readable when something was made or changed where paths are waited for; -1: errno. */
int follow_begin(void);

/*
 * From now on it is readable when @path, which has a directory, or one on the way to it comes.
 * 0 or an errno.
 */
int follow_path(const char *path);

/* All changes so far are known. */
void follow_drain(void);

/* Whether a device that cannot be opened with this errno may be there later. */
bool follow_may_appear(int error, bool was_there);

#endif /* FOLLOW_H */
