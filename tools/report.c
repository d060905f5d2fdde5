// SPDX-License-Identifier: GPL-2.0
/*
 * Output of --info and --stats.
 */

#include "report.h"

#include "clients.h"
#include "device.h"
#include "format.h"
#include "message.h"
#include "options.h"
#include "writer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void write_attribute(const struct writer *writer, const struct node *node,
			    const char *attribute, const char *name)
{
	uint64_t value;

	if (node_attribute(node, attribute, &value) ||
	    node_source_attribute(node, attribute, &value))
		writer->number(name, value);
}

static void write_info(const struct writer *writer, const struct device *device)
{
	const struct notify_multi_info *info = &device->info;

	writer->string("node", device->node.path);
	if (*device->driver)
		writer->string("driver", device->driver);
	write_attribute(writer, &device->node, "lines", "lines");
	writer->number("abi_version", info->abi_version);
	writer->number("packet_size", info->packet_size);
	writer->number("record_size", info->record_size);
	writer->number("max_packets", info->max_packets);
	writer->number("max_requests", info->max_requests);
	writer->number("replay", info->replay);
	writer->number("ring_bytes", info->ring_bytes);
}

static void write_stats(const struct writer *writer, const struct device *device,
			const struct clients *clients)
{
	write_attribute(writer, &device->node, "broadcasts", "broadcasts");
	write_attribute(writer, &device->node, "clients", "readers");
	write_attribute(writer, &device->node, "dropped", "dropped");
	write_attribute(writer, &device->node, "overflows", "overflows");
	writer->clients(clients, device->node.kernel_name);
}

/* Only --info needs to open the device. Close it before its readers are counted. */
static int find_device(const struct options *options, struct device *device)
{
	int error;

	if (options->info) {
		error = device_open(device);
		if (error)
			return error;
		device_close(device);
	}
	return node_find(&device->node);
}

static bool report_device(const struct options *options, struct device *device,
			  const struct clients *clients)
{
	const struct writer *writer = options->format == &json_format ? &json_writer : &text_writer;
	int error;

	error = find_device(options, device);
	if (error) {
		device_perror(device, error);
		return false;
	}
	writer->begin(device->node.name);
	if (options->info)
		write_info(writer, device);
	if (options->stats)
		write_stats(writer, device, clients);
	writer->end();
	return true;
}

enum exit_status report(const struct options *options, struct device *devices, size_t count)
{
	struct clients clients = { };
	size_t i;

	if (options->stats && !clients_read(&clients)) {
		message("out of memory");
		return EXIT_FAILED;
	}
	for (i = 0; i < count; i++)
		if (!report_device(options, &devices[i], &clients))
			return EXIT_FAILED;
	if (fflush(stdout)) {
		message("cannot write output: %s", strerror(errno));
		return EXIT_FAILED;
	}
	return EXIT_OK;
}
