/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The formats of the output, which is stdout.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include "device.h"

#include <stdio.h>

/* What is shown, and how. */
struct output {
	const struct options *options;
	struct device *devices;
	size_t count;
};

/*
 * @begin:  The devices are open, but for those that are waited for; false if they cannot be
 *          shown so, which has been said.
 * @packet: Shows one.
 * @removed: A device went away; @added: it is there again, and what it has missed: NULL if
 *          that is not known.
 * @end:    There is no more.
 *
 * All but @packet may be NULL.
 */
struct format {
	const char *name;
	bool (*begin)(const struct output *output);
	void (*packet)(const struct output *output, const struct device *device,
		       const struct notify_multi_record *record);
	void (*removed)(const struct output *output, const struct device *device);
	void (*added)(const struct output *output, const struct device *device,
		      const uint64_t *missed);
	void (*end)(const struct output *output);
};

extern const struct format text_format;
extern const struct format json_format;
extern const struct format csv_format;
extern const struct format vcd_format;
extern const struct format raw_format;
extern const struct format record_format;

/* The format of that name, or NULL. */
const struct format *format_find(const char *name);

/* A unit of the times of a waveform. */
struct timescale {
	const char *name;
	uint64_t ns;
};

const struct timescale *timescale_find(const char *name);

/* -- Pieces that formats are made of. -------------------------------------- */

void print_hex(FILE *out, const struct field *field, const void *packet);

/* A field's characters; those that cannot be printed, and those of @escaped, as \x.. */
void print_chars(FILE *out, const struct field *field, const void *packet, const char *escaped);

/* A JSON string. */
void print_json_string(const char *s, size_t length);

/* A payload as text has it, with a blank before each word. */
void print_text_fields(FILE *out, const struct layout *layout, const void *packet);

#endif /* FORMAT_H */
