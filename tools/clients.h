/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CLIENTS_H
#define CLIENTS_H

#include "notifycat.h"

#include <sys/types.h>

#define CLIENT_DEVICE_BYTES	256
#define CLIENT_COMMAND_BYTES	64

/*
 * @id: Unique number of the open file.
 * @opener: The process that opened the file.
 * @pid: @opener if it has the file open, otherwise the first such process.
 */
struct client {
	char device[CLIENT_DEVICE_BYTES];
	uint64_t id;
	pid_t opener;
	pid_t pid;
	char command[CLIENT_COMMAND_BYTES];
	uint64_t queued;
	uint64_t max;
	uint64_t delivered;
	uint64_t dropped;
	uint64_t pending;
};

/* @list: Sorted by @device, then by @id. */
struct clients {
	struct client *list;
	size_t count;
};

/*
 * Get the clients of processes that the caller may inspect, each client once.
 * Return false if out of memory.
 */
bool clients_read(struct clients *clients);

/* Return the first client of a device, or the next one after @previous, or NULL. */
const struct client *clients_next(const struct clients *clients, const char *device,
				  const struct client *previous);

#endif /* CLIENTS_H */
