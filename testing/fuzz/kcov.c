// SPDX-License-Identifier: GPL-2.0
/* Code coverage of the modules by the system calls of this thread, measured by KCOV. */
#include <fcntl.h>
#include <linux/kcov.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include "file.h"
#include "fuzz.h"
#include "process.h"

#define DEBUGFS		"/sys/kernel/debug"
#define ENTRIES		(256 << 10)
#define BITS		20

static struct {
	const char *name;
	unsigned long from, to;
} modules[] = { { "notify_multi", 0, 0 }, { "notify_sim", 0, 0 } };

static int kcov;
static unsigned long *trace;	/* NULL without KCOV. */

/* Hashes of the PCs and edges that were reached. */
static unsigned char reached_pcs[1 << BITS], reached_edges[1 << BITS];
static unsigned int pcs, edges;

static void find_modules(void)
{
	FILE *file = fopen("/proc/modules", "re");
	char line[1024], name[64];
	unsigned long size, at;
	unsigned int i;

	CHECK(file);
	while (fgets(line, sizeof(line), file))
		for (i = 0; i < ARRAY_SIZE(modules); i++)
			if (sscanf(line, "%63s %lu %*s %*s %*s %lx", name, &size, &at) == 3 &&
			    !strcmp(modules[i].name, name)) {
				modules[i].from = at;
				modules[i].to = at + size;
			}
	fclose(file);
	CHECK(modules[0].to && modules[1].to);
}

bool kcov_start(void)
{
	kcov = open(DEBUGFS "/kcov", O_RDWR | O_CLOEXEC);
	if (kcov < 0 && !mount("debugfs", DEBUGFS, "debugfs", 0, NULL))
		kcov = open(DEBUGFS "/kcov", O_RDWR | O_CLOEXEC);
	if (kcov < 0)
		return false;
	find_modules();
	CHECK(!ioctl(kcov, KCOV_INIT_TRACE, ENTRIES));
	trace = mmap(NULL, ENTRIES * sizeof(*trace), PROT_READ | PROT_WRITE, MAP_SHARED, kcov, 0);
	CHECK(trace != MAP_FAILED);
	return true;
}

void kcov_enable(void)
{
	if (!trace)
		return;
	__atomic_store_n(&trace[0], 0, __ATOMIC_RELAXED);
	CHECK(!ioctl(kcov, KCOV_ENABLE, KCOV_TRACE_PC));
}

static bool in_modules(unsigned long pc)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modules); i++)
		if (pc >= modules[i].from && pc < modules[i].to)
			return true;
	return false;
}

static bool mark_reached(unsigned char *reached, uint64_t value)
{
	unsigned char *byte = &reached[value * 0x9e3779b97f4a7c15ULL >> (64 - BITS)];

	if (*byte)
		return false;
	*byte = 1;
	return true;
}

unsigned int kcov_disable(void)
{
	unsigned int before = pcs + edges;
	unsigned long count, at, last = 0;

	if (!trace)
		return 0;
	ioctl(kcov, KCOV_DISABLE, 0);
	count = __atomic_load_n(&trace[0], __ATOMIC_RELAXED);
	for (at = 1; at <= count; at++) {
		unsigned long pc = trace[at];

		if (!in_modules(pc))
			continue;
		pcs += mark_reached(reached_pcs, pc);
		edges += mark_reached(reached_edges, pc * 31 + last);
		last = pc;
	}
	return pcs + edges - before;
}

void kcov_print(void)
{
	if (trace)
		printf(", %u PCs, %u edges", pcs, edges);
}
