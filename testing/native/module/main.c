// SPDX-License-Identifier: GPL-2.0
/*
 * Measure how long several candidates take to give a packet to many readers, and a reader to read
 * it, in cycles of the time-stamp counter.
 *
 * insmod runs the benchmark and prints the results to the kernel log:
 *
 *	@native CANDIDATE MEASURE READERS BYTES PACKETS CYCLES
 *	@tsc KHZ
 *
 * Each round has a line or more. The cycles are those of PACKETS packets and all readers together.
 * Readers are files that the module opens, because transitions between user and kernel mode are
 * slow in User-Mode Linux. All candidates are measured in each round, so that noise affects them
 * equally. For readers that sleep, see wakeup.c.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "candidate.h"

static unsigned int readers = 1;
module_param(readers, uint, 0444);
MODULE_PARM_DESC(readers, "Number of readers of each candidate");

static unsigned int bytes = 64;
module_param(bytes, uint, 0444);
MODULE_PARM_DESC(bytes, "Bytes of a packet");

static unsigned int rounds = 11;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "Number of measurements of each candidate");

static bool sleepers;
module_param(sleepers, bool, 0444);
MODULE_PARM_DESC(sleepers, "Measure readers that sleep");

#define MAX_BYTES	4096
#define BUFFER_BYTES	(NATIVE_QUEUE * (MAX_BYTES + 64))
#define HOT_PACKETS	8
/* Larger than the caches. */
#define COLD_BYTES	(64 << 20)
/* With few readers, the CPU needs more packets to learn the branches of a candidate. */
#define WARM_QUEUES	(1 + 256 / readers)

/**
 * struct measure - what is measured
 * @name:    Name in the results.
 * @packets: Number of packets whose time is measured.
 * @at_once: Number of packets of each read.
 */
struct measure {
	const char *name;
	unsigned int packets;
	unsigned int at_once;
};

/* @packets is set by the number of readers: few cycles are not measured exactly. */
static struct measure hot = { "hot" };
static const struct measure cold = { "cold", 1 };
static const struct measure read = { "read", 6, 1 };
static const struct measure batch = { "batch", 8, 8 };

static struct native_candidate *candidates[] = {
	&native_notify_multi, &native_evdev, &native_hidraw, &native_limit,
};

static u64 packet[MAX_BYTES / sizeof(u64)];
static u8 *other_memory;
static u8 __user *buffer;
static u64 clock_cycles;	/* Duration of reading the clock. */
static bool reporting;
static int error;

static void measure_clock(void)
{
	u64 start;
	int i;

	clock_cycles = U64_MAX;
	for (i = 0; i < 1000; i++) {
		start = cycles_now();
		clock_cycles = min(clock_cycles, cycles_now() - start);
	}
}

static void report(struct native_candidate *candidate, const struct measure *measure, u64 cycles)
{
	if (reporting)
		pr_info("@native %s %s %u %u %u %llu\n", candidate->name, measure->name, readers,
			bytes, measure->packets, cycles - min(cycles, clock_cycles));
}

static void empty_caches(void)
{
	size_t i;

	for (i = 0; i < COLD_BYTES; i += L1_CACHE_BYTES)
		other_memory[i]++;
}

/* -- Publish and read ------------------------------------------------------ */

static void publish(struct native_candidate *candidate, unsigned int packets)
{
	while (packets--)
		candidate->publish(packet, bytes);
}

static void time_publish(struct native_candidate *candidate, const struct measure *measure)
{
	u64 start = cycles_now();

	publish(candidate, measure->packets);
	report(candidate, measure, cycles_now() - start);
}

static void read_packets(struct native_candidate *candidate, unsigned int reader,
			 unsigned int packets, unsigned int at_once)
{
	size_t left = packets * candidate->read_size;

	while (left && !error) {
		size_t size = min(left, at_once * candidate->read_size);
		ssize_t ret = native_read(candidate->files[reader], buffer, size);

		if (ret > 0 && ret <= size) {
			left -= ret;
		} else {
			pr_err("notify_native: %s: read returned %zd\n", candidate->name, ret);
			error = -EIO;
		}
	}
}

static void time_read(struct native_candidate *candidate, const struct measure *measure)
{
	u64 start = cycles_now();

	read_packets(candidate, 0, measure->packets, measure->at_once);
	report(candidate, measure, cycles_now() - start);
}

/* Empty the queues of all readers from @first on. */
static void drain(struct native_candidate *candidate, unsigned int first, unsigned int packets)
{
	for (; candidate->files && first < readers; first++)
		read_packets(candidate, first, packets, packets);
}

/* -- Rounds ---------------------------------------------------------------- */

static void run_hot(struct native_candidate *candidate)
{
	unsigned int i;

	for (i = 0; i < WARM_QUEUES; i++) {
		publish(candidate, NATIVE_QUEUE);
		drain(candidate, 0, NATIVE_QUEUE);
	}
	publish(candidate, NATIVE_QUEUE - HOT_PACKETS);
	for (i = 0; i < HOT_PACKETS; i += hot.packets)
		time_publish(candidate, &hot);
	if (!candidate->files)
		return;
	read_packets(candidate, 0, NATIVE_QUEUE - read.packets - batch.packets, 1);
	time_read(candidate, &read);
	time_read(candidate, &batch);
	drain(candidate, 1, NATIVE_QUEUE);
}

static void run_cold(struct native_candidate *candidate)
{
	empty_caches();
	time_publish(candidate, &cold);
	drain(candidate, 0, cold.packets);
}

static void run_rounds(void (*run)(struct native_candidate *candidate))
{
	unsigned int round, i;

	/* The first round, which is not reported, takes page faults. */
	for (round = 0; round <= rounds; round++) {
		reporting = round;
		for (i = 0; i < ARRAY_SIZE(candidates) && !error; i++)
			run(candidates[i]);
		cond_resched();
	}
}

/* -- Start and stop -------------------------------------------------------- */

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

static void stop(struct native_candidate *candidate)
{
	unsigned int i;

	for (i = 0; candidate->files && i < readers; i++)
		if (!IS_ERR_OR_NULL(candidate->files[i]))
			__fput_sync(candidate->files[i]);
	kvfree(candidate->files);
	candidate->stop();
}

static int start(struct native_candidate *candidate)
{
	int ret = candidate->start(candidate, readers, bytes);

	if (!ret && candidate->node[0]) {
		ret = open_files(candidate);
		if (ret)
			stop(candidate);
	}
	if (ret)
		pr_err("notify_native: %s: error %d\n", candidate->name, ret);
	return ret;
}

static void run(void)
{
	u64 start_cycles = cycles_now(), start_ns = ktime_get_ns();
	unsigned int started;

	for (started = 0; started < ARRAY_SIZE(candidates); started++) {
		error = start(candidates[started]);
		if (error)
			break;
	}
	if (!error) {
		run_rounds(run_hot);
		run_rounds(run_cold);
	}
	while (started)
		stop(candidates[--started]);
	pr_info("@tsc %llu\n", div64_u64((cycles_now() - start_cycles) * USEC_PER_SEC,
					 ktime_get_ns() - start_ns));
}

static int __init native_init(void)
{
	unsigned long address;

	if (!readers || bytes < sizeof(int) || bytes > MAX_BYTES)
		return -EINVAL;
	if (sleepers)
		return measure_sleepers(readers, rounds);
	/* Memory of insmod. */
	address = vm_mmap(NULL, 0, BUFFER_BYTES, PROT_READ | PROT_WRITE,
			  MAP_ANONYMOUS | MAP_PRIVATE | MAP_POPULATE, 0);
	if (IS_ERR_VALUE(address))
		return address;
	buffer = (u8 __user *)address;
	hot.packets = readers < 16 ? HOT_PACKETS : readers < 256 ? 2 : 1;
	other_memory = vzalloc(COLD_BYTES);
	if (other_memory) {
		measure_clock();
		run();
	} else {
		error = -ENOMEM;
	}
	vfree(other_memory);
	vm_munmap(address, BUFFER_BYTES);
	return error;
}
module_init(native_init);

static void __exit native_exit(void)
{
}
module_exit(native_exit);

MODULE_DESCRIPTION("Benchmark of ways to give a packet to many readers");
MODULE_AUTHOR("The notify_multi developers");
MODULE_LICENSE("GPL");
