// SPDX-License-Identifier: GPL-2.0
/*
 * notify_gpio: on the controller of modules/notify_gpio_chip.c, on the kernel's gpio-sim,
 * and on the lines of a real one that somebody outside moves: see the fixture "board".
 */

#include "sim.h"
#include "gpio_chip.h"
#include "system.h"

#include <linux/notify_gpio.h>
#include <sys/utsname.h>

#define QUEUE		256

/* A packet of notify_gpio as read() returns it. */
struct gpio_record {
	struct notify_multi_record header;
	struct notify_gpio_event event;
};

/* -- Controller in memory. ------------------------------------------------- */

static long long overflows(void)
{
	char text[32];
	int ret = read_file(DEVICE "overflows", text, sizeof(text));

	return ret ? ret : strtoll(text, NULL, 10);
}

/* One record, waited for. */
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

FIXTURE_VARIANT_ADD(gpio, on_a_chip)
{
	.controller = "",
};

FIXTURE_VARIANT_ADD(gpio, behind_a_sleeping_expander)
{
	.controller = "sleeping=1",
};

/* As that of an FPGA, whose interrupts another driver's thread tells apart. */
FIXTURE_VARIANT_ADD(gpio, on_a_chip_with_nested_interrupts)
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

/* Makes the device with those parameters, and opens it. */
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

TEST_F(gpio, each_edge_is_a_packet)
{
	START("");
	OPENED();
	ASSERT_EQ(0, toggle(0, 1));
	EXPECT_EDGE(self->fd, 0, RISING, 1, 1);
	ASSERT_EQ(0, toggle(0, 1));
	EXPECT_EDGE(self->fd, 0, FALLING, 0, 2);
	EXPECT_EQ(2, get_stats(self->fd).seq);
}

TEST_F(gpio, lines_are_told_apart_and_counted_each)
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

TEST_F(gpio, time_is_that_of_the_interrupt)
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

TEST_F(gpio, active_low_line_rises_when_its_voltage_falls)
{
	START("active_low=1");
	OPENED();
	ASSERT_EQ(0, toggle(0, 2));
	EXPECT_EDGE(self->fd, 0, FALLING, 0, 1);
	EXPECT_EDGE(self->fd, 0, RISING, 1, 2);
}

TEST_F(gpio, only_rising_edges)
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

TEST_F(gpio, only_falling_edges_of_an_active_low_line)
{
	struct gpio_record record;

	START("edge=falling active_low=1");
	OPENED();
	/* Up: it becomes inactive. Down: it becomes active. */
	ASSERT_EQ(0, toggle(0, 2));
	ASSERT_EQ(0, toggle(1, 1));
	ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
	EXPECT_EQ(0, record.event.line);
	EXPECT_EQ(FALLING, record.event.edge);
	ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
	EXPECT_EQ(1, record.event.line);
	EXPECT_EQ(FALLING, record.event.edge);
}

TEST_F(gpio, burst_becomes_that_many_packets_in_order)
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
		ASSERT_LT(last, record.header.timestamp_ns);
		last = record.header.timestamp_ns;
	}
	EXPECT_EQ(0, overflows());
}

TEST_F(gpio, level_that_cannot_be_read_is_the_packets_status)
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

TEST_F(gpio, debounced_line_keeps_its_level_while_it_cannot_be_read)
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
	/* Back at what it had settled to: nothing has happened. */
	ASSERT_EQ(0, write_file(PARAMETERS "broken", "0"));
	ASSERT_EQ(0, toggle(0, 1));
	ASSERT_EQ(0, toggle(1, 1));
	/* A guest that is slow may have looked at a line twice. */
	do {
		ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
	} while (record.header.status == -EIO);
	EXPECT_EQ(0, record.header.status);
	EXPECT_EQ(1, record.event.line);
	EXPECT_EQ(FALLING, record.event.edge);
	EXPECT_EQ(0, record.event.level);
}

TEST_F(gpio, bouncing_line_is_one_packet_once_it_is_quiet)
{
	START("debounce_ms=500");
	OPENED();
	ASSERT_EQ(0, toggle(0, 7));
	EXPECT_EDGE(self->fd, 0, RISING, 1, 1);
	ASSERT_EQ(0, toggle(0, 5));
	EXPECT_EDGE(self->fd, 0, FALLING, 0, 2);
	EXPECT_EQ(2, get_stats(self->fd).seq);
}

TEST_F(gpio, line_that_bounces_for_longer_than_its_time_is_not_quiet)
{
	const uint64_t ms = 1000000;
	uint64_t start, before, after, last, longest;
	struct gpio_record record;
	unsigned int count = 0;

	START("debounce_ms=1000");
	OPENED();
	/* A guest that was so slow that the line may have been quiet tries again. */
	do {
		longest = 0;
		start = monotonic_ns();
		last = start;
		ASSERT_EQ(0, toggle(0, 1));
		do {
			/* Not an event to wait for: that the line bounces again. */
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
	/* It tells when the line changed for the last time. */
	EXPECT_LE(before, record.header.timestamp_ns);
	EXPECT_GE(after, record.header.timestamp_ns);
	EXPECT_EQ(0, poll_now(self->fd, POLLIN));
}

TEST_F(gpio, debounced_active_low_line_rises_when_its_voltage_falls)
{
	START("debounce_ms=50 active_low=1");
	OPENED();
	ASSERT_EQ(0, toggle(0, 1));
	EXPECT_EDGE(self->fd, 0, FALLING, 0, 1);
	ASSERT_EQ(0, toggle(0, 1));
	EXPECT_EDGE(self->fd, 0, RISING, 1, 2);
}

TEST_F(gpio, longest_time_to_debounce_is_a_minute)
{
	START("debounce_ms=60000");
	OPENED();
}

TEST_F(gpio, glitch_is_no_packet_where_lines_are_debounced)
{
	START("debounce_ms=500");
	OPENED();
	ASSERT_EQ(0, toggle(0, 2));
	/* The other line settles no earlier, and so tells that the glitch had its time. */
	ASSERT_EQ(0, toggle(1, 1));
	EXPECT_EDGE(self->fd, 1, RISING, 1, 1);
	ASSERT_EQ(0, toggle(0, 1));
	EXPECT_EDGE(self->fd, 0, RISING, 1, 1);
}

/* It is told of microseconds, of which 24 bits reach it. */
TEST_F(gpio, controller_is_asked_to_debounce_only_for_times_that_can_be_said)
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

TEST_F(gpio, only_falling_edges_of_a_debounced_line)
{
	struct pollfd pollfd = { .events = POLLIN };

	START("debounce_ms=50 edge=falling");
	OPENED();
	pollfd.fd = self->fd;
	/* Nothing tells that it has settled high: a guest that was too slow tries again. */
	do {
		ASSERT_EQ(0, toggle(0, 1));
		usleep(200000);
		ASSERT_EQ(0, toggle(0, 1));
	} while (poll(&pollfd, 1, 2000) == 0);
	EXPECT_EDGE(self->fd, 0, FALLING, 0, 1);
	EXPECT_EQ(1, get_stats(self->fd).seq);
}

TEST_F(gpio, properties_size_the_device)
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

TEST_F(gpio, as_many_as_64_lines)
{
	START("lines=64");
	OPENED();
	ASSERT_EQ(0, toggle(63, 1));
	EXPECT_EDGE(self->fd, 63, RISING, 1, 1);
}

TEST_F(gpio, more_than_64_lines_do_not_probe)
{
	START("lines=65");
	EXPECT_EQ(-ENOENT, self->fd);
}

TEST_F(gpio, no_line_does_not_probe)
{
	START("lines=0");
	EXPECT_EQ(-ENOENT, self->fd);
}

TEST_F(gpio, bad_properties_do_not_probe)
{
	static const char * const bad[] = {
		"edge=sideways", "label=", "label=a/b", "debounce_ms=60001",
		"max_packets=4 replay=5", "max_packets=4294967295", "max_requests=4294967295",
		/* It would not be known what the first level is a change of. */
		"debounce_ms=50 broken=1",
	};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		START(bad[i]);
		EXPECT_EQ(-ENOENT, self->fd);
		EXPECT_FALSE(bound())
			TH_LOG("bound with %s", bad[i]);
	}
}

TEST_F(gpio, edge_of_a_wakeup_source_is_a_wake_up)
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

TEST_F(gpio, node_is_that_of_the_device)
{
	START("");
	OPENED();
	EXPECT_EQ(0, access(DEVICE "misc/notify!" NAME, F_OK));
}

TEST_F(gpio, wakeup_source_can_wake_the_system)
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

TEST_F(gpio, unbind_wakes_readers_and_bind_starts_anew)
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

TEST_F(gpio, unbind_while_a_line_settles)
{
	START("debounce_ms=20000");
	OPENED();
	ASSERT_EQ(0, toggle(0, 1));
	ASSERT_EQ(0, write_file(DRIVER "unbind", DEVICE_NAME));
	EXPECT_EQ(POLLHUP, poll_now(self->fd, POLLIN));
}

/* What is not worth doing, or cannot be, behind a sleeping expander too. */
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

TEST_F(chip, edges_that_come_too_fast_are_counted_and_the_newest_kept)
{
	struct gpio_record record;

	START_ON("", "max_packets=1000");
	OPENED();
	ASSERT_EQ(0, toggle(0, QUEUE + 44));
	for (unsigned int i = 1; i <= QUEUE; i++) {
		ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
		/* The device's stream has no gap, the line's has. */
		ASSERT_EQ(i, record.header.seq);
		ASSERT_EQ(0, record.header.dropped);
		ASSERT_EQ(i + 44, record.event.line_seqno);
		ASSERT_EQ(i % 2, record.event.level);
	}
	EXPECT_EQ(44, overflows());
	EXPECT_EQ(QUEUE, get_stats(self->fd).seq);
}

/* The chip's interrupts cannot wake the system: that is a warning, and no more. */
TEST_F(chip, suspend_and_resume_where_lines_cannot_wake)
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

TEST_F(chip, lines_wake_while_the_system_is_suspended_if_the_device_is_to)
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

/* -- The kernel's simulated controller. ------------------------------------ */

#define GPIO_SIM	"/sys/kernel/config/gpio-sim/"
#define SIM_CHIP	GPIO_SIM "kselftest/"
#define SIM_BANK	SIM_CHIP "bank/"
#define SIM_LABEL	"kselftest-gpio-sim"
#define SIM_LINES	8

FIXTURE(simulated)
{
	char lines[192]; /* The directory of those in sysfs. */
	int fd;
};

FIXTURE_VARIANT(simulated)
{
	const char *described;
	bool by_name;
};

FIXTURE_VARIANT_ADD(simulated, by_a_lookup_table)
{
	.described = "nodes=0",
};

FIXTURE_VARIANT_ADD(simulated, by_software_nodes)
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

static int make_simulated(char *lines, size_t size)
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

/* Until Linux 7.0 a controller was found by the name of its software node. */
static bool found_by_name(void)
{
	struct utsname name;

	return !uname(&name) && strtoul(name.release, NULL, 10) < 7;
}

/* notify_gpio on lines of gpio-sim, with those parameters of notify_gpio_chip. */
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
		SKIP(return, "this kernel finds no controller by a node's name");	\
	ASSERT_EQ(0, make_simulated(self->lines, sizeof(self->lines)));			\
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

TEST_F(simulated, each_edge_is_a_packet)
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

TEST_F(simulated, lines_are_told_apart_and_counted_each)
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

TEST_F(simulated, line_that_is_pulled_where_it_is_has_no_edge)
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

TEST_F(simulated, only_rising_edges)
{
	SIMULATE("edge=rising");
	for (unsigned int i = 1; i <= 3; i++) {
		PULL(0, 1);
		EXPECT_EDGE(self->fd, 0, RISING, 1, i);
		PULL(0, 0);
	}
	EXPECT_EQ(3, get_stats(self->fd).seq);
}

TEST_F(simulated, only_falling_edges_of_an_active_low_line)
{
	SIMULATE("edge=falling active_low=1");
	for (unsigned int i = 1; i <= 3; i++) {
		PULL(0, 1);
		EXPECT_EDGE(self->fd, 0, FALLING, 0, i);
		PULL(0, 0);
	}
	EXPECT_EQ(3, get_stats(self->fd).seq);
}

TEST_F(simulated, bouncing_line_is_one_packet_once_it_is_quiet)
{
	SIMULATE("debounce_ms=500");
	for (unsigned int i = 0; i < 7; i++)
		PULL(0, 1 - i % 2);
	EXPECT_EDGE(self->fd, 0, RISING, 1, 1);
	EXPECT_EQ(1, get_stats(self->fd).seq);
}

TEST_F(simulated, each_edge_reaches_two_opens)
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

/* -- A real controller. ---------------------------------------------------- */

/*
 * A line of a real controller is moved by somebody outside: "@line LINE LEVEL" is written
 * to $NOTIFY_GPIO_LINES, and LINE is the controller's. "@toggle LINE 1" has it moved again
 * and again, until "@toggle LINE 0". The board has these devices:
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

/* Lines of their own, whatever the console is in the middle of. */
static int ask(const char *mover, const char *what, unsigned int line, unsigned int level)
{
	char text[32];

	snprintf(text, sizeof(text), "\n@%s %u %u\n", what, line, level);
	return write_file(mover, text);
}

#define MOVE(line, level) ASSERT_EQ(0, ask(self->mover, "line", line, level))

#define BOARD(name)								\
do {										\
	if (!self->mover || access(NOTIFY_DIR name, F_OK))			\
		SKIP(return, "nobody moves the lines of " NOTIFY_DIR name " here"); \
	self->fd = sim_open(name, O_RDONLY | O_NONBLOCK);			\
	ASSERT_LE(0, self->fd);							\
} while (0)

TEST_F(board, each_edge_reaches_two_opens)
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

TEST_F(board, edges_keep_their_order_across_lines)
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

TEST_F(board, only_rising_edges)
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

TEST_F(board, active_low_line)
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

/* The last test: edges of the line that wakes the system may come late. */
TEST_F(board, edge_wakes_the_suspended_system)
{
	const char *count = "/sys/devices/platform/buttons/power/wakeup_active_count";
	struct gpio_record record;
	char before[32], after[32];

	BOARD("buttons");
	ASSERT_EQ(0, read_file(count, before, sizeof(before)));
	ASSERT_EQ(0, ask(self->mover, "toggle", 0, 1));
	/* An edge that comes before the system sleeps may keep it awake: that is no error. */
	EXPECT_EQ(0, write_file("/sys/power/state", "freeze"))
		TH_LOG("suspend failed");
	ASSERT_EQ(0, ask(self->mover, "toggle", 0, 0));
	ASSERT_EQ(sizeof(record), next_record(self->fd, &record));
	EXPECT_EQ(0, record.event.line);
	ASSERT_EQ(0, read_file(count, after, sizeof(after)));
	EXPECT_LT(atoi(before), atoi(after));
}

TEST_HARNESS_MAIN
