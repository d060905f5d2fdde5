// SPDX-License-Identifier: GPL-2.0
/*
 * Exact amount of free memory. MemFree in /proc/meminfo lacks the pages in per-CPU lists, which can
 * exceed the memory of small readers; /proc/zoneinfo contains both.
 *
 * memory_settle() waits for delayed frees and shrinks the slabs.
 */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "bench.h"
#include "file.h"

/* Folds the per-CPU counters. */
#define STAT_REFRESH	"/proc/sys/vm/stat_refresh"

#define DROP_CACHES	"/proc/sys/vm/drop_caches"
#define SLABS		"/sys/kernel/slab"

/* The kernel frees some memory in batches, after up to several seconds. */
#define SETTLE_US	200000
#define SETTLE_ROUNDS	50

static void shrink_slabs(void)
{
	DIR *dir = opendir(SLABS);
	struct dirent *entry;
	char path[300];

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), SLABS "/%s/shrink", entry->d_name);
		write_file(path, "1");
	}
	if (dir)
		closedir(dir);
}

void memory_settle(void)
{
	long long before, now = 0;
	int i;

	write_file(DROP_CACHES, "2");
	for (i = 0; i < SETTLE_ROUNDS; i++) {
		before = now;
		usleep(SETTLE_US);
		shrink_slabs();
		now = memory_free();
		if (now <= before)
			break;
	}
}

long long memory_free(void)
{
	long long pages = 0, number;
	char line[256];
	FILE *zones;

	write_file(STAT_REFRESH, "1");
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
