/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device that is read: its open, what is known of it, and the records that were read.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include "options.h"

#include <linux/notify_multi.h>
#include <sys/types.h>

#define DRIVER_BYTES	64

struct wave;
struct uring;

/*
 * @fd is -1 while it is not there. @ready: there may be records that were not read. @batch has
 * the records that were read, of which those from @at on are still to be shown.
 */
struct device {
	const char *path;
	const char *name;
	int fd;
	bool ready;
	dev_t node;
	struct notify_multi_info info;
	struct notify_multi_stats stats;	/* When it was opened. */
	char driver[DRIVER_BYTES];
	struct layout *layout;

	const struct reader *reader;
	struct notify_multi_reader mapped;
	void *map;
	struct uring *uring;
	char *batch;
	size_t batch_size;
	size_t at;
	size_t end;

	uint64_t failed_at;	/* The packet after the last whose read failed. */
	struct wave *wave;
};

/* What the command line calls a device: false if memory is short. */
bool device_init(struct device *device, const char *arg);

/* 0 or an errno, after which the device is closed. */
int device_open(struct device *device, const struct options *options);
void device_close(struct device *device);

/* Says why a device cannot be opened or read. */
void device_perror(const struct device *device, int error);

/* An attribute of the device, or of what feeds it: false if it has none of that name. */
bool device_attribute(const struct device *device, const char *name, uint64_t *value);
bool device_source_attribute(const struct device *device, const char *name, uint64_t *value);

/* How many packets were broadcast before this open and are not in it: false if not known. */
bool device_missed(const struct device *device, uint64_t *missed);

/* The next record of the batch, or NULL. */
const struct notify_multi_record *device_peek(const struct device *device);
void device_advance(struct device *device);

#endif /* DEVICE_H */
