/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SOURCE_H
#define SOURCE_H

#include "layout.h"

/*
 * Return the layout of the packets of @driver, or NULL if it is unknown or has another size.
 * @lines: Number of GPIO lines of the device, or 0 if unknown.
 */
struct layout *source_layout(const char *driver, size_t packet_size, size_t lines);

#endif /* SOURCE_H */
