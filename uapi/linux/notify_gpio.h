/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Packets of notify_gpio: edges of GPIO lines.
 */
#ifndef _UAPI_LINUX_NOTIFY_GPIO_H
#define _UAPI_LINUX_NOTIFY_GPIO_H

#include <linux/types.h>

/**
 * enum notify_gpio_edge - direction of an edge
 * @NOTIFY_GPIO_EDGE_RISING:  From inactive to active.
 * @NOTIFY_GPIO_EDGE_FALLING: From active to inactive.
 */
enum notify_gpio_edge {
	NOTIFY_GPIO_EDGE_RISING		= 1,
	NOTIFY_GPIO_EDGE_FALLING	= 2
};

/**
 * struct notify_gpio_event - payload of a notify_gpio packet
 * @line:       Index of the line in the firmware's "gpios" property, 0 to 63.
 * @edge:       Direction, of &enum notify_gpio_edge.
 * @level:      Level when the edge was handled: 1 active, 0 inactive.
 * @line_seqno: Counts the line's edges, from 1. Has gaps if edges occur faster than they can
 *              be broadcast.
 *
 * If the level could not be read, the packet's status is the errno, and @level is 0.
 */
struct notify_gpio_event {
	__u32 line;
	__u32 edge;
	__u32 level;
	__u32 line_seqno;
};

#endif /* _UAPI_LINUX_NOTIFY_GPIO_H */
