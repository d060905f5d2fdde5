// SPDX-License-Identifier: GPL-2.0
/*
 * Binary formats: payloads, and records as read() returns them; and no output.
 */

#include "device.h"
#include "format.h"
#include "message.h"
#include "print.h"

#include <string.h>

/* A packet with an error status has no payload, as in the raw format of read(). */
static void raw_packet(const struct output *output, const struct device *device,
		       const struct notify_multi_record *record)
{
	(void)output;
	if (record->status)
		message("%s: packet %llu has status %d: %s", device->node.name,
			(unsigned long long)record->seq, record->status,
			strerror(-record->status));
	else
		print_bytes(record + 1, record->size);
}

const struct format raw_format = {
	.name = "raw",
	.packet = raw_packet,
};

static void record_packet(const struct output *output, const struct device *device,
			  const struct notify_multi_record *record)
{
	(void)output;
	print_bytes(record, device->info.record_size);
}

const struct format record_format = {
	.name = "record",
	.packet = record_packet,
};

static void none_packet(const struct output *output, const struct device *device,
			const struct notify_multi_record *record)
{
	(void)output;
	(void)device;
	(void)record;
}

const struct format none_format = {
	.name = "none",
	.packet = none_packet,
};
