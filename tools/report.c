// SPDX-License-Identifier: GPL-2.0
/*
 * Output of --info and --stats, from sysfs: a program that opens a device is a reader, whose drops
 * are counted.
 */

#include "report.h"

#include "clients.h"
#include "flush.h"
#include "format.h"
#include "list.h"
#include "message.h"
#include "options.h"
#include "search.h"
#include "writer.h"

static void write_attribute(const struct writer *writer, const struct node *node,
			    const char *attribute, const char *name)
{
	uint64_t value;

	if (node_attribute(node, attribute, &value) ||
	    node_source_attribute(node, attribute, &value))
		writer->number(name, value);
}

/* The header, the packet, and padding to a multiple of 8. */
static uint64_t record_size(uint64_t packet_size)
{
	return (sizeof(struct notify_multi_record) + packet_size + 7) / 8 * 8;
}

static void write_info(const struct writer *writer, const struct node *node)
{
	char driver[DRIVER_BYTES], clock[WORD_BYTES];
	uint64_t packet_size;

	writer->string("node", node->path);
	node_driver(node, driver);
	if (*driver)
		writer->string("driver", driver);
	write_attribute(writer, node, "lines", "lines");
	write_attribute(writer, node, "packet_size", "packet_size");
	if (node_attribute(node, "packet_size", &packet_size))
		writer->number("record_size", record_size(packet_size));
	write_attribute(writer, node, "max_packets", "max_packets");
	write_attribute(writer, node, "max_requests", "max_requests");
	write_attribute(writer, node, "replay", "replay");
	node_word(node, "clock", clock);
	writer->string("clock", clock);
	write_attribute(writer, node, "ring_bytes", "ring_bytes");
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

static bool report_device(const struct options *options, struct device *device,
			  const struct clients *clients)
{
	const struct writer *writer = options->format == &json_format ? &json_writer : &text_writer;
	int error;

	error = node_find(&device->node);
	if (error) {
		device_perror(device, error);
		return false;
	}
	writer->begin(device->node.name);
	if (options->info)
		write_info(writer, &device->node);
	if (options->stats)
		write_stats(writer, device, clients);
	writer->end();
	return true;
}

enum exit_status report(struct list *list)
{
	const struct options *options = list->options;
	enum exit_status status = EXIT_OK;
	struct clients clients = { };
	size_t i;

	if (!list_find(list))
		return EXIT_FAILED;
	if (options->stats && !clients_read(&clients)) {
		message("out of memory");
		return EXIT_FAILED;
	}
	for (i = 0; i < list->searches_count; i++)
		if (!list_has_match(list, &list->searches[i])) {
			search_failed(&list->searches[i]);
			status = EXIT_FAILED;
		}
	for (i = 0; i < list->count; i++)
		if (!report_device(options, &list->devices[i], &clients))
			status = EXIT_FAILED;
	return flush_output() == FLUSH_OK ? status : EXIT_FAILED;
}
