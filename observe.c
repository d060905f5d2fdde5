// SPDX-License-Identifier: GPL-2.0
/*
 * State of a device in sysfs, and of a client in /proc/PID/fdinfo/FD.
 */

#include <linux/device.h>

#include "internal.h"

/* -- sysfs ----------------------------------------------------------------- */

static struct notify_multi *notify_multi_from_dev(struct device *dev)
{
	return container_of(dev_get_drvdata(dev), struct notify_multi, misc);
}

static ssize_t packet_size_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", notify_multi_from_dev(dev)->packet_size);
}
static DEVICE_ATTR_RO(packet_size);

static ssize_t max_packets_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", notify_multi_from_dev(dev)->max_packets);
}
static DEVICE_ATTR_RO(max_packets);

static ssize_t max_requests_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", notify_multi_from_dev(dev)->max_requests);
}
static DEVICE_ATTR_RO(max_requests);

static ssize_t replay_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", notify_multi_from_dev(dev)->replay);
}
static DEVICE_ATTR_RO(replay);

static ssize_t clock_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	static const char * const names[] = NOTIFY_MULTI_CLOCK_NAMES;

	return sysfs_emit(buf, "%s\n", names[notify_multi_from_dev(dev)->clock]);
}
static DEVICE_ATTR_RO(clock);

static ssize_t clients_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(notify_multi_from_dev(dev)->nr_clients));
}
static DEVICE_ATTR_RO(clients);

static ssize_t broadcasts_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct notify_multi *nm = notify_multi_from_dev(dev);

	return sysfs_emit(buf, "%llu\n", notify_multi_last(nm) + 1 - nm->first_seq);
}
static DEVICE_ATTR_RO(broadcasts);

/* Like a broadcast, holds nm->lock for a walk of all clients. */
static ssize_t dropped_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct notify_multi *nm = notify_multi_from_dev(dev);
	struct notify_multi_client *client;
	u32 i = 0;
	u64 dropped;

	spin_lock_irq(&nm->lock);
	dropped = nm->dropped;
	while ((client = notify_multi_next_client(nm, &i)))
		dropped += notify_client_counts(client).dropped;
	spin_unlock_irq(&nm->lock);
	return sysfs_emit(buf, "%llu\n", dropped);
}
static DEVICE_ATTR_RO(dropped);

static ssize_t ring_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct notify_multi *nm = notify_multi_from_dev(dev);
	u64 bytes = atomic64_read(&nm->ring_bytes) + (nm->history ? nm->history->bytes : 0);

	return sysfs_emit(buf, "%llu\n", bytes);
}
static DEVICE_ATTR_RO(ring_bytes);

static struct attribute *notify_multi_attrs[] = {
	&dev_attr_packet_size.attr,
	&dev_attr_max_packets.attr,
	&dev_attr_max_requests.attr,
	&dev_attr_replay.attr,
	&dev_attr_clock.attr,
	&dev_attr_clients.attr,
	&dev_attr_broadcasts.attr,
	&dev_attr_dropped.attr,
	&dev_attr_ring_bytes.attr,
	NULL
};

static const struct attribute_group notify_multi_group = {
	.attrs = notify_multi_attrs,
};

const struct attribute_group *notify_multi_groups[] = {
	&notify_multi_group,
	NULL
};

/* -- fdinfo ---------------------------------------------------------------- */

void notify_multi_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct notify_multi_client *client = file->private_data;
	struct notify_multi *nm = client->nm;
	struct notify_counts counts;
	u32 max_packets;

	spin_lock_irq(&nm->lock);
	counts = notify_client_counts(client);
	max_packets = notify_client_producer_ring(client)->max_packets;
	spin_unlock_irq(&nm->lock);

	seq_printf(m, "device:\t%s\n", nm->name);
	seq_printf(m, "client:\t%llu\n", client->id);
	seq_printf(m, "opener:\t%d\n", pid_vnr(client->opener));
	seq_printf(m, "queued:\t%u\n", counts.queued);
	seq_printf(m, "max:\t%u\n", max_packets);
	seq_printf(m, "delivered:\t%llu\n", counts.delivered);
	seq_printf(m, "dropped:\t%llu\n", counts.dropped);
	seq_printf(m, "pending:\t%d\n", atomic_read(&client->nr_requests));
}
