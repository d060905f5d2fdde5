/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Simulated sources: configure notify_sim and broadcast. notify_sim.h has sim_set(), sim_open() and
 * other functions that need no harness.
 */
#ifndef SIM_H
#define SIM_H

#include <sys/mount.h>
#include <sys/sysmacros.h>

#include "client.h"
#include "module.h"
#include "notify_sim.h"
#include "packet.h"
#include "thread.h"

#define SIM_NAME	"kselftest"

/* Members that are 0 or NULL keep the default of notify_sim. */
struct sim_config {
	unsigned int packet_size;
	unsigned int max_packets;
	unsigned int max_requests;
	unsigned int replay;
	uint64_t first_seq;
	int complete_error;
	const char *context;
	const char *mode;
	const char *clock;
	/* The client of the fixture in device.h */
	bool no_client;
	bool blocking;
};

/* complete_error can be written only while live is 0: register the device again. */
static inline int sim_set_complete_error(const char *name, int error)
{
	int ret = sim_set(name, "live", "0");

	if (!ret)
		ret = sim_set_number(name, "complete_error", error);
	return ret ? ret : sim_set(name, "live", "1");
}

static inline int sim_configure(const char *name, const struct sim_config *config)
{
	const struct {
		const char *name;
		const char *text;
		long long number;
	} attributes[] = {
		{ "packet_size", NULL, config->packet_size },
		{ "max_packets", NULL, config->max_packets },
		{ "max_requests", NULL, config->max_requests },
		{ "replay", NULL, config->replay },
		{ "first_seq", NULL, config->first_seq },
		{ "complete_error", NULL, config->complete_error },
		{ "context", config->context, 0 },
		{ "mode", config->mode, 0 },
		{ "clock", config->clock, 0 },
	};
	int ret = 0;

	for (size_t i = 0; i < ARRAY_SIZE(attributes) && !ret; i++) {
		if (attributes[i].text)
			ret = sim_set(name, attributes[i].name, attributes[i].text);
		else if (attributes[i].number)
			ret = sim_set_number(name, attributes[i].name, attributes[i].number);
	}
	return ret;
}

/* Load notify_sim and mount configfs, unless that has been done. */
static inline bool sim_available(void)
{
	if (!access(SIM_CONFIG_DIR, F_OK))
		return true;
	load_module("notify_multi", "");
	load_module("notify_sim", "");
	if (access(SIM_CONFIG_DIR, F_OK))
		mount("configfs", CONFIGFS, "configfs", 0, NULL);
	return !access(SIM_CONFIG_DIR, F_OK);
}

/* Create and enable a source. Remove a leftover of a failed test first. */
static inline int sim_start(const char *name, const struct sim_config *config)
{
	int ret;

	sim_remove(name);
	ret = sim_make(name);
	if (!ret)
		ret = sim_configure(name, config);
	return ret ? ret : sim_set(name, "live", "1");
}

/* Broadcast @count packets, numbered from @number, in one write. */
static inline ssize_t sim_broadcast(int injector, size_t packet_size, uint64_t number,
				    unsigned int count)
{
	unsigned char *packets = malloc(packet_size * count);
	ssize_t ret;

	if (!packets)
		return -ENOMEM;
	for (unsigned int i = 0; i < count; i++)
		packet_fill(packets + i * packet_size, packet_size, number + i);
	ret = errno_of(write(injector, packets, packet_size * count));
	free(packets);
	return ret;
}

/* -- Broadcasts in a thread; for the start and the end, see device.h -- */

struct producer {
	struct thread thread;
	int injector;
	size_t packet_size;
	uint64_t number;
	unsigned int count;
};

static inline ssize_t producer_main(void *data)
{
	struct producer *producer = data;

	return sim_broadcast(producer->injector, producer->packet_size, producer->number,
			     producer->count);
}

/* -- Oversized rings -- */

#define MAX_RING_BYTES	"/sys/module/notify_multi/parameters/max_ring_bytes"

/* Number of packets whose ring is larger than the memory of the system. */
static inline uint64_t too_many_packets(size_t packet_size)
{
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);

	return memory / RECORD_SIZE(packet_size) + 1;
}

/* Raise the limit for a ring of @packets: up to twice as many slots, and a header page. */
static inline int allow_packets(uint64_t packets, size_t packet_size)
{
	return write_number(MAX_RING_BYTES, 2 * packets * RECORD_SIZE(packet_size) +
			    sysconf(_SC_PAGESIZE));
}

#endif /* SIM_H */
