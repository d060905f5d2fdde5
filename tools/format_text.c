// SPDX-License-Identifier: GPL-2.0
/*
 * A line for people.
 */

#include "clock.h"
#include "format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void print_number(FILE *out, const struct field *field, size_t index, const void *packet)
{
	if (field->kind == FIELD_SIGNED)
		fprintf(out, "%" PRId64, field_signed(field, index, packet));
	else if (field->kind == FIELD_HEX)
		fprintf(out, "0x%0*" PRIx64, (int)field->size * 2,
			field_unsigned(field, index, packet));
	else
		fprintf(out, "%" PRIu64, field_unsigned(field, index, packet));
}

static void print_value(FILE *out, const struct field *field, const void *packet)
{
	const char *name = field_value_name(field, packet);
	size_t i;

	if (name) {
		fputs(name, out);
	} else if (field->kind == FIELD_CHARS) {
		putc('"', out);
		print_chars(out, field, packet, "\"\\");
		putc('"', out);
	} else if (field->kind == FIELD_BYTES) {
		print_hex(out, field, packet);
	} else {
		for (i = 0; i < field->count; i++) {
			if (i)
				putc(',', out);
			print_number(out, field, i, packet);
		}
	}
}

void print_text_fields(FILE *out, const struct layout *layout, const void *packet)
{
	const struct field *field;

	for (field = layout->fields; field < layout->fields + layout->count; field++) {
		if (!strcmp(field->name, "_"))
			continue;
		if (*field->label)
			fprintf(out, " %s", field->label);
		putc(' ', out);
		print_value(out, field, packet);
	}
}

static void text_packet(const struct output *output, const struct device *device,
			const struct notify_multi_record *record)
{
	char time[CLOCK_TEXT_BYTES];

	if (output->options->wall_clock)
		clock_wall_text(record->timestamp_ns, time);
	else
		clock_monotonic_text(record->timestamp_ns, time);
	printf("%s %" PRIu64 " %s", device->name, (uint64_t)record->seq, time);
	print_text_fields(stdout, device->layout, record->data);
	if (record->flags & NOTIFY_MULTI_REC_REPLAY)
		printf(" replay");
	if (record->status)
		printf(" status %d (%s)", record->status, strerror(-record->status));
	putchar('\n');
}

const struct format text_format = {
	.name = "text",
	.packet = text_packet,
};
