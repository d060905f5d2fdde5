/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOP_ROW_H
#define TOP_ROW_H

#include "clients.h"
#include "node.h"
#include "set.h"

/*
 * @error: 0, or the reason why the device has no counters.
 * @when: Time of the counters; 0 if there are none.
 * @rate: Packets per second since the previous update.
 * @drop_rate: Dropped packets per second, likewise.
 */
struct row {
	struct node node;
	int error;
	uint64_t when;
	double rate;
	double drop_rate;
	uint64_t broadcasts;
	uint64_t readers;
	uint64_t dropped;
};

/*
 * @rows: After rows_update(), sorted by @drop_rate, the highest first, then by name.
 * @all: Show all devices in NODES.
 * @names: Names of @rows.
 * @clients: Clients of all devices.
 */
struct rows {
	struct row *rows;
	size_t count;
	bool all;
	struct set names;
	struct clients clients;
};

/* Return false if out of memory. */
bool rows_add(struct rows *rows, const char *arg);

/* Return false after reporting an error. */
bool rows_update(struct rows *rows);

/* Return true if a device that the user named has no counters. */
bool rows_failed(const struct rows *rows);

#endif /* TOP_ROW_H */
