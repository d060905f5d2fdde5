/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NATIVE_CANDIDATE_H
#define NATIVE_CANDIDATE_H

#include <linux/fs.h>
#include <linux/types.h>
#include <linux/uio.h>

/* Number of packets that are queued for each reader; all candidates have space for them. */
#define NATIVE_QUEUE	15

/**
 * struct native_candidate - a way to give a packet to many readers
 * @name:      Name in the results.
 * @start:     Create the device, and set the next two members. Returns 0 or a negative errno.
 * @node:      Path of the device node; empty if the candidate cannot be read.
 * @read_size: Bytes of a packet in a read.
 * @stop:      Remove the device, after its readers are closed.
 * @publish:   Give the packet to all readers.
 * @files:     The readers.
 */
struct native_candidate {
	const char *name;
	int (*start)(struct native_candidate *self, unsigned int readers, size_t bytes);
	char node[32];
	size_t read_size;
	void (*stop)(void);
	void (*publish)(const void *packet, size_t bytes);
	struct file **files;
};

extern struct native_candidate native_notify_multi;
extern struct native_candidate native_evdev;
extern struct native_candidate native_hidraw;
extern struct native_candidate native_limit;

/* Return the time-stamp counter. Instructions before and after it do not move across. */
static inline u64 cycles_now(void)
{
	u32 low, high;

	asm volatile("lfence; rdtsc; lfence" : "=a" (low), "=d" (high) : : "memory");
	return (u64)high << 32 | low;
}

/* As vfs_read(), which is not exported. */
static inline ssize_t native_read(struct file *file, u8 __user *buffer, size_t size)
{
	struct iov_iter iter;
	struct kiocb kiocb;
	int ret;

	if (file->f_op->read)
		return file->f_op->read(file, buffer, size, &file->f_pos);
	init_sync_kiocb(&kiocb, file);
	ret = import_ubuf(ITER_DEST, buffer, size, &iter);
	return ret ? ret : file->f_op->read_iter(&kiocb, &iter);
}

/* wakeup.c */
int measure_sleepers(unsigned int nr_readers, unsigned int nr_rounds);

#endif /* NATIVE_CANDIDATE_H */
