// SPDX-License-Identifier: GPL-2.0
/*
 * Checks that memory was freed when all clients are closed.
 */

#include "stress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * Tolerated growth in kB. On a debug kernel, kmemleak and KASAN's quarantine use slabs as well, and
 * kmemleak detects leaks instead.
 */
#define SLAB_NOISE	8192
#define SLAB_DEBUG_NOISE 65536
#define STACK_NOISE	1024
#define PERCPU_NOISE	512

static long long meminfo(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "re");
	long long value = -1;
	char line[128];

	CHECK(file);
	while (value < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = strtoll(line + strlen(name) + 1, NULL, 10);
	fclose(file);
	return value;
}

struct memory measure_memory(void)
{
	return (struct memory){
		.slab = meminfo("Slab"),
		.stacks = meminfo("KernelStack"),
		.percpu = meminfo("Percpu"),
	};
}

static void check_growth(const char *what, long long before, long long after, long long noise)
{
	if (after - before > noise)
		fail("%s has grown from %lld to %lld kB", what, before, after);
}

void check_memory(const struct memory *before, const struct memory *after)
{
	bool debug = !access("/sys/kernel/debug/kmemleak", F_OK);

	check_growth("Slab", before->slab, after->slab, debug ? SLAB_DEBUG_NOISE : SLAB_NOISE);
	check_growth("KernelStack", before->stacks, after->stacks, STACK_NOISE);
	check_growth("Percpu", before->percpu, after->percpu, PERCPU_NOISE);
}

static bool ring_left(char *line, size_t size)
{
	FILE *file = fopen("/proc/vmallocinfo", "re");
	bool found = false;

	CHECK(file);
	while (!found && fgets(line, size, file))
		found = strstr(line, "[notify_multi]");
	fclose(file);
	return found;
}

/* io_uring closes files of a killed process asynchronously. */
void check_rings_freed(void)
{
	double end = now() + LIMIT_SECONDS;
	char line[512];

	while (ring_left(line, sizeof(line))) {
		if (now() > end)
			fail("ring not freed: %s", line);
		sleep_ms(5);
	}
}
