/* SPDX-License-Identifier: GPL-2.0 */
/* Random numbers, reproducible from a seed. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

/* Return the generator of one of several actors. */
struct random random_of(uint64_t seed, unsigned int actor);
uint64_t random_next(struct random *random);
unsigned int random_below(struct random *random, unsigned int below);
/* Return true with probability 1 / @times. */
bool random_once_in(struct random *random, unsigned int times);

#endif /* RANDOM_H */
