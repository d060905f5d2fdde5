/* SPDX-License-Identifier: GPL-2.0 */
/*
 * notify_gpio: lines of a device, and what its files share.
 *
 *     notify_gpio.c     the driver: edges, debouncing, power management, ioctls
 *     gpio_settings.c   settings of the lines, from properties of the device
 *     gpio_configfs.c   devices that are created at run time
 */
#ifndef _NOTIFY_GPIO_LINES_H
#define _NOTIFY_GPIO_LINES_H

#include <linux/bits.h>
#include <linux/gpio/consumer.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/workqueue.h>
#include <linux/notify_gpio.h>

#include "source.h"

#define GPIO_MAX_LINES		64
#define GPIO_MAX_DEBOUNCE_MS	60000
#define GPIO_BOTH_EDGES		(BIT(NOTIFY_GPIO_EDGE_RISING) | BIT(NOTIFY_GPIO_EDGE_FALLING))

/* Values of "notify-multi,edge". */
#define GPIO_EDGE_NAMES		{ "rising", "falling", "both" }
#define GPIO_EDGE_BOTH		2

#define GPIO_DEFAULT_REPLAY	1

/* Name of the platform devices that configfs creates; their platform data is a pointer. */
#define GPIO_CONFIGFS_NAME	"notify_gpio-config"
static_assert(sizeof(GPIO_CONFIGFS_NAME) <= PLATFORM_NAME_SIZE);

/**
 * struct gpio_line - GPIO line
 * @gpio:        Device that the line belongs to.
 * @desc:        Descriptor.
 * @controller:  Device whose removal unbinds this one, or NULL; the link to it holds a reference.
 * @chip:        Label of the chip.
 * @offset:      Index in the chip.
 * @name:        Name, or NULL.
 * @irq:         Interrupt.
 * @index:       Index in the device.
 * @edges:       Requested edges, a mask of 1 << &enum notify_gpio_edge.
 * @debounce_ms: Debounce time, 0 for none.
 * @flags:       Bias, of &enum notify_gpio_line_flags.
 * @seqno:       Edges so far; accessed only by the line's handler or debounce work.
 * @sent_seqno:  @seqno of the last packet; protected by source->flush_lock.
 * @debounced:   The line is debounced in software.
 * @debounce:    Debounce work; runs when the line has been quiet.
 * @last_edge:   Time of the last edge; protected by source->lock.
 * @bounced:     True until gpio_line_debounce_thread() handles that edge; protected by
 *               source->lock.
 * @level:       Last level that gpio_line_nested_irq() or gpio_line_debounce_work() read;
 *               protected by source->flush_lock.
 * @resynced:    A state packet has reported a change, whose interrupt may be late; protected by
 *               source->flush_lock.
 * @wakes:       True if @irq is armed as a wakeup interrupt.
 */
struct gpio_line {
	struct notify_gpio *gpio;
	struct gpio_desc *desc;
	struct device *controller;
	char chip[NOTIFY_GPIO_NAME_SIZE];
	u32 offset;
	const char *name;
	int irq;
	u32 index;
	u32 edges;
	u32 debounce_ms;
	u32 flags;
	u32 seqno;
	u32 sent_seqno;
	bool debounced;
	struct delayed_work debounce;
	ktime_t last_edge;
	bool bounced;
	int level;
	bool resynced;
	bool wakes;
};

/**
 * struct notify_gpio - device with GPIO lines
 * @source:      Common part of the sources.
 * @bounce_lock: Protects @bouncing, and serialises its changes with those of the wakeup source.
 * @bouncing:    Lines whose debounce work must run, one bit per line.
 * @levels:      Last observed levels, one bit per line; protected by source.flush_lock.
 * @nr_lines:    Number of @lines.
 * @lines:       The lines, in the order of "gpios".
 */
struct notify_gpio {
	struct notify_source source;
	struct mutex bounce_lock; /* Protects bouncing. */
	u64 bouncing;
	u64 levels;
	u32 nr_lines;
	struct gpio_line lines[];
};

/**
 * struct gpio_attachment - what the driver and configfs tell each other about a device
 * @line_flags: Bias of each line, of &enum notify_gpio_line_flags.
 * @error:      Result of the last probe: 0, -EPROBE_DEFER while a chip is missing, or another
 *              errno.
 * @line:       Line of the error.
 *
 * The driver writes @error and @line, with WRITE_ONCE().
 */
struct gpio_attachment {
	u32 line_flags[GPIO_MAX_LINES];
	int error;
	u32 line;
};

/* Return NULL if configfs did not create the device. */
static inline struct gpio_attachment *gpio_attachment(struct device *dev)
{
	struct gpio_attachment **data = dev_get_platdata(dev);

	return strcmp(to_platform_device(dev)->name, GPIO_CONFIGFS_NAME) ? NULL : *data;
}

/**
 * gpio_parse_settings() - set edges, debounce_ms, name and flags of all lines
 * @gpio: Device; its lines have been requested.
 *
 * Return: 0 or a negative errno, which has been logged.
 */
int gpio_parse_settings(struct notify_gpio *gpio);

/* Return true if the name fits @size with its null byte, without blanks and control characters. */
bool gpio_name_is_valid(const char *name, size_t size);

#if IS_ENABLED(CONFIG_CONFIGFS_FS)
int gpio_configfs_init(void);
void gpio_configfs_exit(void);
#else
static inline int gpio_configfs_init(void)
{
	return 0;
}

static inline void gpio_configfs_exit(void)
{
}
#endif

#endif /* _NOTIFY_GPIO_LINES_H */
