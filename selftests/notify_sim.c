// SPDX-License-Identifier: GPL-2.0
/*
 * notify_sim: attributes in configfs, and the injector.
 */

#include <sys/mman.h>
#include <sys/wait.h>

#include "device.h"
#include "source.h"

/* -- Attributes -- */

FIXTURE(sim) { };

FIXTURE_SETUP(sim)
{
	sim_remove(SIM_NAME);
	ASSERT_EQ(0, sim_make(SIM_NAME));
}

FIXTURE_TEARDOWN(sim)
{
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

#define SET(attribute, value) sim_set(SIM_NAME, attribute, value)

#define EXPECT_ATTRIBUTE(attribute, value)						\
do {											\
	char text[64];									\
											\
	EXPECT_EQ(0, sim_get(SIM_NAME, attribute, text, sizeof(text)));			\
	EXPECT_STREQ(value, text);							\
} while (0)

TEST_F(sim, new_simulator_has_defaults)
{
	static const char *const defaults[][2] = {
		{ "packet_size", "64" }, { "max_packets", "64" }, { "max_requests", "16" },
		{ "replay", "0" }, { "mode", "0600" }, { "clock", "monotonic" },
		{ "context", "thread" }, { "status", "0" }, { "arrival_error", "0" },
		{ "complete_error", "0" }, { "live", "0" }, { "first_seq", "1" },
		{ "arrivals", "0" }, { "departures", "0" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(defaults); i++)
		EXPECT_ATTRIBUTE(defaults[i][0], defaults[i][1]);
	EXPECT_EQ(-ENOENT, sim_open(SIM_NAME, O_RDONLY));
	EXPECT_EQ(-ENOENT, sim_open_injector(SIM_NAME));
}

TEST_F(sim, disable_frees_interrupt)
{
	unsigned int irq[2];
	unsigned long long count;

	for (unsigned int i = 0; i < 2; i++) {
		ASSERT_EQ(0, SET("live", "1"));
		ASSERT_TRUE(find_interrupt(SIM_NAME, &irq[i], &count));
		ASSERT_EQ(0, SET("live", "0"));
	}
	EXPECT_EQ(irq[0], irq[1]);
}

/* Both sides of each limit, in this order. */
TEST_F(sim, store_out_of_range_returns_einval)
{
	static const struct {
		const char *attribute;
		const char *valid[4];
		const char *invalid[7];
	} limits[] = {
		{ "packet_size", { "1", "65536" },
		  { "0", "65537", "-1", "16 17", "many", "4294967297" } },
		{ "max_packets", { "1", "8" }, { "0", "4294967296" } },
		{ "replay", { "8", "0" }, { "9" } },
		{ "max_requests", { "1" }, { "0" } },
		{ "mode", { "0777", "0001" }, { "0", "1000", "8" } },
		{ "context", { "hardirq", "process", "thread\n" }, { "softirq" } },
		{ "clock", { "boottime", "realtime", "monotonic\n" }, { "tai", "1" } },
		{ "status", { "-1", "-4095", "0" }, { "1", "-4096", "0x10" } },
		{ "arrival_error", { "-4095", "0" }, { "1", "-4096" } },
		{ "complete_error", { "-4095", "0" }, { "1", "-4096" } },
		{ "first_seq", { "9223372036854775807", "1" }, { "9223372036854775808" } },
		{ "live", { "0" }, { "2", "yes" } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		for (const char *const *value = limits[i].valid; *value; value++) {
			EXPECT_EQ(0, SET(limits[i].attribute, *value))
				TH_LOG("%s <- %s", limits[i].attribute, *value);
		}
		for (const char *const *value = limits[i].invalid; *value; value++) {
			EXPECT_EQ(-EINVAL, SET(limits[i].attribute, *value))
				TH_LOG("%s <- %s", limits[i].attribute, *value);
		}
	}
}

/* root can open read-only attributes; the errno of configfs depends on the kernel. */
TEST_F(sim, counters_are_read_only)
{
	EXPECT_GT(0, SET("arrivals", "0"));
	EXPECT_GT(0, SET("departures", "0"));
}

TEST_F(sim, store_of_config_while_live_returns_ebusy)
{
	static const struct {
		const char *attribute;
		const char *value;
		int ret;
	} writes[] = {
		{ "packet_size", "8", -EBUSY }, { "max_packets", "8", -EBUSY },
		{ "max_requests", "8", -EBUSY }, { "replay", "8", -EBUSY },
		{ "mode", "0644", -EBUSY }, { "first_seq", "8", -EBUSY },
		{ "complete_error", "-5", -EBUSY }, { "clock", "boottime", -EBUSY },
		{ "status", "-5", 0 },
		{ "arrival_error", "-5", 0 }, { "context", "process", 0 },
	};

	ASSERT_EQ(0, SET("live", "1"));
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++) {
		EXPECT_EQ(writes[i].ret, SET(writes[i].attribute, writes[i].value))
			TH_LOG("%s", writes[i].attribute);
	}
	EXPECT_ATTRIBUTE("packet_size", "64");
	EXPECT_ATTRIBUTE("complete_error", "0");
	ASSERT_EQ(0, SET("live", "0"));
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++) {
		EXPECT_EQ(0, SET(writes[i].attribute, writes[i].value))
			TH_LOG("%s", writes[i].attribute);
	}
}

TEST_F(sim, live_written_again_has_no_effect)
{
	int fd;

	ASSERT_EQ(0, SET("live", "1"));
	fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, SET("live", "1"));
	EXPECT_EQ(0, poll_now(fd, POLLIN));
	EXPECT_ATTRIBUTE("live", "1");
	EXPECT_EQ(0, SET("live", "0"));
	EXPECT_EQ(0, SET("live", "0"));
	EXPECT_EQ(POLLHUP, poll_now(fd, POLLIN));
	close(fd);
}

TEST_F(sim, live_with_too_large_ring_returns_einval)
{
	ASSERT_EQ(0, SET("max_packets", "4294967295"));
	EXPECT_EQ(-EINVAL, SET("live", "1"));
	EXPECT_ATTRIBUTE("live", "0");
	ASSERT_EQ(0, SET("max_packets", "64"));
	EXPECT_EQ(0, SET("live", "1"));
}

TEST_F(sim, ring_larger_than_memory_returns_enomem)
{
	uint64_t packets = too_many_packets(64);
	char old[32];

	ASSERT_GE(INT32_MAX, packets);
	ASSERT_EQ(0, read_file(MAX_RING_BYTES, old, sizeof(old)));
	ASSERT_EQ(0, allow_packets(packets, 64));
	ASSERT_EQ(0, sim_set_number(SIM_NAME, "max_packets", packets));

	/* Each client has a ring, and so has the device if replay is nonzero. */
	EXPECT_EQ(0, SET("live", "1"));
	EXPECT_EQ(-ENOMEM, sim_open(SIM_NAME, O_RDONLY));
	EXPECT_EQ(0, SET("live", "0"));
	EXPECT_EQ(0, sim_set_number(SIM_NAME, "replay", packets));
	EXPECT_EQ(-ENOMEM, SET("live", "1"));
	EXPECT_ATTRIBUTE("live", "0");

	ASSERT_EQ(0, write_file(MAX_RING_BYTES, old));
	EXPECT_EQ(-EINVAL, SET("live", "1"));
}

/* -- Injector -- */

FIXTURE(inject) { SIM_DEVICE; };

FIXTURE_VARIANT(inject)
{
	const char *context;
	unsigned int interrupts;
};

FIXTURE_VARIANT_ADD(inject, thread) { .context = "thread", .interrupts = 1 };
FIXTURE_VARIANT_ADD(inject, hardirq) { .context = "hardirq", .interrupts = 1 };
FIXTURE_VARIANT_ADD(inject, process) { .context = "process" };

FIXTURE_SETUP(inject)
{
	SIM_SETUP(.max_packets = 64, .context = variant->context);
}

FIXTURE_TEARDOWN(inject)
{
	SIM_TEARDOWN();
}

TEST_F(inject, write_broadcasts_before_it_returns)
{
	BROADCAST(50);
	EXPECT_READ(.seq = 1, .count = 50);
}

TEST_F(inject, packet_raises_interrupt_unless_in_process)
{
	unsigned long long count;
	unsigned int irq;

	ASSERT_TRUE(find_interrupt(SIM_NAME, &irq, &count));
	ASSERT_EQ(0, count);
	BROADCAST(7);
	ASSERT_TRUE(find_interrupt(SIM_NAME, &irq, &count));
	EXPECT_EQ(7 * variant->interrupts, count);
}

TEST_F(inject, sources_are_independent)
{
	int other;

	ASSERT_EQ(0, sim_start("kselftest-other", &self->config));
	other = sim_open("kselftest-other", O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, other);
	BROADCAST(1);
	EXPECT_READ(.seq = 1);
	EXPECT_EQ(-EAGAIN, read_errno(other, scratch, sizeof(scratch)));
	close(other);
	EXPECT_EQ(0, sim_remove("kselftest-other"));
	BROADCAST(1);
	EXPECT_READ(.seq = 2);
}

TEST_F(inject, sigkill_ends_long_write)
{
	size_t bytes = self->config.packet_size << 24;
	void *packets = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	ASSERT_NE(MAP_FAILED, packets);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(write(self->injector, packets, bytes) < 0);
	while (!get_stats(self->fd).seq)
		usleep(1000);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_GT(bytes / self->config.packet_size, get_stats(self->fd).seq);
	munmap(packets, bytes);
}

TEST_F(inject, write_wakes_blocked_read)
{
	struct reader reader;

	ASSERT_EQ(0, set_blocking(self->fd, true));
	BLOCK_READS(&reader, 1);
	BROADCAST(1);
	EXPECT_READER(&reader, .seq = 1);
}

TEST_F(inject, partial_packet_returns_einval)
{
	EXPECT_EQ(-EINVAL, errno_of(write(self->injector, scratch, PACKET - 1)));
	EXPECT_EQ(-EINVAL, errno_of(write(self->injector, scratch, 2 * PACKET + 1)));
	EXPECT_EQ(0, get_stats(self->fd).seq);
	BROADCAST(2);
	EXPECT_READ(.seq = 1, .count = 2);
}

TEST_HARNESS_MAIN
