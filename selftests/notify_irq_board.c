// SPDX-License-Identifier: GPL-2.0
/*
 * notify_irq on the registers of the board of testing/qemu/irq.dts.in.
 */

#include <sys/stat.h>

#include "board.h"
#include "kmsg.h"
#include "source.h"

#define PL061		"9030000.pl061"
#define PL031		"9010000.pl031"
/* A read clears the block, so its driver requests the line with IRQF_ONESHOT. */
#define MASKED		"a003e00.line-not-masked"

#define SEVERAL		"a000800.several"
#define STUCK		"a000400.stuck"
#define STUCK_ACKED	"a000a00.stuck-acked"
#define STUCK_SHARED	"a000c00.stuck-shared"

/* Lines of the interrupt controller. */
#define SPI_SHARED	7
#define SPI_EDGE	16
#define SPI_BARE	17
#define SPI_STUCK	18
#define SPI_SEVERAL	20
#define SPI_STUCK_ACKED	23
#define SPI_IN_SYSCON	24

/* IRQ_MAX_AWAKE of notify_irq.c. */
#define MAX_AWAKE	5000

/* Snapshot of the PL061. */
enum {
	GPIO_DATA, GPIO_DIR, GPIO_IS, GPIO_IBE, GPIO_IEV, GPIO_IE, GPIO_RIS, GPIO_MIS,
	GPIO_REGISTERS
};

/* Snapshot of the PL031. */
enum {
	RTC_DR, RTC_MR, RTC_LR, RTC_CR, RTC_IMSC, RTC_RIS, RTC_MIS,
	RTC_REGISTERS
};

/* Devices that do not probe: the errno, and text that the kernel log contains. */
#define FAULT_AT(device, error, message, ...) { device, error, message },
#define DRIVER_FAULT_AT FAULT_AT
#define BINDING_FAULT(...)
static const struct fault {
	const char *device;
	int error;
	const char *message;
} faults[] = {
#include "irq_faults.h"
};

/* Devices with the registers or the line of others: tests bind them. */
static const char * const rivals[] = {
	"9030000.pl061-8", "9030000.pl061-16", "9030000.pl061-16be", "9030000.pl061-32be",
	STUCK_SHARED,
};

FIXTURE(irq)
{
	int pl061;
	int pl031;
};

#define BIND(device) ASSERT_EQ(0, write_file(IRQ_DRIVER "bind", device))
#define UNBIND(device) ASSERT_EQ(0, write_file(IRQ_DRIVER "unbind", device))

#define OPEN(name)									\
({											\
	int fd_ = sim_open(name, O_RDONLY);						\
											\
	ASSERT_LE(0, fd_);								\
	fd_;										\
})

#define REOPEN()									\
do {											\
	close(self->pl061);								\
	close(self->pl031);								\
	self->pl061 = OPEN("pl061");							\
	self->pl031 = OPEN("pl031");							\
} while (0)

FIXTURE_SETUP(irq)
{
	self->pl061 = -1;
	self->pl031 = -1;
	if (!board_has_host() || access(PLATFORM_DEVICES "a003e00.label-slash", F_OK))
		SKIP(return, "no board of testing/qemu/irq.dts.in");
	/* A fault device may have probed first, and taken the resources of a good one. */
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		write_file(IRQ_DRIVER "unbind", faults[i].device);
	for (size_t i = 0; i < ARRAY_SIZE(rivals); i++)
		write_file(IRQ_DRIVER "unbind", rivals[i]);
	write_file(IRQ_DRIVER "bind", PL061);
	write_file(IRQ_DRIVER "bind", PL031);
	REOPEN();
}

FIXTURE_TEARDOWN(irq)
{
	close(self->pl061);
	close(self->pl031);
}

/* -- Snapshots -- */

TEST_F(irq, edge_sends_snapshot)
{
	__u32 first = 0, levels = 0;

	for (unsigned int i = 0; i < 16; i++) {
		unsigned int line = i * 3 % 8;
		struct irq_record record;

		levels ^= 1 << line;
		MOVE(line, levels >> line & 1);
		NEXT(self->pl061, &record);
		if (!i)
			first = record.irq_count;
		EXPECT_EQ(first + i, record.irq_count);
		EXPECT_EQ(0, record.header.status);
		EXPECT_EQ(0, record.header.dropped);
		EXPECT_EQ(GPIO_REGISTERS, record.nregs);
		EXPECT_EQ(levels, record.regs[GPIO_DATA]);
		EXPECT_EQ(0, record.regs[GPIO_DIR]);
		EXPECT_EQ(0xff, record.regs[GPIO_IBE]);
		EXPECT_EQ(0xff, record.regs[GPIO_IE]);
		/* The snapshot is taken before the interrupt is acknowledged. */
		EXPECT_EQ(1 << line, record.regs[GPIO_RIS]);
		EXPECT_EQ(1 << line, record.regs[GPIO_MIS]);
	}
	EXPECT_EQ(0, levels);
}

TEST_F(irq, edge_without_ack_sends_0_to_64_registers)
{
	static const struct {
		const char *name;
		unsigned int spi;
		unsigned int registers;
	} blocks[] = { { "edge", SPI_EDGE, 1 }, { "bare", SPI_BARE, 0 }, { "large", 19, 64 } };

	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		int fd = OPEN(blocks[i].name);
		struct irq_record record = { };

		EXPECT_EQ(16 + 4 * blocks[i].registers, get_info(fd).packet_size);
		for (unsigned int pulse = 0; pulse < 3; pulse++) {
			__u64 seq = get_stats(fd).seq;
			__u32 count = record.irq_count;

			SEND("pulse", blocks[i].spi, 0);
			/* Skip the packets that replay. */
			do {
				NEXT(fd, &record);
			} while (record.header.seq <= seq);
			EXPECT_EQ(seq + 1, record.header.seq);
			if (pulse)
				EXPECT_EQ(count + 1, record.irq_count);
			EXPECT_EQ(blocks[i].registers, record.nregs);
			if (record.nregs)
				EXPECT_EQ(0x74726976, record.regs[0]); /* "virt" */
			if (record.nregs > 3)
				EXPECT_EQ(0x554d4551, record.regs[3]); /* "QEMU" */
			EXPECT_EQ(0, record.regs[63]);
		}
		close(fd);
	}
}

#define EXPECT_INTERRUPT(fd, index)							\
do {											\
	struct irq_record record_;							\
											\
	NEXT(fd, &record_);								\
	EXPECT_EQ(index, record_.irq);							\
	EXPECT_EQ(0, record_.reserved);							\
	EXPECT_EQ(++packets, record_.irq_count);					\
} while (0)

TEST_F(irq, packet_has_index_of_interrupt)
{
	struct irq_record record;
	__u32 packets = 0;
	int fd;

	UNBIND(SEVERAL);
	BIND(SEVERAL);
	fd = OPEN("several");
	for (unsigned int i = 0; i < 3; i++) {
		SEND("pulse", SPI_SEVERAL + 2, 0);
		EXPECT_INTERRUPT(fd, 2);
		SEND("pulse", SPI_SEVERAL, 0);
		EXPECT_INTERRUPT(fd, 0);
	}
	/* Level-triggered: there are many packets. */
	SEND("pulse", SPI_SEVERAL + 1, 0);
	NEXT(fd, &record);
	EXPECT_EQ(1, record.irq);
	close(fd);
}

static long long clock_enables(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/clk/%s/clk_enable_count", name);
	return read_number(path);
}

TEST_F(irq, clocks_are_enabled_while_bound)
{
	ASSERT_EQ(1, clock_enables("irq-clock-a"));
	EXPECT_EQ(1, clock_enables("irq-clock-b"));
	UNBIND(SEVERAL);
	EXPECT_EQ(0, clock_enables("irq-clock-a"));
	EXPECT_EQ(0, clock_enables("irq-clock-b"));
	BIND(SEVERAL);
	EXPECT_EQ(1, clock_enables("irq-clock-a"));
	EXPECT_EQ(1, clock_enables("irq-clock-b"));
}

/* Registers of the PL061 with 8, 16 and 32 bits in both byte orders. */
TEST_F(irq, registers_have_width_and_byte_order)
{
	static const struct {
		const char *name;
		unsigned int width;
		__u32 line;
	} blocks[] = {
		{ "pl061-8", 1, 1 }, { "pl061-16", 2, 1 }, { "pl061-16be", 2, 0x100 },
		{ "pl061-32be", 4, 0x1000000 },
	};

	UNBIND(PL061);
	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		struct irq_record record;
		char device[32];
		int fd;

		snprintf(device, sizeof(device), "9030000.%s", blocks[i].name);
		BIND(device);
		fd = OPEN(blocks[i].name);
		for (unsigned int level = 1; level < 2; level--) {
			MOVE(5, level);
			NEXT(fd, &record);
			EXPECT_EQ(level * 32 * blocks[i].line, record.regs[0]);
		}
		EXPECT_EQ(2, record.nregs);
		/* 0x400, four bytes after the first register, is 0. */
		MOVE(4, 1);
		NEXT(fd, &record);
		EXPECT_EQ(blocks[i].width < 4 ? record.regs[0] : 0, record.regs[1]);
		MOVE(4, 0);
		NEXT(fd, &record);
		EXPECT_EQ(4, get_stats(fd).seq);
		close(fd);
		UNBIND(device);
	}
}

TEST_F(irq, syscon_has_registers_and_width)
{
	int fd = OPEN("in-syscon");
	struct irq_record record;

	SEND("pulse", SPI_IN_SYSCON, 0);
	NEXT(fd, &record);
	EXPECT_EQ(1, record.nregs);
	EXPECT_EQ(0x6976, record.regs[0]); /* "vi" */
	close(fd);
}

/* -- Interrupts that stay asserted -- */

/* Skip packets until the one that reports a stopped interrupt. */
#define EXPECT_STOPPED(fd, packet)							\
do {											\
	__u32 count_ = 0;								\
											\
	do {										\
		if (count_)								\
			ASSERT_LE(count_, (packet)->irq_count);				\
		count_ = (packet)->irq_count;						\
		NEXT(fd, packet);							\
	} while (!(packet)->header.status);						\
	EXPECT_EQ(-EIO, (packet)->header.status);					\
	EXPECT_EQ(count_, (packet)->irq_count);						\
	EXPECT_EQ((packet)->header.seq, get_stats(fd).seq);				\
} while (0)

/* According to the node, a read clears the interrupt, but the read does not. */
TEST_F(irq, stuck_interrupt_is_stopped_without_ack)
{
	struct irq_record record = { };
	int log = log_open(), fd = OPEN("stuck");

	SEND("interrupt", SPI_STUCK, 1);
	EXPECT_STOPPED(fd, &record);
	EXPECT_LE(MAX_AWAKE, record.irq_count);
	EXPECT_EQ(0x74726976, record.regs[0]);
	EXPECT_TRUE(log_contains(log, STUCK, "interrupt 0: stopped, because it stays asserted: "
				 "check notify-multi,ack\n"));
	SEND("interrupt", SPI_STUCK, 0);
	close(log);
	close(fd);
}

TEST_F(irq, stuck_interrupt_is_stopped_despite_ack)
{
	int log = log_open(), fd = OPEN("stuck-acked");

	/* Twice, because a device that is bound again gets interrupts again. */
	for (unsigned int i = 0; i < 2; i++) {
		struct irq_record record = { };

		SEND("interrupt", SPI_STUCK_ACKED, 1);
		EXPECT_STOPPED(fd, &record);
		EXPECT_EQ(MAX_AWAKE, record.irq_count);
		EXPECT_TRUE(log_contains(log, STUCK_ACKED, "interrupt 0: stopped, because it "
					 "stays asserted: check notify-multi,ack\n"));
		SEND("interrupt", SPI_STUCK_ACKED, 0);
		close(fd);
		UNBIND(STUCK_ACKED);
		BIND(STUCK_ACKED);
		fd = OPEN("stuck-acked");
	}
	close(log);
	close(fd);
}

/* The other devices of the line work again when the driver is unbound. */
TEST_F(irq, stuck_shared_line_is_released_by_unbind)
{
	struct irq_record record = { };
	int log = log_open(), fd;

	BIND(STUCK_SHARED);
	fd = OPEN("stuck-shared");
	SEND("interrupt", SPI_SHARED, 1);
	EXPECT_STOPPED(fd, &record);
	EXPECT_TRUE(log_contains(log, STUCK_SHARED, "check notify-multi,ack-copy\n"));
	SEND("interrupt", SPI_SHARED, 0);
	close(log);
	close(fd);
	UNBIND(STUCK_SHARED);
	MOVE(6, 1);
	NEXT(self->pl061, &record);
	EXPECT_EQ(1 << 6, record.regs[GPIO_MIS]);
	MOVE(6, 0);
	NEXT(self->pl061, &record);
}

/* -- Shared line and unhandled interrupts -- */

TEST_F(irq, shared_interrupt_reaches_own_block_only)
{
	__u64 pl031 = get_stats(self->pl031).seq, pl061;
	struct irq_record record;

	for (unsigned int i = 0; i < 10; i++) {
		MOVE(i % 8, 1);
		NEXT(self->pl061, &record);
		MOVE(i % 8, 0);
		NEXT(self->pl061, &record);
	}
	EXPECT_EQ(pl031, get_stats(self->pl031).seq);

	pl061 = get_stats(self->pl061).seq;
	for (unsigned int i = 1; i <= 3; i++) {
		SEND("ring", SPI_SHARED, 0);
		NEXT(self->pl031, &record);
		EXPECT_EQ(pl031 + i, record.header.seq);
		EXPECT_EQ(RTC_REGISTERS, record.nregs);
		EXPECT_LE(record.regs[RTC_MR], record.regs[RTC_DR]);
		EXPECT_EQ(1, record.regs[RTC_IMSC]);
		EXPECT_EQ(1, record.regs[RTC_RIS]);
		EXPECT_EQ(1, record.regs[RTC_MIS]);
	}
	EXPECT_EQ(pl061, get_stats(self->pl061).seq);
	EXPECT_EQ(pl031 + 3, get_stats(self->pl031).seq);
}

TEST_F(irq, shared_interrupt_of_both_blocks_reaches_both)
{
	__u64 pl031 = get_stats(self->pl031).seq;
	struct irq_record record;

	SEND("alarm", 0, 0);
	MOVE(2, 1);
	NEXT(self->pl061, &record);
	EXPECT_EQ(1 << 2, record.regs[GPIO_MIS]);
	NEXT(self->pl031, &record);
	EXPECT_EQ(1, record.regs[RTC_MIS]);
	EXPECT_EQ(pl031 + 1, record.header.seq);
	MOVE(2, 0);
	NEXT(self->pl061, &record);
	EXPECT_EQ(pl031 + 1, get_stats(self->pl031).seq);
}

/* All handlers of a shared line must agree on IRQF_ONESHOT. */
TEST_F(irq, line_is_shared_with_oneshot_handler)
{
	struct irq_record record;

	UNBIND(PL061);
	UNBIND(PL031);
	BIND(MASKED);
	BIND(PL061);
	BIND(PL031);
	REOPEN();
	MOVE(3, 1);
	NEXT(self->pl061, &record);
	EXPECT_EQ(1 << 3, record.regs[GPIO_MIS]);
	SEND("ring", SPI_SHARED, 0);
	NEXT(self->pl031, &record);
	EXPECT_EQ(1, record.regs[RTC_MIS]);
	MOVE(3, 0);
	NEXT(self->pl061, &record);
	EXPECT_EQ(1 << 3, record.regs[GPIO_MIS]);
	UNBIND(MASKED);
	UNBIND(PL061);
	UNBIND(PL031);
}

/* Time of the last unhandled interrupt, in milliseconds since boot; -1 if unavailable. */
static long long last_unhandled(unsigned int irq)
{
	long long ms = -1;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/irq/%u/spurious", irq);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fscanf(file, "count %*u unhandled %*u last_unhandled %lld", &ms) != 1)
		ms = -1;
	fclose(file);
	return ms;
}

TEST_F(irq, spurious_interrupt_sends_no_packet)
{
	__u64 pl061 = get_stats(self->pl061).seq, pl031 = get_stats(self->pl031).seq;
	struct irq_record record;
	unsigned long long count;
	long long before;
	unsigned int irq;

	ASSERT_TRUE(find_interrupt("pl061", &irq, &count));
	before = last_unhandled(irq);
	ASSERT_LE(0, before);
	do {
		SEND("pulse", SPI_SHARED, 0);
		usleep(100000);
	} while (last_unhandled(irq) == before);
	EXPECT_EQ(pl061, get_stats(self->pl061).seq);
	EXPECT_EQ(pl031, get_stats(self->pl031).seq);

	MOVE(6, 1);
	NEXT(self->pl061, &record);
	EXPECT_EQ(pl061 + 1, record.header.seq);
	EXPECT_EQ(1 << 6, record.regs[GPIO_MIS]);
	MOVE(6, 0);
	NEXT(self->pl061, &record);
}

/* -- Properties -- */

TEST_F(irq, properties_set_sizes_and_limits)
{
	struct notify_multi_info info;
	struct stat status;
	int fd = OPEN("edge");

	info = get_info(fd);
	EXPECT_EQ(sizeof(struct notify_irq_event) + 4, info.packet_size);
	EXPECT_EQ(33, info.max_packets);
	EXPECT_EQ(5, info.max_requests);
	EXPECT_EQ(7, info.replay);
	EXPECT_EQ(NOTIFY_MULTI_CLOCK_REALTIME, info.clock);
	ASSERT_EQ(0, fstat(fd, &status));
	EXPECT_EQ(0640, status.st_mode & 0777);
	close(fd);

	info = get_info(self->pl061);
	EXPECT_EQ(sizeof(struct notify_irq_event) + 4 * GPIO_REGISTERS, info.packet_size);
	EXPECT_EQ(256, info.max_packets);
	EXPECT_EQ(16, info.max_requests);
	EXPECT_EQ(0, info.replay);
	EXPECT_EQ(NOTIFY_MULTI_CLOCK_MONOTONIC, info.clock);
	ASSERT_EQ(0, fstat(self->pl061, &status));
	EXPECT_EQ(0600, status.st_mode & 0777);
}

TEST_F(irq, probe_fails_with_bad_properties)
{
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		int log = log_open();

		ASSERT_LE(0, log);
		EXPECT_EQ(-faults[i].error, write_file(IRQ_DRIVER "bind", faults[i].device))
			TH_LOG("%s", faults[i].device);
		EXPECT_TRUE(log_contains(log, faults[i].device, faults[i].message))
			TH_LOG("%s: not in the log: %s", faults[i].device, faults[i].message);
		close(log);
	}
	EXPECT_EQ(-ENOENT, sim_open("bad", O_RDONLY));
}

TEST_F(irq, interrupt_of_wakeup_source_counts_as_wakeup)
{
	long long before = device_number(PL061, "power/wakeup_active_count");
	struct irq_record record;

	if (!can_suspend())
		SKIP(return, "this kernel cannot suspend");
	ASSERT_LE(0, before);
	MOVE(0, 1);
	NEXT(self->pl061, &record);
	EXPECT_EQ(before + 1, device_number(PL061, "power/wakeup_active_count"));
	UNBIND(PL061);
	EXPECT_EQ(-ENOENT, device_number(PL061, "power/wakeup_active_count"));
	BIND(PL061);
	REOPEN();
	MOVE(0, 0);
	NEXT(self->pl061, &record);
	EXPECT_EQ(1, device_number(PL061, "power/wakeup_active_count"));
}

/* -- Binding and unbinding -- */

TEST_F(irq, unbind_wakes_readers_bind_restarts)
{
	struct irq_record record;
	struct reader reader;

	ASSERT_TRUE(reader_start(&reader, self->pl061, sizeof(reader.buffer)));
	ASSERT_TRUE(wait_requests(self->pl061, 1));
	UNBIND(PL061);
	EXPECT_EQ(-ENODEV, reader_join(&reader));
	/* The unbound block does not disturb the other one on the line. */
	MOVE(0, 1);
	SEND("ring", SPI_SHARED, 0);
	NEXT(self->pl031, &record);
	BIND(PL061);
	REOPEN();
	MOVE(0, 0);
	NEXT(self->pl061, &record);
	EXPECT_EQ(1, record.header.seq);
	EXPECT_EQ(1, record.irq_count);
	EXPECT_EQ(0, record.regs[GPIO_DATA]);
	EXPECT_EQ(1, record.regs[GPIO_MIS]);
}

/* After the tests of line 0, because edges of the toggled line may arrive late. */
TEST_F(irq, interrupt_wakes_suspended_system)
{
	long long wakeups = device_number(PL061, "power/wakeup_active_count");
	struct irq_record record;

	if (!can_suspend())
		SKIP(return, "this kernel cannot suspend");
	ASSERT_LE(0, wakeups);
	SEND("toggle", 0, 1);
	/* An edge just before the suspend may abort it, which is no error. */
	EXPECT_EQ(0, write_file("/sys/power/state", "freeze"))
		TH_LOG("suspend failed");
	SEND("toggle", 0, 0);
	NEXT(self->pl061, &record);
	EXPECT_EQ(1, record.regs[GPIO_DATA]);
	EXPECT_LT(wakeups, device_number(PL061, "power/wakeup_active_count"));
}

/* After a suspend, CLOCK_BOOTTIME differs from CLOCK_MONOTONIC. */
TEST_F(irq, timestamp_is_on_selected_clock)
{
	static const struct {
		const char *name;
		unsigned int spi;
		clockid_t clock;
	} blocks[] = {
		{ "edge", SPI_EDGE, CLOCK_REALTIME }, { "bare", SPI_BARE, CLOCK_BOOTTIME },
	};

	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		int fd = OPEN(blocks[i].name);
		struct irq_record record;
		__u64 before = clock_ns(blocks[i].clock), seq = get_stats(fd).seq;

		SEND("pulse", blocks[i].spi, 0);
		do {
			NEXT(fd, &record);
		} while (record.header.seq <= seq);
		EXPECT_LE(before, record.header.timestamp_ns);
		EXPECT_GE(clock_ns(blocks[i].clock), record.header.timestamp_ns);
		close(fd);
	}
}

TEST_HARNESS_MAIN
