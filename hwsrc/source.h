/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What sources have in common that a firmware node describes: the properties of their
 * device, and the queue between their two halves.
 *
 *     hard handler   source_queue()             what has happened, and when, so that a
 *                                               burst becomes that many packets
 *     IRQ thread     source_broadcast_queue()   broadcasts what is queued, in order
 */
#ifndef _NOTIFY_SOURCE_H
#define _NOTIFY_SOURCE_H

#include <linux/device.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/pm_wakeup.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "notify_multi.h"

#define SOURCE_QUEUE_LENGTH		256
#define SOURCE_DEFAULT_MAX_PACKETS	256
#define SOURCE_DEFAULT_MAX_REQUESTS	16

/* An event on its way from the hard handler to the thread. */
struct source_event {
	ktime_t when;
	int status;
	u32 packet[];
};

/**
 * struct notify_source - what a firmware node describes, as a source
 * @dev:         The platform device, whose drvdata this is.
 * @label:       What the node and the interrupts are called.
 * @nm:          Where the packets go.
 * @packet_size: Bytes of each packet, a multiple of 4.
 * @broadcast:   Held by the thread that empties the queue, so that packets keep their
 *               order; guards @reported and @leaving.
 * @reported:    Of the overflows, those that the kernel log tells of.
 * @leaving:     The event that is being broadcast.
 * @lock:        Guards all that follows.
 * @overflows:   Events for which the queue had no room, and which were only counted.
 * @first:       Place in the queue of the oldest event.
 * @count:       How many events wait to be broadcast.
 * @queue:       Room for %SOURCE_QUEUE_LENGTH events.
 */
struct notify_source {
	struct device *dev;
	const char *label;
	struct notify_multi *nm;
	size_t packet_size;

	struct mutex broadcast; /* Guards the order of packets, reported and leaving. */
	u32 reported;
	struct source_event *leaving;
	raw_spinlock_t lock; /* Guards the queue and its counters. */
	u32 overflows;
	u32 first;
	u32 count;
	void *queue;
};

/* -- The queue. ------------------------------------------------------------ */

static inline size_t source_event_size(const struct notify_source *source)
{
	return ALIGN(sizeof(struct source_event) + source->packet_size, sizeof(u64));
}

/* @place: of those that wait, counted from the oldest. */
static inline struct source_event *source_event_at(struct notify_source *source, u32 place)
{
	place = (source->first + place) % SOURCE_QUEUE_LENGTH;
	return source->queue + place * source_event_size(source);
}

static inline void source_skip_event(struct notify_source *source)
{
	source->first = (source->first + 1) % SOURCE_QUEUE_LENGTH;
	source->count--;
}

/**
 * source_queue() - has an event broadcast by the next source_broadcast_queue()
 * @source: The source.
 * @packet: Its packet.
 * @status: 0, or the negative errno that the packet is to have.
 * @when:   When it happened.
 *
 * Any context but NMI.
 */
static inline void source_queue(struct notify_source *source, const void *packet, int status,
				ktime_t when)
{
	struct source_event *event;
	unsigned long flags;

	raw_spin_lock_irqsave(&source->lock, flags);
	if (source->count == SOURCE_QUEUE_LENGTH) {
		/* The oldest: the last packet is to say what the hardware is now. */
		source_skip_event(source);
		/* WRITE_ONCE(): for overflows_show(). */
		WRITE_ONCE(source->overflows, source->overflows + 1);
	}
	event = source_event_at(source, source->count++);
	event->when = when;
	event->status = status;
	memcpy(event->packet, packet, source->packet_size);
	raw_spin_unlock_irqrestore(&source->lock, flags);
}

static inline bool source_next_event(struct notify_source *source, u32 *overflows)
{
	unsigned long flags;
	bool found;

	raw_spin_lock_irqsave(&source->lock, flags);
	found = source->count;
	if (found) {
		memcpy(source->leaving, source_event_at(source, 0), source_event_size(source));
		source_skip_event(source);
	}
	*overflows = source->overflows;
	raw_spin_unlock_irqrestore(&source->lock, flags);
	return found;
}

/**
 * source_broadcast_queue() - broadcasts what is queued, in order
 * @source: The source.
 *
 * Process context, as that of IRQ threads.
 */
static inline void source_broadcast_queue(struct notify_source *source)
{
	u32 overflows;

	mutex_lock(&source->broadcast);
	while (source_next_event(source, &overflows))
		notify_multi_broadcast_at(source->nm, source->leaving->packet,
					  source->packet_size, source->leaving->status,
					  source->leaving->when);
	if (overflows != source->reported) {
		dev_warn_ratelimited(source->dev, "%u events came too fast and were only counted\n",
				     overflows - source->reported);
		source->reported = overflows;
	}
	mutex_unlock(&source->broadcast);
}

/* -- Waking the system. ---------------------------------------------------- */

static inline void source_disable_wakeup(void *dev)
{
	device_init_wakeup(dev, false);
}

/**
 * source_enable_wakeup() - lets a source wake the system, if its node says so
 * @source: The source.
 *
 * Return: 0, or a negative errno.
 */
static inline int source_enable_wakeup(struct notify_source *source)
{
	int ret;

	if (!device_property_read_bool(source->dev, "wakeup-source"))
		return 0;
	/* Before: one that could be enabled in part only is disabled, too. */
	ret = devm_add_action(source->dev, source_disable_wakeup, source->dev);
	return ret ?: device_init_wakeup(source->dev, true);
}

/**
 * source_wakeup() - tells that an event may have woken the system
 * @source: The source.
 */
static inline void source_wakeup(struct notify_source *source)
{
	if (device_may_wakeup(source->dev))
		pm_wakeup_event(source->dev, 0);
}

/* -- Probing. -------------------------------------------------------------- */

static inline int source_allocate_queue(struct notify_source *source)
{
	size_t size = source_event_size(source);

	mutex_init(&source->broadcast);
	raw_spin_lock_init(&source->lock);
	source->leaving = devm_kzalloc(source->dev, size, GFP_KERNEL);
	source->queue = devm_kcalloc(source->dev, SOURCE_QUEUE_LENGTH, size, GFP_KERNEL);
	return source->leaving && source->queue ? 0 : -ENOMEM;
}

/**
 * source_register() - registers the device that a firmware node describes
 * @source:      What is to be initialised.
 * @dev:         The platform device.
 * @packet_size: Bytes of each packet, a multiple of 4.
 *
 * What the source is told with is to be requested after, so that it ends before.
 *
 * Return: 0, or a negative errno that the kernel log tells of.
 */
static inline int source_register(struct notify_source *source, struct device *dev,
				  size_t packet_size)
{
	struct notify_multi_config config = {
		.packet_size = packet_size,
		.max_packets = SOURCE_DEFAULT_MAX_PACKETS,
		.max_requests = SOURCE_DEFAULT_MAX_REQUESTS,
		.drvdata = source,
	};
	int ret;

	source->dev = dev;
	source->packet_size = packet_size;
	dev_set_drvdata(dev, source);
	ret = source_allocate_queue(source);
	if (ret)
		return ret;
	if (device_property_read_string(dev, "label", &source->label))
		return dev_err_probe(dev, -EINVAL, "no label, which names the node\n");
	config.name = source->label;
	device_property_read_u32(dev, "notify-multi,max-packets", &config.max_packets);
	device_property_read_u32(dev, "notify-multi,max-requests", &config.max_requests);
	device_property_read_u32(dev, "notify-multi,replay", &config.replay);

	source->nm = devm_notify_multi_register(dev, &config);
	if (IS_ERR(source->nm))
		return dev_err_probe(dev, PTR_ERR(source->nm), "cannot register \"%s\"\n",
				     source->label);
	return 0;
}

/* -- sysfs. ---------------------------------------------------------------- */

static ssize_t overflows_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct notify_source *source = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(source->overflows));
}
static DEVICE_ATTR_RO(overflows);

static struct attribute *source_attrs[] = {
	&dev_attr_overflows.attr,
	NULL
};

static const struct attribute_group source_group = {
	.attrs = source_attrs,
};

#endif /* _NOTIFY_SOURCE_H */
