/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the command line says.
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "notifycat.h"

struct format;
struct layout;
struct reader;
struct timescale;

#define NO_LIMIT	UINT64_MAX

/* What --decode says of a device, or of all if @device is NULL. */
struct decoding {
	char *device;
	struct layout *layout;
};

struct options {
	bool top;
	const struct format *format;
	const struct reader *reader;
	bool wall_clock;
	uint64_t count;
	uint64_t timeout_ns;		/* NO_LIMIT: for ever. */
	uint64_t interval_ns;		/* Of top. */
	bool batch;
	bool info;
	bool stats;
	bool replay_only;
	bool follow;
	uint32_t queue;			/* 0: as the device has it. */
	const struct timescale *timescale;
	struct decoding *decodings;
	size_t decodings_count;
	char **devices;
	size_t devices_count;
};

/* False: the program is to end with *status. */
bool parse_options(struct options *options, int argc, char **argv, enum exit_status *status);

/* What the command line says of a device's packets; NULL for nothing. */
const struct layout *options_layout(const struct options *options, const char *device);

#endif /* OPTIONS_H */
