// SPDX-License-Identifier: GPL-2.0
/*
 * Limits of memory: max_device_bytes, and rings that do not fit into the memory of the system. For
 * max_ring_bytes, see resize.c; for the charge to a memory cgroup, memcg.c.
 */

#include "device.h"

#include <linux/capability.h>
#include <sys/mman.h>

#define PARAMETER	"/sys/module/notify_multi/parameters/max_device_bytes"
#define RING_BYTES	"/sys/class/misc/notify!" SIM_NAME "/ring_bytes"
#define LIMIT		100

FIXTURE(memory)
{
	SIM_DEVICE;
	long long max_device_bytes;
	uint64_t ring;	/* bytes of a client's ring */
};

/* Change whether this thread has CAP_SYS_RESOURCE. */
static int set_sys_resource(bool effective)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return -errno;
	data[0].effective &= ~(1U << CAP_SYS_RESOURCE);
	if (effective)
		data[0].effective |= 1U << CAP_SYS_RESOURCE;
	return errno_of(syscall(SYS_capset, &header, data));
}

FIXTURE_SETUP(memory)
{
	self->max_device_bytes = read_number(PARAMETER);
	SIM_SETUP(.max_packets = LIMIT);
	self->ring = get_info(self->fd).ring_bytes;
}

FIXTURE_TEARDOWN(memory)
{
	EXPECT_EQ(0, set_sys_resource(true));
	EXPECT_EQ(0, write_number(PARAMETER, self->max_device_bytes));
	SIM_TEARDOWN();
}

/* Let the rings of a device have @bytes, without the exemption. */
#define LIMIT_DEVICE(bytes)							\
do {										\
	ASSERT_EQ(0, write_number(PARAMETER, bytes));				\
	ASSERT_EQ(0, set_sys_resource(false));					\
} while (0)

TEST_F(memory, max_device_bytes_is_a_part_of_memory)
{
	long long memory = (long long)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);

	EXPECT_LT(memory / 64, self->max_device_bytes);
	EXPECT_GE(memory / 32, self->max_device_bytes);
	EXPECT_GE(256 << 20, self->max_device_bytes);
}

TEST_F(memory, open_over_max_device_bytes_returns_enomem)
{
	LIMIT_DEVICE(2 * self->ring - 1);
	EXPECT_EQ(-ENOMEM, sim_open(SIM_NAME, O_RDONLY));
	EXPECT_EQ(1, get_stats(self->fd).clients);
	ASSERT_EQ(0, write_number(PARAMETER, 2 * self->ring));
	OPEN_SECOND();
	EXPECT_EQ(-ENOMEM, sim_open(SIM_NAME, O_RDONLY));
}

TEST_F(memory, closed_client_makes_room)
{
	LIMIT_DEVICE(self->ring);
	EXPECT_EQ(-ENOMEM, sim_open(SIM_NAME, O_RDONLY));
	close(self->fd);
	self->fd = -1;
	OPEN();
}

TEST_F(memory, resize_over_max_device_bytes_keeps_queue)
{
	uint64_t large;

	ASSERT_EQ(0, set_max_packets(self->fd, 2 * LIMIT));
	large = get_info(self->fd).ring_bytes;
	ASSERT_EQ(0, set_max_packets(self->fd, LIMIT));
	BROADCAST(2);
	OPEN_SECOND();

	LIMIT_DEVICE(large + self->ring - 1);
	EXPECT_EQ(-ENOMEM, set_max_packets(self->fd, 2 * LIMIT));
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);
	EXPECT_READ(.seq = 1, .count = 2);
	ASSERT_EQ(0, write_number(PARAMETER, large + self->ring));
	EXPECT_EQ(0, set_max_packets(self->fd, 2 * LIMIT));
	EXPECT_EQ(2 * LIMIT, get_info(self->fd).max_packets);
}

TEST_F(memory, queue_at_the_limit_can_shrink)
{
	LIMIT_DEVICE(self->ring);
	EXPECT_EQ(0, set_max_packets(self->fd, LIMIT / 2));
	EXPECT_EQ(0, set_max_packets(self->fd, LIMIT));
}

TEST_F(memory, refused_resize_uses_no_bytes)
{
	void *map = mmap(NULL, self->ring, PROT_READ, MAP_SHARED, self->fd, 0);

	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(-EBUSY, set_max_packets(self->fd, LIMIT));
	LIMIT_DEVICE(2 * self->ring);
	OPEN_SECOND();
	munmap(map, self->ring);
}

TEST_F(memory, cap_sys_resource_exempts_from_max_device_bytes)
{
	ASSERT_EQ(0, write_number(PARAMETER, 0));
	OPEN_SECOND();
	EXPECT_EQ(0, set_max_packets(self->second, 2 * LIMIT));
	ASSERT_EQ(0, set_sys_resource(false));
	EXPECT_EQ(-ENOMEM, sim_open(SIM_NAME, O_RDONLY));
}

/* -- More rings than memory -- */

static long long oom_kills(void)
{
	return read_field("/proc/vmstat", "oom_kill ");
}

/* Length of a queue whose ring takes a twelfth to a sixth of the memory. */
static uint32_t long_queue(void)
{
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	uint64_t bytes = RECORD;

	while (bytes < memory / 12)
		bytes *= 2;
	return bytes / RECORD - 1;
}

TEST_F(memory, exhaustion_returns_enomem_without_oom_kill)
{
	enum { CLIENTS = 20 };

	uint32_t packets = long_queue();
	long long kills = oom_kills(), bytes = read_number(RING_BYTES);
	unsigned int resized = 0;
	int fds[CLIENTS];

	if (sysconf(_SC_PHYS_PAGES) > (2LL << 30) / sysconf(_SC_PAGESIZE))
		SKIP(return, "this system has more than 2 GiB of memory");
	ASSERT_EQ(0, allow_packets(packets, PACKET));
	for (unsigned int i = 0; i < CLIENTS; i++) {
		int ret;

		fds[i] = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
		ASSERT_LE(0, fds[i]);
		ret = set_max_packets(fds[i], packets);
		resized += !ret;
		EXPECT_TRUE(!ret || ret == -ENOMEM);
		EXPECT_EQ(ret ? LIMIT : packets, get_info(fds[i]).max_packets);
	}
	EXPECT_LT(0, resized);
	EXPECT_GT(CLIENTS, resized);
	BROADCAST(1);
	for (unsigned int i = 0; i < CLIENTS; i++) {
		EXPECT_READ_FROM(fds[i], .seq = 1);
		close(fds[i]);
	}
	EXPECT_EQ(bytes, read_number(RING_BYTES));
	/* Kernels without VM_EVENT_COUNTERS do not count. */
	if (kills != -ENOENT)
		EXPECT_EQ(kills, oom_kills());
}

TEST_HARNESS_MAIN
