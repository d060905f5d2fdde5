// SPDX-License-Identifier: GPL-2.0
/*
 * The longest time with interrupts off, as a timer sees it: notify_multi_irqsoff.ko has one
 * fire at ever different moments, and keeps how late it was at worst. It runs only while
 * packets are published.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define PARAMETERS	"/sys/module/notify_multi_irqsoff/parameters/"

/* Timers that fire, enough for one to hit the begin of the longest time, but for 1 in 100. */
#define FIRES		250
/* Where only one fires for each packet: no more packets than that, for all readers. */
#define READ_PACKETS	200000
/* Packets at a time, for all readers. */
#define FILL_PACKETS	16384
#define IDLE_CALLS	500

/*
 * What else the kernel does now and then also has interrupts off. Each of so many tries sees
 * the time that each packet takes; what happens by chance is not in all of them.
 */
#define TRIES		3

static bool available;

static void irqsoff_set(const char *parameter, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), PARAMETERS "%s", parameter);
	if (file_write(path, value))
		die("%s: cannot write", path);
}

static unsigned long long irqsoff_get(const char *parameter)
{
	char path[128], text[32];

	snprintf(path, sizeof(path), PARAMETERS "%s", parameter);
	if (file_read(path, text, sizeof(text)))
		die("%s: cannot read", path);
	return strtoull(text, NULL, 10);
}

void irqsoff_init(void)
{
	available = !access(PARAMETERS "running", W_OK);
}

/* System calls that do nothing, while the timer runs. Returns how many packets they were. */
static unsigned int irqsoff_idle(struct bench *bench)
{
	unsigned int i;

	(void)bench;
	irqsoff_set("running", "1");
	for (i = 0; i < IDLE_CALLS; i++)
		syscall(SYS_getppid);
	irqsoff_set("running", "0");
	return 0;
}

/* Fills the queues while the timer runs; they are emptied while it does not. */
static unsigned int irqsoff_fill(struct bench *bench)
{
	unsigned int count = FILL_PACKETS / bench->nr;
	unsigned int i;

	if (!count)
		count = 1;
	if (count > bench->queue)
		count = bench->queue;
	irqsoff_set("running", "1");
	for (i = 0; i < count; i++)
		publish_next(bench);
	irqsoff_set("running", "0");
	drain(bench, bench->nr, count);
	return count * bench->nr;
}

static double irqsoff_least(struct bench *bench, unsigned int (*work)(struct bench *bench))
{
	double least = NONE;
	int i;

	for (i = 0; available && i < TRIES; i++) {
		unsigned int packets = 0;
		double worst;

		irqsoff_set("reset", "1");
		while (irqsoff_get("fires") < FIRES && packets < READ_PACKETS)
			packets += work(bench);
		worst = irqsoff_get("worst_ns");
		if (least < 0 || worst < least)
			least = worst;
	}
	return least;
}

/* What a timer's own interrupt takes, and a system call that does nothing. */
double irqsoff_baseline(void)
{
	return irqsoff_least(NULL, irqsoff_idle);
}

double irqsoff_measure(struct bench *bench)
{
	return irqsoff_least(bench, irqsoff_fill);
}
