// SPDX-License-Identifier: GPL-2.0
/*
 * Two readers of a board (testing/qemu/boards), whose lines the host drives: each reader receives
 * the exact sequence of edges and interrupts.
 */

#include "board.h"
#include "source.h"

#define READERS		2
#define ATTACHED	CONFIGFS "/notify_gpio/kselftest-board"

static int attach_line(unsigned int index, const char *chip, unsigned int offset)
{
	char path[128];
	int ret;

	snprintf(path, sizeof(path), ATTACHED "/line%u", index);
	ret = errno_of(mkdir(path, 0700));
	snprintf(path, sizeof(path), ATTACHED "/line%u/key", index);
	ret = ret ?: write_file(path, chip);
	snprintf(path, sizeof(path), ATTACHED "/line%u/offset", index);
	return ret ?: write_number(path, offset);
}

static int attach_lines(const char *chip, unsigned int first, unsigned int second)
{
	return errno_of(mkdir(ATTACHED, 0700)) ?: attach_line(0, chip, first) ?:
	       attach_line(1, chip, second) ?: write_file(ATTACHED "/live", "1");
}

static void detach_lines(void)
{
	write_file(ATTACHED "/live", "0");
	rmdir(ATTACHED "/line0");
	rmdir(ATTACHED "/line1");
	rmdir(ATTACHED);
}

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
	detach_lines();
}

/* For a device that exists on some boards. */
#define NEED(name)									\
do {											\
	if (!board_has_host() || access(NOTIFY_DIR name, F_OK))				\
		SKIP(return, "no host that sets the lines of " NOTIFY_DIR name);	\
} while (0)

#define OPEN_READERS(name)								\
do {											\
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

/* Two low lines of the board, from line @offset on. The first record is the last one before. */
#define EXPECT_MOVES(offset)								\
do {											\
	for (unsigned int i = 0; i < ARRAY_SIZE(moves); i++)				\
		MOVE((offset) + moves[i].line, moves[i].level);				\
	for (unsigned int reader = 0; reader < READERS; reader++) {			\
		unsigned int seqnos[2] = { 0 };						\
		uint64_t levels = 0, seq, last;						\
		struct gpio_record record;						\
											\
		NEXT(self->fds[reader], &record);					\
		EXPECT_EQ(0, record.event.levels);					\
		seq = record.header.seq;						\
		last = record.header.timestamp_ns;					\
		for (unsigned int i = 0; i < ARRAY_SIZE(moves); i++) {			\
			unsigned int line = moves[i].line, level = moves[i].level;	\
											\
			NEXT(self->fds[reader], &record);				\
			EXPECT_EQ(++seq, record.header.seq);				\
			EXPECT_EQ(0, record.header.status);				\
			EXPECT_EQ(0, record.header.dropped);				\
			EXPECT_LT(last, record.header.timestamp_ns);			\
			last = record.header.timestamp_ns;				\
			EXPECT_EQ(line, record.event.line);				\
			EXPECT_EQ(level ? NOTIFY_GPIO_EDGE_RISING :			\
					  NOTIFY_GPIO_EDGE_FALLING, record.event.edge);	\
			EXPECT_EQ(level, record.event.level);				\
			levels = (levels & ~(1ULL << line)) | (uint64_t)level << line;	\
			EXPECT_EQ(levels, record.event.levels);				\
			EXPECT_EQ(0, record.event.flags);				\
			if (seqnos[line])						\
				EXPECT_EQ(seqnos[line] + 1, record.event.line_seqno);	\
			seqnos[line] = record.event.line_seqno;				\
		}									\
		EXPECT_EQ(0, poll_now(self->fds[reader], POLLIN));			\
	}										\
} while (0)

TEST_F(board, readers_get_driven_edges)
{
	NEED("buttons");
	OPEN_READERS("buttons");
	EXPECT_MOVES(0);
}

/* Lines that the firmware does not mention, five after those of "buttons". */
TEST_F(board, readers_of_attached_lines_get_driven_edges)
{
	struct notify_gpio_line line = { .line = 0 };
	struct reader reader;
	char status[64];

	NEED("buttons");
	OPEN_READERS("buttons");
	ASSERT_EQ(0, ioctl(self->fds[0], NOTIFY_GPIO_IOC_GET_LINE, &line));
	ASSERT_EQ(0, attach_lines(line.chip, line.offset + 5, line.offset + 6));
	ASSERT_EQ(0, read_file(ATTACHED "/status", status, sizeof(status)));
	ASSERT_STREQ("active", status);
	close(self->fds[0]);
	close(self->fds[1]);
	OPEN_READERS("kselftest-board");
	EXPECT_MOVES(5);
	ASSERT_TRUE(reader_start(&reader, self->fds[0], sizeof(struct gpio_record)));
	ASSERT_TRUE(wait_requests(self->fds[0], 1));
	ASSERT_EQ(0, write_file(ATTACHED "/live", "0"));
	EXPECT_EQ(-ENODEV, reader_join(&reader));
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

	NEED("port");
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

	NEED("port");
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
