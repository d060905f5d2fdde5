/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Packets and ioctls of notify_gpio: edges and levels of GPIO lines.
 */
#ifndef _UAPI_LINUX_NOTIFY_GPIO_H
#define _UAPI_LINUX_NOTIFY_GPIO_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * enum notify_gpio_edge - direction of an edge
 * @NOTIFY_GPIO_EDGE_NONE:    No edge: the packet reports a state at probe or after resume, or that
 *                            the level could not be read.
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
 * @line:       Index of the line in the device, 0 to 63.
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
 *
 * The first packet of a device is its state at probe: line 0, %NOTIFY_GPIO_EDGE_NONE; @line_seqno
 * is that of the line's last edge, mostly 0. With the default replay of 1, a program that opens the
 * device and reads one record has the levels of all lines. After resume, each line whose level has
 * changed is reported by a packet without an edge.
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

/**
 * struct notify_gpio_levels - levels of all lines, read now
 * @levels: Level of each line: bit 0 is line 0, 1 is active. For a line that is debounced in
 *          software, the debounced level.
 * @valid:  Lines that could be read; the other bits of @levels are the last observed levels.
 * @seq:    Seq of the last packet broadcast before the lines were read, 0 if none. A record with
 *          this or a lower seq is older than @levels. A record with a higher seq may report a
 *          change that @levels already includes.
 */
struct notify_gpio_levels {
	__u64 levels;
	__u64 valid;
	__u64 seq;
};

/**
 * enum notify_gpio_line_flags - flags of a line
 * @NOTIFY_GPIO_LINE_ACTIVE_LOW:    Active is the low physical level.
 * @NOTIFY_GPIO_LINE_PULL_UP:       A pull-up resistor is requested.
 * @NOTIFY_GPIO_LINE_PULL_DOWN:     A pull-down resistor is requested.
 * @NOTIFY_GPIO_LINE_BIAS_DISABLED: No resistor is requested.
 *
 * Without a flag for the bias, the line is used as the firmware or the boot loader left it.
 */
enum notify_gpio_line_flags {
	NOTIFY_GPIO_LINE_ACTIVE_LOW	= 1 << 0,
	NOTIFY_GPIO_LINE_PULL_UP	= 1 << 1,
	NOTIFY_GPIO_LINE_PULL_DOWN	= 1 << 2,
	NOTIFY_GPIO_LINE_BIAS_DISABLED	= 1 << 3
};

/* Bytes of a name or label, with the null byte. Longer ones are truncated. */
#define NOTIFY_GPIO_NAME_SIZE	32

/**
 * struct notify_gpio_line - settings of a line
 * @line:        In: index of the line in the device.
 * @offset:      Index of the line in its chip.
 * @flags:       Flags, of &enum notify_gpio_line_flags.
 * @edges:       Requested edges, a mask of 1 << &enum notify_gpio_edge.
 * @debounce_ms: Debounce time in milliseconds, 0 for none.
 * @reserved:    0.
 * @name:        Name of the line, empty if it has none.
 * @chip:        Label of the chip.
 */
struct notify_gpio_line {
	__u32 line;
	__u32 offset;
	__u32 flags;
	__u32 edges;
	__u32 debounce_ms;
	__u32 reserved[3];
	char name[NOTIFY_GPIO_NAME_SIZE];
	char chip[NOTIFY_GPIO_NAME_SIZE];
};

/**
 * NOTIFY_GPIO_IOC_GET_LEVELS - read the lines now
 *
 * A program that has dropped packets, or that does not read any, gets the state without waiting for
 * an edge.
 *
 * Return: 0; %ENODEV after the source has unregistered; %EFAULT.
 */
#define NOTIFY_GPIO_IOC_GET_LEVELS	((__u32)_IOR('N', 0xb0, struct notify_gpio_levels))

/**
 * NOTIFY_GPIO_IOC_GET_LINE - get the settings of a line
 *
 * Return: 0; %EINVAL if the device has no such line; %ENODEV after the source has unregistered;
 * %EFAULT.
 */
#define NOTIFY_GPIO_IOC_GET_LINE	((__u32)_IOWR('N', 0xb1, struct notify_gpio_line))

#endif /* _UAPI_LINUX_NOTIFY_GPIO_H */
