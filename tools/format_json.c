// SPDX-License-Identifier: GPL-2.0
/*
 * JSON: an object per line.
 */

#include "clock.h"
#include "device.h"
#include "format.h"
#include "print.h"

#include <inttypes.h>
#include <string.h>

static void print_integer(const struct field *field, size_t index, const void *packet)
{
	if (field->kind == FIELD_SIGNED)
		print("%" PRId64, field_signed(field, index, packet));
	else
		print("%" PRIu64, field_unsigned(field, index, packet));
}

static void print_numbers(const struct field *field, const void *packet)
{
	size_t i;

	print_char('[');
	for (i = 0; i < field->count; i++) {
		if (i)
			print_char(',');
		print_integer(field, i, packet);
	}
	print_char(']');
}

static void print_value(const struct field *field, const void *packet)
{
	const char *name = field_value_name(field, packet);
	const char *text;
	size_t length;

	if (field->kind == FIELD_CHARS) {
		text = field_text(field, packet, &length);
		print_json_string(text, length);
	} else if (name) {
		print_json_string(name, strlen(name));
	} else if (field->kind == FIELD_BYTES) {
		print_char('"');
		print_hex(field, packet);
		print_char('"');
	} else if (field->array) {
		print_numbers(field, packet);
	} else {
		print_integer(field, 0, packet);
	}
}

static void print_fields(const struct layout *layout, const void *packet)
{
	const struct field *field;

	for (field = layout->fields; field < layout->fields + layout->count; field++) {
		if (field_is_hidden(field))
			continue;
		print(",\"%s\":", field->name);
		print_value(field, packet);
	}
}

static void print_device(const struct device *device)
{
	print("{\"device\":");
	print_json_string(device->node.name, strlen(device->node.name));
}

static void json_packet(const struct output *output, const struct device *device,
			const struct notify_multi_record *record)
{
	char time[CLOCK_TEXT_BYTES];

	print_device(device);
	print(",\"seq\":%" PRIu64 ",\"timestamp_ns\":%" PRIu64, (uint64_t)record->seq,
	      (uint64_t)record->timestamp_ns);
	if (output->wall_clock) {
		clock_wall_text(record->timestamp_ns, device->info.clock, time);
		print(",\"time\":\"%s\"", time);
	}
	print(",\"status\":%d,\"dropped\":%u,\"replay\":%s", record->status, record->dropped,
	      record->flags & NOTIFY_MULTI_REC_REPLAY ? "true" : "false");
	print_fields(device->layout, record + 1);
	print("}\n");
}

static void json_removed(const struct output *output, const struct device *device)
{
	(void)output;
	print_device(device);
	print(",\"event\":\"removed\"}\n");
}

static void json_added(const struct output *output, struct device *device, const uint64_t *missed)
{
	(void)output;
	print_device(device);
	if (missed)
		print(",\"event\":\"added\",\"missed\":%" PRIu64 "}\n", *missed);
	else
		print(",\"event\":\"added\",\"missed\":null}\n");
}

const struct format json_format = {
	.name = "json",
	.packet = json_packet,
	.removed = json_removed,
	.added = json_added,
};
