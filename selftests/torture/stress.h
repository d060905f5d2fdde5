/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common definitions of notify_stress:
 *
 *     stress_device.c    devices that are registered and unregistered, and producers
 *     stress_account.c   checks of each record, and of each client's counters when it is closed
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
 * @name:       Name in /dev/notify.
 * @context:    Context in which a simulated source broadcasts; NULL for notify_gpio.
 * @exists:     True if the kernel supports the device.
 * @life:       Counts registrations and unregistrations: odd while registered.
 * @packet_size: Payload size; changes only while all producers are paused.
 * @completes:  Last life in which complete() may have failed.
 * @paused:     True if producers must pause.
 * @idle:       Number of paused producers.
 * @written:    Packets written by producers.
 * @broadcasts: Packets broadcast in previous lives, as counted by the kernel.
 * @opens:      Clients, as counted by their openers.
 * @arrivals:   Clients, as counted by the source.
 * @seen:       Hashes of packets: identity and content.
 */
struct device {
	const char *name;
	const char *context;
	bool exists;
	unsigned int life;
	unsigned int packet_size;
	unsigned int completes;
	unsigned int paused;
	unsigned int idle;
	uint64_t written;
	uint64_t broadcasts;
	uint64_t opens;
	uint64_t arrivals;
	uint64_t seen[REMEMBERED];
};

/**
 * struct slot - a worker's client, whose progress the device's process watches
 * @open:   Number of the client, or 0 if it is not watched.
 * @device: Number of the device.
 * @life:   Life of the device.
 * @next:   Packet that the worker reads next.
 * @kind:   Kind of the client.
 * @alone:  True if only packets may wake the reader. A signal or a cancelled request makes it
 *          recheck its queue, which would hide a lost wakeup.
 */
struct slot {
	unsigned int open;
	unsigned int alone;
	unsigned int device;
	unsigned int life;
	unsigned int kind;
	uint64_t next;
};

/**
 * struct shared - memory shared by all processes
 * @stop:          True if devices must be unregistered.
 * @stop_readers:  True if workers must exit.
 * @readers_ended: True if all workers have exited.
 * @open_numbers:  Number of clients so far.
 * @strays:        Number of times that open() reached another device than the named one.
 * @records:       Records read; this and the following are for the result.
 */
struct shared {
	unsigned int stop;
	unsigned int stop_readers;
	unsigned int readers_ended;
	unsigned int open_numbers;
	uint64_t strays;
	uint64_t records;
	uint64_t lost;
	uint64_t compared;
	uint64_t quiet_points;
	uint64_t lives;
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
/* Compare the numbers of arrivals and clients. */
void check_opens(void);
/* Register and unregister a device, with producers, until shared->stop. */
void device_main(void *device);

/* -- Accounts -------------------------------------------------------------------- */

/**
 * struct account - a client and the records read from it
 * @device:      Device.
 * @life:        Life of the device, 0 if unknown.
 * @number:      Number of the client.
 * @kind:        Kind of the client.
 * @fd:          File descriptor.
 * @packet_size: Payload size.
 * @record_size: Record size.
 * @first:       First packet that was queued, replayed packets included.
 * @at_open:     The device's last packet shortly after open().
 * @slot:        Slot in which to report progress, or NULL.
 * @mapped:      True if the mapped ring is read, which the kernel does not see.
 * @unseen:      True if a reader was killed, and the records it had read are unknown.
 * @records:     Records read by all readers.
 * @failures:    Packets consumed by failed reads.
 * @lost:        Reported drops.
 * @sum:         Twice the sum of the seqs of all read and dropped packets.
 * @newest:      Greatest seq read.
 */
struct account {
	struct device *device;
	unsigned int life;
	unsigned int number;
	unsigned int kind;
	int fd;
	unsigned int packet_size;
	unsigned int record_size;
	uint64_t first;
	uint64_t at_open;
	struct slot *slot;
	bool mapped;
	bool unseen;
	uint64_t records;
	uint64_t failures;
	uint64_t lost;
	uint64_t sum;
	uint64_t newest;
};

/**
 * struct stream - a reader of a client
 * @account:  Client.
 * @alone:    True if it is the client's only reader.
 * @ordered:  True if it gets packets in the order of seq.
 * @raw:      True if it reads bare payloads.
 * @failed:   True if a read has failed since the last record.
 * @previous: Seq of the last record, or of the packet before the first.
 * @time:     Timestamp of the last record.
 * @counters: Last packet number of each producer.
 * @missing:  Number of gaps in the packet numbers.
 * @buffer:   BUFFER_BYTES bytes.
 */
struct stream {
	struct account *account;
	bool alone;
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
#define MAY_AGAIN	(1 << 0)
#define MAY_INTR	(1 << 1)
#define MAY_CANCEL	(1 << 2)
#define MAY_FAULT	(1 << 3)
#define MAY_NOBUFS	(1 << 4)

enum outcome {
	TOOK,		/* packets, or the error of a packet */
	NOTHING,	/* an allowed error */
	GONE,		/* the source is unregistered */
};

__attribute__((format(printf, 2, 3), noreturn))
void fail_open(const struct account *account, const char *format, ...);

/* Open a device. Return false if it is not registered. */
bool open_account(struct account *account, struct device *device, unsigned int kind, int flags,
		  struct slot *slot);
/* Compare the records read with the kernel's counters, and close the client. */
void close_account(struct account *account);
/* Query the kernel's counters, which must add up at any time. */
struct notify_multi_stats check_stats(struct account *account);
/* Compare fdinfo with the counters. There must be no other reader. */
void check_fdinfo(struct account *account);
/* Report progress in the client's slot. */
void tell_next(struct account *account, uint64_t next);

struct stream stream_of(struct account *account, bool alone, unsigned char *buffer);
void take_record(struct stream *stream, const struct notify_multi_record *record);
/* Check the result of a read: a number of bytes or -errno. */
enum outcome take(struct stream *stream, const void *buffer, ssize_t ret, unsigned int may);

/* -- Workers --------------------------------------------------------------------- */

struct worker {
	unsigned int number;
	struct random random;
	struct slot *slot;
	unsigned char *buffer;
	/* Client shared with children; in shared memory. */
	struct account *common;
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
void live(struct worker *worker, enum kind kind);

/* Read once by a random call. */
enum outcome read_somehow(struct stream *stream, struct random *random, unsigned int may);
/* Make a random call other than a successful read. */
void meddle(struct stream *stream, struct random *random);
ssize_t result(ssize_t ret);

/* Detect and print the features of the kernel's io_uring. */
void uring_probe(void);
bool uring_has(enum kind kind);
void uring_live(struct worker *worker, struct account *account, enum kind kind);

void shared_live(struct worker *worker);
void killed_live(struct worker *worker);

/* -- Memory ---------------------------------------------------------------------- */

struct memory {
	long long slab, stacks, percpu;
};

struct memory measure_memory(void);
void check_rings_freed(void);
/* Fail if memory other than rings has grown by more than a tolerance. */
void check_memory(const struct memory *before, const struct memory *after);

#endif /* STRESS_H */
