// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of devices in the text format of Prometheus: all samples of a metric follow each other.
 */

#include "prometheus.h"

#include "message.h"
#include "node.h"
#include "print.h"
#include "set.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* @source: The attribute is of the parent device. */
static const struct metric {
	const char *name;
	const char *type;
	const char *help;
	const char *attribute;
	bool source;
} metrics[] = {
	{ "broadcasts_total", "counter", "Packets broadcast by the source.", "broadcasts", false },
	{ "dropped_total", "counter", "Packets dropped from the queues of all readers.", "dropped",
	  false },
	{ "overflows_total", "counter", "Overflows of the source's queue.", "overflows", true },
	{ "readers", "gauge", "Readers that have the device open.", "clients", false },
	{ "ring_bytes", "gauge", "Memory of all rings.", "ring_bytes", false },
};

struct sample {
	char *device;
	bool valid[ARRAY_SIZE(metrics)];
	uint64_t values[ARRAY_SIZE(metrics)];
};

static struct sample *samples;
static size_t count;
static struct set devices;

static void read_sample(const struct node *node, struct sample *sample)
{
	const struct metric *metric;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(metrics); i++) {
		metric = &metrics[i];
		sample->valid[i] = (metric->source ? node_source_attribute : node_attribute)
				   (node, metric->attribute, &sample->values[i]);
	}
}

/* A device is added once: duplicate samples are invalid. */
bool prometheus_add(const struct node *node)
{
	struct sample *more;

	if (set_has(&devices, node->kernel_name))
		return true;
	/* Full when the count is a power of two. */
	if (!(count & (count - 1))) {
		more = realloc(samples, (2 * count + 1) * sizeof(*more));
		if (!more)
			return report_error("out of memory");
		samples = more;
	}
	samples[count] = (struct sample){ .device = strdup(node->kernel_name) };
	if (!samples[count].device || !set_add(&devices, samples[count].device))
		return report_error("out of memory");
	read_sample(node, &samples[count++]);
	return true;
}

void prometheus_print(void)
{
	const struct metric *metric;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(metrics); i++) {
		metric = &metrics[i];
		print("# HELP notify_multi_%s %s\n# TYPE notify_multi_%s %s\n", metric->name,
		      metric->help, metric->name, metric->type);
		for (j = 0; j < count; j++) {
			if (!samples[j].valid[i])
				continue;
			print("notify_multi_%s{device=\"", metric->name);
			print_label(samples[j].device);
			print("\"} %" PRIu64 "\n", samples[j].values[i]);
		}
	}
}
