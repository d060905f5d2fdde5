/* SPDX-License-Identifier: GPL-2.0 */
/*
 * notify_multi: broadcast a source's packets to every open of a device.
 *
 * This is the in-kernel API for sources: drivers that have something to notify. What
 * programs see is in uapi/linux/.
 */
#ifndef _NOTIFY_MULTI_H
#define _NOTIFY_MULTI_H

#include <linux/ktime.h>
#include <linux/types.h>
#include <linux/notify_multi.h>

struct device;
struct file;
struct notify_multi;
struct notify_multi_client;

/**
 * struct notify_multi_ops - what a source is told of its users
 *
 * All callbacks run in process context and may sleep; they may broadcast, and must not
 * unregister. Callbacks for different opens may run at the same time. None runs after
 * notify_multi_unregister() has returned. The structure is copied at registration.
 */
struct notify_multi_ops {
	/**
	 * @arrival: A user opens the device. DMF's EvtClientArrivalCallback. May be NULL.
	 *
	 * Packets that are broadcast from here on reach the open. Opens of all misc
	 * devices wait for the callback: it must not take long, and must not take a
	 * lock that is held around notify_multi_unregister().
	 *
	 * Returns 0, or a negative errno, which refuses the open: open() returns it. An
	 * errno of the kernel's own (over 511) is EIO to the user, as in @complete.
	 */
	int (*arrival)(struct notify_multi_client *client, struct file *file);

	/**
	 * @departure: An open has been closed, or the source unregisters. DMF's
	 * EvtClientDepartureCallback. May be NULL.
	 *
	 * Runs exactly once for each arrival that was accepted, never for one refused.
	 */
	void (*departure)(struct notify_multi_client *client);

	/**
	 * @complete: A read is about to be given a packet. DMF's CompletionCallback. May
	 * be NULL.
	 *
	 * @record is the open's own copy, @packet its payload (packet_size bytes): the
	 * payload and the record's status may be changed, and nothing else. Runs once
	 * for each packet of each open, even where the read then fails to deliver it.
	 * What is still queued when the source unregisters cannot be completed any
	 * more, and is not delivered. The caller holds the open's read lock: the
	 * callback must not wait for another read of the same open.
	 *
	 * Returns 0, or a negative errno: the read fails with it, the packet is consumed.
	 */
	int (*complete)(struct notify_multi_client *client,
			struct notify_multi_record *record, void *packet);
};

/**
 * struct notify_multi_config - what a device is to be like
 * @name:         The node is /dev/notify/<name>. 1 to 63 bytes without '/' and '!'.
 * @mode:         Permissions of the node, 0 for 0600.
 * @packet_size:  Bytes of payload in each packet, 1 to %NOTIFY_MULTI_MAX_PACKET_SIZE.
 *                DMF's SizeOfDataBuffer.
 * @max_packets:  How many packets wait in each open's queue, at least 1; when it is full
 *                the oldest is dropped. DMF's MaximumNumberOfPendingDataBuffers.
 * @max_requests: How many reads may sleep at once on each open, at least 1; one more
 *                fails with EBUSY. DMF's MaximumNumberOfPendingRequests.
 * @replay:       How many of the last packets a new open starts with, 0 to @max_packets.
 *                DMF's ReplayLastMessageToNewClients.
 * @first_seq:    The seq of the first packet, at most %S64_MAX; 0 means 1.
 * @ops:          What the source is told of its users; may be NULL.
 * @drvdata:      The source's own, for notify_multi_drvdata().
 *
 * Only read by notify_multi_register(), and copied there, with @ops.
 */
struct notify_multi_config {
	const char *name;
	umode_t mode;
	size_t packet_size;
	unsigned int max_packets;
	unsigned int max_requests;
	unsigned int replay;
	u64 first_seq;
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

void *notify_multi_drvdata(struct notify_multi *nm);
struct notify_multi *notify_multi_of(struct notify_multi_client *client);
void notify_multi_set_private(struct notify_multi_client *client, void *private);
void *notify_multi_get_private(struct notify_multi_client *client);

#endif /* _NOTIFY_MULTI_H */
