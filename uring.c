// SPDX-License-Identifier: GPL-2.0
/*
 * Commands of io_uring: pending requests without a thread (DMF: RequestProcess).
 */

#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "internal.h"

#ifdef NOTIFY_MULTI_URING

/**
 * struct notify_pend - a pending command (DMF: pended request)
 * @wait:      Entry in client->request_wait, or in client->woken, which is in ticket order, until
 *             the task work runs; then empty.
 * @client:    The client.
 * @cmd:       The command; its pdu points here.
 * @ticket:    Commands are completed in the order of their tickets.
 * @addr:      User buffer.
 * @len:       Bytes of the buffer.
 * @woken:     True while the entry is in client->woken.
 * @cancelled: True if the command must be completed without a packet.
 */
struct notify_pend {
	struct wait_queue_entry wait;
	struct notify_multi_client *client;
	struct io_uring_cmd *cmd;
	u64 ticket;
	u64 addr;
	u32 len;
	bool woken;
	bool cancelled;
};

static struct notify_pend **notify_pend_from_cmd(struct io_uring_cmd *cmd)
{
	return io_uring_cmd_to_pdu(cmd, struct notify_pend *);
}

static void notify_pend_finish(struct notify_pend *pend, ssize_t ret, unsigned int issue_flags)
{
	notify_client_end_request(pend->client);
	/* Until io_uring_cmd_done(), a cancellation can access pend. */
	io_uring_cmd_done(pend->cmd, ret, issue_flags);
	kfree(pend);
}

/* Return bytes read, 0 to try again later, or -errno. */
static ssize_t notify_pend_read(struct notify_pend *pend)
{
	struct notify_multi_client *client = pend->client;
	/* Pairs with notify_multi_unregister(): read before the queue, to not miss a packet. */
	bool gone = smp_load_acquire(&client->nm->gone);
	struct iov_iter to;
	ssize_t ret;

	ret = import_ubuf(ITER_DEST, u64_to_user_ptr(pend->addr), pend->len, &to);
	if (ret)
		return ret;
	if (!notify_client_trylock(client))
		return 0;
	ret = notify_client_read(client, &to, 1);
	notify_client_unlock(client);
	return !ret && gone ? -ENODEV : ret;
}

static void notify_pend_complete(struct io_uring_cmd *cmd, unsigned int issue_flags, bool cancel);
NOTIFY_TASK_WORK(notify_pend_work, notify_pend_complete)

static struct io_ring_ctx *notify_pend_ring(struct notify_pend *pend)
{
	return cmd_to_io_kiocb(pend->cmd)->ctx;
}

/* Return the io_uring of the command if it runs task work only when the task enters it. */
static void *notify_pend_deferring_ring(struct notify_pend *pend)
{
	struct io_ring_ctx *ring = notify_pend_ring(pend);

	return ring->flags & IORING_SETUP_DEFER_TASKRUN ? ring : NULL;
}

/* Add a dequeued command to client->woken, in most cases at the end. */
static void notify_pend_add_woken(struct notify_pend *pend)
{
	struct wait_queue_entry *other;

	list_for_each_entry_reverse(other, &pend->client->woken, entry)
		if (container_of(other, struct notify_pend, wait)->ticket < pend->ticket)
			break;
	list_add(&pend->wait.entry, &other->entry);
	pend->woken = true;
}

/*
 * Dequeue the command and complete it in task work. Return 0, so that another waiter is woken as
 * well, if the task is exiting or stopped, or if the work waits until the task enters its
 * io_uring, which may be never. One command of such an io_uring is enough: @key points to the last
 * one woken.
 */
static int notify_pend_wake(struct wait_queue_entry *wait, unsigned int mode, int sync, void *key)
{
	struct notify_pend *pend = container_of(wait, struct notify_pend, wait);
	struct task_struct *task = io_uring_cmd_get_task(pend->cmd);
	/* data_race(): if the task exits later, notify_pend_finish() wakes the next waiter. */
	bool late = data_race(READ_ONCE(task->flags)) & PF_EXITING ||
		    task_is_stopped_or_traced(task);
	void *ring = notify_pend_deferring_ring(pend);
	void **woken = key;

	if (ring && woken) {
		if (*woken == ring)
			return 0;
		*woken = ring;
	}
	list_del(&wait->entry);
	notify_pend_add_woken(pend);
	io_uring_cmd_complete_in_task(pend->cmd, notify_pend_work);
	return !ring && !late;
}

/* Requeue a command in ticket order. Reads in the queue have no ticket. */
static void notify_pend_requeue(struct notify_pend *pend)
{
	struct wait_queue_entry *other;

	lockdep_assert_held(&pend->client->request_wait.lock);
	list_for_each_entry(other, &pend->client->request_wait.head, entry)
		if (other->func == notify_pend_wake &&
		    container_of(other, struct notify_pend, wait)->ticket > pend->ticket)
			break;
	list_add_tail(&pend->wait.entry, &other->entry);
}

/*
 * As soon as the queue's lock is released, the command can be completed and freed, and the
 * client closed.
 */
static void notify_pend_queue(struct notify_pend *pend)
{
	struct notify_multi_client *client = pend->client;
	struct wait_queue_head *head = &client->request_wait;
	void *woken = NULL;

	spin_lock_irq(&head->lock);
	if (pend->ticket) {
		notify_pend_requeue(pend);
	} else {
		pend->ticket = ++client->last_ticket;
		__add_wait_queue_entry_tail_exclusive(head, &pend->wait);
	}

	/*
	 * If notify_client_wake_request() missed the entry, its lock makes last visible here. If
	 * another call is reading, notify_client_unlock() wakes a request.
	 */
	if (notify_client_readable(client) && !notify_client_busy(client)) {
		if (READ_ONCE(client->nm->gone))
			__wake_up_locked(head, TASK_INTERRUPTIBLE, 0);
		else
			__wake_up_locked_key(head, TASK_INTERRUPTIBLE, &woken);
	}
	spin_unlock_irq(&head->lock);
}

/* Return false if task work completes the command. */
static bool notify_pend_dequeue(struct notify_pend *pend)
{
	struct wait_queue_head *head = &pend->client->request_wait;
	bool queued;

	spin_lock_irq(&head->lock);
	queued = !pend->woken && !list_empty(&pend->wait.entry);
	if (queued)
		list_del_init(&pend->wait.entry);
	spin_unlock_irq(&head->lock);
	return queued;
}

/*
 * Return true if @list has an older command of the same io_uring and task, whose task work runs in
 * the same loop. To wait for another task, which may be stopped, would be to loop.
 */
static bool notify_pend_follows(struct notify_pend *pend, struct list_head *list)
{
	struct wait_queue_entry *wait;

	list_for_each_entry(wait, list, entry) {
		struct notify_pend *other = container_of(wait, struct notify_pend, wait);

		if (wait->func != notify_pend_wake)
			continue;
		if (other->ticket >= pend->ticket)
			break;
		if (notify_pend_ring(other) == notify_pend_ring(pend) &&
		    io_uring_cmd_get_task(other->cmd) == io_uring_cmd_get_task(pend->cmd))
			return true;
	}
	return false;
}

/*
 * Task work starts. Return 1 to read, 0 to try again later because an older command, which was
 * queued again after this one had been woken, must be completed first, or -ECANCELED.
 */
static int notify_pend_begin(struct notify_pend *pend)
{
	struct wait_queue_head *head = &pend->client->request_wait;
	int ret = 1;

	spin_lock_irq(&head->lock);
	list_del_init(&pend->wait.entry);
	pend->woken = false;
	if (pend->cancelled)
		ret = -ECANCELED;
	else if (notify_pend_follows(pend, &head->head) ||
		 notify_pend_follows(pend, &pend->client->woken))
		ret = 0;
	spin_unlock_irq(&head->lock);
	return ret;
}

/*
 * Runs as task work of the submitter. With @cancel, the task has exited or its ring is closed:
 * do not touch the user buffer.
 */
static void notify_pend_complete(struct io_uring_cmd *cmd, unsigned int issue_flags, bool cancel)
{
	struct notify_pend *pend = *notify_pend_from_cmd(cmd);
	ssize_t ret = notify_pend_begin(pend);

	if (cancel || fatal_signal_pending(current))
		ret = -ECANCELED;
	else if (ret > 0)
		ret = notify_pend_read(pend);
	if (ret)
		notify_pend_finish(pend, ret, issue_flags);
	else
		notify_pend_queue(pend);
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
	ret = notify_client_begin_request(client);
	if (ret) {
		kfree(pend);
		return ret;
	}
	init_waitqueue_func_entry(&pend->wait, notify_pend_wake);
	INIT_LIST_HEAD(&pend->wait.entry);
	pend->client = client;
	pend->cmd = cmd;
	pend->addr = addr;
	pend->len = len;

	*notify_pend_from_cmd(cmd) = pend;
	io_uring_cmd_mark_cancelable(cmd, issue_flags);
	notify_pend_queue(pend);
	return -EIOCBQUEUED;
}

static int notify_client_uring_cancel(struct notify_multi_client *client, u64 addr)
{
	struct wait_queue_entry *wait, *next;
	int cancelled = 0;

	spin_lock_irq(&client->request_wait.lock);
	list_for_each_entry(wait, &client->woken, entry) {
		struct notify_pend *pend = container_of(wait, struct notify_pend, wait);

		if (pend->cancelled || (addr && addr != pend->addr))
			continue;
		pend->cancelled = true;
		cancelled++;
	}
	list_for_each_entry_safe(wait, next, &client->request_wait.head, entry) {
		struct notify_pend *pend = container_of(wait, struct notify_pend, wait);

		if (wait->func != notify_pend_wake || (addr && addr != pend->addr))
			continue;
		pend->cancelled = true;
		notify_pend_wake(wait, 0, 0, NULL);
		cancelled++;
	}
	spin_unlock_irq(&client->request_wait.lock);
	return cancelled ?: -ENOENT;
}

int notify_multi_uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct notify_multi_client *client = cmd->file->private_data;
	const struct notify_multi_uring_cmd *arg;
	u64 addr;
	u32 len;

	if (issue_flags & IO_URING_F_CANCEL) {
		struct notify_pend *pend = *notify_pend_from_cmd(cmd);

		if (notify_pend_dequeue(pend))
			notify_pend_finish(pend, -ECANCELED, issue_flags);
		return 0;
	}

	/* User memory that can change at any time: read each member once. */
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
