// SPDX-License-Identifier: GPL-2.0
/*
 * notify_irq device on the registers of the edu device (QEMU's PCI device "edu") for
 * notify_irq_pci.c, described by software nodes, as in a board file on x86. Its interrupt is
 * that of the edu device or another one.
 */

#include <linux/err.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/property.h>

#define EDU_VENDOR	0x1234
#define EDU_DEVICE	0x11e8
#define EDU_BYTES	0x100
#define EDU_RAISE	0x60
#define DEVICE_ID	78

#define EDU_PARAM(name, type, description)	\
	module_param(name, type, 0444);		\
	MODULE_PARM_DESC(name, description)

static unsigned int interrupt, mask, replay;
static bool stays, statusless, wakeup;
EDU_PARAM(interrupt, uint, "An edge-triggered interrupt; 0 for that of the edu device");
EDU_PARAM(stays, bool, "The acknowledging write does not clear the interrupt");
EDU_PARAM(statusless, bool, "No property notify-multi,status");
EDU_PARAM(mask, uint, "Mask of the status register; 0 for all bits");
EDU_PARAM(wakeup, bool, "Property wakeup-source");
EDU_PARAM(replay, uint, "Property notify-multi,replay; 0 for none");

static struct pci_dev *edu;
static struct platform_device *edu_device;
static void __iomem *edu_registers;

/* -- notify_irq device -- */

static const u32 edu_status[] = { 0x24, 0xffffffff };
static const u32 edu_ack_copy[] = { 0x24, 0x64 };
static const u32 edu_snapshot[] = { 0x00, 10 };
/*
 * Acknowledge all bits at bind and unbind: without a handler, the emulated interrupt controller
 * loses a change of the line.
 */
static const u32 edu_clear[] = { 0x64, 0xffffffff };
/* Copies the identification to the register that stores a complement: acknowledges nothing. */
static const u32 edu_useless_ack_copy[] = { 0x00, 0x04 };

static struct platform_device *edu_add_device(void)
{
	struct property_entry properties[9] = {
		PROPERTY_ENTRY_STRING("label", "kselftest-irq"),
		PROPERTY_ENTRY_U32_ARRAY("notify-multi,snapshot", edu_snapshot),
		PROPERTY_ENTRY_U32_ARRAY("notify-multi,ack-copy", edu_ack_copy),
		PROPERTY_ENTRY_U32_ARRAY("notify-multi,init", edu_clear),
		PROPERTY_ENTRY_U32_ARRAY("notify-multi,exit", edu_clear),
		PROPERTY_ENTRY_U32_ARRAY("notify-multi,status", edu_status),
	};
	const u32 masked_status[] = { edu_status[0], mask };
	unsigned int n = 6;
	struct resource resources[] = {
		DEFINE_RES_MEM(pci_resource_start(edu, 0), EDU_BYTES),
		DEFINE_RES_IRQ(edu->irq),
	};
	struct platform_device_info info = {
		.parent = &edu->dev,
		.name = "notify_irq",
		.id = DEVICE_ID,
		.res = resources,
		.num_res = ARRAY_SIZE(resources),
		.properties = properties,
	};

	if (stays)
		properties[2] = PROPERTY_ENTRY_U32_ARRAY("notify-multi,ack-copy",
							 edu_useless_ack_copy);
	if (mask)
		properties[5] = PROPERTY_ENTRY_U32_ARRAY("notify-multi,status", masked_status);
	if (statusless)
		properties[--n] = (struct property_entry){ };
	if (wakeup)
		properties[n++] = PROPERTY_ENTRY_BOOL("wakeup-source");
	if (replay)
		properties[n] = PROPERTY_ENTRY_U32("notify-multi,replay", replay);
	if (interrupt) {
		resources[1].start = interrupt;
		resources[1].end = interrupt;
		resources[1].flags |= IORESOURCE_IRQ_HIGHEDGE;
	}
	return platform_device_register_full(&info);
}

/* -- Interrupts -- */

/* Fails during load, because the registers are not mapped yet. */
static int edu_raise(const char *value, const struct kernel_param *param)
{
	u32 bits;
	int ret = kstrtou32(value, 0, &bits);

	if (ret)
		return ret;
	if (!READ_ONCE(edu_device))
		return -ENODEV;
	writel(bits, edu_registers + EDU_RAISE);
	return 0;
}

static const struct kernel_param_ops edu_raise_ops = {
	.set = edu_raise,
};
module_param_cb(raise, &edu_raise_ops, NULL, 0200);
MODULE_PARM_DESC(raise, "Interrupt bits to raise");

/* -- PCI device -- */

static int edu_create_device(void)
{
	struct platform_device *device;

	edu_registers = pci_iomap(edu, 0, EDU_BYTES);
	if (!edu_registers)
		return -ENOMEM;
	device = edu_add_device();
	if (IS_ERR(device)) {
		pci_iounmap(edu, edu_registers);
		return PTR_ERR(device);
	}
	WRITE_ONCE(edu_device, device);
	return 0;
}

static int __init notify_irq_pci_init(void)
{
	int ret;

	edu = pci_get_device(EDU_VENDOR, EDU_DEVICE, NULL);
	if (!edu)
		return -ENODEV;
	ret = pci_enable_device(edu);
	if (!ret) {
		ret = edu_create_device();
		if (ret)
			pci_disable_device(edu);
	}
	if (ret)
		pci_dev_put(edu);
	return ret;
}
module_init(notify_irq_pci_init);

static void __exit notify_irq_pci_exit(void)
{
	platform_device_unregister(edu_device);
	pci_iounmap(edu, edu_registers);
	pci_disable_device(edu);
	pci_dev_put(edu);
}
module_exit(notify_irq_pci_exit);

MODULE_DESCRIPTION("PCI device for the tests of notify_irq");
MODULE_AUTHOR("The notify_multi developers");
MODULE_LICENSE("GPL");
