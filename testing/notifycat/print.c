// SPDX-License-Identifier: GPL-2.0
/*
 * print DEVICE FORMAT LAYOUT: print standard input as a packet of this layout, as notifycat does.
 */

#include "device.h"
#include "format.h"
#include "formats.h"
#include "layout_parse.h"
#include "timescale.h"

#include <stdio.h>
#include <stdlib.h>

static union {
	struct notify_multi_record record;
	char bytes[sizeof(struct notify_multi_record) + NOTIFY_MULTI_MAX_PACKET_SIZE];
} buffer = {
	.record = { .seq = UINT64_MAX, .timestamp_ns = 1 },
};

int main(int argc, char **argv)
{
	struct device device = { };
	struct output output = {
		.devices = &device,
		.count = 1,
		.timescale = timescale_find("us"),
	};
	const struct format *format = argc == 4 ? format_find(argv[2]) : NULL;
	struct layout_error error;
	size_t size;

	if (!format)
		return 2;
	size = fread(&buffer.record + 1, 1, NOTIFY_MULTI_MAX_PACKET_SIZE, stdin);
	device.node.name = argv[1];
	device.info.packet_size = size;
	device.layout = layout_complete(layout_parse(argv[3], &error), size);
	if (format->begin && !format->begin(&output))
		return 1;
	format->packet(&output, &device, &buffer.record);
	return 0;
}
