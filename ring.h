/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring of one client: records of one size, one producer, one consumer at a time, and no
 * lock between the two.
 *
 *     +-------------+--------+--------+--------+--------+-----
 *     | header page | slot 0 | slot 1 | slot 2 | slot 3 | ...     one vmalloc area
 *     +-------------+--------+--------+--------+--------+-----
 *
 * A position is the low 32 bits of a packet's seq: it wraps. The packet at a position is in slot
 * (position & mask). A broadcast writes to all rings of a device and then stores the seq in
 * nm->last, so each ring holds the seqs (last - slots, last]. A mapped ring also has the position
 * of its newest packet, head, in the header page, for the program.
 *
 * The producer overwrites the oldest slots at any time: it may be writing those of last + 1. A
 * consumer therefore copies first, and then checks that none of its slots was overwritten:
 *
 *     producer                             consumer
 *
 *     smp_wmb()                 A          read last, acquire         B
 *     write slots of last + 1              copy slots up to last
 *     store last, release       B          smp_rmb()                  A
 *                                          read last again
 *
 * B: a consumer that sees the new last sees the complete slot. A: a consumer that copied any
 * byte of packet n + 1 reads last >= n afterwards, and so detects the overwrite. If packet n was
 * written by another CPU, the producers' lock provides the ordering. The program reads head in
 * place of last.
 *
 * A ring has more slots than max_packets, so that a queued packet is never the one being
 * overwritten.
 *
 * Only the consumer's copies race with the producer's plain writes; data_race() annotates them.
 */
#ifndef _NOTIFY_MULTI_RING_H
#define _NOTIFY_MULTI_RING_H

#include <linux/bitops.h>
#include <linux/kcsan-checks.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/notify_multi.h>

#include "compat.h"

/**
 * struct notify_ring - a ring
 * @header:      First page of a mapping; contains head, which is only valid while mapped.
 * @slots:       Slot 0.
 * @mask:        Number of slots, a power of two, minus 1.
 * @record_size: Bytes of a slot.
 * @max_packets: Number of packets that can be queued, less than the number of slots.
 * @first:       Oldest seq that the ring can contain. Set before the ring is published,
 *               constant afterwards.
 * @bytes:       Bytes of header page and slots, a multiple of the page size.
 * @zeroed:      A slot is zero until a packet is written to it.
 */
struct notify_ring {
	struct notify_multi_ring *header;
	void *slots;
	u32 mask;
	u32 record_size;
	u32 max_packets;
	u64 first;
	u64 bytes;
	bool zeroed;
};

static inline size_t notify_ring_record_size(u32 packet_size)
{
	return sizeof(struct notify_multi_record) + ALIGN(packet_size, 8);
}

/* The smallest power of two above @max_packets. */
static inline u64 notify_ring_slots(u32 max_packets)
{
	return 1ULL << fls(max_packets);
}

static inline u64 notify_ring_bytes(u32 packet_size, u32 max_packets)
{
	return PAGE_SIZE + PAGE_ALIGN(notify_ring_slots(max_packets) *
				      notify_ring_record_size(packet_size));
}

/* Number of packets to copy before other tasks may run: 64 KiB, but at least one packet. */
static inline u32 notify_ring_batch(struct notify_ring *ring)
{
	return max_t(u32, SZ_64K / ring->record_size, 1);
}

static inline struct notify_multi_record *notify_ring_slot(struct notify_ring *ring, u32 pos)
{
	return ring->slots + (size_t)(pos & ring->mask) * ring->record_size;
}

/*
 * The slots may have any content: see notify_client_zero_slots(). If memory is low, fails rather
 * than have a process killed, and leaves half of the available memory to others.
 */
static inline struct notify_ring *notify_ring_alloc(u32 packet_size, u32 max_packets, gfp_t gfp)
{
	u64 bytes = notify_ring_bytes(packet_size, max_packets);
	struct notify_ring *ring;
	void *end;

	if (bytes > SZ_256K && bytes >> PAGE_SHIFT > max(si_mem_available(), 0L) / 2)
		return NULL;
	ring = kzalloc(sizeof(*ring), gfp);
	if (!ring)
		return NULL;
	ring->bytes = bytes;
	ring->header = __vmalloc(bytes, notify_mappable(gfp) | __GFP_NOWARN |
					__GFP_RETRY_MAYFAIL);
	if (!ring->header) {
		kfree(ring);
		return NULL;
	}
	ring->slots = (void *)ring->header + PAGE_SIZE;
	ring->mask = notify_ring_slots(max_packets) - 1;
	ring->record_size = notify_ring_record_size(packet_size);
	ring->max_packets = max_packets;
	ring->zeroed = want_init_on_alloc(gfp);

	end = ring->slots + (size_t)(ring->mask + 1) * ring->record_size;
	memset(end, 0, (void *)ring->header + bytes - end);
	memset(ring->header, 0, PAGE_SIZE);
	ring->header->slots = ring->mask + 1;
	ring->header->record_size = ring->record_size;
	ring->header->data_offset = PAGE_SIZE;
	ring->header->abi_version = NOTIFY_MULTI_ABI_VERSION;
	ring->header->max_packets = max_packets;
	return ring;
}

/* Return the page at @index of a mapping, which is never longer than the ring. */
static inline struct page *notify_ring_page(struct notify_ring *ring, unsigned long index)
{
	return vmalloc_to_page((void *)ring->header + (index << PAGE_SHIFT));
}

static inline void notify_ring_free(struct notify_ring *ring)
{
	if (!ring)
		return;
	vfree(ring->header);
	kfree(ring);
}

/* Set the oldest seq of an unpublished ring. */
static inline void notify_ring_set_first(struct notify_ring *ring, u64 first)
{
	ring->first = first;
	ring->header->first = first;
}

/* Copy a record that the producer may overwrite at the same time. */
static inline void notify_ring_read(void *to, const void *from, size_t bytes)
{
	/* data_race(): the caller checks if it was overwritten. */
	data_race(memcpy(to, from, bytes));
}

/*
 * Copy the packet @seq between two rings, while nothing writes to either. Return false if one of
 * them has overwritten its slot by now.
 */
static inline bool notify_ring_copy(struct notify_ring *to, struct notify_ring *from, u64 seq,
				    u64 newest, u32 flags)
{
	struct notify_multi_record *record = notify_ring_slot(from, (u32)seq);
	struct notify_multi_record *slot = notify_ring_slot(to, (u32)seq);

	if (record->seq != seq || newest - seq > to->mask)
		return false;
	memcpy(slot, record, to->record_size);
	slot->flags |= flags;
	return true;
}

/* Return the number of queued packets from @next on, when @newest is the newest. */
static inline u32 notify_ring_queued(struct notify_ring *ring, u64 newest, u64 next)
{
	u64 oldest = max(next, ring->first);

	return newest < oldest ? 0 : min_t(u64, newest + 1 - oldest, ring->max_packets);
}

#endif /* _NOTIFY_MULTI_RING_H */
