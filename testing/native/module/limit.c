// SPDX-License-Identifier: GPL-2.0
/*
 * A lower bound for any design: a slot for each reader in memory of its own, and one head; no
 * record headers, locks, wakeups or readers.
 */
#include <linux/cache.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "candidate.h"

#define SLOTS		16
/* Slots are prefetched into the L2 cache, for writing, this many readers in advance. */
#define AHEAD		12
/* Larger slots are prefetched only up to here, and copied by memcpy(). */
#define SMALL_BYTES	512

static void **rings;
static unsigned int nr_rings;
static size_t slot_bytes;
static u32 head;

static void limit_stop(void)
{
	while (nr_rings)
		vfree(rings[--nr_rings]);
	kvfree(rings);
}

static int limit_start(struct native_candidate *self, unsigned int readers, size_t bytes)
{
	slot_bytes = ALIGN(bytes, 8);
	rings = kvcalloc(readers, sizeof(*rings), GFP_KERNEL);
	if (!rings)
		return -ENOMEM;
	for (nr_rings = 0; nr_rings < readers; nr_rings++) {
		rings[nr_rings] = vzalloc(SLOTS * slot_bytes);
		if (!rings[nr_rings]) {
			limit_stop();
			return -ENOMEM;
		}
	}
	return 0;
}

static void *limit_slot(unsigned int reader, u32 position)
{
	return rings[reader] + position % SLOTS * slot_bytes;
}

static void limit_prefetch(void *slot)
{
	size_t i;

	for (i = 0; i < min(slot_bytes, SMALL_BYTES); i += L1_CACHE_BYTES)
		__builtin_prefetch(slot + i, 1, 2);
}

/* WRITE_ONCE() keeps the compiler from calling memcpy(). */
static void limit_copy(u64 *slot, const u64 *packet)
{
	size_t i;

	if (slot_bytes > SMALL_BYTES) {
		memcpy(slot, packet, slot_bytes);
		return;
	}
	for (i = 0; i < slot_bytes / sizeof(*slot); i++)
		WRITE_ONCE(slot[i], packet[i]);
}

static void limit_publish(const void *packet, size_t bytes)
{
	u32 position = head + 1;
	unsigned int i;

	for (i = 0; i < nr_rings; i++) {
		if (i + AHEAD < nr_rings)
			limit_prefetch(limit_slot(i + AHEAD, position));
		limit_copy(limit_slot(i, position), packet);
	}
	/* Orders the slots before head, as readers would need it. */
	smp_store_release(&head, position);
}

struct native_candidate native_limit = {
	.name = "limit",
	.start = limit_start,
	.stop = limit_stop,
	.publish = limit_publish,
};
