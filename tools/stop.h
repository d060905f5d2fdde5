/* SPDX-License-Identifier: GPL-2.0 */
#ifndef STOP_H
#define STOP_H

#include "notifycat.h"

/*
 * Let stop_wanted() report the first SIGINT, SIGTERM and SIGHUP; a second one kills the program.
 * An ignored SIGHUP stays ignored. Ignore SIGPIPE. Return a descriptor that is readable after a
 * signal, or -1.
 */
int stop_begin(void);

bool stop_wanted(void);

/* Die by the signal reported by stop_wanted(), so that a shell ends its loop. */
void stop_die(void);

#endif /* STOP_H */
