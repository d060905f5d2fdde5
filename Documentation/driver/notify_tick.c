// SPDX-License-Identifier: GPL-2.0
/*
 * A complete source for notify_multi: a timer. See Documentation/driver-guide.md.
 */

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/timer.h>

#include "notify_multi.h"

static struct notify_multi *tick_nm;
static struct timer_list tick_timer;
static u32 tick_count;
static atomic_t tick_clients = ATOMIC_INIT(0);

struct tick_packet {
	__u32 count;
	__u32 clients;
};

static int tick_arrival(struct notify_multi_client *client, struct file *file)
{
	atomic_inc(&tick_clients);
	return 0;
}

static void tick_departure(struct notify_multi_client *client)
{
	atomic_dec(&tick_clients);
}

static const struct notify_multi_ops tick_ops = {
	.arrival = tick_arrival,
	.departure = tick_departure,
};

static void tick_expired(struct timer_list *timer)
{
	struct tick_packet packet = {
		.count = ++tick_count,
		.clients = atomic_read(&tick_clients),
	};

	notify_multi_broadcast(tick_nm, &packet, sizeof(packet), 0);
	mod_timer(timer, jiffies + HZ / 10);
}

static int __init tick_init(void)
{
	struct notify_multi_config config = {
		.name = "tick",
		.packet_size = sizeof(struct tick_packet),
		.max_packets = 64,
		.max_requests = 16,
		.replay = 1,
		.ops = &tick_ops,
	};

	tick_nm = notify_multi_register(NULL, &config);
	if (IS_ERR(tick_nm))
		return PTR_ERR(tick_nm);
	timer_setup(&tick_timer, tick_expired, 0);
	mod_timer(&tick_timer, jiffies + HZ / 10);
	return 0;
}
module_init(tick_init);

/* Stop broadcasting first. */
static void __exit tick_exit(void)
{
	timer_delete_sync(&tick_timer);
	notify_multi_unregister(tick_nm);
}
module_exit(tick_exit);

MODULE_DESCRIPTION("A timer for notify_multi");
MODULE_LICENSE("GPL");
