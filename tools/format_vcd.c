// SPDX-License-Identifier: GPL-2.0
/*
 * Waveform (VCD, IEEE 1364): a scope per device, with a wire for each GPIO line or each number
 * of a packet. A wire is x before its first packet and after dropped packets.
 *
 * A packet has the levels of all lines. The first one, or NOTIFY_GPIO_IOC_GET_LEVELS, determines
 * the levels at the start.
 */

#include "clock.h"
#include "device.h"
#include "format.h"
#include "message.h"
#include "print.h"
#include "timescale.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* Characters of identifiers, without # and $, which sigrok parses as keywords. */
#define ID_FIRST	'%'
#define ID_LAST		'~'

/*
 * @first: Number of the first wire of the device.
 * @lines: The wires are GPIO lines, with @levels; those not in @valid are x.
 * @begun: @levels includes a packet.
 */
struct wave {
	size_t first;
	size_t count;
	bool lines;
	bool begun;
	uint64_t levels;
	uint64_t valid;
	size_t packet_size;
};

static uint64_t origin;		/* Time 0, on the devices' clock. */
static uint32_t waveform_clock;	/* Clock of all devices. */
static uint64_t shown;		/* Last time written, in units of the timescale. */
static bool begun;
static bool header_printed;
static size_t wires;		/* Number of wires of all devices. */

/* -- Wires ----------------------------------------------------------------- */

static bool is_drawn(const struct field *field)
{
	return field_is_number(field) && !field_is_hidden(field);
}

static size_t count_wires(const struct layout *layout)
{
	size_t count = 0, i;

	if (layout->lines)
		return layout->lines;
	for (i = 0; i < layout->count; i++)
		if (is_drawn(&layout->fields[i]))
			count += layout->fields[i].count;
	return count;
}

static void print_id(size_t wire)
{
	const size_t base = ID_LAST - ID_FIRST + 1;

	do {
		print_char(ID_FIRST + wire % base);
		wire /= base;
	} while (wire);
}

/* Not all programs show scopes: with several devices, prefix names with the device. */
static void declare(const char *device, const char *name, size_t bits, size_t wire)
{
	print("$var wire %zu ", bits);
	print_id(wire);
	print_char(' ');
	if (device) {
		print_word(device);
		print_char('_');
	}
	print_word(name);
	print(" $end\n");
}

static void declare_wires(const struct device *device, const char *prefix)
{
	const struct layout *layout = device->layout;
	const struct field *names = layout->lines ? layout_find(layout, "name") : NULL;
	size_t wire = device->wave->first, i, element;
	char name[FIELD_NAME_BYTES + 32];

	for (i = 0; i < layout->lines; i++) {
		snprintf(name, sizeof(name), "line%zu", i);
		declare(prefix, names && *names->names[i] ? names->names[i] : name, 1, wire++);
	}
	for (i = 0; i < layout->count && !layout->lines; i++) {
		const struct field *field = &layout->fields[i];

		if (!is_drawn(field))
			continue;
		for (element = 0; element < field->count; element++) {
			if (field->array)
				snprintf(name, sizeof(name), "%s_%zu", field->name, element);
			else
				snprintf(name, sizeof(name), "%s", field->name);
			declare(prefix, name, field->size * 8, wire++);
		}
	}
}

/* -- Values ---------------------------------------------------------------- */

static void print_bit(char value, size_t wire)
{
	print_char(value);
	print_id(wire);
	print_char('\n');
}

static void print_vector(uint64_t value, size_t wire)
{
	int bit = 63;

	while (bit && !(value >> bit & 1))
		bit--;
	print_char('b');
	for (; bit >= 0; bit--)
		print_char('0' + (value >> bit & 1));
	print_char(' ');
	print_id(wire);
	print_char('\n');
}

static void print_line(const struct wave *wave, size_t line)
{
	const bool valid = wave->valid >> line & 1;

	print_bit(valid ? '0' + (wave->levels >> line & 1) : 'x', wave->first + line);
}

/* Lines have their levels; numbers are x. */
static void print_initial(const struct wave *wave)
{
	size_t i;

	for (i = 0; i < wave->count; i++) {
		if (wave->lines) {
			print_line(wave, i);
		} else {
			print("bx ");
			print_id(wave->first + i);
			print_char('\n');
		}
	}
}

static void print_unknown(const struct device *device)
{
	device->wave->valid = 0;
	print_initial(device->wave);
}

static struct notify_gpio_event gpio_event(const struct notify_multi_record *record)
{
	struct notify_gpio_event event;

	memcpy(&event, record + 1, sizeof(event));
	return event;
}

/* A nonzero status: the level of the line could not be read, now or since then. */
static void set_levels(struct wave *wave, const struct notify_multi_record *record)
{
	const struct notify_gpio_event event = gpio_event(record);
	const uint64_t own = UINT64_C(1) << event.line % GPIO_MAX_LINES;

	if (!wave->valid)
		wave->valid = UINT64_MAX;
	wave->levels = event.levels;
	wave->valid = record->status ? wave->valid & ~own : wave->valid | own;
}

static void print_changed_lines(struct wave *wave, const struct notify_multi_record *record)
{
	const struct wave before = *wave;
	uint64_t changed;
	size_t i;

	set_levels(wave, record);
	changed = (before.levels ^ wave->levels) | (before.valid ^ wave->valid);
	for (i = 0; i < wave->count; i++)
		if (changed >> i & 1)
			print_line(wave, i);
}

/* Set the levels at the start to those before the first packet, or of it if it is a replay. */
static void begin_lines(struct wave *wave, const struct notify_multi_record *record)
{
	const struct notify_gpio_event event = gpio_event(record);

	wave->begun = true;
	set_levels(wave, record);
	if (!(record->flags & NOTIFY_MULTI_REC_REPLAY) && event.edge != NOTIFY_GPIO_EDGE_NONE &&
	    !(event.flags & NOTIFY_GPIO_UNCHANGED))
		wave->levels ^= UINT64_C(1) << event.line % GPIO_MAX_LINES;
}

static void print_vectors(const struct device *device, const struct notify_multi_record *record)
{
	const struct layout *layout = device->layout;
	size_t wire = device->wave->first, i, element;

	for (i = 0; i < layout->count; i++) {
		const struct field *field = &layout->fields[i];

		if (!is_drawn(field))
			continue;
		for (element = 0; element < field->count; element++)
			print_vector(field_unsigned(field, element, record + 1), wire++);
	}
}

/* -- Times ----------------------------------------------------------------- */

/* Time must not decrease, but packets of several devices may be read out of order. */
static void print_time(const struct output *output, uint64_t ns)
{
	uint64_t time = ns > origin ? (ns - origin) / output->timescale->ns : 0;

	if (time <= shown)
		return;
	print("#%" PRIu64 "\n", time);
	shown = time;
}

static void print_scope(const struct device *device, bool prefix)
{
	print("$scope module ");
	print_word(device->node.name);
	print(" $end\n");
	declare_wires(device, prefix ? device->node.name : NULL);
	print("$upscope $end\n");
}

/* Start one unit before the first packet, so that its edges are visible. */
static void print_header(const struct output *output, uint64_t first)
{
	const bool prefix = output->count > 1;
	const struct timescale *scale = output->timescale;
	char date[CLOCK_TEXT_BYTES];
	size_t i;

	header_printed = true;
	origin = first > scale->ns ? first - scale->ns : 0;
	clock_wall_text(origin, waveform_clock, date);
	print("$date %s $end\n$version notifycat $end\n", date);
	print("$comment time 0 is %" PRIu64 " ns of %s $end\n", origin,
	      clock_name(waveform_clock));
	print("$timescale 1 %s $end\n", scale->name);
	for (i = 0; i < output->count; i++)
		if (output->devices[i].wave)
			print_scope(&output->devices[i], prefix);
	print("$enddefinitions $end\n#0\n$dumpvars\n");
	for (i = 0; i < output->count; i++)
		if (output->devices[i].wave)
			print_initial(output->devices[i].wave);
	print("$end\n");
}

/* -- Format ---------------------------------------------------------------- */

static void read_levels(const struct device *device)
{
	struct notify_gpio_levels levels;

	if (ioctl(device->fd, NOTIFY_GPIO_IOC_GET_LEVELS, &levels))
		return;
	device->wave->levels = levels.levels;
	device->wave->valid = levels.valid;
}

static bool add_wave(struct device *device)
{
	const size_t count = count_wires(device->layout);

	if (!count) {
		message("%s: no packet layout to draw, use --decode", device->node.name);
		return false;
	}
	if (wires && device->info.clock != waveform_clock) {
		message("%s: cannot be drawn with devices of another clock", device->node.name);
		return false;
	}
	waveform_clock = device->info.clock;
	free(device->wave);
	device->wave = calloc(1, sizeof(*device->wave));
	if (!device->wave) {
		message("out of memory");
		return false;
	}
	device->wave->first = wires;
	device->wave->count = count;
	device->wave->lines = device->layout->lines;
	device->wave->packet_size = device->info.packet_size;
	wires += count;
	if (device->wave->lines)
		read_levels(device);
	return true;
}

static bool vcd_begin(const struct output *output)
{
	size_t i;

	begun = true;
	for (i = 0; i < output->count; i++) {
		struct device *device = &output->devices[i];

		if (device->layout && !add_wave(device))
			return false;
	}
	return true;
}

/* A device that was added again may have other packets. */
static bool fits(const struct device *device)
{
	return device->wave && device->info.packet_size == device->wave->packet_size &&
	       count_wires(device->layout) == device->wave->count;
}

/* Draw x from the unit after the last time written: packets were dropped since then. */
static void print_drop(const struct output *output, const struct device *device,
		       const struct notify_multi_record *record)
{
	uint64_t next = origin + (shown + 1) * output->timescale->ns;

	if (next < record->timestamp_ns)
		print_time(output, next);
	print_unknown(device);
}

static void vcd_packet(const struct output *output, const struct device *device,
		       const struct notify_multi_record *record)
{
	struct wave *wave = device->wave;

	if (!fits(device))
		return;
	if (wave->lines && !wave->begun && !header_printed) {
		begin_lines(wave, record);
		if (record->flags & NOTIFY_MULTI_REC_REPLAY)
			return;
	}
	if (!header_printed)
		print_header(output, record->timestamp_ns);
	if (record->dropped)
		print_drop(output, device, record);
	print_time(output, record->timestamp_ns);
	if (wave->lines)
		print_changed_lines(wave, record);
	else
		print_vectors(device, record);
}

static void vcd_removed(const struct output *output, const struct device *device)
{
	if (!header_printed || !device->wave)
		return;
	print_time(output, clock_now(waveform_clock));
	print_unknown(device);
}

/* The header declares all wires. */
static void vcd_added(const struct output *output, struct device *device, const uint64_t *missed)
{
	(void)output;
	(void)missed;
	if (!begun)
		return;
	if (!header_printed && !fits(device))
		add_wave(device);
	else if (!device->wave)
		message("%s: added after the waveform began, not drawn", device->node.name);
	else if (!fits(device))
		message("%s: packet layout changed, not drawn any further", device->node.name);
}

/* Extend the last values up to now. */
static void vcd_end(const struct output *output)
{
	if (!header_printed)
		print_header(output, clock_now(waveform_clock));
	print_time(output, clock_now(waveform_clock));
}

const struct format vcd_format = {
	.name = "vcd",
	.needs_all = true,
	.begin = vcd_begin,
	.packet = vcd_packet,
	.removed = vcd_removed,
	.added = vcd_added,
	.end = vcd_end,
};
