// SPDX-License-Identifier: GPL-2.0
/*
 * Layouts of the packets of our own drivers.
 */

#include "source.h"

#include "gpio_lines.h"
#include "layout_parse.h"

#include <linux/notify_irq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const edge_names[] = {
	[NOTIFY_GPIO_EDGE_NONE] = "state",
	[NOTIFY_GPIO_EDGE_RISING] = "rising",
	[NOTIFY_GPIO_EDGE_FALLING] = "falling",
};

/* The name of the line follows its number. */
static struct layout *add_names(struct layout *layout, const struct gpio_lines *lines)
{
	const struct field *line = &layout->fields[0];
	const struct field name = {
		.name = "name",
		.label = "",
		.names = lines->names,
		.names_count = lines->count,
		.kind = FIELD_CHARS,
		.size = line->size,
		.offset = line->offset,
	};
	struct layout *named = layout_insert(layout, 1, &name);

	free(layout);
	return named;
}

static struct layout *gpio_layout(size_t packet_size, const struct gpio_lines *lines)
{
	struct layout_error error;
	struct layout *layout;

	if (packet_size != sizeof(struct notify_gpio_event))
		return NULL;
	layout = layout_parse("u32 line, u32 edge, u32 level, u32 line_seqno, x64 levels,"
			      "u32 flags, u32 _", &error);
	if (!layout)
		return NULL;
	layout->fields[1].label = "";
	layout->fields[1].names = edge_names;
	layout->fields[1].names_count = ARRAY_SIZE(edge_names);
	layout->fields[3].label = "edge";
	layout->lines = lines->count ? lines->count : GPIO_MAX_LINES;
	layout->fields[4].digits = (layout->lines + 3) / 4;
	return lines->named ? add_names(layout, lines) : layout;
}

static struct layout *irq_layout(size_t packet_size, const struct gpio_lines *lines)
{
	struct layout_error error;
	char text[80];

	(void)lines;
	if (packet_size < sizeof(struct notify_irq_event) || packet_size % 4)
		return NULL;
	if (packet_size == sizeof(struct notify_irq_event))
		return layout_parse("u32 irq_count, u32 nregs, u32 irq, u32 _", &error);
	snprintf(text, sizeof(text), "u32 irq_count, u32 nregs, u32 irq, u32 _, x32[%zu] regs",
		 (packet_size - sizeof(struct notify_irq_event)) / 4);
	return layout_parse(text, &error);
}

static const struct {
	const char *driver;
	struct layout *(*layout)(size_t packet_size, const struct gpio_lines *lines);
} sources[] = {
	{ GPIO_DRIVER, gpio_layout },
	{ "notify_irq", irq_layout },
};

struct layout *source_layout(const char *driver, size_t packet_size,
			     const struct gpio_lines *lines)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sources); i++)
		if (!strcmp(driver, sources[i].driver))
			return sources[i].layout(packet_size, lines);
	return NULL;
}
