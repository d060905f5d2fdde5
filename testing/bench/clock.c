// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "bench.h"

#define CLOCK_ROUNDS	1001

static uint64_t clock_cost;

uint64_t clock_since(uint64_t start)
{
	uint64_t elapsed = now_ns() - start;

	return elapsed > clock_cost ? elapsed - clock_cost : 0;
}

static int compare(const void *one, const void *other)
{
	uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;

	return (a > b) - (a < b);
}

struct figure clock_figure(uint64_t *samples, unsigned int count, double divisor)
{
	qsort(samples, count, sizeof(*samples), compare);
	return (struct figure){ samples[count / 2] / divisor, samples[0] / divisor };
}

void clock_init(void)
{
	uint64_t samples[CLOCK_ROUNDS];
	unsigned int i;

	for (i = 0; i < CLOCK_ROUNDS; i++) {
		uint64_t start = now_ns();

		samples[i] = now_ns() - start;
	}
	clock_cost = clock_figure(samples, CLOCK_ROUNDS, 1).median;
}
