// SPDX-License-Identifier: GPL-2.0
/*
 * Clocks and their text.
 */

#include "clock.h"

#include <linux/notify_multi.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define OFFSET_READINGS	3

static const struct {
	clockid_t id;
	const char *name;
} clocks[] = {
	[NOTIFY_MULTI_CLOCK_MONOTONIC] = { CLOCK_MONOTONIC, "CLOCK_MONOTONIC" },
	[NOTIFY_MULTI_CLOCK_BOOTTIME] = { CLOCK_BOOTTIME, "CLOCK_BOOTTIME" },
	[NOTIFY_MULTI_CLOCK_REALTIME] = { CLOCK_REALTIME, "CLOCK_REALTIME" },
};

#define CLOCKS (sizeof(clocks) / sizeof(*clocks))

static uint64_t clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return now.tv_sec * NS_PER_SECOND + now.tv_nsec;
}

uint64_t clock_monotonic(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t clock_now(uint32_t clock)
{
	return clock_ns(clocks[clock].id);
}

const char *clock_name(uint32_t clock)
{
	return clocks[clock].name;
}

/*
 * CLOCK_REALTIME minus another clock is in the range that each reading returns, and constant
 * until the wall clock is set. Preemption during a reading makes its range larger.
 */
struct range {
	int64_t low;
	int64_t high;
};

static struct range read_offset(uint32_t clock)
{
	const uint64_t before = clock_now(clock);
	const uint64_t wall = clock_ns(CLOCK_REALTIME);
	const uint64_t after = clock_now(clock);

	return (struct range){ .low = wall - after, .high = wall - before };
}

/* Intersect the ranges. A reading outside of them is from after the wall clock was set. */
static int64_t wall_offset(uint32_t clock)
{
	static struct range ranges[CLOCKS];
	struct range *range = &ranges[clock];
	struct range reading;
	int i;

	if (clock == NOTIFY_MULTI_CLOCK_REALTIME)
		return 0;
	for (i = 0; i < OFFSET_READINGS; i++) {
		reading = read_offset(clock);
		if (reading.low > range->high || reading.high < range->low)
			*range = reading;
		if (reading.low > range->low)
			range->low = reading.low;
		if (reading.high < range->high)
			range->high = reading.high;
	}
	return range->low + (range->high - range->low) / 2;
}

uint64_t clock_wall(uint64_t ns, uint32_t clock)
{
	return ns + wall_offset(clock);
}

void clock_date(uint64_t wall, bool utc, char text[CLOCK_TEXT_BYTES])
{
	const time_t seconds = wall / NS_PER_SECOND;
	char date[32] = "";
	struct tm tm;

	if (utc ? gmtime_r(&seconds, &tm) : localtime_r(&seconds, &tm))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, CLOCK_TEXT_BYTES, "%s.%09" PRIu64, date, wall % NS_PER_SECOND);
}

void clock_wall_text(uint64_t ns, uint32_t clock, char text[CLOCK_TEXT_BYTES])
{
	const uint64_t wall = clock_wall(ns, clock);
	const time_t seconds = wall / NS_PER_SECOND;
	char zone[16] = "";
	struct tm tm;

	clock_date(wall, false, text);
	if (localtime_r(&seconds, &tm))
		strftime(zone, sizeof(zone), "%z", &tm);
	snprintf(text + strlen(text), CLOCK_TEXT_BYTES - strlen(text), "%.3s:%s", zone,
		 strlen(zone) > 3 ? zone + 3 : "00");
}

void clock_text(uint64_t ns, char text[CLOCK_TEXT_BYTES])
{
	snprintf(text, CLOCK_TEXT_BYTES, "%" PRIu64 ".%09" PRIu64, ns / NS_PER_SECOND,
		 ns % NS_PER_SECOND);
}
