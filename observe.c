// SPDX-License-Identifier: GPL-2.0
/*
 * State of a device in sysfs, and of a client in /proc/PID/fdinfo/FD.
 */

#include <linux/device.h>
#include <linux/rculist.h>

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

static ssize_t clients_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(notify_multi_from_dev(dev)->nr_clients));
}
static DEVICE_ATTR_RO(clients);

static ssize_t broadcasts_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct notify_multi *nm = notify_multi_from_dev(dev);
	u64 broadcasts;

	spin_lock_irq(&nm->lock);
	broadcasts = nm->seq + 1 - nm->first_seq;
	spin_unlock_irq(&nm->lock);
	return sysfs_emit(buf, "%llu\n", broadcasts);
}
static DEVICE_ATTR_RO(broadcasts);

/* Drops of a client, reported or not. Caller must hold nm->lock. */
static u64 notify_client_dropped_total(struct notify_multi_client *client)
{
	/* data_race(): a read may be reporting drops at this moment. */
	return data_race(client->dropped) + notify_client_queue(client).dropped;
}

/* Drops of the clients that are open. nm->lock is taken for each, to not delay broadcasts. */
static u64 notify_multi_open_dropped(struct notify_multi *nm)
{
	struct notify_multi_client *client;
	u64 dropped = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(client, &nm->clients, node) {
		spin_lock_irq(&nm->lock);
		dropped += notify_client_dropped_total(client);
		spin_unlock_irq(&nm->lock);
	}
	rcu_read_unlock();
	return dropped;
}

static u64 notify_multi_closed_dropped(struct notify_multi *nm)
{
	u64 dropped;

	spin_lock_irq(&nm->lock);
	dropped = nm->dropped;
	spin_unlock_irq(&nm->lock);
	return dropped;
}

static ssize_t dropped_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct notify_multi *nm = notify_multi_from_dev(dev);
	u64 closed, open;

	/* A client that was closed during the walk must be counted once. */
	do {
		closed = notify_multi_closed_dropped(nm);
		open = notify_multi_open_dropped(nm);
	} while (closed != notify_multi_closed_dropped(nm));
	return sysfs_emit(buf, "%llu\n", closed + open);
}
static DEVICE_ATTR_RO(dropped);

static ssize_t ring_bytes_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct notify_multi *nm = notify_multi_from_dev(dev);
	struct notify_multi_client *client;
	u64 bytes = nm->history ? nm->history->bytes : 0;

	rcu_read_lock();
	list_for_each_entry_rcu(client, &nm->clients, node)
		bytes += rcu_dereference(client->ring)->bytes;
	rcu_read_unlock();
	return sysfs_emit(buf, "%llu\n", bytes);
}
static DEVICE_ATTR_RO(ring_bytes);

static struct attribute *notify_multi_attrs[] = {
	&dev_attr_packet_size.attr,
	&dev_attr_max_packets.attr,
	&dev_attr_max_requests.attr,
	&dev_attr_replay.attr,
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

/* Does not take client->lock: a reader may hold it for as long as its page fault takes. */
void notify_multi_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct notify_multi_client *client = file->private_data;
	struct notify_multi *nm = client->nm;
	struct notify_queue queue;
	u64 delivered, dropped;
	u32 max_packets;

	spin_lock_irq(&nm->lock);
	queue = notify_client_queue(client);
	max_packets = notify_client_producer_ring(client)->max_packets;
	/* data_race(): see the comment above. */
	delivered = data_race(client->delivered);
	dropped = notify_client_dropped_total(client);
	spin_unlock_irq(&nm->lock);

	seq_printf(m, "device:\t%s\n", nm->name);
	seq_printf(m, "client:\t%llu\n", client->id);
	seq_printf(m, "opener:\t%d\n", pid_vnr(client->opener));
	seq_printf(m, "queued:\t%u\n", queue.queued);
	seq_printf(m, "max:\t%u\n", max_packets);
	seq_printf(m, "delivered:\t%llu\n", delivered);
	seq_printf(m, "dropped:\t%llu\n", dropped);
	seq_printf(m, "pending:\t%d\n", atomic_read(&client->nr_requests));
}
