// SPDX-License-Identifier: GPL-2.0
/*
 * notify_irq on the registers of the edu device, which modules/notify_irq_pci.c describes by
 * software nodes. The device holds its interrupt bits until they are acknowledged. For the
 * registers of a board, see notify_irq_board.c.
 *
 * The tests of fixture "line" use the interrupt of a line of modules/notify_gpio_chip.c, so that
 * they set bits and raise the interrupt separately.
 */

#include "gpio_chip.h"
#include "irq_pci.h"
#include "system.h"

#include <sys/wait.h>

/* IRQ_MAX_EVENTS of notify_irq.c. */
#define MAX_EVENTS	64

/* Create the device with these parameters, and open it. */
#define LOAD_CARD(parameters)								\
do {											\
	int ret = load_card(parameters);						\
											\
	if (ret == -ENOENT)								\
		SKIP(return, "no " CARD ".ko in $NOTIFY_MULTI_MODULES");		\
	if (ret == -ENODEV)								\
		SKIP(return, "no edu device");				\
	ASSERT_EQ(0, ret);								\
	self->fd = sim_open("card", O_RDONLY);						\
	ASSERT_LE(0, self->fd);								\
} while (0)

#define NEXT(fd, record)								\
	ASSERT_EQ(sizeof(struct card_record),						\
		  read_errno(fd, record, sizeof(struct card_record)))

FIXTURE(irq_pci)
{
	int fd;
};

FIXTURE_SETUP(irq_pci)
{
	self->fd = -1;
	LOAD_CARD("");
}

FIXTURE_TEARDOWN(irq_pci)
{
	if (self->fd >= 0)
		close(self->fd);
	unload_module(CARD);
}

TEST_F(irq_pci, interrupt_sends_packet)
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

/* Also bits that are raised while the handler runs. */
TEST_F(irq_pci, every_bit_is_in_exactly_one_packet)
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

TEST_F(irq_pci, unbind_works_during_interrupts_with_clients)
{
	int clients[LIVES], status;
	struct card_record record;
	pid_t raiser = fork();

	if (!raiser)
		raise_much();
	ASSERT_LT(0, raiser);
	for (unsigned int i = 0; i < LIVES; i++) {
		clients[i] = sim_open("card", O_RDONLY);
		ASSERT_LE(0, clients[i]);
		usleep(1000 * (i % 5));
		ASSERT_EQ(0, write_file(IRQ_DRIVER "unbind", IRQ_DEVICE));
		ASSERT_EQ(0, write_file(IRQ_DRIVER "bind", IRQ_DEVICE));
	}
	ASSERT_EQ(raiser, waitpid(raiser, &status, 0));
	EXPECT_EQ(0, status);
	for (unsigned int i = 0; i < LIVES; i++) {
		ssize_t ret;

		do {
			ret = read_errno(clients[i], &record, sizeof(record));
		} while (ret == sizeof(record));
		EXPECT_EQ(-ENODEV, ret);
		close(clients[i]);
	}
}

TEST_F(irq_pci, rmmod_wakes_blocked_read)
{
	struct reader reader;

	ASSERT_TRUE(reader_start(&reader, self->fd, sizeof(reader.buffer)));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	ASSERT_EQ(0, unload_module("notify_irq"));
	EXPECT_EQ(-ENODEV, reader_join(&reader));
	ASSERT_EQ(0, load_module("notify_irq", ""));
}

/* -- Interrupts of a controller in memory -- */

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

/* Use the interrupt of the controller's first line. */
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

TEST_F(line, nested_interrupt_sends_packet)
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

TEST_F(line, edge_without_status_bit_sends_no_packet)
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

TEST_F(line, edge_with_bits_outside_mask_sends_no_packet)
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

TEST_F(line, ack_copy_works_without_status)
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

/* A bit that is set before the others are acknowledged causes no new edge. */
TEST_F(line, edge_repeats_until_status_clear_or_limit)
{
	struct card_record record;

	START("", "stays=1");
	ASSERT_EQ(0, raise_bits(4));
	ASSERT_EQ(0, toggle(0, 2));
	for (unsigned int i = 1; i <= MAX_EVENTS; i++) {
		NEXT(self->fd, &record);
		ASSERT_EQ(i, record.irq_count);
		ASSERT_EQ(4, record.regs[BITS]);
		/* The device complements the value written for ack-copy. */
		if (i > 1)
			ASSERT_EQ((__u32)~CARD_ID, record.regs[COMPLEMENT]);
		ASSERT_EQ(0, record.header.dropped);
	}
	EXPECT_EQ(MAX_EVENTS, get_stats(self->fd).seq);
}

TEST_F(line, suspend_works_without_wakeup_support)
{
	struct card_record record;
	int log = log_open(), ret;

	START("", "wakeup=1");
	EXPECT_TRUE(log_contains(log, IRQ_DEVICE, "cannot enable wakeup"));
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
