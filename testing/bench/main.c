// SPDX-License-Identifier: GPL-2.0
/*
 * notify_bench: measure what it costs to publish a packet to readers of a device of notify_sim, and
 * to read it. Prints a line for each figure:
 *
 *	@bench WAY BYTES READERS FIGURE VALUE
 *
 * The unit is nanoseconds. QEMU's -icount makes each instruction take one. The program runs on one
 * CPU, and needs root.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "notify_sim.h"
#include "options.h"
#include "payload.h"

#define DEVICE		"notify_bench"

/* There are 1024 descriptors by default. */
#define READERS_MAX	1000

/* Memory is allocated in pages, so few readers need no exact amount. */
#define MEMORY_READERS	256

static unsigned int read_packets(struct bench *bench, unsigned int reader, void *buffer,
				 unsigned int count)
{
	ssize_t bytes = read(bench->readers[reader], buffer, count * bench->stride);

	return bytes < 0 ? 0 : bytes / bench->stride;
}

static const struct way read_way = { .name = "read", .read = read_packets };

static const struct way *const ways[] = {
	&read_way, &mapped_way, &in_place_way, &uring_way, &pend_way
};

static const char *option_way = "read";
static uint64_t option_bytes = 64, option_readers = 1;
static const struct option_value options[] = {
	{ "way", "NAME       to read: read, mapped, in-place, io_uring or pend",
	  .text = &option_way },
	{ "bytes", "COUNT    size of a packet (64)", .number = &option_bytes },
	{ "readers", "COUNT  number of readers (1)", .number = &option_readers },
	{ }
};

static const struct way *find_way(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ways); i++)
		if (!strcmp(ways[i]->name, name))
			return ways[i];
	usage_error("unknown way: %s", name);
}

static void make_source(struct bench *bench)
{
	expect_success(sim_make(DEVICE), DEVICE);
	expect_success(sim_set_number(DEVICE, "packet_size", bench->bytes), "packet_size");
	expect_success(sim_set_number(DEVICE, "max_packets", BENCH_QUEUE), "max_packets");
	expect_success(sim_set_number(DEVICE, "max_requests", BENCH_QUEUE), "max_requests");
	expect_success(sim_set(DEVICE, "context", "process"), "context");
	expect_success(sim_set(DEVICE, "live", "1"), "live");
	bench->source = sim_open_injector(DEVICE);
	expect_success(bench->source, "injector");
}

static void open_readers(struct bench *bench)
{
	unsigned int i;

	for (i = 0; i < bench->nr; i++) {
		bench->readers[i] = sim_open(DEVICE, O_RDONLY);
		expect_success(bench->readers[i], DEVICE);
	}
	if (bench->way->open)
		bench->way->open(bench);
}

/* MemFree in /proc/meminfo lacks the pages in per-CPU lists. */
static long long free_memory(void)
{
	long long pages = 0, number;
	char line[256];
	FILE *zones;

	/* Folds the per-CPU counters. */
	write_file("/proc/sys/vm/stat_refresh", "1");
	zones = fopen("/proc/zoneinfo", "re");
	if (!zones)
		fail("/proc/zoneinfo: %m");
	while (fgets(line, sizeof(line), zones))
		if (sscanf(line, " pages free %lld", &number) == 1 ||
		    sscanf(line, " count: %lld", &number) == 1)
			pages += number;
	fclose(zones);
	return pages * sysconf(_SC_PAGESIZE);
}

int main(int argc, char **argv)
{
	struct bench bench = { };
	cpu_set_t cpus;
	long long before;

	parse_options(argc, argv, options);
	if (option_bytes < sizeof(*bench.packet) || !option_readers ||
	    option_readers > READERS_MAX)
		usage_error("at least %zu bytes, 1 to %u readers", sizeof(*bench.packet),
			    READERS_MAX);
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	CHECK(!sched_setaffinity(0, sizeof(cpus), &cpus));
	bench.way = find_way(option_way);
	bench.bytes = option_bytes;
	bench.nr = option_readers;
	bench.stride = record_size(bench.bytes);
	bench.packet = allocate(bench.bytes);
	bench.buffer = allocate((bench.nr < BENCH_QUEUE ? BENCH_QUEUE : bench.nr) * bench.stride);
	bench.readers = allocate(bench.nr * sizeof(*bench.readers));
	make_source(&bench);
	before = free_memory();
	open_readers(&bench);
	if (bench.nr >= MEMORY_READERS)
		report(&bench, "memory", (double)(before - free_memory()) / bench.nr);
	measure(&bench);
	return 0;
}
