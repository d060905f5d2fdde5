// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoints and kernel messages.
 */

#include <sys/mount.h>

#include "device.h"
#include "kmsg.h"

#define LIMIT		4
#define REPLAY		2
#define FIRST		100

#define TRACE_DIR	"/sys/kernel/tracing/"
#define TRACE		TRACE_DIR "instances/kselftest/"
#define EVENTS		TRACE "events/notify_multi/"
#define RECORD_NAMES	TRACE_DIR "options/record-cmd"

FIXTURE(trace)
{
	SIM_DEVICE;
	long long record_names;
};

FIXTURE_SETUP(trace)
{
	if (access(TRACE_DIR "instances", F_OK) &&
	    mount("tracefs", TRACE_DIR, "tracefs", 0, NULL))
		SKIP(return, "the kernel has no tracefs");
	SIM_SETUP(.max_packets = LIMIT, .replay = REPLAY, .first_seq = FIRST, .no_client = true);
	/*
	 * Recording process names patches the scheduler's code at run time. An emulator sometimes
	 * keeps running the old code.
	 */
	self->record_names = read_number(RECORD_NAMES);
	ASSERT_LE(0, self->record_names);
	ASSERT_EQ(0, write_number(RECORD_NAMES, 0));
	rmdir(TRACE);
	ASSERT_EQ(0, mkdir(TRACE, 0700));
	ASSERT_EQ(0, write_number(EVENTS "enable", 1));
}

FIXTURE_TEARDOWN(trace)
{
	write_number(EVENTS "enable", 0);
	EXPECT_EQ(0, rmdir(TRACE));
	EXPECT_EQ(0, write_number(RECORD_NAMES, self->record_names));
	SIM_TEARDOWN();
}

/* Number of events @name whose fields after the device are @fields. */
static unsigned int count_events(const char *name, const char *fields)
{
	char event[256], line[1024];
	FILE *file = fopen(TRACE "trace", "r");
	unsigned int count = 0;

	if (!file)
		return ~0U;
	snprintf(event, sizeof(event), " notify_multi_%s: device=" SIM_NAME " %s", name, fields);
	while (fgets(line, sizeof(line), file)) {
		const char *at = strstr(line, event);

		count += at && (!*fields || at[strlen(event)] == '\n');
	}
	fclose(file);
	return count;
}

/* There is exactly one such event. Arguments after the name are the format of its fields. */
#define EXPECT_EVENT(name, ...)							\
do {										\
	char fields_[256];							\
										\
	snprintf(fields_, sizeof(fields_), __VA_ARGS__);			\
	EXPECT_EQ(1, count_events(name, fields_))				\
		TH_LOG("%s", fields_);						\
} while (0)

#define EXPECT_NO_EVENT(name) EXPECT_EQ(0, count_events(name, ""))

TEST_F(trace, broadcast_has_record_header_and_clients)
{
	const struct notify_multi_record *record = (void *)scratch;

	OPEN();
	ASSERT_EQ(0, sim_set(SIM_NAME, "status", "-5"));
	BROADCAST(1);
	EXPECT_READ(.seq = FIRST, .status = -5);
	EXPECT_EVENT("broadcast", "seq=%d timestamp_ns=%llu status=-5 clients=1", FIRST,
		     record->timestamp_ns);
}

TEST_F(trace, open_and_release_have_opener_and_counters)
{
	BROADCAST(3);
	OPEN();
	EXPECT_EVENT("open", "opener=%d seq=101 replay=2", getpid());
	/* Five packets, including two replayed ones: one is dropped and one is read. */
	BROADCAST(3);
	ASSERT_EQ(RECORD, READ(RECORD));
	close(self->fd);
	EXPECT_EVENT("release", "opener=%d delivered=1 dropped=1 queued=3", getpid());
}

TEST_F(trace, refused_open_is_not_traced)
{
	ASSERT_EQ(0, sim_set(SIM_NAME, "arrival_error", "-13"));
	ASSERT_EQ(-EACCES, sim_open(SIM_NAME, O_RDONLY));
	EXPECT_NO_EVENT("open");
	EXPECT_NO_EVENT("release");
}

TEST_F(trace, read_and_drop_have_seq_and_count)
{
	OPEN();
	BROADCAST(LIMIT + 5);
	EXPECT_NO_EVENT("drop");
	EXPECT_READ(.seq = 105, .count = 3, .dropped = 5, .size = 3 * RECORD);
	EXPECT_EVENT("drop", "opener=%d seq=100 count=5", getpid());
	EXPECT_EVENT("read", "opener=%d seq=105 count=3", getpid());
	EXPECT_READ(.seq = 108);
	EXPECT_EVENT("read", "opener=%d seq=108 count=1", getpid());
}

TEST_F(trace, read_and_drop_are_enabled_separately)
{
	OPEN();
	ASSERT_EQ(0, write_number(EVENTS "notify_multi_read/enable", 0));
	BROADCAST(LIMIT + 1);
	EXPECT_READ(.seq = 101, .dropped = 1, .size = RECORD);
	EXPECT_EVENT("drop", "opener=%d seq=100 count=1", getpid());
	EXPECT_NO_EVENT("read");
	ASSERT_EQ(0, write_number(EVENTS "notify_multi_read/enable", 1));
	ASSERT_EQ(0, write_number(EVENTS "notify_multi_drop/enable", 0));
	BROADCAST(2);
	EXPECT_READ(.seq = 103, .dropped = 1, .size = RECORD);
	EXPECT_EVENT("read", "opener=%d seq=103 count=1", getpid());
	EXPECT_EQ(1, count_events("drop", ""));
}

TEST_F(trace, consume_is_traced_as_read_and_drop)
{
	OPEN();
	BROADCAST(LIMIT + 1);
	ASSERT_EQ(0, consume(self->fd, FIRST + 2));
	EXPECT_EVENT("drop", "opener=%d seq=100 count=1", getpid());
	EXPECT_EVENT("read", "opener=%d seq=101 count=2", getpid());
}

TEST_F(trace, resize_drop_is_traced_when_reported)
{
	OPEN();
	BROADCAST(LIMIT);
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	EXPECT_NO_EVENT("drop");
	ASSERT_EQ(0, consume(self->fd, FIRST + 1));
	EXPECT_EVENT("drop", "opener=%d seq=100 count=2", getpid());
	EXPECT_NO_EVENT("read");
}

/* -- Kernel log -- */

SIM_FIXTURE(messages, .max_packets = LIMIT)

TEST_F(messages, close_after_drops_is_not_logged)
{
	int log = log_open();

	ASSERT_LE(0, log);
	BROADCAST(LIMIT + 6);
	close(self->fd);
	EXPECT_FALSE(log_contains(log, "notify_multi", SIM_NAME));
	close(log);
}

/* The message is ratelimited to ten in five seconds, which another test may have used up. */
TEST_F(messages, register_failure_logs_reason)
{
	int log = log_open();
	bool logged = false;

	ASSERT_LE(0, log);
	UNREGISTER();
	ASSERT_EQ(0, write_number(MAX_RING_BYTES, 4096));
	for (int i = 0; i < 120 && !logged; i++) {
		ASSERT_EQ(-EINVAL, sim_set(SIM_NAME, "live", "1"));
		logged = log_contains(log, "notify_multi: ",
				      SIM_NAME ": invalid max_packets\n");
		if (!logged)
			usleep(100000);
	}
	EXPECT_TRUE(logged);
	close(log);
}

TEST_HARNESS_MAIN
