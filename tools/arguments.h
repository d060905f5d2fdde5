/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers in the arguments of options.
 */
#ifndef ARGUMENTS_H
#define ARGUMENTS_H

#include "notifycat.h"

/* Both functions return false after reporting an error; @what names the argument. 0 is invalid. */

bool parse_number(const char *what, const char *argument, uint64_t most, uint64_t *number);

/* Convert seconds, with an optional fraction, to nanoseconds. */
bool parse_seconds(const char *what, const char *argument, uint64_t *ns);

#endif /* ARGUMENTS_H */
