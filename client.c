// SPDX-License-Identifier: GPL-2.0
/*
 * The client: open() and close(), ioctls, length of the queue, the mapped ring.
 */

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/ioctls.h>

#include "internal.h"
#include "notify_multi_trace.h"

static unsigned long max_ring_bytes = IS_ENABLED(CONFIG_64BIT) ? SZ_64M : SZ_4M;
module_param(max_ring_bytes, ulong, 0644);
MODULE_PARM_DESC(max_ring_bytes, "Largest ring of a client, in bytes");

static unsigned long max_device_bytes;
module_param(max_device_bytes, ulong, 0644);
MODULE_PARM_DESC(max_device_bytes, "Largest total of the rings of a device's clients, in bytes");

static int __init notify_multi_init(void)
{
	/* 32-bit systems have little address space for vmalloc(). */
	u64 limit = IS_ENABLED(CONFIG_64BIT) ? SZ_256M : SZ_32M;

	if (!max_device_bytes)
		max_device_bytes = min_t(u64, (u64)totalram_pages() * PAGE_SIZE / 32, limit);
	return 0;
}
module_init(notify_multi_init);

/* Without this function, the module could not be unloaded. */
static void __exit notify_multi_exit(void)
{
}
module_exit(notify_multi_exit);

/* Above INT_MAX, the slot count would overflow the __u32 in the ring header. */
bool notify_multi_ring_fits(u32 packet_size, u32 max_packets)
{
	/* data_race(): the parameter can be written at any time. */
	unsigned long limit = data_race(READ_ONCE(max_ring_bytes));

	return max_packets && max_packets <= INT_MAX &&
	       notify_ring_bytes(packet_size, max_packets) <= limit;
}

/* -- Memory of a ring ------------------------------------------------------ */

/*
 * Allocate a ring that will replace one of @old_bytes. Fail if the rings of all clients would
 * exceed max_device_bytes, unless the caller has CAP_SYS_RESOURCE.
 */
static struct notify_ring *notify_multi_alloc_ring(struct notify_multi *nm, u32 max_packets,
						   u64 old_bytes)
{
	/* data_race(): the parameter can be written at any time. */
	u64 limit = data_race(READ_ONCE(max_device_bytes));
	u64 bytes = notify_ring_bytes(nm->packet_size, max_packets);
	s64 total = atomic64_read(&nm->ring_bytes);
	struct notify_ring *ring;

	do {
		if (total + bytes - old_bytes > limit && !capable(CAP_SYS_RESOURCE))
			return NULL;
	} while (!atomic64_try_cmpxchg(&nm->ring_bytes, &total, total + bytes));
	ring = notify_ring_alloc(nm->packet_size, max_packets, GFP_KERNEL_ACCOUNT);
	if (!ring)
		atomic64_sub(bytes, &nm->ring_bytes);
	return ring;
}

static void notify_multi_free_ring(struct notify_multi *nm, struct notify_ring *ring)
{
	atomic64_sub(ring->bytes, &nm->ring_bytes);
	notify_ring_free(ring);
}

/* -- Filling a ring -------------------------------------------------------- */

/* Let broadcasts and other tasks run. */
static void notify_multi_pause(struct notify_multi *nm)
	__must_hold(&nm->lock)
{
	spin_unlock_irq(&nm->lock);
	cond_resched();
	spin_lock_irq(&nm->lock);
}

/*
 * Copy the packets [@seq, @end) from @from to the ring of the client, whose entry already
 * receives the packets from @end on. nm->lock is held on entry and return, and released after
 * each batch. Return the first seq of those that were copied up to @end without a gap.
 */
static u64 notify_client_fill_ring(struct notify_multi_client *client, struct notify_ring *from,
				   u64 seq, u64 end, u32 flags)
	__must_hold(&client->nm->lock)
{
	struct notify_ring *ring = notify_client_producer_ring(client);
	struct notify_multi *nm = client->nm;
	u32 batch = notify_ring_batch(ring);
	u64 first = seq;
	u32 count = 0;

	for (; seq < end; seq++) {
		if (count++ == batch) {
			notify_multi_pause(nm);
			count = 1;
		}
		if (!notify_ring_copy(ring, from, seq, notify_multi_last(nm), flags))
			first = seq + 1;
	}
	return first;
}

/* -- The table ------------------------------------------------------------- */

struct notify_table *notify_table_alloc(u32 size)
{
	struct notify_table *table;

	table = kvzalloc(struct_size(table, entries, size + NOTIFY_PREFETCH), GFP_KERNEL);
	if (table)
		table->size = size;
	return table;
}

/* Make sure that another client fits. misc_mtx serialises calls. */
static int notify_multi_grow_table(struct notify_multi *nm)
{
	struct notify_table *old = rcu_dereference_protected(nm->table, true);
	struct notify_table *new;

	if (READ_ONCE(nm->nr_clients) < old->size)
		return 0;
	new = notify_table_alloc(2 * old->size);
	if (!new)
		return -ENOMEM;
	spin_lock_irq(&nm->lock);
	memcpy(new->entries, old->entries, old->size * sizeof(*old->entries));
	rcu_assign_pointer(nm->table, new);
	spin_unlock_irq(&nm->lock);
	kvfree_rcu(old, rcu);
	return 0;
}

/* Let broadcasts write to the current ring of the client. Caller must hold nm->lock. */
static void notify_client_update_entry(struct notify_multi_client *client)
{
	struct notify_multi *nm = client->nm;
	struct notify_entry *entry = &notify_multi_table(nm)->entries[client->index];
	struct notify_ring *ring = notify_client_producer_ring(client);

	entry->slots = ring->slots;
	entry->mask = ring->mask;
	entry->head = NULL;
	if (client->mappings) {
		WRITE_ONCE(ring->header->head, (u32)notify_multi_last(nm));
		entry->head = &ring->header->head;
	}
}

/* Caller must hold nm->lock. */
static void notify_client_add_entry(struct notify_multi_client *client)
{
	struct notify_multi *nm = client->nm;
	struct notify_entry *entries = notify_multi_table(nm)->entries;

	while (rcu_access_pointer(entries[client->index].client))
		client->index++;
	rcu_assign_pointer(entries[client->index].client, client);
	nm->nr_entries = max(nm->nr_entries, client->index + 1);
	/* WRITE_ONCE(): clients_show() reads it without the lock. */
	WRITE_ONCE(nm->nr_clients, nm->nr_clients + 1);
	notify_client_update_entry(client);
}

/* Caller must hold nm->lock. */
static void notify_client_remove_entry(struct notify_multi_client *client)
{
	struct notify_multi *nm = client->nm;
	struct notify_entry *entries = notify_multi_table(nm)->entries;

	entries[client->index].slots = NULL;
	RCU_INIT_POINTER(entries[client->index].client, NULL);
	while (nm->nr_entries && !entries[nm->nr_entries - 1].slots)
		nm->nr_entries--;
	WRITE_ONCE(nm->nr_clients, nm->nr_clients - 1);
}

/* -- Opening and closing --------------------------------------------------- */

static void notify_multi_free(struct kref *kref)
{
	struct notify_multi *nm = container_of(kref, struct notify_multi, kref);

	notify_ring_free(nm->history);
	/* A broadcast may still look for waiters: a closed client can have left its bit set. */
	kvfree_rcu(rcu_dereference_protected(nm->table, true), rcu);
	kfree(nm->misc.nodename);
	kfree(nm->misc.name);
	kfree(nm->name);
	kfree_rcu(nm, rcu);
}

/* The device outlives its source for as long as it has clients. */
void notify_multi_put(struct notify_multi *nm)
{
	kref_put(&nm->kref, notify_multi_free);
}

static struct notify_multi_client *notify_client_create(struct notify_multi *nm)
{
	static atomic64_t last_id;
	struct notify_multi_client *client = kzalloc(sizeof(*client), GFP_KERNEL_ACCOUNT);
	struct notify_ring *ring;

	if (!client)
		return NULL;
	ring = notify_multi_alloc_ring(nm, nm->max_packets, 0);
	if (!ring) {
		kfree(client);
		return NULL;
	}
	RCU_INIT_POINTER(client->ring, ring);
	init_waitqueue_head(&client->request_wait);
	INIT_LIST_HEAD(&client->woken);
	init_waitqueue_head(&client->poll_wait);
	mutex_init(&client->lock);
	kref_get(&nm->kref);
	client->nm = nm;
	client->opener = get_pid(task_tgid(current));
	client->id = atomic64_inc_return(&last_id);
	return client;
}

static void notify_client_destroy(struct notify_multi_client *client)
{
	notify_multi_free_ring(client->nm, rcu_dereference_protected(client->ring, true));
	kvfree(client->copy);
	mutex_destroy(&client->lock);
	put_pid(client->opener);
	notify_multi_put(client->nm);
	kfree_rcu(client, rcu);
}

/* Caller must hold nm->lock. */
static void notify_client_set_start(struct notify_multi_client *client, u64 first)
{
	notify_ring_set_first(notify_client_producer_ring(client), first);
	client->start = first;
	atomic64_set(&client->next, first);
}

/*
 * Queue the packets to replay, and add the client to the device. Return the number of replayed
 * packets.
 */
static u32 notify_client_attach(struct notify_multi_client *client)
{
	struct notify_multi *nm = client->nm;
	struct notify_ring *history = nm->history;
	u64 first, end;

	spin_lock_irq(&nm->lock);
	end = notify_multi_last(nm) + 1;
	first = end;
	if (history)
		first -= notify_ring_queued(history, end - 1, history->first);
	notify_client_set_start(client, first);
	notify_client_add_entry(client);
	/* Broadcasts may overwrite packets of the history before they have been copied. */
	if (history)
		first = notify_client_fill_ring(client, history, first, end,
						NOTIFY_MULTI_REC_REPLAY);
	notify_client_set_start(client, first);
	spin_unlock_irq(&nm->lock);
	return end - first;
}

static void notify_client_detach(struct notify_multi_client *client)
{
	struct notify_multi *nm = client->nm;

	spin_lock_irq(&nm->lock);
	nm->dropped += notify_client_counts(client).dropped;
	notify_client_remove_entry(client);
	spin_unlock_irq(&nm->lock);
}

/* Runs under misc_mtx, which misc_deregister() takes: the source cannot unregister here. */
int notify_multi_open(struct inode *inode, struct file *file)
{
	struct notify_multi *nm = container_of(file->private_data, struct notify_multi, misc);
	struct notify_multi_client *client = notify_client_create(nm);
	int ret = 0;
	u32 replay;

	if (!client)
		return -ENOMEM;
	if (notify_multi_grow_table(nm)) {
		notify_client_destroy(client);
		return -ENOMEM;
	}
	replay = notify_client_attach(client);

	if (nm->ops.arrival)
		ret = nm->ops.arrival(client, file);
	if (ret < 0) {
		notify_client_detach(client);
		notify_client_destroy(client);
		return notify_multi_user_errno(ret);
	}

	trace_notify_multi_open(nm->name, client->opener, client->start, replay);
	file->private_data = client;
	file->f_mode |= FMODE_NOWAIT;
	return stream_open(inode, file); /* Never fails. */
}

/* Caller must hold nm->ops_rwsem. */
void notify_client_call_departure(struct notify_multi_client *client)
{
	struct notify_multi *nm = client->nm;

	lockdep_assert_held(&nm->ops_rwsem);
	if (nm->ops.departure)
		nm->ops.departure(client);
}

static void notify_client_trace_release(struct notify_multi_client *client)
{
	struct notify_counts counts;

	spin_lock_irq(&client->nm->lock);
	counts = notify_client_counts(client);
	spin_unlock_irq(&client->nm->lock);
	trace_notify_multi_release(client->nm->name, client->opener, counts.delivered,
				   counts.dropped, counts.queued);
}

int notify_multi_release(struct inode *inode, struct file *file)
{
	struct notify_multi_client *client = file->private_data;
	struct notify_multi *nm = client->nm;

	if (trace_notify_multi_release_enabled())
		notify_client_trace_release(client);
	down_read(&nm->ops_rwsem);
	notify_client_detach(client);
	/* If gone, notify_multi_unregister() has called departure. */
	if (!nm->gone)
		notify_client_call_departure(client);
	up_read(&nm->ops_rwsem);
	notify_client_destroy(client);
	return 0;
}

/* -- ioctls ---------------------------------------------------------------- */

static int notify_client_get_info(struct notify_multi_client *client, void __user *arg)
{
	struct notify_multi *nm = client->nm;
	struct notify_multi_info info = {
		.abi_version = NOTIFY_MULTI_ABI_VERSION,
		.packet_size = nm->packet_size,
		.record_size = nm->record_size,
		.max_requests = nm->max_requests,
		.replay = nm->replay,
		.clock = nm->clock,
		.format = READ_ONCE(client->format),
	};

	spin_lock_irq(&nm->lock);
	info.max_packets = notify_client_producer_ring(client)->max_packets;
	info.ring_bytes = notify_client_producer_ring(client)->bytes;
	spin_unlock_irq(&nm->lock);

	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static int notify_client_get_stats(struct notify_multi_client *client, void __user *arg)
{
	struct notify_multi_stats stats = {
		.abi_version = NOTIFY_MULTI_ABI_VERSION,
		.pending_requests = atomic_read(&client->nr_requests),
	};
	struct notify_multi *nm = client->nm;
	struct notify_counts counts;

	spin_lock_irq(&nm->lock);
	counts = notify_client_counts(client);
	stats.seq = notify_multi_last(nm);
	stats.clients = nm->nr_clients;
	spin_unlock_irq(&nm->lock);
	stats.pending_packets = counts.queued;
	stats.next = stats.seq + 1 - counts.queued;
	stats.delivered = counts.delivered;
	stats.dropped = counts.dropped;

	return copy_to_user(arg, &stats, sizeof(stats)) ? -EFAULT : 0;
}

static int notify_client_set_format(struct notify_multi_client *client, u32 format)
{
	if (format != NOTIFY_MULTI_FORMAT_RECORD && format != NOTIFY_MULTI_FORMAT_RAW)
		return -EINVAL;
	WRITE_ONCE(client->format, format);
	return 0;
}

/*
 * Keep the newest queued packets that fit. Caller must hold client->lock. Return -EBUSY if the
 * ring is mapped, 1 if there are unreported drops, else 0.
 */
static int notify_client_replace_ring(struct notify_multi_client *client,
				      struct notify_ring *new)
{
	struct notify_ring *old = notify_client_ring(client);
	struct notify_multi *nm = client->nm;
	int ret = -EBUSY;
	u64 end;

	spin_lock_irq(&nm->lock);
	if (!client->mappings) {
		end = notify_multi_last(nm) + 1;
		notify_ring_set_first(new, end - min(notify_client_counts(client).queued,
						     new->max_packets));
		rcu_assign_pointer(client->ring, new);
		notify_client_update_entry(client);
		ret = notify_client_counts(client).unreported > 0;
		client->filling = true;
		notify_client_fill_ring(client, old, new->first, end, 0);
		client->filling = false;
	}
	spin_unlock_irq(&nm->lock);
	return ret;
}

static int notify_client_set_max_packets(struct notify_multi_client *client, u32 max_packets)
{
	struct notify_multi *nm = client->nm;
	struct notify_ring *old, *new;
	u64 old_bytes;
	int ret;

	if (!notify_multi_ring_fits(nm->packet_size, max_packets))
		return -EINVAL;
	spin_lock_irq(&nm->lock);
	old_bytes = notify_client_producer_ring(client)->bytes;
	spin_unlock_irq(&nm->lock);
	new = notify_multi_alloc_ring(nm, max_packets, old_bytes);
	if (!new)
		return -ENOMEM;

	ret = notify_client_lock(client);
	if (!ret) {
		old = notify_client_ring(client);
		ret = notify_client_replace_ring(client, new);
		notify_client_unlock(client);
	}
	if (ret < 0) {
		notify_multi_free_ring(nm, new);
		return ret;
	}
	if (ret)
		wake_up_interruptible_poll(&client->poll_wait, EPOLLPRI);

	synchronize_rcu(); /* Waits for checks of the queue without client->lock. */
	notify_multi_free_ring(nm, old);
	return 0;
}

static int notify_client_consume_to(struct notify_multi_client *client, u64 seq)
{
	struct notify_multi *nm = client->nm;
	u64 newest, oldest;
	int ret;

	ret = notify_client_lock(client);
	if (ret)
		return ret;
	spin_lock_irq(&nm->lock);
	newest = notify_multi_last(nm);
	oldest = newest + 1 - notify_client_counts(client).queued;
	spin_unlock_irq(&nm->lock);
	if (seq > newest)
		ret = -EINVAL;
	else if (seq >= notify_client_next(client))
		notify_client_consume(client, min(oldest, seq + 1), seq + 1);
	notify_client_unlock(client);
	return ret;
}

static long notify_client_source_ioctl(struct notify_multi_client *client, unsigned int cmd,
				       unsigned long arg)
{
	struct notify_multi *nm = client->nm;
	long ret;

	if (!nm->ops.ioctl)
		return -ENOTTY;
	ret = notify_multi_begin_callback(nm);
	if (ret)
		return ret;
	ret = nm->ops.ioctl(client, cmd, arg);
	up_read(&nm->ops_rwsem);
	return ret;
}

long notify_multi_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct notify_multi_client *client = file->private_data;
	void __user *argp = (void __user *)arg;
	u32 value;
	u64 seq;

	switch (cmd) {
	case NOTIFY_MULTI_IOC_GET_INFO:
		return notify_client_get_info(client, argp);
	case NOTIFY_MULTI_IOC_GET_STATS:
		return notify_client_get_stats(client, argp);
	case NOTIFY_MULTI_IOC_SET_FORMAT:
		if (copy_from_user(&value, argp, sizeof(value)))
			return -EFAULT;
		return notify_client_set_format(client, value);
	case NOTIFY_MULTI_IOC_SET_MAX_PACKETS:
		if (copy_from_user(&value, argp, sizeof(value)))
			return -EFAULT;
		return notify_client_set_max_packets(client, value);
	case NOTIFY_MULTI_IOC_CONSUME:
		if (copy_from_user(&seq, argp, sizeof(seq)))
			return -EFAULT;
		return notify_client_consume_to(client, seq);
	case FIONREAD:
		return put_user(notify_client_readable_bytes(client), (int __user *)argp);
	default:
		return notify_client_source_ioctl(client, cmd, arg);
	}
}

/* -- The mapped ring ------------------------------------------------------- */

static void notify_multi_vma_open(struct vm_area_struct *vma)
{
	struct notify_multi_client *client = vma->vm_private_data;

	spin_lock_irq(&client->nm->lock);
	client->mappings++;
	spin_unlock_irq(&client->nm->lock);
}

static void notify_multi_vma_close(struct vm_area_struct *vma)
{
	struct notify_multi_client *client = vma->vm_private_data;

	spin_lock_irq(&client->nm->lock);
	client->mappings--;
	notify_client_update_entry(client);
	spin_unlock_irq(&client->nm->lock);
}

static vm_fault_t notify_multi_vma_fault(struct vm_fault *vmf)
{
	struct notify_multi_client *client = vmf->vma->vm_private_data;
	/* A mapped ring is not replaced. */
	struct notify_ring *ring = rcu_dereference_protected(client->ring, true);
	struct page *page = notify_ring_page(ring, vmf->pgoff);

	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct notify_multi_vm_ops = {
	.open = notify_multi_vma_open,
	.close = notify_multi_vma_close,
	.fault = notify_multi_vma_fault,
};

/*
 * Count the mapping. Return -EINVAL if the ring is shorter than @bytes, -EBUSY while a resize
 * copies packets to it.
 */
static int notify_client_map(struct notify_multi_client *client, unsigned long bytes)
{
	struct notify_multi *nm = client->nm;
	int ret = 0;

	spin_lock_irq(&nm->lock);
	if (bytes > notify_client_producer_ring(client)->bytes) {
		ret = -EINVAL;
	} else if (client->filling) {
		ret = -EBUSY;
	} else {
		client->mappings++;
		notify_client_update_entry(client);
	}
	spin_unlock_irq(&nm->lock);
	return ret;
}

/*
 * Zero the slots that no packet has been written to yet, before the program can see them. That is
 * not done in open(), which delays those of all misc devices. Broadcasts go on: start with the
 * slots that they reach last. The ring is mapped, and therefore not replaced.
 */
static void notify_client_zero_slots(struct notify_multi_client *client)
{
	struct notify_multi *nm = client->nm;
	struct notify_ring *ring;
	u32 count = 0;
	u64 seq;

	spin_lock_irq(&nm->lock);
	ring = notify_client_producer_ring(client);
	if (!ring->zeroed) {
		for (seq = ring->first + ring->mask; seq > notify_multi_last(nm); seq--) {
			memset(notify_ring_slot(ring, (u32)seq), 0, ring->record_size);
			if (++count % notify_ring_batch(ring) == 0)
				notify_multi_pause(nm);
		}
		ring->zeroed = true;
	}
	spin_unlock_irq(&nm->lock);
}

/* Must not take client->lock: a read that holds it may wait for mmap_lock in a page fault. */
int notify_multi_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct notify_multi_client *client = file->private_data;
	int ret;

	if (vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EACCES;
	if (!(vma->vm_flags & VM_MAYSHARE) || vma->vm_pgoff)
		return -EINVAL;
	/* complete() would be bypassed; an aliasing data cache would show old packets. */
	if (client->nm->ops.complete || cpu_dcache_is_aliasing())
		return -EOPNOTSUPP;
	ret = notify_client_map(client, vma->vm_end - vma->vm_start);
	if (ret)
		return ret;
	notify_client_zero_slots(client);

	/* No mprotect() to writable, no mremap() beyond the end. */
	vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, VM_MAYWRITE | VM_MAYEXEC);
	vma->vm_private_data = client;
	vma->vm_ops = &notify_multi_vm_ops;
	return 0;
}
