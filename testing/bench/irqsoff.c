// SPDX-License-Identifier: GPL-2.0
/*
 * The longest time with interrupts off: notify_multi_irqsoff.ko lets a timer expire at varying
 * moments and records its largest delay. The timer runs only while packets are published.
 */
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "file.h"

#define PARAMETERS	"/sys/module/notify_multi_irqsoff/parameters/"

/* Timer expirations: with 99 % probability, one is near the start of the longest time. */
#define FIRES		250
/* Maximum number of packets, for all readers, if the timer expires only once per packet. */
#define READ_PACKETS	200000
/* Packets published at a time, for all readers. */
#define FILL_PACKETS	16384
#define IDLE_CALLS	500

/*
 * Other kernel code occasionally disables interrupts, too. The minimum of several tries excludes
 * that code.
 */
#define TRIES		3

static bool available;

void irqsoff_init(void)
{
	available = !access(PARAMETERS "running", W_OK);
}

static void irqsoff_run(bool run)
{
	expect_success(write_file(PARAMETERS "running", run ? "1" : "0"), "notify_multi_irqsoff");
}

/* Make system calls that do nothing while the timer runs. Return the number of packets. */
static unsigned int irqsoff_idle(struct bench *bench)
{
	unsigned int i;

	irqsoff_run(true);
	for (i = 0; i < IDLE_CALLS; i++)
		syscall(SYS_getppid);
	irqsoff_run(false);
	return 0;
}

/* Fill the queues while the timer runs, and empty them while it does not. */
static unsigned int irqsoff_fill(struct bench *bench)
{
	unsigned int count = FILL_PACKETS / bench->nr;
	unsigned int i;

	if (!count)
		count = 1;
	if (count > bench->queue)
		count = bench->queue;
	irqsoff_run(true);
	for (i = 0; i < count; i++)
		publish_next(bench);
	irqsoff_run(false);
	drain(bench, bench->nr, count);
	return count * bench->nr;
}

static double irqsoff_min(struct bench *bench, unsigned int (*work)(struct bench *bench))
{
	double min = NONE;
	int i;

	for (i = 0; available && i < TRIES; i++) {
		unsigned int packets = 0;
		double worst;

		write_file(PARAMETERS "worst_ns", "0");
		write_file(PARAMETERS "fires", "0");
		while (read_number(PARAMETERS "fires") < FIRES && packets < READ_PACKETS)
			packets += work(bench);
		worst = read_number(PARAMETERS "worst_ns");
		if (min < 0 || worst < min)
			min = worst;
	}
	return min;
}

double irqsoff_baseline(void)
{
	return irqsoff_min(NULL, irqsoff_idle);
}

double irqsoff_measure(struct bench *bench)
{
	return irqsoff_min(bench, irqsoff_fill);
}
