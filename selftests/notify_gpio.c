// SPDX-License-Identifier: GPL-2.0
/*
 * notify_gpio on lines of test_modules/notify_gpio_chip.c, of the kernel's gpio-sim, also through
 * its gpio-aggregator, and of a board.
 */

#include "board.h"
#include "gpio_chip.h"
#include "kmsg.h"
#include "node_watch.h"
#include "source.h"

#include <sys/utsname.h>

#define RISING	NOTIFY_GPIO_EDGE_RISING
#define FALLING	NOTIFY_GPIO_EDGE_FALLING

/* -- gpio-sim -- */

#define GPIO_SIM	"/sys/kernel/config/gpio-sim/"
#define SIM_CHIP	GPIO_SIM "kselftest/"
#define SIM_BANK	SIM_CHIP "bank/"
#define SIM_LABEL	"kselftest-gpio-sim"

/* Directory of the lines in sysfs; empty if the lines are those of notify_gpio_chip. */
static char sim_lines[192];

static void remove_gpio_sim(void)
{
	if (access(SIM_CHIP, F_OK))
		return;
	write_file(SIM_CHIP "live", "0");
	rmdir(SIM_BANK);
	rmdir(SIM_CHIP);
}

/* gpio-aggregator on lines of gpio-sim. */

#define AGGREGATORS	"/sys/kernel/config/gpio-aggregator/"
#define AGGREGATOR	AGGREGATORS "kselftest/"
#define AGGREGATOR_LABEL "gpio-aggregator.0"
#define AGGREGATED	8

static void remove_aggregator(void)
{
	char path[96];

	if (access(AGGREGATOR, F_OK))
		return;
	write_file(AGGREGATOR "live", "0");
	for (unsigned int i = 0; i < AGGREGATED; i++) {
		snprintf(path, sizeof(path), AGGREGATOR "line%u", i);
		rmdir(path);
	}
	rmdir(AGGREGATOR);
}

static int create_aggregator(void)
{
	char path[96], offset[8], label[64];
	int ret = errno_of(mkdir(AGGREGATOR, 0700));

	for (unsigned int i = 0; i < AGGREGATED && !ret; i++) {
		snprintf(path, sizeof(path), AGGREGATOR "line%u", i);
		ret = errno_of(mkdir(path, 0700));
		snprintf(path, sizeof(path), AGGREGATOR "line%u/key", i);
		ret = ret ?: write_file(path, SIM_LABEL);
		snprintf(path, sizeof(path), AGGREGATOR "line%u/offset", i);
		snprintf(offset, sizeof(offset), "%u", i);
		ret = ret ?: write_file(path, offset);
	}
	ret = ret ?: write_file(AGGREGATOR "live", "1") ?:
	      read_file(AGGREGATOR "dev_name", label, sizeof(label));
	return ret ?: strcmp(label, AGGREGATOR_LABEL) ? -EEXIST : 0;
}

static int create_gpio_sim(void)
{
	char device[64], chip[64];
	int ret;

	remove_aggregator();
	remove_gpio_sim();
	if (mkdir(SIM_CHIP, 0700) || mkdir(SIM_BANK, 0700))
		return -errno;
	ret = write_file(SIM_BANK "num_lines", "8") ?: write_file(SIM_BANK "label", SIM_LABEL) ?:
	      write_file(SIM_CHIP "live", "1") ?:
	      read_file(SIM_CHIP "dev_name", device, sizeof(device)) ?:
	      read_file(SIM_BANK "chip_name", chip, sizeof(chip));
	if (!ret)
		snprintf(sim_lines, sizeof(sim_lines), "/sys/devices/platform/%s/%s", device, chip);
	return ret;
}

static int toggle_gpio_sim(unsigned int line, unsigned int count)
{
	char path[256], value[8];
	int ret = 0;

	while (count-- && !ret) {
		snprintf(path, sizeof(path), "%s/sim_gpio%u/value", sim_lines, line);
		ret = read_file(path, value, sizeof(value));
		snprintf(path, sizeof(path), "%s/sim_gpio%u/pull", sim_lines, line);
		if (!ret)
			ret = write_file(path, *value == '0' ? "pull-up" : "pull-down");
	}
	return ret;
}

/* -- Device on lines of a controller -- */

/* Create the device on lines of @controller. */
static int create_device(const char *controller, const char *parameters)
{
	char text[256];
	int ret;

	snprintf(text, sizeof(text), "%s %s", controller, parameters);
	ret = load_chip(text);
	return ret ? ret : write_file(GPIO_CHIP_PARAMETERS "device", "1");
}

static int open_device(const char *name)
{
	struct gpio_record state;
	int fd = sim_open(name, O_RDONLY);

	/* The last packet, which is the state at probe until there is an edge. */
	return fd < 0 ? fd : next_record(fd, &state, sizeof(state)) ?: fd;
}

/* self->fd is a negative errno if the device did not probe. */
#define CREATE_ON(controller, parameters)						\
do {											\
	int ret = create_device(controller, parameters);				\
											\
	if (ret == -ENOENT)								\
		SKIP(return, "no " GPIO_CHIP ".ko in $NOTIFY_MULTI_MODULES");		\
	ASSERT_EQ(0, ret);								\
	self->fd = open_device(GPIO_NAME);						\
} while (0)

#define START_ON(controller, parameters)						\
do {											\
	CREATE_ON(controller, parameters);						\
	ASSERT_LE(0, self->fd);								\
} while (0)

#define START(parameters) START_ON(variant->controller, parameters)

#define TOGGLE_TIMES(line, count)							\
	ASSERT_EQ(0, *sim_lines ? toggle_gpio_sim(line, count) : toggle(line, count))
#define TOGGLE(line) TOGGLE_TIMES(line, 1)

#define EXPECT_EDGE(expected_line, expected_edge, expected_seqno)			\
do {											\
	struct gpio_record got;								\
											\
	NEXT(self->fd, &got);								\
	EXPECT_EQ(sizeof(got.event), got.header.size);					\
	EXPECT_EQ(0, got.header.status);						\
	EXPECT_EQ(expected_line, got.event.line);					\
	EXPECT_EQ(expected_edge, got.event.edge);					\
	EXPECT_EQ((expected_edge) == RISING, got.event.level);				\
	EXPECT_EQ(got.event.level, got.event.levels >> (expected_line) & 1);		\
	EXPECT_EQ(expected_seqno, got.event.line_seqno);				\
} while (0)

FIXTURE(gpio) { int fd; };

FIXTURE_VARIANT(gpio)
{
	const char *controller;
	bool simulated;
	bool aggregated;
	unsigned int version;
};

FIXTURE_VARIANT_ADD(gpio, hard_handler) { .controller = "" };

/* An expander. */
FIXTURE_VARIANT_ADD(gpio, expander) { .controller = "sleeping=1 nested=1" };

/* Interrupts have a hard handler, but levels can only be read in the thread. */
FIXTURE_VARIANT_ADD(gpio, sleeping) { .controller = "sleeping=1" };

/* Levels can be read in any context, but interrupts are nested, as in an FPGA. */
FIXTURE_VARIANT_ADD(gpio, nested) { .controller = "nested=1" };

/* Older kernels have no lines in software nodes. */
FIXTURE_VARIANT_ADD(gpio, software_nodes) { .controller = "nodes=1", .version = 602 };
FIXTURE_VARIANT_ADD(gpio, gpio_sim) { .controller = "controller=" SIM_LABEL, .simulated = true };
FIXTURE_VARIANT_ADD(gpio, gpio_aggregator)
{
	.controller = "controller=" AGGREGATOR_LABEL, .simulated = true, .aggregated = true
};

/* Return true if the levels of a burst are read after its last edge. */
static bool reads_level_in_thread(const char *controller)
{
	struct utsname name;

	if (strstr(controller, "nested=1"))
		return false;
	uname(&name);
	return strstr(controller, "sleeping=1") || strstr(name.version, "PREEMPT_RT");
}

static unsigned int kernel_version(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	uname(&name);
	sscanf(name.release, "%u.%u", &major, &minor);
	return major * 100 + minor;
}

FIXTURE_SETUP(gpio)
{
	self->fd = -1;
	if (kernel_version() < variant->version)
		SKIP(return, "this kernel has no lines in software nodes");
	if (!variant->simulated)
		return;
	if (access(GPIO_SIM, F_OK))
		load_module("gpio-sim", "");
	if (access(GPIO_SIM, F_OK))
		SKIP(return, "this kernel has no gpio-sim");
	if (variant->aggregated && access(AGGREGATORS, F_OK))
		SKIP(return, "this kernel has no gpio-aggregator");
	ASSERT_EQ(0, create_gpio_sim());
	if (variant->aggregated)
		ASSERT_EQ(0, create_aggregator());
}

FIXTURE_TEARDOWN(gpio)
{
	close(self->fd);
	EXPECT_EQ(0, unload_chip());
	remove_aggregator();
	remove_gpio_sim();
}

TEST_F(gpio, reports_edges_selected_by_properties)
{
	static const struct {
		const char *parameters;
		unsigned int first, second;	/* edges of two toggles; 0: not reported */
	} cases[] = {
		{ "", RISING, FALLING },
		{ "active_low=1", FALLING, RISING },
		{ "edge=rising", RISING, 0 },
		{ "edge=falling active_low=1", FALLING, 0 },
		{ "debounce_ms=50 active_low=1", FALLING, RISING },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned int seqno = 0;

		TH_LOG("parameters: %s", cases[i].parameters);
		START(cases[i].parameters);
		for (unsigned int round = 0; round < 3; round++) {
			TOGGLE(0);
			EXPECT_EDGE(0, cases[i].first, ++seqno);
			TOGGLE(0);
			if (cases[i].second)
				EXPECT_EDGE(0, cases[i].second, ++seqno);
		}
		EXPECT_EQ(seqno, edges_sent(self->fd));
		close(self->fd);
	}
}

TEST_F(gpio, lines_have_own_index_and_seqno)
{
	START("lines=8");
	for (unsigned int line = 0; line < 8; line++) {
		TOGGLE(line);
		EXPECT_EDGE(line, RISING, 1);
	}
	for (unsigned int line = 8; line-- > 0;) {
		TOGGLE(line);
		EXPECT_EDGE(line, FALLING, 2);
	}
	EXPECT_EQ(16, edges_sent(self->fd));
}

/* The controller has recorded a time after the last handler, when no IRQ thread could run yet. */
TEST_F(gpio, timestamp_is_time_of_handler)
{
	struct gpio_record record;
	uint64_t last;

	if (variant->simulated)
		SKIP(return, "gpio-sim does not record the time");
	START("");
	last = monotonic_ns();
	ASSERT_EQ(0, toggle(0, 3));
	for (unsigned int i = 0; i < 3; i++) {
		NEXT(self->fd, &record);
		EXPECT_LE(last, record.header.timestamp_ns);
		last = record.header.timestamp_ns;
	}
	EXPECT_GE(chip_number("handled_ns"), last);
}

TEST_F(gpio, burst_sends_all_packets_in_order)
{
	struct gpio_record record;

	if (variant->simulated)
		SKIP(return, "edges of gpio-sim merge");
	START("");
	ASSERT_EQ(0, toggle(0, SOURCE_QUEUE));
	for (unsigned int i = 1; i <= SOURCE_QUEUE; i++) {
		unsigned int level = i % 2 && !reads_level_in_thread(variant->controller);

		NEXT(self->fd, &record);
		ASSERT_EQ(i + 1, record.header.seq);
		ASSERT_EQ(i, record.event.line_seqno);
		ASSERT_EQ(level, record.event.level);
		ASSERT_EQ(level ? RISING : FALLING, record.event.edge);
		ASSERT_EQ(level == i % 2 ? 0 : NOTIFY_GPIO_UNCHANGED,
			  record.event.flags & (i % 2 ? ~0U : 0));
	}
	EXPECT_EQ(0, device_number(GPIO_DEVICE, "overflows"));
}

TEST_F(gpio, level_read_error_is_packet_status)
{
	struct gpio_record record;

	if (variant->simulated)
		SKIP(return, "levels of gpio-sim can always be read");
	START("");
	ASSERT_EQ(0, write_file(GPIO_CHIP_PARAMETERS "broken", "1"));
	TOGGLE(1);
	NEXT(self->fd, &record);
	EXPECT_EQ(-EIO, record.header.status);
	EXPECT_EQ(1, record.event.line);
	EXPECT_EQ(0, record.event.level);
	EXPECT_EQ(NOTIFY_GPIO_EDGE_NONE, record.event.edge);
}

/* All interrupts of a burst are handled after its last edge. */
TEST_F(gpio, edge_never_contradicts_level)
{
	struct gpio_record record;
	unsigned int level = 0, last = 0;

	if (variant->simulated)
		SKIP(return, "interrupts of gpio-sim cannot be delayed");
	START("");
	ASSERT_EQ(0, write_file(GPIO_CHIP_PARAMETERS "late", "1"));
	for (unsigned int count = 1; count <= 4; count++) {
		ASSERT_EQ(0, toggle(1, count));
		level ^= count % 2;
		for (unsigned int i = 0; i < count; i++) {
			NEXT(self->fd, &record);
			EXPECT_EQ(1, record.event.line);
			EXPECT_EQ(level, record.event.level);
			EXPECT_EQ(level ? RISING : FALLING, record.event.edge);
			EXPECT_EQ(level == last ? NOTIFY_GPIO_UNCHANGED : 0, record.event.flags);
			EXPECT_EQ(level << 1, record.event.levels);
			last = level;
		}
	}
}

/* The pulse is over when its interrupt is handled. */
TEST_F(gpio, short_pulse_sends_requested_edge)
{
	if (variant->simulated)
		SKIP(return, "interrupts of gpio-sim cannot be delayed");
	START("edge=rising");
	ASSERT_EQ(0, write_file(GPIO_CHIP_PARAMETERS "late", "1"));
	for (unsigned int i = 1; i <= 3; i++) {
		TOGGLE_TIMES(0, 2);
		EXPECT_EDGE(0, RISING, i);
	}
	EXPECT_EQ(3, edges_sent(self->fd));
}

TEST_F(gpio, levels_has_last_level_of_every_line)
{
	struct gpio_record record;
	uint64_t levels = 0;

	START("lines=8 active_low=1");
	for (unsigned int i = 0; i < 24; i++) {
		unsigned int line = i * 3 % 8;

		TOGGLE(line);
		NEXT(self->fd, &record);
		/* Without an edge, an active-low line is active. */
		levels = (i ? levels : 0xff) ^ 1 << line;
		EXPECT_EQ(levels, record.event.levels);
		EXPECT_EQ(levels >> line & 1, record.event.level);
		EXPECT_EQ(0, record.event.flags);
		EXPECT_EQ(0, record.event.reserved);
	}
}

TEST_F(gpio, get_levels_reads_lines_now)
{
	struct notify_gpio_levels levels;
	struct gpio_record record;

	START("lines=8");
	levels = get_levels(self->fd);
	EXPECT_EQ(0, levels.levels);
	EXPECT_EQ(0xff, levels.valid);
	EXPECT_EQ(1, levels.seq);
	TOGGLE(3);
	levels = get_levels(self->fd);
	EXPECT_EQ(8, levels.levels);
	EXPECT_LE(levels.seq, get_stats(self->fd).seq);
	NEXT(self->fd, &record);
	EXPECT_EQ(record.header.seq, get_levels(self->fd).seq);
}

/* The IRQ thread cannot run in between, at least on a single CPU. */
TEST_F(gpio, get_levels_follows_edges_before_call)
{
	struct sched_param highest = { .sched_priority = sched_get_priority_max(SCHED_FIFO) };
	struct notify_gpio_levels levels;

	if (variant->simulated)
		SKIP(return, "interrupts of gpio-sim are delayed");
	START("");
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO, &highest));
	TOGGLE(1);
	levels = get_levels(self->fd);
	EXPECT_EQ(2, levels.levels);
	EXPECT_EQ(2, levels.seq);
	EXPECT_EDGE(1, RISING, 1);
}

/* In a Gray code of eight lines, one of 256 consecutive states has the levels. */
static unsigned int gray_position(uint64_t levels)
{
	unsigned int position = 0;

	for (; levels; levels >>= 1)
		position ^= levels;
	return position;
}

/*
 * While lines are toggled, levels are not older than the record with their seq, and not newer than
 * the last record.
 */
TEST_F(gpio, get_levels_is_ordered_by_seq)
{
	enum { EDGES = 600, SAMPLES = 100 };
	struct notify_gpio_levels samples[SAMPLES];
	unsigned int positions[EDGES + 2] = { };
	struct gpio_record record;
	unsigned int last;
	pid_t child;

	if (variant->simulated || reads_level_in_thread(variant->controller))
		SKIP(return, "records have later levels than those at the edges");
	START("lines=8 max_packets=1000");
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		for (unsigned int i = 1; i <= EDGES; i++)
			if (toggle(i & 0x7f ? __builtin_ctz(i) : 7, 1))
				_exit(1);
		_exit(0);
	}
	for (unsigned int i = 0; i < SAMPLES; i++)
		samples[i] = get_levels(self->fd);
	EXPECT_EQ(child, waitpid(child, NULL, 0));
	for (unsigned int i = 1; i <= EDGES; i++) {
		NEXT(self->fd, &record);
		ASSERT_EQ(i + 1, record.header.seq);
		positions[i + 1] = gray_position(record.event.levels);
	}
	last = positions[EDGES + 1];
	for (unsigned int i = 0; i < SAMPLES; i++) {
		unsigned int seq = samples[i].seq;
		unsigned int ahead = gray_position(samples[i].levels) - positions[seq];

		ASSERT_LE(i ? samples[i - 1].seq : 1, seq);
		ASSERT_GE(EDGES + 1, seq);
		ASSERT_GE(EDGES + 1 - seq, ahead % 256);
	}
	EXPECT_EQ(last, gray_position(get_levels(self->fd).levels));
}

/* Longer than several edges take: each edge of gpio-sim is a system call. */
#define DEBOUNCE (variant->simulated ? "debounce_ms=500" : "debounce_ms=100")

TEST_F(gpio, bouncing_line_sends_one_packet)
{
	START(DEBOUNCE);
	TOGGLE_TIMES(0, 7);
	EXPECT_EDGE(0, RISING, 1);
	TOGGLE_TIMES(0, 5);
	EXPECT_EDGE(0, FALLING, 2);
	EXPECT_EQ(2, edges_sent(self->fd));
}

TEST_F(gpio, debounced_glitch_sends_no_packet)
{
	START(DEBOUNCE);
	TOGGLE_TIMES(0, 2);
	/* When the other line has settled, the glitch has, too. */
	TOGGLE(1);
	EXPECT_EDGE(1, RISING, 1);
	TOGGLE(0);
	EXPECT_EDGE(0, RISING, 1);
}

TEST_F(gpio, edge_falling_applies_to_debounced_line)
{
	struct pollfd pollfd = { .events = POLLIN };

	START("debounce_ms=50 edge=falling");
	pollfd.fd = self->fd;
	/* No packet reports that the line has settled high: retry if the guest was too slow. */
	do {
		TOGGLE(0);
		usleep(200000);
		TOGGLE(0);
	} while (poll(&pollfd, 1, 2000) == 0);
	EXPECT_EDGE(0, FALLING, 1);
	EXPECT_EQ(1, edges_sent(self->fd));
}

TEST_F(gpio, edge_of_wakeup_source_counts_as_wakeup)
{
	const char *const parameters[] = { "", "wakeup=1", "wakeup=1 debounce_ms=50" };

	if (!can_suspend())
		SKIP(return, "this kernel cannot suspend");
	for (unsigned int i = 0; i < 3; i++) {
		START(parameters[i]);
		TOGGLE(0);
		EXPECT_EQ(0, next_record(self->fd, &(struct gpio_record){ },
					 sizeof(struct gpio_record)));
		EXPECT_EQ(i ? 1 : -ENOENT,
			  device_number(GPIO_DEVICE, "power/wakeup_active_count"));
		ASSERT_EQ(0, write_file(GPIO_DRIVER "unbind", GPIO_DEVICE));
		EXPECT_EQ(-ENOENT, device_number(GPIO_DEVICE, "power/wakeup_active_count"));
		close(self->fd);
	}
}

TEST_F(gpio, unbind_wakes_readers_bind_restarts)
{
	struct reader reader;

	START("");
	TOGGLE(0);
	EXPECT_EDGE(0, RISING, 1);
	ASSERT_TRUE(reader_start(&reader, self->fd, sizeof(struct gpio_record)));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	ASSERT_EQ(0, write_file(GPIO_DRIVER "unbind", GPIO_DEVICE));
	EXPECT_EQ(-ENODEV, reader_join(&reader));
	ASSERT_EQ(0, write_file(GPIO_DRIVER "bind", GPIO_DEVICE));
	close(self->fd);
	self->fd = open_device(GPIO_NAME);
	ASSERT_LE(0, self->fd);
	TOGGLE(0);
	EXPECT_EDGE(0, FALLING, 1);
}

/* Nothing but the driver links the device to the controller of a lookup table. */
TEST_F(gpio, removed_controller_removes_device)
{
	struct gpio_record record;
	struct reader reader;
	int idle;

	START("");
	idle = open_device(GPIO_NAME);
	ASSERT_LE(0, idle);
	TOGGLE(0);
	EXPECT_EDGE(0, RISING, 1);
	ASSERT_TRUE(reader_start(&reader, self->fd, sizeof(struct gpio_record)));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	ASSERT_EQ(0, variant->aggregated ? write_file(AGGREGATOR "live", "0") :
		     variant->simulated ? write_file(SIM_CHIP "live", "0") : set_chip_bound(false));
	EXPECT_EQ(-ENODEV, reader_join(&reader));
	EXPECT_NE(0, access(NOTIFY_DIR GPIO_NAME, F_OK));
	EXPECT_EQ(POLLIN | POLLHUP, poll_now(idle, POLLIN));
	NEXT(idle, &record);
	EXPECT_EQ(1, record.event.levels);
	EXPECT_EQ(-ENODEV, read_errno(idle, &record, sizeof(record)));
	close(idle);
	if (variant->simulated)
		return;
	ASSERT_EQ(0, set_chip_bound(true));
	ASSERT_TRUE(wait_node(GPIO_NAME));
	close(self->fd);
	self->fd = open_device(GPIO_NAME);
	ASSERT_LE(0, self->fd);
	TOGGLE(0);
	EXPECT_EDGE(0, FALLING, 1);
}

/* -- Tests that do not depend on the controller -- */

FIXTURE(chip) { int fd; };

FIXTURE_SETUP(chip)
{
	self->fd = -1;
}

FIXTURE_TEARDOWN(chip)
{
	close(self->fd);
	EXPECT_EQ(0, unload_chip());
}

TEST_F(chip, edge_that_is_not_requested_sends_no_packet)
{
	const char *const controllers[] = { "any_edge=1", "any_edge=1 nested=1" };
	struct gpio_record record;

	for (unsigned int i = 0; i < ARRAY_SIZE(controllers); i++) {
		START_ON(controllers[i], "edge=falling");
		for (unsigned int round = 1; round <= 3; round++) {
			TOGGLE(0);
			TOGGLE(0);
			EXPECT_EDGE(0, FALLING, round);
		}
		TOGGLE(0);
		TOGGLE(1);
		TOGGLE(1);
		NEXT(self->fd, &record);
		EXPECT_EQ(1, record.event.line);
		/* Line 0 is high, although no packet has reported the edge. */
		EXPECT_EQ(1, record.event.levels);
		EXPECT_EQ(4, edges_sent(self->fd));
		close(self->fd);
	}
}

TEST_F(chip, overflow_drops_oldest_and_is_counted)
{
	struct gpio_record record;

	START_ON("", "max_packets=1000");
	ASSERT_EQ(0, toggle(0, SOURCE_QUEUE + 44));
	for (unsigned int i = 1; i <= SOURCE_QUEUE; i++) {
		NEXT(self->fd, &record);
		/* seq has no gap, line_seqno has. */
		ASSERT_EQ(i + 1, record.header.seq);
		ASSERT_EQ(0, record.header.dropped);
		ASSERT_EQ(i + 44, record.event.line_seqno);
		ASSERT_EQ(i % 2 && !reads_level_in_thread(""), record.event.level);
	}
	EXPECT_EQ(44, device_number(GPIO_DEVICE, "overflows"));
	EXPECT_EQ(SOURCE_QUEUE, edges_sent(self->fd));
}

TEST_F(chip, get_levels_of_unreadable_lines_are_last_observed)
{
	struct notify_gpio_levels levels;

	START_ON("", "");
	TOGGLE(1);
	EXPECT_EDGE(1, RISING, 1);
	ASSERT_EQ(0, write_file(GPIO_CHIP_PARAMETERS "broken", "1"));
	levels = get_levels(self->fd);
	EXPECT_EQ(0, levels.valid);
	EXPECT_EQ(2, levels.levels);
	EXPECT_EQ(2, levels.seq);
}

/* Line 0 changes after it has been read. */
TEST_F(chip, get_levels_precedes_edges_during_call)
{
	struct sched_param highest = { .sched_priority = sched_get_priority_max(SCHED_FIFO) };
	struct notify_gpio_levels levels;

	START_ON("", "");
	ASSERT_EQ(0, sched_setscheduler(0, SCHED_FIFO, &highest));
	ASSERT_EQ(0, write_file(GPIO_CHIP_PARAMETERS "moving", "1"));
	levels = get_levels(self->fd);
	EXPECT_EQ(0, levels.levels);
	EXPECT_EQ(1, levels.seq);
	EXPECT_EDGE(0, RISING, 1);
	levels = get_levels(self->fd);
	EXPECT_EQ(1, levels.levels);
	EXPECT_EQ(2, levels.seq);
}

TEST_F(chip, get_levels_of_bouncing_line_is_debounced)
{
	START_ON("", "debounce_ms=60000");
	TOGGLE(0);
	EXPECT_EQ(0, get_levels(self->fd).levels);
	EXPECT_EQ(3, get_levels(self->fd).valid);
}

TEST_F(chip, ioctls_return_errors)
{
	struct notify_gpio_line line;

	START_ON("", "");
	EXPECT_EQ(0, get_line(self->fd, 1, &line));
	EXPECT_EQ(-EINVAL, get_line(self->fd, 2, &line));
	EXPECT_EQ(-EINVAL, get_line(self->fd, ~0U, &line));
	EXPECT_EQ(-EFAULT, errno_of(ioctl(self->fd, NOTIFY_GPIO_IOC_GET_LEVELS, NULL)));
	EXPECT_EQ(-EFAULT, errno_of(ioctl(self->fd, NOTIFY_GPIO_IOC_GET_LINE, NULL)));
	EXPECT_EQ(-ENOTTY, errno_of(ioctl(self->fd, _IOR('N', 0xbf, struct notify_gpio_levels),
					  &line)));
	ASSERT_EQ(0, write_file(GPIO_DRIVER "unbind", GPIO_DEVICE));
	EXPECT_EQ(-ENODEV, get_line(self->fd, 1, &line));
	EXPECT_EQ(-ENODEV, errno_of(ioctl(self->fd, NOTIFY_GPIO_IOC_GET_LEVELS, &line)));
}

TEST_F(chip, get_line_returns_flags_of_software_node)
{
	struct notify_gpio_line line;

	if (kernel_version() < 602)
		SKIP(return, "this kernel has no lines in software nodes");
	START_ON("nodes=1", "active_low=1 pull_up=1");
	EXPECT_EQ(0, get_line(self->fd, 1, &line));
	EXPECT_EQ(NOTIFY_GPIO_LINE_ACTIVE_LOW | NOTIFY_GPIO_LINE_PULL_UP, line.flags);
}

TEST_F(chip, debounced_level_survives_read_error)
{
	struct gpio_record record;

	START_ON("", "debounce_ms=50");
	TOGGLE(0);
	EXPECT_EDGE(0, RISING, 1);
	TOGGLE(1);
	EXPECT_EDGE(1, RISING, 1);
	ASSERT_EQ(0, write_file(GPIO_CHIP_PARAMETERS "broken", "1"));
	TOGGLE(0);
	NEXT(self->fd, &record);
	EXPECT_EQ(-EIO, record.header.status);
	/* Back at the last debounced level: no packet. */
	ASSERT_EQ(0, write_file(GPIO_CHIP_PARAMETERS "broken", "0"));
	TOGGLE(0);
	TOGGLE(1);
	/* On a slow guest, the debounce work may have run twice. */
	do {
		NEXT(self->fd, &record);
	} while (record.header.status == -EIO);
	EXPECT_EQ(0, record.header.status);
	EXPECT_EQ(1, record.event.line);
	EXPECT_EQ(FALLING, record.event.edge);
	EXPECT_EQ(0, record.event.level);
}

TEST_F(chip, bounce_restarts_debounce_time)
{
	const uint64_t ms = 1000000;
	uint64_t start, before, after, last, longest;
	struct gpio_record record;
	unsigned int count = 0;

	START_ON("", "debounce_ms=500");
	/* Retry if the guest was too slow to keep the line bouncing. */
	do {
		longest = 0;
		start = monotonic_ns();
		last = start;
		TOGGLE(0);
		do {
			usleep(25000);
			before = monotonic_ns();
			ASSERT_EQ(0, toggle(0, 2));
			after = monotonic_ns();
			if (after - last > longest)
				longest = after - last;
			last = before;
		} while (after - start < 700 * ms);
		NEXT(self->fd, &record);
		count++;
		EXPECT_EQ(count, record.event.line_seqno);
		EXPECT_EQ(count % 2, record.event.level);
	} while (longest > 150 * ms);
	/*
	 * The timestamp is that of the last bounce, not of the debounce timer later. On
	 * PREEMPT_RT, the bounce's interrupt can run after the write has returned.
	 */
	EXPECT_LE(before, record.header.timestamp_ns);
	EXPECT_GE(after + 250 * ms, record.header.timestamp_ns);
	EXPECT_EQ(0, poll_now(self->fd, POLLIN));
}

/* Also with forced threading, as on PREEMPT_RT. */
TEST_F(chip, debounced_timestamp_is_time_of_handler)
{
	struct gpio_record record;
	uint64_t start;

	START_ON("", "debounce_ms=50");
	start = monotonic_ns();
	ASSERT_EQ(0, toggle(0, 3));
	NEXT(self->fd, &record);
	EXPECT_LE(start, record.header.timestamp_ns);
	EXPECT_GE(chip_number("handled_ns"), record.header.timestamp_ns);
}

/* Suspending must wait for the packet: the debounce timer does not wake the system. */
TEST_F(chip, autosleep_waits_for_debounced_packet)
{
	char count[32];

	if (access("/sys/power/wakeup_count", F_OK))
		SKIP(return, "this kernel cannot suspend");
	START_ON("", "wakeup=1 debounce_ms=500");
	TOGGLE(0);
	/* The thread of the interrupt has begun. */
	ASSERT_TRUE(wait_device_number(GPIO_DEVICE, "power/wakeup_active_count", 1));
	/* As autosleep: wait until no wakeup source is active. */
	ASSERT_EQ(0, read_file("/sys/power/wakeup_count", count, sizeof(count)));
	EXPECT_EQ(POLLIN, poll_now(self->fd, POLLIN));
	EXPECT_EDGE(0, RISING, 1);
}

TEST_F(chip, debounced_wakeup_source_is_active_until_packet)
{
	const char *const controllers[] = { "", "sleeping=1 nested=1" };

	if (!can_suspend())
		SKIP(return, "this kernel cannot suspend");
	for (unsigned int i = 0; i < ARRAY_SIZE(controllers); i++) {
		START_ON(controllers[i], "wakeup=1 debounce_ms=2000");
		EXPECT_EQ(0, device_number(GPIO_DEVICE, "power/wakeup_active"));
		TOGGLE(0);
		TOGGLE_TIMES(1, 2);
		EXPECT_EQ(1, device_number(GPIO_DEVICE, "power/wakeup_active"));
		EXPECT_EDGE(0, RISING, 1);
		/* Also for the glitch of line 1, which sends no packet. */
		EXPECT_TRUE(wait_device_number(GPIO_DEVICE, "power/wakeup_active", 0));
		EXPECT_LE(1, device_number(GPIO_DEVICE, "power/wakeup_active_count"));
		close(self->fd);
	}
}

/* pinconf arguments are 24 bits, in microseconds. */
TEST_F(chip, debounce_over_24_bits_is_done_in_software)
{
	START_ON("", "debounce_ms=16777");
	EXPECT_EQ(16777000, chip_number("debounce_us"));
	close(self->fd);
	START_ON("", "debounce_ms=16778");
	EXPECT_EQ(0, chip_number("debounce_us"));
}

TEST_F(chip, former_debounce_property_is_accepted)
{
	START_ON("", "debounce_ms=7 debounce=debounce-interval-ms");
	EXPECT_EQ(7000, chip_number("debounce_us"));
}

TEST_F(chip, unbind_cancels_longest_debounce)
{
	START_ON("", "debounce_ms=60000");
	TOGGLE(0);
	EXPECT_EQ(0, poll_now(self->fd, POLLIN));
	ASSERT_EQ(0, write_file(GPIO_DRIVER "unbind", GPIO_DEVICE));
	EXPECT_EQ(POLLHUP, poll_now(self->fd, POLLIN));
}

TEST_F(chip, properties_set_sizes_and_limits)
{
	struct notify_multi_info info;

	START_ON("", "");
	EXPECT_EQ(1, get_info(self->fd).replay);
	close(self->fd);
	START_ON("", "max_packets=33 max_requests=5 replay=7");
	info = get_info(self->fd);
	EXPECT_EQ(sizeof(struct notify_gpio_event), info.packet_size);
	EXPECT_EQ(33, info.max_packets);
	EXPECT_EQ(5, info.max_requests);
	EXPECT_EQ(7, info.replay);
}

TEST_F(chip, probe_accepts_64_lines)
{
	START_ON("", "lines=64");
	TOGGLE(63);
	EXPECT_EDGE(63, RISING, 1);
}

TEST_F(chip, probe_fails_with_bad_properties)
{
	const char *const bad[] = {
		"lines=0", "lines=65", "edge=sideways", "label=a/b", "debounce_ms=60001",
		"max_packets=4 replay=5", "max_packets=4294967295", "max_requests=4294967295",
		"broken=1", "label= wrong_type=label", "wrong_type=notify-multi,edge",
		"wrong_type=notify-multi,clock", "wrong_type=notify-multi,max-packets",
		"wrong_type=notify-multi,max-requests", "wrong_type=notify-multi,replay",
		"wrong_type=debounce-delay-ms", "wrong_type=gpio-line-names",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		CREATE_ON("", bad[i]);
		EXPECT_EQ(-ENOENT, self->fd);
		EXPECT_NE(0, access(GPIO_DRIVER GPIO_DEVICE, F_OK))
			TH_LOG("bound with %s", bad[i]);
	}
}

/* The level of line 0 is known from its edge only. */
TEST_F(chip, edge_during_probe_changes_first_state)
{
	CREATE_ON("early=1", "debounce_ms=5 edge=rising");
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(5000, chip_number("debounce_us"));
	EXPECT_EQ(1, get_levels(self->fd).levels);
	EXPECT_EQ(1, get_levels(self->fd).seq);
	close(self->fd);
	self->fd = sim_open(GPIO_NAME, O_RDONLY);
	EXPECT_STATE(self->fd, 1, 0, 1);
}

/* The interrupts are not requested yet. */
TEST_F(chip, silent_change_during_probe_is_debounced)
{
	uint64_t start = monotonic_ns();
	struct gpio_record record;

	START_ON("changing=1", "debounce_ms=500");
	close(self->fd);
	self->fd = sim_open(GPIO_NAME, O_RDONLY);
	do {
		NEXT(self->fd, &record);
	} while (record.event.levels != 3);
	EXPECT_EQ(RISING, record.event.edge);
	EXPECT_LE(start, record.header.timestamp_ns);
}

TEST_F(chip, failed_probe_never_creates_node)
{
	const char *const bad[] = { "refuses_irq=1", "refuses_irq=1 debounce_ms=50" };
	const struct sim_config config = { .packet_size = 1 };
	int watch;

	/* The directory exists only while it has a node. */
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		watch = node_watch_start();
		ASSERT_LE(0, watch);
		CREATE_ON(bad[i], "");
		EXPECT_EQ(-ENOENT, self->fd);
		EXPECT_FALSE(node_watch_end(watch, GPIO_NAME));
	}
	watch = node_watch_start();
	ASSERT_LE(0, watch);
	START_ON("", "");
	EXPECT_TRUE(node_watch_end(watch, GPIO_NAME));
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

/* Return 0 if the attributes exist when a node appears. */
static ssize_t wait_for_attributes(void *watch)
{
	struct sched_param highest = { .sched_priority = sched_get_priority_max(SCHED_FIFO) };
	struct pollfd pollfd = { .fd = *(int *)watch, .events = POLLIN };

	if (sched_setscheduler(0, SCHED_FIFO, &highest))
		return -errno;
	if (poll(&pollfd, 1, 20000) != 1)
		return -ETIMEDOUT;
	return errno_of(access(GPIO_DEVICE_DIR "lines", F_OK));
}

/* On a single CPU, the thread runs before the probe continues. */
TEST_F(chip, attributes_exist_before_node)
{
	const struct sim_config config = { .packet_size = 1 };
	struct thread thread;
	int watch;

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	watch = node_watch_start();
	ASSERT_LE(0, watch);
	ASSERT_TRUE(thread_start_asleep(&thread, wait_for_attributes, &watch));
	START_ON("", "");
	EXPECT_EQ(0, thread_join(&thread));
	EXPECT_TRUE(node_watch_end(watch, GPIO_NAME));
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

TEST_F(chip, node_without_label_has_name_of_device)
{
	CREATE_ON("", "label=");
	self->fd = open_device(GPIO_DEVICE);
	ASSERT_LE(0, self->fd);
	TOGGLE(0);
	EXPECT_EDGE(0, RISING, 1);
}

TEST_F(chip, misc_device_has_platform_device_as_parent)
{
	START_ON("", "");
	EXPECT_EQ(0, access(GPIO_DEVICE_DIR "misc/notify!" GPIO_NAME, F_OK));
}

/* Lines without wakeup support only cause a warning. */
TEST_F(chip, suspend_works_without_wakeup_support)
{
	int log = log_open(), ret;

	START_ON("", "wakeup=1");
	ret = suspend_devices();
	if (ret == -ENOENT)
		SKIP(return, "this kernel has no /sys/power/pm_test");
	ASSERT_EQ(0, ret);
	EXPECT_TRUE(log_contains(log, GPIO_DEVICE, "cannot enable wakeup"));
	close(log);
	TOGGLE(0);
	EXPECT_EDGE(0, RISING, 1);
}

TEST_F(chip, wakeup_is_armed_only_during_suspend)
{
	for (unsigned int wakeup = 0; wakeup < 2; wakeup++) {
		int ret;

		START_ON("wakes=1 lines=3", wakeup ? "wakeup=1" : "");
		ret = suspend_devices();
		if (ret == -ENOENT)
			SKIP(return, "this kernel has no /sys/power/pm_test");
		ASSERT_EQ(0, ret);
		EXPECT_EQ(wakeup ? 3 : 0, chip_number("wakes_on"));
		EXPECT_EQ(wakeup ? 3 : 0, chip_number("wakes_off"));
		close(self->fd);
	}
}

/* Lines without interrupts while the system is suspended. */
TEST_F(chip, resume_reports_changed_lines)
{
	START_ON("", "lines=4");
	TOGGLE(1);
	EXPECT_EDGE(1, RISING, 1);
	ASSERT_EQ(0, write_file(GPIO_CHIP_PARAMETERS "silent", "1"));
	TOGGLE(1);
	TOGGLE(3);
	ASSERT_EQ(0, write_file(GPIO_CHIP_PARAMETERS "silent", "0"));
	EXPECT_EQ(0, poll_now(self->fd, POLLIN));
	if (suspend_devices() == -ENOENT)
		SKIP(return, "this kernel has no /sys/power/pm_test");
	EXPECT_STATE(self->fd, 3, 1, 8);
	EXPECT_STATE(self->fd, 4, 3, 8);
	TOGGLE(3);
	EXPECT_EDGE(3, FALLING, 1);
}

/* The thread of an expander may run after the state has been reported. */
TEST_F(chip, late_interrupt_after_resume_sends_no_other_edge)
{
	struct gpio_record record;

	START_ON("any_edge=1 nested=1", "edge=falling");
	ASSERT_EQ(0, write_file(GPIO_CHIP_PARAMETERS "silent", "1"));
	TOGGLE(0);
	if (suspend_devices() == -ENOENT)
		SKIP(return, "this kernel has no /sys/power/pm_test");
	EXPECT_STATE(self->fd, 2, 0, 1);
	/* Silently back and up again, with the interrupt of the first edge only. */
	TOGGLE(0);
	ASSERT_EQ(0, write_file(GPIO_CHIP_PARAMETERS "silent", "0"));
	TOGGLE(0);
	TOGGLE(1);
	TOGGLE(1);
	NEXT(self->fd, &record);
	EXPECT_EQ(1, record.event.line);
	EXPECT_EQ(1, record.event.levels);
}

TEST_F(chip, resume_reports_debounced_change_as_edge)
{
	struct gpio_record record;
	uint64_t start;

	START_ON("", "debounce_ms=50");
	/* Afterwards, the debouncing that the probe began is over. */
	TOGGLE(1);
	EXPECT_EDGE(1, RISING, 1);
	ASSERT_EQ(0, write_file(GPIO_CHIP_PARAMETERS "silent", "1"));
	TOGGLE(1);
	start = monotonic_ns();
	if (suspend_devices() == -ENOENT)
		SKIP(return, "this kernel has no /sys/power/pm_test");
	NEXT(self->fd, &record);
	EXPECT_EQ(1, record.event.line);
	EXPECT_EQ(FALLING, record.event.edge);
	EXPECT_LE(start, record.header.timestamp_ns);
}

/* -- Board -- */

/*
 * The board has these devices:
 *
 *     buttons    lines 0 and 1, both edges, wakeup source
 *     rising     line 2, edge "rising"
 *     inverted   line 4, active low
 */
FIXTURE(board) { int fd; };

FIXTURE_SETUP(board)
{
	self->fd = -1;
	if (!board_has_host() || access(NOTIFY_DIR "buttons", F_OK))
		SKIP(return, "no host that sets the lines of " NOTIFY_DIR "buttons");
}

FIXTURE_TEARDOWN(board)
{
	close(self->fd);
}

#define OPEN(name)									\
do {											\
	self->fd = open_device(name);						\
	ASSERT_LE(0, self->fd);								\
} while (0)

TEST_F(board, edges_keep_order_across_lines)
{
	struct gpio_record record;
	uint64_t last = 0;

	OPEN("buttons");
	for (unsigned int i = 0; i < 10; i++) {
		MOVE(0, 1);
		MOVE(1, 1);
		MOVE(0, 0);
		MOVE(1, 0);
	}
	for (unsigned int i = 0; i < 40; i++) {
		NEXT(self->fd, &record);
		EXPECT_EQ(i % 2, record.event.line);
		EXPECT_EQ(i % 4 < 2 ? RISING : FALLING, record.event.edge);
		EXPECT_EQ(i % 4 < 2, record.event.level);
		EXPECT_LT(last, record.header.timestamp_ns);
		last = record.header.timestamp_ns;
	}
}

TEST_F(board, node_sets_edge_and_active_low)
{
	struct gpio_record record;

	OPEN("rising");
	for (unsigned int i = 0; i < 3; i++) {
		MOVE(2, 1);
		MOVE(2, 0);
		NEXT(self->fd, &record);
		EXPECT_EQ(RISING, record.event.edge);
	}
	EXPECT_EQ(0, poll_now(self->fd, POLLIN));
	close(self->fd);
	OPEN("inverted");
	for (unsigned int level = 0; level < 2; level++) {
		MOVE(4, !level);
		NEXT(self->fd, &record);
		EXPECT_EQ(level ? RISING : FALLING, record.event.edge);
		EXPECT_EQ(level, record.event.level);
	}
}

/* The device is no wakeup source. The interrupt is repeated, so no state is reported as well. */
TEST_F(board, edge_during_suspend_is_reported_at_resume)
{
	struct gpio_record record;
	__u64 seq;

	if (access(BOARD_ALARM, F_OK))
		SKIP(return, "no RTC that wakes the system");
	OPEN("inverted");
	seq = get_stats(self->fd).seq;
	for (unsigned int level = 0; level < 2; level++) {
		SUSPEND(MOVE(4, !level));
		NEXT(self->fd, &record);
		EXPECT_EQ(++seq, record.header.seq);
		EXPECT_EQ(0, record.event.line);
		EXPECT_EQ(level ? RISING : FALLING, record.event.edge);
		EXPECT_EQ(level, record.event.level);
		EXPECT_EQ(level, record.event.levels);
		EXPECT_EQ(0, poll_now(self->fd, POLLIN));
	}
}

/* The level is read at resume. */
TEST_F(board, pulse_during_suspend_is_reported_as_unchanged)
{
	struct gpio_record record;

	if (access(BOARD_ALARM, F_OK))
		SKIP(return, "no RTC that wakes the system");
	OPEN("inverted");
	SUSPEND(MOVE(4, 1); MOVE(4, 0));
	NEXT(self->fd, &record);
	EXPECT_EQ(RISING, record.event.edge);
	EXPECT_EQ(1, record.event.level);
	EXPECT_EQ(NOTIFY_GPIO_UNCHANGED, record.event.flags);
}

/* The last test, because edges of the toggled line may arrive late. */
TEST_F(board, edge_wakes_suspended_system)
{
	long long wakeups = device_number("buttons", "power/wakeup_active_count");
	struct gpio_record record;

	OPEN("buttons");
	ASSERT_LE(0, wakeups);
	SEND("toggle", 0, 1);
	/* An edge just before the suspend may abort it, which is no error. */
	EXPECT_EQ(0, write_file("/sys/power/state", "freeze"))
		TH_LOG("suspend failed");
	SEND("toggle", 0, 0);
	NEXT(self->fd, &record);
	EXPECT_EQ(0, record.event.line);
	EXPECT_LT(wakeups, device_number("buttons", "power/wakeup_active_count"));
}

TEST_HARNESS_MAIN
