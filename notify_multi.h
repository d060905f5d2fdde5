/* SPDX-License-Identifier: GPL-2.0 */
/*
 * notify_multi: in-kernel API for sources, the drivers whose packets are broadcast to all clients
 * of a device. The user ABI is in uapi/linux/.
 */
#ifndef _NOTIFY_MULTI_H
#define _NOTIFY_MULTI_H

#include <linux/ktime.h>
#include <linux/timekeeping.h>
#include <linux/types.h>
#include <linux/notify_multi.h>

struct device;
struct file;
struct notify_multi;
struct notify_multi_client;

/**
 * struct notify_multi_ops - callbacks of a source
 *
 * All callbacks run in process context and may sleep. They may broadcast, and must not register
 * or unregister a device. Callbacks for different clients can run at the same time. None runs after
 * notify_multi_unregister() has returned. The structure is copied at registration.
 */
struct notify_multi_ops {
	/**
	 * @arrival: Called by open() (DMF: EvtClientArrivalCallback). May be NULL.
	 *
	 * The client receives packets broadcast from here on. Runs under misc_mtx, so that
	 * open() of every other misc device waits for it: must be fast, and must not take
	 * a lock held around notify_multi_unregister().
	 *
	 * Returns 0, or a negative errno that makes open() fail. Errnos above 511 are
	 * returned as EIO, also for @complete.
	 */
	int (*arrival)(struct notify_multi_client *client, struct file *file);

	/**
	 * @departure: Called when a client is closed or the source unregisters (DMF:
	 * EvtClientDepartureCallback). May be NULL.
	 *
	 * Runs exactly once for each accepted arrival, never for a refused one.
	 */
	void (*departure)(struct notify_multi_client *client);

	/**
	 * @complete: Called before a packet reaches a reader (DMF: CompletionCallback).
	 * May be NULL.
	 *
	 * @record is the client's own copy, @packet its payload of packet_size bytes. The
	 * callback may change the payload and the record's status, and nothing else. Runs
	 * once per packet and client, even if delivering the packet fails afterwards.
	 * Packets still queued at unregistration are discarded. The caller holds the
	 * client's read lock: the callback must not wait for another read of the client.
	 *
	 * Returns 0, or a negative errno: the read fails with it and the packet is
	 * consumed.
	 */
	int (*complete)(struct notify_multi_client *client,
			struct notify_multi_record *record, void *packet);

	/**
	 * @ioctl: Called for an ioctl that notify_multi does not have. May be NULL.
	 *
	 * @arg is a user address or a value; the caller can be a 32-bit process. Until the
	 * callback returns, notify_multi_unregister() waits, also while a page of the caller
	 * is read in. After it, the ioctl fails with ENODEV.
	 *
	 * Returns what ioctl() returns: -ENOTTY if @cmd is unknown.
	 */
	long (*ioctl)(struct notify_multi_client *client, unsigned int cmd, unsigned long arg);
};

/**
 * struct notify_multi_config - properties of a device
 * @name:         Name of the node, /dev/notify/<name>. 1 to 63 bytes without blanks, control
 *                characters, '/' and '!'; not "." or "..".
 * @mode:         Permissions of the node, 0 for 0600.
 * @packet_size:  Bytes of payload in each packet, 1 to %NOTIFY_MULTI_MAX_PACKET_SIZE (DMF:
 *                SizeOfDataBuffer).
 * @max_packets:  Queue length of each client, at least 1. When the queue is full, the oldest
 *                packet is dropped (DMF: MaximumNumberOfPendingDataBuffers).
 * @max_requests: Maximum number of blocked reads and pending commands of each client, at least
 *                1. One more fails with EBUSY (DMF: MaximumNumberOfPendingRequests).
 * @replay:       Number of packets replayed to a new client, 0 to @max_packets (DMF:
 *                ReplayLastMessageToNewClients).
 * @first_seq:    Seq of the first packet, at most %S64_MAX; 0 means 1.
 * @clock:        Clock of the timestamps, of &enum notify_multi_clock.
 * @ops:          Callbacks of the source; may be NULL.
 * @drvdata:      Pointer of the source, for notify_multi_drvdata().
 *
 * Only read by notify_multi_register(), which copies it, with @ops.
 */
struct notify_multi_config {
	const char *name;
	umode_t mode;
	size_t packet_size;
	unsigned int max_packets;
	unsigned int max_requests;
	unsigned int replay;
	u64 first_seq;
	u32 clock;
	const struct notify_multi_ops *ops;
	void *drvdata;
};

struct notify_multi *notify_multi_register(struct device *parent,
					   const struct notify_multi_config *config);
struct notify_multi *devm_notify_multi_register(struct device *parent,
						const struct notify_multi_config *config);
void notify_multi_unregister(struct notify_multi *nm);

int notify_multi_broadcast(struct notify_multi *nm, const void *packet, size_t size,
			   int status);
int notify_multi_broadcast_at(struct notify_multi *nm, const void *packet, size_t size,
			      int status, ktime_t when);
ktime_t notify_multi_now(struct notify_multi *nm);

/* Names of &enum notify_multi_clock, in sysfs, firmware and configfs. */
#define NOTIFY_MULTI_CLOCK_NAMES {				\
	[NOTIFY_MULTI_CLOCK_MONOTONIC] = "monotonic",		\
	[NOTIFY_MULTI_CLOCK_BOOTTIME] = "boottime",		\
	[NOTIFY_MULTI_CLOCK_REALTIME] = "realtime",		\
}

/**
 * notify_multi_clock_now() - get the current time before the device is registered
 * @clock: Clock of the device, of &enum notify_multi_clock.
 *
 * Context: Any except NMI.
 * Return: The time, for notify_multi_broadcast_at().
 */
static inline ktime_t notify_multi_clock_now(u32 clock)
{
	switch (clock) {
	case NOTIFY_MULTI_CLOCK_BOOTTIME:
		return ktime_get_boottime();
	case NOTIFY_MULTI_CLOCK_REALTIME:
		return ktime_get_real();
	default:
		return ktime_get();
	}
}

void *notify_multi_drvdata(struct notify_multi *nm);
struct notify_multi *notify_multi_of(struct notify_multi_client *client);
void notify_multi_set_private(struct notify_multi_client *client, void *private);
void *notify_multi_get_private(struct notify_multi_client *client);

#endif /* _NOTIFY_MULTI_H */
