/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end that a signal asks for.
 */
#ifndef STOP_H
#define STOP_H

#include "notifycat.h"

/*
 * From now on SIGINT, SIGTERM and SIGHUP are what stop_wanted() says, once: the next ends the
 * program. SIGPIPE is an error of the output. Returns what is readable then, or -1.
 */
int stop_begin(void);

bool stop_wanted(void);

#endif /* STOP_H */
