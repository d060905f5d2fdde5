/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common definitions of notify_stress:
 *
 *     stress_device.c    devices that are registered and unregistered, and producers
 *     stress_client.c    checks of each record, and of each client's counters when it is closed
 *     stress_read.c      workers: open a device and read it in one of several ways
 *     stress_uring.c     io_uring reads and commands
 *     stress_share.c     clients shared by threads and processes, and processes that are killed
 *     stress_memory.c    checks for memory leaks
 *     notify_stress.c    sessions
 */
#ifndef STRESS_H
#define STRESS_H

#include "torture.h"

#define SIMS		3
#define GPIO		SIMS
#define DEVICES		(SIMS + 1)
#define PRODUCERS	3
#define WORKERS		10
#define SMALLEST_PACKET	16
#define LARGEST_PACKET	4096
#define BUFFER_BYTES	65536
/* max_requests of the first device. Each device has a different value, which identifies it. */
#define MAX_REQUESTS	20
/* Number of a device's last packets whose hashes are kept for comparison by other readers. */
#define REMEMBERED	4096

/* Error status of packets, and error returned by complete(). */
#define BAD_STATUS	EREMOTEIO
#define BAD_COMPLETION	ENOTRECOVERABLE

/* Access to shared numbers. */
#define GET(number)		__atomic_load_n(&(number), __ATOMIC_SEQ_CST)
#define SET(number, value)	__atomic_store_n(&(number), value, __ATOMIC_SEQ_CST)
#define ADD(number, value)	__atomic_fetch_add(&(number), value, __ATOMIC_SEQ_CST)

/* -- Devices ------------------------------------------------------------------ */

/**
 * struct device - a device that is registered and unregistered again and again
 * @name:               Name in /dev/notify.
 * @context:            Context in which a simulated source broadcasts; NULL for notify_gpio.
 * @exists:             True if the kernel supports the device.
 * @generation:         Number of registrations and unregistrations; odd while registered.
 * @packet_size:        Payload size; changes only while all producers are paused.
 * @failing_generation: Last generation in which complete() may have failed.
 * @pause:              True if producers must pause.
 * @nr_paused:          Number of paused producers.
 * @written:            Packets written by producers.
 * @broadcasts:         Packets broadcast in previous generations, as counted by the kernel.
 * @opened:             Clients, as counted by their openers.
 * @arrivals:           Clients, as counted by the source.
 * @hashes:             Hashes of packets: identity and content.
 */
struct device {
	const char *name;
	const char *context;
	bool exists;
	unsigned int generation;
	unsigned int packet_size;
	unsigned int failing_generation;
	unsigned int pause;
	unsigned int nr_paused;
	uint64_t written;
	uint64_t broadcasts;
	uint64_t opened;
	uint64_t arrivals;
	uint64_t hashes[REMEMBERED];
};

/**
 * struct slot - a worker's client, whose progress the device's process watches
 * @client:       Number of the client, or 0 if it is not watched.
 * @packets_only: True if only packets may wake the reader. A signal or a cancelled request makes
 *                it recheck its queue, which would hide a lost wakeup.
 * @device:       Number of the device.
 * @generation:   Generation of the device.
 * @kind:         Kind of the client.
 * @next:         Packet that the worker reads next.
 */
struct slot {
	unsigned int client;
	unsigned int packets_only;
	unsigned int device;
	unsigned int generation;
	unsigned int kind;
	uint64_t next;
};

/**
 * struct shared - memory shared by all processes
 * @stop:           True if devices must be unregistered.
 * @stop_workers:   True if workers must exit.
 * @workers_exited: True if all workers have exited.
 * @nr_clients:     Number of clients so far.
 * @wrong_opens:    Number of times that open() reached another device than the named one.
 * @records:        Records read; this and the following are for the result.
 */
struct shared {
	unsigned int stop;
	unsigned int stop_workers;
	unsigned int workers_exited;
	unsigned int nr_clients;
	uint64_t wrong_opens;
	uint64_t records;
	uint64_t dropped;
	uint64_t compared;
	uint64_t quiet_points;
	uint64_t registrations;
	uint64_t kills;
	struct device devices[DEVICES];
	struct slot slots[WORKERS];
};

extern struct shared *shared;

static inline unsigned int device_number(const struct device *device)
{
	return device - shared->devices;
}

/* The beginning of a packet, from which the rest is computed. */
struct packet_id {
	uint32_t device;
	uint32_t producer;
	uint64_t counter;
};

void fill_packet(void *packet, size_t size, const struct packet_id *id);

/* Call once. */
void name_devices(void);
void make_devices(struct random *random);
/* Call when all producers have stopped. */
void remove_devices(void);
void check_arrivals(void);
/* Register and unregister a device, with producers, until shared->stop. */
void device_main(void *device);

/* -- Clients --------------------------------------------------------------------- */

/**
 * struct client - a client and the records read from it
 * @device:      Device.
 * @generation:  Generation of the device, 0 if unknown.
 * @number:      Number of the client.
 * @kind:        Kind of the client.
 * @fd:          File descriptor.
 * @packet_size: Payload size.
 * @record_size: Record size.
 * @first:       First packet that was queued, replayed packets included.
 * @seq_at_open: The device's last packet shortly after open().
 * @slot:        Slot in which to report progress, or NULL.
 * @mapped:      True if the mapped ring is read, which the kernel does not see.
 * @incomplete:  True if a reader was killed, so that the records it had read are unknown.
 * @records:     Records read by all readers.
 * @failures:    Packets consumed by failed reads.
 * @dropped:     Reported drops.
 * @seq_sum:     Twice the sum of the seqs of all read and dropped packets.
 * @newest:      Greatest seq read.
 */
struct client {
	struct device *device;
	unsigned int generation;
	unsigned int number;
	unsigned int kind;
	int fd;
	unsigned int packet_size;
	unsigned int record_size;
	uint64_t first;
	uint64_t seq_at_open;
	struct slot *slot;
	bool mapped;
	bool incomplete;
	uint64_t records;
	uint64_t failures;
	uint64_t dropped;
	uint64_t seq_sum;
	uint64_t newest;
};

/**
 * struct stream - a reader of a client
 * @client:   Client.
 * @sole:     True if it is the client's only reader.
 * @ordered:  True if it gets packets in the order of seq.
 * @raw:      True if it reads bare payloads.
 * @failed:   True if a read has failed since the last record.
 * @previous: Seq of the last record, or of the packet before the first.
 * @time:     Timestamp of the last record.
 * @counters: Last packet number of each producer.
 * @missing:  Number of packet numbers not seen.
 * @buffer:   BUFFER_BYTES bytes.
 */
struct stream {
	struct client *client;
	bool sole;
	bool ordered;
	bool raw;
	bool failed;
	uint64_t previous;
	uint64_t time;
	uint64_t counters[PRODUCERS];
	uint64_t missing;
	unsigned char *buffer;
};

/* Errors that a call may return. */
#define ALLOW_AGAIN	(1 << 0)
#define ALLOW_INTR	(1 << 1)
#define ALLOW_CANCEL	(1 << 2)
#define ALLOW_FAULT	(1 << 3)
#define ALLOW_NOBUFS	(1 << 4)

enum outcome {
	GOT_PACKETS,	/* packets, or the error of a packet */
	GOT_NOTHING,	/* an allowed error */
	GOT_ENODEV,	/* the source is unregistered */
};

__attribute__((format(printf, 2, 3), noreturn))
void fail_client(const struct client *client, const char *format, ...);

/* Open a device. Return false if it is not registered. */
bool open_client(struct client *client, struct device *device, unsigned int kind, int flags,
		 struct slot *slot);
/* Compare the records read with the kernel's counters, and close the client. */
void close_client(struct client *client);
/* Query the kernel's counters, which must add up at any time. */
struct notify_multi_stats check_stats(struct client *client);
/* Compare fdinfo with the counters. There must be no other reader. */
void check_fdinfo(struct client *client);
/* Report progress in the client's slot. */
void report_next(struct client *client, uint64_t next);

struct stream make_stream(struct client *client, bool sole, unsigned char *buffer);
void check_record(struct stream *stream, const struct notify_multi_record *record);
/* Check the result of a read: a number of bytes or -errno. */
enum outcome check_result(struct stream *stream, const void *buffer, ssize_t ret,
			  unsigned int allowed);

/* -- Workers --------------------------------------------------------------------- */

struct worker {
	unsigned int number;
	struct random random;
	struct slot *slot;
	unsigned char *buffer;
	/* Client shared with children; in shared memory. */
	struct client *shared_client;
};

enum kind {
	READ, POLL, EPOLL, EPOLL_EDGE, MAPPED, SIGNALLED, SPLICED, RAW,
	URING_READ, URING_MULTISHOT, URING_PEND,
	SHARED, KILLED,
	KINDS,
	/* Kinds before this one are for processes that will be killed. */
	SOLE_KINDS = SHARED,
};

extern const char * const kind_names[KINDS];

void worker_main(void *worker);
/* Open a random device, read it, and close it. */
void use_client(struct worker *worker, enum kind kind);

/* Read once by a random call. */
enum outcome read_randomly(struct stream *stream, struct random *random, unsigned int allowed);
/* Make a random call other than a successful read. */
void make_other_call(struct stream *stream, struct random *random);
ssize_t ret_or_errno(ssize_t ret);

/* Detect and print the features of the kernel's io_uring. */
void uring_probe(void);
bool uring_has(enum kind kind);
void use_uring_client(struct worker *worker, struct client *client, enum kind kind);

/* Read a client by several threads and processes. */
void share_client(struct worker *worker);
/* Kill a process that uses clients. */
void kill_process(struct worker *worker);

/* -- Memory ---------------------------------------------------------------------- */

struct memory {
	long long slab, stacks, percpu;
};

struct memory measure_memory(void);
void check_rings_freed(void);
/* Fail if memory other than rings has grown by more than a tolerance. */
void check_memory(const struct memory *before, const struct memory *after);

#endif /* STRESS_H */
