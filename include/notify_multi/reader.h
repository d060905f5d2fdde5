/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Reader of a mapped ring, for programs in C and C++ that GCC or Clang compiles.
 *
 *	struct notify_multi_reader reader;
 *
 *	map = mmap(NULL, info.ring_bytes, PROT_READ, MAP_SHARED, fd, 0);
 *	notify_multi_reader_init(&reader, map, stats.next);
 *	while (notify_multi_reader_next(&reader, record))
 *		...
 *
 * info and stats are from NOTIFY_MULTI_IOC_GET_INFO and NOTIFY_MULTI_IOC_GET_STATS.
 */
#ifndef _NOTIFY_MULTI_READER_H
#define _NOTIFY_MULTI_READER_H

#include <linux/notify_multi.h>
#include <linux/types.h>

/**
 * struct notify_multi_reader - reader of a mapped ring, for one thread at a time
 * @ring: Start of the mapping.
 * @next: Seq of the next packet to read, broadcast yet or not.
 */
struct notify_multi_reader {
	const struct notify_multi_ring *ring;
	__u64 next;
};

/**
 * notify_multi_reader_init() - start to read a mapped ring
 * @reader: Reader to initialise.
 * @map:    Mapping of the whole ring.
 * @next:   Seq of the first packet to read: next of &struct notify_multi_stats.
 */
static __inline__ void notify_multi_reader_init(struct notify_multi_reader *reader, const void *map,
						__u64 next)
{
	reader->ring = (const struct notify_multi_ring *)map;
	reader->next = next;
}

/* Return the record at a position. */
static __inline__ const struct notify_multi_record *
notify_multi_reader_slot(const struct notify_multi_ring *ring, __u32 position)
{
	return (const struct notify_multi_record *)
		((const char *)ring + ring->data_offset +
		 (__SIZE_TYPE__)(position & (ring->slots - 1)) * ring->record_size);
}

/* Return true if the records that were read from a position on were not overwritten. */
static __inline__ int notify_multi_reader_complete(const struct notify_multi_ring *ring,
						   __u32 position)
{
	/* Pairs with notify_multi_push() in the kernel: orders the record before head. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&ring->head, __ATOMIC_RELAXED) + 1 - position < ring->slots;
}

/**
 * notify_multi_reader_peek() - access the next record in the ring, without a copy
 * @reader:   Reader; not changed.
 * @position: Set to the record's position, for notify_multi_reader_done().
 *
 * The kernel may overwrite the record while it is being read. Use nothing of it until
 * notify_multi_reader_done() has returned 1. The number of packets dropped before the record is
 * its seq minus the reader's @next.
 *
 * Return: The record, or NULL if none is queued.
 */
static __inline__ const struct notify_multi_record *
notify_multi_reader_peek(const struct notify_multi_reader *reader, __u32 *position)
{
	const struct notify_multi_ring *ring = reader->ring;
	/* Pairs with the kernel's release of head: the slots up to head are complete. */
	__u32 head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	__u32 next = (__u32)(reader->next < ring->first ? ring->first : reader->next);

	/* head - next is the number of packets after the next one; -1 if the queue is empty. */
	if (head - next >= ring->max_packets) {
		if (head + 1 == next)
			return (const struct notify_multi_record *)0;
		next = head + 1 - ring->max_packets;
	}
	*position = next;
	return notify_multi_reader_slot(ring, next);
}

/**
 * notify_multi_reader_done() - finish reading a record in the ring
 * @reader:   Reader. Advances to the next record if 1 is returned.
 * @record:   Record that notify_multi_reader_peek() returned.
 * @position: Position of @record.
 *
 * Return: 1, or 0 if the kernel may have overwritten the record: discard it and peek again.
 */
static __inline__ int notify_multi_reader_done(struct notify_multi_reader *reader,
					       const struct notify_multi_record *record,
					       __u32 position)
{
	__u64 seq = record->seq;

	if (!notify_multi_reader_complete(reader->ring, position))
		return 0;
	reader->next = seq + 1;
	return 1;
}

/* Set dropped in the first of @count copied records, and advance. */
static __inline__ void notify_multi_reader_advance(struct notify_multi_reader *reader,
						   struct notify_multi_record *first, __u32 count)
{
	__u64 dropped = first->seq - reader->next;

	first->dropped = dropped > 0xffffffff ? 0xffffffff : (__u32)dropped;
	reader->next = first->seq + count;
}

/**
 * notify_multi_reader_next() - copy the next record
 * @reader: Reader. Advances to the next record if 1 is returned.
 * @out:    Buffer of record_size bytes. Its content is undefined if 0 is returned.
 *
 * Makes no system call and does not sleep. Before a program sleeps in poll(), it must pass the
 * seq of the last packet that it has read, next - 1, to NOTIFY_MULTI_IOC_CONSUME.
 *
 * Return: 1 and a record as read() returns it, or 0 if none is queued.
 */
static __inline__ int notify_multi_reader_next(struct notify_multi_reader *reader,
					       struct notify_multi_record *out)
{
	const struct notify_multi_ring *ring = reader->ring;
	const struct notify_multi_record *record;
	__u32 position;

	do {
		record = notify_multi_reader_peek(reader, &position);
		if (!record)
			return 0;
		__builtin_memcpy(out, record, ring->record_size);
	} while (!notify_multi_reader_complete(ring, position));

	notify_multi_reader_advance(reader, out, 1);
	return 1;
}

/**
 * notify_multi_reader_read() - copy several records
 * @reader: Reader. Advances beyond the copied records.
 * @buffer: Buffer, aligned for a record. Its content is undefined if 0 is returned.
 * @count:  Number of records of record_size bytes that fit.
 *
 * As notify_multi_reader_next(), at a fraction of its cost per record.
 *
 * Return: Number of records copied, which can be fewer than are queued and fit; 0 if none is
 * queued.
 */
static __inline__ __u32 notify_multi_reader_read(struct notify_multi_reader *reader, void *buffer,
						 __u32 count)
{
	const struct notify_multi_ring *ring = reader->ring;
	const struct notify_multi_record *record;
	__u32 position, queued, to_end;

	while (count) {
		record = notify_multi_reader_peek(reader, &position);
		if (!record)
			return 0;
		/* head may have advanced since; the check below covers that. */
		queued = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) + 1 - position;
		to_end = ring->slots - (position & (ring->slots - 1));
		count = count < queued ? count : queued;
		count = count < to_end ? count : to_end;
		__builtin_memcpy(buffer, record, (__SIZE_TYPE__)count * ring->record_size);
		if (notify_multi_reader_complete(ring, position)) {
			notify_multi_reader_advance(reader, (struct notify_multi_record *)buffer,
						    count);
			return count;
		}
		/* Overwritten during the copy: retry with fewer records. */
		count = count > 1 ? count / 2 : 1;
	}
	return 0;
}

#endif /* _NOTIFY_MULTI_READER_H */
