/* SPDX-License-Identifier: GPL-2.0 */
/*
 * notifycat top: how all devices are doing, looked at again and again.
 */
#ifndef TOP_H
#define TOP_H

#include "device.h"

/* What is known of a device. */
struct row {
	struct device device;
	int error;		/* Why it is not open. */
	bool looked_at;
	uint64_t when;
	uint64_t seq;
	double rate;
	uint64_t readers;	/* But for top itself. */
	bool lost_known;
	uint64_t lost;
};

/*
 * Where it is shown. @wait returns when so much time is over, or earlier: false if this is to
 * be the end. @stop is readable when a signal came.
 */
struct view {
	bool (*begin)(const struct options *options);
	void (*draw)(const struct options *options, const struct row *rows, size_t count);
	bool (*wait)(int stop, int milliseconds);
	void (*end)(void);
};

/* NULL if it was not built in. */
extern const struct view *const screen_view;

/* A row as a line without its end, and the words above it. The caller frees it. */
char *row_text(const struct row *row);
extern const char *const row_header;

enum exit_status top(const struct options *options);

#endif /* TOP_H */
