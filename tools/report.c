// SPDX-License-Identifier: GPL-2.0
/*
 * Output of --info and --stats.
 */

#include "report.h"

#include "device.h"
#include "format.h"
#include "message.h"
#include "options.h"
#include "writer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

static void write_attribute(const struct writer *writer, const struct device *device,
			    const char *name)
{
	uint64_t value;

	if (node_attribute(&device->node, name, &value) ||
	    node_source_attribute(&device->node, name, &value))
		writer->number(name, value);
}

static void write_info(const struct writer *writer, const struct device *device)
{
	const struct notify_multi_info *info = &device->info;

	writer->string("node", device->node.path);
	if (*device->driver)
		writer->string("driver", device->driver);
	write_attribute(writer, device, "lines");
	writer->number("abi_version", info->abi_version);
	writer->number("packet_size", info->packet_size);
	writer->number("record_size", info->record_size);
	writer->number("max_packets", info->max_packets);
	writer->number("max_requests", info->max_requests);
	writer->number("replay", info->replay);
	writer->number("ring_bytes", info->ring_bytes);
}

/* Its own open is among the clients. */
static bool write_stats(const struct writer *writer, const struct device *device)
{
	struct notify_multi_stats stats;

	if (ioctl(device->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats)) {
		device_perror(device, errno);
		return false;
	}
	writer->number("seq", stats.seq);
	writer->number("next", stats.next);
	writer->number("clients", stats.clients);
	writer->number("delivered", stats.delivered);
	writer->number("dropped", stats.dropped);
	writer->number("pending_packets", stats.pending_packets);
	writer->number("pending_requests", stats.pending_requests);
	write_attribute(writer, device, "broadcasts");
	write_attribute(writer, device, "overflows");
	return true;
}

static bool report_device(const struct options *options, struct device *device)
{
	const struct writer *writer = options->format == &json_format ? &json_writer : &text_writer;
	bool good = true;
	int error;

	error = device_open(device);
	if (error) {
		device_perror(device, error);
		return false;
	}
	writer->begin(device->node.name);
	if (options->info)
		write_info(writer, device);
	if (options->stats)
		good = write_stats(writer, device);
	writer->end();
	device_close(device);
	return good;
}

enum exit_status report(const struct options *options, struct device *devices, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!report_device(options, &devices[i]))
			return EXIT_FAILED;
	if (fflush(stdout)) {
		message("output: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return EXIT_OK;
}
