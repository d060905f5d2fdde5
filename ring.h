/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring of one client: records of one size, one producer, one consumer at a time, and no
 * lock between the two.
 *
 *     +-------------+--------+--------+--------+--------+-----
 *     | header page | slot 0 | slot 1 | slot 2 | slot 3 | ...     one vmalloc area
 *     +-------------+--------+--------+--------+--------+-----
 *           head ------------------------^
 *
 * A position is the low 32 bits of a packet's seq: it wraps, and is stored atomically on all
 * CPUs. The packet at a position is in slot (position & mask); the ring holds the positions
 * (head - slots, head]. The slot of head contains the full 64-bit seq.
 *
 * The producer overwrites the oldest slot at any time: it may be writing the slot of head + 1. A
 * consumer therefore copies first, and then checks that none of the slots was overwritten:
 *
 *     producer                             consumer
 *
 *     smp_wmb()                 A          smp_load_acquire(head)     B
 *     write slot of head + 1               copy slots up to head
 *     smp_store_release(head)   B          smp_rmb()                  A
 *                                          read head again
 *
 * B: a consumer that sees the new head sees the complete slot. A: a consumer that copied any
 * byte of packet n + 1 reads head >= n afterwards, and so detects the overwrite. If packet n was
 * written by another CPU, the producers' lock provides the ordering.
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
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/notify_multi.h>

#include "compat.h"

/**
 * struct notify_ring - a ring
 * @header:      First page of a mapping; contains head.
 * @slots:       Slot 0.
 * @mask:        Number of slots, a power of two, minus 1.
 * @record_size: Bytes of a slot.
 * @max_packets: Number of packets that can be queued, less than the number of slots.
 * @first:       Oldest seq that the ring can contain. Set before the ring is published,
 *               constant afterwards.
 * @bytes:       Bytes of header page and slots, a multiple of the page size.
 */
struct notify_ring {
	struct notify_multi_ring *header;
	void *slots;
	u32 mask;
	u32 record_size;
	u32 max_packets;
	u64 first;
	u64 bytes;
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

static inline struct notify_multi_record *notify_ring_slot(struct notify_ring *ring, u32 pos)
{
	return ring->slots + (size_t)(pos & ring->mask) * ring->record_size;
}

/* Zeroed, because padding is never written and programs can map the ring. */
static inline struct notify_ring *notify_ring_alloc(u32 packet_size, u32 max_packets, gfp_t gfp)
{
	struct notify_ring *ring = kzalloc(sizeof(*ring), gfp);

	if (!ring)
		return NULL;
	ring->bytes = notify_ring_bytes(packet_size, max_packets);
	ring->header = __vmalloc(ring->bytes, notify_mappable(gfp) | __GFP_ZERO | __GFP_NOWARN);
	if (!ring->header) {
		kfree(ring);
		return NULL;
	}
	ring->slots = (void *)ring->header + PAGE_SIZE;
	ring->mask = notify_ring_slots(max_packets) - 1;
	ring->record_size = notify_ring_record_size(packet_size);
	ring->max_packets = max_packets;

	ring->header->slots = ring->mask + 1;
	ring->header->record_size = ring->record_size;
	ring->header->data_offset = PAGE_SIZE;
	ring->header->abi_version = NOTIFY_MULTI_ABI_VERSION;
	ring->header->max_packets = max_packets;
	return ring;
}

/* Return the page at @index of a mapping, or NULL beyond the end. */
static inline struct page *notify_ring_page(struct notify_ring *ring, unsigned long index)
{
	if (index >= ring->bytes >> PAGE_SHIFT)
		return NULL;
	return vmalloc_to_page((void *)ring->header + (index << PAGE_SHIFT));
}

static inline void notify_ring_free(struct notify_ring *ring)
{
	if (!ring)
		return;
	vfree(ring->header);
	kfree(ring);
}

/*
 * Set the seqs of an unpublished ring. notify_ring_newest_seq() needs the seq of @newest in its
 * slot even if no packet is there.
 */
static inline void notify_ring_init_seqs(struct notify_ring *ring, u64 first, u64 newest)
{
	ring->first = first;
	ring->header->first = first;
	notify_ring_slot(ring, (u32)newest)->seq = newest;
	WRITE_ONCE(ring->header->head, (u32)newest);
}

/* -- Producer -------------------------------------------------------------- */

/*
 * Return the slot to write the next packet to. The caller serialises producers, and passes the
 * record size, which all rings of a device share.
 */
static inline struct notify_multi_record *notify_ring_reserve(struct notify_ring *ring, u32 pos,
							      size_t record_size)
{
	/* Pairs with notify_ring_overwritten(): orders the last head before this slot. */
	smp_wmb();
	return ring->slots + (pos & ring->mask) * record_size;
}

/* Publish the packet in the reserved slot. */
static inline void notify_ring_commit(struct notify_ring *ring, u32 pos)
{
	/* KCSAN does not report races between two marked stores. */
	ASSERT_EXCLUSIVE_WRITER(ring->header->head);
	/* Pairs with notify_ring_newest_seq(): orders this slot before the new head. */
	smp_store_release(&ring->header->head, pos);
}

/* Copy a record that the producer may overwrite at the same time. */
static inline void notify_ring_read(void *to, const void *from, size_t bytes)
{
	/* data_race(): the caller checks if it was overwritten. */
	data_race(memcpy(to, from, bytes));
}

/*
 * Copy the @count packets up to @newest to an unpublished ring. A packet that the producer of
 * @from overwrites during the copy may be torn; the caller sets first above it.
 */
static inline void notify_ring_copy(struct notify_ring *to, struct notify_ring *from,
				    u64 newest, u32 count, u32 flags)
{
	u32 pos;

	for (pos = (u32)newest - count + 1; count--; pos++) {
		struct notify_multi_record *slot = notify_ring_slot(to, pos);

		notify_ring_read(slot, notify_ring_slot(from, pos), to->record_size);
		slot->flags |= flags;
	}
}

/* -- Consumer -------------------------------------------------------------- */

/* Return true if slots copied from @pos on may have been overwritten during the copy. */
static inline bool notify_ring_overwritten(struct notify_ring *ring, u32 pos)
{
	/* Pairs with notify_ring_reserve(): orders the copy before head. */
	smp_rmb();
	return READ_ONCE(ring->header->head) + 1 - pos > ring->mask;
}

/* Return the seq of the newest packet. */
static inline u64 notify_ring_newest_seq(struct notify_ring *ring)
{
	u32 head;
	u64 seq;

	do {
		/* Pairs with notify_ring_commit(): the slots up to head are complete. */
		head = smp_load_acquire(&ring->header->head);
		/* data_race(): read again if the slot is overwritten. */
		seq = data_race(READ_ONCE(notify_ring_slot(ring, head)->seq));
	} while (notify_ring_overwritten(ring, head));
	return seq;
}

/* Return the number of queued packets from @next on, when @newest is the newest. */
static inline u32 notify_ring_queued(struct notify_ring *ring, u64 newest, u64 next)
{
	u64 oldest = max(next, ring->first);

	return newest < oldest ? 0 : min_t(u64, newest + 1 - oldest, ring->max_packets);
}

#endif /* _NOTIFY_MULTI_RING_H */
