// SPDX-License-Identifier: GPL-2.0
/*
 * Measure how long readers that sleep take to return from their read, from the call that publishes
 * a packet until the last reader has returned. Prints the cycles of each round:
 *
 *	@native CANDIDATE MEASURE READERS 64 1 CYCLES
 *
 * Measures on a machine with one CPU, where the readers have a higher priority:
 *
 *	same		the readers sleep in read
 *	same-poll	the readers sleep in poll, and then read
 *
 * With two CPUs, other and other-poll are the same for readers on another CPU, which does not have
 * to leave its idle state. The measures with "-publish" are the call that publishes.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/irqflags.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <linux/printk.h>
#include <linux/slab.h>

#include "candidate.h"

#define BYTES		64
#define SLEEPERS	16
#define RECORD_BYTES	256
#define LIMIT_SECONDS	5

static const struct {
	const char *name;
	unsigned int cpu;
	bool polls;
} modes[] = {
	{ "same", 0, false },
	{ "same-poll", 0, true },
	{ "other", 1, false },
	{ "other-poll", 1, true },
};

struct sleeper {
	struct task_struct *task;
	struct file *file;
	u8 __user *buffer;
	size_t size;
	u64 returned;			/* Time of the last read. */
	unsigned int reads;
};

struct contestant {
	struct native_candidate *candidate;
	bool running;
	unsigned int started;
	struct sleeper sleepers[SLEEPERS];
};

static struct contestant contestants[] = {
	{ &native_notify_multi }, { &native_evdev }, { &native_hidraw },
};

static struct mm_struct *mm;	/* Has the buffer. */
static u8 __user *buffer;
static unsigned int readers, rounds;
static bool polls, stopping;
static const u64 packet[BYTES / sizeof(u64)];

/* -- Readers --------------------------------------------------------------- */

/* As poll(). */
static void sleep_in_poll(struct file *file)
{
	struct poll_wqueues table;

	poll_initwait(&table);
	table.pt._key = EPOLLIN;
	while (!(vfs_poll(file, &table.pt) & EPOLLIN)) {
		table.pt._qproc = NULL;
		set_current_state(TASK_INTERRUPTIBLE);
		if (!table.triggered)
			schedule();
		__set_current_state(TASK_RUNNING);
		/* Pairs with pollwake(). */
		smp_store_mb(table.triggered, 0);
	}
	poll_freewait(&table);
}

static int run_sleeper(void *data)
{
	struct sleeper *sleeper = data;

	kthread_use_mm(mm);
	while (!READ_ONCE(stopping)) {
		if (READ_ONCE(polls))
			sleep_in_poll(sleeper->file);
		if (native_read(sleeper->file, sleeper->buffer, sleeper->size) <= 0)
			break;
		sleeper->returned = cycles_now();
		/* Pairs with have_read(). */
		smp_store_release(&sleeper->reads, sleeper->reads + 1);
	}
	kthread_unuse_mm(mm);
	return 0;
}

/* Keep a CPU from sleeping, which would take longer than all that is measured. */
static int run_idle(void *data)
{
	while (!kthread_should_stop()) {
		cpu_relax();
		cond_resched();
	}
	return 0;
}

/* -- Rounds ---------------------------------------------------------------- */

static bool have_read(const struct contestant *contestant, unsigned int reads)
{
	unsigned int i;

	for (i = 0; i < contestant->started; i++)
		/* Pairs with run_sleeper(). */
		if (smp_load_acquire(&contestant->sleepers[i].reads) != reads)
			return false;
	return true;
}

static bool are_asleep(const struct contestant *contestant, unsigned int reads)
{
	unsigned int i;

	for (i = 0; i < contestant->started; i++) {
		struct task_struct *task = contestant->sleepers[i].task;

		if (!READ_ONCE(task->__state) || READ_ONCE(task->on_rq) || READ_ONCE(task->on_cpu))
			return false;
	}
	return true;
}

static int wait_until(bool (*condition)(const struct contestant *contestant, unsigned int reads),
		      const struct contestant *contestant, unsigned int reads)
{
	unsigned long end = jiffies + LIMIT_SECONDS * HZ;

	while (!condition(contestant, reads)) {
		if (time_after(jiffies, end)) {
			pr_err("@failed notify_native: %s: the readers do not %s\n",
			       contestant->candidate->name,
			       condition == have_read ? "return" : "sleep");
			return -ETIMEDOUT;
		}
		cpu_relax();
		cond_resched();
	}
	return 0;
}

/* Publish a packet to sleeping readers. Set the times until the call and the readers return. */
static int wake(struct contestant *contestant, u64 *published, u64 *returned)
{
	unsigned int i, reads = contestant->sleepers[0].reads + 1;
	int ret = wait_until(are_asleep, contestant, 0);
	unsigned long flags;
	u64 start;

	if (ret)
		return ret;
	/* As in an interrupt handler. */
	local_irq_save(flags);
	start = cycles_now();
	contestant->candidate->publish(packet, BYTES);
	*published = cycles_now() - start;
	local_irq_restore(flags);
	ret = wait_until(have_read, contestant, reads);
	*returned = 0;
	for (i = 0; i < contestant->started; i++)
		*returned = max(*returned, contestant->sleepers[i].returned - start);
	return ret;
}

/* With more CPUs than one, User-Mode Linux makes system calls to disable interrupts. */
static bool is_measured(unsigned int mode)
{
	return num_online_cpus() == modes[mode].cpu + 1;
}

static void report(const struct contestant *contestant, unsigned int mode, const char *suffix,
		   u64 cycles)
{
	pr_info("@native %s %s%s %u %u 1 %llu\n", contestant->candidate->name, modes[mode].name,
		suffix, readers, BYTES, cycles);
}

static int run_round(struct contestant *contestant)
{
	u64 published, returned;
	unsigned int mode, i;
	int ret = 0;

	for (mode = 0; mode < ARRAY_SIZE(modes) && !ret; mode++) {
		if (!is_measured(mode))
			continue;
		WRITE_ONCE(polls, modes[mode].polls);
		for (i = 0; i < contestant->started && !ret; i++)
			ret = set_cpus_allowed_ptr(contestant->sleepers[i].task,
						   cpumask_of(modes[mode].cpu));
		/* The first packets let the readers sleep in another way and fill the caches. */
		for (i = 0; i < 4 && !ret; i++)
			ret = wake(contestant, &published, &returned);
		if (!ret) {
			report(contestant, mode, "", returned);
			report(contestant, mode, "-publish", published);
		}
	}
	return ret;
}

static int run_rounds(void)
{
	unsigned int round, i;
	int ret = 0;

	for (round = 0; round < rounds && !ret; round++)
		for (i = 0; i < ARRAY_SIZE(contestants) && !ret; i++)
			ret = run_round(&contestants[i]);
	return ret;
}

static int run_with_idle(void)
{
	struct task_struct *idle = kthread_create(run_idle, NULL, "notify_idle");
	int ret;

	if (IS_ERR(idle))
		return PTR_ERR(idle);
	kthread_bind(idle, 1);
	sched_set_normal(idle, MAX_NICE);
	wake_up_process(idle);
	ret = run_rounds();
	kthread_stop(idle);
	return ret;
}

/* -- Start and stop -------------------------------------------------------- */

static int start_sleeper(struct contestant *contestant)
{
	struct sleeper *sleeper = &contestant->sleepers[contestant->started];

	*sleeper = (struct sleeper) {
		.file = filp_open(contestant->candidate->node, O_RDONLY, 0),
		.buffer = buffer + contestant->started * RECORD_BYTES,
		.size = contestant->candidate->read_size,
	};
	if (IS_ERR(sleeper->file))
		return PTR_ERR(sleeper->file);
	sleeper->task = kthread_create(run_sleeper, sleeper, "notify_sleeper");
	if (IS_ERR(sleeper->task)) {
		__fput_sync(sleeper->file);
		return PTR_ERR(sleeper->task);
	}
	sched_set_fifo(sleeper->task);
	contestant->started++;
	wake_up_process(get_task_struct(sleeper->task));
	return 0;
}

static int start(struct contestant *contestant)
{
	int ret = contestant->candidate->start(contestant->candidate, readers, BYTES);

	contestant->running = !ret;
	while (contestant->started < readers && !ret)
		ret = start_sleeper(contestant);
	if (ret)
		pr_err("@failed notify_native: %s does not work: %d\n",
		       contestant->candidate->name, ret);
	return ret;
}

static void stop(struct contestant *contestant)
{
	unsigned int i;

	if (!contestant->running)
		return;
	WRITE_ONCE(stopping, true);
	contestant->candidate->publish(packet, BYTES);
	for (i = 0; i < contestant->started; i++) {
		kthread_stop_put(contestant->sleepers[i].task);
		__fput_sync(contestant->sleepers[i].file);
	}
	contestant->candidate->stop();
}

static int run(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARRAY_SIZE(contestants) && !ret; i++)
		ret = start(&contestants[i]);
	if (!ret)
		ret = num_online_cpus() > 1 ? run_with_idle() : run_rounds();
	for (i = 0; i < ARRAY_SIZE(contestants); i++)
		stop(&contestants[i]);
	return ret;
}

int measure_sleepers(unsigned int nr_readers, unsigned int nr_rounds)
{
	unsigned long address;
	int ret;

	if (nr_readers > SLEEPERS)
		return -EINVAL;
	readers = nr_readers;
	rounds = nr_rounds;
	/* Memory of insmod. */
	mm = current->mm;
	address = vm_mmap(NULL, 0, SLEEPERS * RECORD_BYTES, PROT_READ | PROT_WRITE,
			  MAP_ANONYMOUS | MAP_PRIVATE | MAP_POPULATE, 0);
	if (IS_ERR_VALUE(address))
		return address;
	buffer = (u8 __user *)address;
	set_cpus_allowed_ptr(current, cpumask_of(0));
	ret = run();
	vm_munmap(address, SLEEPERS * RECORD_BYTES);
	return ret;
}
