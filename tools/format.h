/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interface of the output formats. They print by the functions of print.h.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include "notifycat.h"

struct device;
struct notify_multi_record;
struct timescale;

/*
 * @follow: Devices may be added later.
 * @timescale: Unit of the times of a waveform.
 */
struct output {
	struct device *devices;
	size_t count;
	bool wall_clock;
	bool follow;
	const struct timescale *timescale;
};

/*
 * @needs_all: With @follow, @begin is called after all devices have been present.
 * @begin: Called once the present devices are open. Return false after reporting an error.
 * @packet: Print a packet.
 * @removed: A device was removed.
 * @added: A device is present again, or was found; its layout may differ, and it may be added
 *         before @begin. *@missed packets were missed, NULL if unknown.
 * @end: Called at the end of the output.
 *
 * All except @packet may be NULL.
 */
struct format {
	const char *name;
	bool needs_all;
	bool (*begin)(const struct output *output);
	void (*packet)(const struct output *output, const struct device *device,
		       const struct notify_multi_record *record);
	void (*removed)(const struct output *output, const struct device *device);
	void (*added)(const struct output *output, struct device *device, const uint64_t *missed);
	void (*end)(const struct output *output);
};

extern const struct format text_format;
extern const struct format json_format;
extern const struct format csv_format;
extern const struct format vcd_format;
extern const struct format raw_format;
extern const struct format record_format;
extern const struct format none_format;

#endif /* FORMAT_H */
