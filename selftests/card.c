// SPDX-License-Identifier: GPL-2.0
/*
 * notify_irq on the registers of QEMU's PCI card "edu", which software nodes describe:
 * modules/notify_irq_card.c. The card holds the bits of its interrupts until they are
 * acknowledged. A board's registers have irq.c.
 */

#include "sim.h"

#include <sys/wait.h>

#define CARD		"notify_irq_card"
#define RAISE		"/sys/module/" CARD "/parameters/raise"
#define DRIVER		"/sys/bus/platform/drivers/notify_irq/"
#define DEVICE_NAME	"notify_irq.78"

/* Of the snapshot: which card it is, and the bits of its interrupts. */
enum {
	ID = 0,
	BITS = 9,
	REGISTERS
};

struct card_record {
	struct notify_multi_record header;
	__u32 irq_count;
	__u32 nregs;
	__u32 regs[REGISTERS];
};

static int raise_bits(__u32 bits)
{
	char text[32];

	snprintf(text, sizeof(text), "%u", bits);
	return write_file(RAISE, text);
}

FIXTURE(card)
{
	int fd;
};

FIXTURE_SETUP(card)
{
	int ret = load_module("notify_irq", "");

	self->fd = -1;
	if (!ret || ret == -EEXIST)
		ret = load_module(CARD, "");
	if (ret == -ENOENT)
		SKIP(return, "no " CARD ".ko in $NOTIFY_MULTI_MODULES");
	if (ret == -ENODEV)
		SKIP(return, "this machine has no such card");
	ASSERT_EQ(0, ret);
	self->fd = sim_open("card", O_RDONLY);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(card)
{
	if (self->fd >= 0)
		close(self->fd);
	unload_module(CARD);
}

#define NEXT(fd, record)								\
	ASSERT_EQ(sizeof(struct card_record),						\
		  read_errno(fd, record, sizeof(struct card_record)))

TEST_F(card, each_interrupt_is_a_packet)
{
	struct card_record record;

	for (unsigned int i = 0; i < 64; i++) {
		ASSERT_EQ(0, raise_bits(1U << i % 32));
		NEXT(self->fd, &record);
		EXPECT_EQ(i + 1, record.irq_count);
		EXPECT_EQ(REGISTERS, record.nregs);
		EXPECT_EQ(0x010000ed, record.regs[ID]);
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
		ASSERT_EQ(0, write_file(DRIVER "unbind", DEVICE_NAME));
		ASSERT_EQ(0, write_file(DRIVER "bind", DEVICE_NAME));
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

TEST_HARNESS_MAIN
