/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ways to read a device.
 */
#ifndef READER_H
#define READER_H

#include "device.h"

/*
 * @open_flags: What the device is to be opened with.
 * @start:      The device is open and has a batch to be filled; 0 or an errno, after which
 *              @stop is called, too.
 * @poll_fd:    What is readable when there are records.
 * @read:       Fills the batch: bytes, 0 if there is nothing now, or -errno.
 */
struct reader {
	const char *name;
	int open_flags;
	int (*start)(struct device *device);
	void (*stop)(struct device *device);
	int (*poll_fd)(const struct device *device);
	ssize_t (*read)(struct device *device);
};

extern const struct reader read_reader;
extern const struct reader mmap_reader;

/* NULL if it was not built in. */
extern const struct reader *const uring_reader;

/* Fills a batch that is empty: 0, or an errno. */
int reader_fill(struct device *device);

#endif /* READER_H */
