/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * notify_multi: every open of /dev/notify/<name> has its own bounded queue of packets.
 *
 * All structures have the same layout for 32-bit and 64-bit programs.
 */
#ifndef _UAPI_LINUX_NOTIFY_MULTI_H
#define _UAPI_LINUX_NOTIFY_MULTI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define NOTIFY_MULTI_ABI_VERSION	1

/* The largest payload of a packet, in bytes; the smallest is 1. */
#define NOTIFY_MULTI_MAX_PACKET_SIZE	65536

/*
 * When memory is short, what needs some fails with ENOMEM and changes nothing: open(), the
 * first read() in raw format or of a source that completes its packets,
 * NOTIFY_MULTI_IOC_SET_MAX_PACKETS, NOTIFY_MULTI_URING_CMD_PEND; and what the kernel does
 * for any file: mmap(), splice(), poll(), epoll_ctl(), fcntl() with O_ASYNC. All other
 * reads and ioctls need none, nor does a packet on its way to an open.
 */

/* -- Reading. -------------------------------------------------------------- */

/**
 * enum notify_multi_record_flags - what else is to know about a packet
 * @NOTIFY_MULTI_REC_REPLAY: It was broadcast before this open existed.
 */
enum notify_multi_record_flags {
	NOTIFY_MULTI_REC_REPLAY	= 1 << 0,
};

/**
 * struct notify_multi_record - one packet, as read() returns it
 * @seq:          Position in the device's stream: 1, 2, 3 ... The same packet has the
 *                same number in every open.
 * @timestamp_ns: CLOCK_MONOTONIC, in nanoseconds: when the hardware event happened.
 * @status:       0, or the negative errno that the source broadcast with the packet.
 * @dropped:      How many packets this open lost immediately before this one; stays at
 *                its greatest value where they are more than it can hold.
 * @size:         Bytes of payload, the device's packet_size.
 * @flags:        Of &enum notify_multi_record_flags.
 * @data:         The payload, followed by zeros up to a multiple of 8.
 *
 * Records follow each other without gaps, &struct notify_multi_info.record_size bytes
 * each.
 */
struct notify_multi_record {
	__u64 seq;
	__u64 timestamp_ns;
	__s32 status;
	__u32 dropped;
	__u32 size;
	__u32 flags;
	__u8  data[];
};

/**
 * enum notify_multi_format - what read() returns
 * @NOTIFY_MULTI_FORMAT_RECORD: Each packet as a &struct notify_multi_record.
 * @NOTIFY_MULTI_FORMAT_RAW:    Bare payloads. A packet whose status is not 0 makes the
 *                              read fail with that error instead, and is consumed. An
 *                              errno over 511 is the kernel's own: the read says EIO.
 *                              So do reads of io_uring, aio, and with RWF_NOWAIT, for
 *                              EAGAIN and EOPNOTSUPP, which say there that nothing was
 *                              read.
 */
enum notify_multi_format {
	NOTIFY_MULTI_FORMAT_RECORD	= 0,
	NOTIFY_MULTI_FORMAT_RAW		= 1,
};

/* -- The ring. ------------------------------------------------------------- */

/**
 * struct notify_multi_ring - the first page of an open's ring
 * @head:        Position of the newest record: the low 32 bits of its seq.
 * @slots:       How many records the ring has room for, a power of two. The record at a
 *               position is in slot (position & (slots - 1)).
 * @record_size: Bytes from one slot to the next.
 * @data_offset: Bytes from the start of this structure to slot 0.
 * @abi_version: NOTIFY_MULTI_ABI_VERSION.
 * @max_packets: How many packets wait before the oldest is dropped, less than @slots.
 * @reserved:    Zero.
 *
 * mmap(NULL, ring_bytes, PROT_READ, MAP_SHARED, fd, 0), ring_bytes being that of
 * &struct notify_multi_info, maps an open's ring: this page and the slots. Fails with
 * EACCES for a mapping that is to be written or executed, EINVAL for a private one,
 * another offset, or one that goes past the end, EOPNOTSUPP where the source completes
 * each packet, which a mapping would bypass. The queue cannot be resized while it is
 * mapped. The mapping outlives the source.
 *
 * The kernel does not see what a program reads in a mapping: for poll(), read(), and
 * the counters a packet waits until NOTIFY_MULTI_IOC_CONSUME says that it was read. The
 * field dropped of the records in the slots is not set.
 */
struct notify_multi_ring {
	__u32 head;
	__u32 slots;
	__u32 record_size;
	__u32 data_offset;
	__u32 abi_version;
	__u32 max_packets;
	__u32 reserved[10];
};

#ifndef __KERNEL__

/**
 * struct notify_multi_reader - who reads a mapped ring; one thread at a time
 * @ring: The mapping.
 * @next: The packet to be read next, broadcast yet or not.
 */
struct notify_multi_reader {
	const struct notify_multi_ring *ring;
	__u64 next;
};

/**
 * notify_multi_reader_init() - begin to read a mapped ring
 * @reader: What is set.
 * @map:    The mapping, of the whole ring.
 * @next:   The first packet to be read: next of &struct notify_multi_stats.
 */
static inline void notify_multi_reader_init(struct notify_multi_reader *reader, const void *map,
					    __u64 next)
{
	reader->ring = (const struct notify_multi_ring *)map;
	reader->next = next;
}

/* The record at a position. */
static inline const struct notify_multi_record *
notify_multi_reader_slot(const struct notify_multi_ring *ring, __u32 position)
{
	return (const struct notify_multi_record *)
		((const char *)ring + ring->data_offset +
		 (__SIZE_TYPE__)(position & (ring->slots - 1)) * ring->record_size);
}

/* Whether what was read of the record at a position, and of later ones, was whole. */
static inline int notify_multi_reader_whole(const struct notify_multi_ring *ring, __u32 position)
{
	/* Pairs with the kernel's barrier before a slot is written: the record before head. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&ring->head, __ATOMIC_RELAXED) + 1 - position < ring->slots;
}

/**
 * notify_multi_reader_peek() - look at the next record where it stands
 * @reader:   The reader; stays as it is.
 * @position: Where to put the record's position, for notify_multi_reader_done().
 *
 * The record may be overwritten while it is looked at: nothing that was read of it
 * counts until notify_multi_reader_done() says that it was whole. How many were lost
 * before it is then its seq less the reader's next of before.
 *
 * Return: The record, or NULL if none waits.
 */
static inline const struct notify_multi_record *
notify_multi_reader_peek(const struct notify_multi_reader *reader, __u32 *position)
{
	const struct notify_multi_ring *ring = reader->ring;
	/* Pairs with the kernel's store of head: what it wrote before that is seen. */
	__u32 head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
	__u32 next = (__u32)reader->next;

	/* How many wait behind the next: of an empty queue -1. */
	if (head - next >= ring->max_packets) {
		if (head + 1 == next)
			return (const struct notify_multi_record *)0;
		next = head + 1 - ring->max_packets;
	}
	*position = next;
	return notify_multi_reader_slot(ring, next);
}

/**
 * notify_multi_reader_done() - the record that was looked at has been read
 * @reader:   The reader. Goes on to the record after it, if the return is 1.
 * @record:   What notify_multi_reader_peek() returned,
 * @position: and its position.
 *
 * Return: 1; or 0 if the kernel may have begun to overwrite the record meanwhile: then
 * what was read of it is to be forgotten, and the next peek returns another.
 */
static inline int notify_multi_reader_done(struct notify_multi_reader *reader,
					   const struct notify_multi_record *record,
					   __u32 position)
{
	__u64 seq = record->seq;

	if (!notify_multi_reader_whole(reader->ring, position))
		return 0;
	reader->next = seq + 1;
	return 1;
}

/* Copied records are whole: says what was lost before the first, and goes on. */
static inline void notify_multi_reader_advance(struct notify_multi_reader *reader,
					       struct notify_multi_record *first, __u32 count)
{
	__u64 dropped = first->seq - reader->next;

	first->dropped = dropped > 0xffffffff ? 0xffffffff : (__u32)dropped;
	reader->next = first->seq + count;
}

/**
 * notify_multi_reader_next() - copy the next record
 * @reader: The reader. Goes on to the record after it, if the return is 1.
 * @out:    Where to, record_size bytes; what is there if the return is 0 has no meaning.
 *
 * Makes no system call and does not sleep. Before a program sleeps in poll(), it says by
 * NOTIFY_MULTI_IOC_CONSUME what it has read: next - 1.
 *
 * Return: 1, and a record as read() returns it; 0 if none waits.
 */
static inline int notify_multi_reader_next(struct notify_multi_reader *reader,
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
	} while (!notify_multi_reader_whole(ring, position));

	notify_multi_reader_advance(reader, out, 1);
	return 1;
}

/**
 * notify_multi_reader_read() - copy many records
 * @reader: The reader. Goes on to the record after those copied.
 * @buffer: Where to; aligned for a record. What is there if the return is 0 has no meaning.
 * @count:  For how many records of record_size bytes it has room.
 *
 * As notify_multi_reader_next(), at a fraction of the cost for each.
 *
 * Return: How many records were copied, which may be fewer than wait and fit; 0 if none
 * waits.
 */
static inline __u32 notify_multi_reader_read(struct notify_multi_reader *reader, void *buffer,
					     __u32 count)
{
	const struct notify_multi_ring *ring = reader->ring;
	const struct notify_multi_record *record;
	__u32 position, waiting, to_end;

	while (count) {
		record = notify_multi_reader_peek(reader, &position);
		if (!record)
			return 0;
		/* The head may have moved on, but not beyond what is checked below. */
		waiting = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) + 1 - position;
		to_end = ring->slots - (position & (ring->slots - 1));
		count = count < waiting ? count : waiting;
		count = count < to_end ? count : to_end;
		__builtin_memcpy(buffer, record, (__SIZE_TYPE__)count * ring->record_size);
		if (notify_multi_reader_whole(ring, position)) {
			notify_multi_reader_advance(reader, (struct notify_multi_record *)buffer,
						    count);
			return count;
		}
		/* The kernel is faster: try with less. */
		count = count > 1 ? count / 2 : 1;
	}
	return 0;
}

#endif /* __KERNEL__ */

/* -- Control. -------------------------------------------------------------- */

/**
 * struct notify_multi_info - the sizes and limits of an open
 * @abi_version:  NOTIFY_MULTI_ABI_VERSION.
 * @packet_size:  Bytes of payload in each packet, 1 to NOTIFY_MULTI_MAX_PACKET_SIZE.
 * @record_size:  Bytes of a whole record: header, payload and padding.
 * @max_packets:  How many packets wait in this open's queue before the oldest is dropped.
 * @max_requests: How many reads may sleep at once on this open.
 * @replay:       How many of the last packets a new open starts with, 0 for none.
 * @format:       This open's &enum notify_multi_format.
 * @reserved0:    Zero.
 * @ring_bytes:   Bytes of this open's ring, its header page included.
 * @reserved:     Zero.
 */
struct notify_multi_info {
	__u32 abi_version;
	__u32 packet_size;
	__u32 record_size;
	__u32 max_packets;
	__u32 max_requests;
	__u32 replay;
	__u32 format;
	__u32 reserved0;
	__u64 ring_bytes;
	__u64 reserved[3];
};

/**
 * struct notify_multi_stats - how an open is doing
 * @abi_version:      NOTIFY_MULTI_ABI_VERSION.
 * @clients:          How many opens the device has.
 * @pending_packets:  How many packets wait in this open's queue.
 * @pending_requests: How many reads sleep on this open.
 * @seq:              The device's last packet; one less than its first seq before any.
 * @next:             The packet that this open reads next, broadcast yet or not.
 * @delivered:        Packets this open has been given, those included whose read failed
 *                    with the packet's own error.
 * @dropped:          Packets this open has lost, those included that no read has said yet.
 * @reserved:         Zero.
 *
 * At any time @delivered + @dropped + @pending_packets is the number of packets that
 * were broadcast or replayed to this open.
 */
struct notify_multi_stats {
	__u32 abi_version;
	__u32 clients;
	__u32 pending_packets;
	__u32 pending_requests;
	__u64 seq;
	__u64 next;
	__u64 delivered;
	__u64 dropped;
	__u64 reserved[2];
};

#define NOTIFY_MULTI_IOC_MAGIC	'N'

/**
 * NOTIFY_MULTI_IOC_GET_INFO - sizes and limits of this open
 *
 * Fails with EFAULT for a bad pointer.
 */
#define NOTIFY_MULTI_IOC_GET_INFO \
	_IOR(NOTIFY_MULTI_IOC_MAGIC, 0xa0, struct notify_multi_info)

/**
 * NOTIFY_MULTI_IOC_GET_STATS - counters of this open
 *
 * Fails with EFAULT for a bad pointer.
 */
#define NOTIFY_MULTI_IOC_GET_STATS \
	_IOR(NOTIFY_MULTI_IOC_MAGIC, 0xa1, struct notify_multi_stats)

/**
 * NOTIFY_MULTI_IOC_SET_FORMAT - choose what read() returns on this open
 *
 * Takes an &enum notify_multi_format. Fails with EFAULT for a bad pointer, EINVAL for
 * an unknown format.
 */
#define NOTIFY_MULTI_IOC_SET_FORMAT \
	_IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa2, __u32)

/**
 * NOTIFY_MULTI_IOC_SET_MAX_PACKETS - resize this open's queue
 *
 * Takes the new number of packets; the newest that fit are kept. Fails with EFAULT for
 * a bad pointer, EINVAL for 0 or for a ring larger than the module's max_ring_bytes,
 * EBUSY while the ring is mapped, ENOMEM; the queue is then as it was.
 */
#define NOTIFY_MULTI_IOC_SET_MAX_PACKETS \
	_IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa3, __u32)

/**
 * NOTIFY_MULTI_IOC_CONSUME - everything up to a packet is read
 *
 * For who reads the mapped ring. Takes the packet's seq; one that was read before changes
 * nothing. Those that no longer waited in the queue count as dropped, the others as
 * delivered. Fails with EFAULT for a bad pointer, EINVAL for a packet that was not
 * broadcast yet.
 */
#define NOTIFY_MULTI_IOC_CONSUME \
	_IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa4, __u64)

/* -- io_uring. ------------------------------------------------------------- */

/**
 * struct notify_multi_uring_cmd - the 16 command bytes of an IORING_OP_URING_CMD
 * @addr:  Address of a buffer.
 * @len:   Its bytes.
 * @flags: 0.
 */
struct notify_multi_uring_cmd {
	__u64 addr;
	__u32 len;
	__u32 flags;
};

/**
 * NOTIFY_MULTI_URING_CMD_PEND - wait for a packet in the open's queue of requests
 *
 * DMF's RequestProcess. Requests are woken in the order they came in, the oldest for each
 * packet, and completed by the threads that submitted them: those of one io_uring in that
 * order, with one packet each; of several, as each gets to it. They count against
 * max_requests together with the reads that sleep. The result is what a read() of @len
 * bytes at @addr would have returned for one packet. EBUSY: too many requests; EINVAL:
 * @flags not 0, a registered buffer, or one smaller than a packet; EBADF: not opened for
 * reading; ENOMEM; ECANCELED: cancelled, and nothing is consumed.
 *
 * The end of the process or of its io_uring cancels what is pended; the end of a thread
 * alone does not, but its requests get no packet any more. To cancel single
 * requests there is NOTIFY_MULTI_URING_CMD_CANCEL, as the kernel does not pass an
 * IORING_OP_ASYNC_CANCEL on to drivers. Before Linux 6.7: EOPNOTSUPP; before 5.19, where
 * io_uring has no such commands: EINVAL.
 */
#define NOTIFY_MULTI_URING_CMD_PEND \
	_IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa5, struct notify_multi_uring_cmd)

/**
 * NOTIFY_MULTI_URING_CMD_CANCEL - cancel requests that are pended
 *
 * Cancels those commands of this open that wait with a buffer at @addr, or all if @addr
 * is 0; @len and @flags are 0. The result is how many they were; EINVAL, or ENOENT for
 * none. A command that is about to be completed is not cancelled.
 */
#define NOTIFY_MULTI_URING_CMD_CANCEL \
	_IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa6, struct notify_multi_uring_cmd)

#endif /* _UAPI_LINUX_NOTIFY_MULTI_H */
