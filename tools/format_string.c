// SPDX-License-Identifier: GPL-2.0
/*
 * A line for each packet, given by the user. The letters are those of gpiomon.
 */

#include "format_string.h"

#include "clock.h"
#include "device.h"
#include "format.h"
#include "message.h"
#include "print.h"
#include "value.h"

#include <inttypes.h>
#include <string.h>

static const char *line;

/* -- Letters --------------------------------------------------------------- */

/* Return the line of a packet of notify_gpio, or NULL. */
static const struct notify_gpio_line *gpio_line(const struct value_source *source)
{
	const struct gpio_lines *lines = source->device->lines;
	struct notify_gpio_event event;

	if (!lines)
		return NULL;
	memcpy(&event, source->record + 1, sizeof(event));
	return event.line < lines->count ? &lines->list[event.line] : NULL;
}

static void print_edge_number(const struct value_source *source)
{
	struct notify_gpio_event event;

	if (!source->device->lines)
		return;
	memcpy(&event, source->record + 1, sizeof(event));
	print("%u", event.edge);
}

static void print_time_of_day(uint64_t wall, bool utc)
{
	char text[CLOCK_TEXT_BYTES];

	clock_date(wall, utc, text);
	print("%s%s", text, utc ? "Z" : "");
}

static void print_letter(const struct value_source *source, char letter, uint64_t wall)
{
	const struct notify_gpio_line *gpio = gpio_line(source);
	char text[CLOCK_TEXT_BYTES];

	switch (letter) {
	case '%':
		print_char('%');
		break;
	case 'c':
		print("%s", gpio ? gpio->chip : "");
		break;
	case 'e':
		print_edge_number(source);
		break;
	case 'E':
		value_print(source, "edge", 4);
		break;
	case 'l':
		if (gpio)
			print("%s", *gpio->name ? gpio->name : "unnamed");
		break;
	case 'o':
		if (gpio)
			print("%u", gpio->offset);
		break;
	case 'S':
		clock_text(source->record->timestamp_ns, text);
		print("%s", text);
		break;
	default:
		print_time_of_day(wall, letter == 'U');
		break;
	}
}

/* -- Format ---------------------------------------------------------------- */

bool format_string_set(const char *text)
{
	const char *c = text, *end;

	line = text;
	while ((c = strchr(c, '%'))) {
		c++;
		if (*c == '{') {
			end = strchr(c, '}');
			if (!end)
				return report_error("invalid format string \"%s\": missing \"}\"",
						    text);
			c = end + 1;
		} else if (*c && strchr("%ceEloSUL", *c)) {
			c++;
		} else {
			return report_error("invalid format string \"%s\": unknown \"%%%.1s\"",
					    text, c);
		}
	}
	return true;
}

/* A field may be missing in some devices, but not in all. */
static bool is_known(const struct output *output, const char *name, size_t length)
{
	bool present = false;
	size_t i;

	for (i = 0; i < output->count; i++) {
		if (!output->devices[i].layout)
			continue;
		present = true;
		if (value_find(&output->devices[i], name, length) >= 0)
			return true;
	}
	return !present || report_error("no device has packets with the field \"%.*s\"",
					(int)length, name);
}

static bool string_begin(const struct output *output)
{
	const char *c = line;

	while ((c = strchr(c, '%'))) {
		if (c[1] == '{' && !is_known(output, c + 2, strcspn(c + 2, "}")))
			return false;
		c += 2;
	}
	return true;
}

static void string_packet(const struct output *output, const struct device *device,
			  const struct notify_multi_record *record)
{
	const struct value_source source = { output, device, record };
	/* Read the clocks once: %U and %L are the same time. */
	const uint64_t wall = clock_wall(record->timestamp_ns, device->info.clock);
	const char *c;
	size_t length;

	for (c = line; *c; c++) {
		if (*c != '%') {
			print_char(*c);
		} else if (*++c == '{') {
			length = strcspn(c + 1, "}");
			value_print(&source, c + 1, length);
			c += length + 1;
		} else {
			print_letter(&source, *c, wall);
		}
	}
	print_char('\n');
}

const struct format string_format = {
	.name = "string",
	.begin = string_begin,
	.packet = string_packet,
};
