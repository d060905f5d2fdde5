// SPDX-License-Identifier: GPL-2.0
/*
 * notify_gpio: broadcast edges of GPIO lines.
 *
 * Path of an edge, through the queue of source.h:
 *
 *     hard handler   gpio_line_irq()      queues the time, and the level if it can be read
 *     IRQ thread     gpio_line_thread()   broadcasts the queued edges in order
 *                    gpio_prepare()       reads the level if necessary, and completes the packet
 *
 * gpio_line_nested_irq() does both for lines whose interrupt is nested in the thread of their
 * controller. For a line that is debounced in software, gpio_line_debounce_work() reads the level
 * once the line has been quiet.
 *
 * The firmware node is compatible with "notify-multi,gpio". It can come from a device tree,
 * ACPI (PRP0001) or a software node.
 */

#include <linux/bits.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/gpio/consumer.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/lockdep.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/pm_wakeup.h>
#include <linux/property.h>
#include <linux/workqueue.h>
#include <linux/notify_gpio.h>

#include "compat.h"
#include "notify_multi.h"
#include "source.h"

#define GPIO_MAX_LINES		64
#define GPIO_MAX_DEBOUNCE_MS	60000
#define GPIO_BOTH_EDGES		(BIT(NOTIFY_GPIO_EDGE_RISING) | BIT(NOTIFY_GPIO_EDGE_FALLING))
/* Level of a queued event that gpio_prepare() must read. */
#define GPIO_LEVEL_UNREAD	U32_MAX
/* pinconf arguments are 24 bits, in microseconds. */
#define GPIO_MAX_HARDWARE_DEBOUNCE_MS	((BIT(24) - 1) / USEC_PER_MSEC)

/**
 * struct gpio_line - GPIO line
 * @gpio:      Device that the line belongs to.
 * @desc:      Descriptor.
 * @irq:       Interrupt.
 * @index:     Index in the "gpios" property.
 * @seqno:     Edges so far; accessed only by the line's handler or debounce work.
 * @debounce:  Debounce work; runs when the line has been quiet.
 * @last_edge: Time of the last edge; protected by source->lock.
 * @bounced:   True until gpio_line_debounce_thread() handles that edge; protected by source->lock.
 * @level:     Last level that gpio_line_nested_irq() or gpio_line_debounce_work() read; after
 *             probe accessed only by one of these.
 * @wakes:     True if @irq is armed as a wakeup interrupt.
 */
struct gpio_line {
	struct notify_gpio *gpio;
	struct gpio_desc *desc;
	int irq;
	u32 index;
	u32 seqno;
	struct delayed_work debounce;
	ktime_t last_edge;
	bool bounced;
	int level;
	bool wakes;
};

/**
 * struct notify_gpio - lines of one firmware node
 * @source:      Common part of the sources.
 * @edges:       Requested edges, a mask of 1 << &enum notify_gpio_edge.
 * @debounce_ms: Debounce time, 0 for none.
 * @bounce_lock: Protects @bouncing, and serialises its changes with those of the wakeup source.
 * @bouncing:    Lines whose debounce work must run, one bit per line.
 * @levels:      Last observed levels, one bit per line; protected by source.flush_lock.
 * @nr_lines:    Number of @lines.
 * @lines:       The lines, in the order of "gpios".
 */
struct notify_gpio {
	struct notify_source source;
	u32 edges;
	u32 debounce_ms;
	struct mutex bounce_lock; /* Protects bouncing. */
	u64 bouncing;
	u64 levels;
	u32 nr_lines;
	struct gpio_line lines[];
};

/* -- Edges ----------------------------------------------------------------- */

static u32 gpio_edge_to(int level)
{
	return level > 0 ? NOTIFY_GPIO_EDGE_RISING : NOTIFY_GPIO_EDGE_FALLING;
}

/* Return true if the line's level was different. Caller must hold flush_lock. */
static bool gpio_set_level(struct notify_gpio *gpio, u32 line, bool level)
{
	u64 levels = gpio->levels & ~BIT_ULL(line);
	u64 last = gpio->levels;

	if (level)
		levels |= BIT_ULL(line);
	gpio->levels = levels;
	return levels != last;
}

static void gpio_read_late(struct gpio_line *line, struct source_event *queued)
{
	struct notify_gpio_event *event = (void *)queued->packet;
	int level = gpiod_get_value_cansleep(line->desc);

	event->level = max(level, 0);
	queued->status = min(level, 0);
}

/*
 * Derive the edge from the level if both edges are requested, and else the level from the edge.
 * If several edges occurred before the level could be read, the level is the same for all of them.
 */
static void gpio_prepare(struct notify_source *source, struct source_event *queued)
{
	struct notify_gpio *gpio = container_of(source, struct notify_gpio, source);
	struct notify_gpio_event *event = (void *)queued->packet;

	if (event->level == GPIO_LEVEL_UNREAD)
		gpio_read_late(&gpio->lines[event->line], queued);
	if (queued->status) {
		event->level = !!(gpio->levels & BIT_ULL(event->line));
	} else if (gpio->edges == GPIO_BOTH_EDGES) {
		event->edge = gpio_edge_to(event->level);
		if (!gpio_set_level(gpio, event->line, event->level))
			event->flags = NOTIFY_GPIO_UNCHANGED;
	} else {
		event->level = gpio->edges == BIT(NOTIFY_GPIO_EDGE_RISING);
		event->edge = gpio_edge_to(event->level);
		gpio_set_level(gpio, event->line, event->level);
	}
	event->levels = gpio->levels;
}

static void gpio_queue(struct gpio_line *line, u32 level, int status, ktime_t when)
{
	struct notify_gpio_event event = {
		.line = line->index,
		.level = level,
		.line_seqno = ++line->seqno,
	};

	source_queue(&line->gpio->source, &event, status, when);
}

/* A negative @level is the errno of the read, and becomes the packet's status. */
static void gpio_queue_edge(struct gpio_line *line, int level, ktime_t when)
{
	gpio_queue(line, max(level, 0), min(level, 0), when);
}

/*
 * Return true if the line changed to @level, and this edge is not requested. If it did not change,
 * a requested edge was followed by the opposite one before the level was read.
 */
static bool gpio_line_skips_edge(struct gpio_line *line, int level)
{
	struct notify_gpio *gpio = line->gpio;
	bool changed = level != line->level;

	if (level < 0)
		return false;
	line->level = level;
	if (!changed || gpio->edges & BIT(gpio_edge_to(level)))
		return false;
	mutex_lock(&gpio->source.flush_lock);
	gpio_set_level(gpio, line->index, level);
	mutex_unlock(&gpio->source.flush_lock);
	return true;
}

/* The lock of the chip can be a spinlock_t, which is a sleeping lock on PREEMPT_RT. */
static bool gpio_line_is_atomic(struct gpio_line *line)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) && !gpiod_cansleep(line->desc);
}

static int gpio_line_read_atomic(struct gpio_line *line)
{
	/* For lockdep, which otherwise checks as if the kernel were PREEMPT_RT. */
	static DEFINE_WAIT_OVERRIDE_MAP(map, LD_WAIT_CONFIG);
	int level;

	lock_map_acquire_try(&map);
	level = gpiod_get_value(line->desc);
	lock_map_release(&map);
	return level;
}

static irqreturn_t gpio_line_irq(int irq, void *data)
{
	struct gpio_line *line = data;
	ktime_t now = ktime_get();

	if (line->gpio->edges != GPIO_BOTH_EDGES)
		gpio_queue_edge(line, 0, now);
	else if (gpio_line_is_atomic(line))
		gpio_queue_edge(line, gpio_line_read_atomic(line), now);
	else
		gpio_queue(line, GPIO_LEVEL_UNREAD, 0, now);
	return IRQ_WAKE_THREAD;
}

static irqreturn_t gpio_line_thread(int irq, void *data)
{
	struct gpio_line *line = data;

	source_wakeup(&line->gpio->source);
	source_flush_queue(&line->gpio->source);
	return IRQ_HANDLED;
}

static irqreturn_t gpio_line_nested_irq(int irq, void *data)
{
	struct gpio_line *line = data;
	ktime_t now = ktime_get();
	int level = gpiod_get_value_cansleep(line->desc);

	if (gpio_line_skips_edge(line, level))
		return IRQ_HANDLED;
	gpio_queue_edge(line, level, now);
	return gpio_line_thread(irq, data);
}

/* -- Debouncing in software ------------------------------------------------ */

/* Freezable, because an expander may be inaccessible while the system is suspended. */
static void gpio_line_restart_debounce(struct gpio_line *line)
{
	mod_delayed_work(system_freezable_wq, &line->debounce,
			 msecs_to_jiffies(line->gpio->debounce_ms));
}

static irqreturn_t gpio_line_debounce_irq(int irq, void *data)
{
	struct gpio_line *line = data;
	struct notify_source *source = &line->gpio->source;
	unsigned long flags;

	raw_spin_lock_irqsave(&source->lock, flags);
	line->last_edge = ktime_get();
	line->bounced = true;
	raw_spin_unlock_irqrestore(&source->lock, flags);
	return IRQ_WAKE_THREAD;
}

/* Keep the system awake until the debounce work has run: its timer would not wake the system. */
static irqreturn_t gpio_line_debounce_thread(int irq, void *data)
{
	struct gpio_line *line = data;
	struct notify_gpio *gpio = line->gpio;

	mutex_lock(&gpio->bounce_lock);
	raw_spin_lock_irq(&gpio->source.lock);
	line->bounced = false;
	raw_spin_unlock_irq(&gpio->source.lock);
	gpio->bouncing |= BIT_ULL(line->index);
	pm_stay_awake(gpio->source.dev);
	gpio_line_restart_debounce(line);
	mutex_unlock(&gpio->bounce_lock);
	return IRQ_HANDLED;
}

static irqreturn_t gpio_line_debounce_nested_irq(int irq, void *data)
{
	gpio_line_debounce_irq(irq, data);
	return gpio_line_debounce_thread(irq, data);
}

static void gpio_line_settled(struct gpio_line *line)
{
	struct notify_gpio *gpio = line->gpio;

	mutex_lock(&gpio->bounce_lock);
	if (!delayed_work_pending(&line->debounce))
		gpio->bouncing &= ~BIT_ULL(line->index);
	if (!gpio->bouncing)
		pm_relax(gpio->source.dev);
	mutex_unlock(&gpio->bounce_lock);
}

static void gpio_line_report_debounced(struct gpio_line *line)
{
	struct notify_gpio *gpio = line->gpio;
	int level = gpiod_get_value_cansleep(line->desc);
	ktime_t last_edge;
	bool bounced;

	raw_spin_lock_irq(&gpio->source.lock);
	last_edge = line->last_edge;
	bounced = line->bounced;
	raw_spin_unlock_irq(&gpio->source.lock);
	/* gpio_line_debounce_thread() will restart the debounce. */
	if (bounced || level == line->level || gpio_line_skips_edge(line, level))
		return;
	gpio_queue_edge(line, level, last_edge);
	source_flush_queue(&gpio->source);
}

static void gpio_line_debounce_work(struct work_struct *work)
{
	struct gpio_line *line = container_of(to_delayed_work(work), struct gpio_line, debounce);

	gpio_line_report_debounced(line);
	gpio_line_settled(line);
}

static void gpio_line_cancel_debounce(void *data)
{
	struct gpio_line *line = data;

	cancel_delayed_work_sync(&line->debounce);
}

/* -- Power management ------------------------------------------------------ */

static struct notify_gpio *gpio_of(struct device *dev)
{
	return container_of(dev_get_drvdata(dev), struct notify_gpio, source);
}

static int notify_gpio_suspend(struct device *dev)
{
	struct notify_gpio *gpio = gpio_of(dev);
	u32 i;
	int ret;

	if (!device_may_wakeup(dev))
		return 0;
	for (i = 0; i < gpio->nr_lines; i++) {
		ret = enable_irq_wake(gpio->lines[i].irq);
		gpio->lines[i].wakes = !ret;
		if (ret)
			dev_warn(dev, "line %u: cannot enable wakeup: %d\n", i, ret);
	}
	return 0;
}

static int notify_gpio_resume(struct device *dev)
{
	struct notify_gpio *gpio = gpio_of(dev);
	u32 i;

	for (i = 0; i < gpio->nr_lines; i++) {
		if (gpio->lines[i].wakes)
			disable_irq_wake(gpio->lines[i].irq);
		gpio->lines[i].wakes = false;
	}
	return 0;
}

static const struct dev_pm_ops notify_gpio_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(notify_gpio_suspend, notify_gpio_resume)
};

/* -- sysfs ----------------------------------------------------------------- */

static ssize_t lines_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", gpio_of(dev)->nr_lines);
}
static DEVICE_ATTR_RO(lines);

static struct attribute *gpio_attrs[] = {
	&dev_attr_overflows.attr,
	&dev_attr_lines.attr,
	NULL
};

static const struct attribute_group gpio_group = {
	.attrs = gpio_attrs,
};

/* -- Probe ----------------------------------------------------------------- */

static int gpio_parse_edges(struct notify_gpio *gpio)
{
	static const char * const names[] = { "rising", "falling", "both" };
	static const u32 edges[] = {
		BIT(NOTIFY_GPIO_EDGE_RISING),
		BIT(NOTIFY_GPIO_EDGE_FALLING),
		GPIO_BOTH_EDGES,
	};
	struct device *dev = gpio->source.dev;
	const char *name = "both";
	int i;

	if (device_property_present(dev, "notify-multi,edge") &&
	    device_property_read_string(dev, "notify-multi,edge", &name))
		name = "";
	i = match_string(names, ARRAY_SIZE(names), name);
	if (i < 0)
		return dev_err_probe(dev, -EINVAL,
				     "notify-multi,edge: not rising, falling or both\n");
	gpio->edges = edges[i];
	return 0;
}

static int gpio_parse_properties(struct notify_gpio *gpio)
{
	struct device *dev = gpio->source.dev;

	/* debounce-interval-ms is the former name. */
	if (device_property_read_u32(dev, "debounce-delay-ms", &gpio->debounce_ms))
		device_property_read_u32(dev, "debounce-interval-ms", &gpio->debounce_ms);
	if (gpio->debounce_ms > GPIO_MAX_DEBOUNCE_MS)
		return dev_err_probe(dev, -EINVAL, "debounce-delay-ms: exceeds %u: %u\n",
				     GPIO_MAX_DEBOUNCE_MS, gpio->debounce_ms);
	return gpio_parse_edges(gpio);
}

/* Set the debounce time of the controller. Return true if software must debounce instead. */
static bool gpio_line_debounced_in_sw(struct gpio_line *line)
{
	u32 ms = line->gpio->debounce_ms;

	if (!ms)
		return false;
	return ms > GPIO_MAX_HARDWARE_DEBOUNCE_MS ||
	       gpiod_set_debounce(line->desc, ms * USEC_PER_MSEC);
}

/* Return true if the controller may interrupt on an edge that is not requested, as pcf857x. */
static bool gpio_line_ignores_edge(struct gpio_line *line)
{
	return line->gpio->edges != GPIO_BOTH_EDGES && !irq_get_chip(line->irq)->irq_set_type;
}

/* Return true if the line can only be handled in a thread. */
static bool gpio_line_needs_thread(struct gpio_line *line)
{
	return irq_check_status_bit(line->irq, IRQ_NESTED_THREAD) || gpio_line_ignores_edge(line);
}

/* Triggers are physical levels; edges are logical (active-low applied). */
static unsigned long gpio_line_trigger(struct gpio_line *line, u32 edges)
{
	bool active_low = gpiod_is_active_low(line->desc);
	unsigned long trigger = 0;

	if (edges & BIT(NOTIFY_GPIO_EDGE_RISING))
		trigger |= active_low ? IRQF_TRIGGER_FALLING : IRQF_TRIGGER_RISING;
	if (edges & BIT(NOTIFY_GPIO_EDGE_FALLING))
		trigger |= active_low ? IRQF_TRIGGER_RISING : IRQF_TRIGGER_FALLING;
	return trigger;
}

/* IRQF_NO_THREAD: with forced threading, edges would merge. */
static int gpio_request_irq(struct gpio_line *line, irq_handler_t handler, irq_handler_t thread,
			    irq_handler_t nested, u32 edges)
{
	const struct notify_source *source = &line->gpio->source;
	unsigned long trigger = gpio_line_trigger(line, edges);

	if (gpio_line_needs_thread(line))
		return devm_request_threaded_irq(source->dev, line->irq, NULL, nested,
						 trigger | IRQF_ONESHOT, source->label, line);
	return devm_request_threaded_irq(source->dev, line->irq, handler, thread,
					 trigger | IRQF_NO_THREAD, source->label, line);
}

static int gpio_request_debounced_irq(struct gpio_line *line)
{
	struct device *dev = line->gpio->source.dev;
	int ret;

	INIT_DELAYED_WORK(&line->debounce, gpio_line_debounce_work);
	line->last_edge = ktime_get();
	ret = devm_add_action_or_reset(dev, gpio_line_cancel_debounce, line);
	if (ret)
		return ret;
	ret = gpio_request_irq(line, gpio_line_debounce_irq, gpio_line_debounce_thread,
			       gpio_line_debounce_nested_irq, GPIO_BOTH_EDGES);
	/* The level may have changed before the interrupt was requested. */
	if (!ret)
		gpio_line_restart_debounce(line);
	return ret;
}

static int gpio_line_init(struct gpio_line *line)
{
	struct device *dev = line->gpio->source.dev;
	int ret;

	line->irq = gpiod_to_irq(line->desc);
	if (line->irq < 0)
		return dev_err_probe(dev, line->irq, "line %u: no interrupt\n", line->index);

	if (gpio_line_debounced_in_sw(line))
		ret = gpio_request_debounced_irq(line);
	else
		ret = gpio_request_irq(line, gpio_line_irq, gpio_line_thread, gpio_line_nested_irq,
				       line->gpio->edges);
	if (ret)
		return dev_err_probe(dev, ret, "line %u: cannot set up interrupt\n", line->index);
	return 0;
}

/*
 * Let the removal of the controller unbind this device first. Otherwise, readers would sleep
 * indefinitely if no device tree links the two.
 */
static int gpio_line_link(struct gpio_line *line)
{
	struct device *controller = notify_gpiod_controller(line->desc);
	struct device_link *link;

	/* Only a device with a driver can be unbound. */
	if (!controller || !controller->driver)
		return 0;
	link = device_link_add(line->gpio->source.dev, controller, DL_FLAG_AUTOREMOVE_CONSUMER);
	if (!link)
		return -ENOMEM;
	return READ_ONCE(link->status) == DL_STATE_SUPPLIER_UNBIND ? -EPROBE_DEFER : 0;
}

/* One by one, because gpiod_get_array() leaks the first line if memory is low. */
static int gpio_request_lines(struct notify_gpio *gpio)
{
	int ret;
	u32 i;

	for (i = 0; i < gpio->nr_lines; i++) {
		struct gpio_line *line = &gpio->lines[i];

		line->gpio = gpio;
		line->index = i;
		line->desc = devm_gpiod_get_index(gpio->source.dev, NULL, i, GPIOD_IN);
		if (IS_ERR(line->desc))
			return PTR_ERR(line->desc);
		ret = gpio_line_link(line);
		if (ret)
			return ret;
	}
	return 0;
}

static int gpio_read_levels(struct notify_gpio *gpio)
{
	u32 i;

	for (i = 0; i < gpio->nr_lines; i++) {
		int level = gpiod_get_value_cansleep(gpio->lines[i].desc);

		if (level < 0)
			return dev_err_probe(gpio->source.dev, level,
					     "line %u: cannot read level\n", i);
		gpio->lines[i].level = level;
		gpio_set_level(gpio, i, level);
	}
	return 0;
}

static struct notify_gpio *gpio_get_lines(struct device *dev)
{
	int ret, count = gpiod_count(dev, NULL);
	struct notify_gpio *gpio;

	if (count < 0)
		return ERR_PTR(count);
	if (count > GPIO_MAX_LINES)
		return ERR_PTR(-EINVAL);

	gpio = devm_kzalloc(dev, struct_size(gpio, lines, count), GFP_KERNEL);
	if (!gpio)
		return ERR_PTR(-ENOMEM);
	gpio->source.dev = dev;
	gpio->nr_lines = count;
	mutex_init(&gpio->bounce_lock);
	ret = gpio_request_lines(gpio);
	return ret ? ERR_PTR(ret) : gpio;
}

static int notify_gpio_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct notify_gpio *gpio;
	u32 i;
	int ret;

	gpio = gpio_get_lines(dev);
	if (IS_ERR(gpio))
		return dev_err_probe(dev, PTR_ERR(gpio), "gpios: cannot get 1 to %u lines\n",
				     GPIO_MAX_LINES);
	ret = gpio_parse_properties(gpio);
	if (ret)
		return ret;
	ret = gpio_read_levels(gpio);
	if (ret)
		return ret;
	gpio->source.prepare = gpio_prepare;
	ret = source_init(&gpio->source, dev, sizeof(struct notify_gpio_event), &gpio_group);
	if (ret)
		return ret;
	ret = source_enable_wakeup(&gpio->source);
	if (ret)
		return ret;

	for (i = 0; i < gpio->nr_lines; i++) {
		ret = gpio_line_init(&gpio->lines[i]);
		if (ret)
			return ret;
	}
	return source_register(&gpio->source);
}

static const struct of_device_id notify_gpio_of_match[] = {
	{ .compatible = "notify-multi,gpio" },
	{ }
};
MODULE_DEVICE_TABLE(of, notify_gpio_of_match);

static const struct platform_device_id notify_gpio_id[] = {
	{ "notify_gpio" },
	{ }
};
MODULE_DEVICE_TABLE(platform, notify_gpio_id);

static struct platform_driver notify_gpio_driver = {
	.probe = notify_gpio_probe,
	.id_table = notify_gpio_id,
	.driver = {
		.name = "notify_gpio",
		.of_match_table = notify_gpio_of_match,
		.pm = pm_sleep_ptr(&notify_gpio_pm_ops),
	},
};
module_platform_driver(notify_gpio_driver);

MODULE_DESCRIPTION("Source of notify_multi for edges of GPIO lines");
MODULE_AUTHOR("The notify_multi developers");
MODULE_LICENSE("GPL");
MODULE_VERSION(NOTIFY_MULTI_VERSION);
