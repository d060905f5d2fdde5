// SPDX-License-Identifier: GPL-2.0
/*
 * Fields of a packet by name.
 */

#include "value.h"

#include "clock.h"
#include "device.h"
#include "format.h"
#include "print.h"

#include <inttypes.h>
#include <string.h>

static void print_device(const struct value_source *source)
{
	print_plain(source->device->node.name, strlen(source->device->node.name));
}

static void print_seq(const struct value_source *source)
{
	print("%" PRIu64, (uint64_t)source->record->seq);
}

static void print_timestamp(const struct value_source *source)
{
	print("%" PRIu64, (uint64_t)source->record->timestamp_ns);
}

static void print_time(const struct value_source *source)
{
	char text[CLOCK_TEXT_BYTES];

	if (source->output->wall_clock)
		clock_wall_text(source->record->timestamp_ns, source->device->info.clock, text);
	else
		clock_text(source->record->timestamp_ns, text);
	print("%s", text);
}

static void print_status(const struct value_source *source)
{
	print("%d", source->record->status);
}

static void print_dropped(const struct value_source *source)
{
	print("%u", source->record->dropped);
}

static void print_replay(const struct value_source *source)
{
	print("%d", !!(source->record->flags & NOTIFY_MULTI_REC_REPLAY));
}

static const struct {
	const char *name;
	void (*print)(const struct value_source *source);
} headers[] = {
	{ "device", print_device },
	{ "seq", print_seq },
	{ "timestamp_ns", print_timestamp },
	{ "time", print_time },
	{ "status", print_status },
	{ "dropped", print_dropped },
	{ "replay", print_replay },
};

static void print_field(const struct field *field, const void *packet)
{
	const char *text;
	size_t length;

	if (field_value_name(field, packet) || field->kind == FIELD_CHARS) {
		text = field_text(field, packet, &length);
		print_plain(text, length);
	} else {
		print_numbers_or_hex(field, packet);
	}
}

const char *value_name(const struct device *device, size_t index)
{
	if (index < ARRAY_SIZE(headers))
		return headers[index].name;
	index -= ARRAY_SIZE(headers);
	return index < device->layout->count ? device->layout->fields[index].name : NULL;
}

int value_find(const struct device *device, const char *name, size_t length)
{
	const char *known;
	int i;

	for (i = 0; (known = value_name(device, i)); i++)
		if (strlen(known) == length && !strncmp(known, name, length))
			return i;
	return -1;
}

bool value_print(const struct value_source *source, const char *name, size_t length)
{
	const int index = value_find(source->device, name, length);
	const int count = ARRAY_SIZE(headers);

	if (index < 0)
		return false;
	if (index < count)
		headers[index].print(source);
	else
		print_field(&source->device->layout->fields[index - count], source->record + 1);
	return true;
}
