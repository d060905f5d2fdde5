/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Device that test_modules/notify_irq_pci.c creates for the registers of the edu device, a PCI
 * device of QEMU.
 */
#ifndef IRQ_PCI_H
#define IRQ_PCI_H

#include "source.h"

#define IRQ_PCI		"notify_irq_pci"
#define IRQ_DEVICE	"notify_irq.78"
#define IRQ_NAME	"kselftest-irq"
#define IRQ_DEVICE_DIR	PLATFORM_DEVICES IRQ_DEVICE "/"

#define EDU_ID_VALUE	0x010000ed

/* Registers in the snapshot: identification, complement of the last write, interrupt bits. */
enum {
	EDU_ID = 0,
	EDU_COMPLEMENT = 1,
	EDU_BITS = 9,
	EDU_REGISTERS
};

struct edu_record {
	struct notify_multi_record header;
	__u32 irq_count;
	__u32 nregs;
	__u32 irq;
	__u32 reserved;
	__u32 regs[EDU_REGISTERS];
};

/* Return -ENOENT without the module, -ENODEV without the edu device. */
static inline int load_irq_pci(const char *parameters)
{
	int ret = load_module("notify_irq", "");

	if (ret && ret != -EEXIST)
		return ret;
	/* A leftover of a failed test. */
	unload_module(IRQ_PCI);
	return load_module(IRQ_PCI, parameters);
}

static inline long long irq_pci_number(const char *parameter)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/module/" IRQ_PCI "/parameters/%s", parameter);
	return read_number(path);
}

static inline int raise_bits(__u32 bits)
{
	return write_number("/sys/module/" IRQ_PCI "/parameters/raise", bits);
}

#endif /* IRQ_PCI_H */
