/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Device that test_modules/notify_irq_pci.c creates for the registers of the edu device, a PCI
 * device of QEMU.
 */
#ifndef IRQ_PCI_H
#define IRQ_PCI_H

#include "source.h"

#define CARD		"notify_irq_pci"
#define IRQ_DEVICE	"notify_irq.78"
#define IRQ_SYSFS	PLATFORM_DEVICES IRQ_DEVICE "/"

#define CARD_ID		0x010000ed

/* Registers in the snapshot: identification, complement of the last write, interrupt bits. */
enum {
	ID = 0,
	COMPLEMENT = 1,
	BITS = 9,
	REGISTERS
};

struct card_record {
	struct notify_multi_record header;
	__u32 irq_count;
	__u32 nregs;
	__u32 regs[REGISTERS];
};

/* Return -ENOENT without the module, -ENODEV without the edu device. */
static inline int load_card(const char *parameters)
{
	int ret = load_module("notify_irq", "");

	if (ret && ret != -EEXIST)
		return ret;
	/* A leftover of a failed test. */
	unload_module(CARD);
	return load_module(CARD, parameters);
}

static inline int raise_bits(__u32 bits)
{
	return write_number("/sys/module/" CARD "/parameters/raise", bits);
}

#endif /* IRQ_PCI_H */
