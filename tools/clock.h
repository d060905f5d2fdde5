/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CLOCK_H
#define CLOCK_H

#include "notifycat.h"

#define CLOCK_TEXT_BYTES	64

uint64_t clock_monotonic(void);

/* Time on the clock of a device, of enum notify_multi_clock. */
uint64_t clock_now(uint32_t clock);
const char *clock_name(uint32_t clock);

/* Convert a time on the clock of a device to CLOCK_REALTIME, with the current offset. */
uint64_t clock_wall(uint64_t ns, uint32_t clock);

/* Write a time of CLOCK_REALTIME as "2026-11-22T22:41:01.123456789". */
void clock_date(uint64_t wall, bool utc, char text[CLOCK_TEXT_BYTES]);

/*
 * Convert a time on the clock of a device to local time, with the current offset of the clocks:
 * "2026-11-22T22:41:01.123456789+00:00". Unless it is NOTIFY_MULTI_CLOCK_REALTIME, the result is
 * wrong for a time before the wall clock was set; for NOTIFY_MULTI_CLOCK_MONOTONIC also before
 * the system was suspended.
 */
void clock_wall_text(uint64_t ns, uint32_t clock, char text[CLOCK_TEXT_BYTES]);

/* "2.481802288" */
void clock_text(uint64_t ns, char text[CLOCK_TEXT_BYTES]);

#endif /* CLOCK_H */
