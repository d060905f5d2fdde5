/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Options of the command "read".
 */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "filter.h"
#include "notifycat.h"

struct format;
struct layout;
struct reader;
struct timescale;

#define NO_LIMIT	UINT64_MAX

/* Layout set by --decode for a device, or for all if @device is NULL. */
struct decoding {
	char *device;
	struct layout *layout;
};

/*
 * @implicit: The command was not named, so that the first argument may be a misspelled command.
 * @queue: 0 for the length set by the source.
 * @exec: Command to run for each packet, or NULL.
 */
struct options {
	bool implicit;
	const struct format *format;
	const struct reader *reader;
	struct filter filter;
	bool wall_clock;
	uint64_t count;
	uint64_t timeout_ns;
	uint64_t idle_timeout_ns;
	bool replay_only;
	bool follow;
	bool banner;
	uint32_t queue;
	const char *exec;
	uint32_t jobs;
	const struct timescale *timescale;
	struct decoding *decodings;
	size_t decodings_count;
	char **devices;
	size_t devices_count;
};

/* Return false if the program must exit with *status. */
bool parse_options(struct options *options, int argc, char **argv, enum exit_status *status);

/* Return the layout that --decode sets for a device, or NULL. */
const struct layout *options_layout(const struct options *options, const char *device);

#endif /* OPTIONS_H */
