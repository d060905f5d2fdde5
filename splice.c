// SPDX-License-Identifier: GPL-2.0
/*
 * splice(): records of a client move to a pipe in pages of their own.
 */

#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/splice.h>

#include "internal.h"

/* Enough for a record of any size. */
#define NOTIFY_SPLICE_PAGES \
	DIV_ROUND_UP(sizeof(struct notify_multi_record) + NOTIFY_MULTI_MAX_PACKET_SIZE, PAGE_SIZE)

/* Bytes that fit into the free slots of a pipe. An estimate if the pipe is not locked. */
static size_t notify_pipe_space(struct pipe_inode_info *pipe)
{
	u32 used = pipe_occupancy(READ_ONCE(pipe->head), READ_ONCE(pipe->tail));

	return (size_t)(READ_ONCE(pipe->max_usage) - used) * PAGE_SIZE;
}

static void notify_splice_release(struct splice_pipe_desc *desc, unsigned int i)
{
	put_page(desc->pages[i]);
}

/* Read into the pages. Return bytes read or -errno; -EAGAIN if nothing was read. */
static ssize_t notify_client_read_pages(struct notify_multi_client *client, size_t bytes,
					struct page **pages, unsigned int nr_pages)
{
	struct bio_vec vecs[NOTIFY_SPLICE_PAGES];
	struct iov_iter to;
	unsigned int i;

	for (i = 0; i < nr_pages; i++)
		vecs[i] = (struct bio_vec){ .bv_page = pages[i], .bv_len = PAGE_SIZE };
	iov_iter_bvec(&to, ITER_DEST, vecs, nr_pages, bytes);
	return notify_multi_nowait_error(notify_client_try_read(client, &to, true)) ?: -EAGAIN;
}

/* Read at most @bytes into new pages, and append these to the pipe, which has space for them. */
static ssize_t notify_client_read_to_pipe(struct notify_multi_client *client, size_t bytes,
					  struct pipe_inode_info *pipe)
{
	struct partial_page partial[NOTIFY_SPLICE_PAGES] = { };
	struct page *pages[NOTIFY_SPLICE_PAGES];
	struct splice_pipe_desc desc = {
		.pages = pages,
		.partial = partial,
		.nr_pages_max = NOTIFY_SPLICE_PAGES,
		.ops = &nosteal_pipe_buf_ops,
		.spd_release = notify_splice_release,
	};
	unsigned int nr_pages;
	ssize_t left, ret = -ENOMEM;

	for (nr_pages = 0; nr_pages * PAGE_SIZE < bytes; nr_pages++) {
		pages[nr_pages] = alloc_page(GFP_KERNEL_ACCOUNT);
		if (!pages[nr_pages])
			goto free;
	}
	ret = notify_client_read_pages(client, bytes, pages, nr_pages);
	if (ret < 0)
		goto free;
	for (left = ret; left > 0; left -= PAGE_SIZE)
		partial[desc.nr_pages++].len = min_t(size_t, left, PAGE_SIZE);
	while (nr_pages > desc.nr_pages)
		put_page(pages[--nr_pages]);
	return splice_to_pipe(pipe, &desc);

free:
	while (nr_pages)
		put_page(pages[--nr_pages]);
	return ret;
}

/*
 * Return true if a record of @size bytes can never fit. With @limited, the program may have passed
 * a larger length.
 */
static bool notify_splice_too_small(struct pipe_inode_info *pipe, size_t len, size_t size,
				    bool limited)
{
	return pipe->max_usage * PAGE_SIZE < size || (len < size && !limited);
}

/*
 * Move complete records to the pipe, as many as are queued and fit. Return bytes or -errno;
 * -EAGAIN if nothing is queued, another call is reading, or the pipe is too full.
 */
static ssize_t notify_client_splice(struct notify_multi_client *client,
				    struct pipe_inode_info *pipe, size_t len, bool limited)
{
	/* Pairs with notify_multi_unregister(): read before the queue, to not miss a packet. */
	bool gone = smp_load_acquire(&client->nm->gone);
	size_t size = notify_client_read_size(client);
	size_t queued = notify_client_readable_bytes(client);

	if (!pipe->readers) {
		send_sig(SIGPIPE, current, 0);
		return -EPIPE;
	}
	if (!queued)
		return gone ? -ENODEV : -EAGAIN;
	if (notify_splice_too_small(pipe, len, size, limited))
		return -EINVAL;
	len = min3(len, queued, notify_pipe_space(pipe));
	if (len < size)
		return -EAGAIN;
	return notify_client_read_to_pipe(client, min(len, NOTIFY_SPLICE_PAGES * PAGE_SIZE),
					  pipe);
}

/* Sleep until a packet is queued, no other call is reading, and the pipe has space. */
static int notify_client_wait_splice(struct notify_multi_client *client,
				     struct pipe_inode_info *pipe)
{
	size_t size = notify_client_read_size(client);
	long ret;

	ret = notify_client_wait(client);
	if (ret)
		return ret;
	ret = notify_client_lock(client);
	if (ret)
		return ret;
	notify_client_unlock(client);
	/* Other requests need not wait for the pipe. */
	if (notify_pipe_space(pipe) < size)
		notify_client_pass_wakeup(client);
	/* A pipe that was not full wakes nobody when it is read: check from time to time. */
	ret = wait_event_interruptible_timeout(pipe->wr_wait,
					       notify_pipe_space(pipe) >= size ||
					       !READ_ONCE(pipe->readers),
					       msecs_to_jiffies(10));
	return min(ret, 0L);
}

/*
 * The caller has locked the pipe. Unlock it to sleep, so that other tasks can use the pipe, and
 * can be killed.
 */
ssize_t notify_multi_splice_read(struct file *file, loff_t *pos, struct pipe_inode_info *pipe,
				 size_t len, unsigned int flags)
{
	struct notify_multi_client *client = file->private_data;
	/* The caller limits the length to the space in the pipe. */
	bool limited = len >= notify_pipe_space(pipe);
	bool pending = false;
	size_t size;
	ssize_t ret;

	for (;;) {
		ret = notify_client_splice(client, pipe, len, limited);
		if (ret != -EAGAIN || file->f_flags & O_NONBLOCK || flags & SPLICE_F_NONBLOCK)
			break;
		size = notify_client_read_size(client);
		ret = -EINVAL;
		if (notify_splice_too_small(pipe, len, size, limited))
			break;
		if (!pending) {
			ret = notify_client_begin_request(client);
			if (ret)
				break;
			pending = true;
		}
		pipe_unlock(pipe);
		ret = notify_client_wait_splice(client, pipe);
		pipe_lock(pipe);
		if (ret)
			break;
		if (len < size && notify_pipe_space(pipe) >= size) {
			/* Call again with the length that the program has passed. */
			ret = current->flags & PF_IO_WORKER ? -EAGAIN : restart_syscall();
			break;
		}
	}
	if (pending)
		notify_client_end_request(client);
	/* io_uring returns it to the program. */
	return ret == -ERESTARTSYS && current->flags & PF_IO_WORKER ? -EINTR : ret;
}
