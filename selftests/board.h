/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lines and interrupts of a board. The host drives them, for commands that are written to
 * $NOTIFY_GPIO_LINES:
 *
 *     @line LINE LEVEL       sets an input of the GPIO controller, and waits until it is handled
 *     @toggle LINE 1         toggles an input repeatedly, until "@toggle LINE 0"
 *     @interrupt SPI LEVEL   sets a line of the interrupt controller
 *     @pulse SPI 0           raises a line for a moment
 *     @alarm 0 0             sets the interrupt status of the PL031, whose line is not connected
 *     @sleep 0 0             waits until the system is suspended
 *     @wake 0 0              wakes it by the alarm of its RTC
 *     @ring SPI 0            as @alarm, and raises a line until the interrupt is handled
 */
#ifndef BOARD_H
#define BOARD_H

#include "sim.h"

static inline bool board_has_host(void)
{
	return getenv("NOTIFY_GPIO_LINES");
}

/* Newlines separate the command from other output of the console. */
static inline int board_send(const char *command, unsigned int number, unsigned int level)
{
	char text[32];

	snprintf(text, sizeof(text), "\n@%s %u %u\n", command, number, level);
	return write_file(getenv("NOTIFY_GPIO_LINES"), text);
}

#define SEND(command, number, level) ASSERT_EQ(0, board_send(command, number, level))
#define MOVE(line, level) SEND("line", line, level)

/* On the virt board: the host uses the addresses of its RTC and console. */
#define BOARD_ALARM	"/sys/bus/amba/devices/9010000.pl031/rtc/rtc0/wakealarm"

/* Suspend until the host wakes the system. The alarm is a last resort. */
static inline int board_suspend(void)
{
	int ret = write_file(BOARD_ALARM, "0") ?: write_file(BOARD_ALARM, "+600") ?:
		  write_file("/sys/power/state", "freeze");

	write_file(BOARD_ALARM, "0");
	return ret;
}

/* Suspend the system. The host handles the requests of the arguments, e.g. MOVE(), while it is. */
#define SUSPEND(...)					\
do {							\
	SEND("sleep", 0, 0);				\
	__VA_ARGS__;					\
	SEND("wake", 0, 0);				\
	ASSERT_EQ(0, board_suspend());			\
} while (0)

#endif /* BOARD_H */
