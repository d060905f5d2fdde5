// SPDX-License-Identifier: GPL-2.0
#include "random.h"

/* All actors use the same cycle, each from a different position. */
struct random random_of(uint64_t seed, unsigned int actor)
{
	struct random random = { seed ^ actor * 0xd1342543de82ef95ULL };

	random_next(&random);
	return random;
}

/* A Weyl sequence, its bits mixed by multiplications. */
uint64_t random_next(struct random *random)
{
	uint64_t x = random->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
	return x ^ x >> 32;
}

unsigned int random_below(struct random *random, unsigned int below)
{
	return (random_next(random) >> 32) * below >> 32;
}

bool random_once_in(struct random *random, unsigned int times)
{
	return !random_below(random, times);
}
