/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Times: packets have CLOCK_MONOTONIC.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include "notifycat.h"

#define CLOCK_TEXT_BYTES	64

uint64_t clock_monotonic(void);

/*
 * "2026-11-22T22:41:01.123456789+00:00": the local time, as the clock is set now, at which the
 * monotonic clock was @ns.
 */
void clock_wall_text(uint64_t ns, char text[CLOCK_TEXT_BYTES]);

/* "2.481802288" */
void clock_monotonic_text(uint64_t ns, char text[CLOCK_TEXT_BYTES]);

#endif /* CLOCK_H */
