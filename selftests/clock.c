// SPDX-License-Identifier: GPL-2.0
/*
 * The clock of a device's timestamps.
 */

#include "device.h"

FIXTURE(clock)
{
	SIM_DEVICE;
};

FIXTURE_VARIANT(clock)
{
	const char *name;
	clockid_t id;
	uint32_t number;
	const char *context;
};

#define CLOCK_VARIANT(variant, clock_name, NAME, broadcast_context)		\
	FIXTURE_VARIANT_ADD(clock, variant)					\
	{									\
		.name = clock_name,						\
		.id = CLOCK_##NAME,						\
		.number = NOTIFY_MULTI_CLOCK_##NAME,				\
		.context = broadcast_context,					\
	}

CLOCK_VARIANT(monotonic, "monotonic", MONOTONIC, "thread");
CLOCK_VARIANT(boottime, "boottime", BOOTTIME, "thread");
CLOCK_VARIANT(realtime, "realtime", REALTIME, "thread");
CLOCK_VARIANT(realtime_process, "realtime", REALTIME, "process");

FIXTURE_SETUP(clock)
{
	SIM_SETUP(.max_packets = 4, .clock = variant->name, .context = variant->context);
}

FIXTURE_TEARDOWN(clock)
{
	SIM_TEARDOWN();
}

static uint64_t now(clockid_t id)
{
	struct timespec time;

	clock_gettime(id, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

/* Read a packet, and check that it was broadcast between the two times. */
#define EXPECT_TIME(number, before, after)					\
do {										\
	const struct notify_multi_record *record_ = (void *)scratch;		\
										\
	EXPECT_READ(.seq = number, .size = RECORD);				\
	EXPECT_LE(before, record_->timestamp_ns);				\
	EXPECT_GE(after, record_->timestamp_ns);				\
} while (0)

TEST_F(clock, timestamp_is_time_of_broadcast)
{
	uint64_t before = now(variant->id), after;

	BROADCAST(1);
	after = now(variant->id);
	EXPECT_TIME(1, before, after);
}

TEST_F(clock, info_and_sysfs_name_clock)
{
	char path[64], text[64];
	struct stat st;

	EXPECT_EQ(variant->number, get_info(self->fd).clock);
	ASSERT_EQ(0, fstat(self->fd, &st));
	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/clock", major(st.st_rdev),
		 minor(st.st_rdev));
	ASSERT_EQ(0, read_file(path, text, sizeof(text)));
	EXPECT_EQ(0, strncmp(variant->name, text, strlen(variant->name)));
}

/* Set CLOCK_REALTIME forward by an hour, or back. */
static int move_realtime(int seconds)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	time.tv_sec += seconds;
	return errno_of(clock_settime(CLOCK_REALTIME, &time));
}

TEST_F(clock, set_realtime_changes_no_earlier_timestamp)
{
	const uint64_t hour = 3600 * 1000000000ULL;
	const bool moves = variant->id == CLOCK_REALTIME;
	uint64_t before = now(variant->id), between, after;

	BROADCAST(1);
	between = now(variant->id);
	ASSERT_EQ(0, move_realtime(3600));
	BROADCAST(1);
	after = now(variant->id);
	ASSERT_EQ(0, move_realtime(-3600));
	EXPECT_TIME(1, before, between);
	EXPECT_TIME(2, between + (moves ? hour : 0), after);
}

TEST_HARNESS_MAIN
