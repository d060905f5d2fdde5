// SPDX-License-Identifier: GPL-2.0
/*
 * What the formats of the output share, and the two that are bytes.
 */

#include "format.h"

#include <stdio.h>
#include <string.h>

/* -- Bytes. ---------------------------------------------------------------- */

/* As a raw open has it, a packet that is an error has no payload: it is said elsewhere. */
static void raw_packet(const struct output *output, const struct device *device,
		       const struct notify_multi_record *record)
{
	(void)output;
	if (record->status)
		message("%s: packet %llu has status %d: %s", device->name,
			(unsigned long long)record->seq, record->status, strerror(-record->status));
	else
		fwrite(record->data, 1, record->size, stdout);
}

const struct format raw_format = {
	.name = "raw",
	.packet = raw_packet,
};

static void record_packet(const struct output *output, const struct device *device,
			  const struct notify_multi_record *record)
{
	(void)output;
	fwrite(record, 1, device->info.record_size, stdout);
}

const struct format record_format = {
	.name = "record",
	.packet = record_packet,
};

/* -- Names. ---------------------------------------------------------------- */

const struct format *format_find(const char *name)
{
	static const struct format *const formats[] = {
		&text_format, &json_format, &csv_format, &vcd_format, &raw_format, &record_format,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(name, formats[i]->name))
			return formats[i];
	return NULL;
}

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

/* -- Pieces. --------------------------------------------------------------- */

void print_hex(FILE *out, const struct field *field, const void *packet)
{
	const unsigned char *bytes = (const unsigned char *)packet + field->offset;
	size_t i;

	for (i = 0; i < field->count; i++)
		fprintf(out, "%02x", bytes[i]);
}

void print_chars(FILE *out, const struct field *field, const void *packet, const char *escaped)
{
	const unsigned char *chars = (const unsigned char *)packet + field->offset;
	size_t length = field_length(field, packet), i;

	for (i = 0; i < length; i++) {
		if (chars[i] < 0x20 || chars[i] > 0x7e || strchr(escaped, chars[i]))
			fprintf(out, "\\x%02x", chars[i]);
		else
			putc(chars[i], out);
	}
}
