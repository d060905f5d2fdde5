// SPDX-License-Identifier: GPL-2.0
/*
 * notify_irq: broadcast interrupts of a block with registers.
 *
 * The hard handler of each interrupt, notify_irq_hard(), takes each of these steps for which the
 * firmware node has a property:
 *
 *     status     returns IRQ_NONE if the interrupt is not from this block
 *     ack-copy   reads the value to acknowledge
 *     snapshot   reads the registers of the packet
 *     ack        writes the fixed value, or the value of ack-copy
 *
 * Each register is read only once, because some clear on read. The value to acknowledge is read
 * before the snapshot, so that a later event stays pending and interrupts again. A pending event
 * causes no edge on an edge-triggered line, so the steps repeat there until the status is clear.
 *
 * Interrupts share the registers: a raw spinlock keeps their steps apart.
 *
 * The IRQ threads, notify_irq_thread(), broadcast the packets that the hard handlers queued, see
 * source.h. A nested interrupt has no hard handler: notify_irq_nested() does both.
 *
 * The firmware node is compatible with "notify-multi,irq". It can come from a device tree, ACPI
 * (PRP0001) or a software node.
 */

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/clk.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/irq.h>
#include <linux/jiffies.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/of_irq.h>
#include <linux/overflow.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>
#include <linux/property.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/notify_irq.h>

#include "compat.h"
#include "notify_multi.h"
#include "source.h"

#define IRQ_MAX_REGISTERS	64
#define IRQ_MAX_WRITES		64
/* Events per edge, in case the status never clears. */
#define IRQ_MAX_EVENTS		64
/*
 * A level-triggered interrupt is stopped if it occurs this often before its thread can sleep, or
 * in a second. The queue of 256 events has overflowed by then.
 */
#define IRQ_MAX_AWAKE		5000
#define IRQ_MAX_PER_SECOND	100000

/**
 * struct irq_write - register write
 * @offset: Offset of the register.
 * @value:  Value to write.
 */
struct irq_write {
	u32 offset;
	u32 value;
};

/**
 * struct irq_writes - register writes that enable or disable the block
 * @count: Number of writes.
 * @write: The writes, in order.
 */
struct irq_writes {
	u32 count;
	struct irq_write write[IRQ_MAX_WRITES];
};

/**
 * enum irq_ack - write that acknowledges an interrupt
 * @IRQ_ACK_NONE:  No write.
 * @IRQ_ACK_VALUE: A fixed value.
 * @IRQ_ACK_COPY:  A value read from the same or another register.
 */
enum irq_ack {
	IRQ_ACK_NONE,
	IRQ_ACK_VALUE,
	IRQ_ACK_COPY,
};

struct notify_irq;

/**
 * struct irq_interrupt - interrupt of a block
 * @block:          The block.
 * @irq:            Linux interrupt number.
 * @index:          Index in the firmware node.
 * @is_level:       True if the interrupt is level-triggered.
 * @recheck_status: True if events can be pending without a new edge.
 * @is_shared:      True if other devices may use the line.
 * @stopped:        True if the interrupt is disabled because it occurred too often.
 * @awake:          Number of interrupts since the IRQ thread last slept.
 * @switches:       Voluntary context switches of the IRQ thread at its last run.
 * @second:         Start of a second, in jiffies.
 * @per_second:     Number of interrupts since @second.
 * @wakes:          True if the interrupt is armed to wake up the system.
 */
struct irq_interrupt {
	struct notify_irq *block;
	int irq;
	u32 index;
	bool is_level;
	bool recheck_status;
	bool is_shared;
	bool stopped;
	atomic_t awake;
	unsigned long switches;
	unsigned long second;
	u32 per_second;
	bool wakes;
};

/**
 * struct notify_irq - block with registers and interrupts
 * @source:         Common part of the sources.
 * @base:           Registers.
 * @size:           Bytes of registers.
 * @width:          Bytes of each register: 1, 2 or 4.
 * @big_endian:     True if the registers are big-endian.
 * @nr_clocks:      Number of clocks.
 * @clocks:         Clocks.
 * @nr_interrupts:  Number of interrupts.
 * @interrupts:     Interrupts.
 * @has_status:     True if the block has a status register.
 * @status_offset:  Offset of the status register.
 * @status_mask:    Status bits that indicate an interrupt of this block.
 * @ack:            Kind of the acknowledging write.
 * @ack_offset:     Offset of the register to write.
 * @ack_value:      Value to write, for %IRQ_ACK_VALUE.
 * @ack_from:       Offset of the register to copy from, for %IRQ_ACK_COPY.
 * @snapshot:       Offset of the first register of the packet.
 * @init:           Writes after the interrupts are requested.
 * @exit:           Writes before the interrupts are freed.
 * @lock:           Serialises the handlers; protects @event.
 * @event:          Packet buffer of the handlers.
 */
struct notify_irq {
	struct notify_source source;
	void __iomem *base;
	resource_size_t size;
	u32 width;
	bool big_endian;
	int nr_clocks;
	struct clk_bulk_data *clocks;
	int nr_interrupts;
	struct irq_interrupt *interrupts;
	bool has_status;
	u32 status_offset;
	u32 status_mask;
	enum irq_ack ack;
	u32 ack_offset;
	u32 ack_value;
	u32 ack_from;
	u32 snapshot;
	struct irq_writes init;
	struct irq_writes exit;
	raw_spinlock_t lock; /* Serialises the handlers. */
	struct notify_irq_event *event;
};

/**
 * struct irq_status - registers that are read before the snapshot
 * @value: Value of the status register.
 * @ack:   Value to acknowledge.
 */
struct irq_status {
	u32 value;
	u32 ack;
};

/* -- Registers ------------------------------------------------------------- */

static u32 irq_read(struct notify_irq *block, u32 offset)
{
	void __iomem *address = block->base + offset;

	switch (block->width) {
	case 1:
		return readb(address);
	case 2:
		return block->big_endian ? ioread16be(address) : readw(address);
	default:
		return block->big_endian ? ioread32be(address) : readl(address);
	}
}

static void irq_write(struct notify_irq *block, u32 offset, u32 value)
{
	void __iomem *address = block->base + offset;

	switch (block->width) {
	case 1:
		writeb(value, address);
		break;
	case 2:
		if (block->big_endian)
			iowrite16be(value, address);
		else
			writew(value, address);
		break;
	default:
		if (block->big_endian)
			iowrite32be(value, address);
		else
			writel(value, address);
	}
}

static void irq_write_all(struct notify_irq *block, const struct irq_writes *writes)
{
	u32 i;

	for (i = 0; i < writes->count; i++)
		irq_write(block, writes->write[i].offset, writes->write[i].value);
}

/* -- Interrupt handlers ---------------------------------------------------- */

/* Return true if the interrupt is from this block. */
static bool irq_read_status(struct notify_irq *block, struct irq_status *status)
{
	if (block->has_status) {
		status->value = irq_read(block, block->status_offset);
		if (!(status->value & block->status_mask))
			return false;
	}
	if (block->ack == IRQ_ACK_COPY) {
		if (block->has_status && block->ack_from == block->status_offset)
			status->ack = status->value;
		else
			status->ack = irq_read(block, block->ack_from);
	}
	return true;
}

static u32 irq_read_once(struct notify_irq *block, u32 offset, const struct irq_status *status)
{
	if (block->has_status && offset == block->status_offset)
		return status->value;
	if (block->ack == IRQ_ACK_COPY && offset == block->ack_from)
		return status->ack;
	return irq_read(block, offset);
}

static void irq_take_snapshot(struct notify_irq *block, const struct irq_status *status)
{
	struct notify_irq_event *event = block->event;
	u32 i;

	event->irq_count++;
	for (i = 0; i < event->nregs; i++)
		event->regs[i] = irq_read_once(block, block->snapshot + i * block->width, status);
}

static void irq_acknowledge(struct notify_irq *block, const struct irq_status *status)
{
	if (block->ack == IRQ_ACK_COPY)
		irq_write(block, block->ack_offset, status->ack);
	else if (block->ack == IRQ_ACK_VALUE)
		irq_write(block, block->ack_offset, block->ack_value);
}

/* Queue an event; return false if there was none. */
static bool irq_queue_event(struct irq_interrupt *interrupt)
{
	struct notify_irq *block = interrupt->block;
	struct irq_status status = { };
	unsigned long flags;
	ktime_t now;
	bool found;

	raw_spin_lock_irqsave(&block->lock, flags);
	now = source_now(&block->source);
	found = irq_read_status(block, &status);
	if (found) {
		block->event->irq = interrupt->index;
		irq_take_snapshot(block, &status);
		irq_acknowledge(block, &status);
		source_queue(&block->source, block->event, 0, now);
	}
	raw_spin_unlock_irqrestore(&block->lock, flags);
	return found;
}

/* Count an interrupt; return true if the interrupt must be stopped. */
static bool irq_is_stuck(struct irq_interrupt *interrupt)
{
	if (!interrupt->is_level)
		return false;
	if (time_after(jiffies, interrupt->second + HZ)) {
		interrupt->second = jiffies;
		interrupt->per_second = 0;
	}
	return ++interrupt->per_second >= IRQ_MAX_PER_SECOND ||
	       atomic_inc_return(&interrupt->awake) >= IRQ_MAX_AWAKE;
}

/* Stop an interrupt that stays asserted. The last packet reports it to readers. */
static void irq_stop(struct irq_interrupt *interrupt)
{
	struct notify_irq *block = interrupt->block;
	unsigned long flags;

	disable_irq_nosync(interrupt->irq);
	interrupt->stopped = true;
	raw_spin_lock_irqsave(&block->lock, flags);
	block->event->irq = interrupt->index;
	source_queue(&block->source, block->event, -EIO, source_now(&block->source));
	raw_spin_unlock_irqrestore(&block->lock, flags);
	dev_err(block->source.dev, "interrupt %u: stopped, because it stays asserted: check %s\n",
		interrupt->index,
		block->ack == IRQ_ACK_COPY ? "notify-multi,ack-copy" : "notify-multi,ack");
}

static irqreturn_t notify_irq_hard(int irq, void *data)
{
	struct irq_interrupt *interrupt = data;
	u32 events = 0;

	if (interrupt->stopped)
		return IRQ_NONE;
	while (irq_queue_event(interrupt))
		if (++events == IRQ_MAX_EVENTS || !interrupt->recheck_status)
			break;
	if (!events)
		return IRQ_NONE;
	if (irq_is_stuck(interrupt))
		irq_stop(interrupt);
	return IRQ_WAKE_THREAD;
}

static irqreturn_t notify_irq_thread(int irq, void *data)
{
	struct irq_interrupt *interrupt = data;
	struct notify_irq *block = interrupt->block;

	/* The thread has slept, so no interrupt was asserted all the time. */
	if (interrupt->switches != current->nvcsw) {
		interrupt->switches = current->nvcsw;
		atomic_set(&interrupt->awake, 0);
	}
	source_wakeup(&block->source);
	source_flush_queue(&block->source);
	return IRQ_HANDLED;
}

static irqreturn_t notify_irq_nested(int irq, void *data)
{
	irqreturn_t ret = notify_irq_hard(irq, data);

	return ret == IRQ_WAKE_THREAD ? notify_irq_thread(irq, data) : ret;
}

/* -- Properties ------------------------------------------------------------ */

static int irq_check_offset(struct notify_irq *block, const char *name, u32 offset, u32 count)
{
	u64 end = offset + (u64)count * block->width;
	struct device *dev = block->source.dev;

	if (offset % block->width)
		return dev_err_probe(dev, -EINVAL, "%s: offset not a multiple of %u: 0x%x\n", name,
				     block->width, offset);
	if (end > block->size)
		return dev_err_probe(dev, -EINVAL, "%s: outside reg: %u registers at 0x%x\n", name,
				     count, offset);
	return 0;
}

static int irq_check_value(struct notify_irq *block, const char *name, u32 value)
{
	if (value > GENMASK(block->width * BITS_PER_BYTE - 1, 0))
		return dev_err_probe(block->source.dev, -EINVAL, "%s: more than %u bytes: 0x%x\n",
				     name, block->width, value);
	return 0;
}

/* Read a property of two cells. Return 1, 0 if the node does not have it, or a negative errno. */
static int irq_parse_pair(struct notify_irq *block, const char *name, u32 *pair)
{
	struct device *dev = block->source.dev;
	int count;

	if (!device_property_present(dev, name))
		return 0;
	count = device_property_count_u32(dev, name);
	if (count != 2 || device_property_read_u32_array(dev, name, pair, 2))
		return dev_err_probe(dev, -EINVAL, "%s: number of cells not 2: %d\n", name, count);
	return 1;
}

static int irq_parse_status(struct notify_irq *block)
{
	static const char name[] = "notify-multi,status";
	int ret;
	u32 pair[2];

	ret = irq_parse_pair(block, name, pair);
	if (ret <= 0)
		return ret;
	if (!pair[1])
		return dev_err_probe(block->source.dev, -EINVAL, "%s: mask is 0\n", name);
	block->has_status = true;
	block->status_offset = pair[0];
	block->status_mask = pair[1];
	ret = irq_check_offset(block, name, pair[0], 1);
	return ret ?: irq_check_value(block, name, pair[1]);
}

static int irq_parse_ack(struct notify_irq *block)
{
	static const char name[] = "notify-multi,ack";
	int ret;
	u32 pair[2];

	ret = irq_parse_pair(block, name, pair);
	if (ret <= 0)
		return ret;
	block->ack = IRQ_ACK_VALUE;
	block->ack_offset = pair[0];
	block->ack_value = pair[1];
	ret = irq_check_offset(block, name, pair[0], 1);
	return ret ?: irq_check_value(block, name, pair[1]);
}

static int irq_parse_ack_copy(struct notify_irq *block)
{
	static const char name[] = "notify-multi,ack-copy";
	int ret;
	u32 pair[2];

	ret = irq_parse_pair(block, name, pair);
	if (ret <= 0)
		return ret;
	if (block->ack != IRQ_ACK_NONE)
		return dev_err_probe(block->source.dev, -EINVAL,
				     "%s: conflicts with notify-multi,ack\n", name);
	block->ack = IRQ_ACK_COPY;
	block->ack_from = pair[0];
	block->ack_offset = pair[1];
	ret = irq_check_offset(block, name, pair[0], 1);
	return ret ?: irq_check_offset(block, name, pair[1], 1);
}

static int irq_parse_snapshot(struct notify_irq *block)
{
	static const char name[] = "notify-multi,snapshot";
	struct device *dev = block->source.dev;
	u32 pair[2] = { 0, 0 };
	int ret;

	ret = irq_parse_pair(block, name, pair);
	if (ret < 0)
		return ret;
	if (ret && (!pair[1] || pair[1] > IRQ_MAX_REGISTERS))
		return dev_err_probe(dev, -EINVAL, "%s: count not 1 to %u: %u\n", name,
				     IRQ_MAX_REGISTERS, pair[1]);
	block->snapshot = pair[0];
	block->event = devm_kzalloc(dev, struct_size(block->event, regs, pair[1]), GFP_KERNEL);
	if (!block->event)
		return -ENOMEM;
	block->event->nregs = pair[1];
	return irq_check_offset(block, name, pair[0], pair[1]);
}

static int irq_parse_writes(struct notify_irq *block, const char *name,
			    struct irq_writes *writes)
{
	struct device *dev = block->source.dev;
	int count, ret;
	u32 i;

	if (!device_property_present(dev, name))
		return 0;
	count = device_property_count_u32(dev, name);
	if (count <= 0 || count % 2 || count / 2 > IRQ_MAX_WRITES ||
	    device_property_read_u32_array(dev, name, (u32 *)writes->write, count))
		return dev_err_probe(dev, -EINVAL, "%s: not 1 to %u pairs: %d cells\n", name,
				     IRQ_MAX_WRITES, count);
	writes->count = count / 2;
	for (i = 0; i < writes->count; i++) {
		ret = irq_check_offset(block, name, writes->write[i].offset, 1);
		if (!ret)
			ret = irq_check_value(block, name, writes->write[i].value);
		if (ret)
			return ret;
	}
	return 0;
}

static int irq_parse_properties(struct notify_irq *block)
{
	int ret;

	ret = irq_parse_status(block);
	if (ret)
		return ret;
	ret = irq_parse_ack(block);
	if (ret)
		return ret;
	ret = irq_parse_ack_copy(block);
	if (ret)
		return ret;
	ret = irq_parse_snapshot(block);
	if (ret)
		return ret;
	ret = irq_parse_writes(block, "notify-multi,init", &block->init);
	return ret ?: irq_parse_writes(block, "notify-multi,exit", &block->exit);
}

/* -- Power management ------------------------------------------------------ */

static struct notify_irq *irq_block_of(struct device *dev)
{
	return container_of(dev_get_drvdata(dev), struct notify_irq, source);
}

/*
 * Return true if the block may lose its registers while the system is suspended. Its interrupts
 * are disabled meanwhile.
 */
static bool irq_loses_power(struct device *dev)
{
	return dev->pm_domain && !device_may_wakeup(dev);
}

static int notify_irq_suspend(struct device *dev)
{
	struct notify_irq *block = irq_block_of(dev);
	int i, ret;

	if (irq_loses_power(dev))
		irq_write_all(block, &block->exit);
	if (!device_may_wakeup(dev))
		return 0;
	for (i = 0; i < block->nr_interrupts; i++) {
		ret = enable_irq_wake(block->interrupts[i].irq);
		block->interrupts[i].wakes = !ret;
		if (ret)
			dev_warn(dev, "interrupt %d: cannot enable wakeup: %d\n", i, ret);
	}
	return 0;
}

static int notify_irq_resume(struct device *dev)
{
	struct notify_irq *block = irq_block_of(dev);
	int i;

	for (i = 0; i < block->nr_interrupts; i++) {
		if (block->interrupts[i].wakes)
			disable_irq_wake(block->interrupts[i].irq);
		block->interrupts[i].wakes = false;
	}
	if (irq_loses_power(dev))
		irq_write_all(block, &block->init);
	return 0;
}

static const struct dev_pm_ops notify_irq_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(notify_irq_suspend, notify_irq_resume)
};

static void irq_power_off(void *data)
{
	struct device *dev = data;

	pm_runtime_put_sync(dev);
	pm_runtime_disable(dev);
}

static int irq_power_on(struct device *dev)
{
	int ret;

	/* The driver core enables a single power domain only. */
	if (of_count_phandle_with_args(dev->of_node, "power-domains", "#power-domain-cells") > 1)
		return dev_err_probe(dev, -EINVAL, "power-domains: more than one\n");
	pm_runtime_enable(dev);
	ret = pm_runtime_resume_and_get(dev);
	if (ret) {
		pm_runtime_disable(dev);
		return dev_err_probe(dev, ret, "cannot power on\n");
	}
	return devm_add_action_or_reset(dev, irq_power_off, dev);
}

static void irq_disable_clocks(void *data)
{
	struct notify_irq *block = data;

	clk_bulk_disable_unprepare(block->nr_clocks, block->clocks);
}

static int irq_enable_clocks(struct notify_irq *block)
{
	struct device *dev = block->source.dev;
	int ret;

	ret = devm_clk_bulk_get_all(dev, &block->clocks);
	if (ret < 0)
		return dev_err_probe(dev, ret, "clocks: cannot get them\n");
	/* A malformed property is not an error of devm_clk_bulk_get_all(). */
	if (!ret && device_property_present(dev, "clocks"))
		return dev_err_probe(dev, -EINVAL, "clocks: invalid\n");
	block->nr_clocks = ret;
	ret = clk_bulk_prepare_enable(block->nr_clocks, block->clocks);
	if (ret)
		return dev_err_probe(dev, ret, "clocks: cannot enable them\n");
	return devm_add_action_or_reset(dev, irq_disable_clocks, block);
}

/* -- sysfs ----------------------------------------------------------------- */

static struct attribute *irq_attrs[] = {
	&dev_attr_overflows.attr,
	NULL
};

static const struct attribute_group irq_group = {
	.attrs = irq_attrs,
};

/* -- Probe ----------------------------------------------------------------- */

/* Use the properties of the node that has the registers. */
static int irq_parse_access(struct notify_irq *block, struct fwnode_handle *node,
			    const struct resource *registers)
{
	bool little = fwnode_property_present(node, "little-endian");
	bool native = fwnode_property_present(node, "native-endian");
	bool big = fwnode_property_present(node, "big-endian");
	struct device *dev = block->source.dev;

	block->size = resource_size(registers);
	block->width = sizeof(u32);
	if (fwnode_property_present(node, "reg-io-width") &&
	    (fwnode_property_count_u32(node, "reg-io-width") != 1 ||
	     fwnode_property_read_u32(node, "reg-io-width", &block->width)))
		return dev_err_probe(dev, -EINVAL, "reg-io-width: not one cell\n");
	if (block->width != 1 && block->width != 2 && block->width != 4)
		return dev_err_probe(dev, -EINVAL, "reg-io-width: not 1, 2 or 4: %u\n",
				     block->width);
	if (registers->start % block->width)
		return dev_err_probe(dev, -EINVAL, "reg: not a multiple of %u: %pR\n",
				     block->width, registers);
	if (big + little + native > 1)
		return dev_err_probe(dev, -EINVAL, "%s: conflicts with %s-endian\n",
				     native ? "native-endian" : "little-endian",
				     big ? "big" : "little");
	block->big_endian = big || (native && IS_ENABLED(CONFIG_CPU_BIG_ENDIAN));
	return 0;
}

static int irq_map_reg(struct notify_irq *block, struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct resource *registers;

	block->base = devm_platform_get_and_ioremap_resource(pdev, 0, &registers);
	if (IS_ERR(block->base))
		return dev_err_probe(dev, PTR_ERR(block->base), "cannot map reg\n");
	return irq_parse_access(block, dev_fwnode(dev), registers);
}

/*
 * The registers of a syscon belong to several drivers, so do not request them. Do not use its
 * regmap: handlers cannot take the lock on PREEMPT_RT.
 */
static int irq_map_syscon(struct notify_irq *block, struct device_node *syscon)
{
	struct device *dev = block->source.dev;
	struct resource registers;
	int ret;

	if (!of_device_is_compatible(syscon, "syscon"))
		return dev_err_probe(dev, -EINVAL, "syscon: not a syscon: %pOF\n", syscon);
	ret = of_address_to_resource(syscon, 0, &registers);
	if (ret)
		return dev_err_probe(dev, ret, "syscon: no registers: %pOF\n", syscon);
	block->base = devm_ioremap(dev, registers.start, resource_size(&registers));
	if (!block->base)
		return -ENOMEM;
	return irq_parse_access(block, of_fwnode_handle(syscon), &registers);
}

static int irq_get_registers(struct notify_irq *block, struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct device_node *syscon;
	int ret;

	if (!device_property_present(dev, "syscon"))
		return irq_map_reg(block, pdev);
	if (device_property_present(dev, "reg"))
		return dev_err_probe(dev, -EINVAL, "syscon: conflicts with reg\n");
	syscon = of_parse_phandle(dev->of_node, "syscon", 0);
	if (!syscon)
		return dev_err_probe(dev, -EINVAL, "syscon: not a phandle\n");
	ret = irq_map_syscon(block, syscon);
	of_node_put(syscon);
	return ret;
}

static bool irq_is_edge(struct irq_interrupt *interrupt)
{
	return irq_get_trigger_type(interrupt->irq) & IRQ_TYPE_EDGE_BOTH;
}

/* Return true if only a register read can deassert the interrupt. */
static bool irq_clears_when_read(struct irq_interrupt *interrupt)
{
	return interrupt->block->ack == IRQ_ACK_NONE && !irq_is_edge(interrupt);
}

static bool irq_is_duplicate(struct irq_interrupt *interrupt)
{
	struct irq_interrupt *other;

	for (other = interrupt->block->interrupts; other < interrupt; other++)
		if (other->irq == interrupt->irq)
			return true;
	return false;
}

static int irq_get_interrupt(struct irq_interrupt *interrupt, struct platform_device *pdev)
{
	struct notify_irq *block = interrupt->block;

	interrupt->irq = platform_get_irq(pdev, interrupt->index);
	if (interrupt->irq < 0)
		return interrupt->irq;
	if (irq_is_duplicate(interrupt))
		return dev_err_probe(&pdev->dev, -EINVAL, "interrupts: %u is listed twice\n",
				     interrupt->index);
	if (irq_clears_when_read(interrupt) && !block->has_status && !block->event->nregs)
		return dev_err_probe(&pdev->dev, -EINVAL,
				     "interrupts: %u is level-triggered and never acknowledged\n",
				     interrupt->index);
	interrupt->is_level = !irq_is_edge(interrupt);
	/* A bit that is set before the others are acknowledged causes no new edge. */
	interrupt->recheck_status = irq_is_edge(interrupt) && block->has_status &&
				    block->ack == IRQ_ACK_COPY;
	return 0;
}

static int irq_get_interrupts(struct notify_irq *block, struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct of_phandle_args unmapped;
	int ret, i;

	ret = platform_irq_count(pdev);
	if (ret < 0)
		return dev_err_probe(dev, ret, "interrupts: cannot get them\n");
	/* platform_irq_count() stops at an interrupt that cannot be mapped. */
	if (IS_ENABLED(CONFIG_OF_IRQ) && dev->of_node &&
	    !of_irq_parse_one(dev->of_node, ret, &unmapped)) {
		of_node_put(unmapped.np);
		return dev_err_probe(dev, -EINVAL, "interrupts: cannot map %d\n", ret);
	}
	if (!ret)
		return dev_err_probe(dev, -ENXIO, "interrupts: none\n");
	block->nr_interrupts = ret;
	block->interrupts = devm_kcalloc(dev, ret, sizeof(*block->interrupts), GFP_KERNEL);
	if (!block->interrupts)
		return -ENOMEM;
	for (i = 0; i < block->nr_interrupts; i++) {
		block->interrupts[i].block = block;
		block->interrupts[i].index = i;
		ret = irq_get_interrupt(&block->interrupts[i], pdev);
		if (ret)
			return ret;
	}
	return 0;
}

static bool irq_is_nested(struct irq_interrupt *interrupt)
{
	return irq_check_status_bit(interrupt->irq, IRQ_NESTED_THREAD);
}

static unsigned long irq_flags(struct irq_interrupt *interrupt)
{
	unsigned long flags = IRQF_NO_THREAD; /* With forced threading, events would merge. */
	bool has_status = interrupt->block->has_status;

	/*
	 * Not shared: with CONFIG_DEBUG_SHIRQ, free_irq() calls the hard handler of a shared
	 * interrupt, which warns if the interrupt is nested.
	 */
	if (irq_is_nested(interrupt))
		return IRQF_ONESHOT;
	if (has_status)
		flags |= IRQF_SHARED;
	/* If the read fails to deassert the line, at least the thread can run in between. */
	if (irq_clears_when_read(interrupt))
		flags |= IRQF_ONESHOT;
	/* Forced threading sets IRQF_ONESHOT for the other handlers of the line. */
	if (has_status && IS_ENABLED(CONFIG_PREEMPT_RT))
		flags |= IRQF_ONESHOT;
	return flags;
}

static int irq_request_with(struct irq_interrupt *interrupt, unsigned long flags)
{
	struct notify_source *source = &interrupt->block->source;
	bool nested = irq_is_nested(interrupt);

	return devm_request_threaded_irq(source->dev, interrupt->irq,
					 nested ? NULL : notify_irq_hard,
					 nested ? notify_irq_nested : notify_irq_thread,
					 flags, source->label, interrupt);
}

/*
 * All handlers of a shared line must agree on IRQF_ONESHOT: on -EBUSY, retry with the opposite
 * setting.
 */
static int irq_request(struct irq_interrupt *interrupt)
{
	unsigned long flags = irq_flags(interrupt);
	bool can_retry = flags & IRQF_SHARED && !irq_clears_when_read(interrupt);
	int ret;

	interrupt->is_shared = flags & IRQF_SHARED;
	ret = irq_request_with(interrupt, can_retry ? flags | IRQF_PROBE_SHARED : flags);
	if (ret == -EBUSY && can_retry)
		ret = irq_request_with(interrupt, flags ^ IRQF_ONESHOT);
	return ret ? dev_err_probe(interrupt->block->source.dev, ret,
				   "interrupts: cannot request %u\n", interrupt->index) : 0;
}

static int irq_request_all(struct notify_irq *block)
{
	int ret = 0, i;

	for (i = 0; i < block->nr_interrupts && !ret; i++)
		ret = irq_request(&block->interrupts[i]);
	return ret;
}

/* Other devices of a line can use it again when the block is disabled. */
static void irq_release_line(struct irq_interrupt *interrupt)
{
	synchronize_irq(interrupt->irq);
	if (interrupt->stopped && interrupt->is_shared)
		enable_irq(interrupt->irq);
}

static void irq_stop_block(void *data)
{
	struct notify_irq *block = data;
	int i;

	irq_write_all(block, &block->exit);
	for (i = 0; i < block->nr_interrupts; i++)
		irq_release_line(&block->interrupts[i]);
}

/*
 * Enable the block after request_irq(), and disable it before free_irq(), so that a shared line
 * never has an unhandled interrupt.
 */
static int irq_start_block(struct notify_irq *block)
{
	irq_write_all(block, &block->init);
	return devm_add_action_or_reset(block->source.dev, irq_stop_block, block);
}

static int irq_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct notify_irq *block;
	int ret;

	block = devm_kzalloc(dev, sizeof(*block), GFP_KERNEL);
	if (!block)
		return -ENOMEM;
	block->source.dev = dev;
	raw_spin_lock_init(&block->lock);
	ret = irq_get_registers(block, pdev);
	if (ret)
		return ret;
	ret = irq_parse_properties(block);
	if (ret)
		return ret;
	ret = irq_get_interrupts(block, pdev);
	if (ret)
		return ret;
	ret = source_init(&block->source, dev,
			  struct_size(block->event, regs, block->event->nregs), &irq_group);
	if (ret)
		return ret;
	ret = source_enable_wakeup(&block->source);
	if (ret)
		return ret;
	ret = irq_power_on(dev);
	if (ret)
		return ret;
	ret = irq_enable_clocks(block);
	if (ret)
		return ret;
	ret = irq_request_all(block);
	if (ret)
		return ret;
	ret = irq_start_block(block);
	return ret ?: source_register(&block->source);
}

/*
 * Older kernels turn off the power domain before devres writes "notify-multi,exit" and frees the
 * interrupts. The group is released before that.
 */
static int notify_irq_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	int ret;

	if (!devres_open_group(dev, dev, GFP_KERNEL))
		return -ENOMEM;
	ret = irq_probe(pdev);
	if (ret)
		devres_release_group(dev, dev);
	else
		devres_close_group(dev, dev);
	return ret;
}

static NOTIFY_REMOVE notify_irq_remove(struct platform_device *pdev)
{
	devres_release_group(&pdev->dev, &pdev->dev);
	return NOTIFY_REMOVED;
}

static const struct of_device_id notify_irq_of_match[] = {
	{ .compatible = "notify-multi,irq" },
	{ }
};
MODULE_DEVICE_TABLE(of, notify_irq_of_match);

static const struct platform_device_id notify_irq_id[] = {
	{ "notify_irq" },
	{ }
};
MODULE_DEVICE_TABLE(platform, notify_irq_id);

static struct platform_driver notify_irq_driver = {
	.probe = notify_irq_probe,
	.remove = notify_irq_remove,
	.id_table = notify_irq_id,
	.driver = {
		.name = "notify_irq",
		.of_match_table = notify_irq_of_match,
		.pm = pm_sleep_ptr(&notify_irq_pm_ops),
	},
};
module_platform_driver(notify_irq_driver);

MODULE_DESCRIPTION("Source of notify_multi for interrupts of a block with registers");
MODULE_AUTHOR("The notify_multi developers");
MODULE_LICENSE("GPL");
MODULE_VERSION(NOTIFY_MULTI_VERSION);
