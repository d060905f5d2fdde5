// SPDX-License-Identifier: GPL-2.0
/*
 * Broadcast packets for some time, and wait after each one until a reader on another CPU has read
 * it. insmod fails with ETIMEDOUT if the reader sleeps although a packet is queued.
 *
 * Unlike programs, both sides are only some instructions away from the race between a broadcast
 * that checks for waiters and a reader that goes to sleep. If interrupts are enabled, User-Mode
 * Linux makes system calls between the packet and the check: this is a full barrier, and gives the
 * reader the time to read the packet and go to sleep again.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uio.h>

#include "notify_multi.h"

#define NAME		"lockstep"
#define MAX_PACKET	1024
/* A reader that does not read a packet for this long was not woken. */
#define WAKE_MS		3000

static unsigned int cpu;
module_param(cpu, uint, 0444);
MODULE_PARM_DESC(cpu, "CPU of the reader, not that of insmod");

static unsigned int packet_size = 64;
module_param(packet_size, uint, 0444);
MODULE_PARM_DESC(packet_size, "Bytes of a packet");

static bool polls;
module_param(polls, bool, 0444);
MODULE_PARM_DESC(polls, "The reader sleeps in poll, not in read");

static bool irqs;
module_param(irqs, bool, 0444);
MODULE_PARM_DESC(irqs, "Broadcast with interrupts enabled");

static unsigned int ms = 1000;
module_param(ms, uint, 0444);
MODULE_PARM_DESC(ms, "Milliseconds to run");

static unsigned int packets, sleeps;
module_param(packets, uint, 0444);
MODULE_PARM_DESC(packets, "Result: packets that were broadcast");
module_param(sleeps, uint, 0444);
MODULE_PARM_DESC(sleeps, "Result: packets for which the reader slept");

static u64 last_read;
static unsigned int reads;

/*
 * Loops for which the producer pauses before each packet, or the reader if negative. Adjusted so
 * that packets are broadcast while the reader goes to sleep: half of them earlier, half later.
 */
static int lead;

static void lockstep_pause(int loops)
{
	while (loops-- > 0)
		barrier();
}

static void lockstep_poll(struct file *file)
{
	struct poll_wqueues table;

	poll_initwait(&table);
	table.pt._key = EPOLLIN | EPOLLHUP;
	while (!(vfs_poll(file, &table.pt) & table.pt._key)) {
		table.pt._qproc = NULL;
		set_current_state(TASK_INTERRUPTIBLE);
		if (!table.triggered)
			schedule();
		__set_current_state(TASK_RUNNING);
		/* As in poll(): pairs with pollwake(). */
		smp_store_mb(table.triggered, 0);
	}
	poll_freewait(&table);
}

/*
 * Adjust the lead after a packet, and pause. Sometimes pause only shortly, so that the reader goes
 * to sleep again while the broadcast still checks for waiters.
 */
static void lockstep_adjust(unsigned long *switches)
{
	bool slept = current->nvcsw != *switches;
	int step = 1 + reads % 32;

	*switches = current->nvcsw;
	sleeps += slept;
	if (reads % 4)
		WRITE_ONCE(lead, lead + (slept ? -step : step));
	if (++reads % 4)
		lockstep_pause(-lead);
	else
		lockstep_pause(reads / 4 % 512);
}

static int lockstep_reader(void *data)
{
	static u8 record[sizeof(struct notify_multi_record) + MAX_PACKET] __aligned(8);
	struct kvec vec = { record, sizeof(record) };
	unsigned long switches = current->nvcsw;
	struct file *file = data;
	struct iov_iter iter;
	struct kiocb kiocb;

	do {
		if (polls)
			lockstep_poll(file);
		init_sync_kiocb(&kiocb, file);
		iov_iter_kvec(&iter, ITER_DEST, &vec, 1, vec.iov_len);
		if (file->f_op->read_iter(&kiocb, &iter) > 0)
			/* Pairs with lockstep_wait(). */
			smp_store_release(&last_read, ((struct notify_multi_record *)record)->seq);
		lockstep_adjust(&switches);
	} while (!kthread_should_stop());
	return 0;
}

/* Return false if the reader is not woken for a packet. */
static bool lockstep_wait(u64 seq)
{
	unsigned long end = jiffies + msecs_to_jiffies(WAKE_MS);

	/* Pairs with lockstep_reader(). */
	while (smp_load_acquire(&last_read) < seq) {
		if (time_after(jiffies, end))
			return false;
		cpu_relax();
	}
	return true;
}

static int lockstep_run(struct notify_multi *nm)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms), flags;
	static u8 packet[MAX_PACKET];

	while (time_before(jiffies, end)) {
		if (!irqs)
			local_irq_save(flags);
		lockstep_pause(READ_ONCE(lead));
		notify_multi_broadcast(nm, packet, packet_size, 0);
		if (!irqs)
			local_irq_restore(flags);
		if (!lockstep_wait(++packets))
			return -ETIMEDOUT;
		cond_resched();
	}
	return 0;
}

static int lockstep_with_file(struct notify_multi *nm, struct file *file)
{
	struct task_struct *reader = kthread_create(lockstep_reader, file, NAME);
	int ret;

	if (IS_ERR(reader)) {
		notify_multi_unregister(nm);
		return PTR_ERR(reader);
	}
	kthread_bind(reader, cpu);
	wake_up_process(get_task_struct(reader));
	ret = lockstep_run(nm);
	/* Wakes the reader. */
	notify_multi_unregister(nm);
	kthread_stop_put(reader);
	return ret;
}

static int __init lockstep_init(void)
{
	const struct notify_multi_config config = {
		.name = NAME,
		.packet_size = packet_size,
		.max_packets = 4,
		.max_requests = 4,
	};
	struct notify_multi *nm;
	struct file *file;
	int ret;

	if (packet_size > MAX_PACKET)
		return -EINVAL;
	nm = notify_multi_register(NULL, &config);
	if (IS_ERR(nm))
		return PTR_ERR(nm);
	file = filp_open("/dev/notify/" NAME, O_RDONLY, 0);
	if (IS_ERR(file)) {
		notify_multi_unregister(nm);
		return PTR_ERR(file);
	}
	ret = lockstep_with_file(nm, file);
	__fput_sync(file);
	return ret;
}
module_init(lockstep_init);

static void __exit lockstep_exit(void)
{
}
module_exit(lockstep_exit);

MODULE_DESCRIPTION("Lockstep of a producer and a reader on two CPUs");
MODULE_AUTHOR("The notify_multi developers");
MODULE_LICENSE("GPL");
