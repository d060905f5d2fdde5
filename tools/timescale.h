/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TIMESCALE_H
#define TIMESCALE_H

#include <stdint.h>

struct timescale {
	const char *name;
	uint64_t ns;
};

/* Return the unit with this name, or NULL. */
const struct timescale *timescale_find(const char *name);

#endif /* TIMESCALE_H */
