// SPDX-License-Identifier: GPL-2.0
/*
 * notify_gpio: settings of the lines, from properties of the device. A property has one value for
 * all lines, or one for each line.
 */

#include <linux/err.h>
#include <linux/gpio/machine.h>
#include <linux/property.h>
#include <linux/string.h>

#include "gpio.h"

bool gpio_name_is_valid(const char *name, size_t size)
{
	const u8 *at = (const u8 *)name;

	/* Bytes of UTF-8 are allowed. */
	for (; *at; at++)
		if (*at <= ' ' || *at == 0x7f)
			return false;
	return *name && strlen(name) < size;
}

/* @count is a number of values, or a negative errno. */
static int gpio_check_count(struct notify_gpio *gpio, const char *property, int count)
{
	struct device *dev = gpio->source.dev;

	if (count <= 0)
		return dev_err_probe(dev, -EINVAL, "%s: wrong type\n", property);
	if (count != 1 && count != gpio->nr_lines)
		return dev_err_probe(dev, -EINVAL, "%s: %d values for %u lines\n", property, count,
				     gpio->nr_lines);
	return 0;
}

static int gpio_parse_edges(struct notify_gpio *gpio)
{
	static const char * const edges[] = GPIO_EDGE_NAMES;
	static const u32 masks[] = {
		BIT(NOTIFY_GPIO_EDGE_RISING),
		BIT(NOTIFY_GPIO_EDGE_FALLING),
		GPIO_BOTH_EDGES,
	};
	static const char property[] = "notify-multi,edge";
	const char *values[GPIO_MAX_LINES];
	struct device *dev = gpio->source.dev;
	int count = 1;
	int ret;
	u32 i;

	values[0] = edges[GPIO_EDGE_BOTH];
	if (device_property_present(dev, property)) {
		count = device_property_string_array_count(dev, property);
		ret = gpio_check_count(gpio, property, count);
		if (ret)
			return ret;
		ret = device_property_read_string_array(dev, property, values, count);
		if (ret < 0)
			return dev_err_probe(dev, -EINVAL, "%s: wrong type\n", property);
	}
	for (i = 0; i < gpio->nr_lines; i++) {
		const char *value = values[count == 1 ? 0 : i];

		ret = match_string(edges, ARRAY_SIZE(edges), value);
		if (ret < 0)
			return dev_err_probe(dev, -EINVAL, "%s: invalid: \"%s\"\n", property,
					     value);
		gpio->lines[i].edges = masks[ret];
	}
	return 0;
}

static int gpio_parse_debounce(struct notify_gpio *gpio)
{
	const char *property = "debounce-delay-ms";
	struct device *dev = gpio->source.dev;
	u32 values[GPIO_MAX_LINES];
	int ret, count;
	u32 i;

	if (!device_property_present(dev, property))
		property = "debounce-interval-ms"; /* The former name. */
	if (!device_property_present(dev, property))
		return 0;
	count = device_property_count_u32(dev, property);
	ret = gpio_check_count(gpio, property, count);
	if (ret)
		return ret;
	if (device_property_read_u32_array(dev, property, values, count))
		return dev_err_probe(dev, -EINVAL, "%s: wrong type\n", property);
	for (i = 0; i < gpio->nr_lines; i++) {
		u32 value = values[count == 1 ? 0 : i];

		if (value > GPIO_MAX_DEBOUNCE_MS)
			return dev_err_probe(dev, -EINVAL, "%s: exceeds %u: %u\n", property,
					     GPIO_MAX_DEBOUNCE_MS, value);
		gpio->lines[i].debounce_ms = value;
	}
	return 0;
}

static bool gpio_has_line(struct notify_gpio *gpio, u32 count, const char *name)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (gpio->lines[i].name && !strcmp(gpio->lines[i].name, name))
			return true;
	return false;
}

/* As in gpiolib, there may be fewer names than lines, and a line without a name has "". */
static int gpio_parse_names(struct notify_gpio *gpio)
{
	static const char property[] = "gpio-line-names";
	const char *values[GPIO_MAX_LINES];
	struct device *dev = gpio->source.dev;
	int i, count;

	if (!device_property_present(dev, property))
		return 0;
	count = device_property_string_array_count(dev, property);
	if (count > (int)gpio->nr_lines)
		return dev_err_probe(dev, -EINVAL, "%s: %d values for %u lines\n", property, count,
				     gpio->nr_lines);
	if (count <= 0 || device_property_read_string_array(dev, property, values, count) < 0)
		return dev_err_probe(dev, -EINVAL, "%s: wrong type\n", property);
	for (i = 0; i < count; i++) {
		if (!*values[i])
			continue;
		if (!gpio_name_is_valid(values[i], NOTIFY_GPIO_NAME_SIZE))
			return dev_err_probe(dev, -EINVAL, "%s: invalid: \"%s\"\n", property,
					     values[i]);
		if (gpio_has_line(gpio, i, values[i]))
			return dev_err_probe(dev, -EINVAL, "%s: occurs twice: \"%s\"\n", property,
					     values[i]);
		gpio->lines[i].name = values[i];
	}
	return 0;
}

/* gpiolib does not return the bias: get it from where gpiolib got it. */
static u32 gpio_line_bias(struct gpio_line *line)
{
	struct device *dev = line->gpio->source.dev;
	struct gpio_attachment *attachment = gpio_attachment(dev);
	struct fwnode_reference_args args;
	u64 flags;

	if (attachment)
		return attachment->line_flags[line->index];
	/* A software node has no "#gpio-cells": offset and flags. */
	if (fwnode_property_get_reference_args(dev_fwnode(dev), "gpios", "#gpio-cells", 0,
					       line->index, &args) &&
	    fwnode_property_get_reference_args(dev_fwnode(dev), "gpios", NULL, 2, line->index,
					       &args))
		return 0;
	flags = args.nargs ? args.args[args.nargs - 1] : 0;
	fwnode_handle_put(args.fwnode);
	return (flags & GPIO_PULL_UP ? NOTIFY_GPIO_LINE_PULL_UP : 0) |
	       (flags & GPIO_PULL_DOWN ? NOTIFY_GPIO_LINE_PULL_DOWN : 0) |
	       (flags & GPIO_PULL_DISABLE ? NOTIFY_GPIO_LINE_BIAS_DISABLED : 0);
}

int gpio_parse_settings(struct notify_gpio *gpio)
{
	u32 i;

	for (i = 0; i < gpio->nr_lines; i++)
		gpio->lines[i].flags = gpio_line_bias(&gpio->lines[i]);
	return gpio_parse_edges(gpio) ?: gpio_parse_debounce(gpio) ?: gpio_parse_names(gpio);
}
