/* SPDX-License-Identifier: GPL-2.0 */
/* notify_bench: see main.c. */
#ifndef BENCH_H
#define BENCH_H

#include <linux/notify_multi.h>
#include <stdint.h>

#include "process.h"

/* Number of packets of a batch, for which each reader's queue has space. */
#define BENCH_QUEUE	64

/* Number of samples of each figure, of which the least is reported. */
#define BENCH_ROUNDS	25

struct bench {
	const struct way *way;
	unsigned int bytes;	/* size of a packet */
	unsigned int nr;	/* number of readers */
	uint64_t *packet;	/* starts with its number */
	int source;		/* descriptor to which packets are written */
	size_t stride;		/* size of a record */
	char *buffer;		/* for a record of each reader, or for a batch */
	int *readers;		/* descriptors */
};

/* A way to read. */
struct way {
	const char *name;
	/* Prepare all readers, which are open. Optional. */
	void (*open)(struct bench *bench);
	/* Read @count packets that are queued for a reader. Return their number. */
	unsigned int (*read)(struct bench *bench, unsigned int reader, void *buffer,
			     unsigned int count);
	/* Sleep until a packet is queued. Without it, @read sleeps. */
	void (*sleep)(struct bench *bench, unsigned int reader);
	/* Submit a request for each reader, whose record goes to @buffer of the bench. */
	void (*arm)(struct bench *bench);
	/* Wait until the requests are completed. Without these two, a thread sleeps for each. */
	void (*reap)(struct bench *bench);
};

extern const struct way mapped_way, in_place_way, uring_way, pend_way;

/* measure.c */
uint64_t time_since(uint64_t start);
void keep_least(uint64_t *least, uint64_t sample);
/* Write the next packet. */
void publish(struct bench *bench);
void check_record(const struct bench *bench, const void *record, uint64_t number);
void report(const struct bench *bench, const char *figure, double value);
void measure(struct bench *bench);

/* sleepers.c */
void measure_sleepers(struct bench *bench);

#endif /* BENCH_H */
