/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring of one open: records of one size, one producer, one consumer at a time, and
 * no lock between the two.
 *
 *     +-------------+--------+--------+--------+--------+-----
 *     | header page | slot 0 | slot 1 | slot 2 | slot 3 | ...     one vmalloc area
 *     +-------------+--------+--------+--------+--------+-----
 *           head ------------------------^
 *
 * A position is the low half of a packet's seq: it wraps, and all machines store it in
 * one go. The packet at a position is in slot (position & mask), so that a ring which
 * has packets up to head holds those after (head - slots). The slot of head says which
 * seq it is, however long nobody looked.
 *
 * The producer overwrites the oldest slot without asking. It may be writing the slot of
 * head + 1 at any time, so a consumer trusts what it copied only if the slot could not
 * have been that one by the time the copy was finished:
 *
 *     producer                             consumer
 *
 *     smp_wmb()                 A          smp_load_acquire(head)     B
 *     write slot of head + 1               copy slots up to head
 *     smp_store_release(head)   B          smp_rmb()                  A
 *                                          read head again
 *
 * B: who sees the new head sees the slot as it was written. A: who copied any byte of
 * the new packet sees, in head, that the packet before it was complete, and so knows
 * that the slot was being overwritten. Where that packet came from another CPU, it is the
 * producers' lock that orders the two for everybody.
 *
 * A ring has more slots than the packets that may wait in it, so that those which wait
 * are not the ones being overwritten.
 *
 * So the consumer's copies, and they alone, race with the producer's writes, which are plain:
 * data_race() tells KCSAN.
 */
#ifndef _NOTIFY_MULTI_RING_H
#define _NOTIFY_MULTI_RING_H

#include <linux/bitops.h>
#include <linux/kcsan-checks.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/notify_multi.h>

#include "compat.h"

/**
 * struct notify_ring - a ring
 * @header:      What a mapping of the ring starts with; its head is the ring's.
 * @slots:       Slot 0.
 * @mask:        Number of slots, a power of two, less 1.
 * @record_size: Bytes of a slot.
 * @max_packets: Number of packets that can be queued, less than the number of slots.
 * @first:       Oldest seq that the ring can contain. Set before the ring is published,
 *               constant afterwards.
 * @bytes:       Bytes of header page and slots, whole pages.
 * @rcu:         Defers freeing of this structure, for code that walks the clients under RCU.
 */
struct notify_ring {
	struct notify_multi_ring *header;
	void *slots;
	u32 mask;
	u32 record_size;
	u32 max_packets;
	u64 first;
	u64 bytes;
	struct rcu_head rcu;
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

/* Zeroed: padding is never written, and programs may map the ring. */
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

/* A page of the header and slots, for a mapping; NULL past the end. */
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
	kfree_rcu(ring, rcu);
}

/* -- Producer. ------------------------------------------------------------- */

/*
 * The slot of the next packet, to be written; the caller serialises producers, and has the
 * ring's record size at hand for all rings of a device.
 */
static inline struct notify_multi_record *notify_ring_begin(struct notify_ring *ring, u32 pos,
							    size_t record_size)
{
	/* Pairs with notify_ring_overwritten(): the last head before this slot's bytes. */
	smp_wmb();
	return ring->slots + (pos & ring->mask) * record_size;
}

/* The packet is written. */
static inline void notify_ring_end(struct notify_ring *ring, u32 pos)
{
	/* Two producers' stores would both be marked, and so no race to KCSAN. */
	ASSERT_EXCLUSIVE_WRITER(ring->header->head);
	/* Pairs with notify_ring_last(): this slot's bytes before the new head. */
	smp_store_release(&ring->header->head, pos);
}

/* Copy a record that the producer may overwrite: the caller must check that it did not. */
static inline void notify_ring_read(void *to, const void *from, size_t bytes)
{
	data_race(memcpy(to, from, bytes));
}

/* Set the seqs of an unpublished ring: the slot of @last may be empty. */
static inline void notify_ring_init_seqs(struct notify_ring *ring, u64 first, u64 last)
{
	ring->first = first;
	notify_ring_slot(ring, (u32)last)->seq = last;
	WRITE_ONCE(ring->header->head, (u32)last);
}

/*
 * Copies the @count packets that end with @last, as far as they are still in @from: its
 * producer may overwrite them, and the caller keeps none that it may have.
 */
static inline void notify_ring_copy(struct notify_ring *to, struct notify_ring *from,
				    u64 last, u32 count, u32 flags)
{
	u32 pos;

	for (pos = (u32)last - count + 1; count--; pos++) {
		struct notify_multi_record *slot = notify_ring_slot(to, pos);

		notify_ring_read(slot, notify_ring_slot(from, pos), to->record_size);
		slot->flags |= flags;
	}
}

/* -- Consumer. ------------------------------------------------------------- */

/* Whether what was copied from @pos on may have been overwritten meanwhile. */
static inline bool notify_ring_overwritten(struct notify_ring *ring, u32 pos)
{
	/* Pairs with notify_ring_begin(): the copied bytes before head. */
	smp_rmb();
	return READ_ONCE(ring->header->head) + 1 - pos > ring->mask;
}

/* The seq of the last packet. */
static inline u64 notify_ring_last(struct notify_ring *ring)
{
	u32 head;
	u64 seq;

	do {
		/* Pairs with notify_ring_end(): what is looked at next is complete. */
		head = smp_load_acquire(&ring->header->head);
		/* data_race(): if the slot is overwritten meanwhile, it is read again. */
		seq = data_race(READ_ONCE(notify_ring_slot(ring, head)->seq));
	} while (notify_ring_overwritten(ring, head));
	return seq;
}

/* Number of queued packets from @next on, when @last is the newest. */
static inline u32 notify_ring_queued(struct notify_ring *ring, u64 last, u64 next)
{
	u64 oldest = max(next, ring->first);

	return last < oldest ? 0 : min_t(u64, last + 1 - oldest, ring->max_packets);
}

#endif /* _NOTIFY_MULTI_RING_H */
