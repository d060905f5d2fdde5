/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * notify_multi: user ABI of /dev/notify/<name>.
 *
 * A client is one open file description of a device, shared by dup() and fork(). Each client has
 * its own bounded queue of packets. All structures have the same layout for 32-bit and 64-bit
 * programs.
 */
#ifndef _UAPI_LINUX_NOTIFY_MULTI_H
#define _UAPI_LINUX_NOTIFY_MULTI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define NOTIFY_MULTI_ABI_VERSION	1

/* Largest payload of a packet, in bytes; the smallest is 1. */
#define NOTIFY_MULTI_MAX_PACKET_SIZE	65536

/*
 * Calls that allocate memory fail with ENOMEM, and change nothing, if memory is low: open(), the
 * first read() in raw format or from a source that completes its packets,
 * NOTIFY_MULTI_IOC_SET_MAX_PACKETS, NOTIFY_MULTI_URING_CMD_PEND, and calls that allocate for any
 * file: mmap(), splice(), poll(), epoll_ctl(), fcntl() with O_ASYNC. All other reads and ioctls
 * and the broadcast of a packet do not allocate memory.
 */

/**
 * enum notify_multi_clock - clock of a device's timestamps
 * @NOTIFY_MULTI_CLOCK_MONOTONIC: CLOCK_MONOTONIC, which stops while the system is suspended.
 * @NOTIFY_MULTI_CLOCK_BOOTTIME:  CLOCK_BOOTTIME, which does not.
 * @NOTIFY_MULTI_CLOCK_REALTIME:  CLOCK_REALTIME, which can be set, and jumps then.
 */
enum notify_multi_clock {
	NOTIFY_MULTI_CLOCK_MONOTONIC	= 0,
	NOTIFY_MULTI_CLOCK_BOOTTIME	= 1,
	NOTIFY_MULTI_CLOCK_REALTIME	= 2
};

/* -- Reading --------------------------------------------------------------- */

/**
 * enum notify_multi_record_flags - flags of a record
 * @NOTIFY_MULTI_REC_REPLAY: The packet was broadcast before this client existed.
 */
enum notify_multi_record_flags {
	NOTIFY_MULTI_REC_REPLAY	= 1 << 0
};

/**
 * struct notify_multi_record - one packet, as read() returns it
 * @seq:          Number of the packet in the device's stream: 1, 2, 3 ... A packet has the same
 *                seq for every client.
 * @timestamp_ns: Time of the hardware event, on the device's clock, in nanoseconds. Never
 *                converted afterwards, e.g. when the clock is set.
 * @status:       0, or the negative errno that the source broadcast with the packet.
 * @dropped:      Packets dropped from this client's queue immediately before this one;
 *                saturates at 0xffffffff.
 * @size:         Bytes of payload, the device's packet_size.
 * @flags:        Flags of &enum notify_multi_record_flags.
 *
 * The payload follows, at record + 1, zero-padded to a multiple of 8 bytes. Records follow each
 * other without gaps, &struct notify_multi_info.record_size bytes each.
 */
struct notify_multi_record {
	__u64 seq;
	__u64 timestamp_ns;
	__s32 status;
	__u32 dropped;
	__u32 size;
	__u32 flags;
};

/**
 * enum notify_multi_format - format of reads
 * @NOTIFY_MULTI_FORMAT_RECORD: Each packet is returned as a &struct notify_multi_record.
 * @NOTIFY_MULTI_FORMAT_RAW:    Bare payloads. A packet whose status is not 0 is consumed, and the
 *                              read fails with that errno. Errnos above 511 are returned as EIO.
 *                              io_uring, aio and RWF_NOWAIT reads return EAGAIN and EOPNOTSUPP
 *                              as EIO, too, because there both mean that nothing was read.
 */
enum notify_multi_format {
	NOTIFY_MULTI_FORMAT_RECORD	= 0,
	NOTIFY_MULTI_FORMAT_RAW		= 1
};

/* -- The mapped ring ------------------------------------------------------- */

/**
 * struct notify_multi_ring - first page of a client's ring
 * @head:        Position of the newest record: the low 32 bits of its seq.
 * @slots:       Number of slots, a power of two. The record at a position is in slot
 *               (position & (slots - 1)).
 * @record_size: Bytes from one slot to the next.
 * @data_offset: Bytes from the start of this structure to slot 0.
 * @abi_version: NOTIFY_MULTI_ABI_VERSION.
 * @max_packets: Number of packets that can be queued, less than @slots.
 * @first:       Oldest seq that the ring can contain: a resize does not keep older packets.
 * @reserved:    Zero.
 *
 * mmap(NULL, ring_bytes, PROT_READ, MAP_SHARED, fd, 0) maps the client's own ring: this page and
 * the slots. ring_bytes is a member of &struct notify_multi_info. mmap() fails with EACCES for a
 * writable or executable mapping; with EINVAL for a private mapping, another offset or a length
 * beyond the end; with EBUSY during a resize; with EOPNOTSUPP if the source completes its packets,
 * which a mapping would bypass. The queue cannot be resized while it is mapped. The mapping
 * outlives the source.
 *
 * Reading the mapping does not consume packets: poll(), read() and the counters treat them as
 * queued until NOTIFY_MULTI_IOC_CONSUME. The dropped field of records in slots is not set.
 * <notify_multi/reader.h> contains a reader.
 */
struct notify_multi_ring {
	__u32 head;
	__u32 slots;
	__u32 record_size;
	__u32 data_offset;
	__u32 abi_version;
	__u32 max_packets;
	__u64 first;
	__u32 reserved[8];
};

/* -- ioctls ---------------------------------------------------------------- */

/*
 * FIONREAD returns the bytes that a read with a large buffer would return now, at most INT_MAX.
 * FIONREAD, GET_INFO, GET_STATS and SET_FORMAT never wait for another call on the client.
 */

/**
 * struct notify_multi_info - sizes and limits of a client
 * @abi_version:  NOTIFY_MULTI_ABI_VERSION.
 * @packet_size:  Bytes of payload in each packet, 1 to NOTIFY_MULTI_MAX_PACKET_SIZE.
 * @record_size:  Bytes of a record: header, payload and padding.
 * @max_packets:  Number of packets that can be queued before the oldest is dropped.
 * @max_requests: Maximum number of blocked reads and pending commands together.
 * @replay:       Number of packets replayed to a new client, 0 for none.
 * @format:       Format of reads, of &enum notify_multi_format.
 * @clock:        Clock of the timestamps, of &enum notify_multi_clock.
 * @ring_bytes:   Bytes of the ring, its header page included.
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
	__u32 clock;
	__u64 ring_bytes;
	__u64 reserved[3];
};

/**
 * struct notify_multi_stats - counters of a client
 * @abi_version:      NOTIFY_MULTI_ABI_VERSION.
 * @clients:          Number of clients of the device.
 * @pending_packets:  Number of queued packets.
 * @pending_requests: Number of blocked reads and pending commands.
 * @seq:              Seq of the device's newest packet; its first seq minus 1 before any.
 * @next:             Seq of the packet that this client reads next, broadcast yet or not.
 * @delivered:        Packets delivered, including those that made a read fail.
 * @dropped:          Packets dropped, including those not yet reported to a read.
 * @reserved:         Zero.
 *
 * @delivered + @dropped + @pending_packets is always the number of packets that were broadcast or
 * replayed to this client.
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

/* 'N' 0xa0 to 0xaf: a range that the kernel's list of ioctl numbers leaves free. */
#define NOTIFY_MULTI_IOC_MAGIC	'N'

/**
 * NOTIFY_MULTI_IOC_GET_INFO - get sizes and limits of this client
 *
 * Fails with EFAULT for a bad pointer.
 */
#define NOTIFY_MULTI_IOC_GET_INFO \
	((__u32)_IOR(NOTIFY_MULTI_IOC_MAGIC, 0xa0, struct notify_multi_info))

/**
 * NOTIFY_MULTI_IOC_GET_STATS - get counters of this client
 *
 * Fails with EFAULT for a bad pointer.
 */
#define NOTIFY_MULTI_IOC_GET_STATS \
	((__u32)_IOR(NOTIFY_MULTI_IOC_MAGIC, 0xa1, struct notify_multi_stats))

/**
 * NOTIFY_MULTI_IOC_SET_FORMAT - set the format of reads of this client
 *
 * Takes an &enum notify_multi_format. Fails with EFAULT for a bad pointer, EINVAL for an unknown
 * format.
 */
#define NOTIFY_MULTI_IOC_SET_FORMAT \
	((__u32)_IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa2, __u32))

/**
 * NOTIFY_MULTI_IOC_SET_MAX_PACKETS - resize the queue of this client
 *
 * Takes the new number of packets, and keeps the newest that fit. Fails with EFAULT for a bad
 * pointer, EINVAL for 0 or a ring larger than the module's max_ring_bytes, EBUSY while the ring
 * is mapped, EINTR if a signal interrupts its wait for a read of the client, ENOMEM if memory is
 * low, or if the rings of all clients would exceed the module's max_device_bytes and the caller
 * lacks CAP_SYS_RESOURCE. On failure, the queue does not change.
 */
#define NOTIFY_MULTI_IOC_SET_MAX_PACKETS \
	((__u32)_IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa3, __u32))

/**
 * NOTIFY_MULTI_IOC_CONSUME - mark all packets up to a seq as read
 *
 * For readers of the mapped ring. Takes a packet's seq; one already read has no effect. Packets
 * still queued count as delivered, overwritten ones as dropped. Fails with EFAULT for a bad
 * pointer, EINVAL if the packet has not been broadcast, EINTR if a signal interrupts its wait for
 * a read of the client.
 */
#define NOTIFY_MULTI_IOC_CONSUME \
	((__u32)_IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa4, __u64))

/* -- io_uring -------------------------------------------------------------- */

/**
 * struct notify_multi_uring_cmd - the 16 command bytes of an IORING_OP_URING_CMD
 * @addr:  Address of a buffer.
 * @len:   Bytes of the buffer.
 * @flags: 0.
 */
struct notify_multi_uring_cmd {
	__u64 addr;
	__u32 len;
	__u32 flags;
};

/**
 * NOTIFY_MULTI_URING_CMD_PEND - queue a request for a packet (DMF: RequestProcess)
 *
 * Each packet wakes the oldest request, and the thread that submitted a command completes it. The
 * commands of one thread in one io_uring therefore complete in order, with one packet each. Any
 * other order is undefined. Commands and blocked reads together count against max_requests. The
 * result is what read() of @len bytes at @addr would return for one packet, or: EBUSY for too many
 * requests; EINVAL if @flags is not 0, the buffer is registered or is smaller than a packet; EBADF
 * if the file is not open for reading; ENOMEM; ECANCELED after a cancellation, which consumes
 * nothing.
 *
 * The exit of the process or the end of its io_uring cancels pending commands. If a single thread
 * exits, its commands stay pending, but no longer receive packets. IORING_OP_ASYNC_CANCEL does not
 * reach drivers: use NOTIFY_MULTI_URING_CMD_CANCEL. Before Linux 6.7, commands fail with
 * EOPNOTSUPP; before 5.19, where io_uring has no driver commands, with EINVAL.
 */
#define NOTIFY_MULTI_URING_CMD_PEND \
	((__u32)_IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa5, struct notify_multi_uring_cmd))

/**
 * NOTIFY_MULTI_URING_CMD_CANCEL - cancel pending commands
 *
 * Cancels the commands of this client whose buffer is at @addr, or all if @addr is 0; @len and
 * @flags must be 0. The result is the number of cancelled commands, ENOENT if there were none, or
 * EINVAL. A command that is being completed is not cancelled.
 */
#define NOTIFY_MULTI_URING_CMD_CANCEL \
	((__u32)_IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa6, struct notify_multi_uring_cmd))

#endif /* _UAPI_LINUX_NOTIFY_MULTI_H */
