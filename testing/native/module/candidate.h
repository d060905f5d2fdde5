/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NATIVE_CANDIDATE_H
#define NATIVE_CANDIDATE_H

#include <linux/fs.h>
#include <linux/types.h>

/* Number of packets that are queued for each reader; all candidates have space for them. */
#define NATIVE_QUEUE	15

/* Measurements of a candidate, and the number of packets in each. */
enum native_measure {
	NATIVE_HOT,	/* Publish: the caches contain what the packets before have used. */
	NATIVE_COLD,	/* Publish: the caches contain other memory. */
	NATIVE_READ,	/* Each packet by a read of its own. */
	NATIVE_BATCH,	/* All packets by as few reads as possible. */
	NATIVE_MEASURES
};

/**
 * struct native_candidate - a way to give a packet to many readers
 * @name:      Name in the results.
 * @start:     Create the device, and set the next two members. Returns 0 or a negative errno.
 * @node:      Path of the device node; empty if the candidate cannot be read.
 * @read_size: Bytes of a packet in a read.
 * @stop:      Remove the device, after its readers are closed.
 * @publish:   Give the packet to all readers.
 * @files:     The readers.
 * @cycles:    Results of all rounds.
 */
struct native_candidate {
	const char *name;
	int (*start)(struct native_candidate *self, unsigned int readers, size_t bytes);
	char node[32];
	size_t read_size;
	void (*stop)(void);
	void (*publish)(const void *packet, size_t bytes);

	struct file **files;
	u64 *cycles[NATIVE_MEASURES];
};

extern struct native_candidate native_notify_multi;
extern struct native_candidate native_evdev;
extern struct native_candidate native_hidraw;
extern struct native_candidate native_limit;

#endif /* NATIVE_CANDIDATE_H */
