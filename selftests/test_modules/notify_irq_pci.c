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
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/pm_domain.h>
#include <linux/property.h>
#include <linux/sysfs.h>

#define EDU_VENDOR	0x1234
#define EDU_DEVICE	0x11e8
#define EDU_BYTES	0x100
#define EDU_COMPLEMENT	0x04
#define EDU_RAISE	0x60
#define DEVICE_ID	78

#define EDU_PARAM(name, type, description)	\
	module_param(name, type, 0444);		\
	MODULE_PARM_DESC(name, description)

static unsigned int interrupt, mask, replay, second;
static bool domain, stays, statusless, wakeup;
EDU_PARAM(interrupt, uint, "An edge-triggered interrupt; 0 for that of the edu device");
EDU_PARAM(second, uint, "Another edge-triggered interrupt; 0 for none");
EDU_PARAM(domain, bool, "Power domain; the device loses its registers while it is off");
EDU_PARAM(stays, bool, "The acknowledging write does not clear the interrupt");
EDU_PARAM(statusless, bool, "No property notify-multi,status");
EDU_PARAM(mask, uint, "Mask of the status register; 0 for all bits");
EDU_PARAM(wakeup, bool, "Property wakeup-source");
EDU_PARAM(replay, uint, "Property notify-multi,replay; 0 for none");

static struct pci_dev *edu;
static struct platform_device *edu_device;
static void __iomem *edu_registers;

/* -- Power domain -- */

/* Off: accesses of the registers have no effect. */
static void edu_set_power(bool on)
{
	u16 command;

	if (!on)
		writel(0, edu_registers + EDU_COMPLEMENT);
	pci_read_config_word(edu, PCI_COMMAND, &command);
	command &= ~PCI_COMMAND_MEMORY;
	pci_write_config_word(edu, PCI_COMMAND, on ? command | PCI_COMMAND_MEMORY : command);
}

static bool edu_has_power(void)
{
	u16 command;

	pci_read_config_word(edu, PCI_COMMAND, &command);
	return command & PCI_COMMAND_MEMORY;
}

static int edu_power_on(struct device *dev)
{
	edu_set_power(true);
	return 0;
}

/* Remember the complement of the last write before power was off. */
static u32 edu_last_complement;

static int edu_power_off(struct device *dev)
{
	if (edu_has_power())
		edu_last_complement = readl(edu_registers + EDU_COMPLEMENT);
	edu_set_power(false);
	return 0;
}

/* As a real domain when the platform bus detaches it. */
static void edu_detach(struct device *dev, bool power_off)
{
	edu_power_off(dev);
	dev_pm_domain_set(dev, NULL);
}

static struct dev_pm_domain edu_domain = {
	.ops = {
		.runtime_suspend = edu_power_off,
		.runtime_resume = edu_power_on,
		.suspend_noirq = edu_power_off,
		.resume_noirq = edu_power_on,
	},
	.detach = edu_detach,
};

/* Attach the domain to the device before each probe. */
static int edu_notify(struct notifier_block *block, unsigned long action, void *data)
{
	struct device *dev = data;

	if (action == BUS_NOTIFY_BIND_DRIVER && dev->parent == &edu->dev) {
		edu_set_power(false);
		dev_pm_domain_set(dev, &edu_domain);
	}
	return NOTIFY_DONE;
}

static struct notifier_block edu_notifier = {
	.notifier_call = edu_notify,
};

static int edu_power_get(char *value, const struct kernel_param *param)
{
	return sysfs_emit(value, "%d\n", edu_has_power());
}

static const struct kernel_param_ops edu_power_ops = {
	.get = edu_power_get,
};
module_param_cb(power, &edu_power_ops, NULL, 0444);
MODULE_PARM_DESC(power, "1 if the registers can be accessed");
module_param_named(last_complement, edu_last_complement, uint, 0444);
MODULE_PARM_DESC(last_complement, "Complement of the last write before power was off");

/* -- notify_irq device -- */

static const u32 edu_status[] = { 0x24, 0xffffffff };
static const u32 edu_ack_copy[] = { 0x24, 0x64 };
static const u32 edu_snapshot[] = { 0x00, 10 };
/*
 * Acknowledge all bits at bind and unbind: without a handler, the emulated interrupt controller
 * loses a change of the line.
 */
static const u32 edu_clear[] = { 0x64, 0xffffffff };
/* Also write to the register that stores a complement. */
static const u32 edu_domain_init[] = { 0x64, 0xffffffff, EDU_COMPLEMENT, 0x1111 };
static const u32 edu_domain_exit[] = { 0x64, 0xffffffff, EDU_COMPLEMENT, 0x2222 };
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
		DEFINE_RES_NAMED(second, 1, NULL, IORESOURCE_IRQ | IORESOURCE_IRQ_HIGHEDGE),
	};
	struct platform_device_info info = {
		.parent = &edu->dev,
		.name = "notify_irq",
		.id = DEVICE_ID,
		.res = resources,
		.num_res = second ? 3 : 2,
		.properties = properties,
	};

	if (stays)
		properties[2] = PROPERTY_ENTRY_U32_ARRAY("notify-multi,ack-copy",
							 edu_useless_ack_copy);
	if (domain) {
		properties[3] = PROPERTY_ENTRY_U32_ARRAY("notify-multi,init", edu_domain_init);
		properties[4] = PROPERTY_ENTRY_U32_ARRAY("notify-multi,exit", edu_domain_exit);
	}
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
	if (!READ_ONCE(edu_device) || !edu_has_power())
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

static void edu_unmap(void)
{
	if (domain)
		bus_unregister_notifier(&platform_bus_type, &edu_notifier);
	pci_iounmap(edu, edu_registers);
}

static int edu_create_device(void)
{
	struct platform_device *device;

	edu_registers = pci_iomap(edu, 0, EDU_BYTES);
	if (!edu_registers)
		return -ENOMEM;
	if (domain)
		bus_register_notifier(&platform_bus_type, &edu_notifier);
	device = edu_add_device();
	if (IS_ERR(device)) {
		edu_unmap();
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
	edu_unmap();
	pci_disable_device(edu);
	pci_dev_put(edu);
}
module_exit(notify_irq_pci_exit);

MODULE_DESCRIPTION("PCI device for the tests of notify_irq");
MODULE_AUTHOR("The notify_multi developers");
MODULE_LICENSE("GPL");
