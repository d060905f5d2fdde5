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
 * ACPI (PRP0001) or a software node, which gpio_configfs.c creates at run time.
 */

#include <linux/delay.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/lockdep.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/pm_wakeup.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "gpio.h"
#include "notify_multi.h"

#define GPIO_REPROBE_MS		20
/* Level of a queued event that gpio_prepare() must read. */
#define GPIO_LEVEL_UNREAD	U32_MAX
/* pinconf arguments are 24 bits, in microseconds. */
#define GPIO_MAX_HARDWARE_DEBOUNCE_MS	((BIT(24) - 1) / USEC_PER_MSEC)

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
	struct gpio_line *line = &gpio->lines[event->line];

	line->sent_seqno = event->line_seqno;
	if (event->level == GPIO_LEVEL_UNREAD)
		gpio_read_late(line, queued);
	if (queued->status) {
		event->level = !!(gpio->levels & BIT_ULL(event->line));
	} else if (line->edges == GPIO_BOTH_EDGES) {
		event->edge = gpio_edge_to(event->level);
		if (!gpio_set_level(gpio, event->line, event->level))
			event->flags = NOTIFY_GPIO_UNCHANGED;
	} else {
		event->level = line->edges == BIT(NOTIFY_GPIO_EDGE_RISING);
		event->edge = gpio_edge_to(event->level);
		gpio_set_level(gpio, event->line, event->level);
	}
	event->levels = gpio->levels;
}

static void gpio_queue(struct gpio_line *line, u32 level, int status, ktime_t when)
{
	struct notify_source *source = &line->gpio->source;
	struct notify_gpio_event *event;
	unsigned long flags;

	event = source_begin_event(source, status, when, &flags);
	*event = (struct notify_gpio_event){
		.line = line->index,
		.level = level,
		.line_seqno = ++line->seqno,
	};
	source_end_event(source, flags);
}

/* A negative @level is the errno of the read, and becomes the packet's status. */
static void gpio_queue_edge(struct gpio_line *line, int level, ktime_t when)
{
	gpio_queue(line, max(level, 0), min(level, 0), when);
}

/*
 * Return true if the line changed to @level, and this edge is not requested. If it did not change,
 * a requested edge was followed by the opposite one before the level was read. Caller must hold
 * flush_lock.
 */
static bool gpio_line_skips_edge(struct gpio_line *line, int level)
{
	bool changed = level != line->level || line->resynced;

	if (level < 0)
		return false;
	line->level = level;
	line->resynced = false;
	if (!changed || line->edges & BIT(gpio_edge_to(level)))
		return false;
	gpio_set_level(line->gpio, line->index, level);
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
	ktime_t now = source_now(&line->gpio->source);

	if (line->edges != GPIO_BOTH_EDGES)
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
	struct notify_source *source = &line->gpio->source;
	ktime_t now = source_now(source);
	int level = gpiod_get_value_cansleep(line->desc);
	bool skip;

	mutex_lock(&source->flush_lock);
	skip = gpio_line_skips_edge(line, level);
	mutex_unlock(&source->flush_lock);
	if (skip)
		return IRQ_HANDLED;
	gpio_queue_edge(line, level, now);
	return gpio_line_thread(irq, data);
}

/* -- Debouncing in software ------------------------------------------------ */

/* Freezable, because an expander may be inaccessible while the system is suspended. */
static void gpio_line_restart_debounce(struct gpio_line *line)
{
	mod_delayed_work(system_freezable_wq, &line->debounce, msecs_to_jiffies(line->debounce_ms));
}

static irqreturn_t gpio_line_debounce_irq(int irq, void *data)
{
	struct gpio_line *line = data;
	struct notify_source *source = &line->gpio->source;
	unsigned long flags;

	raw_spin_lock_irqsave(&source->lock, flags);
	line->last_edge = source_now(source);
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

/* Return true if the line's debounced level has changed, to @level, and this edge is requested. */
static bool gpio_line_settles_at(struct gpio_line *line, int level)
{
	struct notify_source *source = &line->gpio->source;
	bool edge;

	mutex_lock(&source->flush_lock);
	edge = level != line->level && !gpio_line_skips_edge(line, level);
	mutex_unlock(&source->flush_lock);
	return edge;
}

static void gpio_line_report_debounced(struct gpio_line *line)
{
	struct notify_source *source = &line->gpio->source;
	int level = gpiod_get_value_cansleep(line->desc);
	ktime_t last_edge;
	bool bounced;

	raw_spin_lock_irq(&source->lock);
	last_edge = line->last_edge;
	bounced = line->bounced;
	raw_spin_unlock_irq(&source->lock);
	/* gpio_line_debounce_thread() will restart the debounce. */
	if (bounced || !gpio_line_settles_at(line, level))
		return;
	gpio_queue_edge(line, level, last_edge);
	source_flush_queue(source);
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

/* -- State of all lines ---------------------------------------------------- */

/*
 * Read all lines; set @valid to those that could be read. A line that is debounced in software
 * keeps its debounced level until its debounce work runs. Caller must hold flush_lock.
 */
static u64 gpio_read_all(struct notify_gpio *gpio, u64 *valid)
{
	u64 levels = gpio->levels;
	u32 i;

	*valid = 0;
	for (i = 0; i < gpio->nr_lines; i++) {
		struct gpio_line *line = &gpio->lines[i];
		int level = line->debounced ? !!(levels & BIT_ULL(i)) :
					      gpiod_get_value_cansleep(line->desc);

		if (level < 0)
			continue;
		*valid |= BIT_ULL(i);
		levels = level ? levels | BIT_ULL(i) : levels & ~BIT_ULL(i);
	}
	return levels;
}

/* Report a state. Caller must hold flush_lock. */
static void gpio_broadcast_state(struct notify_gpio *gpio, u32 line)
{
	struct notify_gpio_event event = {
		.line = line,
		.level = !!(gpio->levels & BIT_ULL(line)),
		.levels = gpio->levels,
		.line_seqno = gpio->lines[line].sent_seqno,
	};

	source_broadcast(&gpio->source, &event, 0, source_now(&gpio->source));
}

/* Read all lines again. Return those that have changed. Caller must hold flush_lock. */
static u64 gpio_resync(struct notify_gpio *gpio)
{
	u64 valid, changed = gpio->levels;
	u32 i;

	gpio->levels = gpio_read_all(gpio, &valid);
	changed ^= gpio->levels;
	for (i = 0; i < gpio->nr_lines; i++)
		if (changed & BIT_ULL(i))
			gpio->lines[i].resynced = true;
	return changed;
}

/* No reader could receive the events in the queue: they only change the state. */
static void gpio_start(struct notify_source *source)
{
	struct notify_gpio *gpio = container_of(source, struct notify_gpio, source);

	source_discard_queue(source);
	gpio_resync(gpio);
	gpio_broadcast_state(gpio, 0);
}

/* Report the lines that changed without an interrupt, e.g. while the system was suspended. */
static void gpio_report_changes(struct notify_gpio *gpio)
{
	struct notify_source *source = &gpio->source;
	u64 changed;
	u32 i;

	mutex_lock(&source->flush_lock);
	if (source->nm) {
		source_broadcast_queue(source);
		changed = gpio_resync(gpio);
		for (i = 0; i < gpio->nr_lines; i++)
			if (changed & BIT_ULL(i))
				gpio_broadcast_state(gpio, i);
	}
	mutex_unlock(&source->flush_lock);
}

/* -- ioctls ---------------------------------------------------------------- */

static long gpio_get_levels(struct notify_gpio *gpio, void __user *argp)
{
	struct notify_source *source = &gpio->source;
	struct notify_gpio_levels levels = { };

	mutex_lock(&source->flush_lock);
	/* Edges that are already queued get a lower seq. */
	if (source->nm)
		source_broadcast_queue(source);
	levels.levels = gpio_read_all(gpio, &levels.valid);
	levels.seq = source->seq;
	mutex_unlock(&source->flush_lock);
	return copy_to_user(argp, &levels, sizeof(levels)) ? -EFAULT : 0;
}

static long gpio_get_line(struct notify_gpio *gpio, void __user *argp)
{
	struct notify_gpio_line info = { };
	const struct gpio_line *line;

	if (copy_from_user(&info.line, argp, sizeof(info.line)))
		return -EFAULT;
	if (info.line >= gpio->nr_lines)
		return -EINVAL;
	line = &gpio->lines[array_index_nospec(info.line, gpio->nr_lines)];
	info.offset = line->offset;
	info.flags = line->flags;
	if (gpiod_is_active_low(line->desc))
		info.flags |= NOTIFY_GPIO_LINE_ACTIVE_LOW;
	info.edges = line->edges;
	info.debounce_ms = line->debounce_ms;
	strscpy(info.name, line->name ?: "", sizeof(info.name));
	strscpy(info.chip, line->chip, sizeof(info.chip));
	return copy_to_user(argp, &info, sizeof(info)) ? -EFAULT : 0;
}

static long gpio_ioctl(struct notify_multi_client *client, unsigned int cmd, unsigned long arg)
{
	struct notify_source *source = notify_multi_drvdata(notify_multi_of(client));
	struct notify_gpio *gpio = container_of(source, struct notify_gpio, source);

	switch (cmd) {
	case NOTIFY_GPIO_IOC_GET_LEVELS:
		return gpio_get_levels(gpio, (void __user *)arg);
	case NOTIFY_GPIO_IOC_GET_LINE:
		return gpio_get_line(gpio, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static const struct notify_multi_ops gpio_ops = {
	.ioctl = gpio_ioctl,
};

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

/* The debounce work reports a level that changed while its timer was stopped. */
static void gpio_line_resume_debounce(struct gpio_line *line)
{
	struct notify_source *source = &line->gpio->source;

	raw_spin_lock_irq(&source->lock);
	if (!line->bounced && !delayed_work_pending(&line->debounce))
		line->last_edge = source_now(source);
	raw_spin_unlock_irq(&source->lock);
	gpio_line_restart_debounce(line);
}

static int notify_gpio_resume(struct device *dev)
{
	struct notify_gpio *gpio = gpio_of(dev);
	u32 i;

	for (i = 0; i < gpio->nr_lines; i++) {
		if (gpio->lines[i].wakes)
			disable_irq_wake(gpio->lines[i].irq);
		gpio->lines[i].wakes = false;
		if (gpio->lines[i].debounced)
			gpio_line_resume_debounce(&gpio->lines[i]);
	}
	gpio_report_changes(gpio);
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

/* Log an error of a line, also for the attribute "status" in configfs. */
static int gpio_line_error(struct gpio_line *line, int error, const char *message)
{
	struct device *dev = line->gpio->source.dev;
	struct gpio_attachment *attachment = gpio_attachment(dev);

	if (attachment)
		WRITE_ONCE(attachment->line, line->index);
	return dev_err_probe(dev, error, "line %u: %s\n", line->index, message);
}

/* Set the debounce time of the controller. Return true if software must debounce instead. */
static bool gpio_line_debounced_in_sw(struct gpio_line *line)
{
	u32 ms = line->debounce_ms;

	if (!ms)
		return false;
	return ms > GPIO_MAX_HARDWARE_DEBOUNCE_MS ||
	       gpiod_set_debounce(line->desc, ms * USEC_PER_MSEC);
}

/* Return true if the controller may interrupt on an edge that is not requested, as pcf857x. */
static bool gpio_line_ignores_edge(struct gpio_line *line)
{
	return line->edges != GPIO_BOTH_EDGES && !irq_get_chip(line->irq)->irq_set_type;
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
	line->debounced = true;
	line->last_edge = source_now(&line->gpio->source);
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
	int ret;

	line->irq = gpiod_to_irq(line->desc);
	if (line->irq < 0)
		return gpio_line_error(line, line->irq, "no interrupt");

	if (gpio_line_debounced_in_sw(line))
		ret = gpio_request_debounced_irq(line);
	else
		ret = gpio_request_irq(line, gpio_line_irq, gpio_line_thread, gpio_line_nested_irq,
				       line->edges);
	return ret ? gpio_line_error(line, ret, "cannot set up interrupt") : 0;
}

/* For struct gpio_reprobe; destroyed, and so flushed, before the module is unloaded. */
static struct workqueue_struct *gpio_workqueue;

/**
 * struct gpio_reprobe - probe again after the removal of a controller
 * @work:       Waits for the removal, and probes.
 * @dev:        The device.
 * @controller: The controller.
 */
struct gpio_reprobe {
	struct work_struct work;
	struct device *dev;
	struct device *controller;
};

static bool gpio_is_unbinding(struct device *controller)
{
	return READ_ONCE(controller->links.status) == DL_DEV_UNBINDING;
}

/*
 * While the controller is being removed, a probe could still request its lines, whose consumer
 * names gpiolib would leak. Nothing reports the end of the removal, hence the polling.
 */
static void gpio_reprobe_work(struct work_struct *work)
{
	struct gpio_reprobe *reprobe = container_of(work, struct gpio_reprobe, work);
	int ret;

	while (gpio_is_unbinding(reprobe->controller))
		msleep(GPIO_REPROBE_MS);
	ret = device_attach(reprobe->dev);
	if (ret < 0)
		dev_dbg(reprobe->dev, "cannot probe again: %d\n", ret);
	put_device(reprobe->controller);
	put_device(reprobe->dev);
	kfree(reprobe);
}

/* The probe is deferred until the controller is back. */
static void gpio_schedule_probe(struct device *dev, struct device *controller)
{
	struct gpio_reprobe *reprobe = kzalloc(sizeof(*reprobe), GFP_KERNEL);

	if (!reprobe)
		return;
	INIT_WORK(&reprobe->work, gpio_reprobe_work);
	reprobe->dev = get_device(dev);
	reprobe->controller = get_device(controller);
	queue_work(gpio_workqueue, &reprobe->work);
}

/* If a controller is being removed, wait for its return. Else the device has been unbound. */
static void gpio_unbind(void *data)
{
	struct notify_gpio *gpio = data;
	struct device *dev = gpio->source.dev;
	struct gpio_attachment *attachment = gpio_attachment(dev);
	int error = -ENODEV;
	u32 i;

	/* The probe has failed. */
	if (!gpio->source.nm)
		return;
	for (i = 0; i < gpio->nr_lines && error == -ENODEV; i++) {
		struct gpio_line *line = &gpio->lines[i];

		if (!line->controller || !gpio_is_unbinding(line->controller))
			continue;
		error = -EPROBE_DEFER;
		if (attachment)
			WRITE_ONCE(attachment->line, i);
		gpio_schedule_probe(dev, line->controller);
	}
	if (attachment)
		WRITE_ONCE(attachment->error, error);
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
	line->controller = controller;
	return READ_ONCE(link->status) == DL_STATE_SUPPLIER_UNBIND ? -EPROBE_DEFER : 0;
}

static int gpio_request_line(struct notify_gpio *gpio, u32 index)
{
	struct gpio_line *line = &gpio->lines[index];
	int ret;

	line->gpio = gpio;
	line->index = index;
	line->desc = devm_gpiod_get_index(gpio->source.dev, NULL, index, GPIOD_IN);
	if (IS_ERR(line->desc))
		return gpio_line_error(line, PTR_ERR(line->desc), "cannot get GPIO");
	line->offset = desc_to_gpio(line->desc) - notify_gpiod_base(line->desc);
	strscpy(line->chip, notify_gpiod_label(line->desc), sizeof(line->chip));
	ret = gpio_line_link(line);
	return ret ? gpio_line_error(line, ret, "cannot link controller") : 0;
}

/* One by one, because gpiod_get_array() leaks the first line if memory is low. */
static int gpio_request_lines(struct notify_gpio *gpio)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < gpio->nr_lines && !ret; i++)
		ret = gpio_request_line(gpio, i);
	return ret;
}

static int gpio_init_levels(struct notify_gpio *gpio)
{
	u32 i;

	for (i = 0; i < gpio->nr_lines; i++) {
		struct gpio_line *line = &gpio->lines[i];
		int level = gpiod_get_value_cansleep(line->desc);

		if (level < 0)
			return gpio_line_error(line, level, "cannot read level");
		line->level = level;
		gpio_set_level(gpio, i, level);
	}
	return 0;
}

static int gpio_init_irqs(struct notify_gpio *gpio)
{
	int ret = 0;
	u32 i;

	for (i = 0; i < gpio->nr_lines && !ret; i++)
		ret = gpio_line_init(&gpio->lines[i]);
	return ret;
}

static struct notify_gpio *gpio_alloc(struct device *dev)
{
	int count = gpiod_count(dev, NULL);
	struct notify_gpio *gpio;

	if (count < 0)
		return ERR_PTR(dev_err_probe(dev, count, "gpios: cannot count the lines\n"));
	if (count > GPIO_MAX_LINES)
		return ERR_PTR(dev_err_probe(dev, -EINVAL, "gpios: %d lines, more than %u\n",
					     count, GPIO_MAX_LINES));
	gpio = devm_kzalloc(dev, struct_size(gpio, lines, count), GFP_KERNEL);
	if (!gpio)
		return ERR_PTR(-ENOMEM);
	gpio->source.dev = dev;
	gpio->source.replay = GPIO_DEFAULT_REPLAY;
	gpio->source.ops = &gpio_ops;
	gpio->source.start = gpio_start;
	gpio->source.prepare = gpio_prepare;
	gpio->nr_lines = count;
	mutex_init(&gpio->bounce_lock);
	return gpio;
}

/* The lines are requested before source_init(), so that they are freed after the last ioctl. */
static int gpio_probe(struct device *dev)
{
	struct notify_gpio *gpio = gpio_alloc(dev);
	u32 i;
	int ret;

	if (IS_ERR(gpio))
		return PTR_ERR(gpio);
	ret = gpio_request_lines(gpio) ?: gpio_parse_settings(gpio);
	if (ret)
		return ret;
	ret = source_init(&gpio->source, dev, sizeof(struct notify_gpio_event), &gpio_group);
	if (ret)
		return ret;
	for (i = 0; i < gpio->nr_lines; i++)
		gpiod_set_consumer_name(gpio->lines[i].desc, gpio->source.label);
	return gpio_init_levels(gpio) ?: source_enable_wakeup(&gpio->source) ?:
	       gpio_init_irqs(gpio) ?: devm_add_action(dev, gpio_unbind, gpio) ?:
	       source_register(&gpio->source);
}

static int notify_gpio_probe(struct platform_device *pdev)
{
	struct gpio_attachment *attachment = gpio_attachment(&pdev->dev);
	int ret = gpio_probe(&pdev->dev);

	if (attachment)
		WRITE_ONCE(attachment->error, ret);
	return ret;
}

static const struct of_device_id notify_gpio_of_match[] = {
	{ .compatible = "notify-multi,gpio" },
	{ }
};
MODULE_DEVICE_TABLE(of, notify_gpio_of_match);

static const struct platform_device_id notify_gpio_id[] = {
	{ "notify_gpio" },
	{ GPIO_CONFIGFS_NAME },
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
		/* configfs returns the error of the probe. */
		.probe_type = PROBE_FORCE_SYNCHRONOUS,
	},
};

static int __init notify_gpio_init(void)
{
	int ret;

	gpio_workqueue = alloc_workqueue("notify_gpio", WQ_UNBOUND, 0);
	if (!gpio_workqueue)
		return -ENOMEM;
	ret = platform_driver_register(&notify_gpio_driver);
	if (ret)
		goto destroy_workqueue;
	ret = gpio_configfs_init();
	if (ret)
		goto unregister_driver;
	return 0;

unregister_driver:
	platform_driver_unregister(&notify_gpio_driver);
destroy_workqueue:
	destroy_workqueue(gpio_workqueue);
	return ret;
}
module_init(notify_gpio_init);

static void __exit notify_gpio_exit(void)
{
	gpio_configfs_exit();
	platform_driver_unregister(&notify_gpio_driver);
	destroy_workqueue(gpio_workqueue);
}
module_exit(notify_gpio_exit);

MODULE_DESCRIPTION("Source of notify_multi for edges of GPIO lines");
MODULE_AUTHOR("The notify_multi developers");
MODULE_LICENSE("GPL");
MODULE_VERSION(NOTIFY_MULTI_VERSION);
