/* SPDX-License-Identifier: GPL-2.0 */
/*
 * notify_stress: what its processes share.
 *
 *     stress_device.c    devices that come and go, and those who broadcast
 *     stress_account.c   the oracle: what each open was given, and that it balances
 *     stress_read.c      who opens a device and reads it, in each way there is
 *     stress_uring.c     those ways that are io_uring's
 *     stress_share.c     opens that threads and processes share, and processes that are killed
 *     stress_memory.c    that no memory is left
 *     notify_stress.c    sessions of all that
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
/* By max_requests an open says of which device it is: this is that of the first. */
#define MAX_REQUESTS	20
/* How many of a device's last packets are remembered, for readers to compare. */
#define REMEMBERED	4096

/* What a source says was wrong with a packet, and what its completion says. */
#define BAD_STATUS	EREMOTEIO
#define BAD_COMPLETION	ENOTRECOVERABLE

/* Of the numbers that many change. */
#define GET(number)		__atomic_load_n(&(number), __ATOMIC_SEQ_CST)
#define SET(number, value)	__atomic_store_n(&(number), value, __ATOMIC_SEQ_CST)
#define ADD(number, value)	__atomic_fetch_add(&(number), value, __ATOMIC_SEQ_CST)

/* -- Devices. -------------------------------------------------------------- */

/**
 * struct device - a device that comes and goes
 * @name:       /dev/notify/<name>.
 * @context:    Where a simulated source broadcasts from; NULL for notify_gpio.
 * @exists:     The kernel has what is needed for it.
 * @life:       Counts its comings and goings: odd while it is there.
 * @packet_size: Changed only while those who broadcast are paused.
 * @completes:  In this life there was a completion that fails.
 * @paused:     Those who broadcast are to pause.
 * @idle:       How many of them do.
 * @written:    Packets that they have broadcast.
 * @broadcasts: Packets of the lives that are over, as the kernel counts.
 * @opens:      How many opens there were, as those say who opened it,
 * @arrivals:   and as it says itself.
 * @seen:       What readers were given: who a packet is, and its content.
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
 * struct slot - what a worker reads, for those who watch that it gets on
 * @open:   Number of the open, 0 for none that is to be watched.
 * @device: Its device,
 * @life:   and the life of that.
 * @next:   The packet that it reads next.
 * @kind:   How it reads.
 * @alone:  Nothing but a packet is to wake it: a signal, too, would have it look again.
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
 * struct shared - what all processes share
 * @stop:          Devices are to go, and not to come again.
 * @stop_readers:  Workers are to end.
 * @readers_ended: They have.
 * @open_numbers:  How many opens there were.
 * @strays:        How many of them were of another device than that of the name.
 * @records:       What came of it, here and in what follows.
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

/* A packet's beginning; what follows is known from it. */
struct packet_id {
	uint32_t device;
	uint32_t producer;
	uint64_t counter;
};

void fill_packet(void *packet, size_t size, const struct packet_id *id);

/* Once. */
void name_devices(void);
/* Makes the simulators and the chip; removes them, when nobody broadcasts any more. */
void make_devices(struct random *random);
void remove_devices(void);
/* At the end. */
void check_opens(void);
/* Has a device come and go, with those who broadcast, until it is told to stop. */
void device_main(void *device);

/* -- The oracle. ----------------------------------------------------------- */

/**
 * struct account - what an open was given
 * @device:      Of which device,
 * @life:        and in which of its lives: 0 if that is not known.
 * @number:      Counts the opens.
 * @kind:        How it is read.
 * @fd:          The descriptor.
 * @packet_size: Bytes of payload,
 * @record_size: and of a record.
 * @first:       The first packet that was broadcast, or replayed, to it.
 * @at_open:     The device's last packet a moment after it was opened.
 * @slot:        Where to say how far it is; or NULL.
 * @mapped:      Who reads is not seen by the kernel.
 * @unseen:      Somebody who read of it was killed, and with him what he had read.
 * @records:     How many records all who read have been given,
 * @failures:    how many packets were consumed by reads that failed,
 * @lost:        how many are said to be lost,
 * @sum:         twice the sum of the seq of those given and lost,
 * @newest:      and the greatest seq that was given.
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
 * struct stream - one of those who read an open
 * @account:  The open.
 * @alone:    He is the only one.
 * @ordered:  He is given packets in their order.
 * @raw:      He reads bare payloads.
 * @failed:   A read has failed since the last record.
 * @previous: The last packet he was given, or the one before the first.
 * @time:     When that was broadcast.
 * @counters: The last number of each who broadcasts.
 * @missing:  How many of those numbers he has not seen.
 * @buffer:   Of BUFFER_BYTES.
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

/* Errors that a call may return without anything being wrong. */
#define MAY_AGAIN	(1 << 0)
#define MAY_INTR	(1 << 1)
#define MAY_CANCEL	(1 << 2)
#define MAY_FAULT	(1 << 3)
#define MAY_NOBUFS	(1 << 4)

enum outcome {
	TOOK,		/* packets, or the failure of one */
	NOTHING,	/* one of those errors */
	GONE,		/* the source */
};

__attribute__((format(printf, 2, 3), noreturn))
void fail_open(const struct account *account, const char *format, ...);

/* Opens a device: false if it is not there. */
bool open_account(struct account *account, struct device *device, unsigned int kind, int flags,
		  struct slot *slot);
/* Balances what was read, and closes the open. */
void close_account(struct account *account);
/* Asks the kernel: its counters must agree with each other at any time. */
struct notify_multi_stats check_stats(struct account *account);
/* Tells the watchers how far the open is. */
void tell_next(struct account *account, uint64_t next);

struct stream stream_of(struct account *account, bool alone, unsigned char *buffer);
void take_record(struct stream *stream, const struct notify_multi_record *record);
/* Takes what a read has returned, with -errno for an error. */
enum outcome take(struct stream *stream, const void *buffer, ssize_t ret, unsigned int may);

/* -- Ways to read. --------------------------------------------------------- */

struct worker {
	unsigned int number;
	struct random random;
	struct slot *slot;
	unsigned char *buffer;
	/* Shared with children. */
	struct account *common;
};

enum kind {
	READ, POLL, EPOLL, EPOLL_EDGE, MAPPED, SIGNALLED, SPLICED, RAW,
	URING_READ, URING_MULTISHOT, URING_PEND,
	SHARED, KILLED,
	KINDS,
	/* Those of a process that is itself to be killed. */
	SOLE_KINDS = SHARED,
};

extern const char * const kind_names[KINDS];

void worker_main(void *worker);
/* Opens some device, reads it, and closes it. */
void live(struct worker *worker, enum kind kind);

/* One read in some way, or another call that must not do harm. */
enum outcome read_somehow(struct stream *stream, struct random *random, unsigned int may);
void meddle(struct stream *stream, struct random *random);
ssize_t result(ssize_t ret);

/* What this kernel's io_uring has: said once, on the console. */
void uring_probe(void);
bool uring_has(enum kind kind);
void uring_live(struct worker *worker, struct account *account, enum kind kind);

void shared_live(struct worker *worker);
void killed_live(struct worker *worker);

/* -- Memory. --------------------------------------------------------------- */

struct memory {
	long long slab, stacks, percpu;
};

struct memory measure_memory(void);
/* Nothing may be left of the rings; nor more than noise of the rest. */
void check_rings_freed(void);
void check_memory(const struct memory *before, const struct memory *after);

#endif /* STRESS_H */
