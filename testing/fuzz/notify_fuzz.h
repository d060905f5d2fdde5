/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fuzzer of the ABI: programs of random calls, a model that predicts the result of each call, and
 * kernel coverage to select the programs to continue from.
 */
#ifndef NOTIFY_FUZZ_H
#define NOTIFY_FUZZ_H

#include <linux/notify_multi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "files.h"

#define FUZZ_DEVICES	2
#define FUZZ_SLOTS	5	/* File descriptors, including duplicates. */
#define FUZZ_MAPS	3
#define FUZZ_REQUESTS	8	/* io_uring requests at the same time. */
#define FUZZ_CALLS	64
#define FUZZ_ARGS	5
#define FUZZ_BYTES	(1024 * 1024U)	/* Maximum size of a buffer. */

/* -- Programs: notify_fuzz_program.c ---------------------------------------- */

/* The first calls write an attribute of a simulated source, in the order of fuzz_attributes. */
enum fuzz_call_type {
	FUZZ_PACKET_SIZE,
	FUZZ_MAX_PACKETS,
	FUZZ_MAX_REQUESTS,
	FUZZ_REPLAY,
	FUZZ_FIRST_SEQ,
	FUZZ_MODE,
	FUZZ_STATUS,
	FUZZ_ARRIVAL_ERROR,
	FUZZ_COMPLETE_ERROR,
	FUZZ_CONTEXT,
	FUZZ_LIVE,
	FUZZ_ATTRIBUTES,

	FUZZ_OPEN = FUZZ_ATTRIBUTES,
	FUZZ_CLOSE,
	FUZZ_DUP,
	FUZZ_READ,
	FUZZ_READV,
	FUZZ_PREADV2,
	FUZZ_SPLICE,
	FUZZ_POLL,
	FUZZ_EPOLL,
	FUZZ_INFO,
	FUZZ_STATS,
	FUZZ_FDINFO,
	FUZZ_FORMAT,
	FUZZ_RESIZE,
	FUZZ_CONSUME,
	FUZZ_IOCTL,
	FUZZ_REFUSED,
	FUZZ_NONBLOCK,
	FUZZ_ASYNC,
	FUZZ_MMAP,
	FUZZ_MUNMAP,
	FUZZ_MPROTECT,
	FUZZ_MREMAP,
	FUZZ_MAPREAD,
	FUZZ_BROADCAST,
	FUZZ_URING_READ,
	FUZZ_MULTISHOT,
	FUZZ_PEND,
	FUZZ_PEND_CANCEL,
	FUZZ_READ_CANCEL,
	FUZZ_REAP,
	FUZZ_URING_EXIT,
	FUZZ_SYSFS,
	FUZZ_CONFIGFS,
	FUZZ_FORK,
	FUZZ_TYPES,
};

extern const char * const fuzz_attributes[FUZZ_ATTRIBUTES];

struct fuzz_call {
	enum fuzz_call_type type;
	int64_t args[FUZZ_ARGS];
};

struct fuzz_program {
	unsigned int count;
	struct fuzz_call calls[FUZZ_CALLS];
};

uint64_t fuzz_random(uint64_t *state);
uint32_t fuzz_below(uint64_t *state, uint32_t limit);

void fuzz_generate(struct fuzz_program *program, uint64_t *random);
void fuzz_mutate(struct fuzz_program *program, const struct fuzz_program *other, uint64_t *random);
void fuzz_remove(struct fuzz_program *program, unsigned int at, unsigned int count);
void fuzz_call_text(const struct fuzz_call *call, char *text, size_t size);
bool fuzz_parse(struct fuzz_program *program, const char *text);

/* -- The model: notify_fuzz_model.c ----------------------------------------- */

#define MODEL_INSTANCES	12
#define MODEL_CLIENTS	FUZZ_CALLS
#define MODEL_PACKETS	1024

/* Results of reads with an empty queue: one that would sleep, and one with too short a buffer. */
#define MODEL_BLOCKS	(-10000)
#define MODEL_SHORT	(-10001)

struct model_packet {
	int32_t status;
	uint64_t number;	/* Determines the payload. */
	uint64_t earliest;	/* Lower and upper bound of the timestamp. */
	uint64_t latest;
};

/* A device, from registration until its last client is closed. */
struct model_instance {
	unsigned int device;
	uint32_t packet_size;
	uint32_t record_size;
	uint32_t max_packets;
	uint32_t max_requests;
	uint32_t replay;
	uint64_t first;
	uint64_t last;
	bool unregistered;
	bool discard_queued;
	unsigned int clients;
	uint64_t closed_dropped;	/* Drops of closed clients. */
	struct model_packet packets[MODEL_PACKETS];
};

struct model_client {
	struct model_instance *nm;
	unsigned int refs;	/* File descriptors, mappings and requests of io_uring. */
	bool can_read;
	bool can_write;
	bool nonblock;
	bool async;
	uint32_t format;
	uint32_t max_packets;
	uint64_t first_new;	/* First packet that is not a replay. */
	uint64_t next;
	uint64_t oldest;	/* Oldest packet that the ring can contain. */
	uint64_t delivered;
	uint64_t dropped;
	unsigned int mappings;
	unsigned int requests;
	uint64_t completed_seq;	/* Last packet passed to complete(). */
	int complete_ret;	/* Result of complete(). */
};

struct model_device {
	int64_t config[FUZZ_ATTRIBUTES];
	struct model_instance *nm;	/* NULL while not live. */
	uint64_t arrivals;
	uint64_t departures;
};

struct model {
	uint64_t max_ring_bytes;
	uint64_t page;
	uint64_t packets;		/* Number of packets so far, and of the next one. */
	bool sigio;			/* True if SIGIO must be pending. */
	unsigned int instances;
	unsigned int clients;
	struct model_device devices[FUZZ_DEVICES];
	struct model_instance instance[MODEL_INSTANCES];
	struct model_client client[MODEL_CLIENTS];
};

void model_reset(struct model *model, uint64_t max_ring_bytes, uint64_t page);
long model_configure(struct model *model, unsigned int device, unsigned int attribute,
		     int64_t value);
bool model_can_register(const struct model *model);
long model_open(struct model *model, unsigned int device, struct model_client **client);
void model_put(struct model *model, struct model_client *client);

unsigned char model_payload(uint64_t number, size_t at);
long model_broadcast(struct model *model, unsigned int device, size_t bytes, size_t accessible,
		     uint64_t now);
void model_broadcast_done(struct model *model, unsigned int device, uint64_t now);

uint64_t model_queued(const struct model_client *client);
size_t model_read_size(const struct model_client *client);
long model_read(struct model *model, struct model_client *client, size_t bytes, size_t accessible,
		unsigned char *out);
bool model_is_empty(long ret);
long model_blocking_read(const struct model_client *client, long ret);
long model_read_nowait_error(long ret);
const struct model_packet *model_packet(const struct model_client *client, uint64_t seq);

unsigned int model_poll(const struct model_client *client);
void model_info(const struct model *model, const struct model_client *client,
		struct notify_multi_info *info);
void model_stats(const struct model_client *client, struct notify_multi_stats *stats);
uint64_t model_dropped(const struct model *model, const struct model_instance *nm);
uint64_t model_device_ring_bytes(const struct model *model, const struct model_instance *nm);
long model_set_format(struct model_client *client, uint32_t format);
long model_resize(const struct model *model, struct model_client *client, uint32_t max_packets);
long model_consume(struct model_client *client, uint64_t seq);
uint64_t model_ring_bytes(const struct model *model, const struct model_client *client);
long model_mmap(const struct model *model, struct model_client *client, int prot, bool shared,
		uint64_t offset, uint64_t bytes);
uint32_t model_map_read(const struct model_client *client, uint64_t *next, uint32_t count,
			unsigned char *out);
long model_pend(const struct model_client *client, size_t bytes);

/* -- Calls: notify_fuzz_run.c and notify_fuzz_uring.c ------------------------ */

/* Called by ../bench/uring.c for fatal errors. */
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Memory shared by the processes of a program and their watchdog. */
struct fuzz_shared {
	struct model model;
	struct fuzz_program program;
	unsigned int call;		/* Index of the current call. */
	uint64_t beats;			/* Total number of calls. */
	char failure[400];		/* The first failure, or empty. */
};

extern struct fuzz_shared *fuzz;

void fuzz_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool fuzz_expect(const char *what, int64_t actual, int64_t expected);
bool fuzz_expect_bytes(struct model_client *client, unsigned char *actual,
		       const unsigned char *expected, long bytes, bool raw);
uint64_t fuzz_now(void);

void fuzz_wait_settled(void);

void fuzz_start(void);
void fuzz_stop(void);
bool fuzz_run(const struct fuzz_program *program);

/* A descriptor and its client; -1 and NULL if the slot is empty. */
struct fuzz_slot {
	int fd;
	struct model_client *client;
};

void uring_end(void);
void uring_call_read(const struct fuzz_slot *slot, size_t bytes, bool writable);
void uring_call_multishot(const struct fuzz_slot *slot);
void uring_call_pend(const struct fuzz_slot *slot, size_t bytes, bool writable, uint32_t flags);
void uring_call_pend_cancel(const struct fuzz_slot *slot, unsigned int which);
void uring_call_read_cancel(unsigned int which);
void uring_call_reap(void);
void uring_call_exit(void);
void uring_wake(const struct model_instance *nm, unsigned int packets);

/* -- Coverage: notify_fuzz_kcov.c ------------------------------------------- */

struct kcov {
	int fd;
	unsigned long *trace;	/* NULL without KCOV. */
};

bool kcov_start(struct kcov *kcov);
void kcov_enable(struct kcov *kcov);
unsigned int kcov_disable(struct kcov *kcov);
unsigned int kcov_pcs(void);
unsigned int kcov_edges(void);

#endif /* NOTIFY_FUZZ_H */
