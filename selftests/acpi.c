// SPDX-License-Identifier: GPL-2.0
/*
 * Both sources on a board described by Documentation/acpi/notify-multi.asl. The host runs the
 * commands that are written to $NOTIFY_GPIO_LINES: see notify_gpio.c and notify_irq_board.c.
 */

#include "sim.h"

#include <linux/notify_gpio.h>
#include <linux/notify_irq.h>

#define CLOCK_REGISTERS	7
#define CLOCK_MIS	6

struct gpio_record {
	struct notify_multi_record header;
	struct notify_gpio_event event;
};

struct clock_record {
	struct notify_multi_record header;
	__u32 irq_count;
	__u32 nregs;
	__u32 regs[CLOCK_REGISTERS];
	__u32 padding;
};

FIXTURE(acpi)
{
	const char *host;
	int buttons;
	int clock;
};

FIXTURE_SETUP(acpi)
{
	self->host = getenv("NOTIFY_GPIO_LINES");
	self->buttons = sim_open("buttons", O_RDONLY);
	self->clock = sim_open("clock", O_RDONLY);
	if (!self->host || access("/sys/bus/acpi/devices/PRP0001:00", F_OK))
		SKIP(return, "no sources described by ACPI");
	ASSERT_LE(0, self->buttons);
	ASSERT_LE(0, self->clock);
}

FIXTURE_TEARDOWN(acpi)
{
	close(self->buttons);
	close(self->clock);
}

/* Newlines separate the command from other output of the console. */
static int send_command(const char *host, const char *command, unsigned int number,
			unsigned int level)
{
	char text[32];

	snprintf(text, sizeof(text), "\n@%s %u %u\n", command, number, level);
	return write_file(host, text);
}

TEST_F(acpi, gpio_edge_sends_packet)
{
	struct gpio_record record;

	for (unsigned int i = 0; i < 12; i++) {
		ASSERT_EQ(0, send_command(self->host, "line", i / 2 % 2, 1 - i % 2));
		ASSERT_EQ(sizeof(record), read_errno(self->buttons, &record, sizeof(record)));
		EXPECT_EQ(i / 2 % 2, record.event.line);
		EXPECT_EQ(1 - i % 2, record.event.level);
		EXPECT_EQ(i + 1, record.header.seq);
	}
}

TEST_F(acpi, interrupt_sends_packet)
{
	struct clock_record record;

	for (unsigned int i = 0; i < 3; i++) {
		ASSERT_EQ(0, send_command(self->host, "alarm", 0, 0));
		ASSERT_EQ(sizeof(record), read_errno(self->clock, &record, sizeof(record)));
		EXPECT_EQ(i + 1, record.irq_count);
		EXPECT_EQ(CLOCK_REGISTERS, record.nregs);
		EXPECT_EQ(1, record.regs[CLOCK_MIS]);
	}
}

TEST_HARNESS_MAIN
