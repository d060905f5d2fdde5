/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The devices shown by top, and their counters.
 */
#ifndef TOP_ROW_H
#define TOP_ROW_H

#include "device.h"

/*
 * @error: The reason why the device is not open.
 * @sampled: The device was open at the last update, at time @when.
 */
struct row {
	struct device device;
	int error;
	bool sampled;
	uint64_t when;
	uint64_t seq;
	double rate;
	uint64_t readers;
	bool lost_known;
	uint64_t lost;
};

/* @all: Show all devices in NODES. */
struct rows {
	struct row *rows;
	size_t count;
	bool all;
};

/* Return false if out of memory. */
bool rows_add(struct rows *rows, const char *arg);

/* Return false after reporting an error. */
bool rows_update(struct rows *rows);

#endif /* TOP_ROW_H */
