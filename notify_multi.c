// SPDX-License-Identifier: GPL-2.0
/*
 * notify_multi: broadcast a source's packets to every open of a device.
 *
 * The way of a packet:
 *
 *     source's interrupt             notify_multi_broadcast_at()
 *     one ring for each open           notify_multi_push()           nm->lock
 *     who sleeps is woken              notify_multi_wake()           RCU
 *     read()                         notify_multi_read_iter()
 *     queued packets go across         notify_client_read()          client->lock
 *
 * The interrupt side and the readers share no lock: see ring.h.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kcsan-checks.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/poll.h>
#include <linux/printk.h>
#include <linux/rculist.h>
#include <linux/rcuwait.h>
#include <linux/rwsem.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/splice.h>
#include <linux/sysfs.h>
#include <linux/uio.h>
#include <linux/wait.h>

#include "compat.h"
#include "notify_multi.h"
#include "ring.h"

#define CREATE_TRACE_POINTS
#include "notify_multi_trace.h"

#define NOTIFY_MULTI_NAME_MAX		63
#define NOTIFY_MULTI_DEFAULT_MODE	0600

static unsigned long max_ring_bytes = 64UL << 20;
module_param(max_ring_bytes, ulong, 0644);
MODULE_PARM_DESC(max_ring_bytes, "Largest ring of an open, in bytes");

/**
 * struct notify_multi - a device; DMF's module instance
 * @kref:         The registration and every open hold one.
 * @rcu:          Broadcasts that have begun may still look at the device.
 * @misc:         The node.
 * @siblings:     Entry in notify_multi_devices.
 * @name:         /dev/notify/<name>.
 * @packet_size:  Bytes of payload in each packet.
 * @record_size:  Bytes of a packet's record.
 * @max_packets:  Queue length that an open starts with.
 * @max_requests: How many reads may sleep at once on each open.
 * @replay:       How many of the last packets a new open starts with.
 * @first_seq:    The seq of the first packet.
 * @drvdata:      The source's own.
 * @ops:          Callbacks of the source, NULL if absent. Constant.
 * @callbacks:    Taken for read around each callback. notify_multi_unregister() takes it for
 *                write to set @gone: no callback starts afterwards.
 * @nr_fasync:    How many opens want SIGIO: mostly none, and who broadcasts need not look.
 * @lock:         Serialises broadcasts, which makes @seq a total order, and guards all
 *                that follows.
 * @seq:          The last packet.
 * @dropped:      Packets dropped by clients that are closed.
 * @gone:         The source has unregistered. Written under @lock and @callbacks.
 * @history:      The last packets, for replay; or NULL.
 * @clients:      The opens. Changed under @lock, walked under it or RCU; while @callbacks
 *                is held for writing it does not change either.
 * @nr_clients:   How many they are.
 */
struct notify_multi {
	struct kref kref;
	struct rcu_head rcu;
	struct miscdevice misc;
	struct list_head siblings;
	char *name;

	u32 packet_size;
	u32 record_size;
	u32 max_packets;
	u32 max_requests;
	u32 replay;
	u64 first_seq;
	void *drvdata;

	struct notify_multi_ops ops;
	struct rw_semaphore callbacks;

	atomic_t nr_fasync;
	spinlock_t lock; /* Guards all that follows, and the rings' producer side. */
	u64 seq;
	u64 dropped;
	bool gone;
	struct notify_ring *history;
	struct list_head clients;
	u32 nr_clients;
};

/**
 * struct notify_multi_client - an open
 * @node:      Entry in the device's clients.
 * @ring:      Its queue. Replaced under @lock and nm->lock; either of them, or RCU, keeps
 *             the one that is there.
 * @requests:  How many reads sleep and commands pend; DMF's pended requests.
 * @waiter:    Reader that went to sleep as the only request, the common case: it bypasses
 *             @wait.
 * @polls:     Polls, io_uring's among them.
 * @wait:      The other requests, the first of which is woken for a packet. Reads that were
 *             woken in vain are behind the others again, commands in their place.
 * @fasync:    Who wants SIGIO.
 * @nm:        The device.
 * @rcu:       Broadcasts that have begun may still look whom to wake.
 * @private:   The source's own.
 * @opener:    The process that opened the device; others may have the open from it.
 * @id:        Number of the client, unique among all devices.
 * @mappings:  How many mappings show the ring, which then stays. Guarded by nm->lock, as
 *             page faults in a read leave no other lock to mmap().
 * @tickets:   How many commands have pended so far. Guarded by wait.lock.
 * @lock:      Makes one consumer of many readers; guards all that follows.
 * @next:      The packet after the last that was read.
 * @delivered: Packets read.
 * @dropped:   Packets lost, and said to be.
 * @format:    What reads return, of &enum notify_multi_format.
 * @taken:     Copy of the next packet, for those that cannot be read from the ring.
 * @completed: Of the packet in @taken, once it is completed, the seq; else 0.
 * @result:    What the source's completion said to that packet.
 */
struct notify_multi_client {
	struct list_head node;
	struct notify_ring __rcu *ring;
	atomic_t requests;
	struct rcuwait waiter;
	wait_queue_head_t polls;
	wait_queue_head_t wait;
	struct fasync_struct *fasync;

	struct notify_multi *nm;
	struct rcu_head rcu;
	void *private;
	struct pid *opener;
	u64 id;
	u32 mappings;
	u64 tickets;

	struct mutex lock; /* Guards all that follows, and the ring's consumer side. */
	u64 next;
	u64 delivered;
	u64 dropped;
	u32 format;
	struct notify_multi_record *taken;
	u64 completed;
	int result;
};

static DEFINE_MUTEX(notify_multi_devices_lock); /* Guards notify_multi_devices. */
static LIST_HEAD(notify_multi_devices);

static void notify_multi_release(struct kref *kref)
{
	struct notify_multi *nm = container_of(kref, struct notify_multi, kref);

	notify_ring_free(nm->history);
	kfree(nm->misc.nodename);
	kfree(nm->misc.name);
	kfree(nm->name);
	kfree_rcu(nm, rcu);
}

/* Over INT_MAX the number of slots would not fit its field in the ring's header. */
static bool notify_multi_ring_fits(u32 packet_size, u32 max_packets)
{
	/* A parameter, which may be written at any time. */
	unsigned long limit = data_race(READ_ONCE(max_ring_bytes));

	return max_packets && max_packets <= INT_MAX &&
	       notify_ring_bytes(packet_size, max_packets) <= limit;
}

/* Errnos over 511 are the kernel's own: to who called read() or open() they mean harm. */
static int notify_multi_user_errno(int error)
{
	return error > 0 || error <= -ERESTARTSYS ? -EIO : error;
}

/* -- Broadcasting. --------------------------------------------------------- */

/* Wakes the oldest request that waits. Called under RCU. */
static void notify_client_wake_request(struct notify_multi_client *client)
{
	/* Returns 0 if nothing sleeps there, or was woken before. */
	if (!rcuwait_wake_up(&client->waiter))
		wake_up_interruptible(&client->wait);
}

/* The source is gone. */
static void notify_client_wake_all(struct notify_multi_client *client)
{
	rcu_read_lock();
	notify_client_wake_request(client);
	rcu_read_unlock();
	wake_up_interruptible_all(&client->wait);
	wake_up_interruptible_all(&client->polls);
}

/* Wakes each open for one packet: a request, and all polls. Called under RCU. */
static void notify_multi_wake(struct notify_multi *nm)
{
	struct notify_multi_client *client;

	/*
	 * Pairs with who sleeps, pends, or polls: either they see the new head, or they are
	 * seen here. One barrier for all opens, instead of wq_has_sleeper().
	 */
	smp_mb();
	list_for_each_entry_rcu(client, &nm->clients, node) {
		if (atomic_read(&client->requests))
			notify_client_wake_request(client);
		/* See the barrier above. */
		if (waitqueue_active(&client->polls))
			wake_up_interruptible_poll(&client->polls,
						   EPOLLIN | EPOLLRDNORM | EPOLLPRI);
	}
	if (!atomic_read(&nm->nr_fasync))
		return;
	list_for_each_entry_rcu(client, &nm->clients, node)
		kill_fasync(&client->fasync, SIGIO, POLL_IN);
}

/* The ring of an open, for its producer. Called with nm->lock. */
static struct notify_ring *notify_client_produce(struct notify_multi_client *client)
{
	return rcu_dereference_protected(client->ring, lockdep_is_held(&client->nm->lock));
}

/* See notify_client_trace(). */
static noinline void notify_multi_trace(struct notify_multi *nm, int status, ktime_t when)
{
	trace_notify_multi_broadcast(nm->name, nm->seq, when, status, nm->nr_clients);
}

/*
 * Appends the packet to all rings: the first gets it from the source, the others from
 * there, the whole record at once. Called with nm->lock.
 */
static void notify_multi_push(struct notify_multi *nm, const void *packet, int status,
			      ktime_t when)
{
	size_t size = nm->record_size;
	u64 seq = nm->seq + 1;
	u32 pos = (u32)seq;
	struct notify_multi_client *client = NULL;
	struct notify_ring *ring = nm->history;
	struct notify_multi_record *first;

	nm->seq = seq;
	if (trace_notify_multi_broadcast_enabled())
		notify_multi_trace(nm, status, when);
	if (!ring) {
		client = list_first_entry_or_null(&nm->clients, typeof(*client), node);
		if (!client)
			return;
		ring = notify_client_produce(client);
	}
	first = notify_ring_begin(ring, pos, size);
	first->seq = seq;
	first->timestamp_ns = ktime_to_ns(when);
	first->status = status;
	first->dropped = 0;
	first->size = nm->packet_size;
	first->flags = 0;
	memcpy(first->data, packet, nm->packet_size);
	notify_ring_end(ring, pos);

	client = list_prepare_entry(client, &nm->clients, node);
	list_for_each_entry_continue(client, &nm->clients, node) {
		ring = notify_client_produce(client);
		memcpy(notify_ring_begin(ring, pos, size), first, size);
		notify_ring_end(ring, pos);
	}
}

/**
 * notify_multi_broadcast_at() - give a packet to every open
 * @nm:     The device.
 * @packet: The payload; copied before the function returns.
 * @size:   Its bytes, the device's packet_size.
 * @status: 0, or a negative errno that goes with the packet. DMF's NtStatus.
 * @when:   CLOCK_MONOTONIC: when the hardware event happened.
 *
 * DMF's DataBroadcast. Allocates nothing, and so never fails for want of memory: an open
 * whose queue is full loses its oldest packet.
 *
 * Context: Any but NMI; with PREEMPT_RT any but NMI and hard interrupt. Does not sleep.
 * May race with opens, other broadcasts, and notify_multi_unregister(); but as the device
 * goes when that returns, the source must see to it that it does not broadcast any more
 * then, as free_irq() does.
 *
 * Return: 0; %-EINVAL for another size than packet_size, or a status that is no errno;
 * %-ENODEV after notify_multi_unregister().
 */
int notify_multi_broadcast_at(struct notify_multi *nm, const void *packet, size_t size,
			      int status, ktime_t when)
{
	unsigned long flags;

	if (size != nm->packet_size || status > 0 || status < -MAX_ERRNO)
		return -EINVAL;

	/* Keeps the device and its opens until they are woken. */
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
 * notify_multi_broadcast() - give a packet that happens now to every open
 * @nm:     The device.
 * @packet: The payload; copied before the function returns.
 * @size:   Its bytes, the device's packet_size.
 * @status: 0, or a negative errno that goes with the packet.
 *
 * As notify_multi_broadcast_at() with the time of the call.
 *
 * Context: As notify_multi_broadcast_at().
 * Return: As notify_multi_broadcast_at().
 */
int notify_multi_broadcast(struct notify_multi *nm, const void *packet, size_t size, int status)
{
	return notify_multi_broadcast_at(nm, packet, size, status, ktime_get());
}
EXPORT_SYMBOL_GPL(notify_multi_broadcast);

/* -- An open's queue. ------------------------------------------------------ */

/* Called with client->lock, which keeps the ring. */
static struct notify_ring *notify_client_ring(struct notify_multi_client *client)
{
	return rcu_dereference_protected(client->ring, lockdep_is_held(&client->lock));
}

/*
 * Whether a packet waits: at less cost than notify_client_peek(), and wrong only for who
 * is a multiple of 2^32 packets behind.
 */
static bool notify_client_ready(struct notify_multi_client *client)
{
	u32 head;

	rcu_read_lock_sched();
	/* Pairs with notify_ring_end(), as in notify_ring_last(). */
	head = smp_load_acquire(&rcu_dereference_sched(client->ring)->header->head);
	rcu_read_unlock_sched();
	return head + 1 != (u32)READ_ONCE(client->next);
}

/**
 * struct notify_queue - an open's queue at one moment
 * @pending: How many packets wait.
 * @lost:    How many were lost that no read has said yet.
 */
struct notify_queue {
	u32 pending;
	u64 lost;
};

/* complete() can no longer run, so queued packets are discarded. */
static bool notify_multi_discards(struct notify_multi *nm)
{
	return nm->ops.complete && READ_ONCE(nm->gone);
}

/*
 * For callers without client->lock. next is read last: a read that runs at the same time then
 * makes the queue look shorter, but never causes a drop to be reported that did not happen. On
 * 32-bit, next may be read torn, so notify_client_ready() decides if a packet is queued.
 */
static struct notify_queue notify_client_peek(struct notify_multi_client *client)
{
	struct notify_queue queue = { };
	struct notify_ring *ring;
	u64 next, last;

	if (notify_multi_discards(client->nm))
		return queue;

	rcu_read_lock();
	ring = rcu_dereference(client->ring);
	last = notify_ring_last(ring);
	next = READ_ONCE(client->next);
	queue.pending = notify_ring_queued(ring, last, next);
	rcu_read_unlock();
	if (!queue.pending)
		queue.pending = notify_client_ready(client);
	if (last >= next)
		queue.lost = last + 1 - next - queue.pending;
	return queue;
}

/* In the place where they are, tracepoints that are off would cost registers. */
static noinline void notify_client_trace(struct notify_multi_client *client, u64 seq, u64 next)
{
	u64 first = client->next;

	if (seq != first)
		trace_notify_multi_drop(client->nm->name, client->opener, first, seq - first);
	if (next != seq)
		trace_notify_multi_read(client->nm->name, client->opener, seq, next - seq);
}

/* Account packets [@seq, @next) as delivered, earlier ones that were not read as dropped. */
static __always_inline void notify_client_consume(struct notify_multi_client *client, u64 seq,
						  u64 next)
{
	lockdep_assert_held(&client->lock);
	ASSERT_EXCLUSIVE_WRITER(client->next);

	if (trace_notify_multi_drop_enabled() || trace_notify_multi_read_enabled())
		notify_client_trace(client, seq, next);
	client->dropped += seq - client->next;
	client->delivered += next - seq;
	WRITE_ONCE(client->next, next);
}

static u32 notify_client_dropped(struct notify_multi_client *client, u64 seq)
{
	return min_t(u64, seq - client->next, U32_MAX);
}

/* -- Reading. -------------------------------------------------------------- */

/*
 * What is copied is inside the ring. To have that checked, as copy_to_iter() does, would
 * look up the ring's vmalloc area, under a lock that all readers share, for a sixth of
 * the cost of a read. data_race(): then it is asked whether anything was overwritten.
 */
static size_t notify_client_copy(const void *from, size_t bytes, struct iov_iter *to)
{
	/* With a broadcast, which may overwrite it. */
	return data_race(_copy_to_iter(from, bytes, to));
}

/* The first record follows a loss. The ring does not know of losses; the record says it. */
static noinline size_t notify_client_copy_after_loss(struct notify_multi_client *client,
						     u64 seq,
						     const struct notify_multi_record *first,
						     size_t bytes, struct iov_iter *to)
{
	struct notify_multi_record header;
	size_t copied;

	notify_ring_read(&header, first, sizeof(header));
	header.dropped = notify_client_dropped(client, seq);
	copied = copy_to_iter(&header, sizeof(header), to);
	if (copied == sizeof(header))
		copied += notify_client_copy(first->data, bytes - sizeof(header), to);
	return copied;
}

/* Copies adjacent records, of which only the first may follow a loss. */
static size_t notify_client_copy_run(struct notify_multi_client *client, u64 seq, size_t bytes,
				     struct iov_iter *to)
{
	struct notify_multi_record *first = notify_ring_slot(notify_client_ring(client), (u32)seq);

	if (seq != client->next)
		return notify_client_copy_after_loss(client, seq, first, bytes, to);
	return notify_client_copy(first, bytes, to);
}

/* Whole records straight from the ring, as many as wait and fit. */
static ssize_t notify_client_read_records(struct notify_multi_client *client, struct iov_iter *to)
{
	struct notify_ring *ring = notify_client_ring(client);
	u32 size = ring->record_size;
	size_t room = iov_iter_count(to) / size;
	ssize_t done = 0;

	while (room) {
		u64 last = notify_ring_last(ring);
		u32 waiting = notify_ring_queued(ring, last, client->next);
		u64 seq = last + 1 - waiting;
		u32 to_end = ring->mask + 1 - ((u32)seq & ring->mask);
		u32 count = min_t(size_t, min(waiting, to_end), room);
		size_t bytes = (size_t)count * size;
		size_t copied;

		if (!count)
			break;
		copied = notify_client_copy_run(client, seq, bytes, to);
		if (notify_ring_overwritten(ring, (u32)seq)) {
			/* The producer is faster: start again from what waits now, with less. */
			iov_iter_revert(to, copied);
			if (fatal_signal_pending(current))
				return done ?: -EINTR;
			cond_resched();
			room = max(count / 2, 1U);
			continue;
		}
		if (copied < bytes) {
			/* A bad buffer: a part of a record is not delivered. */
			count = copied / size;
			iov_iter_revert(to, copied - (size_t)count * size);
			room = count;
		}
		if (!count)
			return done ?: -EFAULT;
		notify_client_consume(client, seq, seq + count);
		done += (size_t)count * size;
		room -= count;
	}
	return done;
}

/* Call complete(), if there is one, on client->taken. Return -errno if that is not possible. */
static int notify_client_complete(struct notify_multi_client *client)
{
	struct notify_multi *nm = client->nm;
	int ret = 0;

	client->result = 0;
	if (nm->ops.complete) {
		ret = down_read_killable(&nm->callbacks);
		if (ret)
			return ret;
		if (nm->gone)
			ret = -ENODEV;
		else
			client->result = nm->ops.complete(client, client->taken,
							  client->taken->data);
		up_read(&nm->callbacks);
	}
	if (!ret)
		client->completed = client->taken->seq;
	return ret;
}

/*
 * Copies the next packet to client->taken and has it completed: once, even if it cannot
 * be delivered then and is taken again. Returns 1, 0 if none waits, or a negative errno.
 */
static int notify_client_take(struct notify_multi_client *client)
{
	struct notify_ring *ring = notify_client_ring(client);
	u64 last, seq;
	u32 waiting;
	int ret = 0;

	if (!client->taken) {
		client->taken = kvmalloc(ring->record_size, GFP_KERNEL_ACCOUNT);
		if (!client->taken)
			return -ENOMEM;
	}
	do {
		last = notify_ring_last(ring);
		waiting = notify_ring_queued(ring, last, client->next);
		if (!waiting)
			return 0;
		seq = last + 1 - waiting;
		if (client->completed == seq)
			break;
		client->completed = 0;
		notify_ring_read(client->taken, notify_ring_slot(ring, (u32)seq),
				 ring->record_size);
	} while (notify_ring_overwritten(ring, (u32)seq));

	client->taken->dropped = notify_client_dropped(client, seq);
	if (client->completed != seq)
		ret = notify_client_complete(client);
	return ret ?: 1;
}

/* What one packet is to a read, in bytes. */
static size_t notify_client_read_size(struct notify_multi_client *client)
{
	struct notify_multi *nm = client->nm;

	return READ_ONCE(client->format) == NOTIFY_MULTI_FORMAT_RAW ? nm->packet_size :
								      nm->record_size;
}

/* One packet at a time, each completed by the source or looked at for its status. */
static ssize_t notify_client_read_packets(struct notify_multi_client *client, struct iov_iter *to)
{
	bool raw = client->format == NOTIFY_MULTI_FORMAT_RAW;
	size_t size = notify_client_read_size(client);
	ssize_t done = 0;

	while (iov_iter_count(to) >= size) {
		int ret = notify_client_take(client);
		u64 seq = client->completed;
		size_t copied;

		if (ret <= 0)
			return done ?: ret;

		ret = min(client->result, 0);
		if (!ret && raw)
			ret = client->taken->status;
		if (ret) {
			if (!done)
				notify_client_consume(client, seq, seq + 1);
			return done ?: notify_multi_user_errno(ret);
		}

		copied = copy_to_iter(raw ? (void *)client->taken->data : client->taken, size, to);
		if (copied < size) {
			iov_iter_revert(to, copied);
			return done ?: -EFAULT;
		}
		notify_client_consume(client, seq, seq + 1);
		done += size;
	}
	return done;
}

static int notify_client_lock(struct notify_multi_client *client)
{
	return mutex_lock_interruptible(&client->lock) ? -ERESTARTSYS : 0;
}

/* Bytes read, 0 if nothing waits, or a negative errno. Called with client->lock. */
static ssize_t notify_client_read(struct notify_multi_client *client, struct iov_iter *to)
{
	struct notify_multi *nm = client->nm;

	if (iov_iter_count(to) < notify_client_read_size(client))
		return -EINVAL;
	if (notify_multi_discards(nm))
		return 0;
	if (nm->ops.complete || client->format == NOTIFY_MULTI_FORMAT_RAW)
		return notify_client_read_packets(client, to);
	return notify_client_read_records(client, to);
}

/*
 * A read that is to sleep, or a command; DMF's pended request. It stays one until the read
 * returns. How many there were before, or -EBUSY.
 */
static int notify_client_pend(struct notify_multi_client *client)
{
	int max = client->nm->max_requests;
	int before = atomic_fetch_add_unless(&client->requests, 1, max);

	return before == max ? -EBUSY : before;
}

/*
 * The request has taken a wake-up for which others wait, too: if it leaves packets behind
 * it passes the wake-up on.
 */
static void notify_client_unpend(struct notify_multi_client *client)
{
	if (!atomic_dec_return(&client->requests))
		return;
	rcu_read_lock();
	if (notify_client_peek(client).pending)
		notify_client_wake_request(client);
	rcu_read_unlock();
}

static bool notify_client_readable(struct notify_multi_client *client)
{
	return READ_ONCE(client->nm->gone) || notify_client_ready(client);
}

/*
 * Sleep until a packet, a signal or unregistration. Both waits have a full barrier that pairs
 * with notify_multi_wake(): the waiter is stored before head is read.
 */
static int notify_client_sleep(struct notify_multi_client *client, bool only)
{
	int ret;

	if (only)
		ret = rcuwait_wait_event(&client->waiter, notify_client_readable(client),
					 TASK_INTERRUPTIBLE);
	else
		ret = wait_event_interruptible_exclusive(client->wait,
							 notify_client_readable(client));
	return ret ? -ERESTARTSYS : 0;
}

/*
 * What a packet's read failed with. To who reads asynchronously or with IOCB_NOWAIT these
 * two errnos mean that nothing was read, and io_uring would try again.
 */
static ssize_t notify_multi_read_error(struct kiocb *iocb, ssize_t ret)
{
	if ((ret == -EAGAIN || ret == -EOPNOTSUPP) &&
	    (!is_sync_kiocb(iocb) || iocb->ki_flags & IOCB_NOWAIT))
		return -EIO;
	return ret;
}

/* Bytes read, 0 if nothing waits, or a negative errno. */
static __always_inline ssize_t notify_client_try_read(struct notify_multi_client *client,
						      struct iov_iter *to, bool nowait)
{
	/* Before the queue is looked at: the source's last packet came before it went. */
	bool gone = smp_load_acquire(&client->nm->gone);
	ssize_t ret;

	/*
	 * Who does not want to wait still does so for who reads or asks right now: told that
	 * nothing waits, an edge-triggered poll or a multishot read would not look again.
	 * Their signals may be io_uring's, which are no reason to fail.
	 */
	if (nowait)
		ret = mutex_lock_killable(&client->lock);
	else
		ret = notify_client_lock(client);
	if (ret)
		return ret;
	ret = notify_client_read(client, to);
	mutex_unlock(&client->lock);
	return !ret && gone ? -ENODEV : ret;
}

/* The same, but instead of returning 0 it sleeps for a packet, as one of the requests. */
static noinline ssize_t notify_client_wait_read(struct notify_multi_client *client,
						struct iov_iter *to)
{
	int others = -1;
	ssize_t ret;

	for (;;) {
		if (notify_client_readable(client)) {
			ret = notify_client_try_read(client, to, false);
			if (ret)
				break;
		}

		ret = -EINVAL;
		if (iov_iter_count(to) < notify_client_read_size(client))
			break;
		if (others < 0)
			others = notify_client_pend(client);
		ret = others;
		if (others < 0)
			break;
		ret = notify_client_sleep(client, !others);
		if (ret)
			break;
	}
	if (others >= 0)
		notify_client_unpend(client);
	return ret;
}

static ssize_t notify_multi_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct notify_multi_client *client = file->private_data;
	ssize_t ret;

	if (!iov_iter_count(to))
		return 0;
	if (iocb->ki_flags & IOCB_NOWAIT || file->f_flags & O_NONBLOCK)
		ret = notify_client_try_read(client, to, iocb->ki_flags & IOCB_NOWAIT);
	else
		ret = notify_client_wait_read(client, to);
	return notify_multi_read_error(iocb, ret) ?: -EAGAIN;
}

static __poll_t notify_multi_poll(struct file *file, poll_table *wait)
{
	struct notify_multi_client *client = file->private_data;
	struct notify_queue queue;
	__poll_t mask = 0;

	poll_wait(file, &client->polls, wait);
	/* Pairs with notify_multi_wake(); poll_wait() of older kernels has no barrier. */
	smp_mb();

	/* Before the queue is looked at: with EPOLLHUP goes EPOLLIN for the last packet. */
	if (smp_load_acquire(&client->nm->gone))
		mask |= EPOLLHUP;
	queue = notify_client_peek(client);
	if (queue.pending)
		mask |= EPOLLIN | EPOLLRDNORM;
	if (queue.lost)
		mask |= EPOLLPRI;
	return mask;
}

static int notify_multi_fasync(int fd, struct file *file, int on)
{
	struct notify_multi_client *client = file->private_data;
	int changed = fasync_helper(fd, file, on, &client->fasync);

	if (changed > 0) {
		atomic_add(on ? 1 : -1, &client->nm->nr_fasync);
		/* Pairs with notify_multi_wake(): a packet not signalled is seen by a read. */
		smp_mb__after_atomic();
	}
	return changed;
}

/* -- Control. -------------------------------------------------------------- */

static int notify_client_get_info(struct notify_multi_client *client, void __user *arg)
{
	struct notify_multi *nm = client->nm;
	struct notify_multi_info info = {
		.abi_version = NOTIFY_MULTI_ABI_VERSION,
		.packet_size = nm->packet_size,
		.record_size = nm->record_size,
		.max_requests = nm->max_requests,
		.replay = nm->replay,
	};
	int ret;

	ret = notify_client_lock(client);
	if (ret)
		return ret;
	info.format = client->format;
	info.max_packets = notify_client_ring(client)->max_packets;
	mutex_unlock(&client->lock);
	info.ring_bytes = notify_ring_bytes(nm->packet_size, info.max_packets);

	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

/* Caller must hold nm->lock. */
static struct notify_queue notify_client_queue(struct notify_multi_client *client)
{
	struct notify_multi *nm = client->nm;
	u64 next = READ_ONCE(client->next);
	struct notify_queue queue = { };

	lockdep_assert_held(&nm->lock);
	if (!notify_multi_discards(nm))
		queue.pending = notify_ring_queued(notify_client_produce(client), nm->seq, next);
	queue.lost = nm->seq + 1 - queue.pending - next;
	return queue;
}

/* Fill in the members that change with each packet. Caller must hold client->lock. */
static void notify_client_count(struct notify_multi_client *client,
				struct notify_multi_stats *stats)
{
	struct notify_multi *nm = client->nm;
	struct notify_queue queue;

	spin_lock_irq(&nm->lock);
	queue = notify_client_queue(client);
	stats->seq = nm->seq;
	stats->clients = nm->nr_clients;
	spin_unlock_irq(&nm->lock);
	stats->pending_packets = queue.pending;
	stats->next = stats->seq + 1 - queue.pending;
	stats->delivered = client->delivered;
	stats->dropped = client->dropped + queue.lost;
}

static int notify_client_get_stats(struct notify_multi_client *client, void __user *arg)
{
	struct notify_multi_stats stats = {
		.abi_version = NOTIFY_MULTI_ABI_VERSION,
		.pending_requests = atomic_read(&client->requests),
	};
	int ret;

	ret = notify_client_lock(client);
	if (ret)
		return ret;
	notify_client_count(client, &stats);
	mutex_unlock(&client->lock);

	return copy_to_user(arg, &stats, sizeof(stats)) ? -EFAULT : 0;
}

static int notify_client_set_format(struct notify_multi_client *client, u32 format)
{
	int ret;

	if (format != NOTIFY_MULTI_FORMAT_RECORD && format != NOTIFY_MULTI_FORMAT_RAW)
		return -EINVAL;

	ret = notify_client_lock(client);
	if (ret)
		return ret;
	WRITE_ONCE(client->format, format);
	mutex_unlock(&client->lock);
	return 0;
}

/*
 * Fills a ring that nobody else sees yet with what waits in another for who reads @next
 * next, or with the newest of it. Called with nm->lock, and returns with it: the caller
 * makes the ring seen before the next broadcast.
 *
 * Most is copied while broadcasts go on, lap by lap what came during the one before. What
 * they overwrite meanwhile does not wait any more in the end. With the lock no more is
 * copied than what each processor may have broadcast during a lap and while waiting for
 * the lock: that a queue is long, or the caller was preempted, keeps nobody out for longer.
 */
static void notify_multi_fill_ring(struct notify_multi *nm, struct notify_ring *new,
				   struct notify_ring *from, u64 next, u32 flags)
	__must_hold(&nm->lock)
{
	u32 few = 2 * num_online_cpus();
	u64 last, from_seq = next;
	u32 keep;

	for (;;) {
		last = nm->seq;
		keep = min(notify_ring_queued(from, last, from_seq), new->max_packets);
		if (keep <= few)
			break;
		spin_unlock_irq(&nm->lock);
		notify_ring_copy(new, from, last, keep, flags);
		from_seq = last + 1;
		spin_lock_irq(&nm->lock);
	}
	notify_ring_copy(new, from, last, keep, flags);
	keep = min(notify_ring_queued(from, last, next), new->max_packets);
	notify_ring_init_seqs(new, last + 1 - keep, last);
}

/*
 * Keeps of what waits the newest packets that fit. -EBUSY if the ring is mapped. Called
 * with client->lock.
 */
static int notify_client_replace_ring(struct notify_multi_client *client,
				      struct notify_ring *new)
{
	struct notify_multi *nm = client->nm;
	struct notify_ring *old = notify_client_ring(client);
	int ret = 0;

	spin_lock_irq(&nm->lock);
	notify_multi_fill_ring(nm, new, old, client->next, 0);
	if (client->mappings)
		ret = -EBUSY;
	else
		rcu_assign_pointer(client->ring, new);
	spin_unlock_irq(&nm->lock);
	return ret;
}

static int notify_client_set_max_packets(struct notify_multi_client *client, u32 max_packets)
{
	u32 packet_size = client->nm->packet_size;
	struct notify_ring *old, *new;
	int ret;

	if (!notify_multi_ring_fits(packet_size, max_packets))
		return -EINVAL;
	new = notify_ring_alloc(packet_size, max_packets, GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;

	ret = notify_client_lock(client);
	if (!ret) {
		old = notify_client_ring(client);
		ret = notify_client_replace_ring(client, new);
		mutex_unlock(&client->lock);
	}
	if (ret) {
		notify_ring_free(new);
		return ret;
	}
	if (notify_client_peek(client).lost)
		wake_up_interruptible_poll(&client->polls, EPOLLPRI);

	synchronize_rcu(); /* notify_client_peek() may still look at it. */
	notify_ring_free(old);
	return 0;
}

static int notify_client_consume_to(struct notify_multi_client *client, u64 seq)
{
	u64 last, oldest;
	int ret;

	ret = notify_client_lock(client);
	if (ret)
		return ret;
	last = notify_ring_last(notify_client_ring(client));
	oldest = last + 1 - notify_ring_queued(notify_client_ring(client), last, client->next);
	if (seq <= last && seq >= client->next)
		notify_client_consume(client, min(oldest, seq + 1), seq + 1);
	mutex_unlock(&client->lock);
	return seq > last ? -EINVAL : 0;
}

static long notify_multi_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
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
	default:
		return -ENOTTY;
	}
}

/* -- The mapped ring. ------------------------------------------------------ */

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
	spin_unlock_irq(&client->nm->lock);
}

static vm_fault_t notify_multi_vma_fault(struct vm_fault *vmf)
{
	struct notify_multi_client *client = vmf->vma->vm_private_data;
	/* The mapping keeps it. */
	struct notify_ring *ring = rcu_dereference_protected(client->ring, true);
	struct page *page = notify_ring_page(ring, vmf->pgoff);

	if (!page)
		return VM_FAULT_SIGBUS;
	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct notify_multi_vm_ops = {
	.open = notify_multi_vma_open,
	.close = notify_multi_vma_close,
	.fault = notify_multi_vma_fault,
};

/* Counts the mapping, if the ring has that many bytes. */
static int notify_client_map(struct notify_multi_client *client, unsigned long bytes)
{
	struct notify_multi *nm = client->nm;
	int ret = 0;

	spin_lock_irq(&nm->lock);
	if (bytes > rcu_dereference_protected(client->ring, lockdep_is_held(&nm->lock))->bytes)
		ret = -EINVAL;
	else
		client->mappings++;
	spin_unlock_irq(&nm->lock);
	return ret;
}

/* Must not take client->lock: a read that holds it may wait for mmap_lock in a fault. */
static int notify_multi_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct notify_multi_client *client = file->private_data;
	int ret;

	if (vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EACCES;
	if (!(vma->vm_flags & VM_MAYSHARE) || vma->vm_pgoff)
		return -EINVAL;
	/* Where a cache is looked up by virtual address, a mapping would show old packets. */
	if (client->nm->ops.complete || cpu_dcache_is_aliasing())
		return -EOPNOTSUPP;
	ret = notify_client_map(client, vma->vm_end - vma->vm_start);
	if (ret)
		return ret;

	/* Never to be written, nor to show more than there is. */
	vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, VM_MAYWRITE | VM_MAYEXEC);
	vma->vm_private_data = client;
	vma->vm_ops = &notify_multi_vm_ops;
	return 0;
}

/* -- Commands of io_uring. -------------------------------------------------- */

#ifdef NOTIFY_MULTI_URING
/**
 * struct notify_pend - a command that waits for a packet; DMF's pended request
 * @wait:      Its place among the reads that sleep, or empty while it is being completed.
 * @client:    The open.
 * @cmd:       The command, whose pdu points here.
 * @ticket:    Commands are completed in this order.
 * @addr:      The user's buffer.
 * @len:       Its bytes.
 * @cancelled: It is to be completed without a packet.
 */
struct notify_pend {
	struct wait_queue_entry wait;
	struct notify_multi_client *client;
	struct io_uring_cmd *cmd;
	u64 ticket;
	u64 addr;
	u32 len;
	bool cancelled;
};

static struct notify_pend **notify_pend_of(struct io_uring_cmd *cmd)
{
	return io_uring_cmd_to_pdu(cmd, struct notify_pend *);
}

static void notify_pend_finish(struct notify_pend *pend, ssize_t ret, unsigned int issue_flags)
{
	notify_client_unpend(pend->client);
	/* Until this the command can be cancelled, which looks at pend. */
	io_uring_cmd_done(pend->cmd, ret, issue_flags);
	kfree(pend);
}

/* Bytes read, 0 if nothing waits, or a negative errno. */
static ssize_t notify_pend_read(struct notify_pend *pend)
{
	struct notify_multi_client *client = pend->client;
	struct iov_iter to;
	ssize_t ret;

	ret = import_ubuf(ITER_DEST, u64_to_user_ptr(pend->addr), pend->len, &to);
	if (ret)
		return ret;
	if (mutex_lock_killable(&client->lock))
		return -EINTR;
	iov_iter_truncate(&to, notify_client_read_size(client));
	ret = notify_client_read(client, &to);
	mutex_unlock(&client->lock);
	return ret;
}

static void notify_pend_complete(struct io_uring_cmd *cmd, unsigned int issue_flags, bool cancel);
NOTIFY_TASK_WORK(notify_pend_work, notify_pend_complete)

/*
 * A wake-up takes the command off the queue; the rest needs its task. A thread that has
 * ended without its io_uring will not do the rest: then the wake-up is for the next, too.
 */
static int notify_pend_wake(struct wait_queue_entry *wait, unsigned int mode, int sync, void *key)
{
	struct notify_pend *pend = container_of(wait, struct notify_pend, wait);
	/* data_race(): one that is about to end passes the wake-up on in notify_pend_finish(). */
	bool ended = data_race(READ_ONCE(io_uring_cmd_get_task(pend->cmd)->flags)) & PF_EXITING;

	list_del_init(&wait->entry);
	io_uring_cmd_complete_in_task(pend->cmd, notify_pend_work);
	return !ended;
}

/* A command again in its place: before the first that came later. */
static void notify_pend_requeue(struct notify_pend *pend)
{
	struct wait_queue_entry *other;

	lockdep_assert_held(&pend->client->wait.lock);
	list_for_each_entry(other, &pend->client->wait.head, entry)
		if (other->func == notify_pend_wake &&
		    container_of(other, struct notify_pend, wait)->ticket > pend->ticket)
			break;
	list_add_tail(&pend->wait.entry, &other->entry);
}

/*
 * The command may be completed, cancelled, and the open closed, as soon as wait.lock is
 * let go of.
 */
static void notify_pend_queue(struct notify_pend *pend)
{
	struct notify_multi_client *client = pend->client;
	struct wait_queue_head *head = &client->wait;

	spin_lock_irq(&head->lock);
	if (pend->ticket) {
		notify_pend_requeue(pend);
	} else {
		pend->ticket = ++client->tickets;
		__add_wait_queue_entry_tail_exclusive(head, &pend->wait);
	}

	/* Pairs with notify_multi_wake(): either we see the new head, or it sees us. */
	smp_mb();
	if (READ_ONCE(client->nm->gone))
		__wake_up_locked(head, TASK_INTERRUPTIBLE, 0);
	else if (notify_client_peek(client).pending)
		__wake_up_locked(head, TASK_INTERRUPTIBLE, 1);
	spin_unlock_irq(&head->lock);
}

/* Takes a command off the queue. False: somebody else has. */
static bool notify_pend_dequeue(struct notify_pend *pend)
{
	struct wait_queue_head *head = &pend->client->wait;
	bool queued;

	spin_lock_irq(&head->lock);
	queued = !list_empty(&pend->wait.entry);
	list_del_init(&pend->wait.entry);
	spin_unlock_irq(&head->lock);
	return queued;
}

/*
 * Runs in the task that submitted the command. With @cancel nobody waits for it any more:
 * there is no such task, or its io_uring is closed, and the buffer may be used for other
 * things.
 */
static void notify_pend_complete(struct io_uring_cmd *cmd, unsigned int issue_flags, bool cancel)
{
	struct notify_pend *pend = *notify_pend_of(cmd);
	/* Before the queue is looked at: the source's last packet came before it went. */
	bool gone = smp_load_acquire(&pend->client->nm->gone);
	ssize_t ret;

	if (cancel || pend->cancelled || fatal_signal_pending(current))
		ret = -ECANCELED;
	else
		ret = notify_pend_read(pend);
	if (!ret && gone)
		ret = -ENODEV;
	if (ret)
		notify_pend_finish(pend, ret, issue_flags);
	else
		notify_pend_queue(pend); /* A read was faster. */
}

static int notify_client_uring_pend(struct notify_multi_client *client, struct io_uring_cmd *cmd,
				    u64 addr, u32 len, unsigned int issue_flags)
{
	struct notify_pend *pend;
	int ret;

	if (!len)
		return 0;
	if (len < notify_client_read_size(client))
		return -EINVAL;
	pend = kzalloc(sizeof(*pend), GFP_KERNEL_ACCOUNT);
	if (!pend)
		return -ENOMEM;
	ret = notify_client_pend(client);
	if (ret < 0) {
		kfree(pend);
		return ret;
	}
	init_waitqueue_func_entry(&pend->wait, notify_pend_wake);
	INIT_LIST_HEAD(&pend->wait.entry);
	pend->client = client;
	pend->cmd = cmd;
	pend->addr = addr;
	pend->len = len;

	*notify_pend_of(cmd) = pend;
	io_uring_cmd_mark_cancelable(cmd, issue_flags);
	notify_pend_queue(pend);
	return -EIOCBQUEUED;
}

static int notify_client_uring_cancel(struct notify_multi_client *client, u64 addr)
{
	struct wait_queue_entry *wait, *next;
	int cancelled = 0;

	spin_lock_irq(&client->wait.lock);
	list_for_each_entry_safe(wait, next, &client->wait.head, entry) {
		struct notify_pend *pend = container_of(wait, struct notify_pend, wait);

		if (wait->func != notify_pend_wake || (addr && addr != pend->addr))
			continue;
		pend->cancelled = true;
		notify_pend_wake(wait, 0, 0, NULL);
		cancelled++;
	}
	spin_unlock_irq(&client->wait.lock);
	return cancelled ?: -ENOENT;
}

static int notify_multi_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct notify_multi_client *client = cmd->file->private_data;
	const struct notify_multi_uring_cmd *arg;
	u64 addr;
	u32 len;

	if (issue_flags & IO_URING_F_CANCEL) {
		struct notify_pend *pend = *notify_pend_of(cmd);

		if (notify_pend_dequeue(pend))
			notify_pend_finish(pend, -ECANCELED, issue_flags);
		return 0;
	}

	/* In memory that the user may change. */
	arg = io_uring_sqe_cmd(cmd->sqe, struct notify_multi_uring_cmd);
	addr = READ_ONCE(arg->addr);
	len = READ_ONCE(arg->len);
	if (READ_ONCE(arg->flags) || cmd->flags & IORING_URING_CMD_MASK)
		return -EINVAL;
	if (!(cmd->file->f_mode & FMODE_READ))
		return -EBADF;

	switch (cmd->cmd_op) {
	case NOTIFY_MULTI_URING_CMD_PEND:
		return notify_client_uring_pend(client, cmd, addr, len, issue_flags);
	case NOTIFY_MULTI_URING_CMD_CANCEL:
		return len ? -EINVAL : notify_client_uring_cancel(client, addr);
	default:
		return -ENOTTY;
	}
}
#endif /* NOTIFY_MULTI_URING */

/* -- Arrival and departure. ------------------------------------------------ */

static struct notify_multi_client *notify_client_create(struct notify_multi *nm)
{
	static atomic64_t last_id;
	struct notify_multi_client *client = kzalloc(sizeof(*client), GFP_KERNEL_ACCOUNT);
	struct notify_ring *ring;

	if (!client)
		return NULL;
	ring = notify_ring_alloc(nm->packet_size, nm->max_packets, GFP_KERNEL_ACCOUNT);
	if (!ring) {
		kfree(client);
		return NULL;
	}
	RCU_INIT_POINTER(client->ring, ring);
	rcuwait_init(&client->waiter);
	init_waitqueue_head(&client->polls);
	init_waitqueue_head(&client->wait);
	mutex_init(&client->lock);
	kref_get(&nm->kref);
	client->nm = nm;
	client->opener = get_pid(task_tgid(current));
	client->id = atomic64_inc_return(&last_id);
	return client;
}

static void notify_client_destroy(struct notify_multi_client *client)
{
	notify_ring_free(rcu_dereference_protected(client->ring, true));
	kvfree(client->taken);
	mutex_destroy(&client->lock);
	put_pid(client->opener);
	kref_put(&client->nm->kref, notify_multi_release);
	kfree_rcu(client, rcu);
}

/*
 * From here on broadcasts reach the client. It starts with the packets to replay: returns
 * their number.
 */
static u32 notify_client_join(struct notify_multi_client *client)
{
	struct notify_multi *nm = client->nm;
	struct notify_ring *ring = rcu_dereference_protected(client->ring, true);
	u32 replay;

	spin_lock_irq(&nm->lock);
	if (nm->history)
		notify_multi_fill_ring(nm, ring, nm->history, nm->history->first,
				       NOTIFY_MULTI_REC_REPLAY);
	else
		notify_ring_init_seqs(ring, nm->seq + 1, nm->seq);
	client->next = ring->first;
	replay = nm->seq + 1 - client->next;
	list_add_tail_rcu(&client->node, &nm->clients);
	/* WRITE_ONCE(): for clients_show(). */
	WRITE_ONCE(nm->nr_clients, nm->nr_clients + 1);
	spin_unlock_irq(&nm->lock);
	return replay;
}

static void notify_client_leave(struct notify_multi_client *client)
{
	struct notify_multi *nm = client->nm;

	spin_lock_irq(&nm->lock);
	nm->dropped += client->dropped + notify_client_queue(client).lost;
	list_del_rcu(&client->node);
	WRITE_ONCE(nm->nr_clients, nm->nr_clients - 1);
	spin_unlock_irq(&nm->lock);
}

/*
 * Runs with misc_mtx held, for which misc_deregister() waits: the source cannot go
 * meanwhile.
 */
static int notify_multi_open(struct inode *inode, struct file *file)
{
	struct notify_multi *nm = container_of(file->private_data, struct notify_multi, misc);
	struct notify_multi_client *client = notify_client_create(nm);
	int ret = 0;
	u32 replay;

	if (!client)
		return -ENOMEM;
	replay = notify_client_join(client);

	if (nm->ops.arrival)
		ret = nm->ops.arrival(client, file);
	if (ret < 0) {
		notify_client_leave(client);
		notify_client_destroy(client);
		return notify_multi_user_errno(ret);
	}

	trace_notify_multi_open(nm->name, client->opener, client->next, replay);
	file->private_data = client;
	file->f_mode |= FMODE_NOWAIT;
	return stream_open(inode, file); /* Which never fails. */
}

/* Called with nm->callbacks. */
static void notify_client_depart(struct notify_multi_client *client)
{
	struct notify_multi *nm = client->nm;

	lockdep_assert_held(&nm->callbacks);
	if (nm->ops.departure)
		nm->ops.departure(client);
}

static void notify_client_trace_release(struct notify_multi_client *client)
{
	struct notify_multi_stats stats = { };

	mutex_lock(&client->lock);
	notify_client_count(client, &stats);
	mutex_unlock(&client->lock);
	trace_notify_multi_release(client->nm->name, client->opener, stats.delivered,
				   stats.dropped, stats.pending_packets);
}

static int notify_multi_close(struct inode *inode, struct file *file)
{
	struct notify_multi_client *client = file->private_data;
	struct notify_multi *nm = client->nm;

	if (trace_notify_multi_release_enabled())
		notify_client_trace_release(client);
	down_read(&nm->callbacks);
	notify_client_leave(client);
	/* Otherwise notify_multi_unregister() has called it. */
	if (!nm->gone)
		notify_client_depart(client);
	up_read(&nm->callbacks);
	notify_client_destroy(client);
	return 0;
}

/* -- sysfs. ---------------------------------------------------------------- */

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

/* Caller must hold nm->lock. data_race(): a read may be reporting drops at this moment. */
static u64 notify_client_dropped_total(struct notify_multi_client *client)
{
	return data_race(client->dropped) + notify_client_queue(client).lost;
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
ATTRIBUTE_GROUPS(notify_multi);

/* -- fdinfo ---------------------------------------------------------------- */

/* Does not take client->lock: a reader may hold it for as long as its page fault takes. */
static void notify_multi_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct notify_multi_client *client = file->private_data;
	struct notify_multi *nm = client->nm;
	struct notify_queue queue;
	u64 delivered, dropped;
	u32 max_packets;

	spin_lock_irq(&nm->lock);
	queue = notify_client_queue(client);
	max_packets = notify_client_produce(client)->max_packets;
	delivered = data_race(client->delivered);
	dropped = notify_client_dropped_total(client);
	spin_unlock_irq(&nm->lock);

	seq_printf(m, "device:\t%s\n", nm->name);
	seq_printf(m, "client:\t%llu\n", client->id);
	seq_printf(m, "opener:\t%d\n", pid_vnr(client->opener));
	seq_printf(m, "queued:\t%u\n", queue.pending);
	seq_printf(m, "max:\t%u\n", max_packets);
	seq_printf(m, "delivered:\t%llu\n", delivered);
	seq_printf(m, "dropped:\t%llu\n", dropped);
	seq_printf(m, "pending:\t%d\n", atomic_read(&client->requests));
}

static const struct file_operations notify_multi_fops = {
	.owner = THIS_MODULE,
	.open = notify_multi_open,
	.release = notify_multi_close,
	.read_iter = notify_multi_read_iter,
	.splice_read = copy_splice_read,
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

/* -- Registration. --------------------------------------------------------- */

static bool notify_multi_name_valid(const char *name)
{
	size_t length = name ? strlen(name) : 0;

	return length && length <= NOTIFY_MULTI_NAME_MAX && !strpbrk(name, "/!") &&
	       strcmp(name, ".") && strcmp(name, "..");
}

/* What of it is out of range, or NULL. */
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
	return NULL;
}

static struct notify_multi *notify_multi_create(struct device *parent,
						const struct notify_multi_config *config)
{
	struct notify_multi *nm = kzalloc(sizeof(*nm), GFP_KERNEL);

	if (!nm)
		return NULL;
	kref_init(&nm->kref);
	init_rwsem(&nm->callbacks);
	spin_lock_init(&nm->lock);
	INIT_LIST_HEAD(&nm->clients);
	nm->packet_size = config->packet_size;
	nm->record_size = notify_ring_record_size(nm->packet_size);
	nm->max_packets = config->max_packets;
	nm->max_requests = config->max_requests;
	nm->replay = config->replay;
	nm->first_seq = config->first_seq ?: 1;
	nm->seq = nm->first_seq - 1;
	if (config->ops)
		nm->ops = *config->ops;
	nm->drvdata = config->drvdata;

	nm->name = kstrdup(config->name, GFP_KERNEL);
	/* A name of its own in the class of misc devices, where a "watchdog" may be. */
	nm->misc.name = kasprintf(GFP_KERNEL, "notify!%s", config->name);
	nm->misc.nodename = kasprintf(GFP_KERNEL, "notify/%s", config->name);
	nm->misc.minor = MISC_DYNAMIC_MINOR;
	nm->misc.mode = config->mode ?: NOTIFY_MULTI_DEFAULT_MODE;
	nm->misc.fops = &notify_multi_fops;
	nm->misc.groups = notify_multi_groups;
	nm->misc.parent = parent;
	if (nm->replay)
		nm->history = notify_ring_alloc(nm->packet_size, nm->replay, GFP_KERNEL);

	if (!nm->name || !nm->misc.name || !nm->misc.nodename || (nm->replay && !nm->history)) {
		kref_put(&nm->kref, notify_multi_release);
		return NULL;
	}
	if (nm->history)
		notify_ring_init_seqs(nm->history, nm->first_seq, nm->seq);
	return nm;
}

/* Two devices of one name would be found only by sysfs, with a backtrace. */
static int notify_multi_publish(struct notify_multi *nm)
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

static void notify_multi_withdraw(struct notify_multi *nm)
{
	mutex_lock(&notify_multi_devices_lock);
	misc_deregister(&nm->misc);
	list_del(&nm->siblings);
	mutex_unlock(&notify_multi_devices_lock);
}

/**
 * notify_multi_register() - make a device
 * @parent: The device that the packets come from; may be NULL.
 * @config: What the device is to be like.
 *
 * The node may be opened, and callbacks run, before the function returns.
 *
 * Context: Process context, may sleep. Must not be called with a lock held that an
 * arrival callback takes.
 *
 * Return: The device, which lives until notify_multi_unregister(); or an ERR_PTR():
 * %-EINVAL for a config out of range or a ring over the module's max_ring_bytes,
 * %-EEXIST for a name that is taken, %-EBUSY when there is no minor left, %-ENOMEM.
 */
struct notify_multi *notify_multi_register(struct device *parent,
					   const struct notify_multi_config *config)
{
	const char *error = notify_multi_config_error(config);
	struct notify_multi *nm;
	int ret;

	if (error) {
		pr_err_ratelimited("%.63s: %s is out of range\n", config->name ?: "", error);
		return ERR_PTR(-EINVAL);
	}
	nm = notify_multi_create(parent, config);
	if (!nm)
		return ERR_PTR(-ENOMEM);

	ret = notify_multi_publish(nm);
	if (ret) {
		kref_put(&nm->kref, notify_multi_release);
		return ERR_PTR(ret);
	}
	return nm;
}
EXPORT_SYMBOL_GPL(notify_multi_register);

/**
 * notify_multi_unregister() - the source goes
 * @nm: The device; not to be used any more afterwards.
 *
 * Removes the node and wakes everybody: reads return what is still queued, then ENODEV.
 * The departure callback has run for every open when the function returns, and no
 * callback runs after that.
 *
 * Context: Process context, may sleep. Not from a callback, nor with a lock held that a
 * callback takes.
 */
void notify_multi_unregister(struct notify_multi *nm)
{
	struct notify_multi_client *client;

	notify_multi_withdraw(nm);

	down_write(&nm->callbacks);
	spin_lock_irq(&nm->lock);
	/* Pairs with the acquire loads of gone: orders the last packet's head before gone. */
	smp_store_release(&nm->gone, true);
	spin_unlock_irq(&nm->lock);

	list_for_each_entry(client, &nm->clients, node) {
		notify_client_wake_all(client);
		kill_fasync(&client->fasync, SIGIO, POLL_HUP);
		notify_client_depart(client);
	}
	up_write(&nm->callbacks);

	kref_put(&nm->kref, notify_multi_release);
}
EXPORT_SYMBOL_GPL(notify_multi_unregister);

static void notify_multi_unregister_action(void *nm)
{
	notify_multi_unregister(nm);
}

/**
 * devm_notify_multi_register() - make a device that goes with its parent's driver
 * @parent: The device that the packets come from.
 * @config: What the device is to be like.
 *
 * As notify_multi_register(); notify_multi_unregister() is called when @parent's driver
 * is unbound.
 *
 * Context: As notify_multi_register().
 * Return: As notify_multi_register().
 */
struct notify_multi *devm_notify_multi_register(struct device *parent,
						const struct notify_multi_config *config)
{
	struct notify_multi *nm = notify_multi_register(parent, config);
	int ret;

	if (IS_ERR(nm))
		return nm;
	ret = devm_add_action_or_reset(parent, notify_multi_unregister_action, nm);
	return ret ? ERR_PTR(ret) : nm;
}
EXPORT_SYMBOL_GPL(devm_notify_multi_register);

/**
 * notify_multi_drvdata() - the source's own pointer
 * @nm: The device.
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
 * notify_multi_of() - the device of an open
 * @client: The open, as a callback is given it.
 *
 * Context: Any, between the open's arrival and its departure.
 * Return: The device.
 */
struct notify_multi *notify_multi_of(struct notify_multi_client *client)
{
	return client->nm;
}
EXPORT_SYMBOL_GPL(notify_multi_of);

/**
 * notify_multi_set_private() - keep a pointer of the source's for an open
 * @client:  The open, as a callback is given it.
 * @private: The pointer; the source frees what it points to, on departure.
 *
 * Context: Any, between the open's arrival and its departure; calls for one open are
 * serialised by the source.
 */
void notify_multi_set_private(struct notify_multi_client *client, void *private)
{
	client->private = private;
}
EXPORT_SYMBOL_GPL(notify_multi_set_private);

/**
 * notify_multi_get_private() - the pointer that the source keeps for an open
 * @client: The open, as a callback is given it.
 *
 * Context: Any, between the open's arrival and its departure.
 * Return: What notify_multi_set_private() was given last; NULL before.
 */
void *notify_multi_get_private(struct notify_multi_client *client)
{
	return client->private;
}
EXPORT_SYMBOL_GPL(notify_multi_get_private);

MODULE_DESCRIPTION("Broadcast of hardware notifications to every open of a device");
MODULE_AUTHOR("The notify_multi developers");
MODULE_LICENSE("GPL");
