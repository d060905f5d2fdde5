/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Packets of notify_gpio: edges of GPIO lines.
 */
#ifndef _UAPI_LINUX_NOTIFY_GPIO_H
#define _UAPI_LINUX_NOTIFY_GPIO_H

#include <linux/types.h>

/**
 * enum notify_gpio_edge - direction of an edge
 * @NOTIFY_GPIO_EDGE_NONE:    No edge: the packet reports a state, or a level that cannot be read.
 * @NOTIFY_GPIO_EDGE_RISING:  From inactive to active.
 * @NOTIFY_GPIO_EDGE_FALLING: From active to inactive.
 */
enum notify_gpio_edge {
	NOTIFY_GPIO_EDGE_NONE		= 0,
	NOTIFY_GPIO_EDGE_RISING		= 1,
	NOTIFY_GPIO_EDGE_FALLING	= 2
};

/**
 * enum notify_gpio_flags - flags of a notify_gpio packet
 * @NOTIFY_GPIO_UNCHANGED: Both edges are requested, and the level is the same as in the line's last
 *                         packet: the line changed and changed back before the level was read.
 */
enum notify_gpio_flags {
	NOTIFY_GPIO_UNCHANGED	= 1 << 0
};

/**
 * struct notify_gpio_event - payload of a notify_gpio packet
 * @line:       Index of the line in the firmware's "gpios" property, 0 to 63.
 * @edge:       Direction, of &enum notify_gpio_edge. If both edges are requested, it follows from
 *              @level; else it is the requested edge.
 * @level:      Level of the line when the edge was handled: 1 active, 0 inactive. If one edge is
 *              requested, the level after that edge.
 * @line_seqno: Counts the line's edges, from 1. Has gaps if edges occur faster than they can
 *              be queued.
 * @levels:     Last observed levels of all lines: bit 0 is line 0. Bit @line is @level.
 * @flags:      Flags, of &enum notify_gpio_flags.
 * @reserved:   0.
 *
 * If the level could not be read, the packet's status is the errno, @edge is
 * %NOTIFY_GPIO_EDGE_NONE, and @level is the last observed level.
 */
struct notify_gpio_event {
	__u32 line;
	__u32 edge;
	__u32 level;
	__u32 line_seqno;
	__u64 levels;
	__u32 flags;
	__u32 reserved;
};

#endif /* _UAPI_LINUX_NOTIFY_GPIO_H */
