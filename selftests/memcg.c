// SPDX-License-Identifier: GPL-2.0
/*
 * Memory cgroups: a client's ring is charged to the process that opens the device or
 * resizes the queue.
 */

#include "device.h"

#include <sys/mount.h>
#include <sys/utsname.h>

#define LARGE_PACKET	65000
#define LONG		255
#define GROUPS		"/run/kselftest-cgroup/"
#define GROUP		GROUPS "kselftest/"

FIXTURE(memcg)
{
	SIM_DEVICE;
	long long default_ring_bytes;
};

/* Before Linux 5.11, mappable pages cannot be charged. */
static bool kernel_charges_rings(void)
{
	struct utsname name;
	unsigned int major, minor;

	return !uname(&name) && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 11));
}

/* Create a group and move this process to it. */
static int join_group(void)
{
	int ret;

	if ((mkdir("/run", 0755) && errno != EEXIST) ||
	    (mkdir(GROUPS, 0700) && errno != EEXIST) ||
	    mount("cgroup2", GROUPS, "cgroup2", 0, NULL))
		return -errno;
	ret = write_file(GROUPS "cgroup.subtree_control", "+memory");
	if (!ret && mkdir(GROUP, 0700))
		ret = -errno;
	return ret ? ret : write_file(GROUP "cgroup.procs", "0");
}

static void leave_group(void)
{
	write_file(GROUPS "cgroup.procs", "0");
	rmdir(GROUP);
	umount(GROUPS);
	rmdir(GROUPS);
}

static uint64_t charged(void)
{
	return read_number(GROUP "memory.current");
}

/* memcg charges in per-CPU batches: allow for a few pages. */
#define EXPECT_CHARGED(before, bytes)					\
do {									\
	EXPECT_LE((before) + (bytes) / 4 * 3, charged());		\
	EXPECT_GE((before) + (bytes) / 4 * 5, charged());		\
} while (0)

FIXTURE_SETUP(memcg)
{
	int ret;

	if (!kernel_charges_rings())
		SKIP(return, "the kernel cannot charge mappable pages");
	ret = join_group();
	if (ret) {
		leave_group();
		SKIP(return, "no memory cgroup: %s", strerror(-ret));
	}
	if (!sim_available())
		SKIP(return, "notify_sim is not available");
	/* On 32-bit, the default is too small. */
	self->default_ring_bytes = read_number(MAX_RING_BYTES);
	ASSERT_EQ(0, allow_packets(LONG, LARGE_PACKET));
}

FIXTURE_TEARDOWN(memcg)
{
	SIM_TEARDOWN();
	EXPECT_EQ(0, write_number(MAX_RING_BYTES, self->default_ring_bytes));
	leave_group();
}

TEST_F(memcg, ring_charged_to_opener)
{
	uint64_t before;

	SIM_SETUP(.packet_size = LARGE_PACKET, .max_packets = LONG, .no_client = true);
	before = charged();
	OPEN();
	EXPECT_CHARGED(before, get_info(self->fd).ring_bytes);
}

TEST_F(memcg, ring_charged_to_resizer)
{
	uint64_t before;

	SIM_SETUP(.packet_size = LARGE_PACKET, .max_packets = 1);
	before = charged();
	ASSERT_EQ(0, set_max_packets(self->fd, LONG));
	EXPECT_CHARGED(before, get_info(self->fd).ring_bytes);
}

/* The replay ring belongs to the device, not to a client. */
TEST_F(memcg, replay_ring_is_not_charged)
{
	uint64_t before = charged();

	SIM_SETUP(.packet_size = LARGE_PACKET, .max_packets = LONG, .replay = LONG,
		  .no_client = true);
	EXPECT_GE(before + 4 * 1024 * 1024, charged());
}

TEST_HARNESS_MAIN
