// SPDX-License-Identifier: GPL-2.0
/* Print the figures as a table, and write them as JSON. */
#include <stdio.h>
#include <sys/utsname.h>

#include "bench.h"

static FILE *json;
static unsigned int results;

static const char *short_name(const struct peer *peer)
{
	static char name[64];

	snprintf(name, sizeof(name), "%s%s%s", peer->name, peer->way ? "/" : "",
		 peer->way ? peer->way : "");
	return name;
}

static void cell(double value)
{
	if (value < 0)
		printf("%10s", "-");
	else
		printf(value < 100 ? "%10.1f" : "%10.0f", value);
}

static double per_reader(double value, unsigned int readers)
{
	return value < 0 ? NONE : value / readers;
}

void report_skip(const struct peer *peer, const char *why)
{
	printf("skipped %s: %s\n", short_name(peer), why);
}

static void report_row(const struct peer *peer, unsigned int bytes, unsigned int readers,
		       const struct result *result)
{
	printf("%-22s%6u%6u", short_name(peer), bytes, readers);
	cell(result->publish.median);
	cell(per_reader(result->publish.median, readers));
	cell(result->read.median);
	cell(result->batch.median);
	cell(per_reader(result->e2e.median, readers));
	cell(result->bytes_per_reader);
	cell(result->irqs_off);
	printf("%7u\n", result->rounds);
	fflush(stdout);
}

static void json_number(const char *name, double value)
{
	if (value < 0)
		fprintf(json, ", \"%s\": null", name);
	else
		fprintf(json, ", \"%s\": %.1f", name, value);
}

static void json_row(const struct peer *peer, unsigned int bytes, unsigned int readers,
		     const struct result *result)
{
	const struct {
		const char *name;
		double value;
	} figures[] = {
		{ "publish", result->publish.median },
		{ "publish_min", result->publish.min },
		{ "publish_per_reader", per_reader(result->publish.median, readers) },
		{ "read", result->read.median },
		{ "read_min", result->read.min },
		{ "batch", result->batch.median },
		{ "batch_min", result->batch.min },
		{ "e2e", result->e2e.median },
		{ "e2e_min", result->e2e.min },
		{ "e2e_per_reader", per_reader(result->e2e.median, readers) },
		{ "bytes_per_reader", result->bytes_per_reader },
		{ "irqs_off", result->irqs_off },
		{ NULL, 0 }
	}, *figure;

	fprintf(json, "%s\n  {\"peer\": \"%s\", \"way\": \"%s\"", results++ ? "," : "", peer->name,
		peer->way ? peer->way : "");
	fprintf(json, ", \"bytes\": %u, \"readers\": %u, \"rounds\": %u, \"batch_packets\": %u",
		bytes, readers, result->rounds, result->batch_packets);
	for (figure = figures; figure->name; figure++)
		json_number(figure->name, figure->value);
	fputc('}', json);
	fflush(json);
}

void report(const struct peer *peer, unsigned int bytes, unsigned int readers,
	    const struct result *result)
{
	report_row(peer, bytes, readers, result);
	if (json)
		json_row(peer, bytes, readers, result);
}

void report_begin(const char *path, const char *unit, double baseline)
{
	struct utsname name;

	uname(&name);
	printf("%s %s, in %s; interrupts off without a packet: ", name.release, name.machine,
	       unit);
	printf(baseline < 0 ? "unknown\n" : "%.0f\n", baseline);
	printf("%-22s%6s%6s%10s%10s%10s%10s%10s%10s%10s%7s\n", "peer", "bytes", "N", "publish",
	       "/reader", "read", "batch", "e2e/rdr", "mem/rdr", "irqs off", "rounds");
	if (!path)
		return;
	json = fopen(path, "we");
	if (!json)
		fail("%s: %m", path);
	fprintf(json, "{\"kernel\": \"%s\", \"machine\": \"%s\", \"unit\": \"%s\"", name.release,
		name.machine, unit);
	json_number("irqs_off_baseline", baseline);
	fprintf(json, ", \"results\": [");
}

void report_end(void)
{
	if (!json)
		return;
	fprintf(json, "\n]}\n");
	if (fclose(json))
		fail("cannot write JSON: %m");
}
