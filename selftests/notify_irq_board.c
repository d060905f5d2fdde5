// SPDX-License-Identifier: GPL-2.0
/*
 * notify_irq on the registers of the board of irq.dts.in. The host raises the interrupts, for
 * commands that are written to $NOTIFY_GPIO_LINES:
 *
 *     @line LINE LEVEL       sets an input of the PL061, and waits until its interrupt is handled
 *     @alarm 0               sets the interrupt status of the PL031, whose line is not connected
 *     @ring SPI              as @alarm, and raises a line of the interrupt controller until handled
 *     @interrupt SPI LEVEL   sets a line of the interrupt controller
 *     @pulse SPI             raises a line for a moment
 *     @toggle LINE 1         toggles an input of the PL061 repeatedly, until "@toggle LINE 0"
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
/* A read clears the block, so its driver requests the line with IRQF_ONESHOT. */
#define MASKED		"a003e00.line-not-masked"
#define QUEUE		256

/* Lines of the interrupt controller. */
#define SPI_SHARED	7
#define SPI_EDGE	16
#define SPI_BARE	17
#define SPI_STUCK	18
#define SPI_LARGE	19

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

/* -- Devices of the board -- */

/* Devices that do not probe: the errno, and text that the kernel log contains. */
static const struct fault {
	const char *device;
	int error;
	const char *message;
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

/* A fault device may have probed first, and taken the resources of a good one. */
static void bind_good_devices(void)
{
	for (unsigned int i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		write_file(DRIVER "unbind", faults[i].device);
	write_file(DRIVER "bind", PL061);
	write_file(DRIVER "bind", PL031);
}

/* -- Packets -- */

struct irq_record {
	struct notify_multi_record header;
	__u32 irq_count;
	__u32 nregs;
	__u32 regs[64];
};

/* Wait for a record and read it. */
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
	bind_good_devices();
	self->host = getenv("NOTIFY_GPIO_LINES");
	self->pl061 = sim_open("pl061", O_RDONLY | O_NONBLOCK);
	self->pl031 = sim_open("pl031", O_RDONLY | O_NONBLOCK);
	if (!self->host || self->pl061 == -ENOENT)
		SKIP(return, "no host that raises interrupts of " NOTIFY_DIR "pl061");
	ASSERT_LE(0, self->pl061);
	ASSERT_LE(0, self->pl031);
}

FIXTURE_TEARDOWN(irq)
{
	close(self->pl061);
	close(self->pl031);
}

/* Newlines separate the command from other output of the console. */
static int send_command(const char *host, const char *command, unsigned int number,
			unsigned int level)
{
	char text[32];

	snprintf(text, sizeof(text), "\n@%s %u %u\n", command, number, level);
	return write_file(host, text);
}

#define SEND(command, number, level) \
	ASSERT_EQ(0, send_command(self->host, command, number, level))
#define MOVE(line, level) SEND("line", line, level)

#define NEXT(fd, record) ASSERT_EQ(0, next_record(fd, record))

#define OPEN(name)									\
({											\
	int fd_ = sim_open(name, O_RDONLY | O_NONBLOCK);				\
											\
	ASSERT_LE(0, fd_);								\
	fd_;										\
})

/* -- Interrupts -- */

TEST_F(irq, edge_sends_snapshot)
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
		/* The snapshot is taken before the interrupt is acknowledged. */
		EXPECT_EQ(1 << line, record.regs[GPIO_RIS]);
		EXPECT_EQ(1 << line, record.regs[GPIO_MIS]);
	}
	EXPECT_EQ(0, levels);
}

TEST_F(irq, interrupt_reaches_two_clients)
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

TEST_F(irq, timestamp_is_time_of_interrupt)
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

TEST_F(irq, edge_without_ack_sends_packet)
{
	struct irq_record record;
	int fd = OPEN("edge");

	for (unsigned int i = 0; i < 5; i++) {
		__u64 seq = get_stats(fd).seq;

		SEND("pulse", SPI_EDGE, 0);
		do {
			NEXT(fd, &record);
		} while (record.header.seq <= seq);
		EXPECT_EQ(1, record.nregs);
		EXPECT_EQ(0x74726976, record.regs[0]); /* "virt" */
		EXPECT_EQ(seq + 1, record.header.seq);
	}
	close(fd);
}

TEST_F(irq, block_without_snapshot_sends_packet)
{
	struct irq_record record = { };
	int fd = OPEN("bare");

	EXPECT_EQ(8, get_info(fd).packet_size);
	for (unsigned int i = 0; i < 3; i++) {
		__u32 count = record.irq_count;

		SEND("pulse", SPI_BARE, 0);
		NEXT(fd, &record);
		EXPECT_EQ(0, record.nregs);
		if (i)
			EXPECT_EQ(count + 1, record.irq_count);
	}
	close(fd);
}

/* Get the last line that a command prints. Return false if the command fails. */
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
	SEND("pulse", SPI_EDGE, 0);
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

TEST_F(irq, snapshot_has_up_to_64_registers)
{
	struct irq_record record;
	int fd = OPEN("large");

	EXPECT_EQ(8 + 64 * 4, get_info(fd).packet_size);
	SEND("pulse", SPI_LARGE, 0);
	NEXT(fd, &record);
	EXPECT_EQ(64, record.nregs);
	EXPECT_EQ(0x74726976, record.regs[0]);
	EXPECT_EQ(0x554d4551, record.regs[3]); /* "QEMU" */
	EXPECT_EQ(0, record.regs[63]);
	close(fd);
}

/*
 * According to the node, a read clears the interrupt, but the read does not. IRQF_ONESHOT masks
 * the line until the packet is broadcast.
 */
TEST_F(irq, level_that_stays_high_does_not_hang_system)
{
	struct irq_record record;
	int fd = OPEN("stuck");
	__u64 seq;

	SEND("interrupt", SPI_STUCK, 1);
	for (unsigned int i = 0; i < 10; i++)
		NEXT(fd, &record);
	SEND("interrupt", SPI_STUCK, 0);
	do {
		seq = get_stats(fd).seq;
		usleep(200000);
	} while (get_stats(fd).seq != seq);
	close(fd);
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
	struct irq_record record;
	__u64 pl031 = get_stats(self->pl031).seq;

	SEND("alarm", 0, 0);
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

/* Return the number of the interrupt with this label in /proc/interrupts, or 0. */
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

/* Time of the last unhandled interrupt, in milliseconds since boot; -1 if unavailable. */
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

/* All handlers of a shared line must agree on IRQF_ONESHOT. */
TEST_F(irq, line_is_shared_with_oneshot_handler)
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
	SEND("ring", SPI_SHARED, 0);
	NEXT(self->pl031, &record);
	EXPECT_EQ(1, record.regs[RTC_MIS]);
	MOVE(3, 0);
	NEXT(self->pl061, &record);
	EXPECT_EQ(1 << 3, record.regs[GPIO_MIS]);
	ASSERT_EQ(0, write_file(DRIVER "unbind", MASKED));
	ASSERT_EQ(0, write_file(DRIVER "unbind", PL061));
	ASSERT_EQ(0, write_file(DRIVER "unbind", PL031));
}

TEST_F(irq, spurious_interrupt_sends_no_packet)
{
	__u64 pl061 = get_stats(self->pl061).seq, pl031 = get_stats(self->pl031).seq;
	unsigned int irq = find_interrupt("pl061");
	long long before = last_unhandled(irq);
	struct irq_record record;

	ASSERT_LT(0, irq);
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
	EXPECT_EQ(64, record.regs[GPIO_MIS]);
	MOVE(6, 0);
	NEXT(self->pl061, &record);
}

/* -- Interrupts faster than their broadcasts -- */

/* Thread that occupies a CPU, so that only hard handlers run there. */
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

/* Return the count of an interrupt, over all CPUs. */
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

/* Move the hard handler and the thread of the interrupt to CPU 1, and this program to CPU 0. */
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

/* Send @edges edges of line 0 while the IRQ thread cannot run. */
#define BURST(edges)									\
do {											\
	unsigned int irq = find_interrupt("pl061");					\
	unsigned long before = count_interrupts(irq);					\
	struct irq_record moved;							\
	struct hog hog;									\
											\
	ASSERT_EQ(0, move_interrupt(irq));						\
	/* The new affinity takes effect with the next interrupt. */			\
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

TEST_F(irq, burst_sends_all_packets_in_order)
{
	long long before = overflows();
	struct irq_record record;
	__u64 last = 0;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "needs two CPUs");
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

TEST_F(irq, overflow_drops_oldest_and_is_counted)
{
	long long before = overflows();
	__u64 seq = get_stats(self->pl061).seq;
	struct irq_record record;
	__u32 count = 0;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "needs two CPUs");
	BURST(QUEUE + 44);
	for (unsigned int i = 1; i <= QUEUE; i++) {
		NEXT(self->pl061, &record);
		/* seq has no gap, irq_count has. */
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

/* -- Properties -- */

TEST_F(irq, properties_set_sizes_and_limits)
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

TEST_F(irq, probe_fails_with_bad_properties)
{
	for (unsigned int i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		int log = log_open();

		ASSERT_LE(0, log);
		EXPECT_EQ(-faults[i].error, write_file(DRIVER "bind", faults[i].device))
			TH_LOG("%s", faults[i].device);
		EXPECT_TRUE(log_contains(log, faults[i].device, faults[i].message))
			TH_LOG("%s: not in the log: %s", faults[i].device, faults[i].message);
		close(log);
	}
	EXPECT_EQ(-ENOENT, sim_open("bad", O_RDONLY));
}

/* Every device of the board is either bound or in faults[]. */
TEST_F(irq, every_bad_device_of_board_is_tested)
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

TEST_F(irq, wakeup_source_enables_wakeup_until_unbind)
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

/* -- Binding and unbinding -- */

TEST_F(irq, unbind_wakes_readers_bind_restarts)
{
	struct irq_record record;
	struct reader reader;

	ASSERT_EQ(0, fcntl(self->pl061, F_SETFL, 0));
	ASSERT_TRUE(reader_start(&reader, self->pl061, sizeof(reader.buffer)));
	ASSERT_TRUE(wait_requests(self->pl061, 1));
	ASSERT_EQ(0, write_file(DRIVER "unbind", PL061));
	EXPECT_EQ(-ENODEV, reader_join(&reader));
	/* The unbound block does not disturb the other one on the line. */
	MOVE(0, 1);
	SEND("ring", SPI_SHARED, 0);
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
		if (send_command(host, "line", i / 2 % 8, 1 - i % 2))
			_exit(1);
	_exit(0);
}

TEST_F(irq, unbind_works_during_edges_with_clients)
{
	struct irq_record record;
	int clients[LIVES], status;
	pid_t mover = fork();

	if (!mover)
		move_much(self->host);
	ASSERT_LT(0, mover);
	for (unsigned int i = 0; i < LIVES; i++) {
		clients[i] = OPEN("pl061");
		usleep(10000 * (i % 5));
		ASSERT_EQ(0, write_file(DRIVER "unbind", PL061));
		ASSERT_EQ(0, write_file(DRIVER "bind", PL061));
	}
	ASSERT_EQ(mover, waitpid(mover, &status, 0));
	EXPECT_EQ(0, status);
	for (unsigned int i = 0; i < LIVES; i++) {
		while (!next_record(clients[i], &record))
			EXPECT_EQ(GPIO_REGISTERS, record.nregs);
		EXPECT_EQ(-ENODEV, read_errno(clients[i], &record, sizeof(record)));
		close(clients[i]);
	}
	/* Edges of the child may still arrive, but the child never sets two lines high. */
	close(self->pl061);
	self->pl061 = OPEN("pl061");
	MOVE(4, 1);
	MOVE(6, 1);
	do {
		NEXT(self->pl061, &record);
	} while (record.regs[GPIO_DATA] != (1 << 4 | 1 << 6));
	MOVE(6, 0);
	NEXT(self->pl061, &record);
	EXPECT_EQ(1 << 4, record.regs[GPIO_DATA]);
	MOVE(4, 0);
	NEXT(self->pl061, &record);
	EXPECT_EQ(0, record.regs[GPIO_DATA]);
}

TEST_F(irq, rmmod_wakes_blocked_read)
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
	bind_good_devices();
	close(self->pl061);
	self->pl061 = OPEN("pl061");
	MOVE(1, 1);
	NEXT(self->pl061, &record);
	EXPECT_EQ(2, record.regs[GPIO_DATA]);
	MOVE(1, 0);
	NEXT(self->pl061, &record);
}

/* The last test, because edges of the toggled line may arrive late. */
TEST_F(irq, interrupt_wakes_suspended_system)
{
	const char *count = DEVICES PL061 "/power/wakeup_active_count";
	struct irq_record record;
	char before[32], after[32];

	if (access("/sys/power/state", F_OK))
		SKIP(return, "this kernel cannot suspend");
	ASSERT_EQ(0, read_file(count, before, sizeof(before)));
	SEND("toggle", 0, 1);
	/* An edge just before the suspend may abort it, which is no error. */
	EXPECT_EQ(0, write_file("/sys/power/state", "freeze"))
		TH_LOG("suspend failed");
	SEND("toggle", 0, 0);
	NEXT(self->pl061, &record);
	EXPECT_EQ(1, record.regs[GPIO_DATA]);
	ASSERT_EQ(0, read_file(count, after, sizeof(after)));
	EXPECT_LT(atoi(before), atoi(after));
}

TEST_HARNESS_MAIN
