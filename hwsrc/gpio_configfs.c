// SPDX-License-Identifier: GPL-2.0
/*
 * notify_gpio: devices that are created at run time, without firmware.
 *
 *     /sys/kernel/config/notify_gpio/<label>/          struct gpio_config
 *     /sys/kernel/config/notify_gpio/<label>/line<N>/  struct gpio_config_line
 *
 * "live" creates a platform device with the settings as properties, and a lookup table for its
 * lines. The driver then probes it as any other; while a chip is missing, the probe is deferred.
 */

#include <linux/configfs.h>
#include <linux/err.h>
#include <linux/gpio/driver.h>
#include <linux/gpio/machine.h>
#include <linux/idr.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "gpio.h"

#define GPIO_CONFIG_DEFAULT_MODE	0600
#define GPIO_CONFIG_LABEL_SIZE		64
/* Offset of a line whose key is its name. */
#define GPIO_CONFIG_BY_NAME		(-1)
/* Setting of a line that is not set: the device's applies. */
#define GPIO_CONFIG_INHERIT		(-1)

enum gpio_config_bias {
	GPIO_CONFIG_BIAS_AS_IS,
	GPIO_CONFIG_BIAS_DISABLED,
	GPIO_CONFIG_BIAS_PULL_UP,
	GPIO_CONFIG_BIAS_PULL_DOWN,
};

static const char * const gpio_edges[] = GPIO_EDGE_NAMES;
static const char * const gpio_clocks[] = NOTIFY_MULTI_CLOCK_NAMES;
static const char * const gpio_biases[] = {
	[GPIO_CONFIG_BIAS_AS_IS] = "as-is",
	[GPIO_CONFIG_BIAS_DISABLED] = "disabled",
	[GPIO_CONFIG_BIAS_PULL_UP] = "pull-up",
	[GPIO_CONFIG_BIAS_PULL_DOWN] = "pull-down",
};

/**
 * struct gpio_config_line - directory of a line
 * @item:        Directory in configfs.
 * @config:      Device.
 * @index:       Index in the device.
 * @key:         Label of the chip, or name of the line; NULL if not set.
 * @name:        Name for the readers; NULL if not set.
 * @offset:      Index in the chip, or %GPIO_CONFIG_BY_NAME.
 * @active_low:  Active is the low physical level.
 * @bias:        Bias, of &enum gpio_config_bias.
 * @edge:        Index in gpio_edges[], or %GPIO_CONFIG_INHERIT.
 * @debounce_ms: Debounce time, or %GPIO_CONFIG_INHERIT.
 *
 * Protected by config->lock. Attributes show numbers without the lock, hence WRITE_ONCE().
 */
struct gpio_config_line {
	struct config_item item;
	struct gpio_config *config;
	u32 index;
	char *key;
	char *name;
	int offset;
	int active_low;
	int bias;
	int edge;
	int debounce_ms;
};

/**
 * struct gpio_config - directory of a device
 * @group:        Directory in configfs.
 * @attachment:   Written by the driver.
 * @lock:         Protects all members below, and those of the lines, which are constant while
 *                the device is live.
 * @edge:         Index in gpio_edges[], for the lines.
 * @debounce_ms:  Debounce time, for the lines.
 * @max_packets:  See &struct notify_multi_config.
 * @max_requests: See &struct notify_multi_config.
 * @replay:       See &struct notify_multi_config.
 * @clock:        See &struct notify_multi_config.
 * @mode:         See &struct notify_multi_config.
 * @wakeup:       The lines wake up the system.
 * @lines:        The lines, NULL if there is no directory.
 * @pdev:         Platform device; NULL unless live.
 * @id:           Number of @pdev; valid while live.
 * @table:        Lookup table of the lines of @pdev; valid while live.
 */
struct gpio_config {
	struct config_group group;
	struct gpio_attachment attachment;
	struct mutex lock; /* The driver's probe runs with it held. */
	int edge;
	int debounce_ms;
	int max_packets;
	int max_requests;
	int replay;
	int clock;
	int mode;
	int wakeup;
	struct gpio_config_line *lines[GPIO_MAX_LINES];
	struct platform_device *pdev;
	int id;
	struct gpiod_lookup_table *table;
};

static struct configfs_subsystem gpio_subsystem;
static DEFINE_IDA(gpio_config_ids);

static struct gpio_config *to_gpio_config(struct config_item *item)
{
	return container_of(to_config_group(item), struct gpio_config, group);
}

static struct gpio_config_line *to_gpio_config_line(struct config_item *item)
{
	return container_of(item, struct gpio_config_line, item);
}

static const char *gpio_config_label(struct gpio_config *config)
{
	return config_item_name(&config->group.cg_item);
}

static int gpio_config_line_edge(const struct gpio_config_line *line)
{
	int edge = READ_ONCE(line->edge);

	return edge == GPIO_CONFIG_INHERIT ? READ_ONCE(line->config->edge) : edge;
}

static int gpio_config_line_debounce(const struct gpio_config_line *line)
{
	int ms = READ_ONCE(line->debounce_ms);

	return ms == GPIO_CONFIG_INHERIT ? READ_ONCE(line->config->debounce_ms) : ms;
}

/* -- Creating and removing the platform device ----------------------------- */

static int gpio_config_error(struct gpio_config *config, u32 line, const char *message)
{
	pr_err("notify_gpio: %s: line%u %s\n", gpio_config_label(config), line, message);
	return -EINVAL;
}

/* Return the number of lines, or -errno if there are none or one is missing. */
static int gpio_config_count_lines(struct gpio_config *config)
{
	u32 i, count = 0;

	while (count < GPIO_MAX_LINES && config->lines[count])
		count++;
	for (i = count; i < GPIO_MAX_LINES; i++)
		if (config->lines[i] || !count)
			return gpio_config_error(config, count, "is missing");
	for (i = 0; i < count; i++)
		if (!config->lines[i]->key)
			return gpio_config_error(config, i, "has no key");
	return count;
}

static unsigned long gpio_config_lookup_flags(const struct gpio_config_line *line)
{
	static const unsigned long flags[] = {
		[GPIO_CONFIG_BIAS_AS_IS] = 0,
		[GPIO_CONFIG_BIAS_DISABLED] = GPIO_PULL_DISABLE,
		[GPIO_CONFIG_BIAS_PULL_UP] = GPIO_PULL_UP,
		[GPIO_CONFIG_BIAS_PULL_DOWN] = GPIO_PULL_DOWN,
	};

	return flags[line->bias] | (line->active_low ? GPIO_ACTIVE_LOW : GPIO_ACTIVE_HIGH);
}

static int gpio_config_create_table(struct gpio_config *config, u32 count)
{
	struct gpiod_lookup_table *table;
	u32 i;

	table = kzalloc(struct_size(table, table, count + 1), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	table->dev_id = kasprintf(GFP_KERNEL, "%s.%d", GPIO_CONFIGFS_NAME, config->id);
	if (!table->dev_id) {
		kfree(table);
		return -ENOMEM;
	}
	for (i = 0; i < count; i++) {
		const struct gpio_config_line *line = config->lines[i];
		u16 offset = line->offset == GPIO_CONFIG_BY_NAME ? U16_MAX : line->offset;

		table->table[i] = (struct gpiod_lookup){
			.key = line->key,
			.chip_hwnum = offset,
			.idx = i,
			.flags = gpio_config_lookup_flags(line),
		};
	}
	config->table = table;
	gpiod_add_lookup_table(table);
	return 0;
}

static void gpio_config_destroy_table(struct gpio_config *config)
{
	gpiod_remove_lookup_table(config->table);
	kfree(config->table->dev_id);
	kfree(config->table);
}

struct gpio_config_values {
	const char *edges[GPIO_MAX_LINES];
	const char *names[GPIO_MAX_LINES];
	u32 debounce[GPIO_MAX_LINES];
};

static void gpio_config_fill_lines(struct gpio_config *config, struct gpio_config_values *values,
				   u32 count)
{
	static const u32 flags[] = {
		[GPIO_CONFIG_BIAS_AS_IS] = 0,
		[GPIO_CONFIG_BIAS_DISABLED] = NOTIFY_GPIO_LINE_BIAS_DISABLED,
		[GPIO_CONFIG_BIAS_PULL_UP] = NOTIFY_GPIO_LINE_PULL_UP,
		[GPIO_CONFIG_BIAS_PULL_DOWN] = NOTIFY_GPIO_LINE_PULL_DOWN,
	};
	u32 i;

	for (i = 0; i < count; i++) {
		const struct gpio_config_line *line = config->lines[i];

		values->edges[i] = gpio_edges[gpio_config_line_edge(line)];
		values->names[i] = line->name ?: "";
		values->debounce[i] = gpio_config_line_debounce(line);
		config->attachment.line_flags[i] = flags[line->bias];
	}
}

/* The properties are copied. */
static struct platform_device *gpio_config_create_device(struct gpio_config *config,
							 struct gpio_config_values *values,
							 u32 count)
{
	struct gpio_attachment *attachment = &config->attachment;
	struct property_entry properties[] = {
		PROPERTY_ENTRY_STRING("label", gpio_config_label(config)),
		PROPERTY_ENTRY_STRING_ARRAY_LEN("notify-multi,edge", values->edges, count),
		PROPERTY_ENTRY_STRING_ARRAY_LEN("gpio-line-names", values->names, count),
		PROPERTY_ENTRY_U32_ARRAY_LEN("debounce-delay-ms", values->debounce, count),
		PROPERTY_ENTRY_U32("notify-multi,max-packets", config->max_packets),
		PROPERTY_ENTRY_U32("notify-multi,max-requests", config->max_requests),
		PROPERTY_ENTRY_U32("notify-multi,replay", config->replay),
		PROPERTY_ENTRY_STRING("notify-multi,clock", gpio_clocks[config->clock]),
		PROPERTY_ENTRY_U32("notify-multi,mode", config->mode),
		{ },
		{ }
	};
	const struct platform_device_info info = {
		.name = GPIO_CONFIGFS_NAME,
		.id = config->id,
		.data = &attachment,
		.size_data = sizeof(attachment),
		.properties = properties,
	};

	if (config->wakeup)
		properties[ARRAY_SIZE(properties) - 2] = PROPERTY_ENTRY_BOOL("wakeup-source");
	return platform_device_register_full(&info);
}

/* Create the device and probe it. Return the error of the probe unless it is deferred. */
static int gpio_config_probe(struct gpio_config *config, u32 count)
{
	struct gpio_config_values *values = kzalloc(sizeof(*values), GFP_KERNEL);
	struct platform_device *pdev;
	int error;

	if (!values)
		return -ENOMEM;
	gpio_config_fill_lines(config, values, count);
	config->attachment.error = -EPROBE_DEFER;
	config->attachment.line = 0;
	pdev = gpio_config_create_device(config, values, count);
	kfree(values);
	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	error = READ_ONCE(config->attachment.error);
	if (error && error != -EPROBE_DEFER) {
		platform_device_unregister(pdev);
		return error;
	}
	WRITE_ONCE(config->pdev, pdev);
	return 0;
}

/* Return a string to be freed, NULL if it is unknown, or an ERR_PTR(). */
static char *gpio_config_consumer(const struct gpio_config_line *line)
{
	struct gpio_device *device = gpio_device_find_by_label(line->key);
	struct gpio_chip *chip;
	char *consumer;

	if (!device)
		return NULL;
	chip = gpio_device_get_chip(device);
	consumer = chip ? gpiochip_dup_line_label(chip, line->offset) : NULL;
	gpio_device_put(device);
	return consumer;
}

static void gpio_config_log_consumer(struct gpio_config *config)
{
	const struct gpio_config_line *line = config->lines[config->attachment.line];
	char *consumer;

	if (line->offset == GPIO_CONFIG_BY_NAME)
		return;
	consumer = gpio_config_consumer(line);
	if (IS_ERR_OR_NULL(consumer))
		return;
	pr_err("notify_gpio: %s: line%u: line %d of %s is used by \"%s\"\n",
	       gpio_config_label(config), line->index, line->offset, line->key, consumer);
	kfree(consumer);
}

/* While live, the directories of the lines cannot be removed, and so the device's cannot. */
static void gpio_config_unpin_lines(struct gpio_config *config, u32 count)
{
	while (count--)
		configfs_undepend_item(&config->lines[count]->item);
}

static int gpio_config_pin_lines(struct gpio_config *config, u32 count)
{
	u32 i;
	int ret;

	for (i = 0; i < count; i++) {
		ret = configfs_depend_item_unlocked(&gpio_subsystem, &config->lines[i]->item);
		if (ret) {
			gpio_config_unpin_lines(config, i);
			return ret;
		}
	}
	return 0;
}

static int gpio_config_activate(struct gpio_config *config)
{
	int ret, count = gpio_config_count_lines(config);

	if (count < 0)
		return count;
	ret = gpio_config_pin_lines(config, count);
	if (ret)
		return ret;
	config->id = ida_alloc(&gpio_config_ids, GFP_KERNEL);
	if (config->id < 0) {
		ret = config->id;
		goto unpin_lines;
	}
	ret = gpio_config_create_table(config, count);
	if (ret)
		goto free_id;
	ret = gpio_config_probe(config, count);
	if (ret)
		goto destroy_table;
	return 0;

destroy_table:
	if (ret == -EBUSY)
		gpio_config_log_consumer(config);
	gpio_config_destroy_table(config);
free_id:
	ida_free(&gpio_config_ids, config->id);
unpin_lines:
	gpio_config_unpin_lines(config, count);
	return ret;
}

static void gpio_config_deactivate(struct gpio_config *config)
{
	platform_device_unregister(config->pdev);
	WRITE_ONCE(config->pdev, NULL);
	gpio_config_destroy_table(config);
	ida_free(&gpio_config_ids, config->id);
	gpio_config_unpin_lines(config, gpio_config_count_lines(config));
}

/* -- Settings -------------------------------------------------------------- */

static int gpio_parse_number(const char *page, int least, int most, int *value)
{
	int ret = kstrtoint(page, 0, value);

	return ret || *value < least || *value > most ? -EINVAL : 0;
}

static int gpio_parse_name(const char * const *names, size_t count, const char *page, int *value)
{
	*value = __sysfs_match_string(names, count, page);
	return *value < 0 ? -EINVAL : 0;
}

static int gpio_parse_edge(const char *page, int *value)
{
	return gpio_parse_name(gpio_edges, ARRAY_SIZE(gpio_edges), page, value);
}

static int gpio_parse_clock(const char *page, int *value)
{
	return gpio_parse_name(gpio_clocks, ARRAY_SIZE(gpio_clocks), page, value);
}

static int gpio_parse_bias(const char *page, int *value)
{
	int ret = gpio_parse_name(gpio_biases, ARRAY_SIZE(gpio_biases), page, value);

	if (!ret && *value == GPIO_CONFIG_BIAS_DISABLED && !GPIO_PULL_DISABLE)
		return -EOPNOTSUPP;
	return ret;
}

static int gpio_parse_debounce(const char *page, int *value)
{
	return gpio_parse_number(page, 0, GPIO_MAX_DEBOUNCE_MS, value);
}

static int gpio_parse_limit(const char *page, int *value)
{
	return gpio_parse_number(page, 1, INT_MAX, value);
}

static int gpio_parse_replay(const char *page, int *value)
{
	return gpio_parse_number(page, 0, INT_MAX, value);
}

static int gpio_parse_offset(const char *page, int *value)
{
	return gpio_parse_number(page, GPIO_CONFIG_BY_NAME, U16_MAX - 1, value);
}

static int gpio_parse_mode(const char *page, int *value)
{
	int ret = kstrtoint(page, 8, value);

	return ret || *value <= 0 || *value > 0777 ? -EINVAL : 0;
}

static int gpio_parse_bool(const char *page, int *value)
{
	bool set = false;
	int ret = kstrtobool(page, &set);

	*value = set;
	return ret;
}

/* Settings are constant while the device is live. */
static ssize_t gpio_config_set(struct gpio_config *config, int *setting, int value, size_t len)
{
	ssize_t ret = len;

	mutex_lock(&config->lock);
	if (config->pdev)
		ret = -EBUSY;
	else
		WRITE_ONCE(*setting, value);
	mutex_unlock(&config->lock);
	return ret;
}

static ssize_t gpio_config_set_string(struct gpio_config *config, char **setting,
				      const char *page, size_t len)
{
	size_t length = strcspn(page, "\n");
	char *value = NULL;
	ssize_t ret = len;

	if (length) {
		value = kstrndup(page, length, GFP_KERNEL);
		if (!value)
			return -ENOMEM;
	}
	mutex_lock(&config->lock);
	if (config->pdev)
		ret = -EBUSY;
	else
		swap(*setting, value);
	mutex_unlock(&config->lock);
	kfree(value);
	return ret;
}

static ssize_t gpio_config_show_string(struct gpio_config *config, char **setting, char *page)
{
	ssize_t ret;

	mutex_lock(&config->lock);
	ret = sysfs_emit(page, "%s\n", *setting ?: "");
	mutex_unlock(&config->lock);
	return ret;
}

/* An attribute of @owner, a gpio_config or gpio_config_line (@prefix), whose device is @device. */
#define GPIO_SETTING(prefix, name, device, parse, format, shown)			\
static ssize_t prefix##_##name##_show(struct config_item *item, char *page)		\
{											\
	struct prefix *owner = to_##prefix(item);					\
											\
	return sysfs_emit(page, format "\n", shown);					\
}											\
											\
static ssize_t prefix##_##name##_store(struct config_item *item, const char *page,	\
				       size_t len)					\
{											\
	struct prefix *owner = to_##prefix(item);					\
	int value;									\
	int ret = parse(page, &value);							\
											\
	return ret ?: gpio_config_set(device, &owner->name, value, len);		\
}											\
CONFIGFS_ATTR(prefix##_, name)

#define GPIO_DEVICE_SETTING(name, parse, format, shown)					\
	GPIO_SETTING(gpio_config, name, owner, parse, format, shown)
#define GPIO_LINE_SETTING(name, parse, format, shown)					\
	GPIO_SETTING(gpio_config_line, name, owner->config, parse, format, shown)

GPIO_DEVICE_SETTING(edge, gpio_parse_edge, "%s", gpio_edges[READ_ONCE(owner->edge)]);
GPIO_DEVICE_SETTING(debounce_ms, gpio_parse_debounce, "%d", READ_ONCE(owner->debounce_ms));
GPIO_DEVICE_SETTING(max_packets, gpio_parse_limit, "%d", READ_ONCE(owner->max_packets));
GPIO_DEVICE_SETTING(max_requests, gpio_parse_limit, "%d", READ_ONCE(owner->max_requests));
GPIO_DEVICE_SETTING(replay, gpio_parse_replay, "%d", READ_ONCE(owner->replay));
GPIO_DEVICE_SETTING(clock, gpio_parse_clock, "%s", gpio_clocks[READ_ONCE(owner->clock)]);
GPIO_DEVICE_SETTING(mode, gpio_parse_mode, "%04o", READ_ONCE(owner->mode));
GPIO_DEVICE_SETTING(wakeup, gpio_parse_bool, "%d", READ_ONCE(owner->wakeup));

GPIO_LINE_SETTING(offset, gpio_parse_offset, "%d", READ_ONCE(owner->offset));
GPIO_LINE_SETTING(active_low, gpio_parse_bool, "%d", READ_ONCE(owner->active_low));
GPIO_LINE_SETTING(bias, gpio_parse_bias, "%s", gpio_biases[READ_ONCE(owner->bias)]);
GPIO_LINE_SETTING(edge, gpio_parse_edge, "%s", gpio_edges[gpio_config_line_edge(owner)]);
GPIO_LINE_SETTING(debounce_ms, gpio_parse_debounce, "%d", gpio_config_line_debounce(owner));

/* A string of a line. */
#define GPIO_STRING_SETTING(name)								\
static ssize_t gpio_config_line_##name##_show(struct config_item *item, char *page)	\
{											\
	struct gpio_config_line *line = to_gpio_config_line(item);			\
											\
	return gpio_config_show_string(line->config, &line->name, page);		\
}											\
											\
static ssize_t gpio_config_line_##name##_store(struct config_item *item,		\
					       const char *page, size_t len)		\
{											\
	struct gpio_config_line *line = to_gpio_config_line(item);			\
											\
	return gpio_config_set_string(line->config, &line->name, page, len);		\
}											\
CONFIGFS_ATTR(gpio_config_line_, name)

GPIO_STRING_SETTING(key);
GPIO_STRING_SETTING(name);

/* -- Attributes "live" and "status" ---------------------------------------- */

static ssize_t gpio_config_live_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_gpio_config(item)->pdev) ? 1 : 0);
}

static ssize_t gpio_config_live_store(struct config_item *item, const char *page, size_t len)
{
	struct gpio_config *config = to_gpio_config(item);
	int live, ret = gpio_parse_bool(page, &live);

	if (ret)
		return ret;
	mutex_lock(&config->lock);
	if (live && !config->pdev)
		ret = gpio_config_activate(config);
	else if (!live && config->pdev)
		gpio_config_deactivate(config);
	mutex_unlock(&config->lock);
	return ret ?: len;
}
CONFIGFS_ATTR(gpio_config_, live);

static ssize_t gpio_config_status_show(struct config_item *item, char *page)
{
	struct gpio_config *config = to_gpio_config(item);
	ssize_t ret;
	int error;
	u32 line;

	mutex_lock(&config->lock);
	error = READ_ONCE(config->attachment.error);
	line = READ_ONCE(config->attachment.line);
	if (!config->pdev)
		ret = sysfs_emit(page, "inactive\n");
	else if (!error)
		ret = sysfs_emit(page, "active\n");
	else if (error == -EPROBE_DEFER)
		ret = sysfs_emit(page, "waiting for %s\n", config->lines[line]->key);
	else
		ret = sysfs_emit(page, "error: %pe\n", ERR_PTR(error));
	mutex_unlock(&config->lock);
	return ret;
}
CONFIGFS_ATTR_RO(gpio_config_, status);

/* -- Directories ----------------------------------------------------------- */

static struct configfs_attribute *gpio_config_line_attrs[] = {
	&gpio_config_line_attr_key,
	&gpio_config_line_attr_offset,
	&gpio_config_line_attr_name,
	&gpio_config_line_attr_active_low,
	&gpio_config_line_attr_bias,
	&gpio_config_line_attr_edge,
	&gpio_config_line_attr_debounce_ms,
	NULL
};

static void gpio_config_line_release(struct config_item *item)
{
	struct gpio_config_line *line = to_gpio_config_line(item);

	kfree(line->key);
	kfree(line->name);
	kfree(line);
}

static struct configfs_item_operations gpio_config_line_item_ops = {
	.release = gpio_config_line_release,
};

static const struct config_item_type gpio_config_line_type = {
	.ct_item_ops = &gpio_config_line_item_ops,
	.ct_attrs = gpio_config_line_attrs,
	.ct_owner = THIS_MODULE,
};

/* Names are "line0", "line1" ... without leading zeros. */
static int gpio_config_line_index(const char *name, u32 *index)
{
	char canonical[sizeof("line4294967295")];

	if (strncmp(name, "line", 4) || kstrtou32(name + 4, 10, index) || *index >= GPIO_MAX_LINES)
		return -EINVAL;
	snprintf(canonical, sizeof(canonical), "line%u", *index);
	return strcmp(name, canonical) ? -EINVAL : 0;
}

static struct config_item *gpio_config_make_line(struct config_group *group, const char *name)
{
	struct gpio_config *config = to_gpio_config(&group->cg_item);
	struct gpio_config_line *line;
	int ret;
	u32 index;

	ret = gpio_config_line_index(name, &index);
	if (ret)
		return ERR_PTR(ret);
	line = kzalloc(sizeof(*line), GFP_KERNEL);
	if (!line)
		return ERR_PTR(-ENOMEM);
	line->config = config;
	line->index = index;
	line->offset = GPIO_CONFIG_BY_NAME;
	line->edge = GPIO_CONFIG_INHERIT;
	line->debounce_ms = GPIO_CONFIG_INHERIT;
	config_item_init_type_name(&line->item, name, &gpio_config_line_type);

	mutex_lock(&config->lock);
	if (config->pdev)
		ret = -EBUSY;
	else
		config->lines[index] = line;
	mutex_unlock(&config->lock);
	if (ret) {
		config_item_put(&line->item);
		return ERR_PTR(ret);
	}
	return &line->item;
}

/* Before configfs unlinks the directory, so that "live" does not pin a line without one. */
static void gpio_config_forget_line(struct config_group *group, struct config_item *item)
{
	struct gpio_config_line *line = to_gpio_config_line(item);

	mutex_lock(&line->config->lock);
	line->config->lines[line->index] = NULL;
	mutex_unlock(&line->config->lock);
}

static struct configfs_attribute *gpio_config_attrs[] = {
	&gpio_config_attr_edge,
	&gpio_config_attr_debounce_ms,
	&gpio_config_attr_max_packets,
	&gpio_config_attr_max_requests,
	&gpio_config_attr_replay,
	&gpio_config_attr_clock,
	&gpio_config_attr_mode,
	&gpio_config_attr_wakeup,
	&gpio_config_attr_live,
	&gpio_config_attr_status,
	NULL
};

static void gpio_config_release(struct config_item *item)
{
	struct gpio_config *config = to_gpio_config(item);

	mutex_destroy(&config->lock);
	kfree(config);
}

static struct configfs_item_operations gpio_config_item_ops = {
	.release = gpio_config_release,
};

static struct configfs_group_operations gpio_config_group_ops = {
	.make_item = gpio_config_make_line,
	.disconnect_notify = gpio_config_forget_line,
};

static const struct config_item_type gpio_config_type = {
	.ct_item_ops = &gpio_config_item_ops,
	.ct_group_ops = &gpio_config_group_ops,
	.ct_attrs = gpio_config_attrs,
	.ct_owner = THIS_MODULE,
};

static struct config_group *gpio_config_make(struct config_group *group, const char *name)
{
	struct gpio_config *config;

	if (!gpio_name_is_valid(name, GPIO_CONFIG_LABEL_SIZE))
		return ERR_PTR(-EINVAL);
	config = kzalloc(sizeof(*config), GFP_KERNEL);
	if (!config)
		return ERR_PTR(-ENOMEM);
	mutex_init(&config->lock);
	config->edge = GPIO_EDGE_BOTH;
	config->max_packets = SOURCE_DEFAULT_MAX_PACKETS;
	config->max_requests = SOURCE_DEFAULT_MAX_REQUESTS;
	config->replay = GPIO_DEFAULT_REPLAY;
	config->mode = GPIO_CONFIG_DEFAULT_MODE;
	config_group_init_type_name(&config->group, name, &gpio_config_type);
	/* config_group_init_type_name() does not report that it could not allocate the name. */
	if (!gpio_config_label(config)) {
		config_item_put(&config->group.cg_item);
		return ERR_PTR(-ENOMEM);
	}
	return &config->group;
}

static struct configfs_group_operations gpio_subsystem_group_ops = {
	.make_group = gpio_config_make,
};

static const struct config_item_type gpio_subsystem_type = {
	.ct_group_ops = &gpio_subsystem_group_ops,
	.ct_owner = THIS_MODULE,
};

static struct configfs_subsystem gpio_subsystem = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = "notify_gpio",
			.ci_type = &gpio_subsystem_type,
		},
	},
};

int gpio_configfs_init(void)
{
	config_group_init(&gpio_subsystem.su_group);
	mutex_init(&gpio_subsystem.su_mutex);
	return configfs_register_subsystem(&gpio_subsystem);
}

void gpio_configfs_exit(void)
{
	configfs_unregister_subsystem(&gpio_subsystem);
}
