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

/* Packets queued for a batch, if they fit the peer's queue. */
#define BENCH_QUEUE	64

/* Size of a buffer for the path of a device node. */
#define NODE_MAX	300

struct bench;
struct reader;

/**
 * struct peer - a mechanism that publishes packets to many readers
 * @name:      Name.
 * @way:       Way to read, if there are several, or NULL.
 * @about:     Description for --list.
 * @bytes:     Payload size of a peer with only one, or 0.
 * @max_bytes: Maximum payload size, or 0 for no limit.
 * @queue:     Returns the queue length of a reader. NULL: BENCH_QUEUE.
 * @start:     Creates the source. Returns a negative errno if the peer is not available.
 * @stop:      Destroys the source.
 * @open:      Creates a reader.
 * @ready:     Called when all readers are open. Optional.
 * @close:     Destroys a reader before its file is closed. Optional.
 * @prepare:   Creates the message of a packet.
 * @publish:   Publishes the message. NULL for a peer that only makes calls.
 * @read:      Reads one packet. Returns 1 on success.
 * @batch:     Reads up to @count packets by as few calls as possible. Returns their number.
 *             Optional.
 * @wait:      Sleeps until there is a packet, and reads it. NULL: @read blocks.
 * @arm:       Makes all readers wait without threads. Optional.
 * @reap:      Waits until all armed readers have the packet, and checks it.
 * @check:     Returns true if the packet at @index has the expected content.
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
 * struct reader - one of N readers
 * @bench:   Benchmark.
 * @fd:      Descriptor to read from.
 * @feed:    Descriptor to which a daemon writes the packets of this reader, or -1.
 * @private: Data of the peer.
 */
struct reader {
	struct bench *bench;
	int fd;
	int feed;
	void *private;
};

/**
 * struct bench - measurement of a peer with a number of readers and a payload size
 * @peer:     Peer.
 * @bytes:    Payload size.
 * @nr:       Number of readers.
 * @rounds:   Number of samples of each figure.
 * @queue:    Queue length of each reader.
 * @number:   Number of the last packet.
 * @source:   Descriptor of the writer.
 * @message:  Message for the writer's system call.
 * @size:     Size of the message.
 * @stride:   Distance of two packets in the buffer of a batch.
 * @buffer:   Buffer for a batch.
 * @readers:  Readers.
 * @private:  Data of the peer.
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

/* A figure that was not measured. */
#define NONE	(-1.0)

/**
 * struct figure - statistics of the rounds
 * @median: Median.
 * @min:    Minimum.
 */
struct figure {
	double median;
	double min;
};

/**
 * struct result - figures of a peer with a number of readers and a payload size
 * @rounds:           Number of rounds of @publish, @read and @e2e.
 * @batch_packets:    Number of packets queued for a batch.
 * @publish:          Publishing a packet to all readers.
 * @read:             Reading one packet.
 * @batch:            Reading a batch, per packet.
 * @e2e:              From the start of publishing until all readers have the packet.
 * @bytes_per_reader: Memory used by a reader.
 * @irqs_off:         Longest time with interrupts off.
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

/* Each peer is defined in the file of its name. */
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
