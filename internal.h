/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Internals of the module: the device, the client, and the functions that its files share.
 * notify_multi.c calls client.c, read.c, splice.c, uring.c and observe.c; these call only read.c.
 */
#ifndef _NOTIFY_MULTI_INTERNAL_H
#define _NOTIFY_MULTI_INTERNAL_H

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/cache.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/pipe_fs_i.h>
#include <linux/poll.h>
#include <linux/rwsem.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>
#include <linux/types.h>
#include <linux/uio.h>
#include <linux/wait.h>

#include "compat.h"
#include "notify_multi.h"
#include "ring.h"

/*
 * Locking
 *
 * In the order in which they nest, outermost first:
 *
 * notify_multi_devices_lock (mutex)
 *	The list of devices, so that names stay unique. Held while a node is added or removed.
 *
 * misc_mtx (mutex of misc.c)
 *	Held by the kernel during open(). misc_deregister() takes it, so the source cannot
 *	unregister during open(), and arrival needs no other lock.
 *
 * client->lock (mutex)
 *	Serialises the readers of a client. Protects copy, completed_seq, complete_ret, changes
 *	of next and dropped, and the consumer side of the ring. Held during copies to user
 *	memory, for as long as a page fault takes. Therefore a call that must not block tries to
 *	take it, a call that only reports does without it, and it must not be taken under
 *	mmap_lock. Released by notify_client_unlock(), which wakes callers that failed to take it.
 *
 * nm->ops_rwsem
 *	Taken for read around complete and ioctl, and by close() around departure and the removal
 *	of the client from the list. notify_multi_unregister() sets gone with it held for write,
 *	and calls the remaining departures; no other callback starts afterwards. A failed open()
 *	removes its client under misc_mtx instead.
 *
 * client->request_wait.lock (spinlock)
 *	Protects the queue of requests, the list of woken commands, last_ticket, and wait, ticket,
 *	woken and cancelled of a struct notify_pend in either. Any other belongs to its task work
 *	or its cancellation.
 *
 * nm->lock (spinlock, interrupts off)
 *	Serialises broadcasts. Protects last, gone, dropped, the table of clients, nr_clients,
 *	the producer side of all rings, and each client's mappings and ring pointer. The pointer
 *	and a client's dropped are written under client->lock and nm->lock, and stable under
 *	either. Not held for wakeups.
 *
 * RCU pins the device, its table and its clients while a broadcast wakes the clients. It also
 * pins a client's ring while its queue is checked: a resize waits for a grace period. close()
 * need not, because the checks hold the file open.
 *
 * io_uring holds its uring_lock, outside of client->lock, while a command is completed.
 */

/* Bits of nm->waiting. More clients share bits. */
#define NOTIFY_WAITING_BITS	512

/**
 * struct notify_entry - a client in the table of its device
 * @slots:  Slots of the client's ring, or NULL if the entry is free.
 * @head:   Head of the ring if it is mapped, else NULL.
 * @mask:   Mask of the ring.
 * @client: The client, or NULL. Read under RCU or nm->lock.
 */
struct notify_entry {
	void *slots;
	u32 *head;
	u32 mask;
	struct notify_multi_client __rcu *client;
};

/**
 * struct notify_table - the clients of a device
 * @rcu:     Defers freeing until running broadcasts have ended.
 * @size:    Number of clients that fit.
 * @entries: The clients. A client keeps its index until it is closed. A broadcast may look up to
 *           %NOTIFY_PREFETCH entries beyond @size.
 */
struct notify_table {
	struct rcu_head rcu;
	u32 size;
	struct notify_entry entries[];
};

/* A broadcast prefetches the slot of this many clients ahead. */
#define NOTIFY_PREFETCH		12

/**
 * struct notify_multi - a device (DMF: module instance)
 * @kref:         One reference of the registration and one of each client.
 * @rcu:          Defers freeing until running broadcasts have ended.
 * @misc:         The node.
 * @siblings:     Entry in the list of devices.
 * @name:         Name of the node, /dev/notify/<name>.
 * @packet_size:  Bytes of payload in each packet.
 * @record_size:  Bytes of a record: header, payload and padding.
 * @max_packets:  Queue length of a new client.
 * @max_requests: Maximum number of pending requests of each client.
 * @replay:       Number of packets replayed to a new client.
 * @first_seq:    Seq of the first packet.
 * @clock:        Clock of the timestamps, of &enum notify_multi_clock.
 * @drvdata:      Pointer of the source.
 * @ops:          Callbacks of the source. Constant.
 * @ops_rwsem:    See Locking.
 * @lock:         See Locking; protects the members below, except @ring_bytes and @waiting.
 * @gone:         The source has unregistered. Written under @lock and @ops_rwsem.
 * @nr_entries:   Entries of @table up to the last one in use.
 * @table:        The clients. Changed under @lock, and replaced under misc_mtx and @lock; also
 *                stable under @ops_rwsem for write once the node is removed.
 * @history:      The newest packets, for replay, or NULL.
 * @dropped:      Packets dropped by clients that are closed.
 * @nr_clients:   Number of clients.
 * @last:         Seq of the newest packet. In a cache line that only a broadcast writes.
 * @ring_bytes:   Bytes of the rings of all clients.
 * @waiting:      Bit (index modulo %NOTIFY_WAITING_BITS) is set if a client with that index may
 *                have a waiter. See notify_client_announce_waiter().
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
	u32 clock;
	void *drvdata;
	struct notify_multi_ops ops;
	struct rw_semaphore ops_rwsem;

	/* Protects the members up to last and the producer side of the rings. */
	spinlock_t lock ____cacheline_aligned;
	bool gone;
	u32 nr_entries;
	struct notify_table __rcu *table;
	struct notify_ring *history;
	u64 dropped;
	u32 nr_clients;
	atomic64_t ring_bytes;
	atomic64_t last ____cacheline_aligned;
	DECLARE_BITMAP(waiting, NOTIFY_WAITING_BITS) ____cacheline_aligned;
};

/**
 * struct notify_multi_client - a client: one open file description of a device
 * @index:         Index in the device's table.
 * @ring:          The queue. Replaced under @lock and nm->lock, freed after a grace period.
 * @nr_requests:   Number of blocked reads and pending commands (DMF: pended requests).
 * @request_wait:  The requests; a packet wakes the first. After a wakeup without a packet, reads
 *                 requeue at the tail and commands by ticket.
 * @woken:         Commands that were woken, until their task work runs. Protected by
 *                 request_wait.lock.
 * @poll_wait:     Waiters of poll, those of io_uring included.
 * @fasync:        Receivers of SIGIO.
 * @nm:            The device.
 * @rcu:           Defers freeing until running broadcasts have ended.
 * @private:       Pointer of the source.
 * @opener:        Process that opened the device.
 * @id:            Number of the client, unique among all devices.
 * @mappings:      Number of mappings of @ring, which is not replaced while there are any.
 *                 Protected by nm->lock because mmap() must not take @lock.
 * @filling:       A resize copies packets to @ring, which must not be mapped before it is done.
 *                 Protected by nm->lock.
 * @last_ticket:   Ticket of the newest command. Protected by request_wait.lock.
 * @start:         The first @next. Constant once the client has been opened.
 * @format:        Format of reads, of &enum notify_multi_format.
 * @contended:     A call could not take @lock, so the one that holds it wakes the waiters.
 * @lock:          Serialises readers; protects the members below.
 * @next:          First seq neither read nor reported as dropped.
 * @dropped:       Packets reported as dropped. Changes under @lock and nm->lock.
 * @copy:          Copy of the next packet, for complete() and raw reads; or NULL.
 * @completed_seq: Seq of the packet in @copy once complete() has run, else 0.
 * @complete_ret:  Value that complete() returned for @copy.
 */
struct notify_multi_client {
	u32 index;
	struct notify_ring __rcu *ring;
	atomic_t nr_requests;
	wait_queue_head_t request_wait;
	struct list_head woken;
	wait_queue_head_t poll_wait;
	struct fasync_struct *fasync;

	struct notify_multi *nm;
	struct rcu_head rcu;
	void *private;
	struct pid *opener;
	u64 id;
	u32 mappings;
	bool filling;
	u64 last_ticket;

	u64 start;
	u32 format;
	bool contended;
	struct mutex lock; /* Protects the members below and the consumer side of the ring. */
	atomic64_t next;
	u64 dropped;
	struct notify_multi_record *copy;
	u64 completed_seq;
	int complete_ret;
};

/**
 * struct notify_counts - state of a client at one moment
 * @queued:     Number of queued packets.
 * @unreported: Packets dropped since the last read, not yet reported.
 * @dropped:    Packets dropped, @unreported included.
 * @delivered:  Packets read.
 */
struct notify_counts {
	u32 queued;
	u64 unreported;
	u64 dropped;
	u64 delivered;
};

/* The seq of the newest packet. Pairs with notify_multi_push(): the slots are complete. */
static inline u64 notify_multi_last(struct notify_multi *nm)
{
	return atomic64_read_acquire(&nm->last);
}

static inline struct notify_table *notify_multi_table(struct notify_multi *nm)
{
	return rcu_dereference_protected(nm->table, lockdep_is_held(&nm->lock) ||
						    lockdep_is_held(&nm->ops_rwsem));
}

/* Return the next client from index *@i on. Caller holds nm->lock, or nm->ops_rwsem for write. */
static inline struct notify_multi_client *notify_multi_next_client(struct notify_multi *nm, u32 *i)
{
	struct notify_entry *entries = notify_multi_table(nm)->entries;
	struct notify_multi_client *client = NULL;

	while (*i < nm->nr_entries && !client)
		client = rcu_dereference_protected(entries[(*i)++].client, true);
	return client;
}

/* The ring, for its producer and for other holders of nm->lock. */
static inline struct notify_ring *
notify_client_producer_ring(struct notify_multi_client *client)
{
	return rcu_dereference_protected(client->ring, lockdep_is_held(&client->nm->lock));
}

/* The ring, for its consumer. */
static inline struct notify_ring *notify_client_ring(struct notify_multi_client *client)
{
	return rcu_dereference_protected(client->ring, lockdep_is_held(&client->lock));
}

static inline u64 notify_client_next(struct notify_multi_client *client)
{
	return atomic64_read(&client->next);
}

/* Bytes of one packet in a read. */
static inline size_t notify_client_read_size(struct notify_multi_client *client)
{
	struct notify_multi *nm = client->nm;

	return READ_ONCE(client->format) == NOTIFY_MULTI_FORMAT_RAW ? nm->packet_size :
								      nm->record_size;
}

static inline int notify_client_lock(struct notify_multi_client *client)
{
	return mutex_lock_interruptible(&client->lock) ? -ERESTARTSYS : 0;
}

/* Do not leak kernel-internal errnos (512 and above) to user space. */
static inline int notify_multi_user_errno(int error)
{
	return error > 0 || error <= -ERESTARTSYS ? -EIO : error;
}

/* read.c */
bool notify_client_busy(struct notify_multi_client *client);
bool notify_client_trylock(struct notify_multi_client *client);
void notify_client_unlock(struct notify_multi_client *client);
ssize_t notify_client_read(struct notify_multi_client *client, struct iov_iter *to,
			   size_t max);
void notify_client_consume(struct notify_multi_client *client, u64 seq, u64 next);
struct notify_counts notify_client_counts(struct notify_multi_client *client);
bool notify_client_readable(struct notify_multi_client *client);
int notify_client_begin_request(struct notify_multi_client *client);
void notify_client_pass_wakeup(struct notify_multi_client *client);
void notify_client_end_request(struct notify_multi_client *client);
bool notify_client_wake(struct notify_multi_client *client);
void notify_client_wake_all(struct notify_multi_client *client);
void notify_client_announce_waiter(struct notify_multi_client *client);
int notify_client_readable_bytes(struct notify_multi_client *client);
int notify_client_wait(struct notify_multi_client *client);
int notify_multi_begin_callback(struct notify_multi *nm);
ssize_t notify_multi_nowait_error(ssize_t ret);
ssize_t notify_client_try_read(struct notify_multi_client *client, struct iov_iter *to,
			       bool nowait);
ssize_t notify_multi_read_iter(struct kiocb *iocb, struct iov_iter *to);
__poll_t notify_multi_poll(struct file *file, poll_table *wait);
int notify_multi_fasync(int fd, struct file *file, int on);

/* client.c */
bool notify_multi_ring_fits(u32 packet_size, u32 max_packets);
struct notify_table *notify_table_alloc(u32 size);
void notify_multi_put(struct notify_multi *nm);
void notify_client_call_departure(struct notify_multi_client *client);
int notify_multi_open(struct inode *inode, struct file *file);
int notify_multi_release(struct inode *inode, struct file *file);
long notify_multi_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
int notify_multi_mmap(struct file *file, struct vm_area_struct *vma);

/* splice.c */
ssize_t notify_multi_splice_read(struct file *file, loff_t *pos, struct pipe_inode_info *pipe,
				 size_t len, unsigned int flags);

/* uring.c */
#ifdef NOTIFY_MULTI_URING
int notify_multi_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags);
#endif

/* observe.c */
extern const struct attribute_group *notify_multi_groups[];
void notify_multi_show_fdinfo(struct seq_file *m, struct file *file);

#endif /* _NOTIFY_MULTI_INTERNAL_H */
