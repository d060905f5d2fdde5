// SPDX-License-Identifier: GPL-2.0
/*
 * notify_sim: attributes in configfs, and the injector.
 */

#include "sim.h"

#include <sys/mman.h>
#include <sys/wait.h>

#define OTHER	"kselftest-other"

FIXTURE(sim)
{
	char text[64];
};

FIXTURE_SETUP(sim)
{
	sim_remove(SIM_NAME);
	ASSERT_EQ(0, sim_make(SIM_NAME));
}

FIXTURE_TEARDOWN(sim)
{
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

#define EXPECT_ATTRIBUTE(attribute, value)						\
do {											\
	EXPECT_EQ(0, sim_get(SIM_NAME, attribute, self->text, sizeof(self->text)));	\
	EXPECT_STREQ(value, self->text);						\
} while (0)

TEST_F(sim, new_simulator_has_defaults)
{
	EXPECT_ATTRIBUTE("packet_size", "64");
	EXPECT_ATTRIBUTE("max_packets", "64");
	EXPECT_ATTRIBUTE("max_requests", "16");
	EXPECT_ATTRIBUTE("replay", "0");
	EXPECT_ATTRIBUTE("mode", "0600");
	EXPECT_ATTRIBUTE("context", "thread");
	EXPECT_ATTRIBUTE("status", "0");
	EXPECT_ATTRIBUTE("arrival_error", "0");
	EXPECT_ATTRIBUTE("complete_error", "0");
	EXPECT_ATTRIBUTE("live", "0");
	EXPECT_ATTRIBUTE("first_seq", "1");
	EXPECT_ATTRIBUTE("arrivals", "0");
	EXPECT_ATTRIBUTE("departures", "0");
	EXPECT_EQ(-ENOENT, sim_open(SIM_NAME, O_RDONLY));
	EXPECT_EQ(-ENOENT, sim_open_injector(SIM_NAME));
}

/* Both sides of each limit. */
static const struct {
	const char *attribute;
	const char *value;
	int ret;
} writes[] = {
	{ "packet_size", "1", 0 },
	{ "packet_size", "65536", 0 },
	{ "packet_size", "0", -EINVAL },
	{ "packet_size", "65537", -EINVAL },
	{ "packet_size", "-1", -EINVAL },
	{ "packet_size", "16 17", -EINVAL },
	{ "packet_size", "many", -EINVAL },
	{ "packet_size", "4294967297", -EINVAL },
	{ "max_packets", "1", 0 },
	{ "max_packets", "0", -EINVAL },
	{ "max_packets", "4294967296", -EINVAL },
	{ "max_packets", "8", 0 },
	{ "replay", "8", 0 },
	{ "replay", "9", -EINVAL },
	{ "replay", "0", 0 },
	{ "max_requests", "1", 0 },
	{ "max_requests", "0", -EINVAL },
	{ "mode", "0777", 0 },
	{ "mode", "0001", 0 },
	{ "mode", "0", -EINVAL },
	{ "mode", "1000", -EINVAL },
	{ "mode", "8", -EINVAL },
	{ "context", "hardirq", 0 },
	{ "context", "process", 0 },
	{ "context", "thread\n", 0 },
	{ "context", "softirq", -EINVAL },
	{ "status", "-1", 0 },
	{ "status", "-4095", 0 },
	{ "status", "0", 0 },
	{ "status", "1", -EINVAL },
	{ "status", "-4096", -EINVAL },
	{ "status", "0x10", -EINVAL },
	{ "arrival_error", "-4095", 0 },
	{ "arrival_error", "1", -EINVAL },
	{ "arrival_error", "-4096", -EINVAL },
	{ "arrival_error", "0", 0 },
	{ "complete_error", "-4095", 0 },
	{ "complete_error", "1", -EINVAL },
	{ "complete_error", "-4096", -EINVAL },
	{ "complete_error", "0", 0 },
	{ "first_seq", "9223372036854775807", 0 },
	{ "first_seq", "9223372036854775808", -EINVAL },
	{ "first_seq", "1", 0 },
	{ "live", "2", -EINVAL },
	{ "live", "yes", -EINVAL },
	{ "live", "0", 0 },
	{ "arrivals", "0", -EACCES },
	{ "departures", "0", -EACCES },
};

TEST_F(sim, store_out_of_range_returns_einval)
{
	unsigned int i;

	for (i = 0; i < sizeof(writes) / sizeof(*writes); i++) {
		int ret = sim_set(SIM_NAME, writes[i].attribute, writes[i].value);

		/* root can open read-only attributes, and gets another errno from configfs. */
		if (writes[i].ret == -EACCES) {
			EXPECT_GT(0, ret);
			continue;
		}
		EXPECT_EQ(writes[i].ret, ret)
			TH_LOG("%s <- %s", writes[i].attribute, writes[i].value);
	}
}

TEST_F(sim, store_of_config_while_live_returns_ebusy)
{
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));
	EXPECT_EQ(-EBUSY, sim_set(SIM_NAME, "packet_size", "8"));
	EXPECT_EQ(-EBUSY, sim_set(SIM_NAME, "max_packets", "8"));
	EXPECT_EQ(-EBUSY, sim_set(SIM_NAME, "max_requests", "8"));
	EXPECT_EQ(-EBUSY, sim_set(SIM_NAME, "replay", "8"));
	EXPECT_EQ(-EBUSY, sim_set(SIM_NAME, "mode", "0644"));
	EXPECT_EQ(-EBUSY, sim_set(SIM_NAME, "first_seq", "8"));
	EXPECT_EQ(-EBUSY, sim_set(SIM_NAME, "complete_error", "-5"));
	EXPECT_ATTRIBUTE("packet_size", "64");
	EXPECT_ATTRIBUTE("complete_error", "0");
	EXPECT_EQ(0, sim_set(SIM_NAME, "status", "-5"));
	EXPECT_EQ(0, sim_set(SIM_NAME, "arrival_error", "-5"));
	EXPECT_EQ(0, sim_set(SIM_NAME, "context", "process"));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(0, sim_set(SIM_NAME, "packet_size", "8"));
	EXPECT_EQ(0, sim_set(SIM_NAME, "complete_error", "-5"));
}

TEST_F(sim, live_written_again_has_no_effect)
{
	int fd;

	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));
	fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, sim_set(SIM_NAME, "live", "1"));
	EXPECT_EQ(0, poll_now(fd, POLLIN));
	EXPECT_ATTRIBUTE("live", "1");
	EXPECT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(POLLHUP, poll_now(fd, POLLIN));
	close(fd);
}

TEST_F(sim, live_with_too_large_ring_returns_einval)
{
	ASSERT_EQ(0, sim_set(SIM_NAME, "max_packets", "4294967295"));
	EXPECT_EQ(-EINVAL, sim_set(SIM_NAME, "live", "1"));
	EXPECT_ATTRIBUTE("live", "0");
	ASSERT_EQ(0, sim_set(SIM_NAME, "max_packets", "64"));
	EXPECT_EQ(0, sim_set(SIM_NAME, "live", "1"));
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
	EXPECT_EQ(0, sim_set(SIM_NAME, "live", "1"));
	EXPECT_EQ(-ENOMEM, sim_open(SIM_NAME, O_RDONLY));
	EXPECT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	EXPECT_EQ(0, sim_set_number(SIM_NAME, "replay", packets));
	EXPECT_EQ(-ENOMEM, sim_set(SIM_NAME, "live", "1"));
	EXPECT_ATTRIBUTE("live", "0");

	ASSERT_EQ(0, write_file(MAX_RING_BYTES, old));
	EXPECT_EQ(-EINVAL, sim_set(SIM_NAME, "live", "1"));
}

TEST_F(sim, simulators_are_independent)
{
	const struct sim_config config = { .packet_size = 8 };
	unsigned char buffer[1024];
	int first, second, injector;

	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));
	ASSERT_EQ(0, sim_start(OTHER, &config));
	first = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	second = sim_open(OTHER, O_RDONLY | O_NONBLOCK);
	injector = sim_open_injector(OTHER);
	ASSERT_LE(0, first);
	ASSERT_LE(0, second);
	ASSERT_EQ(8, sim_broadcast(injector, 8, 1, 1));
	EXPECT_EQ(-EAGAIN, read_errno(first, buffer, sizeof(buffer)));
	EXPECT_EQ(RECORD_HEADER + 8, read_errno(second, buffer, sizeof(buffer)));
	close(first);
	close(second);
	close(injector);
	ASSERT_EQ(0, sim_remove(OTHER));
}

/* -- Injector -- */

#define PACKET	16
#define RECORD	(RECORD_HEADER + PACKET)

FIXTURE(inject)
{
	int injector;
	int fd;
	unsigned char buffer[64 * RECORD];
};

FIXTURE_VARIANT(inject)
{
	const char *context;
};

FIXTURE_VARIANT_ADD(inject, thread)
{
	.context = "thread",
};

FIXTURE_VARIANT_ADD(inject, hardirq)
{
	.context = "hardirq",
};

FIXTURE_VARIANT_ADD(inject, process)
{
	.context = "process",
};

FIXTURE_SETUP(inject)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = 64,
		.context = variant->context,
	};

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(inject)
{
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

TEST_F(inject, write_broadcasts_before_it_returns)
{
	unsigned int i;

	ASSERT_EQ(50 * PACKET, sim_broadcast(self->injector, PACKET, 1, 50));
	ASSERT_EQ(50 * RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	for (i = 0; i < 50; i++) {
		const struct notify_multi_record *record =
			(void *)(self->buffer + i * RECORD);

		EXPECT_EQ(i + 1, record->seq);
		EXPECT_TRUE(packet_is(record->data, PACKET, i + 1));
	}
}

TEST_F(inject, sigkill_ends_long_write)
{
	size_t bytes = 1UL << 28;
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
	EXPECT_GT(bytes / PACKET, get_stats(self->fd).seq);
	munmap(packets, bytes);
}

TEST_F(inject, write_wakes_blocked_read)
{
	struct reader reader;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, 0));
	ASSERT_TRUE(reader_start(&reader, self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 1, 1));
	EXPECT_EQ(RECORD, reader_join(&reader));
}

/* Interrupts of the simulated chip, on all CPUs. */
static long long count_interrupts(void)
{
	FILE *file = fopen("/proc/interrupts", "re");
	char line[4096];
	long long count = -1;

	if (!file)
		return -1;
	while (count < 0 && fgets(line, sizeof(line), file)) {
		char *at = strchr(line, ':'), *end;

		if (!at || !strstr(line, SIM_NAME))
			continue;
		for (count = 0, at++;; at = end) {
			long long cpu = strtoll(at, &end, 10);

			if (end == at)
				break;
			count += cpu;
		}
	}
	fclose(file);
	return count;
}

TEST_F(inject, packet_raises_interrupt_unless_in_process)
{
	long long before = count_interrupts();
	bool process = !strcmp(variant->context, "process");

	ASSERT_EQ(0, before);
	ASSERT_EQ(7 * PACKET, sim_broadcast(self->injector, PACKET, 1, 7));
	EXPECT_EQ(process ? 0 : 7, count_interrupts());
}

TEST_F(inject, partial_packet_returns_einval)
{
	EXPECT_EQ(-1, write(self->injector, self->buffer, PACKET - 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->injector, self->buffer, 2 * PACKET + 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(0, get_stats(self->fd).seq);
	EXPECT_EQ(2 * PACKET, write(self->injector, self->buffer, 2 * PACKET));
	EXPECT_EQ(2, get_stats(self->fd).seq);
}

TEST_F(inject, bad_buffer_returns_efault)
{
	EXPECT_EQ(-1, write(self->injector, bad_pointer, PACKET));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, get_stats(self->fd).seq);
}

TEST_F(inject, status_applies_to_later_packets)
{
	const struct notify_multi_record *record = (void *)self->buffer;

	ASSERT_EQ(0, sim_set_number(SIM_NAME, "status", -EREMOTEIO));
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 1, 1));
	ASSERT_EQ(0, sim_set_number(SIM_NAME, "status", 0));
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 2, 1));
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(-EREMOTEIO, record->status);
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(0, record->status);
}

TEST_HARNESS_MAIN
