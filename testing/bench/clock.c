// SPDX-License-Identifier: GPL-2.0
/* The clock, corrected for the cost of reading it. */
#include <stdlib.h>
#include <time.h>

#include "bench.h"

#define CLOCK_ROUNDS	1001

static uint64_t clock_cost;

uint64_t clock_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* Return the time since clock_now() returned @start. */
uint64_t clock_since(uint64_t start)
{
	uint64_t elapsed = clock_now() - start;

	return elapsed > clock_cost ? elapsed - clock_cost : 0;
}

static int compare(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return (a > b) - (a < b);
}

/* Return the statistics of the samples, which are sorted in place. */
struct figure clock_figure(uint64_t *samples, unsigned int count, double divisor)
{
	struct figure figure;

	qsort(samples, count, sizeof(*samples), compare);
	figure.median = samples[count / 2] / divisor;
	figure.min = samples[0] / divisor;
	return figure;
}

void clock_init(void)
{
	uint64_t samples[CLOCK_ROUNDS];
	unsigned int i;

	for (i = 0; i < CLOCK_ROUNDS; i++) {
		uint64_t start = clock_now();

		samples[i] = clock_now() - start;
	}
	clock_cost = clock_figure(samples, CLOCK_ROUNDS, 1).median;
}
