// SPDX-License-Identifier: GPL-2.0
/*
 * notifycat stats: properties and counters of devices, from sysfs: a program that opens a device is
 * a reader, whose drops are counted.
 */

#include "arguments.h"
#include "clients.h"
#include "clock.h"
#include "command.h"
#include "device_words.h"
#include "flush.h"
#include "message.h"
#include "node.h"
#include "prometheus.h"
#include "search.h"
#include "stop.h"
#include "writer.h"

#include <linux/notify_multi.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* @writer: NULL if no format is given. @interval_ns: 0 for one output. */
struct stats_options {
	const struct writer *writer;
	bool prometheus;
	uint64_t interval_ns;
	uint64_t count;
};

/* @found: Number of devices found in directories or by patterns. */
struct stats {
	const struct stats_options *options;
	struct clients clients;
	size_t found;
	bool failed;
};

/* -- Devices --------------------------------------------------------------- */

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

static void write_properties(const struct writer *writer, const struct node *node)
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

static void write_counters(const struct writer *writer, const struct node *node,
			   const struct clients *clients)
{
	write_attribute(writer, node, "broadcasts", "broadcasts");
	write_attribute(writer, node, "clients", "readers");
	write_attribute(writer, node, "dropped", "dropped");
	write_attribute(writer, node, "overflows", "overflows");
	writer->clients(clients, node->kernel_name);
}

static bool write_node(struct stats *stats, const struct node *node)
{
	const struct writer *writer = stats->options->writer;

	if (stats->options->prometheus)
		return prometheus_add(node);
	writer->begin(node->name);
	write_properties(writer, node);
	write_counters(writer, node, &stats->clients);
	writer->end();
	return true;
}

/* -- Arguments ------------------------------------------------------------- */

static bool out_of_memory(void)
{
	return report_error("out of memory");
}

/* A device that was found may have been removed since, or may be another's. */
static bool write_found(void *data, const char *path)
{
	struct stats *stats = data;
	struct node node;
	bool good = true;

	if (!node_init(&node, path))
		return out_of_memory();
	if (!node_find(&node)) {
		stats->found++;
		good = write_node(stats, &node);
	}
	free(node.path);
	return good;
}

static bool write_named(struct stats *stats, const char *argument)
{
	struct node node;
	bool good = true;
	int error;

	if (!node_init(&node, argument))
		return out_of_memory();
	error = node_find(&node);
	if (error) {
		node_perror(&node, error);
		stats->failed = true;
	} else {
		good = write_node(stats, &node);
	}
	free(node.path);
	return good;
}

/* Return false if the rest cannot be written. */
static bool write_argument(struct stats *stats, const char *argument)
{
	const size_t before = stats->found;
	struct search search;
	bool good;

	if (!search_init(&search, argument))
		return out_of_memory();
	if (!search.path)
		return write_named(stats, argument);
	good = search_run(&search, write_found, stats);
	if (good && stats->found == before && strcmp(argument, NODES)) {
		search_failed(&search);
		stats->failed = true;
	}
	free(search.path);
	return good;
}

static bool write_all(struct stats *stats, char **arguments, size_t count)
{
	size_t i;

	stats->failed = false;
	if (!stats->options->prometheus && !clients_read(&stats->clients))
		return out_of_memory();
	for (i = 0; i < count; i++)
		if (!write_argument(stats, arguments[i]))
			return false;
	if (stats->options->prometheus)
		prometheus_print();
	return true;
}

/* -- Repetition ------------------------------------------------------------ */

/* Return false on a signal, or if the output is closed. */
static bool wait_for_next(const struct stats_options *options, int stop)
{
	struct pollfd polls[] = { { .fd = stop, .events = POLLIN }, { .fd = STDOUT_FILENO } };
	const uint64_t ms = (options->interval_ns + 999999) / 1000000;

	return poll(polls, 2, ms < INT32_MAX ? ms : INT32_MAX) <= 0 && !stop_wanted();
}

static enum exit_status run(const struct stats_options *options, char **arguments, size_t count)
{
	struct stats stats = { .options = options };
	uint64_t left = options->count;
	enum flush flushed;
	int stop;

	stop = stop_begin();
	if (stop < 0) {
		message("cannot wait for signals: %s", strerror(errno));
		return EXIT_FAILED;
	}
	do {
		if (!write_all(&stats, arguments, count))
			return EXIT_FAILED;
		flushed = flush_output();
		if (flushed == FLUSH_FAILED)
			return EXIT_FAILED;
	} while (flushed == FLUSH_OK && --left && wait_for_next(options, stop));
	return stats.failed ? EXIT_FAILED : EXIT_OK;
}

/* -- Command --------------------------------------------------------------- */

#define OPTION_PROMETHEUS	OPTION_FIRST

static const struct command_option stats_options[] = {
	{ 'f', "format", "text|json", "text (default) or json (an object per line)" },
	{ 'w', "watch", "[=SECONDS]", "repeat after this time (default 1)" },
	{ 'n', "count", "COUNT", "with --watch, exit after COUNT outputs" },
	{ OPTION_PROMETHEUS, "prometheus", NULL,
	  "counters in the text format of Prometheus, for the node_exporter" },
	{ }
};

static bool set_option(void *data, int id, const char *argument)
{
	struct stats_options *options = data;

	switch (id) {
	case 'f':
		options->writer = strcmp(argument, "json") ? &text_writer : &json_writer;
		return true;
	case 'w':
		return parse_seconds("interval", argument ?: "1", &options->interval_ns);
	case 'n':
		return parse_number("count", argument, UINT64_MAX, &options->count);
	default:
		options->prometheus = true;
		return true;
	}
}

static bool refuse(const char *problem)
{
	return command_refuse(&stats_command, "%s", problem);
}

static bool are_compatible(struct stats_options *options)
{
	if (options->prometheus && options->writer)
		return refuse("--prometheus and --format cannot be combined");
	if (options->prometheus && options->interval_ns)
		return refuse("--prometheus and --watch cannot be combined");
	if (options->count && !options->interval_ns)
		return refuse("--count requires --watch");
	if (!options->writer)
		options->writer = &text_writer;
	if (!options->interval_ns)
		options->count = 1;
	else if (!options->count)
		options->count = UINT64_MAX;
	return true;
}

static enum exit_status stats(int argc, char **argv)
{
	struct stats_options options = { };
	static char *all = NODES;
	enum exit_status status;
	int index;

	index = command_parse(&stats_command, argc, argv, set_option, &options, &status);
	if (index < 0)
		return status;
	if (!are_compatible(&options))
		return EXIT_USAGE;
	return index < argc ? run(&options, argv + index, argc - index) : run(&options, &all, 1);
}

const struct command stats_command = {
	.name = "stats",
	.usage = "stats [OPTION]... [DEVICE]...",
	.text = "Print the properties and counters of devices, by default of all, and of\n"
		"their readers. The devices are not opened.\n",
	.options = stats_options,
	.more = "Examples:\n"
		"  notifycat stats --watch=10 -f json buttons\n"
		"  notifycat stats --prometheus >notify.prom.new && mv notify.prom.new notify.prom\n"
		"\n"
		"Exit status: 0; 1 if a given device is missing; 2 on a usage error. It dies\n"
		"by SIGINT, SIGTERM and SIGHUP.\n",
	.run = stats,
	.words = device_words,
};
