// SPDX-License-Identifier: GPL-2.0
/*
 * Clocks and their text. Timestamps of packets are on CLOCK_MONOTONIC.
 */

#include "clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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

void clock_wall_text(uint64_t ns, char text[CLOCK_TEXT_BYTES])
{
	uint64_t wall = ns + (clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC));
	time_t seconds = wall / NS_PER_SECOND;
	char date[32] = "", zone[16] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm)) {
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
		strftime(zone, sizeof(zone), "%z", &tm);
	}
	snprintf(text, CLOCK_TEXT_BYTES, "%s.%09" PRIu64 "%.3s:%s", date, wall % NS_PER_SECOND,
		 zone, strlen(zone) > 3 ? zone + 3 : "00");
}

void clock_monotonic_text(uint64_t ns, char text[CLOCK_TEXT_BYTES])
{
	snprintf(text, CLOCK_TEXT_BYTES, "%" PRIu64 ".%09" PRIu64, ns / NS_PER_SECOND,
		 ns % NS_PER_SECOND);
}
