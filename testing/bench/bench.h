/* SPDX-License-Identifier: GPL-2.0 */
/*
 * notify_bench: cost of publishing a packet to N readers, and of reading it.
 *
 * A peer is one such mechanism. It has a source, N readers, and messages: packets in the
 * format of its writer's system call. Each packet contains its number, so that lost and repeated
 * packets are detected.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "process.h"

/* Packets queued for a batch, if they fit the peer's queue. */
#define BENCH_QUEUE	64

/* Size of a buffer for the path of a device node. */
#define NODE_MAX	300

struct bench;

/* One of N readers. */
struct reader {
	struct bench *bench;
	int fd;			/* to read from */
	int feed;		/* to which a daemon writes the packets of this reader, or -1 */
	void *private;		/* data of the peer */
};

/* A mechanism that publishes packets to many readers. Members that are NULL have a default. */
struct peer {
	const char *name;
	const char *way;		/* to read, if there are several */
	const char *about;		/* for --list */
	unsigned int bytes;		/* payload size of a peer with only one, or 0 */
	unsigned int max_bytes;		/* maximum payload size, or 0 for no limit */
	unsigned int queue;		/* maximum number of queued packets, or 0 for no limit */
	unsigned int queue_bytes;	/* their size, or 0 for no limit */
	unsigned int message_header;	/* size of the header of a message */
	unsigned int read_header;	/* size of the header of a packet that is read */

	/* Create the source. Return a negative errno if the peer is not available. */
	int (*start)(struct bench *bench);
	void (*stop)(struct bench *bench);
	void (*open)(struct bench *bench, struct reader *reader);
	/* Destroy a reader before its file is closed. */
	void (*close)(struct reader *reader);
	/* Create the message of a packet. Default: its number is in the payload. */
	void (*prepare)(struct bench *bench, uint64_t number);
	/* Publish the message. NULL for a peer that only makes calls. */
	void (*publish)(struct bench *bench);
	/* Read one packet. Return 1 on success. */
	int (*read)(struct reader *reader, void *buffer);
	/* Read up to @count packets by as few calls as possible. Return their number. Optional. */
	int (*batch)(struct reader *reader, void *buffer, unsigned int count);
	/* Sleep until there is a packet, and read it. Default: @read, which blocks. */
	int (*wait)(struct reader *reader, void *buffer);
	/* Make all readers wait without threads. Optional. */
	void (*arm)(struct bench *bench);
	/* Wait until all armed readers have the packet, and check it. */
	void (*reap)(struct bench *bench);
	/* Return true if the packet is right. Default: its number is in the payload. */
	bool (*check)(const struct bench *bench, const void *packet, uint64_t number);
};

/* Measurement of a peer with a number of readers and a payload size. */
struct bench {
	const struct peer *peer;
	unsigned int bytes;		/* payload size */
	unsigned int nr;		/* number of readers */
	unsigned int rounds;		/* number of samples of each figure */
	unsigned int queue;		/* queue length of each reader */
	uint64_t number;		/* of the last packet */
	int source;			/* descriptor of the writer */
	void *message;			/* for the writer's system call */
	size_t size;			/* of the message */
	size_t stride;			/* distance of two packets in the buffer of a batch */
	void *buffer;			/* for a batch */
	struct reader *readers;
	void *private;			/* data of the peer */
};

/* A figure that was not measured. */
#define NONE	(-1.0)

/* Statistics of the rounds. */
struct figure {
	double median;
	double min;
};

/* Figures of a peer with a number of readers and a payload size. */
struct result {
	unsigned int rounds;		/* of @publish, @read and @e2e */
	unsigned int batch_packets;	/* queued for a batch */
	struct figure publish;		/* publishing a packet to all readers */
	struct figure read;		/* reading one packet */
	struct figure batch;		/* reading a batch, per packet */
	struct figure e2e;		/* from publishing until all readers have the packet */
	double bytes_per_reader;	/* memory used by a reader */
	double irqs_off;		/* longest time with interrupts off */
};

/* Each peer is defined in the file of its name, or in daemons.c. */
extern const struct peer notify_read_peer, notify_ring_peer, notify_in_place_peer;
extern const struct peer notify_uring_peer, notify_pend_peer;
extern const struct peer evdev_peer, hidraw_peer;
extern const struct peer netlink_peer, seqpacket_peer, pipe_peer, eventfd_peer, syscall_peer;

/* run.c: return a negative errno if the peer is not available. */
int run(const struct peer *peer, unsigned int bytes, unsigned int readers, unsigned int rounds,
	bool sleepers, struct result *result);

/* report.c: without a @path, no JSON is written. */
void report_begin(const char *path, const char *unit, double baseline);
void report(const struct peer *peer, unsigned int bytes, unsigned int readers,
	    const struct result *result);
void report_skip(const struct peer *peer, const char *why);
void report_end(void);

/* measure.c */
void measure(struct bench *bench, struct result *result, bool sleepers);

/* sleepers.c */
void measure_sleepers(struct bench *bench, uint64_t *samples);

/* irqsoff.c */
void irqsoff_init(void);
/* The time of the timer's interrupt and a system call that does nothing. */
double irqsoff_baseline(void);
double irqsoff_measure(struct bench *bench);

/* clock.c */
void clock_init(void);
/* Return the time since now_ns() returned @start, without the cost of reading the clock. */
uint64_t clock_since(uint64_t start);
/* Return the statistics of the samples, which are sorted in place. */
struct figure clock_figure(uint64_t *samples, unsigned int count, double divisor);

/* memory.c: memory_settle() waits for delayed frees and shrinks the slabs. */
void memory_settle(void);
long long memory_free(void);

/* readers.c */
void prepare_next(struct bench *bench);
void publish_next(struct bench *bench);
/* Each reader checks each packet, but outside of the measured time. */
void expect_packet(const struct bench *bench, const void *packet, uint64_t number);
/* Empty the queues of all readers except @skip, which contain the last @count packets. */
void drain(struct bench *bench, unsigned int skip, unsigned int count);
bool packet_has(const struct bench *bench, const void *payload, uint64_t number);
/* For peers whose private data is the path of a device node. */
void node_open(struct bench *bench, struct reader *reader);
void node_stop(struct bench *bench);
/* For peers with a descriptor. */
void packet_write(struct bench *bench);
void packet_fan_out(struct bench *bench);
int packet_read(struct reader *reader, void *buffer);
int packet_batch(struct reader *reader, void *buffer, unsigned int count);

/* notify.c */
int notify_start(struct bench *bench);
void notify_stop(struct bench *bench);
void notify_open(struct bench *bench, struct reader *reader);
bool notify_check(const struct bench *bench, const void *packet, uint64_t number);

#endif /* BENCH_H */
