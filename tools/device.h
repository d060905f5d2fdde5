/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A device that is read: its open file, its properties, and the records read from it.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include "gpio_lines.h"
#include "layout.h"
#include "node.h"

#include <linux/notify_multi.h>

struct mapping;
struct reader;
struct uring;
struct wave;

/*
 * @reader: Way to read; set before device_open(), as are @queue and @decode.
 * @queue: Queue length; 0 for the one set by the source.
 * @decode: Layout given by the user, or NULL.
 * @found: Found by a search, not given by the user.
 * @denied: With --follow, time of the first open() that failed with EACCES, else 0.
 * @refused: The error was reported.
 * @fd: -1 while closed.
 * @started: @reader was started and must be stopped.
 * @ready: The next read may return records.
 * @listed: In the list of ready devices.
 * @opened: Counters right after open().
 * @lines: Lines if device_is_gpio(), else NULL; @layout refers to their names.
 * @selected_lines: Bit mask of the lines whose packets are printed.
 * @hidden_drops: Drops of packets that were not printed since the last printed one.
 * @failed_at: Packet after the last packet whose read failed.
 * @batch: Records read from the device; those from @at to @end are not printed yet.
 */
struct device {
	struct node node;
	const struct reader *reader;
	uint32_t queue;
	const struct layout *decode;
	bool found;

	uint64_t denied;
	bool refused;
	int fd;
	bool started;
	bool ready;
	bool listed;
	struct notify_multi_info info;
	struct notify_multi_stats opened;
	char driver[DRIVER_BYTES];
	struct gpio_lines *lines;
	struct layout *layout;
	uint64_t selected_lines;
	uint32_t hidden_drops;
	uint64_t failed_at;

	char *batch;
	size_t batch_size;
	size_t at;
	size_t end;

	struct mapping *mapping;
	struct uring *uring;
	struct wave *wave;
};

/* Return false if out of memory. */
bool device_init(struct device *device, const char *arg);

/* Return 0 or an errno, with the device closed. */
int device_open(struct device *device);
void device_close(struct device *device);

/* Return true if the packets of an open device are those of notify_gpio. */
bool device_is_gpio(const struct device *device);

/* Report why a device cannot be opened or read. */
void device_perror(const struct device *device, int error);

/* Count the packets broadcast before this open() and not replayed; false if unavailable. */
bool device_missed(const struct device *device, uint64_t *missed);

/* Fill the batch if it is empty. Return 0 or an errno. */
int device_fill(struct device *device);

/*
 * Return true, and report it, if device_fill() failed only for a packet. A source may fail the read
 * of a packet, which consumes the packet. If no packet was consumed since the last failure, the
 * device failed.
 */
bool device_packet_failed(struct device *device, int error);

/* Return the next record of the batch, or NULL. */
struct notify_multi_record *device_peek(const struct device *device);
void device_advance(struct device *device);

#endif /* DEVICE_H */
