// SPDX-License-Identifier: GPL-2.0
/*
 * Two readers of a board (testing/qemu/boards), whose lines the host drives: each reader receives
 * the exact sequence of edges and interrupts.
 */

#include "board.h"
#include "source.h"

#define READERS	2

FIXTURE(board) { int fds[READERS]; };

FIXTURE_SETUP(board)
{
	for (unsigned int i = 0; i < READERS; i++)
		self->fds[i] = -1;
}

FIXTURE_TEARDOWN(board)
{
	for (unsigned int i = 0; i < READERS; i++)
		close(self->fds[i]);
}

/* Open the readers of a device that exists on some boards. */
#define OPEN_READERS(name)								\
do {											\
	if (!board_has_host() || access(NOTIFY_DIR name, F_OK))				\
		SKIP(return, "no host that sets the lines of " NOTIFY_DIR name);	\
	for (unsigned int i_ = 0; i_ < READERS; i_++) {					\
		self->fds[i_] = sim_open(name, O_RDONLY);				\
		ASSERT_LE(0, self->fds[i_]);						\
	}										\
} while (0)

/* -- Edges -- */

/* No line moves twice in a row: the handler must have read its level. */
static const struct move {
	unsigned int line, level;
} moves[] = {
	{ 0, 1 }, { 1, 1 }, { 0, 0 }, { 1, 0 }, { 0, 1 }, { 1, 1 }, { 0, 0 }, { 1, 0 },
	{ 1, 1 }, { 0, 1 }, { 1, 0 }, { 0, 0 }, { 1, 1 }, { 0, 1 }, { 1, 0 }, { 0, 0 },
};

/* "buttons" are two low lines. The first record is the last one before the moves. */
TEST_F(board, readers_get_driven_edges)
{
	OPEN_READERS("buttons");
	for (unsigned int i = 0; i < ARRAY_SIZE(moves); i++)
		MOVE(moves[i].line, moves[i].level);
	for (unsigned int reader = 0; reader < READERS; reader++) {
		unsigned int seqnos[2] = { 0 };
		uint64_t levels = 0, seq, last;
		struct gpio_record record;

		NEXT(self->fds[reader], &record);
		EXPECT_EQ(0, record.event.levels);
		seq = record.header.seq;
		last = record.header.timestamp_ns;
		for (unsigned int i = 0; i < ARRAY_SIZE(moves); i++) {
			unsigned int line = moves[i].line, level = moves[i].level;

			NEXT(self->fds[reader], &record);
			EXPECT_EQ(++seq, record.header.seq);
			EXPECT_EQ(0, record.header.status);
			EXPECT_EQ(0, record.header.dropped);
			EXPECT_LT(last, record.header.timestamp_ns);
			last = record.header.timestamp_ns;
			EXPECT_EQ(line, record.event.line);
			EXPECT_EQ(level ? NOTIFY_GPIO_EDGE_RISING : NOTIFY_GPIO_EDGE_FALLING,
				  record.event.edge);
			EXPECT_EQ(level, record.event.level);
			levels = (levels & ~(1ULL << line)) | (uint64_t)level << line;
			EXPECT_EQ(levels, record.event.levels);
			EXPECT_EQ(0, record.event.flags);
			if (seqnos[line])
				EXPECT_EQ(seqnos[line] + 1, record.event.line_seqno);
			seqnos[line] = record.event.line_seqno;
		}
		EXPECT_EQ(0, poll_now(self->fds[reader], POLLIN));
	}
}

/* -- Interrupts of an i.MX GPIO controller, which is a block of notify_irq -- */

/* Lines of the second controller in the file boards. */
#define PORT_LINE	32
#define PORT		"20a8000.gpio"
#define PORT_CLOCK	"/sys/kernel/debug/clk/gpio4/clk_enable_count"

/* The lines whose interrupts are enabled. */
#define PORT_LINES	0x30003

/* Snapshot of the registers. */
enum { PORT_DR, PORT_GDIR, PORT_PSR, PORT_ICR1, PORT_ICR2, PORT_IMR, PORT_ISR, PORT_EDGE_SEL };

TEST_F(board, readers_get_both_interrupts_of_block)
{
	static const unsigned int lines[] = { 0, 16, 1, 17, 17, 0, 16, 1 };
	struct irq_record record;

	OPEN_READERS("port");
	for (unsigned int i = 0; i < ARRAY_SIZE(lines); i++) {
		unsigned int bit = 1U << lines[i];
		uint64_t seq = get_stats(self->fds[0]).seq;

		for (unsigned int level = 2; level-- > 0;) {
			MOVE(PORT_LINE + lines[i], level);
			seq++;
			for (unsigned int reader = 0; reader < READERS; reader++) {
				NEXT(self->fds[reader], &record);
				EXPECT_EQ(seq, record.header.seq);
				EXPECT_EQ(0, record.header.dropped);
				EXPECT_EQ(seq, record.irq_count);
				EXPECT_EQ(lines[i] / 16, record.irq);
				EXPECT_EQ(bit, record.regs[PORT_ISR] & PORT_LINES);
				EXPECT_EQ(level ? bit : 0, record.regs[PORT_PSR] & bit);
			}
		}
	}
}

TEST_F(board, clock_of_block_is_enabled_while_bound)
{
	struct irq_record record;

	OPEN_READERS("port");
	if (access(PORT_CLOCK, F_OK))
		SKIP(return, "no " PORT_CLOCK);
	EXPECT_EQ(1, read_number(PORT_CLOCK));
	ASSERT_EQ(0, write_file(IRQ_DRIVER "unbind", PORT));
	EXPECT_EQ(0, read_number(PORT_CLOCK));
	ASSERT_EQ(0, write_file(IRQ_DRIVER "bind", PORT));
	EXPECT_EQ(1, read_number(PORT_CLOCK));
	close(self->fds[0]);
	self->fds[0] = sim_open("port", O_RDONLY);
	MOVE(PORT_LINE + 16, 1);
	NEXT(self->fds[0], &record);
	EXPECT_EQ(1, record.irq);
	MOVE(PORT_LINE + 16, 0);
	NEXT(self->fds[0], &record);
	EXPECT_EQ(1, record.irq);
}

TEST_HARNESS_MAIN
