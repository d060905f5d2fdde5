/* SPDX-License-Identifier: GPL-2.0 */
/*
 * notify_bench: what it costs to give a packet to N readers, and to get it.
 *
 * A peer is one way to do that. It has a source, N readers of it, and messages: packets as
 * its writer's system call takes them. Each packet carries its number, so that a peer
 * which loses or repeats one is found out.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Packets that wait when a batch is read, where the peer's queue has room for them. */
#define BENCH_QUEUE	64

/* Room for the path of a device node. */
#define NODE_MAX	300

struct bench;
struct reader;

/**
 * struct peer - one way to give packets to many readers
 * @name:      What it is.
 * @way:       How it is read, if there is more than one way.
 * @about:     One line for --list.
 * @bytes:     The payload, for a peer that has only one size; or 0.
 * @max_bytes: The largest payload, or 0 for no limit.
 * @queue:     How many packets may wait in each reader; or NULL: BENCH_QUEUE.
 * @start:     Makes the source. A negative errno: this machine does not have the peer.
 * @stop:      Ends it.
 * @open:      Makes a reader.
 * @ready:     All readers are open; or NULL.
 * @close:     Ends a reader; or NULL, where closing its file is all.
 * @prepare:   Makes the message of a packet.
 * @publish:   Gives the message to all readers; NULL for a peer that only has calls.
 * @read:      Gets one packet, or the error of an empty queue. Returns 1 if it did.
 * @batch:     Gets up to that many packets by as few calls as the peer permits. Returns how
 *             many; NULL where there is nothing to be read.
 * @wait:      Sleeps until there is a packet, and gets it; NULL: a read that blocks.
 * @arm:       Has all readers wait, without a thread; or NULL.
 * @reap:      Waits until all readers that are armed have the packet, and checks that.
 * @check:     Whether the packet at @index of what was read has that number.
 */
struct peer {
	const char *name;
	const char *way;
	const char *about;
	unsigned int bytes;
	unsigned int max_bytes;

	unsigned int (*queue)(const struct bench *bench);
	int (*start)(struct bench *bench);
	void (*stop)(struct bench *bench);
	void (*open)(struct bench *bench, struct reader *reader);
	void (*ready)(struct bench *bench);
	void (*close)(struct reader *reader);
	void (*prepare)(struct bench *bench, uint64_t number);
	void (*publish)(struct bench *bench);
	int (*read)(struct reader *reader, void *buffer);
	int (*batch)(struct reader *reader, void *buffer, unsigned int count);
	int (*wait)(struct reader *reader, void *buffer);
	void (*arm)(struct bench *bench);
	void (*reap)(struct bench *bench);
	bool (*check)(const struct bench *bench, const void *buffer, unsigned int index,
		      uint64_t number);
};

/**
 * struct reader - one of N
 * @bench:   The benchmark.
 * @fd:      What it reads.
 * @feed:    Where a daemon writes what this reader is to get.
 * @private: The peer's own.
 */
struct reader {
	struct bench *bench;
	int fd;
	int feed;
	void *private;
};

/**
 * struct bench - a peer with some readers and a size of packets
 * @peer:     The peer.
 * @bytes:    The payload.
 * @nr:       How many readers.
 * @rounds:   How often a figure is taken.
 * @queue:    How many packets may wait in each reader.
 * @number:   The last packet.
 * @source:   The writer's file.
 * @message:  The packet, as the writer's system call takes it,
 * @size:     and its bytes.
 * @stride:   Bytes from one packet to the next in what a batch reads.
 * @buffer:   Room for a batch.
 * @readers:  The readers.
 * @private:  The peer's own.
 */
struct bench {
	const struct peer *peer;
	unsigned int bytes;
	unsigned int nr;
	unsigned int rounds;
	unsigned int queue;
	uint64_t number;
	int source;
	void *message;
	size_t size;
	size_t stride;
	void *buffer;
	struct reader *readers;
	void *private;
};

/* A figure that could not be had. */
#define NONE	(-1.0)

/**
 * struct figure - what was measured in each round
 * @median: Half of the rounds took less.
 * @min:    No round took less.
 */
struct figure {
	double median;
	double min;
};

/**
 * struct result - the figures of a peer with some readers and a size of packets
 * @rounds:         Of publish, read, and end to end.
 * @batch_packets:  How many packets waited for a batch.
 * @publish:        To give a packet to all readers.
 * @read:           To get one packet.
 * @batch:          To get one of many, in a batch.
 * @e2e:            From the begin of publishing until all readers have it.
 * @bytes_per_reader: Memory that a reader takes.
 * @irqs_off:       The longest time that interrupts were off.
 */
struct result {
	unsigned int rounds;
	unsigned int batch_packets;
	struct figure publish;
	struct figure read;
	struct figure batch;
	struct figure e2e;
	double bytes_per_reader;
	double irqs_off;
};

/* peers.c */
extern const struct peer *const peers[];

/* The peers, each in a file of its name. */
extern const struct peer notify_read_peer;
extern const struct peer notify_ring_peer;
extern const struct peer notify_in_place_peer;
extern const struct peer notify_uring_peer;
extern const struct peer notify_pend_peer;
extern const struct peer evdev_peer;
extern const struct peer hidraw_peer;
extern const struct peer netlink_peer;
extern const struct peer seqpacket_peer;
extern const struct peer pipe_peer;
extern const struct peer eventfd_peer;
extern const struct peer syscall_peer;

/* run.c */
int run(const struct peer *peer, unsigned int bytes, unsigned int readers, unsigned int rounds,
	bool sleepers, struct result *result);

/* report.c */
void report_begin(const char *path, const char *unit, double baseline);
void report(const struct peer *peer, unsigned int bytes, unsigned int readers,
	    const struct result *result);
void report_skip(const struct peer *peer, const char *why);
void report_end(void);

/* measure.c */
void measure(struct bench *bench, struct result *result, bool sleepers);
void publish_next(struct bench *bench);
void drain(struct bench *bench, unsigned int skip, unsigned int count);

/* sleepers.c */
void measure_sleepers(struct bench *bench, uint64_t *samples);

/* clock.c */
void clock_init(void);
uint64_t clock_now(void);
uint64_t clock_since(uint64_t start);
struct figure clock_figure(uint64_t *samples, unsigned int count, double divisor);

/* memory.c */
void memory_settle(void);
long long memory_free(void);

/* irqsoff.c */
void irqsoff_init(void);
double irqsoff_baseline(void);
double irqsoff_measure(struct bench *bench);

/* packet.c */
void packet_prepare(struct bench *bench, size_t header);
void packet_number(struct bench *bench, size_t header, uint64_t number);
bool packet_is(const struct bench *bench, const void *payload, uint64_t number);
void packet_fan_out(struct bench *bench);
int packet_read(struct reader *reader, void *buffer);

/* util.c */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
void *allocate(size_t bytes);
int file_write(const char *path, const char *text);
int file_read(const char *path, char *text, size_t size);

#endif /* BENCH_H */
