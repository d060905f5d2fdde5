/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The packets of notify_irq: interrupts of a block with registers.
 */
#ifndef _UAPI_LINUX_NOTIFY_IRQ_H
#define _UAPI_LINUX_NOTIFY_IRQ_H

#include <linux/types.h>

/**
 * struct notify_irq_event - the payload of a notify_irq packet
 * @irq_count: Counts the block's interrupts, from 1. A gap means that they came faster than
 *             they could be broadcast and were counted only.
 * @nregs:     How many registers follow: the count of the firmware's
 *             "notify-multi,snapshot" property, 0 where there is none.
 * @regs:      What they held when the interrupt was handled, before it was acknowledged,
 *             the lowest offset first.
 *
 * A device's packets all have the same size, 8 + 4 * @nregs bytes.
 */
struct notify_irq_event {
	__u32 irq_count;
	__u32 nregs;
	__u32 regs[];
};

#endif /* _UAPI_LINUX_NOTIFY_IRQ_H */
