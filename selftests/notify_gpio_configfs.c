// SPDX-License-Identifier: GPL-2.0
/*
 * Devices of notify_gpio that are created at run time, on lines of test_modules/notify_gpio_chip.c.
 */

#include "gpio_chip.h"
#include "kmsg.h"
#include "thread.h"

#define DEVICES		CONFIGFS "/notify_gpio/"
#define NAME		"kselftest-gpio"
#define OTHER		"kselftest-other"
#define RISING		NOTIFY_GPIO_EDGE_RISING
#define FALLING		NOTIFY_GPIO_EDGE_FALLING
#define MAX_LINES	64

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), DEVICES "%s", name);
	return path;
}

static int make(const char *name)
{
	return errno_of(mkdir(path_of(name), 0700));
}

static int drop(const char *name)
{
	return errno_of(rmdir(path_of(name)));
}

static int set(const char *name, const char *value)
{
	return write_file(path_of(name), value);
}

/* Valid until the next call. */
static const char *get(const char *name)
{
	static char text[128];
	int ret = read_file(path_of(name), text, sizeof(text));

	if (ret)
		snprintf(text, sizeof(text), "errno %d", -ret);
	return text;
}

static int make_line(const char *device, unsigned int index, const char *key, const char *offset)
{
	char line[64], attribute[96];
	int ret;

	snprintf(line, sizeof(line), "%s/line%u", device, index);
	ret = make(line);
	snprintf(attribute, sizeof(attribute), "%s/key", line);
	ret = ret ?: set(attribute, key);
	snprintf(attribute, sizeof(attribute), "%s/offset", line);
	return ret ?: set(attribute, offset);
}

static void remove_device(const char *device)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/live", device);
	set(name, "0");
	for (unsigned int i = 0; i < MAX_LINES; i++) {
		snprintf(name, sizeof(name), "%s/line%u", device, i);
		drop(name);
	}
	drop(device);
}

static bool wait_status(const char *status)
{
	for (unsigned int i = 0; i < 2000; i++) {
		if (!strcmp(status, get(NAME "/status")))
			return true;
		usleep(10000);
	}
	return false;
}

#define EXPECT_NODE(exists) EXPECT_EQ((exists) ? 0 : -1, access(NOTIFY_DIR NAME, F_OK))

#define GO_LIVE()									\
do {											\
	ASSERT_EQ(0, set(NAME "/live", "1"));						\
	ASSERT_STREQ("active", get(NAME "/status"));					\
	self->fd = sim_open(NAME, O_RDONLY);						\
	ASSERT_LE(0, self->fd);								\
} while (0)

/* A device with lines 0 and 1 of the controller. */
FIXTURE(device) { int fd; };

FIXTURE_SETUP(device)
{
	int ret;

	self->fd = -1;
	if (access(DEVICES, F_OK))
		SKIP(return, "no " DEVICES);
	/* A failed assertion skips the teardown. */
	remove_device(NAME);
	remove_device(OTHER);
	ret = load_chip("");
	if (ret == -ENOENT)
		SKIP(return, "no " GPIO_CHIP ".ko in $NOTIFY_MULTI_MODULES");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, make(NAME));
	ASSERT_EQ(0, make_line(NAME, 0, GPIO_CHIP_LABEL, "0"));
	ASSERT_EQ(0, make_line(NAME, 1, GPIO_CHIP_LABEL, "1"));
}

FIXTURE_TEARDOWN(device)
{
	close(self->fd);
	remove_device(NAME);
	remove_device(OTHER);
	EXPECT_EQ(0, unload_chip());
}

TEST_F(device, first_record_is_state_at_probe)
{
	ASSERT_EQ(0, toggle(1, 1));
	GO_LIVE();
	EXPECT_STATE(self->fd, 1, 0, 2);
	EXPECT_EQ(0, poll_now(self->fd, POLLIN));
	ASSERT_EQ(0, toggle(0, 1));
	/* A new client starts with the last packet. */
	close(self->fd);
	self->fd = sim_open(NAME, O_RDONLY);
	EXPECT_EQ(3, get_levels(self->fd).levels);
	EXPECT_EQ(2, get_stats(self->fd).next);
}

TEST_F(device, settings_apply_to_device)
{
	struct notify_multi_info info;
	struct stat node;

	ASSERT_EQ(0, set(NAME "/max_packets", "33"));
	ASSERT_EQ(0, set(NAME "/max_requests", "5"));
	ASSERT_EQ(0, set(NAME "/replay", "7"));
	ASSERT_EQ(0, set(NAME "/clock", "boottime"));
	ASSERT_EQ(0, set(NAME "/mode", "0640"));
	GO_LIVE();
	info = get_info(self->fd);
	EXPECT_EQ(33, info.max_packets);
	EXPECT_EQ(5, info.max_requests);
	EXPECT_EQ(7, info.replay);
	EXPECT_EQ(NOTIFY_MULTI_CLOCK_BOOTTIME, info.clock);
	EXPECT_EQ(0, stat(NOTIFY_DIR NAME, &node));
	EXPECT_EQ(0640, node.st_mode & 07777);
}

static uint64_t realtime_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

TEST_F(device, clock_applies_to_all_records)
{
	struct gpio_record record;
	uint64_t last = realtime_ns();

	ASSERT_EQ(0, set(NAME "/clock", "realtime"));
	ASSERT_EQ(0, set(NAME "/line1/debounce_ms", "20"));
	GO_LIVE();
	/* The state at probe, an edge, and a debounced edge. */
	for (unsigned int i = 0; i < 3; i++) {
		if (i)
			ASSERT_EQ(0, toggle(i - 1, 1));
		NEXT(self->fd, &record);
		EXPECT_EQ(i ? RISING : 0, record.event.edge);
		EXPECT_LE(last, record.header.timestamp_ns);
		last = record.header.timestamp_ns;
	}
	EXPECT_GE(realtime_ns(), last);
}

TEST_F(device, bias_applies_to_line)
{
	static const char *const biases[] = { "pull-up", "pull-down", "disabled" };
	char bias[32];

	for (unsigned int i = 0; i < ARRAY_SIZE(biases); i++) {
		/* Linux 5.10 cannot disable the bias. */
		if (set(NAME "/line1/bias", biases[i]) == -EOPNOTSUPP)
			continue;
		ASSERT_EQ(0, set(NAME "/live", "1"));
		EXPECT_EQ(0, read_file(GPIO_CHIP_PARAMETERS "bias", bias, sizeof(bias)));
		EXPECT_STREQ(biases[i], bias);
		ASSERT_EQ(0, set(NAME "/live", "0"));
	}
}

TEST_F(device, wakeup_makes_device_a_wakeup_source)
{
	if (!can_suspend())
		SKIP(return, "this kernel cannot suspend");
	for (unsigned int wakeup = 0; wakeup < 2; wakeup++) {
		ASSERT_EQ(0, set(NAME "/wakeup", wakeup ? "1" : "0"));
		ASSERT_EQ(0, set(NAME "/live", "1"));
		EXPECT_EQ(wakeup ? 0 : -1, access("/sys/class/misc/notify!" NAME
						  "/device/power/wakeup_count", F_OK));
		ASSERT_EQ(0, set(NAME "/live", "0"));
	}
}

TEST_F(device, settings_have_defaults)
{
	static const struct {
		const char *attribute, *value;
	} defaults[] = {
		{ "/edge", "both" }, { "/debounce_ms", "0" }, { "/max_packets", "256" },
		{ "/max_requests", "16" }, { "/replay", "1" }, { "/clock", "monotonic" },
		{ "/mode", "0600" }, { "/wakeup", "0" }, { "/live", "0" },
		{ "/status", "inactive" }, { "/line0/name", "" }, { "/line0/active_low", "0" },
		{ "/line0/bias", "as-is" }, { "/line0/edge", "both" },
		{ "/line0/debounce_ms", "0" }, { "/line2/key", "" }, { "/line2/offset", "-1" },
	};
	char path[64];

	ASSERT_EQ(0, make(NAME "/line2"));
	for (unsigned int i = 0; i < ARRAY_SIZE(defaults); i++) {
		snprintf(path, sizeof(path), NAME "%s", defaults[i].attribute);
		EXPECT_STREQ(defaults[i].value, get(path)) TH_LOG("%s", path);
	}
}

TEST_F(device, get_line_returns_settings_of_line)
{
	struct notify_gpio_line line;

	ASSERT_EQ(0, set(NAME "/edge", "rising"));
	ASSERT_EQ(0, set(NAME "/debounce_ms", "5"));
	ASSERT_EQ(0, set(NAME "/line1/name", "door"));
	ASSERT_EQ(0, set(NAME "/line1/offset", "64"));
	ASSERT_EQ(0, set(NAME "/line1/edge", "falling"));
	ASSERT_EQ(0, set(NAME "/line1/debounce_ms", "60000"));
	ASSERT_EQ(0, set(NAME "/line1/active_low", "1"));
	ASSERT_EQ(0, set(NAME "/line1/bias", "pull-up"));
	GO_LIVE();

	ASSERT_EQ(0, get_line(self->fd, 0, &line));
	EXPECT_EQ(0, line.offset);
	EXPECT_EQ(0, line.flags);
	EXPECT_EQ(1 << RISING, line.edges);
	EXPECT_EQ(5, line.debounce_ms);
	EXPECT_STREQ("", line.name);
	EXPECT_STREQ(GPIO_CHIP_LABEL, line.chip);

	ASSERT_EQ(0, get_line(self->fd, 1, &line));
	EXPECT_EQ(1, line.line);
	EXPECT_EQ(64, line.offset);
	EXPECT_EQ(NOTIFY_GPIO_LINE_ACTIVE_LOW | NOTIFY_GPIO_LINE_PULL_UP, line.flags);
	EXPECT_EQ(1 << FALLING, line.edges);
	EXPECT_EQ(60000, line.debounce_ms);
	EXPECT_EQ(0, line.reserved[0] | line.reserved[1] | line.reserved[2]);
	EXPECT_STREQ("door", line.name);
}

TEST_F(device, each_line_has_own_edge_and_debounce)
{
	struct gpio_record record;

	ASSERT_EQ(0, set(NAME "/edge", "falling"));
	ASSERT_EQ(0, make_line(NAME, 2, GPIO_CHIP_LABEL, "2"));
	ASSERT_EQ(0, set(NAME "/line1/edge", "rising"));
	ASSERT_EQ(0, set(NAME "/line2/edge", "both"));
	ASSERT_EQ(0, set(NAME "/line2/debounce_ms", "50"));
	GO_LIVE();
	EXPECT_STATE(self->fd, 1, 0, 0);
	for (unsigned int line = 0; line < 2; line++) {
		ASSERT_EQ(0, toggle(line, 2));
		NEXT(self->fd, &record);
		EXPECT_EQ(line, record.event.line);
		EXPECT_EQ(line ? RISING : FALLING, record.event.edge);
	}
	ASSERT_EQ(0, toggle(2, 5));
	NEXT(self->fd, &record);
	EXPECT_EQ(2, record.event.line);
	EXPECT_EQ(RISING, record.event.edge);
	EXPECT_EQ(1, record.event.line_seqno);
	EXPECT_EQ(0, poll_now(self->fd, POLLIN));
}

TEST_F(device, line_is_found_by_name)
{
	struct notify_gpio_line line;

	ASSERT_EQ(0, set(NAME "/line1/key", GPIO_CHIP_LINE_NAME "\n"));
	ASSERT_EQ(0, set(NAME "/line1/offset", "-1"));
	GO_LIVE();
	ASSERT_EQ(0, get_line(self->fd, 1, &line));
	EXPECT_EQ(3, line.offset);
}

TEST_F(device, waits_for_chip)
{
	ASSERT_EQ(0, unload_chip());
	ASSERT_EQ(0, set(NAME "/live", "1"));
	EXPECT_STREQ("waiting for " GPIO_CHIP_LABEL, get(NAME "/status"));
	EXPECT_STREQ("1", get(NAME "/live"));
	EXPECT_NODE(false);
	ASSERT_EQ(0, load_chip(""));
	EXPECT_TRUE(wait_status("active"));
	EXPECT_NODE(true);
}

TEST_F(device, waiting_device_can_be_removed)
{
	ASSERT_EQ(0, unload_chip());
	ASSERT_EQ(0, set(NAME "/line1/key", "no such chip"));
	ASSERT_EQ(0, set(NAME "/live", "1"));
	ASSERT_EQ(0, load_chip(""));
	EXPECT_TRUE(wait_status("waiting for no such chip"));
	EXPECT_EQ(0, set(NAME "/live", "0"));
	EXPECT_STREQ("inactive", get(NAME "/status"));
}

TEST_F(device, returns_with_its_chip)
{
	struct reader reader;

	GO_LIVE();
	EXPECT_STATE(self->fd, 1, 0, 0);
	ASSERT_TRUE(reader_start(&reader, self->fd, sizeof(struct gpio_record)));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	ASSERT_EQ(0, set_chip_bound(false));
	EXPECT_EQ(-ENODEV, reader_join(&reader));
	EXPECT_NODE(false);
	EXPECT_TRUE(wait_status("waiting for " GPIO_CHIP_LABEL));
	ASSERT_EQ(0, set_chip_bound(true));
	EXPECT_TRUE(wait_status("active"));
	close(self->fd);
	self->fd = sim_open(NAME, O_RDONLY);
	EXPECT_STATE(self->fd, 1, 0, 0);
}

TEST_F(device, unbound_device_has_error_until_bound)
{
	char path[160], *name;

	GO_LIVE();
	ASSERT_NE(NULL, realpath("/sys/class/misc/notify!" NAME "/device", path));
	name = strrchr(path, '/') + 1;
	ASSERT_EQ(0, write_file(GPIO_DRIVER "unbind", name));
	EXPECT_EQ(0, strncmp("error: -", get(NAME "/status"), 8));
	EXPECT_STREQ("1", get(NAME "/live"));
	ASSERT_EQ(0, write_file(GPIO_DRIVER "bind", name));
	EXPECT_STREQ("active", get(NAME "/status"));
	EXPECT_NODE(true);
}

/* $NOTIFY_UNPLUG_ROUNDS sets the number of rounds. */
TEST_F(device, chip_can_be_unplugged_under_readers)
{
	const char *rounds = getenv("NOTIFY_UNPLUG_ROUNDS");
	struct reader readers[10];
	int fds[ARRAY_SIZE(readers)];

	ASSERT_EQ(0, set(NAME "/live", "1"));
	for (int round = rounds ? atoi(rounds) : 20; round > 0; round--) {
		ASSERT_TRUE(wait_status("active"));
		for (unsigned int i = 0; i < ARRAY_SIZE(readers); i++) {
			fds[i] = sim_open(NAME, O_RDONLY);
			EXPECT_STATE(fds[i], 1, 0, 0);
			ASSERT_TRUE(reader_start(&readers[i], fds[i], sizeof(struct gpio_record)));
			ASSERT_TRUE(wait_requests(fds[i], 1));
		}
		ASSERT_EQ(0, set_chip_bound(false));
		for (unsigned int i = 0; i < ARRAY_SIZE(readers); i++) {
			ASSERT_EQ(-ENODEV, reader_join(&readers[i]));
			close(fds[i]);
		}
		ASSERT_EQ(0, set_chip_bound(true));
	}
}

TEST_F(device, removed_device_drains)
{
	struct gpio_record record;

	GO_LIVE();
	ASSERT_EQ(0, toggle(0, 1));
	EXPECT_EQ(0, set(NAME "/live", "0"));
	EXPECT_NODE(false);
	EXPECT_STATE(self->fd, 1, 0, 0);
	NEXT(self->fd, &record);
	EXPECT_EQ(RISING, record.event.edge);
	EXPECT_EQ(-ENODEV, read_errno(self->fd, &record, sizeof(record)));
}

TEST_F(device, used_line_fails_with_ebusy_and_consumer_in_log)
{
	int log;

	GO_LIVE();
	ASSERT_EQ(0, make(OTHER));
	ASSERT_EQ(0, make_line(OTHER, 0, GPIO_CHIP_LABEL, "2"));
	ASSERT_EQ(0, make_line(OTHER, 1, GPIO_CHIP_LABEL, "1"));
	log = log_open();
	EXPECT_EQ(-EBUSY, set(OTHER "/live", "1"));
	EXPECT_TRUE(log_contains(log, OTHER ": line1", "\"" NAME "\""));
	close(log);
	EXPECT_STREQ("0", get(OTHER "/live"));
	EXPECT_STREQ("inactive", get(OTHER "/status"));
	/* The other line is free again. */
	ASSERT_EQ(0, set(OTHER "/line1/offset", "3"));
	EXPECT_EQ(0, set(OTHER "/live", "1"));
}

TEST_F(device, live_fails_with_bad_settings)
{
	static const struct {
		const char *attribute, *value, *good;
		int error;
	} cases[] = {
		{ "/line1/offset", "0", "1", EBUSY },	/* A line twice. */
		{ "/line1/offset", "65", "64", EINVAL },
		{ "/line1/key", "\n", GPIO_CHIP_LABEL, EINVAL },
		{ "/line1/name", "a b", "a-b", EINVAL },
		{ "/line1/name", "a\tb", "\n", EINVAL },
		{ "/line1/name", "0123456789012345678901234567890", "\n", 0 },
		{ "/line1/name", "01234567890123456789012345678901", "\n", EINVAL },
		{ "/line1/name", "twice", "once", EINVAL },
		{ "/replay", "257", "256", EINVAL },
		{ "/max_packets", "2147483647", "256", EINVAL },
	};
	char path[64];

	ASSERT_EQ(0, set(NAME "/line0/name", "twice"));
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(path, sizeof(path), NAME "%s", cases[i].attribute);
		ASSERT_EQ(0, set(path, cases[i].value));
		EXPECT_EQ(-cases[i].error, set(NAME "/live", "1")) TH_LOG("%s", path);
		EXPECT_EQ(!cases[i].error, !strcmp("1", get(NAME "/live")));
		EXPECT_NODE(!cases[i].error);
		set(NAME "/live", "0");
		ASSERT_EQ(0, set(path, cases[i].good));
	}
	EXPECT_EQ(0, set(NAME "/live", "1"));
}

TEST_F(device, live_fails_if_label_is_used)
{
	const struct sim_config config = { .packet_size = 1 };

	ASSERT_EQ(0, sim_start(NAME, &config));
	EXPECT_EQ(-EEXIST, set(NAME "/live", "1"));
	EXPECT_STREQ("0", get(NAME "/live"));
	EXPECT_EQ(0, sim_remove(NAME));
	EXPECT_EQ(0, set(NAME "/live", "1"));
}

TEST_F(device, live_fails_without_all_lines)
{
	ASSERT_EQ(0, drop(NAME "/line0"));
	EXPECT_EQ(-EINVAL, set(NAME "/live", "1"));
	ASSERT_EQ(0, drop(NAME "/line1"));
	EXPECT_EQ(-EINVAL, set(NAME "/live", "1"));
	ASSERT_EQ(0, make(NAME "/line0"));
	EXPECT_EQ(-EINVAL, set(NAME "/live", "1"));
	ASSERT_EQ(0, set(NAME "/line0/key", GPIO_CHIP_LABEL));
	ASSERT_EQ(0, set(NAME "/line0/offset", "0"));
	ASSERT_EQ(0, make_line(NAME, 2, GPIO_CHIP_LABEL, "2"));
	EXPECT_EQ(-EINVAL, set(NAME "/live", "1"));
	ASSERT_EQ(0, drop(NAME "/line2"));
	EXPECT_EQ(0, set(NAME "/live", "1"));
}

TEST_F(device, attributes_refuse_bad_values)
{
	static const struct {
		const char *attribute, *bad[4], *good[2];
	} cases[] = {
		{ "/edge", { "\n", "none", "Rising", "bothx" }, { "rising", "both\n" } },
		{ "/debounce_ms", { "-1", "60001", "5ms", "\n" }, { "60000", "0" } },
		{ "/max_packets", { "0", "-1", "2147483648", "x" }, { "1", "2147483647" } },
		{ "/max_requests", { "0", "-1", "2147483648", "x" }, { "1", "2147483647" } },
		{ "/replay", { "-1", "2147483648", "x", "\n" }, { "0", "2147483647" } },
		{ "/clock", { "tai", "\n", "0", "MONOTONIC" }, { "realtime", "monotonic" } },
		{ "/mode", { "0", "1000", "8", "-1" }, { "1", "777" } },
		{ "/wakeup", { "2", "\n", "-1", "maybe" }, { "1", "n" } },
		{ "/live", { "2", "\n", "-1", "maybe" }, { "0", "n" } },
		{ "/line0/offset", { "-2", "65535", "\n", "x" }, { "-1", "65534" } },
		{ "/line0/active_low", { "2", "\n", "-1", "maybe" }, { "y", "0" } },
		{ "/line0/bias", { "\n", "up", "pull_up", "0" }, { "pull-down", "as-is" } },
		{ "/line0/edge", { "\n", "none", "0", "both both" }, { "falling", "rising" } },
		{ "/line0/debounce_ms", { "-1", "60001", "5 ", "0.5" }, { "60000", "0" } },
	};
	char path[64];

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(path, sizeof(path), NAME "%s", cases[i].attribute);
		for (unsigned int k = 0; k < 4; k++) {
			const char *bad = cases[i].bad[k];

			EXPECT_EQ(-EINVAL, set(path, bad)) TH_LOG("%s: %s", path, bad);
		}
		for (unsigned int k = 0; k < 2; k++) {
			const char *good = cases[i].good[k];

			EXPECT_EQ(0, set(path, good)) TH_LOG("%s: %s", path, good);
		}
	}
}

TEST_F(device, directories_refuse_bad_names)
{
	static const char *const bad[] = {
		NAME "/line64", NAME "/line01", NAME "/line", NAME "/linex", NAME "/0",
		NAME "/line-1", "with blank", "with\ttab",
		"0123456789012345678901234567890123456789012345678901234567890123",
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *name = bad[i];

		EXPECT_EQ(-EINVAL, make(name)) TH_LOG("%s", name);
	}
	EXPECT_EQ(-EEXIST, make(NAME "/line1"));
	EXPECT_EQ(-EEXIST, make(NAME));
	EXPECT_EQ(0, make("voil\303\240"));
	EXPECT_EQ(0, drop("voil\303\240"));
	EXPECT_EQ(0, make(NAME "/line63"));
	EXPECT_EQ(0, drop(NAME "/line63"));
}

TEST_F(device, live_device_cannot_be_changed)
{
	static const char *const attributes[][2] = {
		{ "/edge", "both" }, { "/debounce_ms", "0" }, { "/max_packets", "256" },
		{ "/max_requests", "16" }, { "/replay", "1" }, { "/clock", "monotonic" },
		{ "/mode", "0600" }, { "/wakeup", "0" }, { "/line1/key", GPIO_CHIP_LABEL },
		{ "/line1/offset", "1" }, { "/line1/name", "\n" }, { "/line1/active_low", "0" },
		{ "/line1/bias", "as-is" }, { "/line1/edge", "both" },
		{ "/line1/debounce_ms", "0" },
	};
	char path[64];

	GO_LIVE();
	for (unsigned int i = 0; i < ARRAY_SIZE(attributes); i++) {
		snprintf(path, sizeof(path), NAME "%s", attributes[i][0]);
		EXPECT_EQ(-EBUSY, set(path, attributes[i][1])) TH_LOG("%s", path);
	}
	EXPECT_EQ(-EBUSY, make(NAME "/line2"));
	EXPECT_EQ(-EBUSY, drop(NAME "/line1"));
	EXPECT_EQ(-ENOTEMPTY, drop(NAME));
	EXPECT_EQ(0, set(NAME "/live", "1"));
	EXPECT_EQ(-EAGAIN, unload_module("notify_gpio"));
	EXPECT_NODE(true);
	EXPECT_EQ(0, set(NAME "/live", "0"));
	EXPECT_EQ(0, set(NAME "/live", "0"));
	EXPECT_EQ(0, set(NAME "/edge", "rising"));
	EXPECT_EQ(0, drop(NAME "/line1"));
	/* Still configured. */
	EXPECT_EQ(-EAGAIN, unload_module("notify_gpio"));
}

TEST_F(device, device_has_64_lines)
{
	char offset[8];

	for (unsigned int i = 2; i < MAX_LINES; i++) {
		snprintf(offset, sizeof(offset), "%u", i);
		ASSERT_EQ(0, make_line(NAME, i, GPIO_CHIP_LABEL, offset));
	}
	ASSERT_EQ(0, toggle(63, 1));
	GO_LIVE();
	EXPECT_STATE(self->fd, 1, 0, 1ULL << 63);
	EXPECT_EQ(~0ULL, get_levels(self->fd).valid);
}

TEST_HARNESS_MAIN
