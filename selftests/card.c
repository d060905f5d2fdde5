// SPDX-License-Identifier: GPL-2.0
/*
 * notify_irq on the registers of QEMU's PCI card "edu", which software nodes describe:
 * modules/notify_irq_card.c. The card holds the bits of its interrupts until they are
 * acknowledged. A board's registers have irq.c.
 *
 * Where the interrupt is that of a line of modules/notify_gpio_chip.c, the card's bits and
 * the interrupt come apart: each when the test wants it.
 */

#include "gpio_chip.h"
#include "irq_card.h"
#include "system.h"

#include <sys/wait.h>

/* Of one edge, however much the status tells of. */
#define MAX_EVENTS	64

/* Makes the device with those parameters, and opens it. */
#define LOAD_CARD(parameters)								\
do {											\
	int ret = load_card(parameters);						\
											\
	if (ret == -ENOENT)								\
		SKIP(return, "no " CARD ".ko in $NOTIFY_MULTI_MODULES");		\
	if (ret == -ENODEV)								\
		SKIP(return, "this machine has no such card");				\
	ASSERT_EQ(0, ret);								\
	self->fd = sim_open("card", O_RDONLY);						\
	ASSERT_LE(0, self->fd);								\
} while (0)

#define NEXT(fd, record)								\
	ASSERT_EQ(sizeof(struct card_record),						\
		  read_errno(fd, record, sizeof(struct card_record)))

FIXTURE(card)
{
	int fd;
};

FIXTURE_SETUP(card)
{
	self->fd = -1;
	LOAD_CARD("");
}

FIXTURE_TEARDOWN(card)
{
	if (self->fd >= 0)
		close(self->fd);
	unload_module(CARD);
}

TEST_F(card, each_interrupt_is_a_packet)
{
	struct card_record record;

	for (unsigned int i = 0; i < 64; i++) {
		ASSERT_EQ(0, raise_bits(1U << i % 32));
		NEXT(self->fd, &record);
		EXPECT_EQ(i + 1, record.irq_count);
		EXPECT_EQ(REGISTERS, record.nregs);
		EXPECT_EQ(CARD_ID, record.regs[ID]);
		EXPECT_EQ(1U << i % 32, record.regs[BITS]);
	}
	EXPECT_EQ(64, get_stats(self->fd).seq);
}

/* Whatever is raised while another interrupt is handled, it is in one of the packets. */
TEST_F(card, no_bit_is_lost)
{
	struct card_record record;
	__u32 raised = 0, seen = 0;

	for (unsigned int i = 0; i < 1000; i++) {
		__u32 bit = 1U << i * 7 % 32;

		if (raised & bit) {
			while (raised != seen) {
				NEXT(self->fd, &record);
				EXPECT_EQ(0, record.header.dropped);
				EXPECT_EQ(0, record.regs[BITS] & seen);
				seen |= record.regs[BITS];
			}
			raised = 0;
			seen = 0;
		}
		ASSERT_EQ(0, raise_bits(bit));
		raised |= bit;
	}
}

#define LIVES	20

static void raise_much(void)
{
	for (unsigned int i = 0; i < 2000; i++)
		if (raise_bits(1U << i % 32))
			_exit(1);
	_exit(0);
}

TEST_F(card, unbind_and_bind_while_interrupts_come_and_opens_are_held)
{
	int held[LIVES], status;
	struct card_record record;
	pid_t raiser = fork();

	if (!raiser)
		raise_much();
	ASSERT_LT(0, raiser);
	for (unsigned int i = 0; i < LIVES; i++) {
		held[i] = sim_open("card", O_RDONLY);
		ASSERT_LE(0, held[i]);
		usleep(1000 * (i % 5));
		ASSERT_EQ(0, write_file(IRQ_DRIVER "unbind", IRQ_DEVICE));
		ASSERT_EQ(0, write_file(IRQ_DRIVER "bind", IRQ_DEVICE));
	}
	ASSERT_EQ(raiser, waitpid(raiser, &status, 0));
	EXPECT_EQ(0, status);
	for (unsigned int i = 0; i < LIVES; i++) {
		ssize_t ret;

		do {
			ret = read_errno(held[i], &record, sizeof(record));
		} while (ret == sizeof(record));
		EXPECT_EQ(-ENODEV, ret);
		close(held[i]);
	}
}

TEST_F(card, module_goes_while_its_device_is_read)
{
	struct reader reader;

	ASSERT_TRUE(reader_start(&reader, self->fd, sizeof(reader.buffer)));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	ASSERT_EQ(0, unload_module("notify_irq"));
	EXPECT_EQ(-ENODEV, reader_join(&reader));
	ASSERT_EQ(0, load_module("notify_irq", ""));
}

/* -- Interrupts of a controller in memory. --------------------------------- */

FIXTURE(line)
{
	int fd;
};

FIXTURE_SETUP(line)
{
	self->fd = -1;
}

FIXTURE_TEARDOWN(line)
{
	if (self->fd >= 0)
		close(self->fd);
	unload_module(CARD);
	EXPECT_EQ(0, unload_chip());
}

/* The card's interrupt is that of the controller's first line. */
#define START(controller, parameters)							\
do {											\
	char number[32], start[128];							\
	int loaded = load_chip(controller);						\
											\
	if (loaded == -ENOENT)								\
		SKIP(return, "no " CHIP ".ko in $NOTIFY_MULTI_MODULES");		\
	ASSERT_EQ(0, loaded);								\
	ASSERT_EQ(0, read_file(PARAMETERS "interrupt", number, sizeof(number)));	\
	snprintf(start, sizeof(start), "interrupt=%s %s", number, parameters);		\
	LOAD_CARD(start);								\
} while (0)

TEST_F(line, interrupt_nested_in_a_thread_is_a_packet)
{
	struct card_record record;

	START("nested=1", "");
	for (unsigned int i = 1; i <= 2; i++) {
		ASSERT_EQ(0, raise_bits(1U << i));
		ASSERT_EQ(0, toggle(0, 2));
		NEXT(self->fd, &record);
		EXPECT_EQ(i, record.irq_count);
		EXPECT_EQ(1U << i, record.regs[BITS]);
	}
	EXPECT_EQ(2, get_stats(self->fd).seq);
}

TEST_F(line, edge_without_a_bit_is_nobodys)
{
	struct card_record record;

	START("", "");
	ASSERT_EQ(0, toggle(0, 2));
	ASSERT_EQ(0, raise_bits(8));
	ASSERT_EQ(0, toggle(0, 2));
	NEXT(self->fd, &record);
	EXPECT_EQ(1, record.irq_count);
	EXPECT_EQ(8, record.regs[BITS]);
}

TEST_F(line, edge_with_bits_of_others_only_is_nobodys)
{
	struct card_record record;

	START("", "mask=15");
	ASSERT_EQ(0, raise_bits(16));
	ASSERT_EQ(0, toggle(0, 2));
	ASSERT_EQ(0, raise_bits(8));
	ASSERT_EQ(0, toggle(0, 2));
	NEXT(self->fd, &record);
	EXPECT_EQ(1, record.irq_count);
	EXPECT_EQ(24, record.regs[BITS]);
}

TEST_F(line, register_is_acknowledged_that_is_no_status)
{
	struct card_record record;

	START("", "statusless=1");
	for (unsigned int i = 1; i <= 3; i++) {
		ASSERT_EQ(0, raise_bits(1U << i));
		ASSERT_EQ(0, toggle(0, 2));
		NEXT(self->fd, &record);
		EXPECT_EQ(i, record.irq_count);
		EXPECT_EQ(1U << i, record.regs[BITS]);
	}
	EXPECT_EQ(3, get_stats(self->fd).seq);
}

/* A bit that came before the others were acknowledged has no edge of its own. */
TEST_F(line, edge_is_not_over_before_the_status_is_clear)
{
	struct card_record record;

	START("", "stays=1");
	ASSERT_EQ(0, raise_bits(4));
	ASSERT_EQ(0, toggle(0, 2));
	for (unsigned int i = 1; i <= MAX_EVENTS; i++) {
		NEXT(self->fd, &record);
		ASSERT_EQ(i, record.irq_count);
		ASSERT_EQ(4, record.regs[BITS]);
		/* What was acknowledged is the register that the property names. */
		if (i > 1)
			ASSERT_EQ((__u32)~CARD_ID, record.regs[COMPLEMENT]);
		ASSERT_EQ(0, record.header.dropped);
	}
	EXPECT_EQ(MAX_EVENTS, get_stats(self->fd).seq);
}

TEST_F(line, suspend_and_resume_where_the_interrupt_cannot_wake)
{
	struct card_record record;
	int log = log_open(), ret;

	START("", "wakeup=1");
	EXPECT_TRUE(log_says(log, IRQ_DEVICE, "cannot enable wakeup"));
	close(log);
	ret = suspend_devices();
	if (ret == -ENOENT)
		SKIP(return, "this kernel has no /sys/power/pm_test");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, raise_bits(2));
	ASSERT_EQ(0, toggle(0, 2));
	NEXT(self->fd, &record);
	EXPECT_EQ(2, record.regs[BITS]);
}

TEST_HARNESS_MAIN
