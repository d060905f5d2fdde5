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
 * @reserved:    Zero.
 */
struct notify_multi_ring {
	__u32 head;
	__u32 slots;
	__u32 record_size;
	__u32 data_offset;
	__u32 abi_version;
	__u32 reserved[11];
};

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
 * ENOMEM; the queue is then as it was.
 */
#define NOTIFY_MULTI_IOC_SET_MAX_PACKETS \
	_IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa3, __u32)

/**
 * NOTIFY_MULTI_IOC_CONSUME - everything up to a packet is read
 *
 * Takes the packet's seq; one that was read before changes nothing. Fails with EFAULT
 * for a bad pointer, EINVAL for a packet that was not broadcast yet.
 */
#define NOTIFY_MULTI_IOC_CONSUME \
	_IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa4, __u64)

#endif /* _UAPI_LINUX_NOTIFY_MULTI_H */
