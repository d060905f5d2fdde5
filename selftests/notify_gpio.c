// SPDX-License-Identifier: GPL-2.0
/*
 * notify_gpio on three kinds of controllers: modules/notify_gpio_chip.c, the kernel's gpio-sim,
 * and an emulated one whose lines the host sets (fixture "board").
 */

#include "sim.h"
#include "gpio_chip.h"
#include "system.h"

#include <linux/notify_gpio.h>
#include <sys/utsname.h>

#define QUEUE		256

struct gpio_record {
	struct notify_multi_record header;
	struct notify_gpio_event event;
};

/* -- Controller in memory -- */

static long long overflows(void)
{
	char text[32];
	int ret = read_file(DEVICE "overflows", text, sizeof(text));

	return ret ? ret : strtoll(text, NULL, 10);
}

/* Wait for a record and read it. */
static ssize_t next_record(int fd, struct gpio_record *record)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	memset(record, 0, sizeof(*record));
	if (poll(&pollfd, 1, -1) != 1)
		return -ETIME;
	return read_errno(fd, record, sizeof(*record));
}

#define EXPECT_EDGE(fd, expected_line, expected_edge, expected_level, expected_seqno)	\
do {											\
	struct gpio_record got;								\
											\
	ASSERT_EQ(sizeof(got), next_record(fd, &got));					\
	EXPECT_EQ(sizeof(got.event), got.header.size);					\
	EXPECT_EQ(0, got.header.status);						\
	EXPECT_EQ(expected_line, got.event.line);					\
	EXPECT_EQ(expected_edge, got.event.edge);					\
	EXPECT_EQ(expected_level, got.event.level);					\
	EXPECT_EQ(expected_seqno, got.event.line_seqno);				\
} while (0)

#define RISING	NOTIFY_GPIO_EDGE_RISING
#define FALLING	NOTIFY_GPIO_EDGE_FALLING

FIXTURE(gpio)
{
	int fd;
};

FIXTURE_VARIANT(gpio)
{
	const char *controller;
};

FIXTURE_VARIANT_ADD(gpio, direct)
{
	.controller = "",
};

FIXTURE_VARIANT_ADD(gpio, sleeping)
{
	.controller = "sleeping=1",
};

/* Levels can be read in any context, but interrupts are nested, as in an FPGA. */
FIXTURE_VARIANT_ADD(gpio, nested)
{
	.controller = "nested=1",
};

FIXTURE_SETUP(gpio)
{
	self->fd = -1;
}

FIXTURE_TEARDOWN(gpio)
{
	if (self->fd >= 0)
		close(self->fd);
	EXPECT_EQ(0, unload_chip());
}

/* Create the device with these parameters, and open it. */
#define START_ON(controller, parameters)						\
do {											\
	char start[256];								\
	int ret;									\
											\
	snprintf(start, sizeof(start), "%s %s", controller, parameters);		\
	ret = load_chip(start);								\
	if (ret == -ENOENT)								\
		SKIP(return, "no " CHIP ".ko in $NOTIFY_MULTI_MODULES");		\
	ASSERT_EQ(0, ret);								\
	ASSERT_EQ(0, write_file(PARAMETERS "device", "1"));				\
	self->fd = sim_open(NAME, O_RDONLY | O_NONBLOCK);				\
} while (0)

#define START(parameters) START_ON(variant->controller, parameters)

#define OPENED() ASSERT_LE(0, self->fd)

TEST_F(gpio, edge_sends_packet)
{
	START("");
	OPENED();
	ASSERT_EQ(0, toggle(0, 1));
	EXPECT_EDGE(self->fd, 0, RISING, 1, 1);
	ASSERT_EQ(0, toggle(0, 1));
	EXPECT_EDGE(self->fd, 0, FALLING, 0, 2);
	EXPECT_EQ(2, get_stats(self->fd).seq);
}

TEST_F(gpio, lines_have_own_index_and_seqno)
{
	START("lines=3");
	OPENED();
	ASSERT_EQ(0, toggle(2, 1));
	ASSERT_EQ(0, toggle(0, 1));
	ASSERT_EQ(0, toggle(2, 1));
	EXPECT_EDGE(self->fd, 2, RISING, 1, 1);
	EXPECT_EDGE(self->fd, 0, RISING, 1, 1);
	EXPECT_EDGE(self->fd, 2, FALLING, 0, 2);
}

static uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

TEST_F(gpio, timestamp_is_time_of_interrupt)
{
	struct gpio_record record;
	uint64_t before, after;

	START("");
	OPENED();
	before = monotonic_ns();
	ASSERT_EQ(0, toggle(0, 1));
	after = monotonic_ns();
	ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
	EXPECT_LE(before, record.header.timestamp_ns);
	EXPECT_GE(after, record.header.timestamp_ns);
}

TEST_F(gpio, active_low_line_rises_on_falling_voltage)
{
	START("active_low=1");
	OPENED();
	ASSERT_EQ(0, toggle(0, 2));
	EXPECT_EDGE(self->fd, 0, FALLING, 0, 1);
	EXPECT_EDGE(self->fd, 0, RISING, 1, 2);
}

TEST_F(gpio, edge_rising_reports_rising_edges_only)
{
	START("edge=rising");
	OPENED();
	ASSERT_EQ(0, toggle(0, 4));
	for (unsigned int i = 1; i <= 2; i++) {
		struct gpio_record record;

		ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
		EXPECT_EQ(RISING, record.event.edge);
		EXPECT_EQ(i, record.event.line_seqno);
	}
	EXPECT_EQ(0, poll_now(self->fd, POLLIN));
}

TEST_F(gpio, edge_falling_applies_active_low)
{
	struct gpio_record record;

	START("edge=falling active_low=1");
	OPENED();
	/* A rising voltage makes the line inactive, a falling one active. */
	ASSERT_EQ(0, toggle(0, 2));
	ASSERT_EQ(0, toggle(1, 1));
	ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
	EXPECT_EQ(0, record.event.line);
	EXPECT_EQ(FALLING, record.event.edge);
	ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
	EXPECT_EQ(1, record.event.line);
	EXPECT_EQ(FALLING, record.event.edge);
}

TEST_F(gpio, burst_sends_all_packets_in_order)
{
	uint64_t last = 0;

	START("");
	OPENED();
	ASSERT_EQ(0, toggle(0, QUEUE));
	for (unsigned int i = 1; i <= QUEUE; i++) {
		struct gpio_record record;

		ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
		ASSERT_EQ(i, record.header.seq);
		ASSERT_EQ(i, record.event.line_seqno);
		ASSERT_EQ(i % 2, record.event.level);
		ASSERT_EQ(i % 2 ? RISING : FALLING, record.event.edge);
		ASSERT_LE(last, record.header.timestamp_ns);
		last = record.header.timestamp_ns;
	}
	EXPECT_EQ(0, overflows());
}

TEST_F(gpio, level_read_error_is_packet_status)
{
	struct gpio_record record;

	START("");
	OPENED();
	ASSERT_EQ(0, write_file(PARAMETERS "broken", "1"));
	ASSERT_EQ(0, toggle(1, 1));
	ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
	EXPECT_EQ(-EIO, record.header.status);
	EXPECT_EQ(1, record.event.line);
	EXPECT_EQ(0, record.event.level);
}

TEST_F(gpio, debounced_level_survives_read_error)
{
	struct gpio_record record;

	START("debounce_ms=50");
	OPENED();
	ASSERT_EQ(0, toggle(0, 1));
	EXPECT_EDGE(self->fd, 0, RISING, 1, 1);
	ASSERT_EQ(0, toggle(1, 1));
	EXPECT_EDGE(self->fd, 1, RISING, 1, 1);
	ASSERT_EQ(0, write_file(PARAMETERS "broken", "1"));
	ASSERT_EQ(0, toggle(0, 1));
	ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
	EXPECT_EQ(-EIO, record.header.status);
	/* Back at the last debounced level: no packet. */
	ASSERT_EQ(0, write_file(PARAMETERS "broken", "0"));
	ASSERT_EQ(0, toggle(0, 1));
	ASSERT_EQ(0, toggle(1, 1));
	/* On a slow guest, the debounce work may have run twice. */
	do {
		ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
	} while (record.header.status == -EIO);
	EXPECT_EQ(0, record.header.status);
	EXPECT_EQ(1, record.event.line);
	EXPECT_EQ(FALLING, record.event.edge);
	EXPECT_EQ(0, record.event.level);
}

TEST_F(gpio, bouncing_line_sends_one_packet)
{
	START("debounce_ms=500");
	OPENED();
	ASSERT_EQ(0, toggle(0, 7));
	EXPECT_EDGE(self->fd, 0, RISING, 1, 1);
	ASSERT_EQ(0, toggle(0, 5));
	EXPECT_EDGE(self->fd, 0, FALLING, 0, 2);
	EXPECT_EQ(2, get_stats(self->fd).seq);
}

TEST_F(gpio, bounce_restarts_debounce_time)
{
	const uint64_t ms = 1000000;
	uint64_t start, before, after, last, longest;
	struct gpio_record record;
	unsigned int count = 0;

	START("debounce_ms=1000");
	OPENED();
	/* Retry if the guest was too slow to keep the line bouncing. */
	do {
		longest = 0;
		start = monotonic_ns();
		last = start;
		ASSERT_EQ(0, toggle(0, 1));
		do {
			usleep(50000);
			before = monotonic_ns();
			ASSERT_EQ(0, toggle(0, 2));
			after = monotonic_ns();
			if (after - last > longest)
				longest = after - last;
			last = before;
		} while (after - start < 1300 * ms);
		ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
		count++;
		EXPECT_EQ(count, record.event.line_seqno);
		EXPECT_EQ(count % 2, record.event.level);
	} while (longest > 300 * ms);
	/* The timestamp is that of the last bounce. */
	EXPECT_LE(before, record.header.timestamp_ns);
	EXPECT_GE(after, record.header.timestamp_ns);
	EXPECT_EQ(0, poll_now(self->fd, POLLIN));
}

TEST_F(gpio, debounce_applies_active_low)
{
	START("debounce_ms=50 active_low=1");
	OPENED();
	ASSERT_EQ(0, toggle(0, 1));
	EXPECT_EDGE(self->fd, 0, FALLING, 0, 1);
	ASSERT_EQ(0, toggle(0, 1));
	EXPECT_EDGE(self->fd, 0, RISING, 1, 2);
}

TEST_F(gpio, debounce_accepts_one_minute)
{
	START("debounce_ms=60000");
	OPENED();
}

TEST_F(gpio, debounced_glitch_sends_no_packet)
{
	START("debounce_ms=500");
	OPENED();
	ASSERT_EQ(0, toggle(0, 2));
	/* When the other line has settled, the glitch has, too. */
	ASSERT_EQ(0, toggle(1, 1));
	EXPECT_EDGE(self->fd, 1, RISING, 1, 1);
	ASSERT_EQ(0, toggle(0, 1));
	EXPECT_EDGE(self->fd, 0, RISING, 1, 1);
}

/* pinconf arguments are 24 bits, in microseconds. */
TEST_F(gpio, debounce_over_24_bits_is_done_in_software)
{
	char text[32];

	START("debounce_ms=16777");
	OPENED();
	ASSERT_EQ(0, read_file(PARAMETERS "debounce_us", text, sizeof(text)));
	EXPECT_STREQ("16777000", text);
	close(self->fd);
	START("debounce_ms=16778");
	OPENED();
	ASSERT_EQ(0, read_file(PARAMETERS "debounce_us", text, sizeof(text)));
	EXPECT_STREQ("0", text);
}

TEST_F(gpio, edge_falling_applies_to_debounced_line)
{
	struct pollfd pollfd = { .events = POLLIN };

	START("debounce_ms=50 edge=falling");
	OPENED();
	pollfd.fd = self->fd;
	/* No packet reports that the line has settled high: retry if the guest was too slow. */
	do {
		ASSERT_EQ(0, toggle(0, 1));
		usleep(200000);
		ASSERT_EQ(0, toggle(0, 1));
	} while (poll(&pollfd, 1, 2000) == 0);
	EXPECT_EDGE(self->fd, 0, FALLING, 0, 1);
	EXPECT_EQ(1, get_stats(self->fd).seq);
}

TEST_F(gpio, properties_set_sizes_and_limits)
{
	struct notify_multi_info info;

	START("max_packets=33 max_requests=5 replay=7");
	OPENED();
	info = get_info(self->fd);
	EXPECT_EQ(sizeof(struct notify_gpio_event), info.packet_size);
	EXPECT_EQ(33, info.max_packets);
	EXPECT_EQ(5, info.max_requests);
	EXPECT_EQ(7, info.replay);
}

TEST_F(gpio, probe_accepts_64_lines)
{
	START("lines=64");
	OPENED();
	ASSERT_EQ(0, toggle(63, 1));
	EXPECT_EDGE(self->fd, 63, RISING, 1, 1);
}

TEST_F(gpio, probe_fails_with_65_lines)
{
	START("lines=65");
	EXPECT_EQ(-ENOENT, self->fd);
}

TEST_F(gpio, probe_fails_without_lines)
{
	START("lines=0");
	EXPECT_EQ(-ENOENT, self->fd);
}

TEST_F(gpio, probe_fails_with_bad_properties)
{
	static const char * const bad[] = {
		"edge=sideways", "label=", "label=a/b", "debounce_ms=60001",
		"max_packets=4 replay=5", "max_packets=4294967295", "max_requests=4294967295",
		/* Debouncing needs an initial level. */
		"debounce_ms=50 broken=1",
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		START(bad[i]);
		EXPECT_EQ(-ENOENT, self->fd);
		EXPECT_FALSE(bound())
			TH_LOG("bound with %s", bad[i]);
	}
}

TEST_F(gpio, edge_of_wakeup_source_counts_as_wakeup)
{
	static const char *const parameters[] = { "wakeup=1", "wakeup=1 debounce_ms=50" };
	struct gpio_record record;
	char text[32];

	if (access("/sys/power/state", F_OK))
		SKIP(return, "this kernel cannot suspend");
	for (unsigned int i = 0; i < 2; i++) {
		START(parameters[i]);
		OPENED();
		ASSERT_EQ(0, toggle(0, 1));
		ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
		ASSERT_EQ(0, read_file(DEVICE "power/wakeup_active_count", text, sizeof(text)));
		EXPECT_STREQ("1", text);
		close(self->fd);
	}
	self->fd = -1;
}

TEST_F(gpio, misc_device_has_platform_device_as_parent)
{
	START("");
	OPENED();
	EXPECT_EQ(0, access(DEVICE "misc/notify!" NAME, F_OK));
}

TEST_F(gpio, wakeup_source_enables_wakeup_until_unbind)
{
	char text[32];

	if (access("/sys/power/state", F_OK))
		SKIP(return, "this kernel cannot suspend");
	START("wakeup=1");
	OPENED();
	ASSERT_EQ(0, read_file(DEVICE "power/wakeup", text, sizeof(text)));
	EXPECT_STREQ("enabled", text);
	ASSERT_EQ(0, write_file(DRIVER "unbind", DEVICE_NAME));
	EXPECT_EQ(-ENOENT, read_file(DEVICE "power/wakeup", text, sizeof(text)));
}

TEST_F(gpio, unbind_wakes_readers_bind_restarts)
{
	struct reader reader;

	START("");
	OPENED();
	ASSERT_EQ(0, toggle(0, 1));
	EXPECT_EDGE(self->fd, 0, RISING, 1, 1);
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, 0));
	ASSERT_TRUE(reader_start(&reader, self->fd, sizeof(struct gpio_record)));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	ASSERT_EQ(0, write_file(DRIVER "unbind", DEVICE_NAME));
	EXPECT_EQ(-ENODEV, reader_join(&reader));
	ASSERT_EQ(0, write_file(DRIVER "bind", DEVICE_NAME));
	close(self->fd);
	self->fd = sim_open(NAME, O_RDONLY | O_NONBLOCK);
	OPENED();
	ASSERT_EQ(0, toggle(0, 1));
	EXPECT_EDGE(self->fd, 0, FALLING, 0, 1);
}

TEST_F(gpio, unbind_works_during_debounce)
{
	START("debounce_ms=20000");
	OPENED();
	ASSERT_EQ(0, toggle(0, 1));
	ASSERT_EQ(0, write_file(DRIVER "unbind", DEVICE_NAME));
	EXPECT_EQ(POLLHUP, poll_now(self->fd, POLLIN));
}

/* Tests that need only one kind of interrupt. */
FIXTURE(chip)
{
	int fd;
};

FIXTURE_SETUP(chip)
{
	self->fd = -1;
}

FIXTURE_TEARDOWN(chip)
{
	if (self->fd >= 0)
		close(self->fd);
	EXPECT_EQ(0, unload_chip());
}

TEST_F(chip, overflow_drops_oldest_and_is_counted)
{
	struct gpio_record record;

	START_ON("", "max_packets=1000");
	OPENED();
	ASSERT_EQ(0, toggle(0, QUEUE + 44));
	for (unsigned int i = 1; i <= QUEUE; i++) {
		ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
		/* seq has no gap, line_seqno has. */
		ASSERT_EQ(i, record.header.seq);
		ASSERT_EQ(0, record.header.dropped);
		ASSERT_EQ(i + 44, record.event.line_seqno);
		ASSERT_EQ(i % 2, record.event.level);
	}
	EXPECT_EQ(44, overflows());
	EXPECT_EQ(QUEUE, get_stats(self->fd).seq);
}

/* Lines without wakeup support only cause a warning. */
TEST_F(chip, suspend_works_without_wakeup_support)
{
	int ret;

	START_ON("", "wakeup=1");
	OPENED();
	ret = suspend_devices();
	if (ret == -ENOENT)
		SKIP(return, "this kernel has no /sys/power/pm_test");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, toggle(0, 1));
	EXPECT_EDGE(self->fd, 0, RISING, 1, 1);
}

static long long chip_count(const char *parameter)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), PARAMETERS "%s", parameter);
	return read_file(path, text, sizeof(text)) ? -1 : strtoll(text, NULL, 10);
}

TEST_F(chip, wakeup_is_armed_only_during_suspend)
{
	for (unsigned int wakeup = 0; wakeup < 2; wakeup++) {
		int ret;

		START_ON("wakes=1 lines=3", wakeup ? "wakeup=1" : "");
		OPENED();
		ret = suspend_devices();
		if (ret == -ENOENT)
			SKIP(return, "this kernel has no /sys/power/pm_test");
		ASSERT_EQ(0, ret);
		EXPECT_EQ(wakeup ? 3 : 0, chip_count("wakes_on"));
		EXPECT_EQ(wakeup ? 3 : 0, chip_count("wakes_off"));
		close(self->fd);
	}
	self->fd = -1;
}

/* -- gpio-sim -- */

#define GPIO_SIM	"/sys/kernel/config/gpio-sim/"
#define SIM_CHIP	GPIO_SIM "kselftest/"
#define SIM_BANK	SIM_CHIP "bank/"
#define SIM_LABEL	"kselftest-gpio-sim"
#define SIM_LINES	8

FIXTURE(simulated)
{
	char lines[192]; /* Directory of the lines in sysfs. */
	int fd;
};

FIXTURE_VARIANT(simulated)
{
	const char *described;
	bool by_name;
};

FIXTURE_VARIANT_ADD(simulated, lookup_table)
{
	.described = "nodes=0",
};

FIXTURE_VARIANT_ADD(simulated, software_nodes)
{
	.described = "nodes=1",
	.by_name = true,
};

static void remove_simulated(void)
{
	if (access(SIM_CHIP, F_OK))
		return;
	write_file(SIM_CHIP "live", "0");
	rmdir(SIM_BANK);
	rmdir(SIM_CHIP);
}

static int create_simulated(char *lines, size_t size)
{
	char device[64], chip[64];
	int ret;

	remove_simulated();
	if (mkdir(SIM_CHIP, 0700) || mkdir(SIM_BANK, 0700))
		return -errno;
	ret = write_file(SIM_BANK "num_lines", "8");
	if (!ret)
		ret = write_file(SIM_BANK "label", SIM_LABEL);
	if (!ret)
		ret = write_file(SIM_CHIP "live", "1");
	if (!ret)
		ret = read_file(SIM_CHIP "dev_name", device, sizeof(device));
	if (!ret)
		ret = read_file(SIM_BANK "chip_name", chip, sizeof(chip));
	if (!ret)
		snprintf(lines, size, "/sys/devices/platform/%s/%s", device, chip);
	return ret;
}

FIXTURE_SETUP(simulated)
{
	self->fd = -1;
}

FIXTURE_TEARDOWN(simulated)
{
	if (self->fd >= 0)
		close(self->fd);
	EXPECT_EQ(0, unload_chip());
	remove_simulated();
}

/* Before Linux 7.0, the name of a software node identifies the controller. */
static bool found_by_name(void)
{
	struct utsname name;

	return !uname(&name) && strtoul(name.release, NULL, 10) < 7;
}

/* Create a device on lines of gpio-sim with these parameters of notify_gpio_chip. */
#define SIMULATE(parameters)								\
do {											\
	char start[256];								\
	int ret;									\
											\
	if (access(GPIO_SIM, F_OK))							\
		load_module("gpio-sim", "");						\
	if (access(GPIO_SIM, F_OK))							\
		SKIP(return, "this kernel has no gpio-sim");				\
	if (variant->by_name && !found_by_name())					\
		SKIP(return, "no lookup of controllers by node name in this kernel");	\
	ASSERT_EQ(0, create_simulated(self->lines, sizeof(self->lines)));			\
	snprintf(start, sizeof(start), "controller=" SIM_LABEL " %s %s",		\
		 variant->described, parameters);					\
	ret = load_chip(start);								\
	if (ret == -ENOENT)								\
		SKIP(return, "no " CHIP ".ko in $NOTIFY_MULTI_MODULES");		\
	ASSERT_EQ(0, ret);								\
	ASSERT_EQ(0, write_file(PARAMETERS "device", "1"));				\
	self->fd = sim_open(NAME, O_RDONLY | O_NONBLOCK);				\
	ASSERT_LE(0, self->fd);								\
} while (0)

static int pull_line(const char *lines, unsigned int line, unsigned int level)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/sim_gpio%u/pull", lines, line);
	return write_file(path, level ? "pull-up" : "pull-down");
}

#define PULL(line, level) ASSERT_EQ(0, pull_line(self->lines, line, level))

TEST_F(simulated, edge_sends_packet)
{
	SIMULATE("");
	for (unsigned int i = 1; i <= 20; i += 2) {
		PULL(0, 1);
		EXPECT_EDGE(self->fd, 0, RISING, 1, i);
		PULL(0, 0);
		EXPECT_EDGE(self->fd, 0, FALLING, 0, i + 1);
	}
	EXPECT_EQ(20, get_stats(self->fd).seq);
}

TEST_F(simulated, lines_have_own_index_and_seqno)
{
	SIMULATE("lines=8");
	for (unsigned int line = 0; line < SIM_LINES; line++) {
		PULL(line, 1);
		EXPECT_EDGE(self->fd, line, RISING, 1, 1);
	}
	for (unsigned int line = SIM_LINES; line-- > 0;) {
		PULL(line, 0);
		EXPECT_EDGE(self->fd, line, FALLING, 0, 2);
	}
	EXPECT_EQ(2 * SIM_LINES, get_stats(self->fd).seq);
}

TEST_F(simulated, pull_to_same_level_sends_no_packet)
{
	SIMULATE("");
	PULL(0, 0);
	PULL(1, 1);
	PULL(1, 1);
	EXPECT_EDGE(self->fd, 1, RISING, 1, 1);
	PULL(1, 0);
	EXPECT_EDGE(self->fd, 1, FALLING, 0, 2);
	EXPECT_EQ(2, get_stats(self->fd).seq);
}

TEST_F(simulated, edge_rising_reports_rising_edges_only)
{
	SIMULATE("edge=rising");
	for (unsigned int i = 1; i <= 3; i++) {
		PULL(0, 1);
		EXPECT_EDGE(self->fd, 0, RISING, 1, i);
		PULL(0, 0);
	}
	EXPECT_EQ(3, get_stats(self->fd).seq);
}

TEST_F(simulated, edge_falling_applies_active_low)
{
	SIMULATE("edge=falling active_low=1");
	for (unsigned int i = 1; i <= 3; i++) {
		PULL(0, 1);
		EXPECT_EDGE(self->fd, 0, FALLING, 0, i);
		PULL(0, 0);
	}
	EXPECT_EQ(3, get_stats(self->fd).seq);
}

TEST_F(simulated, bouncing_line_sends_one_packet)
{
	SIMULATE("debounce_ms=500");
	for (unsigned int i = 0; i < 7; i++)
		PULL(0, 1 - i % 2);
	EXPECT_EDGE(self->fd, 0, RISING, 1, 1);
	EXPECT_EQ(1, get_stats(self->fd).seq);
}

TEST_F(simulated, edge_reaches_two_clients)
{
	struct gpio_record first, second;
	int other;

	SIMULATE("");
	other = sim_open(NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, other);
	for (unsigned int i = 0; i < 10; i++) {
		PULL(i / 2 % 2, 1 - i % 2);
		ASSERT_EQ(sizeof(first), next_record(self->fd, &first));
		ASSERT_EQ(sizeof(second), next_record(other, &second));
		EXPECT_EQ(0, memcmp(&first, &second, sizeof(first)));
		EXPECT_EQ(i + 1, first.header.seq);
		EXPECT_EQ(i / 2 % 2, first.event.line);
	}
	close(other);
}

/* -- Emulated controller of a board -- */

/*
 * The host sets lines of the controller for commands that are written to $NOTIFY_GPIO_LINES:
 *
 *     @line LINE LEVEL   sets a line
 *     @toggle LINE 1     toggles a line repeatedly, until "@toggle LINE 0"
 *
 * The board has these devices:
 *
 *     buttons    lines 0 and 1, both edges
 *     rising     line 2, edge "rising"
 *     inverted   line 4, active low
 */
FIXTURE(board)
{
	const char *mover;
	int fd;
};

FIXTURE_SETUP(board)
{
	self->fd = -1;
	self->mover = getenv("NOTIFY_GPIO_LINES");
}

FIXTURE_TEARDOWN(board)
{
	if (self->fd >= 0)
		close(self->fd);
}

/* Newlines separate the command from other output of the console. */
static int send_command(const char *mover, const char *command, unsigned int line,
			unsigned int level)
{
	char text[32];

	snprintf(text, sizeof(text), "\n@%s %u %u\n", command, line, level);
	return write_file(mover, text);
}

#define MOVE(line, level) ASSERT_EQ(0, send_command(self->mover, "line", line, level))

#define BOARD(name)								\
do {										\
	if (!self->mover || access(NOTIFY_DIR name, F_OK))			\
		SKIP(return, "no host that sets the lines of " NOTIFY_DIR name); \
	self->fd = sim_open(name, O_RDONLY | O_NONBLOCK);			\
	ASSERT_LE(0, self->fd);							\
} while (0)

TEST_F(board, edge_reaches_two_clients)
{
	struct gpio_record first, second;
	int other;

	BOARD("buttons");
	other = sim_open("buttons", O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, other);
	for (unsigned int i = 0; i < 10; i++) {
		MOVE(i / 2 % 2, 1 - i % 2);
		ASSERT_EQ(sizeof(first), next_record(self->fd, &first));
		ASSERT_EQ(sizeof(second), next_record(other, &second));
		EXPECT_EQ(0, memcmp(&first, &second, sizeof(first)));
		EXPECT_EQ(i / 2 % 2, first.event.line);
		EXPECT_EQ(i % 2 ? FALLING : RISING, first.event.edge);
		EXPECT_EQ(1 - i % 2, first.event.level);
	}
	close(other);
}

TEST_F(board, edges_keep_order_across_lines)
{
	struct gpio_record record;
	uint64_t last = 0;

	BOARD("buttons");
	for (unsigned int i = 0; i < 10; i++) {
		MOVE(0, 1);
		MOVE(1, 1);
		MOVE(0, 0);
		MOVE(1, 0);
	}
	for (unsigned int i = 0; i < 40; i++) {
		ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
		EXPECT_EQ(i % 2, record.event.line);
		EXPECT_EQ(i % 4 < 2, record.event.level);
		EXPECT_LT(last, record.header.timestamp_ns);
		last = record.header.timestamp_ns;
	}
}

TEST_F(board, edge_rising_reports_rising_edges_only)
{
	struct gpio_record record;
	uint32_t seqno = 0;

	BOARD("rising");
	for (unsigned int i = 0; i < 3; i++) {
		MOVE(2, 1);
		MOVE(2, 0);
		ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
		EXPECT_EQ(RISING, record.event.edge);
		if (i)
			EXPECT_EQ(seqno + 1, record.event.line_seqno);
		seqno = record.event.line_seqno;
	}
}

TEST_F(board, active_low_line_inverts_level)
{
	struct gpio_record record;

	BOARD("inverted");
	MOVE(4, 1);
	ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
	EXPECT_EQ(FALLING, record.event.edge);
	EXPECT_EQ(0, record.event.level);
	MOVE(4, 0);
	ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
	EXPECT_EQ(RISING, record.event.edge);
	EXPECT_EQ(1, record.event.level);
}

/* The last test, because edges of the toggled line may arrive late. */
TEST_F(board, edge_wakes_suspended_system)
{
	const char *count = "/sys/devices/platform/buttons/power/wakeup_active_count";
	struct gpio_record record;
	char before[32], after[32];

	BOARD("buttons");
	ASSERT_EQ(0, read_file(count, before, sizeof(before)));
	ASSERT_EQ(0, send_command(self->mover, "toggle", 0, 1));
	/* An edge just before the suspend may abort it, which is no error. */
	EXPECT_EQ(0, write_file("/sys/power/state", "freeze"))
		TH_LOG("suspend failed");
	ASSERT_EQ(0, send_command(self->mover, "toggle", 0, 0));
	ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
	EXPECT_EQ(0, record.event.line);
	ASSERT_EQ(0, read_file(count, after, sizeof(after)));
	EXPECT_LT(atoi(before), atoi(after));
}

TEST_HARNESS_MAIN
