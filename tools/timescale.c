// SPDX-License-Identifier: GPL-2.0
/*
 * Units of the times of a waveform.
 */

#include "timescale.h"

#include "notifycat.h"

#include <string.h>

const struct timescale *timescale_find(const char *name)
{
	static const struct timescale timescales[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "ms", 1000000 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(timescales); i++)
		if (!strcmp(name, timescales[i].name))
			return &timescales[i];
	return NULL;
}
