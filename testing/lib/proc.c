// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>

#include "fdinfo.h"
#include "proc.h"
#include "process.h"

bool read_text(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");

	if (!file)
		return false;
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
	return true;
}

unsigned int check_all_fdinfo(pid_t pid)
{
	unsigned int clients = 0;
	struct fdinfo info;
	struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || !fdinfo_get(pid, atoi(entry->d_name), &info))
			continue;
		if (info.queued > info.max)
			fail("%s/%s: %" PRIu64 " packets queued, maximum %" PRIu64, path,
			     entry->d_name, info.queued, info.max);
		clients++;
	}
	if (dir)
		closedir(dir);
	return clients;
}

unsigned int count_rings(void)
{
	FILE *file = fopen("/proc/vmallocinfo", "re");
	unsigned int count = 0;
	char line[512];

	CHECK(file);
	while (fgets(line, sizeof(line), file))
		count += !!strstr(line, "[notify_multi]");
	fclose(file);
	return count;
}
