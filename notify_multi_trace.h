/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of packets and clients. The opener is the process that opened the device; another
 * process may read.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM notify_multi

#if !defined(_NOTIFY_MULTI_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _NOTIFY_MULTI_TRACE_H

#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/tracepoint.h>

#include "compat.h"

/* A packet is broadcast. Events are in the order of seq: the caller holds nm->lock. */
TRACE_EVENT(notify_multi_broadcast,
	TP_PROTO(const char *device, u64 seq, ktime_t when, int status, u32 clients),
	TP_ARGS(device, seq, when, status, clients),

	TP_STRUCT__entry(
		__string(device, device)
		__field(u64, seq)
		__field(u64, timestamp_ns)
		__field(s32, status)
		__field(u32, clients)
	),

	TP_fast_assign(
		notify_assign_str(device);
		__entry->seq = seq;
		__entry->timestamp_ns = ktime_to_ns(when);
		__entry->status = status;
		__entry->clients = clients;
	),

	TP_printk("device=%s seq=%llu timestamp_ns=%llu status=%d clients=%u",
		  __get_str(device), __entry->seq, __entry->timestamp_ns, __entry->status,
		  __entry->clients)
);

/* @count packets of a client, from @seq on. */
DECLARE_EVENT_CLASS(notify_multi_packets,
	TP_PROTO(const char *device, struct pid *opener, u64 seq, u64 count),
	TP_ARGS(device, opener, seq, count),

	TP_STRUCT__entry(
		__string(device, device)
		__field(s32, opener)
		__field(u64, seq)
		__field(u64, count)
	),

	TP_fast_assign(
		notify_assign_str(device);
		__entry->opener = pid_nr(opener);
		__entry->seq = seq;
		__entry->count = count;
	),

	TP_printk("device=%s opener=%d seq=%llu count=%llu", __get_str(device),
		  __entry->opener, __entry->seq, __entry->count)
);

/* Packets were read, or consumed from a mapped ring. */
DEFINE_EVENT(notify_multi_packets, notify_multi_read,
	TP_PROTO(const char *device, struct pid *opener, u64 seq, u64 count),
	TP_ARGS(device, opener, seq, count)
);

/* Packets were dropped. Emitted by the read or CONSUME that reports them. */
DEFINE_EVENT(notify_multi_packets, notify_multi_drop,
	TP_PROTO(const char *device, struct pid *opener, u64 seq, u64 count),
	TP_ARGS(device, opener, seq, count)
);

/* A device is opened. @seq is the client's first packet, @replay the number of replayed ones. */
TRACE_EVENT(notify_multi_open,
	TP_PROTO(const char *device, struct pid *opener, u64 seq, u32 replay),
	TP_ARGS(device, opener, seq, replay),

	TP_STRUCT__entry(
		__string(device, device)
		__field(s32, opener)
		__field(u64, seq)
		__field(u32, replay)
	),

	TP_fast_assign(
		notify_assign_str(device);
		__entry->opener = pid_nr(opener);
		__entry->seq = seq;
		__entry->replay = replay;
	),

	TP_printk("device=%s opener=%d seq=%llu replay=%u", __get_str(device),
		  __entry->opener, __entry->seq, __entry->replay)
);

/* A client is closed, with @queued packets unread. */
TRACE_EVENT(notify_multi_release,
	TP_PROTO(const char *device, struct pid *opener, u64 delivered, u64 dropped, u32 queued),
	TP_ARGS(device, opener, delivered, dropped, queued),

	TP_STRUCT__entry(
		__string(device, device)
		__field(s32, opener)
		__field(u64, delivered)
		__field(u64, dropped)
		__field(u32, queued)
	),

	TP_fast_assign(
		notify_assign_str(device);
		__entry->opener = pid_nr(opener);
		__entry->delivered = delivered;
		__entry->dropped = dropped;
		__entry->queued = queued;
	),

	TP_printk("device=%s opener=%d delivered=%llu dropped=%llu queued=%u",
		  __get_str(device), __entry->opener, __entry->delivered, __entry->dropped,
		  __entry->queued)
);

#endif /* _NOTIFY_MULTI_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE notify_multi_trace
#include <trace/define_trace.h>
