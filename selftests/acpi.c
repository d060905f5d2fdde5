// SPDX-License-Identifier: GPL-2.0
/*
 * Both sources on a board described by Documentation/acpi/notify-multi.asl.
 */

#include "board.h"
#include "source.h"

#define CLOCK_REGISTERS	7
#define CLOCK_MIS	6

FIXTURE(acpi)
{
	int buttons;
	int clock;
};

FIXTURE_SETUP(acpi)
{
	if (!board_has_host() || access("/sys/bus/acpi/devices/PRP0001:00", F_OK))
		SKIP(return, "no sources described by ACPI");
	self->buttons = sim_open("buttons", O_RDONLY);
	self->clock = sim_open("clock", O_RDONLY);
	ASSERT_LE(0, self->buttons);
	ASSERT_LE(0, self->clock);
}

FIXTURE_TEARDOWN(acpi)
{
	close(self->buttons);
	close(self->clock);
}

TEST_F(acpi, gpio_edge_sends_packet_and_counts_as_wakeup)
{
	long long wakeups = device_number("PRP0001:00", "power/wakeup_active_count");
	struct gpio_record record;

	ASSERT_LE(0, wakeups);
	/* The state at probe. */
	NEXT(self->buttons, &record);
	for (unsigned int i = 0; i < 12; i++) {
		MOVE(i / 2 % 2, 1 - i % 2);
		NEXT(self->buttons, &record);
		EXPECT_EQ(i / 2 % 2, record.event.line);
		EXPECT_EQ(1 - i % 2, record.event.level);
		EXPECT_EQ(i + 2, record.header.seq);
	}
	EXPECT_EQ(wakeups + 12, device_number("PRP0001:00", "power/wakeup_active_count"));
}

TEST_F(acpi, interrupt_sends_packet)
{
	struct irq_record record;

	for (unsigned int i = 0; i < 3; i++) {
		SEND("alarm", 0, 0);
		NEXT(self->clock, &record);
		EXPECT_EQ(i + 1, record.irq_count);
		EXPECT_EQ(CLOCK_REGISTERS, record.nregs);
		EXPECT_EQ(1, record.regs[CLOCK_MIS]);
	}
}

TEST_HARNESS_MAIN
