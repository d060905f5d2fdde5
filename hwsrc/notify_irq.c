// SPDX-License-Identifier: GPL-2.0
/*
 * notify_irq: broadcast interrupts of a block with registers.
 *
 * The hard handler, notify_irq_hard(), takes each of these steps for which the firmware node has
 * a property:
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
 * The IRQ thread, notify_irq_thread(), broadcasts the packets that the hard handler queued, see
 * source.h. A nested interrupt has no hard handler: notify_irq_nested() does both.
 *
 * The firmware node is compatible with "notify-multi,irq". It can come from a device tree, ACPI
 * (PRP0001) or a software node.
 */

#include <linux/bits.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/irq.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/platform_device.h>
#include <linux/pm_wakeirq.h>
#include <linux/property.h>
#include <linux/notify_irq.h>

#include "compat.h"
#include "notify_multi.h"
#include "source.h"

#define IRQ_MAX_REGISTERS	64
#define IRQ_MAX_WRITES		64
/* Events per edge, in case the status never clears. */
#define IRQ_MAX_EVENTS		64
#define IRQ_REGISTER_SIZE	sizeof(u32)

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

/**
 * struct notify_irq - block with registers and an interrupt
 * @source:         Common part of the sources.
 * @base:           Registers.
 * @size:           Bytes of registers.
 * @irq:            Interrupt.
 * @has_status:     True if the block has a status register.
 * @status_offset:  Offset of the status register.
 * @status_mask:    Status bits that indicate an interrupt of this block.
 * @ack:            Kind of the acknowledging write.
 * @ack_offset:     Offset of the register to write.
 * @ack_value:      Value to write, for %IRQ_ACK_VALUE.
 * @ack_from:       Offset of the register to copy from, for %IRQ_ACK_COPY.
 * @snapshot:       Offset of the first register of the packet.
 * @init:           Writes after the interrupt is requested.
 * @exit:           Writes before the interrupt is freed.
 * @recheck_status: True if events can be pending without a new edge.
 * @event:          Packet buffer of the handler, which is not reentrant.
 */
struct notify_irq {
	struct notify_source source;
	void __iomem *base;
	resource_size_t size;
	int irq;
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
	bool recheck_status;
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

/* -- Interrupt handlers ---------------------------------------------------- */

static u32 irq_read(struct notify_irq *block, u32 offset)
{
	return readl(block->base + offset);
}

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
		event->regs[i] = irq_read_once(block, block->snapshot + i * IRQ_REGISTER_SIZE,
					       status);
}

static void irq_acknowledge(struct notify_irq *block, const struct irq_status *status)
{
	if (block->ack == IRQ_ACK_COPY)
		writel(status->ack, block->base + block->ack_offset);
	else if (block->ack == IRQ_ACK_VALUE)
		writel(block->ack_value, block->base + block->ack_offset);
}

/* Queue an event; return false if there was none. */
static bool irq_queue_event(struct notify_irq *block)
{
	ktime_t now = source_now(&block->source);
	struct irq_status status = { };

	if (!irq_read_status(block, &status))
		return false;
	irq_take_snapshot(block, &status);
	irq_acknowledge(block, &status);
	source_queue(&block->source, block->event, 0, now);
	return true;
}

static irqreturn_t notify_irq_hard(int irq, void *data)
{
	struct notify_irq *block = data;
	u32 events = 0;

	while (irq_queue_event(block))
		if (++events == IRQ_MAX_EVENTS || !block->recheck_status)
			break;
	return events ? IRQ_WAKE_THREAD : IRQ_NONE;
}

static irqreturn_t notify_irq_thread(int irq, void *data)
{
	struct notify_irq *block = data;

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
	u64 end = offset + (u64)count * IRQ_REGISTER_SIZE;
	struct device *dev = block->source.dev;

	if (offset % IRQ_REGISTER_SIZE)
		return dev_err_probe(dev, -EINVAL, "%s: offset not a multiple of 4: 0x%x\n", name,
				     offset);
	if (end > block->size)
		return dev_err_probe(dev, -EINVAL, "%s: outside reg: %u registers at 0x%x\n", name,
				     count, offset);
	return 0;
}

/* Read a property of two cells. Return 1, 0 if the node does not have it, or a negative errno. */
static int irq_parse_pair(struct notify_irq *block, const char *name, u32 *pair)
{
	struct device *dev = block->source.dev;

	if (!device_property_present(dev, name))
		return 0;
	if (device_property_count_u32(dev, name) != 2 ||
	    device_property_read_u32_array(dev, name, pair, 2))
		return dev_err_probe(dev, -EINVAL, "%s: not two cells\n", name);
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
	return irq_check_offset(block, name, pair[0], 1);
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
	return irq_check_offset(block, name, pair[0], 1);
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
		return dev_err_probe(dev, -EINVAL, "%s: not 1 to %u pairs of cells\n", name,
				     IRQ_MAX_WRITES);
	writes->count = count / 2;
	for (i = 0; i < writes->count; i++) {
		ret = irq_check_offset(block, name, writes->write[i].offset, 1);
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

/* -- sysfs ----------------------------------------------------------------- */

static struct attribute *irq_attrs[] = {
	&dev_attr_overflows.attr,
	NULL
};

static const struct attribute_group irq_group = {
	.attrs = irq_attrs,
};

/* -- Probe ----------------------------------------------------------------- */

static int irq_get_registers(struct notify_irq *block, struct platform_device *pdev)
{
	struct resource *registers;

	block->base = devm_platform_get_and_ioremap_resource(pdev, 0, &registers);
	if (IS_ERR(block->base))
		return dev_err_probe(&pdev->dev, PTR_ERR(block->base), "cannot map reg\n");
	block->size = resource_size(registers);
	return 0;
}

static bool irq_is_edge(struct notify_irq *block)
{
	return irq_get_trigger_type(block->irq) & IRQ_TYPE_EDGE_BOTH;
}

/* Return true if only a register read can deassert the interrupt. */
static bool irq_clears_when_read(struct notify_irq *block)
{
	return block->ack == IRQ_ACK_NONE && !irq_is_edge(block);
}

static int irq_get_interrupt(struct notify_irq *block, struct platform_device *pdev)
{
	block->irq = platform_get_irq(pdev, 0);
	if (block->irq < 0)
		return block->irq;
	if (irq_clears_when_read(block) && !block->has_status && !block->event->nregs)
		return dev_err_probe(&pdev->dev, -EINVAL,
				     "level-triggered interrupt is never acknowledged\n");
	/* A bit that is set before the others are acknowledged causes no new edge. */
	block->recheck_status = irq_is_edge(block) && block->has_status &&
				block->ack == IRQ_ACK_COPY;
	return 0;
}

static bool irq_is_nested(struct notify_irq *block)
{
	return irq_check_status_bit(block->irq, IRQ_NESTED_THREAD);
}

static unsigned long irq_flags(struct notify_irq *block)
{
	unsigned long flags = IRQF_NO_THREAD; /* With forced threading, events would merge. */

	/*
	 * Not shared: with CONFIG_DEBUG_SHIRQ, free_irq() calls the hard handler of a shared
	 * interrupt, which warns if the interrupt is nested.
	 */
	if (irq_is_nested(block))
		return IRQF_ONESHOT;
	if (block->has_status)
		flags |= IRQF_SHARED;
	/* If the read fails to deassert the line, at least the thread can run in between. */
	if (irq_clears_when_read(block))
		flags |= IRQF_ONESHOT;
	/* Forced threading sets IRQF_ONESHOT for the other handlers of the line. */
	if (block->has_status && IS_ENABLED(CONFIG_PREEMPT_RT))
		flags |= IRQF_ONESHOT;
	return flags;
}

static void irq_clear_wake(void *dev)
{
	dev_pm_clear_wake_irq(dev);
}

static int irq_enable_wakeup(struct notify_irq *block)
{
	struct device *dev = block->source.dev;
	int ret;

	ret = source_enable_wakeup(&block->source);
	if (ret || !device_can_wakeup(dev))
		return ret;
	/* Try it now: dev_pm_arm_wake_irq() ignores errors, and resume would warn. */
	ret = enable_irq_wake(block->irq);
	if (ret) {
		dev_warn(dev, "cannot enable wakeup: %d\n", ret);
		return 0;
	}
	disable_irq_wake(block->irq);
	ret = dev_pm_set_wake_irq(dev, block->irq);
	return ret ?: devm_add_action_or_reset(dev, irq_clear_wake, dev);
}

static int irq_request_with(struct notify_irq *block, unsigned long flags)
{
	bool nested = irq_is_nested(block);

	return devm_request_threaded_irq(block->source.dev, block->irq,
					 nested ? NULL : notify_irq_hard,
					 nested ? notify_irq_nested : notify_irq_thread,
					 flags, block->source.label, block);
}

/*
 * All handlers of a shared line must agree on IRQF_ONESHOT: on -EBUSY, retry with the opposite
 * setting.
 */
static int irq_request(struct notify_irq *block)
{
	unsigned long flags = irq_flags(block);
	bool can_retry = flags & IRQF_SHARED && !irq_clears_when_read(block);
	int ret;

	ret = irq_request_with(block, can_retry ? flags | IRQF_PROBE_SHARED : flags);
	if (ret == -EBUSY && can_retry)
		ret = irq_request_with(block, flags ^ IRQF_ONESHOT);
	return ret ? dev_err_probe(block->source.dev, ret, "cannot request interrupt\n") : 0;
}

static void irq_write_all(struct notify_irq *block, const struct irq_writes *writes)
{
	u32 i;

	for (i = 0; i < writes->count; i++)
		writel(writes->write[i].value, block->base + writes->write[i].offset);
}

static void irq_stop_block(void *data)
{
	struct notify_irq *block = data;

	irq_write_all(block, &block->exit);
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

static int notify_irq_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct notify_irq *block;
	int ret;

	block = devm_kzalloc(dev, sizeof(*block), GFP_KERNEL);
	if (!block)
		return -ENOMEM;
	block->source.dev = dev;
	ret = irq_get_registers(block, pdev);
	if (ret)
		return ret;
	ret = irq_parse_properties(block);
	if (ret)
		return ret;
	ret = irq_get_interrupt(block, pdev);
	if (ret)
		return ret;
	ret = source_init(&block->source, dev,
			  struct_size(block->event, regs, block->event->nregs), &irq_group);
	if (ret)
		return ret;
	ret = irq_enable_wakeup(block);
	if (ret)
		return ret;
	ret = irq_request(block);
	if (ret)
		return ret;
	ret = irq_start_block(block);
	return ret ?: source_register(&block->source);
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
	.id_table = notify_irq_id,
	.driver = {
		.name = "notify_irq",
		.of_match_table = notify_irq_of_match,
	},
};
module_platform_driver(notify_irq_driver);

MODULE_DESCRIPTION("Source of notify_multi for interrupts of a block with registers");
MODULE_AUTHOR("The notify_multi developers");
MODULE_LICENSE("GPL");
MODULE_VERSION(NOTIFY_MULTI_VERSION);
