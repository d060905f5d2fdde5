/* SPDX-License-Identifier: GPL-2.0 */
/* A model of the ABI that predicts the result of each call, without system calls. */
#ifndef MODEL_H
#define MODEL_H

#include <linux/notify_multi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_DEVICES	2
#define FUZZ_CALLS	64
#define FUZZ_BYTES	(1024 * 1024U)	/* Maximum size of a buffer. */

/* Attributes of a simulated source, each written by the call of the same number. */
enum attribute {
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
};

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

long model_broadcast(struct model *model, unsigned int device, size_t bytes, size_t accessible,
		     uint64_t now);
void model_broadcast_done(struct model *model, unsigned int device, uint64_t now);

uint64_t model_queued(const struct model_client *client);
size_t model_read_size(const struct model_client *client);
long model_read(struct model *model, struct model_client *client, size_t bytes, size_t accessible,
		unsigned char *out);
/* Size of a buffer for @count records or payloads, and @delta bytes. */
size_t model_bytes(const struct model_client *client, int64_t count, int64_t delta);
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

#endif /* MODEL_H */
