// SPDX-License-Identifier: GPL-2.0
/*
 * Clients of the devices, from /proc/PID/fdinfo.
 *
 * Processes and descriptors that have disappeared, or belong to other users, are skipped silently.
 */

#include "clients.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES	4096
#define PATH_BYTES	512
#define DELETED		" (deleted)"

/* Read a small file; false if it is unreadable or empty. */
static bool read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t bytes;

	if (fd < 0)
		return false;
	bytes = read(fd, text, size - 1);
	close(fd);
	if (bytes <= 0)
		return false;
	text[bytes] = '\0';
	return true;
}

/* -- fdinfo ---------------------------------------------------------------- */

/* Return the value in the line "\nkey:\tvalue", or NULL. */
static const char *find_value(const char *text, const char *key)
{
	const size_t length = strlen(key);
	const char *line;

	for (line = strchr(text, '\n'); line; line = strchr(line + 1, '\n'))
		if (!strncmp(line + 1, key, length) && !strncmp(line + 1 + length, ":\t", 2))
			return line + length + 3;
	return NULL;
}

static bool parse_number(const char *text, const char *key, uint64_t *number)
{
	const char *value = find_value(text, key);

	return value && sscanf(value, "%" SCNu64, number) == 1;
}

/* Return false if the file is not a client. */
static bool parse_client(const char *text, struct client *client)
{
	const char *device = find_value(text, "device");
	uint64_t opener;

	if (!device || !parse_number(text, "client", &client->id) ||
	    !parse_number(text, "opener", &opener) ||
	    !parse_number(text, "queued", &client->queued) ||
	    !parse_number(text, "max", &client->max) ||
	    !parse_number(text, "delivered", &client->delivered) ||
	    !parse_number(text, "dropped", &client->dropped) ||
	    !parse_number(text, "pending", &client->pending))
		return false;
	client->opener = opener;
	snprintf(client->device, sizeof(client->device), "%.*s", (int)strcspn(device, "\n"),
		 device);
	return true;
}

/* -- Processes ------------------------------------------------------------- */

/* Return true if the node was deleted: another device may have its name now. */
static bool is_deleted(pid_t pid, const char *fd)
{
	char path[PATH_BYTES], target[FILE_BYTES];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/fd/%s", pid, fd);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < (ssize_t)strlen(DELETED))
		return length < 0;
	target[length] = '\0';
	return !strcmp(target + length - strlen(DELETED), DELETED);
}

static void read_command(struct client *client)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "/proc/%d/comm", client->pid);
	if (!read_text(path, client->command, sizeof(client->command)))
		snprintf(client->command, sizeof(client->command), "?");
	client->command[strcspn(client->command, "\n")] = '\0';
}

static bool read_client(pid_t pid, const char *fd, struct client *client)
{
	char path[PATH_BYTES], text[FILE_BYTES];

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", pid, fd);
	if (!read_text(path, text, sizeof(text)) || !parse_client(text, client) ||
	    is_deleted(pid, fd))
		return false;
	client->pid = pid;
	read_command(client);
	return true;
}

static bool add_client(struct clients *clients, const struct client *client)
{
	const size_t count = clients->count;
	struct client *list = clients->list;

	/* Full when the count is a power of two. */
	if (!(count & (count - 1))) {
		list = realloc(list, (count ? 2 * count : 1) * sizeof(*list));
		if (!list)
			return false;
		clients->list = list;
	}
	list[clients->count++] = *client;
	return true;
}

static bool add_process(struct clients *clients, pid_t pid)
{
	char path[PATH_BYTES];
	struct client client;
	struct dirent *entry;
	bool good = true;
	DIR *files;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	files = opendir(path);
	if (!files)
		return true;
	while (good && (entry = readdir(files)))
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    read_client(pid, entry->d_name, &client))
			good = add_client(clients, &client);
	closedir(files);
	return good;
}

/* -- All clients ----------------------------------------------------------- */

/* Order by device, by client, then by process, but the opener first. */
static int compare(const void *first, const void *second)
{
	const struct client *a = first, *b = second;
	const bool a_opened = a->pid == a->opener, b_opened = b->pid == b->opener;
	const int order = strcmp(a->device, b->device);

	if (order)
		return order;
	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	if (a_opened != b_opened)
		return a_opened ? -1 : 1;
	return (a->pid > b->pid) - (a->pid < b->pid);
}

static void remove_duplicates(struct clients *clients)
{
	struct client *list = clients->list;
	size_t i, count = 0;

	for (i = 0; i < clients->count; i++)
		if (!count || list[i].id != list[count - 1].id)
			list[count++] = list[i];
	clients->count = count;
}

bool clients_read(struct clients *clients)
{
	DIR *processes = opendir("/proc");
	struct dirent *entry;
	bool good = true;

	free(clients->list);
	*clients = (struct clients){ };
	if (!processes)
		return true;
	while (good && (entry = readdir(processes)))
		if (isdigit((unsigned char)entry->d_name[0]))
			good = add_process(clients, atoi(entry->d_name));
	closedir(processes);
	if (clients->count)
		qsort(clients->list, clients->count, sizeof(*clients->list), compare);
	remove_duplicates(clients);
	return good;
}

/* Return the index of the first client of a device, or of a device after it. */
static size_t find_first(const struct clients *clients, const char *device)
{
	size_t low = 0, high = clients->count, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (strcmp(clients->list[middle].device, device) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct client *clients_next(const struct clients *clients, const char *device,
				  const struct client *previous)
{
	const size_t i = previous ? (size_t)(previous - clients->list) + 1 :
			 find_first(clients, device);

	if (i == clients->count || strcmp(clients->list[i].device, device))
		return NULL;
	return &clients->list[i];
}
