// SPDX-License-Identifier: GPL-2.0
/*
 * notify_multi: broadcast packets of a source to all clients of a device.
 *
 * Path of a packet:
 *
 *     interrupt of the source        notify_multi_broadcast_at()
 *     one slot for each client         notify_multi_push()           nm->lock
 *     waiters are woken                notify_multi_wake()           RCU
 *     read()                         notify_multi_read_iter()
 *     queued packets are copied        notify_client_read()          client->lock
 *
 * Copies into a ring and out of it share no lock: see ring.h. internal.h describes all locks.
 *
 * No code drops a packet: the producer overwrites the oldest slot. notify_ring_queued() limits the
 * queue to max_packets, and notify_client_consume() counts the packets that the reader skips.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "internal.h"

#define CREATE_TRACE_POINTS
#include "notify_multi_trace.h"

#define NOTIFY_MULTI_NAME_MAX		63
#define NOTIFY_MULTI_DEFAULT_MODE	0600
#define NOTIFY_TABLE_MIN		8
#define NOTIFY_PREFETCH_BYTES		512

static DEFINE_MUTEX(notify_multi_devices_lock); /* Protects notify_multi_devices. */
static LIST_HEAD(notify_multi_devices);

/* -- Wakeups --------------------------------------------------------------- */

/* Wake the waiters of all clients that share a bit of nm->waiting. Return false if none waits. */
static bool notify_multi_wake_clients(struct notify_multi *nm, unsigned int bit)
{
	struct notify_table *table = rcu_dereference(nm->table);
	struct notify_multi_client *client;
	bool woken = false;

	for (; bit < table->size; bit += NOTIFY_WAITING_BITS) {
		client = rcu_dereference(table->entries[bit].client);
		if (client && notify_client_wake(client))
			woken = true;
	}
	return woken;
}

/* Wake the waiters of a bit of nm->waiting, or clear the bit if there are none. */
static void notify_multi_wake_bit(struct notify_multi *nm, unsigned int bit)
{
	if (notify_multi_wake_clients(nm, bit))
		return;
	clear_bit(bit, nm->waiting);
	/* Pairs with notify_client_announce_waiter(): it sees the bit cleared, or is seen here. */
	smp_mb__after_atomic();
	if (!notify_multi_wake_clients(nm, bit))
		return;
	set_bit(bit, nm->waiting);
	/* Wake for other broadcasts too: they have stored last if they saw the bit cleared. */
	smp_mb__after_atomic();
	notify_multi_wake_clients(nm, bit);
}

/* Wake the waiters for one packet. */
static void notify_multi_wake(struct notify_multi *nm)
{
	unsigned int word, bit;

	/* Pairs with notify_client_announce_waiter(): a waiter sees last, or is seen here. */
	smp_mb();
	for (word = 0; word < ARRAY_SIZE(nm->waiting); word++) {
		unsigned long bits = READ_ONCE(nm->waiting[word]);

		for_each_set_bit(bit, &bits, BITS_PER_LONG)
			notify_multi_wake_bit(nm, word * BITS_PER_LONG + bit);
	}
}

/* -- Broadcast ------------------------------------------------------------- */

/* Out of line: even disabled tracepoints cost registers when inlined. */
static noinline void notify_multi_trace_broadcast(struct notify_multi *nm,
						  const struct notify_multi_record *header)
{
	trace_notify_multi_broadcast(nm->name, header->seq, header->timestamp_ns, header->status,
				     nm->nr_clients);
}

static void notify_record_write(struct notify_multi_record *record,
				const struct notify_multi_record *header, const void *packet)
{
	u64 *words = (u64 *)(record + 1);
	u32 size = header->size;

	*record = *header;
	/* Zero the padding. */
	if (size % sizeof(*words))
		words[size / sizeof(*words)] = 0;
	memcpy(words, packet, size);
}

static void *notify_entry_slot(const struct notify_entry *entry, u32 pos, size_t size)
{
	return entry->slots + (pos & entry->mask) * size;
}

/* Get the slot into the L2 cache, for writing. The CPU itself follows longer copies. */
static void notify_entry_prefetch(const struct notify_entry *entry, u32 pos, size_t size)
{
	void *slot = notify_entry_slot(entry, pos, size);
	void *end = slot + min_t(size_t, size, NOTIFY_PREFETCH_BYTES);

	for (; slot < end; slot += L1_CACHE_BYTES)
		__builtin_prefetch(slot, 1, 2);
}

/* Copy a packet to the rings of all clients. */
static void notify_multi_push_to_clients(struct notify_multi *nm,
					 const struct notify_multi_record *header,
					 const void *packet)
{
	const struct notify_entry *entry = notify_multi_table(nm)->entries;
	const struct notify_entry *end = entry + nm->nr_entries;
	size_t size = nm->record_size;
	u32 pos = (u32)header->seq;

	for (; entry < end; entry++) {
		notify_entry_prefetch(entry + NOTIFY_PREFETCH, pos, size);
		if (!entry->slots)
			continue;
		notify_record_write(notify_entry_slot(entry, pos, size), header, packet);
		if (entry->head) {
			/* Pairs with <notify_multi/reader.h>: orders the slot before head. */
			smp_store_release(entry->head, pos);
		}
	}
}

/* Append the packet to all rings. Caller must hold nm->lock. */
static void notify_multi_push(struct notify_multi *nm, const void *packet, int status,
			      ktime_t when)
{
	const struct notify_multi_record header = {
		.seq = atomic64_read(&nm->last) + 1,
		.timestamp_ns = ktime_to_ns(when),
		.status = status,
		.size = nm->packet_size,
	};

	/* KCSAN does not report races between two marked stores. */
	ASSERT_EXCLUSIVE_WRITER(nm->last);
	if (trace_notify_multi_broadcast_enabled())
		notify_multi_trace_broadcast(nm, &header);

	/* Pairs with notify_client_overwritten(): orders last and head before the slots. */
	smp_wmb();
	if (nm->history)
		notify_record_write(notify_ring_slot(nm->history, (u32)header.seq), &header,
				    packet);
	notify_multi_push_to_clients(nm, &header, packet);
	/* Pairs with notify_multi_last(): orders the slots before last. */
	atomic64_set_release(&nm->last, header.seq);
}

/**
 * notify_multi_broadcast_at() - give a packet to every client (DMF: DataBroadcast)
 * @nm:     Device.
 * @packet: Payload; copied before the function returns.
 * @size:   Bytes of @packet; must be the device's packet_size.
 * @status: 0, or a negative errno for the record (DMF: NtStatus).
 * @when:   Time of the hardware event, on the device's clock: see notify_multi_now().
 *
 * Does not allocate memory. A client whose queue is full drops its oldest packet.
 *
 * Context: Process, softirq and hard interrupt context; on PREEMPT_RT not hard interrupts. Does
 * not sleep, but wakes tasks: must not be called from an NMI, under a lock of the scheduler (for
 * example from its tracepoints) or of printk's consoles, or from a wakeup callback of a waiter
 * of the device. May race with open(), other broadcasts and notify_multi_unregister(), but must
 * not run after notify_multi_unregister() has returned. Stop the source first, e.g. with
 * free_irq().
 *
 * Return: 0; %-EINVAL if @size or @status is invalid; %-ENODEV during
 * notify_multi_unregister().
 */
int notify_multi_broadcast_at(struct notify_multi *nm, const void *packet, size_t size,
			      int status, ktime_t when)
{
	unsigned long flags;

	if (size != nm->packet_size || status > 0 || status < -MAX_ERRNO)
		return -EINVAL;

	/* Pins the device and its clients for notify_multi_wake(). */
	rcu_read_lock();
	spin_lock_irqsave(&nm->lock, flags);
	if (nm->gone) {
		spin_unlock_irqrestore(&nm->lock, flags);
		rcu_read_unlock();
		return -ENODEV;
	}
	notify_multi_push(nm, packet, status, when);
	spin_unlock_irqrestore(&nm->lock, flags);

	notify_multi_wake(nm);
	rcu_read_unlock();
	return 0;
}
EXPORT_SYMBOL_GPL(notify_multi_broadcast_at);

/**
 * notify_multi_broadcast() - give a packet to every client, with the current time
 * @nm:     Device.
 * @packet: Payload; copied before the function returns.
 * @size:   Bytes of @packet; must be the device's packet_size.
 * @status: 0, or a negative errno for the record (DMF: NtStatus).
 *
 * Context: As notify_multi_broadcast_at().
 * Return: As notify_multi_broadcast_at().
 */
int notify_multi_broadcast(struct notify_multi *nm, const void *packet, size_t size, int status)
{
	return notify_multi_broadcast_at(nm, packet, size, status, notify_multi_now(nm));
}
EXPORT_SYMBOL_GPL(notify_multi_broadcast);

/**
 * notify_multi_now() - get the current time on the device's clock
 * @nm: Device.
 *
 * Context: Any except NMI.
 * Return: The time, for notify_multi_broadcast_at().
 */
ktime_t notify_multi_now(struct notify_multi *nm)
{
	return notify_multi_clock_now(nm->clock);
}
EXPORT_SYMBOL_GPL(notify_multi_now);

/* -- Registration ---------------------------------------------------------- */

static const struct file_operations notify_multi_fops = {
	.owner = THIS_MODULE,
	.open = notify_multi_open,
	.release = notify_multi_release,
	.read_iter = notify_multi_read_iter,
	.splice_read = notify_multi_splice_read,
	.poll = notify_multi_poll,
	.fasync = notify_multi_fasync,
	.unlocked_ioctl = notify_multi_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = notify_multi_mmap,
	.show_fdinfo = notify_multi_show_fdinfo,
#ifdef NOTIFY_MULTI_URING
	.uring_cmd = notify_multi_uring_cmd,
#endif
};

/* A file name without blanks and control characters. UTF-8 is allowed. */
static bool notify_multi_name_valid(const char *name)
{
	size_t length = name ? strlen(name) : 0;
	const char *c;

	for (c = name; c && *c; c++)
		if ((u8)*c <= ' ' || *c == 0x7f || strchr("/!", *c))
			return false;
	return length && length <= NOTIFY_MULTI_NAME_MAX && strcmp(name, ".") &&
	       strcmp(name, "..");
}

/* Return the name of the first invalid member, or NULL. */
static const char *notify_multi_config_error(const struct notify_multi_config *config)
{
	if (!notify_multi_name_valid(config->name))
		return "name";
	if (config->mode & ~0777)
		return "mode";
	if (!config->packet_size || config->packet_size > NOTIFY_MULTI_MAX_PACKET_SIZE)
		return "packet_size";
	if (!notify_multi_ring_fits(config->packet_size, config->max_packets))
		return "max_packets";
	if (!config->max_requests || config->max_requests > INT_MAX)
		return "max_requests";
	if (config->replay > config->max_packets)
		return "replay";
	if (config->first_seq > S64_MAX)
		return "first_seq";
	if (config->clock > NOTIFY_MULTI_CLOCK_REALTIME)
		return "clock";
	return NULL;
}

static struct notify_multi *notify_multi_create(struct device *parent,
						const struct notify_multi_config *config)
{
	struct notify_multi *nm = kzalloc(sizeof(*nm), GFP_KERNEL);

	if (!nm)
		return NULL;
	kref_init(&nm->kref);
	init_rwsem(&nm->ops_rwsem);
	spin_lock_init(&nm->lock);
	nm->packet_size = config->packet_size;
	nm->record_size = notify_ring_record_size(nm->packet_size);
	nm->max_packets = config->max_packets;
	nm->max_requests = config->max_requests;
	nm->replay = config->replay;
	nm->first_seq = config->first_seq ?: 1;
	nm->clock = config->clock;
	atomic64_set(&nm->last, nm->first_seq - 1);
	if (config->ops)
		nm->ops = *config->ops;
	nm->drvdata = config->drvdata;

	nm->name = kstrdup(config->name, GFP_KERNEL);
	/* The prefix keeps the name unique in the class: other misc devices have plain names. */
	nm->misc.name = kasprintf(GFP_KERNEL, "notify!%s", config->name);
	nm->misc.nodename = kasprintf(GFP_KERNEL, "notify/%s", config->name);
	nm->misc.minor = MISC_DYNAMIC_MINOR;
	nm->misc.mode = config->mode ?: NOTIFY_MULTI_DEFAULT_MODE;
	nm->misc.fops = &notify_multi_fops;
	nm->misc.groups = notify_multi_groups;
	nm->misc.parent = parent;
	RCU_INIT_POINTER(nm->table, notify_table_alloc(NOTIFY_TABLE_MIN));
	if (nm->replay)
		nm->history = notify_ring_alloc(nm->packet_size, nm->replay, GFP_KERNEL);

	if (!nm->name || !nm->misc.name || !nm->misc.nodename ||
	    !rcu_access_pointer(nm->table) || (nm->replay && !nm->history)) {
		notify_multi_put(nm);
		return NULL;
	}
	if (nm->history)
		notify_ring_set_first(nm->history, nm->first_seq);
	return nm;
}

/* Reject duplicate names here, because sysfs would log a backtrace. */
static int notify_multi_add_node(struct notify_multi *nm)
{
	struct notify_multi *other;
	int ret = 0;

	mutex_lock(&notify_multi_devices_lock);
	list_for_each_entry(other, &notify_multi_devices, siblings)
		if (!strcmp(other->name, nm->name))
			ret = -EEXIST;
	if (!ret)
		ret = misc_register(&nm->misc);
	if (!ret)
		list_add_tail(&nm->siblings, &notify_multi_devices);
	mutex_unlock(&notify_multi_devices_lock);
	return ret;
}

static void notify_multi_remove_node(struct notify_multi *nm)
{
	mutex_lock(&notify_multi_devices_lock);
	misc_deregister(&nm->misc);
	list_del(&nm->siblings);
	mutex_unlock(&notify_multi_devices_lock);
}

/**
 * notify_multi_register() - register a device
 * @parent: Parent device of the new device; may be NULL.
 * @config: Properties of the device. Copied, with the callbacks.
 *
 * The node can be opened, and callbacks can run, before the function returns.
 *
 * Context: Process context, may sleep. The caller must not hold a lock that the arrival
 * callback takes.
 *
 * Return: The device, valid until notify_multi_unregister(); or an ERR_PTR(): %-EINVAL for an
 * invalid @config or a ring larger than the module's max_ring_bytes, %-EEXIST if the name is in
 * use, %-EBUSY if no minor is left, %-ENOMEM.
 */
struct notify_multi *notify_multi_register(struct device *parent,
					   const struct notify_multi_config *config)
{
	const char *invalid = notify_multi_config_error(config);
	struct notify_multi *nm;
	int ret;

	if (invalid) {
		pr_err_ratelimited("%.63s: invalid %s\n", config->name ?: "", invalid);
		return ERR_PTR(-EINVAL);
	}
	nm = notify_multi_create(parent, config);
	if (!nm)
		return ERR_PTR(-ENOMEM);

	ret = notify_multi_add_node(nm);
	if (ret) {
		notify_multi_put(nm);
		return ERR_PTR(ret);
	}
	return nm;
}
EXPORT_SYMBOL_GPL(notify_multi_register);

/**
 * notify_multi_unregister() - unregister a device
 * @nm: Device; must not be used afterwards.
 *
 * Removes the node and wakes all waiters: reads return the packets that are queued, then
 * ENODEV. With a complete callback, queued packets are discarded instead. When the function
 * returns, departure has run for every client, and no callback runs any longer.
 *
 * Context: Process context, may sleep. Must not be called from a callback, or with a lock held
 * that a callback takes.
 */
void notify_multi_unregister(struct notify_multi *nm)
{
	struct notify_multi_client *client;
	u32 i = 0;

	notify_multi_remove_node(nm);

	down_write(&nm->ops_rwsem);
	spin_lock_irq(&nm->lock);
	/* Pairs with the acquire loads of gone: orders last before gone. */
	smp_store_release(&nm->gone, true);
	spin_unlock_irq(&nm->lock);

	while ((client = notify_multi_next_client(nm, &i))) {
		notify_client_wake_all(client);
		notify_client_call_departure(client);
	}
	up_write(&nm->ops_rwsem);

	notify_multi_put(nm);
}
EXPORT_SYMBOL_GPL(notify_multi_unregister);

static void notify_multi_devm_release(struct device *parent, void *res)
{
	notify_multi_unregister(*(struct notify_multi **)res);
}

/**
 * devm_notify_multi_register() - register a device for as long as its driver is bound
 * @parent: Parent device of the new device.
 * @config: Properties of the device. Copied, with the callbacks.
 *
 * As notify_multi_register(). Calls notify_multi_unregister() when the driver of @parent is
 * unbound.
 *
 * Context: As notify_multi_register().
 * Return: As notify_multi_register().
 */
struct notify_multi *devm_notify_multi_register(struct device *parent,
						const struct notify_multi_config *config)
{
	struct notify_multi **res, *nm;

	/* First: nothing can fail once the node has appeared. */
	res = devres_alloc(notify_multi_devm_release, sizeof(*res), GFP_KERNEL);
	if (!res)
		return ERR_PTR(-ENOMEM);
	nm = notify_multi_register(parent, config);
	if (IS_ERR(nm)) {
		devres_free(res);
		return nm;
	}
	*res = nm;
	devres_add(parent, res);
	return nm;
}
EXPORT_SYMBOL_GPL(devm_notify_multi_register);

/* -- Accessors for sources ------------------------------------------------- */

/**
 * notify_multi_drvdata() - get the source's pointer of a device
 * @nm: Device.
 *
 * Context: Any.
 * Return: The drvdata of the device's config.
 */
void *notify_multi_drvdata(struct notify_multi *nm)
{
	return nm->drvdata;
}
EXPORT_SYMBOL_GPL(notify_multi_drvdata);

/**
 * notify_multi_of() - get the device of a client
 * @client: Client, as passed to a callback.
 *
 * Context: Any, between arrival and departure of the client.
 * Return: The device.
 */
struct notify_multi *notify_multi_of(struct notify_multi_client *client)
{
	return client->nm;
}
EXPORT_SYMBOL_GPL(notify_multi_of);

/**
 * notify_multi_set_private() - set the source's pointer of a client
 * @client:  Client, as passed to a callback.
 * @private: Pointer. The source frees its target at departure.
 *
 * Context: Any, between arrival and departure of the client. The source serialises calls for
 * the same client.
 */
void notify_multi_set_private(struct notify_multi_client *client, void *private)
{
	client->private = private;
}
EXPORT_SYMBOL_GPL(notify_multi_set_private);

/**
 * notify_multi_get_private() - get the source's pointer of a client
 * @client: Client, as passed to a callback.
 *
 * Context: Any, between arrival and departure of the client.
 * Return: The pointer set by notify_multi_set_private(), or NULL.
 */
void *notify_multi_get_private(struct notify_multi_client *client)
{
	return client->private;
}
EXPORT_SYMBOL_GPL(notify_multi_get_private);

MODULE_DESCRIPTION("Broadcast of hardware notifications to all clients of a device");
MODULE_AUTHOR("The notify_multi developers");
MODULE_LICENSE("GPL");
MODULE_VERSION(NOTIFY_MULTI_VERSION);
