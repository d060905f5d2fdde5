// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <unistd.h>

#include "proc.h"
#include "stress.h"

/*
 * Tolerated growth in kB. On a debug kernel, kmemleak and KASAN's quarantine use slabs as well, and
 * kmemleak detects leaks instead.
 */
#define SLAB_NOISE	8192
#define SLAB_DEBUG_NOISE 65536
#define STACK_NOISE	1024
#define PERCPU_NOISE	512

struct memory measure_memory(void)
{
	struct memory memory = { -1, -1, -1 };
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];

	CHECK(file);
	while (fgets(line, sizeof(line), file)) {
		sscanf(line, "Slab: %lld", &memory.slab);
		sscanf(line, "KernelStack: %lld", &memory.stacks);
		sscanf(line, "Percpu: %lld", &memory.percpu);
	}
	fclose(file);
	return memory;
}

static void check_growth(const char *what, long long before, long long after, long long noise)
{
	if (before < 0 || after - before > noise)
		fail("%s has grown from %lld to %lld kB", what, before, after);
}

void check_memory(const struct memory *before, const struct memory *after)
{
	bool debug = !access("/sys/kernel/debug/kmemleak", F_OK);

	check_growth("Slab", before->slab, after->slab, debug ? SLAB_DEBUG_NOISE : SLAB_NOISE);
	check_growth("KernelStack", before->stacks, after->stacks, STACK_NOISE);
	check_growth("Percpu", before->percpu, after->percpu, PERCPU_NOISE);
}

/* io_uring closes files of a killed process asynchronously. */
void check_rings_freed(void)
{
	WAIT_WHILE(count_rings(), "%u rings not freed", count_rings());
}
