/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CLOCK_H
#define CLOCK_H

#include "notifycat.h"

#define CLOCK_TEXT_BYTES	64

uint64_t clock_monotonic(void);

/*
 * Convert to local time with the current offset of the clocks, which is wrong for a time before
 * the wall clock was set or the system was suspended:
 * "2026-11-22T22:41:01.123456789+00:00".
 */
void clock_wall_text(uint64_t ns, char text[CLOCK_TEXT_BYTES]);

/* "2.481802288" */
void clock_monotonic_text(uint64_t ns, char text[CLOCK_TEXT_BYTES]);

#endif /* CLOCK_H */
