/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The sources whose packets are known by the name of their driver.
 */
#ifndef SOURCE_H
#define SOURCE_H

#include "layout.h"

/*
 * The layout of the packets of @driver, NULL if they are not known, or are not of that size.
 * @lines: how many GPIO lines the device has, or 0 if that is not known.
 */
struct layout *source_layout(const char *driver, size_t packet_size, size_t lines);

#endif /* SOURCE_H */
