// SPDX-License-Identifier: GPL-2.0
/*
 * CSV (RFC 4180, but lines end with a line feed): the columns of all packets, then one for each
 * field of any device.
 *
 * The column of a field that a device does not have is empty. Bytes without a layout are in the
 * last column. If a device with other fields is added, the header is printed again.
 */

#include "clock.h"
#include "device.h"
#include "format.h"
#include "message.h"
#include "print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* An array has a column for each element; characters are one column. */
struct column {
	char name[FIELD_NAME_BYTES];
	size_t count;
	bool array;
};

static struct column *columns;
static size_t columns_count;
static bool data_column;
static bool header_printed;

static bool is_column(const struct field *field)
{
	return field->kind != FIELD_BYTES && !field_is_hidden(field);
}

static size_t cells(const struct field *field)
{
	return field->kind == FIELD_CHARS ? 1 : field->count;
}

static const struct column *find_column(const struct field *field)
{
	size_t i;

	for (i = 0; i < columns_count; i++)
		if (!strcmp(columns[i].name, field->name) && columns[i].count == cells(field))
			return &columns[i];
	return NULL;
}

static bool add_column(const struct field *field)
{
	struct column *more = realloc(columns, (columns_count + 1) * sizeof(*columns));

	if (!more)
		return false;
	columns = more;
	columns[columns_count] = (struct column){ .count = cells(field), .array = field->array };
	memcpy(columns[columns_count].name, field->name, sizeof(field->name));
	columns_count++;
	return true;
}

static bool add_columns(const struct layout *layout)
{
	size_t i;

	for (i = 0; i < layout->count; i++) {
		const struct field *field = &layout->fields[i];

		if (field->kind == FIELD_BYTES)
			data_column = true;
		else if (is_column(field) && !find_column(field) && !add_column(field))
			return false;
	}
	return true;
}

static void print_header(void)
{
	size_t i, cell;

	header_printed = true;
	print("device,seq,time,status,dropped,replay");
	for (i = 0; i < columns_count; i++) {
		if (!columns[i].array)
			print(",%s", columns[i].name);
		for (cell = 0; columns[i].array && cell < columns[i].count; cell++)
			print(",%s[%zu]", columns[i].name, cell);
	}
	print("%s\n", data_column ? ",data" : "");
}

/* Add the fields of a device. Print the header again if it has changed. */
static bool describe(const struct device *device)
{
	const size_t count = columns_count;
	const bool data = data_column;

	if (!add_columns(device->layout)) {
		message("out of memory");
		return false;
	}
	if (header_printed && (columns_count != count || data_column != data))
		print_header();
	return true;
}

static bool csv_begin(const struct output *output)
{
	bool known = false;
	size_t i;

	for (i = 0; i < output->count; i++) {
		if (!output->devices[i].layout)
			continue;
		if (!describe(&output->devices[i]))
			return false;
		known = true;
	}
	if (known)
		print_header();
	return true;
}

static void csv_added(const struct output *output, struct device *device, const uint64_t *missed)
{
	(void)output;
	(void)missed;
	if (describe(device) && !header_printed)
		print_header();
}

static void print_cell(const struct field *field, size_t index, const void *packet)
{
	const char *name = field_value_name(field, packet);

	if (name)
		print("%s", name);
	else
		print_number(field, index, packet);
}

static void print_column(const struct column *column, const struct layout *layout,
			 const void *packet)
{
	const struct field *field = layout_find(layout, column->name);
	size_t cell, length;
	const char *text;

	if (field && cells(field) != column->count)
		field = NULL;
	if (field && field->kind == FIELD_CHARS) {
		print_char(',');
		text = field_text(field, packet, &length);
		print_csv_string(text, length);
		return;
	}
	for (cell = 0; cell < column->count; cell++) {
		print_char(',');
		if (field)
			print_cell(field, cell, packet);
	}
}

static void print_data(const struct layout *layout, const void *packet)
{
	const struct field *rest = layout_find(layout, LAYOUT_REST);

	print_char(',');
	if (rest)
		print_hex(rest, packet);
}

static void csv_packet(const struct output *output, const struct device *device,
		       const struct notify_multi_record *record)
{
	char time[CLOCK_TEXT_BYTES];
	size_t i;

	if (output->wall_clock)
		clock_wall_text(record->timestamp_ns, device->info.clock, time);
	else
		clock_text(record->timestamp_ns, time);
	print_csv_string(device->node.name, strlen(device->node.name));
	print(",%" PRIu64 ",%s,%d,%u,%d", (uint64_t)record->seq, time, record->status,
	      record->dropped, !!(record->flags & NOTIFY_MULTI_REC_REPLAY));
	for (i = 0; i < columns_count; i++)
		print_column(&columns[i], device->layout, record + 1);
	if (data_column)
		print_data(device->layout, record + 1);
	print_char('\n');
}

const struct format csv_format = {
	.name = "csv",
	.begin = csv_begin,
	.packet = csv_packet,
	.added = csv_added,
};
