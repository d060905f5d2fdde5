// SPDX-License-Identifier: GPL-2.0
/*
 * GPIO controller in memory for notify_gpio.c, and a notify_gpio device on its lines or on
 * those of another controller.
 *
 * Writes to the parameter "toggle" toggle a line. Interrupts run in hard IRQ context, or are nested
 * in a thread. Levels are read under a spinlock, as by regmap-mmio, or only in a thread.
 */

#include <linux/device.h>
#include <linux/err.h>
#include <linux/gpio/driver.h>
#include <linux/gpio/machine.h>
#include <linux/hardirq.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irqdomain.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pinctrl/pinconf-generic.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stop_machine.h>
#include <linux/sysfs.h>

#include "compat.h"

#define CHIP_LABEL	"notify-gpio-chip"
#define CHIP_LINES	65
#define DEVICE_ID	77

#define CHIP_PARAM(name, type, mode, description)	\
	module_param(name, type, mode);			\
	MODULE_PARM_DESC(name, description)

/* The controller. */
static bool sleeping, nested, broken, wakes, late, silent, any_edge, refuses_irq, early, moving;
static bool changing;
CHIP_PARAM(sleeping, bool, 0444, "Levels can be read in a thread only");
CHIP_PARAM(nested, bool, 0444, "Interrupts are nested in a thread");
CHIP_PARAM(broken, bool, 0644, "Reading a level fails with EIO");
CHIP_PARAM(wakes, bool, 0444, "Interrupts support wakeup");
CHIP_PARAM(late, bool, 0644, "Interrupts are raised after the last edge of a burst");
CHIP_PARAM(silent, bool, 0644, "Edges raise no interrupts");
CHIP_PARAM(refuses_irq, bool, 0444, "Requests of interrupts fail with EIO");
CHIP_PARAM(any_edge, bool, 0444, "Interrupts at each edge, as pcf857x");
CHIP_PARAM(early, bool, 0444,
	   "Debounces; setting up line 1 toggles line 0 and then breaks the controller");
CHIP_PARAM(changing, bool, 0444, "Lines change silently when their debounce time is requested");
CHIP_PARAM(moving, bool, 0644, "The next read of line 1 toggles line 0");

static unsigned int wakes_on, wakes_off, debounce_us;
static unsigned long long handled_ns;
static char *bias = "";
CHIP_PARAM(wakes_on, uint, 0444, "Number of times that wakeup was enabled for a line");
CHIP_PARAM(wakes_off, uint, 0444, "Number of times that wakeup was disabled for a line");
CHIP_PARAM(debounce_us, uint, 0444, "Last requested debounce time; the request fails");
CHIP_PARAM(bias, charp, 0444, "Last requested bias");
CHIP_PARAM(handled_ns, ullong, 0444, "Time after the last handler, and before any IRQ thread");

/* The device. */
static char *label = "kselftest-gpio", *controller = CHIP_LABEL, *edge = "";
static char *debounce = "debounce-delay-ms", *wrong_type = "";
static unsigned int lines = 2, debounce_ms, max_packets, max_requests, replay;
static bool nodes, active_low, pull_up, wakeup;
CHIP_PARAM(controller, charp, 0444, "Label of the controller that provides the lines");
CHIP_PARAM(nodes, bool, 0444, "Specify the lines by software nodes instead of a lookup table");
CHIP_PARAM(lines, uint, 0444, "Number of lines");
CHIP_PARAM(active_low, bool, 0444, "The lines are active when low");
CHIP_PARAM(pull_up, bool, 0444, "The lines have pull-up resistors");
CHIP_PARAM(label, charp, 0444, "Property label; empty for none");
CHIP_PARAM(edge, charp, 0444, "Property notify-multi,edge; empty for none");
CHIP_PARAM(debounce_ms, uint, 0444, "Debounce time; 0 for none");
CHIP_PARAM(debounce, charp, 0444, "Name of the property of the debounce time");
CHIP_PARAM(max_packets, uint, 0444, "Property notify-multi,max-packets; 0 for none");
CHIP_PARAM(max_requests, uint, 0444, "Property notify-multi,max-requests; 0 for none");
CHIP_PARAM(replay, uint, 0444, "Property notify-multi,replay; 0 for none");
CHIP_PARAM(wrong_type, charp, 0444, "Name of a property without a value; empty for none");
CHIP_PARAM(wakeup, bool, 0444, "Property wakeup-source");

static DEFINE_MUTEX(chip_lock); /* Serialises toggling; protects chip_device. */
/* Protects chip_levels; a sleeping lock on PREEMPT_RT. */
static DEFINE_SPINLOCK(chip_registers);
static const struct software_node chip_node = { .name = CHIP_LABEL };
static struct platform_device *chip_controller;
static bool chip_present;	/* Protected by chip_lock. */
static struct platform_device *chip_device;
static struct gpiod_lookup_table *chip_lookup;
static struct software_node_ref_args chip_references[CHIP_LINES];
static struct gpio_chip chip;
static u8 chip_levels[CHIP_LINES];
static unsigned int chip_triggers[CHIP_LINES];
static const char *const chip_names[CHIP_LINES] = { [3] = "kselftest line 3" };

/* -- Controller -- */

static int chip_move(unsigned int line, unsigned int count);
static void chip_move_on_this_cpu(unsigned int line);

static int chip_get(struct gpio_chip *gc, unsigned int line)
{
	unsigned long flags;
	int level;

	if (sleeping)
		might_sleep();
	spin_lock_irqsave(&chip_registers, flags);
	level = broken ? -EIO : chip_levels[line];
	spin_unlock_irqrestore(&chip_registers, flags);
	if (moving && line == 1) {
		moving = false;
		chip_move_on_this_cpu(0);
	}
	return level;
}

static int chip_get_direction(struct gpio_chip *gc, unsigned int line)
{
	return GPIO_LINE_DIRECTION_IN;
}

static int chip_set_config(struct gpio_chip *gc, unsigned int line, unsigned long config)
{
	switch ((int)pinconf_to_config_param(config)) {
	case PIN_CONFIG_INPUT_DEBOUNCE:
		debounce_us = pinconf_to_config_argument(config);
		if (changing)
			chip_levels[line] = !chip_levels[line];
		if (early && line == 1) {
			chip_move(0, 1);
			broken = true;
		}
		return early ? 0 : -ENOTSUPP;
	case PIN_CONFIG_BIAS_DISABLE:
		bias = "disabled";
		break;
	case PIN_CONFIG_BIAS_PULL_DOWN:
		bias = "pull-down";
		break;
	case PIN_CONFIG_BIAS_PULL_UP:
		bias = "pull-up";
		break;
	}
	return -ENOTSUPP;
}

static int chip_irq_set_type(struct irq_data *data, unsigned int type)
{
	chip_triggers[irqd_to_hwirq(data)] = type;
	return refuses_irq ? -EIO : 0;
}

/* Called by the IRQ core only when the state changes. */
static int chip_irq_set_wake(struct irq_data *data, unsigned int on)
{
	if (!wakes)
		return -ENXIO;
	if (on)
		wakes_on++;
	else
		wakes_off++;
	return 0;
}

static void chip_irq_mask(struct irq_data *data)
{
	gpiochip_disable_irq(&chip, irqd_to_hwirq(data));
}

static void chip_irq_unmask(struct irq_data *data)
{
	gpiochip_enable_irq(&chip, irqd_to_hwirq(data));
}

static const struct irq_chip chip_irq = {
	.name = "notify_gpio_chip",
	.irq_mask = chip_irq_mask,
	.irq_unmask = chip_irq_unmask,
	.irq_set_type = chip_irq_set_type,
	.irq_set_wake = chip_irq_set_wake,
	.flags = IRQCHIP_IMMUTABLE,
	GPIOCHIP_IRQ_RESOURCE_HELPERS,
};

/* Without irq_set_type(). */
static const struct irq_chip chip_any_edge_irq = {
	.name = "notify_gpio_chip",
	.irq_mask = chip_irq_mask,
	.irq_unmask = chip_irq_unmask,
	.flags = IRQCHIP_IMMUTABLE,
	GPIOCHIP_IRQ_RESOURCE_HELPERS,
};

/* -- Toggling lines -- */

static void chip_raise(unsigned int line, bool level)
{
	unsigned int irq = irq_find_mapping(chip.irq.domain, line);
	unsigned int trigger = level ? IRQ_TYPE_EDGE_RISING : IRQ_TYPE_EDGE_FALLING;

	if (!irq || silent || !(any_edge || chip_triggers[line] & trigger))
		return;
	if (nested) {
		handle_nested_irq(irq);
		return;
	}
	__irq_enter_raw();
	generic_handle_irq(irq);
	__irq_exit_raw();
}

struct chip_move {
	unsigned int line;
	unsigned int count;
};

static int chip_do_move(void *data)
{
	struct chip_move *move = data;
	bool level = chip_levels[move->line];
	unsigned int i;

	if (late && move->count % 2)
		WRITE_ONCE(chip_levels[move->line], !level);
	for (i = 0; i < move->count; i++) {
		level = !level;
		if (!late)
			WRITE_ONCE(chip_levels[move->line], level);
		chip_raise(move->line, level);
	}
	handled_ns = ktime_get_ns();
	return 0;
}

static void chip_move_on_this_cpu(unsigned int line)
{
	struct chip_move move = { line, 1 };
	unsigned long flags;

	local_irq_save(flags);
	chip_do_move(&move);
	local_irq_restore(flags);
}

/*
 * Toggle a line. All other CPUs are stopped, so that the hard handler runs for each edge before the
 * IRQ thread can run.
 */
static int chip_move(unsigned int line, unsigned int count)
{
	struct chip_move move = { line, count };

	return nested ? chip_do_move(&move) : stop_machine(chip_do_move, &move, NULL);
}

static int chip_toggle_set(const char *value, const struct kernel_param *param)
{
	unsigned int line, count;
	int ret;

	if (sscanf(value, "%u %u", &line, &count) != 2 || line >= CHIP_LINES)
		return -EINVAL;
	mutex_lock(&chip_lock);
	ret = chip_present ? chip_move(line, count) : -ENODEV;
	mutex_unlock(&chip_lock);
	return ret;
}

static const struct kernel_param_ops chip_toggle_ops = {
	.set = chip_toggle_set,
};
module_param_cb(toggle, &chip_toggle_ops, NULL, 0200);
MODULE_PARM_DESC(toggle, "\"LINE COUNT\" toggles a line COUNT times");

/* For other devices, such as that of notify_irq_pci.c. */
static int chip_interrupt_get(char *value, const struct kernel_param *param)
{
	return sysfs_emit(value, "%u\n", irq_create_mapping(chip.irq.domain, 0));
}

static const struct kernel_param_ops chip_interrupt_ops = {
	.get = chip_interrupt_get,
};
module_param_cb(interrupt, &chip_interrupt_ops, NULL, 0444);
MODULE_PARM_DESC(interrupt, "Number of the first line's interrupt");

/* -- Device -- */

static unsigned long chip_line_flags(void)
{
	return (active_low ? GPIO_ACTIVE_LOW : GPIO_ACTIVE_HIGH) | (pull_up ? GPIO_PULL_UP : 0);
}

static int chip_add_lookup(void)
{
	struct gpiod_lookup_table *table;
	unsigned int i;

	table = kzalloc(struct_size(table, table, lines + 1), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	table->dev_id = "notify_gpio.77";
	for (i = 0; i < lines; i++)
		table->table[i] = (struct gpiod_lookup){
			.key = controller,
			.chip_hwnum = i,
			.idx = i,
			.flags = chip_line_flags(),
		};
	gpiod_add_lookup_table(table);
	chip_lookup = table;
	return 0;
}

static void chip_remove_lookup(void)
{
	if (!chip_lookup)
		return;
	gpiod_remove_lookup_table(chip_lookup);
	kfree(chip_lookup);
	chip_lookup = NULL;
}

static struct platform_device *chip_add_device(void)
{
	struct property_entry properties[10] = { };
	struct platform_device_info info = {
		.name = "notify_gpio",
		.id = DEVICE_ID,
		.properties = properties,
	};
	unsigned int i, n = 0;

	for (i = 0; i < lines; i++)
		chip_references[i] = SOFTWARE_NODE_REFERENCE(&chip_node, i, chip_line_flags());
	if (*label)
		properties[n++] = PROPERTY_ENTRY_STRING("label", label);
	if (*edge)
		properties[n++] = PROPERTY_ENTRY_STRING("notify-multi,edge", edge);
	if (debounce_ms)
		properties[n++] = PROPERTY_ENTRY_U32(debounce, debounce_ms);
	if (max_packets)
		properties[n++] = PROPERTY_ENTRY_U32("notify-multi,max-packets", max_packets);
	if (max_requests)
		properties[n++] = PROPERTY_ENTRY_U32("notify-multi,max-requests", max_requests);
	if (replay)
		properties[n++] = PROPERTY_ENTRY_U32("notify-multi,replay", replay);
	if (wakeup)
		properties[n++] = PROPERTY_ENTRY_BOOL("wakeup-source");
	if (*wrong_type)
		properties[n++] = PROPERTY_ENTRY_BOOL(wrong_type);
	if (nodes)
		properties[n++] = PROPERTY_ENTRY_REF_ARRAY_LEN("gpios", chip_references, lines);
	return platform_device_register_full(&info);
}

static int chip_create_device(void)
{
	struct platform_device *device;
	int ret;

	ret = nodes ? 0 : chip_add_lookup();
	if (ret)
		return ret;
	device = chip_add_device();
	if (IS_ERR(device)) {
		chip_remove_lookup();
		return PTR_ERR(device);
	}
	chip_device = device;
	return 0;
}

static void chip_remove_device(void)
{
	if (!chip_device)
		return;
	platform_device_unregister(chip_device);
	chip_device = NULL;
	chip_remove_lookup();
}

/* The device is not created at load, because a bound device pins the module. */
static int chip_device_set(const char *value, const struct kernel_param *param)
{
	bool wanted;
	int ret;

	ret = kstrtobool(value, &wanted);
	if (ret)
		return ret;
	mutex_lock(&chip_lock);
	if (wanted && !chip_device)
		ret = chip_create_device();
	else if (!wanted)
		chip_remove_device();
	mutex_unlock(&chip_lock);
	return ret;
}

static const struct kernel_param_ops chip_device_ops = {
	.set = chip_device_set,
};
module_param_cb(device, &chip_device_ops, NULL, 0200);
MODULE_PARM_DESC(device, "1 creates the device, 0 removes it");

/* -- Driver of the controller -- */

static void chip_remove(void *data)
{
	mutex_lock(&chip_lock);
	chip_present = false;
	mutex_unlock(&chip_lock);
}

static int chip_probe(struct platform_device *pdev)
{
	int ret;

	chip = (struct gpio_chip){
		.label = CHIP_LABEL,
		.parent = &pdev->dev,
		.owner = THIS_MODULE,
		.base = -1,
		.ngpio = CHIP_LINES,
		.names = chip_names,
		.can_sleep = sleeping,
		.get = chip_get,
		.get_direction = chip_get_direction,
		.set_config = chip_set_config,
		.irq.handler = handle_simple_irq,
		.irq.default_type = IRQ_TYPE_NONE,
		.irq.threaded = nested,
	};
	if (any_edge && !nested)
		gpio_irq_chip_set_chip(&chip.irq, &chip_any_edge_irq);
	else
		gpio_irq_chip_set_chip(&chip.irq, &chip_irq);
	ret = devm_gpiochip_add_data(&pdev->dev, &chip, NULL);
	if (ret)
		return ret;
	chip_present = true;
	return devm_add_action_or_reset(&pdev->dev, chip_remove, NULL);
}

static struct platform_driver chip_driver = {
	.probe = chip_probe,
	.driver.name = "notify_gpio_chip",
};

static int __init notify_gpio_chip_init(void)
{
	struct platform_device_info info = {
		.name = "notify_gpio_chip",
		.id = PLATFORM_DEVID_NONE,
	};
	int ret;

	ret = software_node_register(&chip_node);
	if (ret)
		return ret;
	ret = platform_driver_register(&chip_driver);
	if (ret)
		goto unregister_node;
	/* The controller of the node: its fwnode from Linux 7.0 on, before that its label. */
	info.fwnode = software_node_fwnode(&chip_node);
	chip_controller = platform_device_register_full(&info);
	if (!IS_ERR(chip_controller))
		return 0;

	ret = PTR_ERR(chip_controller);
	platform_driver_unregister(&chip_driver);
unregister_node:
	software_node_unregister(&chip_node);
	return ret;
}
module_init(notify_gpio_chip_init);

static void __exit notify_gpio_chip_exit(void)
{
	chip_remove_device();
	platform_device_unregister(chip_controller);
	platform_driver_unregister(&chip_driver);
	software_node_unregister(&chip_node);
}
module_exit(notify_gpio_chip_exit);

MODULE_DESCRIPTION("GPIO controller for the tests of notify_gpio");
MODULE_AUTHOR("The notify_multi developers");
MODULE_LICENSE("GPL");
