/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interface of the ways to read a device.
 */
#ifndef READER_H
#define READER_H

#include <sys/types.h>

struct device;

/*
 * @open_flags: Flags of open().
 * @start: Prepare reading: 0 or an errno. @stop is called even after an error.
 * @poll_fd: Return the descriptor that is readable when there are records.
 * @read: Fill the batch; return bytes, 0 if no packet is queued, or -errno.
 */
struct reader {
	int open_flags;
	int (*start)(struct device *device);
	void (*stop)(struct device *device);
	int (*poll_fd)(const struct device *device);
	ssize_t (*read)(struct device *device);
};

extern const struct reader read_reader;
extern const struct reader mmap_reader;

/* NULL if built without liburing. */
extern const struct reader *const uring_reader;

#endif /* READER_H */
