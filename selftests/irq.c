// SPDX-License-Identifier: GPL-2.0
/*
 * notify_irq: on the registers of a board whose interrupts somebody outside makes, see
 * vm/irq.dts.in. What is written to $NOTIFY_GPIO_LINES asks for it:
 *
 *     @line LINE LEVEL       sets an input of the PL061, and waits until its interrupt is taken
 *     @alarm 0               has the PL031 want an interrupt, on a line that nobody hears
 *     @ring SPI              the same, on that line of the interrupt controller
 *     @interrupt SPI LEVEL   sets a line of the interrupt controller
 *     @pulse SPI             raises one for a moment
 */

#include "sim.h"
#include "system.h"

#include <dirent.h>
#include <linux/notify_irq.h>
#include <sched.h>
#include <sys/wait.h>

#define DRIVER		"/sys/bus/platform/drivers/notify_irq/"
#define DEVICES		"/sys/bus/platform/devices/"
#define PL061		"9030000.pl061"
#define PL031		"9010000.pl031"
/* Clears when it is read, and so has its line masked until its thread has run. */
#define MASKED		"a003e00.line-not-masked"
#define QUEUE		256

/* Of the interrupt controller. */
#define SPI_SHARED	7
#define SPI_EDGE	16
#define SPI_BARE	17
#define SPI_STUCK	18
#define SPI_LARGE	19

/* What the snapshot of the PL061 has. */
enum {
	GPIO_DATA, GPIO_DIR, GPIO_IS, GPIO_IBE, GPIO_IEV, GPIO_IE, GPIO_RIS, GPIO_MIS,
	GPIO_REGISTERS
};

/* And that of the PL031. */
enum {
	RTC_DR, RTC_MR, RTC_LR, RTC_CR, RTC_IMSC, RTC_RIS, RTC_MIS,
	RTC_REGISTERS
};

/* -- The board's devices. -------------------------------------------------- */

/* Devices with a fault, why they do not probe, and what the kernel's log is to say of it. */
static const struct fault {
	const char *device;
	int error;
	const char *said;
} faults[] = {
	{ "a003e00.no-label", EINVAL, "label" },
	{ "a003e00.label-slash", EINVAL, "cannot register" },
	{ "a003e00.label-taken", EEXIST, "cannot register" },
	{ "no-reg", EINVAL, "reg" },
	{ "9030400.reg-taken", EBUSY, "reg" },
	{ "a003e00.no-interrupt", ENXIO, "IRQ index 0" },
	{ "a003e00.line-not-shared", EBUSY, "interrupt" },
	{ MASKED, EBUSY, "interrupt" },
	{ "a003e00.level-triggered", EINVAL, "level-triggered" },
	{ "a003e00.snapshot-number", EINVAL, "notify-multi,snapshot" },
	{ "a003e00.snapshot-three", EINVAL, "notify-multi,snapshot" },
	{ "a003e00.snapshot-empty", EINVAL, "notify-multi,snapshot" },
	{ "a003e00.snapshot-none", EINVAL, "notify-multi,snapshot" },
	{ "a003e00.snapshot-many", EINVAL, "notify-multi,snapshot" },
	{ "a003e00.snapshot-odd", EINVAL, "notify-multi,snapshot" },
	{ "a003e00.snapshot-beyond", EINVAL, "notify-multi,snapshot" },
	{ "a003e00.snapshot-far", EINVAL, "notify-multi,snapshot" },
	{ "a003e00.status-number", EINVAL, "notify-multi,status" },
	{ "a003e00.status-mask", EINVAL, "notify-multi,status" },
	{ "a003e00.status-odd", EINVAL, "notify-multi,status" },
	{ "a003e00.status-beyond", EINVAL, "notify-multi,status" },
	{ "a003e00.ack-number", EINVAL, "notify-multi,ack" },
	{ "a003e00.ack-odd", EINVAL, "notify-multi,ack" },
	{ "a003e00.ack-beyond", EINVAL, "notify-multi,ack" },
	{ "a003e00.ack-twice", EINVAL, "notify-multi,ack-copy" },
	{ "a003e00.copy-number", EINVAL, "notify-multi,ack-copy" },
	{ "a003e00.copy-from-odd", EINVAL, "notify-multi,ack-copy" },
	{ "a003e00.copy-from-beyond", EINVAL, "notify-multi,ack-copy" },
	{ "a003e00.copy-to-odd", EINVAL, "notify-multi,ack-copy" },
	{ "a003e00.copy-to-beyond", EINVAL, "notify-multi,ack-copy" },
	{ "a003e00.init-half", EINVAL, "notify-multi,init" },
	{ "a003e00.init-empty", EINVAL, "notify-multi,init" },
	{ "a003e00.init-many", EINVAL, "notify-multi,init" },
	{ "a003e00.init-odd", EINVAL, "notify-multi,init" },
	{ "a003e00.init-beyond", EINVAL, "notify-multi,init" },
	{ "a003e00.exit-half", EINVAL, "notify-multi,exit" },
	{ "a003e00.exit-beyond", EINVAL, "notify-multi,exit" },
	{ "a003e00.packets-none", EINVAL, "cannot register" },
	{ "a003e00.requests-none", EINVAL, "cannot register" },
	{ "a003e00.replay-many", EINVAL, "cannot register" },
};

/* The driver may have met one with a fault before the one that it cannot be beside. */
static void put_devices_right(void)
{
	for (unsigned int i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		write_file(DRIVER "unbind", faults[i].device);
	write_file(DRIVER "bind", PL061);
	write_file(DRIVER "bind", PL031);
}

/* -- Packets. -------------------------------------------------------------- */

/* A packet of notify_irq as read() returns it. */
struct irq_record {
	struct notify_multi_record header;
	__u32 irq_count;
	__u32 nregs;
	__u32 regs[64];
};

/* One record, waited for. */
static ssize_t next_record(int fd, struct irq_record *record)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	ssize_t one = record_size(get_info(fd).packet_size);

	memset(record, 0, sizeof(*record));
	if (poll(&pollfd, 1, -1) != 1)
		return -ETIME;
	return read_errno(fd, record, one) == one ? 0 : -EBADMSG;
}

FIXTURE(irq)
{
	const char *host;
	int pl061;
	int pl031;
};

FIXTURE_SETUP(irq)
{
	put_devices_right();
	self->host = getenv("NOTIFY_GPIO_LINES");
	self->pl061 = sim_open("pl061", O_RDONLY | O_NONBLOCK);
	self->pl031 = sim_open("pl031", O_RDONLY | O_NONBLOCK);
	if (!self->host || self->pl061 == -ENOENT)
		SKIP(return, "nobody makes interrupts of " NOTIFY_DIR "pl061 here");
	ASSERT_LE(0, self->pl061);
	ASSERT_LE(0, self->pl031);
}

FIXTURE_TEARDOWN(irq)
{
	close(self->pl061);
	close(self->pl031);
}

/* Lines of their own, whatever the console is in the middle of. */
static int ask(const char *host, const char *what, unsigned int number, unsigned int level)
{
	char text[32];

	snprintf(text, sizeof(text), "\n@%s %u %u\n", what, number, level);
	return write_file(host, text);
}

#define ASK(what, number, level) ASSERT_EQ(0, ask(self->host, what, number, level))
#define MOVE(line, level) ASK("line", line, level)

#define NEXT(fd, record) ASSERT_EQ(0, next_record(fd, record))

/* The open of another block, which only some tests need. */
#define OPEN(name)									\
({											\
	int fd_ = sim_open(name, O_RDONLY | O_NONBLOCK);				\
											\
	ASSERT_LE(0, fd_);								\
	fd_;										\
})

/* -- Every interrupt. ------------------------------------------------------ */

TEST_F(irq, snapshot_is_right_for_every_edge)
{
	__u32 first = 0, levels = 0;

	for (unsigned int i = 0; i < 48; i++) {
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
		/* Both as before it was acknowledged. */
		EXPECT_EQ(1 << line, record.regs[GPIO_RIS]);
		EXPECT_EQ(1 << line, record.regs[GPIO_MIS]);
	}
	EXPECT_EQ(0, levels);
}

TEST_F(irq, each_interrupt_reaches_two_opens)
{
	struct irq_record first, second;
	int other = OPEN("pl061");

	for (unsigned int i = 0; i < 10; i++) {
		MOVE(0, 1 - i % 2);
		NEXT(self->pl061, &first);
		NEXT(other, &second);
		EXPECT_EQ(0, memcmp(&first, &second, sizeof(first)));
	}
	close(other);
}

TEST_F(irq, time_is_that_of_the_interrupt)
{
	struct timespec before, after;
	struct irq_record record;

	for (unsigned int i = 0; i < 4; i++) {
		clock_gettime(CLOCK_MONOTONIC, &before);
		MOVE(5, 1 - i % 2);
		NEXT(self->pl061, &record);
		clock_gettime(CLOCK_MONOTONIC, &after);
		EXPECT_LE(before.tv_sec * 1000000000ULL + before.tv_nsec,
			  record.header.timestamp_ns);
		EXPECT_GE(after.tv_sec * 1000000000ULL + after.tv_nsec,
			  record.header.timestamp_ns);
	}
}

TEST_F(irq, edge_triggered_block_that_nothing_acknowledges)
{
	struct irq_record record;
	int fd = OPEN("edge");

	for (unsigned int i = 0; i < 5; i++) {
		__u64 seq = get_stats(fd).seq;

		ASK("pulse", SPI_EDGE, 0);
		do {
			NEXT(fd, &record);
		} while (record.header.seq <= seq);
		EXPECT_EQ(1, record.nregs);
		EXPECT_EQ(0x74726976, record.regs[0]); /* "virt" */
		EXPECT_EQ(seq + 1, record.header.seq);
	}
	close(fd);
}

TEST_F(irq, block_without_a_snapshot)
{
	struct irq_record record = { };
	int fd = OPEN("bare");

	EXPECT_EQ(8, get_info(fd).packet_size);
	for (unsigned int i = 0; i < 3; i++) {
		__u32 count = record.irq_count;

		ASK("pulse", SPI_BARE, 0);
		NEXT(fd, &record);
		EXPECT_EQ(0, record.nregs);
		if (i)
			EXPECT_EQ(count + 1, record.irq_count);
	}
	close(fd);
}

/* The last line that a command prints; false if it fails. */
static bool last_line(const char *command, char *line, size_t size)
{
	FILE *output = popen(command, "re");

	if (!output)
		return false;
	while (fgets(line, size, output))
		continue;
	return !pclose(output);
}

TEST_F(irq, notifycat_shows_count_and_registers)
{
	char line[256] = "", expected[256];
	struct irq_record record;
	int fd = OPEN("edge");
	__u64 seq = get_stats(fd).seq;

	if (system("notifycat --help >/dev/null 2>&1"))
		SKIP(return, "no notifycat in $PATH");
	ASK("pulse", SPI_EDGE, 0);
	do {
		NEXT(fd, &record);
	} while (record.header.seq <= seq);
	close(fd);
	ASSERT_TRUE(last_line("notifycat --replay-only edge", line, sizeof(line)));
	snprintf(expected, sizeof(expected),
		 "edge %llu %llu.%09llu irq_count %u nregs 1 regs 0x74726976 replay\n",
		 record.header.seq, record.header.timestamp_ns / 1000000000,
		 record.header.timestamp_ns % 1000000000, record.irq_count);
	EXPECT_STREQ(expected, line);
	ASSERT_TRUE(last_line("notifycat --replay-only -f json edge", line, sizeof(line)));
	snprintf(expected, sizeof(expected), ",\"irq_count\":%u,\"nregs\":1,\"regs\":[%u]}\n",
		 record.irq_count, 0x74726976);
	EXPECT_NE(NULL, strstr(line, expected));
}

TEST_F(irq, as_many_as_64_registers)
{
	struct irq_record record;
	int fd = OPEN("large");

	EXPECT_EQ(8 + 64 * 4, get_info(fd).packet_size);
	ASK("pulse", SPI_LARGE, 0);
	NEXT(fd, &record);
	EXPECT_EQ(64, record.nregs);
	EXPECT_EQ(0x74726976, record.regs[0]);
	EXPECT_EQ(0x554d4551, record.regs[3]); /* "QEMU" */
	EXPECT_EQ(0, record.regs[63]);
	close(fd);
}

/* As if reading cleared it, but it does not: it is masked until its packet is broadcast. */
TEST_F(irq, level_that_stays_leaves_the_machine_alive)
{
	struct irq_record record;
	int fd = OPEN("stuck");
	__u64 seq;

	ASK("interrupt", SPI_STUCK, 1);
	for (unsigned int i = 0; i < 10; i++)
		NEXT(fd, &record);
	ASK("interrupt", SPI_STUCK, 0);
	do {
		seq = get_stats(fd).seq;
		usleep(200000);
	} while (get_stats(fd).seq != seq);
	close(fd);
}

/* -- A line that is shared, and interrupts that nobody had. ---------------- */

TEST_F(irq, interrupt_of_one_block_is_none_of_the_others)
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
		ASK("ring", SPI_SHARED, 0);
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

TEST_F(irq, both_blocks_interrupt_at_once)
{
	struct irq_record record;
	__u64 pl031 = get_stats(self->pl031).seq;

	ASK("alarm", 0, 0);
	MOVE(2, 1);
	NEXT(self->pl061, &record);
	EXPECT_EQ(4, record.regs[GPIO_MIS]);
	NEXT(self->pl031, &record);
	EXPECT_EQ(1, record.regs[RTC_MIS]);
	EXPECT_EQ(pl031 + 1, record.header.seq);
	MOVE(2, 0);
	NEXT(self->pl061, &record);
	EXPECT_EQ(pl031 + 1, get_stats(self->pl031).seq);
}

/* The number of the interrupt that has such a label in /proc/interrupts; 0 if none has. */
static unsigned int find_interrupt(const char *label)
{
	FILE *file = fopen("/proc/interrupts", "r");
	unsigned int irq = 0;
	char line[512];

	while (!irq && file && fgets(line, sizeof(line), file))
		if (strstr(line, label))
			irq = strtoul(line, NULL, 10);
	if (file)
		fclose(file);
	return irq;
}

/* When that interrupt was the last time nobody's, in the kernel's milliseconds. */
static long long last_unhandled(unsigned int irq)
{
	char path[64], text[128] = "";
	const char *last;
	int fd;

	snprintf(path, sizeof(path), "/proc/irq/%u/spurious", irq);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		return -1;
	close(fd);
	last = strstr(text, "last_unhandled ");
	return last ? strtoll(last + strlen("last_unhandled "), NULL, 10) : -1;
}

/* All who share a line have it masked until their threads have run, or none. */
TEST_F(irq, line_that_somebody_has_masked_is_shared)
{
	struct irq_record record;

	ASSERT_EQ(0, write_file(DRIVER "unbind", PL061));
	ASSERT_EQ(0, write_file(DRIVER "unbind", PL031));
	ASSERT_EQ(0, write_file(DRIVER "bind", MASKED));
	ASSERT_EQ(0, write_file(DRIVER "bind", PL061));
	ASSERT_EQ(0, write_file(DRIVER "bind", PL031));
	close(self->pl061);
	close(self->pl031);
	self->pl061 = OPEN("pl061");
	self->pl031 = OPEN("pl031");
	MOVE(3, 1);
	NEXT(self->pl061, &record);
	EXPECT_EQ(1 << 3, record.regs[GPIO_MIS]);
	ASK("ring", SPI_SHARED, 0);
	NEXT(self->pl031, &record);
	EXPECT_EQ(1, record.regs[RTC_MIS]);
	MOVE(3, 0);
	NEXT(self->pl061, &record);
	EXPECT_EQ(1 << 3, record.regs[GPIO_MIS]);
	ASSERT_EQ(0, write_file(DRIVER "unbind", MASKED));
	ASSERT_EQ(0, write_file(DRIVER "unbind", PL061));
	ASSERT_EQ(0, write_file(DRIVER "unbind", PL031));
}

TEST_F(irq, spurious_interrupt_is_nobodys_and_no_packet)
{
	__u64 pl061 = get_stats(self->pl061).seq, pl031 = get_stats(self->pl031).seq;
	unsigned int irq = find_interrupt("pl061");
	long long before = last_unhandled(irq);
	struct irq_record record;

	ASSERT_LT(0, irq);
	ASSERT_LE(0, before);
	do {
		ASK("pulse", SPI_SHARED, 0);
		usleep(100000);
	} while (last_unhandled(irq) == before);
	EXPECT_EQ(pl061, get_stats(self->pl061).seq);
	EXPECT_EQ(pl031, get_stats(self->pl031).seq);

	MOVE(6, 1);
	NEXT(self->pl061, &record);
	EXPECT_EQ(pl061 + 1, record.header.seq);
	EXPECT_EQ(64, record.regs[GPIO_MIS]);
	MOVE(6, 0);
	NEXT(self->pl061, &record);
}

/* -- Interrupts that come faster than they are broadcast. ------------------- */

/* A thread that leaves a processor to nobody but interrupts. */
struct hog {
	pthread_t thread;
	int cpu;
	bool runs;
	bool stop;
	int error;
};

static void *hog_main(void *data)
{
	struct sched_param first = { .sched_priority = 99 };
	struct hog *hog = data;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(hog->cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus) || sched_setscheduler(0, SCHED_FIFO, &first))
		hog->error = errno;
	__atomic_store_n(&hog->runs, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&hog->stop, __ATOMIC_RELAXED) && !hog->error)
		;
	return NULL;
}

static bool hog_start(struct hog *hog, int cpu)
{
	*hog = (struct hog){ .cpu = cpu };
	if (write_file("/proc/sys/kernel/sched_rt_runtime_us", "-1") ||
	    pthread_create(&hog->thread, NULL, hog_main, hog))
		return false;
	while (!__atomic_load_n(&hog->runs, __ATOMIC_ACQUIRE))
		usleep(1000);
	return !hog->error;
}

static bool hog_stop(struct hog *hog)
{
	__atomic_store_n(&hog->stop, true, __ATOMIC_RELAXED);
	return !pthread_join(hog->thread, NULL) &&
	       !write_file("/proc/sys/kernel/sched_rt_runtime_us", "950000");
}

/* How often an interrupt was taken, on all processors. */
static unsigned long count_interrupts(unsigned int irq)
{
	FILE *file = fopen("/proc/interrupts", "r");
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned long count = 0;
	char line[512], *at;

	while (file && fgets(line, sizeof(line), file)) {
		if (strtoul(line, &at, 10) != irq || *at++ != ':')
			continue;
		for (long cpu = 0; cpu < cpus; cpu++)
			count += strtoul(at, &at, 10);
	}
	if (file)
		fclose(file);
	return count;
}

/* Both halves of the interrupt on processor 1, and this program on the other. */
static int move_interrupt(unsigned int irq)
{
	char path[64];
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	snprintf(path, sizeof(path), "/proc/irq/%u/smp_affinity", irq);
	return sched_setaffinity(0, sizeof(cpus), &cpus) ? -errno : write_file(path, "2");
}

static long long overflows(void)
{
	char text[32];
	int ret = read_file(DEVICES PL061 "/overflows", text, sizeof(text));

	return ret ? ret : strtoll(text, NULL, 10);
}

/* Has so many edges of line 0 come while their thread cannot run. */
#define BURST(edges)									\
do {											\
	unsigned int irq = find_interrupt("pl061");					\
	unsigned long before = count_interrupts(irq);					\
	struct irq_record moved;							\
	struct hog hog;									\
											\
	ASSERT_EQ(0, move_interrupt(irq));						\
	/* It moves with the next interrupt. */						\
	MOVE(7, 1);									\
	NEXT(self->pl061, &moved);							\
	MOVE(7, 0);									\
	NEXT(self->pl061, &moved);							\
	ASSERT_TRUE(hog_start(&hog, 1));						\
	for (unsigned int edge = 0; edge < (edges); edge++)				\
		MOVE(0, 1 - edge % 2);							\
	while (count_interrupts(irq) < before + 2 + (edges))				\
		usleep(10000);								\
	EXPECT_EQ(0, poll_now(self->pl061, POLLIN));					\
	ASSERT_TRUE(hog_stop(&hog));							\
} while (0)

TEST_F(irq, burst_becomes_that_many_packets_in_order)
{
	long long before = overflows();
	struct irq_record record;
	__u64 last = 0;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "one processor cannot be left to interrupts only");
	BURST(50);
	for (unsigned int i = 0; i < 50; i++) {
		NEXT(self->pl061, &record);
		EXPECT_EQ(1 - i % 2, record.regs[GPIO_DATA]);
		EXPECT_EQ(1, record.regs[GPIO_MIS]);
		EXPECT_LT(last, record.header.timestamp_ns);
		last = record.header.timestamp_ns;
	}
	EXPECT_EQ(before, overflows());
}

TEST_F(irq, interrupts_that_come_too_fast_are_counted_and_the_newest_kept)
{
	long long before = overflows();
	__u64 seq = get_stats(self->pl061).seq;
	struct irq_record record;
	__u32 count = 0;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "one processor cannot be left to interrupts only");
	BURST(QUEUE + 44);
	for (unsigned int i = 1; i <= QUEUE; i++) {
		NEXT(self->pl061, &record);
		/* The device's stream has no gap, the interrupt's has. */
		EXPECT_EQ(seq + 2 + i, record.header.seq);
		if (i > 1)
			EXPECT_EQ(count + 1, record.irq_count);
		EXPECT_EQ(i % 2, record.regs[GPIO_DATA]);
		count = record.irq_count;
	}
	EXPECT_EQ(before + 44, overflows());
	EXPECT_EQ(0, poll_now(self->pl061, POLLIN));
	EXPECT_EQ(0, record.regs[GPIO_DATA]);
}

/* -- Properties. ----------------------------------------------------------- */

TEST_F(irq, properties_size_the_device)
{
	struct notify_multi_info info;
	int fd = OPEN("edge");

	info = get_info(fd);
	EXPECT_EQ(sizeof(struct notify_irq_event) + 4, info.packet_size);
	EXPECT_EQ(33, info.max_packets);
	EXPECT_EQ(5, info.max_requests);
	EXPECT_EQ(7, info.replay);
	close(fd);

	info = get_info(self->pl061);
	EXPECT_EQ(sizeof(struct notify_irq_event) + 4 * GPIO_REGISTERS, info.packet_size);
	EXPECT_EQ(256, info.max_packets);
	EXPECT_EQ(16, info.max_requests);
	EXPECT_EQ(0, info.replay);
}

TEST_F(irq, bad_properties_do_not_probe)
{
	for (unsigned int i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		int log = log_open();

		ASSERT_LE(0, log);
		EXPECT_EQ(-faults[i].error, write_file(DRIVER "bind", faults[i].device))
			TH_LOG("%s", faults[i].device);
		EXPECT_TRUE(log_says(log, faults[i].device, faults[i].said))
			TH_LOG("the log does not say %s of %s", faults[i].said, faults[i].device);
		close(log);
	}
	EXPECT_EQ(-ENOENT, sim_open("bad", O_RDONLY));
}

/* Of each device that this driver is for either the driver has it, or it is above. */
TEST_F(irq, every_fault_of_the_board_is_tested)
{
	unsigned int unbound = 0;
	struct dirent *entry;
	char path[512], of[64];
	DIR *devices = opendir(DEVICES);

	ASSERT_NE(NULL, devices);
	while ((entry = readdir(devices))) {
		snprintf(path, sizeof(path), DEVICES "%s/of_node/compatible", entry->d_name);
		if (read_file(path, of, sizeof(of)) || strcmp(of, "notify-multi,irq"))
			continue;
		snprintf(path, sizeof(path), DRIVER "%s", entry->d_name);
		unbound += !!access(path, F_OK);
	}
	closedir(devices);
	EXPECT_EQ(sizeof(faults) / sizeof(*faults), unbound);
}

TEST_F(irq, wakeup_source_can_wake_the_system)
{
	const char *path = DEVICES PL061 "/power/wakeup";
	char text[32];

	if (access("/sys/power/state", F_OK))
		SKIP(return, "this kernel cannot suspend");
	ASSERT_EQ(0, read_file(path, text, sizeof(text)));
	EXPECT_STREQ("enabled", text);
	ASSERT_EQ(0, write_file(DRIVER "unbind", PL061));
	EXPECT_EQ(-ENOENT, read_file(path, text, sizeof(text)));
	ASSERT_EQ(0, write_file(DRIVER "bind", PL061));
	ASSERT_EQ(0, read_file(path, text, sizeof(text)));
	EXPECT_STREQ("enabled", text);
}

/* -- Lives. ---------------------------------------------------------------- */

TEST_F(irq, unbind_wakes_readers_and_bind_starts_anew)
{
	struct irq_record record;
	struct reader reader;

	ASSERT_EQ(0, fcntl(self->pl061, F_SETFL, 0));
	ASSERT_TRUE(reader_start(&reader, self->pl061, sizeof(reader.buffer)));
	ASSERT_TRUE(wait_requests(self->pl061, 1));
	ASSERT_EQ(0, write_file(DRIVER "unbind", PL061));
	EXPECT_EQ(-ENODEV, reader_join(&reader));
	/* The block interrupts no more: the line's other one is not disturbed. */
	MOVE(0, 1);
	ASK("ring", SPI_SHARED, 0);
	NEXT(self->pl031, &record);
	ASSERT_EQ(0, write_file(DRIVER "bind", PL061));
	close(self->pl061);
	self->pl061 = OPEN("pl061");
	MOVE(0, 0);
	NEXT(self->pl061, &record);
	EXPECT_EQ(1, record.header.seq);
	EXPECT_EQ(1, record.irq_count);
	EXPECT_EQ(0, record.regs[GPIO_DATA]);
	EXPECT_EQ(1, record.regs[GPIO_MIS]);
}

#define LIVES	25
#define MOVES	150

static void move_much(const char *host)
{
	for (unsigned int i = 0; i < MOVES; i++)
		if (ask(host, "line", i / 2 % 8, 1 - i % 2))
			_exit(1);
	_exit(0);
}

TEST_F(irq, unbind_and_bind_while_edges_come_and_opens_are_held)
{
	struct irq_record record;
	int held[LIVES], status;
	pid_t mover = fork();

	if (!mover)
		move_much(self->host);
	ASSERT_LT(0, mover);
	for (unsigned int i = 0; i < LIVES; i++) {
		held[i] = OPEN("pl061");
		usleep(10000 * (i % 5));
		ASSERT_EQ(0, write_file(DRIVER "unbind", PL061));
		ASSERT_EQ(0, write_file(DRIVER "bind", PL061));
	}
	ASSERT_EQ(mover, waitpid(mover, &status, 0));
	EXPECT_EQ(0, status);
	for (unsigned int i = 0; i < LIVES; i++) {
		while (!next_record(held[i], &record))
			EXPECT_EQ(GPIO_REGISTERS, record.nregs);
		EXPECT_EQ(-ENODEV, read_errno(held[i], &record, sizeof(record)));
		close(held[i]);
	}
	/* The mover, which may not be through, never has two lines high. */
	close(self->pl061);
	self->pl061 = OPEN("pl061");
	MOVE(4, 1);
	MOVE(6, 1);
	do {
		NEXT(self->pl061, &record);
	} while (record.regs[GPIO_DATA] != (1 << 4 | 1 << 6));
	/* All lines are low again, and the last life is like the first. */
	MOVE(6, 0);
	NEXT(self->pl061, &record);
	EXPECT_EQ(1 << 4, record.regs[GPIO_DATA]);
	MOVE(4, 0);
	NEXT(self->pl061, &record);
	EXPECT_EQ(0, record.regs[GPIO_DATA]);
}

TEST_F(irq, module_goes_while_its_devices_are_read)
{
	struct irq_record record;
	struct reader reader;

	ASSERT_EQ(0, fcntl(self->pl061, F_SETFL, 0));
	ASSERT_TRUE(reader_start(&reader, self->pl061, sizeof(reader.buffer)));
	ASSERT_TRUE(wait_requests(self->pl061, 1));
	ASSERT_EQ(0, unload_module("notify_irq"));
	EXPECT_EQ(-ENODEV, reader_join(&reader));
	EXPECT_EQ(POLLHUP, poll_now(self->pl031, POLLIN));
	EXPECT_EQ(-ENOENT, sim_open("pl061", O_RDONLY));
	ASSERT_EQ(0, load_module("notify_irq", ""));
	put_devices_right();
	close(self->pl061);
	self->pl061 = OPEN("pl061");
	MOVE(1, 1);
	NEXT(self->pl061, &record);
	EXPECT_EQ(2, record.regs[GPIO_DATA]);
	MOVE(1, 0);
	NEXT(self->pl061, &record);
}

/* The last test: edges of the line that wakes the system may come late. */
TEST_F(irq, interrupt_wakes_the_suspended_system)
{
	const char *count = DEVICES PL061 "/power/wakeup_active_count";
	struct irq_record record;
	char before[32], after[32];

	if (access("/sys/power/state", F_OK))
		SKIP(return, "this kernel cannot suspend");
	ASSERT_EQ(0, read_file(count, before, sizeof(before)));
	ASK("toggle", 0, 1);
	/* An edge that comes before the system sleeps may keep it awake: that is no error. */
	EXPECT_EQ(0, write_file("/sys/power/state", "freeze"))
		TH_LOG("suspend failed");
	ASK("toggle", 0, 0);
	NEXT(self->pl061, &record);
	EXPECT_EQ(1, record.regs[GPIO_DATA]);
	ASSERT_EQ(0, read_file(count, after, sizeof(after)));
	EXPECT_LT(atoi(before), atoi(after));
}

TEST_HARNESS_MAIN
