// SPDX-License-Identifier: GPL-2.0
/*
 * Path of a packet from the queue to its reader: read, poll, SIGIO and requests.
 */

#include <linux/kcsan-checks.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "internal.h"
#include "notify_multi_trace.h"

/* -- State of the queue ---------------------------------------------------- */

/*
 * Return true if a packet is queued. Needs no lock; misses only a backlog of exactly n * 2^32
 * packets.
 */
bool notify_client_ready(struct notify_multi_client *client)
{
	return (u32)notify_multi_last(client->nm) + 1 != (u32)READ_ONCE(client->next);
}

/* Return true if packets copied from @seq on may have been overwritten during the copy. */
static bool notify_client_overwritten(struct notify_multi_client *client, u64 seq)
{
	/* Pairs with notify_multi_push(): orders the copy before last. */
	smp_rmb();
	return atomic64_read(&client->nm->last) + 1 - seq > notify_client_ring(client)->mask;
}

/* complete() can no longer run, so queued packets are discarded. */
static bool notify_multi_discards(struct notify_multi *nm)
{
	return nm->ops.complete && READ_ONCE(nm->gone);
}

/*
 * Caller must hold nm->lock. Without client->lock, the result is an estimate while a read runs.
 * On 32-bit, next may then be read torn; min() prevents an underflow.
 */
struct notify_queue notify_client_queue(struct notify_multi_client *client)
{
	struct notify_multi *nm = client->nm;
	u64 last = notify_multi_last(nm);
	u64 next = min(READ_ONCE(client->next), last + 1);
	struct notify_queue queue = { };

	lockdep_assert_held(&nm->lock);
	if (!notify_multi_discards(nm))
		queue.queued = notify_ring_queued(notify_client_producer_ring(client), last, next);
	queue.dropped = last + 1 - queue.queued - next;
	return queue;
}

/*
 * Events for poll(), without a lock. next is read after newest, so that a read that ends in
 * between makes the queue look shorter. On 32-bit, next may be read torn: notify_client_ready()
 * makes sure that no packet is missed.
 */
static __poll_t notify_client_poll_events(struct notify_multi_client *client)
{
	struct notify_ring *ring;
	u64 newest, next;
	u32 queued;

	if (notify_multi_discards(client->nm))
		return 0;

	rcu_read_lock();
	ring = rcu_dereference(client->ring);
	/* Pairs with rcu_assign_pointer(): last and next are not older than the ring. */
	smp_rmb();
	newest = notify_multi_last(client->nm);
	next = READ_ONCE(client->next);
	queued = notify_ring_queued(ring, newest, next);
	rcu_read_unlock();

	return (queued || notify_client_ready(client) ? EPOLLIN | EPOLLRDNORM : 0) |
	       (newest + 1 > next + queued ? EPOLLPRI : 0);
}

/* Out of line: even disabled tracepoints cost registers when inlined. */
static noinline void notify_client_trace(struct notify_multi_client *client, u64 seq, u64 next)
{
	u64 first = client->next;

	if (seq != first)
		trace_notify_multi_drop(client->nm->name, client->opener, first, seq - first);
	if (next != seq)
		trace_notify_multi_read(client->nm->name, client->opener, seq, next - seq);
}

/* Account packets [@seq, @next) as delivered, earlier unread ones as dropped. */
void notify_client_consume(struct notify_multi_client *client, u64 seq, u64 next)
{
	lockdep_assert_held(&client->lock);
	ASSERT_EXCLUSIVE_WRITER(client->next);

	if (trace_notify_multi_drop_enabled() || trace_notify_multi_read_enabled())
		notify_client_trace(client, seq, next);
	client->dropped += seq - client->next;
	client->delivered += next - seq;
	WRITE_ONCE(client->next, next);
}

static u32 notify_client_drops_before(struct notify_multi_client *client, u64 seq)
{
	return min_t(u64, seq - client->next, U32_MAX);
}

/* -- Records --------------------------------------------------------------- */

/*
 * The data is inside the ring, so skip the usercopy check of copy_to_iter(): it looks up the
 * vmalloc area under a shared lock, a sixth of the cost of a read.
 */
static size_t notify_client_copy(const void *from, size_t bytes, struct iov_iter *to)
{
	/* data_race(): the caller checks for overwritten records. */
	return data_race(_copy_to_iter(from, bytes, to));
}

/* Set dropped in the first record after a drop; it is always 0 in the ring. */
static noinline size_t notify_client_copy_after_drop(struct notify_multi_client *client, u64 seq,
						     const struct notify_multi_record *first,
						     size_t bytes, struct iov_iter *to)
{
	struct notify_multi_record header;
	size_t copied;

	notify_ring_read(&header, first, sizeof(header));
	header.dropped = notify_client_drops_before(client, seq);
	copied = copy_to_iter(&header, sizeof(header), to);
	if (copied == sizeof(header))
		copied += notify_client_copy(first + 1, bytes - sizeof(header), to);
	return copied;
}

/* Copy adjacent records, of which only the first can follow a drop. */
static size_t notify_client_copy_run(struct notify_multi_client *client, u64 seq, size_t bytes,
				     struct iov_iter *to)
{
	struct notify_multi_record *first = notify_ring_slot(notify_client_ring(client), (u32)seq);

	if (seq != client->next)
		return notify_client_copy_after_drop(client, seq, first, bytes, to);
	return notify_client_copy(first, bytes, to);
}

/* Copy complete records straight from the ring, as many as are queued and fit. */
static ssize_t notify_client_read_records(struct notify_multi_client *client, struct iov_iter *to)
{
	struct notify_ring *ring = notify_client_ring(client);
	u32 size = ring->record_size;
	size_t space = iov_iter_count(to) / size;
	u32 max_run = U32_MAX;
	ssize_t done = 0;

	while (space) {
		u64 newest = notify_multi_last(client->nm);
		u32 queued = notify_ring_queued(ring, newest, client->next);
		u64 seq = newest + 1 - queued;
		u32 to_end = ring->mask + 1 - ((u32)seq & ring->mask);
		u32 count = min_t(size_t, min3(queued, to_end, max_run), space);
		size_t bytes = (size_t)count * size;
		size_t copied;

		if (!count)
			break;
		copied = notify_client_copy_run(client, seq, bytes, to);
		if (notify_client_overwritten(client, seq)) {
			/* Overwritten during the copy: retry with fewer records. */
			iov_iter_revert(to, copied);
			if (fatal_signal_pending(current))
				return done ?: -EINTR;
			cond_resched();
			max_run = max(count / 2, 1U);
			continue;
		}
		if (copied < bytes) {
			/* Bad buffer: do not deliver a part of a record. */
			count = copied / size;
			iov_iter_revert(to, copied - (size_t)count * size);
			space = count;
		}
		if (!count)
			return done ?: -EFAULT;
		notify_client_consume(client, seq, seq + count);
		done += (size_t)count * size;
		space -= count;
		max_run = U32_MAX;
	}
	return done;
}

/* -- Single packets -------------------------------------------------------- */

/* Call complete(), if there is one, on client->copy. Return -errno if that is not possible. */
static int notify_client_complete(struct notify_multi_client *client, u64 seq)
{
	struct notify_multi *nm = client->nm;
	int ret = 0;

	client->complete_ret = 0;
	if (nm->ops.complete) {
		ret = down_read_killable(&nm->ops_rwsem);
		if (ret)
			return ret;
		if (nm->gone)
			ret = -ENODEV;
		else
			client->complete_ret = nm->ops.complete(client, client->copy,
								client->copy + 1);
		up_read(&nm->ops_rwsem);
	}
	if (!ret)
		client->completed_seq = seq;
	return ret;
}

/*
 * Copy the next packet to client->copy and complete it, unless a failed read has already done
 * so. Return 1, 0 if none is queued, or -errno.
 */
static int notify_client_copy_next(struct notify_multi_client *client)
{
	struct notify_ring *ring = notify_client_ring(client);
	u64 newest, seq;
	u32 queued;
	int ret = 0;

	if (!client->copy) {
		client->copy = kvmalloc(ring->record_size, GFP_KERNEL_ACCOUNT);
		if (!client->copy)
			return -ENOMEM;
	}
	for (;;) {
		newest = notify_multi_last(client->nm);
		queued = notify_ring_queued(ring, newest, client->next);
		if (!queued)
			return 0;
		seq = newest + 1 - queued;
		if (client->completed_seq == seq)
			break;
		client->completed_seq = 0;
		notify_ring_read(client->copy, notify_ring_slot(ring, (u32)seq),
				 ring->record_size);
		if (!notify_client_overwritten(client, seq))
			break;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}

	client->copy->dropped = notify_client_drops_before(client, seq);
	if (client->completed_seq != seq)
		ret = notify_client_complete(client, seq);
	return ret ?: 1;
}

/* Read one packet at a time, to complete it or to check its status. */
static ssize_t notify_client_read_packets(struct notify_multi_client *client, struct iov_iter *to)
{
	bool raw = client->format == NOTIFY_MULTI_FORMAT_RAW;
	size_t size = notify_client_read_size(client);
	ssize_t done = 0;

	while (iov_iter_count(to) >= size) {
		int ret = notify_client_copy_next(client);
		u64 seq = client->completed_seq;
		size_t copied;

		if (ret <= 0)
			return done ?: ret;

		ret = min(client->complete_ret, 0);
		if (!ret && raw)
			ret = client->copy->status;
		if (ret) {
			if (!done)
				notify_client_consume(client, seq, seq + 1);
			return done ?: notify_multi_user_errno(ret);
		}

		copied = copy_to_iter(raw ? client->copy + 1 : client->copy, size, to);
		if (copied < size) {
			iov_iter_revert(to, copied);
			return done ?: -EFAULT;
		}
		notify_client_consume(client, seq, seq + 1);
		done += size;
	}
	return done;
}

/* Caller must hold client->lock. Return bytes read, 0 if none are queued, or -errno. */
ssize_t notify_client_read(struct notify_multi_client *client, struct iov_iter *to)
{
	struct notify_multi *nm = client->nm;

	if (notify_multi_discards(nm))
		return 0;
	/* An empty queue returns EAGAIN, not EINVAL, for programs that read until EAGAIN. */
	if (iov_iter_count(to) < notify_client_read_size(client))
		return notify_client_ready(client) ? -EINVAL : 0;
	if (nm->ops.complete || client->format == NOTIFY_MULTI_FORMAT_RAW)
		return notify_client_read_packets(client, to);
	return notify_client_read_records(client, to);
}

/* -- Requests -------------------------------------------------------------- */

/*
 * Set the client's bit in nm->waiting, so that broadcasts wake its waiters. Call it after queueing
 * a waiter and before checking the queue for the last time. Broadcasts clear the bit if they find
 * no waiter.
 */
void notify_client_announce_waiter(struct notify_multi_client *client)
{
	struct notify_multi *nm = client->nm;
	unsigned int bit = client->index % NOTIFY_WAITING_BITS;

	/* Pairs with notify_multi_wake_bit(): orders the waiter before the bit. */
	smp_mb();
	if (!test_bit(bit, nm->waiting))
		set_bit(bit, nm->waiting);
	/* Pairs with notify_multi_wake(): orders the bit, set by any waiter, before last. */
	smp_mb();
}

/*
 * Count a command, or a read about to sleep, against max_requests until it returns (DMF: a
 * pended request). Return the number of other requests or -EBUSY.
 */
int notify_client_begin_request(struct notify_multi_client *client)
{
	int max = client->nm->max_requests;
	int others = atomic_fetch_add_unless(&client->nr_requests, 1, max);

	if (others == max)
		return -EBUSY;
	notify_client_announce_waiter(client);
	return others;
}

/* The request may have consumed a wakeup: if packets are left, wake the next request. */
void notify_client_end_request(struct notify_multi_client *client)
{
	if (atomic_dec_return(&client->nr_requests) && notify_client_ready(client))
		notify_client_wake_request(client);
}

/* Wake the oldest waiting request. */
void notify_client_wake_request(struct notify_multi_client *client)
{
	/* rcuwait_wake_up() returns 0 if no reader sleeps, or if it has been woken already. */
	if (!rcuwait_wake_up(&client->waiter))
		wake_up_interruptible(&client->request_wait);
}

static bool notify_client_readable(struct notify_multi_client *client)
{
	return READ_ONCE(client->nm->gone) || notify_client_ready(client);
}

/*
 * Sleep until a packet, a signal or unregistration. Both waits have a full barrier that pairs
 * with notify_multi_wake(): a sleeper sees the new last, or the wakeup sees the sleeper.
 */
static int notify_client_sleep(struct notify_multi_client *client, bool single)
{
	int ret;

	if (single)
		ret = rcuwait_wait_event(&client->waiter, notify_client_readable(client),
					 TASK_INTERRUPTIBLE);
	else
		ret = wait_event_interruptible_exclusive(client->request_wait,
							 notify_client_readable(client));
	return ret ? -ERESTARTSYS : 0;
}

/* -- read() ---------------------------------------------------------------- */

/*
 * -EAGAIN and -EOPNOTSUPP mean "nothing read" to async and IOCB_NOWAIT callers, and make
 * io_uring retry. Return a packet's error as -EIO instead.
 */
static ssize_t notify_multi_read_error(struct kiocb *iocb, ssize_t ret)
{
	if ((ret == -EAGAIN || ret == -EOPNOTSUPP) &&
	    (!is_sync_kiocb(iocb) || iocb->ki_flags & IOCB_NOWAIT))
		return -EIO;
	return ret;
}

/* Return bytes read, 0 if none are queued, or -errno. */
static ssize_t notify_client_try_read(struct notify_multi_client *client, struct iov_iter *to,
				      bool nowait)
{
	/* Pairs with notify_multi_unregister(): read before the queue, to not miss a packet. */
	bool gone = smp_load_acquire(&client->nm->gone);
	ssize_t ret;

	/*
	 * A nonblocking read still waits for a running read: after a false EAGAIN, an
	 * edge-triggered poll or a multishot read would not retry. Task work of io_uring looks
	 * like a signal, so with IOCB_NOWAIT only a fatal signal ends the wait.
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

/* Sleep if nothing is queued. Return bytes read or -errno. */
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
			others = notify_client_begin_request(client);
		ret = others;
		if (others < 0)
			break;
		ret = notify_client_sleep(client, !others);
		if (ret)
			break;
	}
	if (others >= 0)
		notify_client_end_request(client);
	return ret;
}

ssize_t notify_multi_read_iter(struct kiocb *iocb, struct iov_iter *to)
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

/* -- poll() and SIGIO ------------------------------------------------------ */

__poll_t notify_multi_poll(struct file *file, poll_table *wait)
{
	struct notify_multi_client *client = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &client->poll_wait, wait);
	notify_client_announce_waiter(client);

	/* Pairs with notify_multi_unregister(): read before the queue, to not miss a packet. */
	if (smp_load_acquire(&client->nm->gone))
		mask |= EPOLLHUP;
	return mask | notify_client_poll_events(client);
}

int notify_multi_fasync(int fd, struct file *file, int on)
{
	struct notify_multi_client *client = file->private_data;
	int ret = fasync_helper(fd, file, on, &client->fasync);

	/* A later read sees packets that sent no SIGIO. */
	notify_client_announce_waiter(client);
	return ret;
}
