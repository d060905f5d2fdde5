// SPDX-License-Identifier: GPL-2.0
/* Code coverage of the modules by the system calls of a thread, measured by KCOV. */
#include <fcntl.h>
#include <linux/kcov.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include "notify_fuzz.h"

#define DEBUGFS		"/sys/kernel/debug"
#define ENTRIES		(256 << 10)
#define MODULES		2
#define BITS		20

static struct { unsigned long from, to; } modules[MODULES];

/* Hashes of the PCs and edges that were reached. */
static unsigned char reached_pcs[1 << BITS], reached_edges[1 << BITS];
static unsigned int pcs, edges;
/* Protects the four variables above. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool find_module(const char *name, unsigned int number)
{
	FILE *file = fopen("/proc/modules", "re");
	char line[1024], found[64];
	unsigned long size, at;
	bool found_module = false;

	while (file && !found_module && fgets(line, sizeof(line), file)) {
		found_module = sscanf(line, "%63s %lu %*s %*s %*s %lx", found, &size, &at) == 3 &&
			!strcmp(found, name);
		if (found_module) {
			modules[number].from = at;
			modules[number].to = at + size;
		}
	}
	if (file)
		fclose(file);
	return found_module;
}

static int open_kcov(void)
{
	int fd = open(DEBUGFS "/kcov", O_RDWR | O_CLOEXEC);

	if (fd < 0 && !mount("debugfs", DEBUGFS, "debugfs", 0, NULL))
		fd = open(DEBUGFS "/kcov", O_RDWR | O_CLOEXEC);
	return fd;
}

/* Open KCOV for one thread. Return false if the kernel does not have it. */
bool kcov_start(struct kcov *kcov)
{
	kcov->fd = open_kcov();
	if (kcov->fd < 0)
		return false;
	if (!find_module("notify_multi", 0) || !find_module("notify_sim", 1) ||
	    ioctl(kcov->fd, KCOV_INIT_TRACE, ENTRIES)) {
		perror("notify_fuzz: kcov");
		exit(1);
	}
	kcov->trace = mmap(NULL, ENTRIES * sizeof(*kcov->trace), PROT_READ | PROT_WRITE, MAP_SHARED,
			   kcov->fd, 0);
	if (kcov->trace == MAP_FAILED) {
		perror("notify_fuzz: kcov");
		exit(1);
	}
	return true;
}

void kcov_enable(struct kcov *kcov)
{
	if (!kcov->trace)
		return;
	__atomic_store_n(&kcov->trace[0], 0, __ATOMIC_RELAXED);
	if (ioctl(kcov->fd, KCOV_ENABLE, KCOV_TRACE_PC)) {
		perror("notify_fuzz: kcov");
		exit(1);
	}
}

static bool in_modules(unsigned long pc)
{
	unsigned int i;

	for (i = 0; i < MODULES; i++)
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

/* Return the number of PCs and edges that were not reached before. */
unsigned int kcov_disable(struct kcov *kcov)
{
	unsigned long count, at, last = 0;
	unsigned int before, new_coverage;

	if (!kcov->trace)
		return 0;
	ioctl(kcov->fd, KCOV_DISABLE, 0);
	count = __atomic_load_n(&kcov->trace[0], __ATOMIC_RELAXED);
	pthread_mutex_lock(&lock);
	before = pcs + edges;
	for (at = 1; at <= count; at++) {
		unsigned long pc = kcov->trace[at];

		if (!in_modules(pc))
			continue;
		pcs += mark_reached(reached_pcs, pc);
		edges += mark_reached(reached_edges, pc * 31 + last);
		last = pc;
	}
	new_coverage = pcs + edges - before;
	pthread_mutex_unlock(&lock);
	return new_coverage;
}

unsigned int kcov_pcs(void)
{
	return pcs;
}

unsigned int kcov_edges(void)
{
	return edges;
}
