/* SPDX-License-Identifier: GPL-2.0 */
#ifndef STOP_H
#define STOP_H

#include "notifycat.h"

/*
 * Let stop_wanted() report the first SIGINT, SIGTERM and SIGHUP; a second one kills the program.
 * Ignore SIGPIPE. Return a descriptor that is readable after a signal, or -1.
 */
int stop_begin(void);

bool stop_wanted(void);

#endif /* STOP_H */
