// SPDX-License-Identifier: GPL-2.0
/*
 * Text: a line per packet.
 */

#include "clock.h"
#include "device.h"
#include "format.h"
#include "print.h"

#include <inttypes.h>
#include <string.h>

static void print_value(const struct field *field, const void *packet)
{
	const char *name = field_value_name(field, packet), *text;
	size_t length;

	if (name) {
		print_escaped(name, strlen(name), "\\");
	} else if (field->kind == FIELD_CHARS) {
		text = field_text(field, packet, &length);
		print_char('"');
		print_escaped(text, length, "\"\\");
		print_char('"');
	} else {
		print_numbers_or_hex(field, packet);
	}
}

/* A line without a name has only its number. */
static bool is_unnamed(const struct field *field, const void *packet)
{
	const char *name = field_value_name(field, packet);

	return name && !*name;
}

static void print_fields(const struct layout *layout, const void *packet)
{
	const struct field *field;

	for (field = layout->fields; field < layout->fields + layout->count; field++) {
		if (field_is_hidden(field) || is_unnamed(field, packet))
			continue;
		if (*field->label)
			print(" %s", field->label);
		print_char(' ');
		print_value(field, packet);
	}
}

static void text_packet(const struct output *output, const struct device *device,
			const struct notify_multi_record *record)
{
	char time[CLOCK_TEXT_BYTES];

	if (output->wall_clock)
		clock_wall_text(record->timestamp_ns, device->info.clock, time);
	else
		clock_text(record->timestamp_ns, time);
	print("%s %" PRIu64 " %s", device->node.name, (uint64_t)record->seq, time);
	print_fields(device->layout, record + 1);
	if (record->flags & NOTIFY_MULTI_REC_REPLAY)
		print(" replay");
	if (record->status)
		print(" status %d (%s)", record->status, strerror(-record->status));
	print_char('\n');
}

const struct format text_format = {
	.name = "text",
	.packet = text_packet,
};
