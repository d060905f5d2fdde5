/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common definitions of notify_stress. Each file uses only those below it:
 *
 *     notify_stress.c    sessions
 *     device.c           devices that are registered and unregistered, and producers
 *     worker.c           processes with clients, some of which they share, or are killed with
 *     readers.c          ways to read a client
 *     read_uring.c       ways to read a client by io_uring
 *     calls.c            single calls
 *     client.c           checks of each record, and of each client's counters when it is closed
 *     memory.c           checks for memory leaks
 */
#ifndef STRESS_H
#define STRESS_H

#include "file.h"
#include "record.h"
#include "process.h"
#include "random.h"

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
/* Number of a device's last packets and generations that are remembered for late readers. */
#define REMEMBERED	4096

/* Error status of packets, and error returned by complete(). */
#define BAD_STATUS	EREMOTEIO
#define BAD_COMPLETION	ENOTRECOVERABLE

/* Access to shared numbers. */
#define GET(number)		__atomic_load_n(&(number), __ATOMIC_SEQ_CST)
#define SET(number, value)	__atomic_store_n(&(number), value, __ATOMIC_SEQ_CST)
#define ADD(number, value)	__atomic_fetch_add(&(number), value, __ATOMIC_SEQ_CST)

/* -- Memory shared by all processes ------------------------------------------------ */

struct device {
	const char *name;		/* in /dev/notify */
	const char *context;		/* of broadcasts; NULL for notify_gpio */
	bool exists;			/* the kernel supports it */
	unsigned int generation;	/* odd while registered */
	unsigned int packet_size;	/* changes only while all producers are paused */
	bool failing[REMEMBERED];	/* generations in which complete() may fail */
	unsigned int pause;		/* producers must pause */
	unsigned int nr_paused;
	uint64_t written;		/* packets, as counted by producers */
	uint64_t broadcasts;		/* as counted by the kernel, before this generation */
	uint64_t opened;		/* clients, as counted by their openers */
	uint64_t arrivals;		/* clients, as counted by the source */
	uint64_t hashes[REMEMBERED];	/* identity and content of packets */
};

/* A worker's client, whose progress the device's process watches. */
struct slot {
	unsigned int client;		/* number of the client, 0 if it is not watched */
	/*
	 * Only packets may wake the reader: a signal or a cancelled request makes it recheck its
	 * queue, which would hide a lost wakeup.
	 */
	unsigned int packets_only;
	unsigned int device;
	unsigned int generation;
	const char *kind;
	uint64_t next;			/* packet that the worker reads next */
};

extern struct shared {
	uint64_t seed;
	uint64_t registered_ms;		/* longest time from registration to unregistration */
	unsigned int stop;		/* unregister devices */
	unsigned int stop_workers;
	unsigned int workers_exited;
	unsigned int nr_clients;
	/* Results. */
	uint64_t wrong_opens;		/* calls of open() that reached another device */
	uint64_t records;
	uint64_t dropped;
	uint64_t compared;
	uint64_t quiet_points;
	uint64_t registrations;
	uint64_t kills;
	struct device devices[DEVICES];
	struct slot slots[WORKERS];
} *shared;

static inline unsigned int device_number(const struct device *device)
{
	return device - shared->devices;
}

/* True if complete() may fail for packets of this generation. */
#define FAILING(device, generation)	((device)->failing[(generation) % REMEMBERED])

/* The beginning of a packet, from which the rest is computed. */
struct packet_id {
	uint32_t device;
	uint32_t producer;
	uint64_t counter;
};

static inline uint64_t packet_number(const struct packet_id *id)
{
	return id->counter * PRODUCERS + id->producer;
}

/* -- Clients --------------------------------------------------------------------- */

struct client {
	struct device *device;
	unsigned int generation;	/* of the device, 0 if unknown */
	unsigned int number;
	const char *kind;
	int fd;
	unsigned int packet_size;
	unsigned int record_size;
	uint64_t first;			/* first packet that was queued, replayed ones included */
	uint64_t seq_at_open;		/* last packet shortly after open() */
	struct slot *slot;		/* in which to report progress, or NULL */
	bool mapped;			/* read through the ring, which the kernel does not count */
	bool incomplete;		/* a reader was killed with an unknown number of records */
	/* Sums of all readers. */
	uint64_t records;
	uint64_t failures;		/* packets consumed by failed reads */
	uint64_t dropped;		/* reported drops */
	uint64_t seq_sum;		/* twice the sum of the seqs of read and dropped packets */
	uint64_t newest;		/* greatest seq read */
};

/* A reader of a client. */
struct stream {
	struct client *client;
	struct sequence sequence;
	bool sole;			/* the client's only reader */
	bool raw;			/* reads bare payloads */
	bool async;			/* has requests of io_uring */
	uint64_t time;			/* timestamp of the last record */
	uint64_t counters[PRODUCERS];	/* last packet of each producer */
	uint64_t missing;		/* number of packets not seen */
	unsigned char *buffer;		/* BUFFER_BYTES bytes */
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
bool open_client(struct client *client, struct device *device, const char *kind, int flags,
		 struct slot *slot);
/* Compare the records read with the kernel's counters, and close the client. */
void close_client(struct client *client);
/* Query the kernel's counters, which must add up at any time. */
struct notify_multi_stats check_stats(struct client *client);
/* Compare fdinfo with the counters. There must be no other reader. */
void check_fdinfo(struct client *client);
/* Make an ioctl, which must succeed. */
void call_ioctl(struct client *client, unsigned long request, void *argument);
/* Report progress in the client's slot. */
void report_next(struct client *client, uint64_t next);

struct stream make_stream(struct client *client, bool sole, unsigned char *buffer);
void check_record(struct stream *stream, const struct notify_multi_record *record);
/* Check the result of a read: a number of bytes or -errno. */
enum outcome check_result(struct stream *stream, const void *buffer, ssize_t ret,
			  unsigned int allowed);

/* -- Calls ------------------------------------------------------------------------ */

/* A size for some records or payloads, sometimes with space for a part of one more. */
size_t random_size(const struct stream *stream, struct random *random);
/* Read once by a random call. */
enum outcome read_randomly(struct stream *stream, struct random *random, unsigned int allowed);
enum outcome read_without_waiting(struct stream *stream, struct random *random);
/* A read that fails with EFAULT must not consume a packet. */
void read_bad_buffer(struct stream *stream);
/* Make a random call other than a successful read. */
void make_other_call(struct stream *stream, struct random *random);

/* -- Workers --------------------------------------------------------------------- */

struct worker {
	struct random random;
	struct slot *slot;
	unsigned char *buffer;
	/* Client shared with children; in shared memory. */
	struct client *shared_client;
};

/* Ways to read a client, until unregistration or a number of reads. */
void read_by_calls(struct worker *worker, struct client *client);
void read_raw(struct worker *worker, struct client *client);
void read_polled(struct worker *worker, struct client *client);
void read_epoll(struct worker *worker, struct client *client);
void read_epoll_edge(struct worker *worker, struct client *client);
void read_mapped(struct worker *worker, struct client *client);
void read_signalled(struct worker *worker, struct client *client);
void read_spliced(struct worker *worker, struct client *client);
void read_uring(struct worker *worker, struct client *client);
void read_multishot(struct worker *worker, struct client *client);
void read_pended(struct worker *worker, struct client *client);

/* Call once before worker_main(): detect and print the features of the kernel. */
void probe_kinds(void);
void worker_main(void *worker);

/* -- Devices ---------------------------------------------------------------------- */

/* Call once. */
void name_devices(void);
void make_devices(struct random *random);
/* Call when all producers have stopped. */
void remove_devices(void);
void check_arrivals(void);

/* Register and unregister a device, with producers, until shared->stop. */
void device_main(void *device);

/* -- Memory ---------------------------------------------------------------------- */

struct memory {
	long long slab, stacks, percpu;
};

struct memory measure_memory(void);
void check_rings_freed(void);
/* Fail if memory other than rings has grown by more than a tolerance. */
void check_memory(const struct memory *before, const struct memory *after);

#endif /* STRESS_H */
