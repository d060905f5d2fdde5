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

/* Return true if a packet is queued. Needs no lock. */
static bool notify_client_ready(struct notify_multi_client *client)
{
	return notify_multi_last(client->nm) >= notify_client_next(client);
}

/* Return true if a read would not sleep. Needs no lock. */
bool notify_client_readable(struct notify_multi_client *client)
{
	return READ_ONCE(client->nm->gone) || notify_client_ready(client);
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

/* Caller must hold nm->lock. */
struct notify_counts notify_client_counts(struct notify_multi_client *client)
{
	struct notify_multi *nm = client->nm;
	u64 last = notify_multi_last(nm);
	u64 next = notify_client_next(client);
	struct notify_counts counts = { };

	lockdep_assert_held(&nm->lock);
	if (!notify_multi_discards(nm))
		counts.queued = notify_ring_queued(notify_client_producer_ring(client), last,
						   next);
	counts.unreported = last + 1 - counts.queued - next;
	counts.dropped = client->dropped + counts.unreported;
	counts.delivered = next - client->start - client->dropped;
	return counts;
}

/* Bytes that a read with a large buffer would return now (FIONREAD). */
int notify_client_readable_bytes(struct notify_multi_client *client)
{
	u32 queued;

	spin_lock_irq(&client->nm->lock);
	queued = notify_client_counts(client).queued;
	spin_unlock_irq(&client->nm->lock);
	return min_t(u64, (u64)queued * notify_client_read_size(client), INT_MAX);
}

/*
 * Events for poll(), without a lock. next is read after newest, so that a read that ends in
 * between makes the queue look shorter.
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
	next = notify_client_next(client);
	queued = notify_ring_queued(ring, newest, next);
	rcu_read_unlock();

	return (queued ? EPOLLIN | EPOLLRDNORM : 0) |
	       (newest + 1 > next + queued ? EPOLLPRI : 0);
}

/* Out of line: even disabled tracepoints cost registers when inlined. */
static noinline void notify_client_trace(struct notify_multi_client *client, u64 seq, u64 next)
{
	u64 first = notify_client_next(client);

	if (seq != first)
		trace_notify_multi_drop(client->nm->name, client->opener, first, seq - first);
	if (next != seq)
		trace_notify_multi_read(client->nm->name, client->opener, seq, next - seq);
}

/* Account packets [@seq, @next) as delivered, earlier unread ones as dropped. */
void notify_client_consume(struct notify_multi_client *client, u64 seq, u64 next)
{
	u64 dropped = seq - notify_client_next(client);

	lockdep_assert_held(&client->lock);
	ASSERT_EXCLUSIVE_WRITER(client->next);

	if (trace_notify_multi_drop_enabled() || trace_notify_multi_read_enabled())
		notify_client_trace(client, seq, next);
	if (!dropped) {
		atomic64_set(&client->next, next);
		return;
	}
	/* notify_client_counts() sees both changes or none. */
	spin_lock_irq(&client->nm->lock);
	client->dropped += dropped;
	atomic64_set(&client->next, next);
	spin_unlock_irq(&client->nm->lock);
}

static u32 notify_client_drops_before(struct notify_multi_client *client, u64 seq)
{
	return min_t(u64, seq - notify_client_next(client), U32_MAX);
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

	if (seq != notify_client_next(client))
		return notify_client_copy_after_drop(client, seq, first, bytes, to);
	return notify_client_copy(first, bytes, to);
}

/* Let other tasks run. Return false if the task is being killed. */
static bool notify_client_pause(void)
{
	cond_resched();
	return !fatal_signal_pending(current);
}

/* Copy complete records straight from the ring, as many as are queued and fit, at most @space. */
static ssize_t notify_client_read_records(struct notify_multi_client *client, struct iov_iter *to,
					  size_t space)
{
	struct notify_ring *ring = notify_client_ring(client);
	u32 size = ring->record_size;
	u32 max_run = notify_ring_batch(ring);
	ssize_t done = 0;

	space = min(space, iov_iter_count(to) / size);
	while (space) {
		u64 newest = notify_multi_last(client->nm);
		u32 queued = notify_ring_queued(ring, newest, notify_client_next(client));
		u64 seq = newest + 1 - queued;
		u32 to_end = ring->mask + 1 - ((u32)seq & ring->mask);
		u32 count = min_t(size_t, min3(queued, to_end, max_run), space);
		size_t bytes = (size_t)count * size;
		size_t copied;

		if (!count)
			break;
		if (done && !notify_client_pause())
			break;
		copied = notify_client_copy_run(client, seq, bytes, to);
		if (notify_client_overwritten(client, seq)) {
			/* Overwritten during the copy: retry with fewer records. */
			iov_iter_revert(to, copied);
			if (!notify_client_pause())
				return done ?: -EINTR;
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
		max_run = notify_ring_batch(ring);
	}
	return done;
}

/* -- Single packets -------------------------------------------------------- */

/* Let the source not unregister. Return 0 with nm->ops_rwsem held, or -errno. */
int notify_multi_begin_callback(struct notify_multi *nm)
{
	int ret = down_read_killable(&nm->ops_rwsem);

	if (!ret && nm->gone) {
		up_read(&nm->ops_rwsem);
		ret = -ENODEV;
	}
	return ret;
}

/* Call complete(), if there is one, on client->copy. Return -errno if that is not possible. */
static int notify_client_complete(struct notify_multi_client *client, u64 seq)
{
	struct notify_multi *nm = client->nm;
	int ret;

	client->complete_ret = 0;
	if (nm->ops.complete) {
		ret = notify_multi_begin_callback(nm);
		if (ret)
			return ret;
		client->complete_ret = nm->ops.complete(client, client->copy, client->copy + 1);
		up_read(&nm->ops_rwsem);
	}
	client->completed_seq = seq;
	return 0;
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
		queued = notify_ring_queued(ring, newest, notify_client_next(client));
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
		if (!notify_client_pause())
			return -EINTR;
	}

	client->copy->dropped = notify_client_drops_before(client, seq);
	if (client->completed_seq != seq)
		ret = notify_client_complete(client, seq);
	return ret ?: 1;
}

/* Read at most @space packets, one at a time, to complete them or to check their status. */
static ssize_t notify_client_read_packets(struct notify_multi_client *client, struct iov_iter *to,
					  size_t space, bool raw)
{
	struct notify_ring *ring = notify_client_ring(client);
	size_t size = raw ? client->nm->packet_size : ring->record_size;
	u32 batch = notify_ring_batch(ring);
	ssize_t done = 0;
	u32 count = 0;

	space = min(space, iov_iter_count(to) / size);
	while (space--) {
		u64 seq;
		size_t copied;
		int ret;

		if (count++ && !(count % batch) && !notify_client_pause())
			break;
		ret = notify_client_copy_next(client);
		seq = client->completed_seq;
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

/*
 * Read at most @max packets. Caller must hold client->lock. Return bytes read, 0 if none are
 * queued, or -errno.
 */
ssize_t notify_client_read(struct notify_multi_client *client, struct iov_iter *to, size_t max)
{
	struct notify_multi *nm = client->nm;
	/* Read once: another thread may change the format during the read. */
	bool raw = READ_ONCE(client->format) == NOTIFY_MULTI_FORMAT_RAW;

	if (notify_multi_discards(nm))
		return 0;
	/* An empty queue returns EAGAIN, not EINVAL, for programs that read until EAGAIN. */
	if (iov_iter_count(to) < (raw ? nm->packet_size : nm->record_size))
		return notify_client_ready(client) ? -EINVAL : 0;
	if (nm->ops.complete || raw)
		return notify_client_read_packets(client, to, max, raw);
	return notify_client_read_records(client, to, max);
}

/* -- The lock of the readers ----------------------------------------------- */

/* Return true if another call holds client->lock. Its notify_client_unlock() wakes the waiters. */
bool notify_client_busy(struct notify_multi_client *client)
{
	/* Without contention, the next unlock need not wake anybody. */
	if (!mutex_is_locked(&client->lock))
		return false;
	/* Pairs with notify_client_unlock(): orders contended before the lock. */
	smp_store_mb(client->contended, true);
	return mutex_is_locked(&client->lock);
}

/* Return false if another call holds client->lock. */
bool notify_client_trylock(struct notify_multi_client *client)
{
	while (!mutex_trylock(&client->lock))
		if (notify_client_busy(client))
			return false;
	return true;
}

/* Caller must have the file open. */
void notify_client_unlock(struct notify_multi_client *client)
{
	mutex_unlock(&client->lock);
	/* Pairs with notify_client_busy(): orders the lock before contended. */
	smp_mb();
	if (likely(!READ_ONCE(client->contended)))
		return;
	/* The barrier orders contended before the waiters: a call that sets it again is woken. */
	smp_store_mb(client->contended, false);
	if (READ_ONCE(client->nm->gone))
		notify_client_wake_all(client);
	else if (notify_client_ready(client))
		notify_client_wake(client);
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
 * pended request). Return 0 or -EBUSY.
 */
int notify_client_begin_request(struct notify_multi_client *client)
{
	if (!atomic_add_unless(&client->nr_requests, 1, client->nm->max_requests))
		return -EBUSY;
	notify_client_announce_waiter(client);
	return 0;
}

/* Wake the oldest waiting request. */
static void notify_client_wake_request(struct notify_multi_client *client)
{
	/* For notify_pend_wake(). */
	void *woken = NULL;

	__wake_up(&client->request_wait, TASK_INTERRUPTIBLE, 1, &woken);
}

/* The caller may have consumed a wakeup: if packets are left, wake the next request. */
void notify_client_pass_wakeup(struct notify_multi_client *client)
{
	if (notify_client_ready(client))
		notify_client_wake_request(client);
}

void notify_client_end_request(struct notify_multi_client *client)
{
	if (atomic_dec_return(&client->nr_requests))
		notify_client_pass_wakeup(client);
}

/* Wake one request, all polls, and the receivers of SIGIO. Return false if there are none. */
bool notify_client_wake(struct notify_multi_client *client)
{
	bool requests = atomic_read(&client->nr_requests);
	/* See notify_multi_wake_bit() for the barriers. */
	bool polls = waitqueue_active(&client->poll_wait);
	bool fasync = READ_ONCE(client->fasync);

	if (requests)
		notify_client_wake_request(client);
	if (polls)
		wake_up_interruptible_poll(&client->poll_wait,
					   EPOLLIN | EPOLLRDNORM | EPOLLPRI);
	if (fasync)
		kill_fasync(&client->fasync, SIGIO, POLL_IN);
	return requests || polls || fasync;
}

/* Wake all waiters: the source has unregistered. */
void notify_client_wake_all(struct notify_multi_client *client)
{
	wake_up_interruptible_all(&client->request_wait);
	wake_up_interruptible_all(&client->poll_wait);
	kill_fasync(&client->fasync, SIGIO, POLL_HUP);
}

/*
 * Sleep until a packet is queued or the source has unregistered. Caller must be counted as a
 * request.
 */
int notify_client_wait(struct notify_multi_client *client)
{
	return wait_event_interruptible_exclusive(client->request_wait,
						  notify_client_readable(client));
}

/* -- read() ---------------------------------------------------------------- */

/*
 * -EAGAIN and -EOPNOTSUPP mean "nothing read" to splice(), async and IOCB_NOWAIT callers, and
 * make io_uring retry. Return a packet's error as -EIO instead.
 */
ssize_t notify_multi_nowait_error(ssize_t ret)
{
	return ret == -EAGAIN || ret == -EOPNOTSUPP ? -EIO : ret;
}

/* Return bytes read, 0 if none are queued, or -errno. */
ssize_t notify_client_try_read(struct notify_multi_client *client, struct iov_iter *to,
			       bool nowait)
{
	/* Pairs with notify_multi_unregister(): read before the queue, to not miss a packet. */
	bool gone = smp_load_acquire(&client->nm->gone);
	ssize_t ret;

	if (nowait) {
		/* Another call may hold the lock for as long as its page fault takes. */
		if (!notify_client_trylock(client))
			return 0;
	} else {
		ret = notify_client_lock(client);
		if (ret)
			return ret;
	}
	ret = notify_client_read(client, to, SIZE_MAX);
	notify_client_unlock(client);
	return !ret && gone ? -ENODEV : ret;
}

/* Sleep if nothing is queued. Return bytes read or -errno. */
static noinline ssize_t notify_client_wait_read(struct notify_multi_client *client,
						struct iov_iter *to)
{
	bool pending = false;
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
		if (!pending) {
			ret = notify_client_begin_request(client);
			if (ret)
				break;
			pending = true;
		}
		ret = notify_client_wait(client);
		if (ret)
			break;
	}
	if (pending)
		notify_client_end_request(client);
	return ret;
}

ssize_t notify_multi_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct notify_multi_client *client = file->private_data;
	bool nowait = iocb->ki_flags & IOCB_NOWAIT;
	bool async = !is_sync_kiocb(iocb);
	ssize_t ret;

	if (!iov_iter_count(to))
		return 0;
	/* A worker of io_uring, which has tried IOCB_NOWAIT before, waits for another read. */
	if (nowait || file->f_flags & O_NONBLOCK)
		ret = notify_client_try_read(client, to,
					     nowait || !(current->flags & PF_IO_WORKER));
	else
		ret = notify_client_wait_read(client, to);
	if (nowait || async)
		ret = notify_multi_nowait_error(ret);
	return ret ?: -EAGAIN;
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
