// SPDX-License-Identifier: GPL-2.0
/*
 * Measure how long several candidates take to give a packet to many readers, and a reader to read
 * it, in cycles of the time-stamp counter.
 *
 * insmod runs the benchmark and prints the results to the kernel log:
 *
 *	@native CANDIDATE MEASURE READERS BYTES PACKETS CYCLES...
 *	@tsc KHZ
 *
 * There is a number of cycles for each round, for PACKETS packets and all readers together. Readers
 * are files that the module opens, because transitions between user and kernel mode are slow in
 * User-Mode Linux. All candidates are measured in each round, so that noise affects them equally.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>

#include "candidate.h"

static unsigned int readers = 1;
module_param(readers, uint, 0444);
MODULE_PARM_DESC(readers, "Number of readers of each candidate");

static unsigned int bytes = 64;
module_param(bytes, uint, 0444);
MODULE_PARM_DESC(bytes, "Bytes of a packet");

static unsigned int rounds = 51;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "Number of measurements of each candidate, at most 100");

static unsigned int cold_mb = 64;
module_param(cold_mb, uint, 0444);
MODULE_PARM_DESC(cold_mb, "Megabytes to write in order to fill the caches with other memory");

/* The kernel's limit for a line of the log, and the number of results that fit. */
#define LINE_BYTES	1000
#define MAX_ROUNDS	100
#define MAX_BYTES	4096
/* With fewer readers, the CPU needs more packets to learn the branches of a candidate. */
#define WARM_QUEUES(readers)	(1 + 256 / (readers))
#define BUFFER_BYTES	(NATIVE_QUEUE * (MAX_BYTES + 64))

static const struct {
	const char *name;
	unsigned int packets;
} measures[NATIVE_MEASURES] = {
	[NATIVE_HOT] = { "hot", 8 },
	[NATIVE_COLD] = { "cold", 1 },
	[NATIVE_READ] = { "read", 6 },
	[NATIVE_BATCH] = { "batch", 8 },
};

static struct native_candidate *candidates[] = {
	&native_notify_multi, &native_evdev, &native_hidraw, &native_limit,
};

static u64 packet[MAX_BYTES / sizeof(u64)];
static u8 *other_memory;
static u8 __user *buffer;
static u64 clock_cycles;	/* Duration of reading the clock. */

/* Instructions before and after it do not move across. */
static u64 cycles_now(void)
{
	u32 low, high;

	asm volatile("lfence; rdtsc; lfence" : "=a" (low), "=d" (high) : : "memory");
	return (u64)high << 32 | low;
}

static u64 cycles_since(u64 start)
{
	u64 cycles = cycles_now() - start;

	return cycles > clock_cycles ? cycles - clock_cycles : 0;
}

static void measure_clock(void)
{
	u64 least = U64_MAX;
	int i;

	clock_cycles = 0;
	for (i = 0; i < 1000; i++)
		least = min(least, cycles_since(cycles_now()));
	clock_cycles = least;
}

static void empty_caches(void)
{
	size_t i;

	for (i = 0; i < (size_t)cold_mb << 20; i += 64)
		other_memory[i]++;
}

/* -- Reads ----------------------------------------------------------------- */

/* As vfs_read(), which is not exported. */
static ssize_t read_file(struct file *file, size_t size)
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

static int read_packets(struct native_candidate *candidate, unsigned int reader,
			unsigned int packets, unsigned int at_once)
{
	size_t left = packets * candidate->read_size;

	while (left) {
		size_t size = min(left, at_once * candidate->read_size);
		ssize_t ret = read_file(candidate->files[reader], size);

		if (ret <= 0 || ret % candidate->read_size) {
			pr_err("notify_native: %s: read returned %zd\n", candidate->name, ret);
			return -EIO;
		}
		left -= ret;
	}
	return 0;
}

/* Empty the queues, which contain @packets packets, of all readers but the first @skip. */
static int drain(struct native_candidate *candidate, unsigned int packets, unsigned int skip)
{
	unsigned int i;
	int ret = 0;

	for (i = skip; candidate->files && i < readers && !ret; i++)
		ret = read_packets(candidate, i, packets, packets);
	return ret;
}

/* -- Rounds ---------------------------------------------------------------- */

static u64 time_publish(struct native_candidate *candidate, unsigned int packets)
{
	u64 start = cycles_now();

	while (packets--)
		candidate->publish(packet, bytes);
	return cycles_since(start);
}

/* The first reader takes as many packets as a measure needs. */
static int time_reads(struct native_candidate *candidate, enum native_measure measure,
		      unsigned int at_once, unsigned int round)
{
	u64 start = cycles_now();
	int ret = read_packets(candidate, 0, measures[measure].packets, at_once);

	candidate->cycles[measure][round] = cycles_since(start);
	return ret;
}

static int run_hot(struct native_candidate *candidate, unsigned int round)
{
	unsigned int packets = measures[NATIVE_HOT].packets;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < WARM_QUEUES(readers) && !ret; i++) {
		time_publish(candidate, NATIVE_QUEUE);
		ret = drain(candidate, NATIVE_QUEUE, 0);
	}
	time_publish(candidate, NATIVE_QUEUE - packets);
	candidate->cycles[NATIVE_HOT][round] = time_publish(candidate, packets);
	if (!candidate->files)
		return ret;
	if (!ret)
		ret = read_packets(candidate, 0, 1, 1);
	if (!ret)
		ret = time_reads(candidate, NATIVE_READ, 1, round);
	if (!ret)
		ret = time_reads(candidate, NATIVE_BATCH, NATIVE_QUEUE, round);
	return ret ? ret : drain(candidate, NATIVE_QUEUE, 1);
}

static int run_cold(struct native_candidate *candidate, unsigned int round)
{
	empty_caches();
	candidate->cycles[NATIVE_COLD][round] = time_publish(candidate, 1);
	return drain(candidate, 1, 0);
}

static int run_rounds(int (*run)(struct native_candidate *candidate, unsigned int round))
{
	unsigned int round, i;
	int ret = 0;

	/* The first round takes page faults; the second one overwrites its results. */
	for (i = 0; i < ARRAY_SIZE(candidates) && !ret; i++)
		ret = run(candidates[i], 0);
	for (round = 0; round < rounds && !ret; round++) {
		for (i = 0; i < ARRAY_SIZE(candidates) && !ret; i++)
			ret = run(candidates[i], round);
		cond_resched();
	}
	return ret;
}

/* -- Results --------------------------------------------------------------- */

static void report_measure(struct native_candidate *candidate, enum native_measure measure,
			   char *line)
{
	unsigned int round;
	int length;

	length = scnprintf(line, LINE_BYTES, "%s %s %u %u %u", candidate->name,
			   measures[measure].name, readers, bytes, measures[measure].packets);
	for (round = 0; round < rounds; round++)
		length += scnprintf(line + length, LINE_BYTES - length, " %llu",
				    candidate->cycles[measure][round]);
	pr_info("@native %s\n", line);
}

static int report(struct native_candidate *candidate)
{
	char *line = kmalloc(LINE_BYTES, GFP_KERNEL);
	unsigned int i;

	if (!line)
		return -ENOMEM;
	for (i = 0; i < NATIVE_MEASURES; i++)
		if (candidate->files || i == NATIVE_HOT || i == NATIVE_COLD)
			report_measure(candidate, i, line);
	kfree(line);
	return 0;
}

/* -- Start and stop -------------------------------------------------------- */

static void stop(struct native_candidate *candidate)
{
	unsigned int i;

	for (i = 0; candidate->files && i < readers; i++)
		if (!IS_ERR_OR_NULL(candidate->files[i]))
			__fput_sync(candidate->files[i]);
	kvfree(candidate->files);
	candidate->files = NULL;
	for (i = 0; i < NATIVE_MEASURES; i++)
		kvfree(candidate->cycles[i]);
	candidate->stop();
}

static int open_files(struct native_candidate *candidate)
{
	unsigned int i;

	candidate->files = kvcalloc(readers, sizeof(*candidate->files), GFP_KERNEL);
	if (!candidate->files)
		return -ENOMEM;
	for (i = 0; i < readers; i++) {
		candidate->files[i] = filp_open(candidate->node, O_RDONLY | O_NONBLOCK, 0);
		if (IS_ERR(candidate->files[i]))
			return PTR_ERR(candidate->files[i]);
	}
	return 0;
}

static int start(struct native_candidate *candidate)
{
	int i, ret = candidate->start(candidate, readers, bytes);

	if (ret)
		goto fail;
	for (i = 0; i < NATIVE_MEASURES; i++) {
		candidate->cycles[i] = kvcalloc(rounds, sizeof(u64), GFP_KERNEL);
		if (!candidate->cycles[i])
			ret = -ENOMEM;
	}
	if (!ret && candidate->node[0])
		ret = open_files(candidate);
	if (!ret)
		return 0;
	stop(candidate);
fail:
	pr_err("notify_native: %s does not work: %d\n", candidate->name, ret);
	return ret;
}

static int run(void)
{
	u64 start_cycles = cycles_now(), start_ns = ktime_get_ns();
	unsigned int i, started = 0;
	int ret;

	do {
		ret = start(candidates[started]);
	} while (!ret && ++started < ARRAY_SIZE(candidates));
	if (!ret)
		ret = run_rounds(run_hot);
	if (!ret)
		ret = run_rounds(run_cold);
	for (i = 0; i < started; i++) {
		if (!ret)
			ret = report(candidates[i]);
		stop(candidates[i]);
	}
	pr_info("@tsc %llu\n", div64_u64((cycles_now() - start_cycles) * USEC_PER_SEC,
					 ktime_get_ns() - start_ns));
	return ret;
}

static int __init native_init(void)
{
	unsigned long address;
	int ret = -ENOMEM;

	if (!readers || !rounds || rounds > MAX_ROUNDS || !cold_mb || bytes < sizeof(int) ||
	    bytes > MAX_BYTES)
		return -EINVAL;
	/* Memory of insmod. */
	address = vm_mmap(NULL, 0, BUFFER_BYTES, PROT_READ | PROT_WRITE,
			  MAP_ANONYMOUS | MAP_PRIVATE | MAP_POPULATE, 0);
	if (IS_ERR_VALUE(address))
		return address;
	buffer = (u8 __user *)address;
	measure_clock();
	other_memory = vzalloc((size_t)cold_mb << 20);
	if (other_memory)
		ret = run();
	vfree(other_memory);
	vm_munmap(address, BUFFER_BYTES);
	return ret;
}
module_init(native_init);

static void __exit native_exit(void)
{
}
module_exit(native_exit);

MODULE_DESCRIPTION("Benchmark of ways to give a packet to many readers");
MODULE_AUTHOR("The notify_multi developers");
MODULE_LICENSE("GPL");
