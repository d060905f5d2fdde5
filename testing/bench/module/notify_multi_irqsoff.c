// SPDX-License-Identifier: GPL-2.0
/*
 * notify_multi_irqsoff: measure the longest time with interrupts disabled.
 *
 * A timer on each CPU fires at random intervals. A timer that expires while interrupts are disabled
 * is late by the rest of that time. The maximum over many fires approaches the full time. The
 * benchmark uses the parameters: "running" starts and stops the timers; "worst_ns" and "fires" are
 * updated when they stop, and can be reset by writing 0.
 */

#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/time64.h>

#include "compat.h"

/* Interval of the timer: random, so that it does not synchronise with other activity. */
#define GAP_LEAST_NS	(2 * NSEC_PER_USEC)
#define GAP_SPREAD_NS	32768

/* In a new jiffy, ignore shorter delays: the tick causes them. */
#define TICK_NS		(10 * NSEC_PER_USEC)

/**
 * struct irqsoff - timer of a CPU
 * @timer:    The timer.
 * @tick:     Time of the last fire, in jiffies.
 * @random:   State of the generator of intervals, which are the same in each run.
 * @worst_ns: Maximum delay since the timers were started.
 * @fires:    Number of fires since then.
 */
struct irqsoff {
	struct hrtimer timer;
	unsigned long tick;
	u32 random;
	s64 worst_ns;
	u64 fires;
};

static DEFINE_PER_CPU(struct irqsoff, irqsoff_cpus);

static DEFINE_MUTEX(irqsoff_lock); /* Protects irqsoff_running. */
static bool irqsoff_running;

static unsigned long worst_ns;
module_param(worst_ns, ulong, 0600);
MODULE_PARM_DESC(worst_ns, "Maximum delay of a timer, in nanoseconds");

static unsigned long fires;
module_param(fires, ulong, 0600);
MODULE_PARM_DESC(fires, "Number of fires of all timers");

static u64 irqsoff_gap(struct irqsoff *irqsoff)
{
	irqsoff->random = irqsoff->random * 1664525 + 1013904223;
	return GAP_LEAST_NS + (irqsoff->random >> 8) % GAP_SPREAD_NS;
}

static enum hrtimer_restart irqsoff_fire(struct hrtimer *timer)
{
	struct irqsoff *irqsoff = container_of(timer, struct irqsoff, timer);
	ktime_t now = hrtimer_cb_get_time(timer);
	unsigned long tick = jiffies;
	s64 late = ktime_to_ns(ktime_sub(now, hrtimer_get_expires(timer)));

	irqsoff->fires++;
	if (late > irqsoff->worst_ns && (late > TICK_NS || irqsoff->tick == tick))
		irqsoff->worst_ns = late;
	irqsoff->tick = tick;
	hrtimer_set_expires(timer, ktime_add_ns(now, irqsoff_gap(irqsoff)));
	return HRTIMER_RESTART;
}

static void irqsoff_start_cpu(void *unused)
{
	struct irqsoff *irqsoff = this_cpu_ptr(&irqsoff_cpus);

	if (!fires)
		irqsoff->random = smp_processor_id();
	hrtimer_start(&irqsoff->timer, ns_to_ktime(irqsoff_gap(irqsoff)),
		      HRTIMER_MODE_REL_PINNED_HARD);
}

static void irqsoff_run(bool run)
{
	struct irqsoff *irqsoff;
	int cpu;

	irqsoff_running = run;
	if (run) {
		on_each_cpu(irqsoff_start_cpu, NULL, 1);
		return;
	}
	for_each_possible_cpu(cpu) {
		irqsoff = per_cpu_ptr(&irqsoff_cpus, cpu);
		hrtimer_cancel(&irqsoff->timer);
		worst_ns = max_t(unsigned long, worst_ns, irqsoff->worst_ns);
		fires += irqsoff->fires;
		irqsoff->worst_ns = 0;
		irqsoff->fires = 0;
	}
}

static int irqsoff_set_running(const char *text, const struct kernel_param *param)
{
	bool run;
	int ret = kstrtobool(text, &run);

	if (ret)
		return ret;
	mutex_lock(&irqsoff_lock);
	if (run != irqsoff_running)
		irqsoff_run(run);
	mutex_unlock(&irqsoff_lock);
	return 0;
}

static const struct kernel_param_ops irqsoff_running_ops = {
	.set = irqsoff_set_running,
	.get = param_get_bool,
};
module_param_cb(running, &irqsoff_running_ops, &irqsoff_running, 0600);
MODULE_PARM_DESC(running, "1 starts the timers, 0 stops them");

static int __init irqsoff_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		hrtimer_setup(&per_cpu_ptr(&irqsoff_cpus, cpu)->timer, irqsoff_fire,
			      CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	return 0;
}
module_init(irqsoff_init);

static void __exit irqsoff_exit(void)
{
	irqsoff_run(false);
}
module_exit(irqsoff_exit);

MODULE_DESCRIPTION("Longest time with interrupts off, for the benchmark of notify_multi");
MODULE_AUTHOR("The notify_multi developers");
MODULE_LICENSE("GPL");
