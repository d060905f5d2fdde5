/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Packets of notify_irq: interrupts of a block with registers.
 */
#ifndef _UAPI_LINUX_NOTIFY_IRQ_H
#define _UAPI_LINUX_NOTIFY_IRQ_H

#include <linux/types.h>

/**
 * struct notify_irq_event - payload of a notify_irq packet
 * @irq_count: Counts the block's interrupts, from 1. Has gaps if interrupts occur faster than
 *             they can be broadcast.
 * @nregs:     Number of registers, from the firmware's "notify-multi,snapshot" property; 0
 *             without it.
 * @irq:       Index of the interrupt in the firmware node.
 * @reserved:  0.
 * @regs:      Register values, lowest offset first, as read by the interrupt handler before it
 *             acknowledged the interrupt.
 *
 * All packets of a device have the same size, 16 + 4 * @nregs bytes.
 *
 * A packet with the status -EIO reports that the interrupt @irq stayed asserted and was stopped.
 * Its other members are those of the packet before.
 */
struct notify_irq_event {
	__u32 irq_count;
	__u32 nregs;
	__u32 irq;
	__u32 reserved;
#ifdef __KERNEL__
	__u32 regs[];
#else
	__extension__ __u32 regs[0];
#endif
};

#endif /* _UAPI_LINUX_NOTIFY_IRQ_H */
