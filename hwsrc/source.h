/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common code of the sources that a firmware node describes: their device properties, and the
 * queue between their hard handler and their IRQ thread.
 *
 *     hard handler   source_begin_event(), source_end_event()   queue an event and its time
 *     IRQ thread     source_flush_queue()                       broadcasts the events in order
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

struct source_event {
	ktime_t when;
	int status;
	u64 packet[];
};

/**
 * struct notify_source - source that a firmware node describes
 * @dev:           Platform device; its drvdata is this structure.
 * @label:         Name of the device node and of the interrupts.
 * @nm:            Registered device; NULL before, while events are only queued.
 * @packet_size:   Bytes of each packet, a multiple of 4.
 * @clock:         Clock of the timestamps, of &enum notify_multi_clock.
 * @replay:        Default of the "notify-multi,replay" property.
 * @ops:           Callbacks of @nm. May be NULL.
 * @start:         Broadcasts the first packets, with @flush_lock held. May be NULL.
 * @prepare:       Completes the packet of an event before it is broadcast; may sleep. May be NULL.
 * @flush_lock:    Serialises queue draining to keep packets in order; protects @nm, @seq,
 *                 @reported and @current_event.
 * @seq:           Seq of the last packet.
 * @reported:      Number of overflows already logged.
 * @current_event: Copy of the event that is being broadcast.
 * @lock:          Protects all members below.
 * @overflows:     Events dropped because the queue was full.
 * @first:         Index of the oldest event in @queue.
 * @count:         Number of queued events.
 * @queue:         Array of %SOURCE_QUEUE_LENGTH events.
 */
struct notify_source {
	struct device *dev;
	const char *label;
	struct notify_multi *nm;
	size_t packet_size;
	u32 clock;
	u32 replay;
	const struct notify_multi_ops *ops;
	void (*start)(struct notify_source *source);
	void (*prepare)(struct notify_source *source, struct source_event *event);

	struct mutex flush_lock; /* Keeps packets in order. */
	u64 seq;
	u32 reported;
	struct source_event *current_event;
	raw_spinlock_t lock; /* Protects the queue. */
	u32 overflows;
	u32 first;
	u32 count;
	void *queue;
};

/* -- Queue ----------------------------------------------------------------- */

static inline size_t source_event_size(const struct notify_source *source)
{
	return ALIGN(sizeof(struct source_event) + source->packet_size, sizeof(u64));
}

/* @index counts from the oldest event. */
static inline struct source_event *source_event_at(struct notify_source *source, u32 index)
{
	index = (source->first + index) % SOURCE_QUEUE_LENGTH;
	return source->queue + index * source_event_size(source);
}

static inline void source_skip_event(struct notify_source *source)
{
	source->first = (source->first + 1) % SOURCE_QUEUE_LENGTH;
	source->count--;
}

static inline ktime_t source_now(const struct notify_source *source)
{
	return notify_multi_clock_now(source->clock);
}

/**
 * source_begin_event() - begin to queue an event for source_flush_queue()
 * @source: The source.
 * @status: 0, or a negative errno for the packet's status.
 * @when:   Time of the event.
 * @flags:  For source_end_event().
 *
 * Return: the event's packet, which the caller fills in before it calls source_end_event().
 *
 * Context: Any context except NMI. Takes the source's lock.
 */
static inline void *source_begin_event(struct notify_source *source, int status, ktime_t when,
				       unsigned long *flags)
	__acquires(&source->lock)
{
	struct source_event *event;

	raw_spin_lock_irqsave(&source->lock, *flags);
	if (source->count == SOURCE_QUEUE_LENGTH) {
		/* Drop the oldest: the newest has the current hardware state. */
		source_skip_event(source);
		/* WRITE_ONCE(): overflows_show() does not take the lock. */
		WRITE_ONCE(source->overflows, source->overflows + 1);
	}
	event = source_event_at(source, source->count++);
	event->when = when;
	event->status = status;
	return event->packet;
}

static inline void source_end_event(struct notify_source *source, unsigned long flags)
	__releases(&source->lock)
{
	raw_spin_unlock_irqrestore(&source->lock, flags);
}

/* Queue an event whose packet is ready; see source_begin_event(). */
static inline void source_queue(struct notify_source *source, const void *packet, int status,
				ktime_t when)
{
	unsigned long flags;

	memcpy(source_begin_event(source, status, when, &flags), packet, source->packet_size);
	source_end_event(source, flags);
}

static inline bool source_next_event(struct notify_source *source, u32 *overflows)
{
	unsigned long flags;
	bool found;

	raw_spin_lock_irqsave(&source->lock, flags);
	found = source->count;
	if (found) {
		memcpy(source->current_event, source_event_at(source, 0),
		       source_event_size(source));
		source_skip_event(source);
	}
	*overflows = source->overflows;
	raw_spin_unlock_irqrestore(&source->lock, flags);
	return found;
}

/* Caller must hold flush_lock. */
static inline void source_broadcast(struct notify_source *source, const void *packet, int status,
				    ktime_t when)
{
	source->seq++;
	notify_multi_broadcast_at(source->nm, packet, source->packet_size, status, when);
}

static inline void source_broadcast_queue(struct notify_source *source)
{
	struct source_event *event = source->current_event;
	u32 overflows;

	while (source_next_event(source, &overflows)) {
		if (source->prepare)
			source->prepare(source, event);
		source_broadcast(source, event->packet, event->status, event->when);
	}
	if (overflows != source->reported) {
		dev_warn_ratelimited(source->dev, "queue overflow, %u events dropped\n",
				     overflows - source->reported);
		source->reported = overflows;
	}
}

/* Process the queued events without broadcasting them. Caller must hold flush_lock. */
static inline void source_discard_queue(struct notify_source *source)
{
	u32 overflows;

	while (source_next_event(source, &overflows))
		if (source->prepare)
			source->prepare(source, source->current_event);
}

/**
 * source_flush_queue() - broadcast the queued events in order
 * @source: The source.
 *
 * Context: Process context, e.g. an IRQ thread.
 */
static inline void source_flush_queue(struct notify_source *source)
{
	mutex_lock(&source->flush_lock);
	if (source->nm)
		source_broadcast_queue(source);
	mutex_unlock(&source->flush_lock);
}

/* -- sysfs ----------------------------------------------------------------- */

static ssize_t overflows_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct notify_source *source = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%u\n", READ_ONCE(source->overflows));
}

static __maybe_unused DEVICE_ATTR_RO(overflows);

/* -- Wakeup of the system -------------------------------------------------- */

static inline void source_disable_wakeup(void *dev)
{
	device_init_wakeup(dev, false);
}

/**
 * source_enable_wakeup() - enable wakeup if the firmware node has "wakeup-source"
 * @source: The source.
 *
 * Return: 0 or a negative errno.
 */
static inline int source_enable_wakeup(struct notify_source *source)
{
	int ret;

	if (!device_property_read_bool(source->dev, "wakeup-source"))
		return 0;
	/* Add the action first, because device_init_wakeup() can fail halfway. */
	ret = devm_add_action(source->dev, source_disable_wakeup, source->dev);
	return ret ?: device_init_wakeup(source->dev, true);
}

/**
 * source_wakeup() - report an event that may have woken the system
 * @source: The source.
 */
static inline void source_wakeup(struct notify_source *source)
{
	if (device_may_wakeup(source->dev))
		pm_wakeup_event(source->dev, 0);
}

/* -- Probe ----------------------------------------------------------------- */

static inline int source_allocate_queue(struct notify_source *source)
{
	size_t size = source_event_size(source);

	mutex_init(&source->flush_lock);
	raw_spin_lock_init(&source->lock);
	source->current_event = devm_kzalloc(source->dev, size, GFP_KERNEL);
	source->queue = devm_kcalloc(source->dev, SOURCE_QUEUE_LENGTH, size, GFP_KERNEL);
	return source->current_event && source->queue ? 0 : -ENOMEM;
}

static inline void source_unregister(void *data)
{
	struct notify_source *source = data;

	if (source->nm)
		notify_multi_unregister(source->nm);
}

static inline int source_parse_clock(struct notify_source *source)
{
	static const char * const clocks[] = NOTIFY_MULTI_CLOCK_NAMES;
	const char *name = clocks[NOTIFY_MULTI_CLOCK_MONOTONIC];
	struct device *dev = source->dev;
	int clock;

	if (device_property_present(dev, "notify-multi,clock") &&
	    device_property_read_string(dev, "notify-multi,clock", &name))
		name = "";
	clock = match_string(clocks, ARRAY_SIZE(clocks), name);
	if (clock < 0)
		return dev_err_probe(dev, -EINVAL, "notify-multi,clock: invalid: \"%s\"\n", name);
	source->clock = clock;
	return 0;
}

/**
 * source_init() - initialise a source; events can be queued after this
 * @source:      The source to initialise.
 * @dev:         The platform device.
 * @packet_size: Bytes of each packet, a multiple of 4.
 * @group:       Attributes, including dev_attr_overflows.
 *
 * Request the interrupts after this, so that devres frees them before it unregisters the device.
 *
 * Return: 0 or a negative errno.
 */
static inline int source_init(struct notify_source *source, struct device *dev,
			      size_t packet_size, const struct attribute_group *group)
{
	int ret;

	source->dev = dev;
	source->packet_size = packet_size;
	dev_set_drvdata(dev, source);
	ret = source_allocate_queue(source);
	if (ret)
		return ret;
	/* Not dev_groups: programs read the attributes as soon as the node appears. */
	ret = devm_device_add_group(dev, group);
	if (ret)
		return ret;
	if (!device_property_present(dev, "label"))
		source->label = dev_name(dev);
	else if (device_property_read_string(dev, "label", &source->label))
		return dev_err_probe(dev, -EINVAL, "label: not a string\n");
	/* The kernel warns about such a name of an interrupt. Others fail in source_register(). */
	if (!*source->label || strchr(source->label, '/'))
		return dev_err_probe(dev, -EINVAL, "label: invalid: \"%s\"\n", source->label);
	ret = source_parse_clock(source);
	return ret ?: devm_add_action(dev, source_unregister, source);
}

/* Keep *@value if the property is absent. */
static inline int source_read_u32(struct device *dev, const char *property, u32 *value)
{
	if (device_property_present(dev, property) &&
	    (device_property_count_u32(dev, property) != 1 ||
	     device_property_read_u32(dev, property, value)))
		return dev_err_probe(dev, -EINVAL, "%s: not one cell\n", property);
	return 0;
}

/**
 * source_register() - register the device that a firmware node describes
 * @source: The source.
 *
 * Nothing can fail after this: a node that appears stays until the driver is unbound.
 *
 * Return: 0 or a negative errno.
 */
static inline int source_register(struct notify_source *source)
{
	struct notify_multi_config config = {
		.name = source->label,
		.packet_size = source->packet_size,
		.max_packets = SOURCE_DEFAULT_MAX_PACKETS,
		.max_requests = SOURCE_DEFAULT_MAX_REQUESTS,
		.replay = source->replay,
		.clock = source->clock,
		.ops = source->ops,
		.drvdata = source,
	};
	struct device *dev = source->dev;
	struct notify_multi *nm;
	u32 mode = 0;
	int ret;

	ret = source_read_u32(dev, "notify-multi,max-packets", &config.max_packets) ?:
	      source_read_u32(dev, "notify-multi,max-requests", &config.max_requests) ?:
	      source_read_u32(dev, "notify-multi,replay", &config.replay) ?:
	      source_read_u32(dev, "notify-multi,mode", &mode);
	if (ret)
		return ret;
	if (mode > 0777)
		return dev_err_probe(dev, -EINVAL, "notify-multi,mode: exceeds 0777: %#o\n", mode);
	config.mode = mode;

	nm = notify_multi_register(dev, &config);
	if (IS_ERR(nm))
		return dev_err_probe(dev, PTR_ERR(nm),
				     "cannot register \"%s\": max-packets %u, max-requests %u, replay %u\n",
				     source->label, config.max_packets, config.max_requests,
				     config.replay);
	mutex_lock(&source->flush_lock);
	source->nm = nm;
	if (source->start)
		source->start(source);
	source_broadcast_queue(source);
	mutex_unlock(&source->flush_lock);
	return 0;
}

#endif /* _NOTIFY_SOURCE_H */
