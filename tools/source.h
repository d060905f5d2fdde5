/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SOURCE_H
#define SOURCE_H

#include "layout.h"

struct gpio_lines;

/*
 * Return the layout of the packets of @driver, or NULL if it is unknown or has another size.
 * @lines: GPIO lines of the device; the layout refers to their names.
 */
struct layout *source_layout(const char *driver, size_t packet_size,
			     const struct gpio_lines *lines);

#endif /* SOURCE_H */
