// SPDX-License-Identifier: GPL-2.0
/*
 * Memory cgroups: an open's ring is charged to who opens the device or asks for a longer
 * queue, and not to the source.
 */

#include "sim.h"

#include <sys/mount.h>
#include <sys/utsname.h>

#define PACKET		65000
#define LONG		255
#define GROUPS		"/run/kselftest-cgroup/"
#define GROUP		GROUPS "kselftest/"

FIXTURE(charge)
{
	int fd;
};

/* Before Linux 5.11 pages that can be mapped cannot be charged. */
static bool rings_are_charged(void)
{
	struct utsname name;
	unsigned int major, minor;

	return !uname(&name) && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 5 || (major == 5 && minor >= 11));
}

/* A group that this process is in. */
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
	char text[32];

	return read_file(GROUP "memory.current", text, sizeof(text)) ? 0 : strtoull(text, NULL, 10);
}

/* Processors charge ahead: what was counted before may be some pages more. */
#define EXPECT_CHARGED(before, bytes)					\
do {									\
	EXPECT_LE((before) + (bytes) / 4 * 3, charged());		\
	EXPECT_GE((before) + (bytes) / 4 * 5, charged());		\
} while (0)

FIXTURE_SETUP(charge)
{
	int ret;

	self->fd = -1;
	if (!rings_are_charged())
		SKIP(return, "this kernel cannot charge pages that can be mapped");
	ret = join_group();
	if (ret) {
		leave_group();
		SKIP(return, "no memory cgroup: %s", strerror(-ret));
	}
}

FIXTURE_TEARDOWN(charge)
{
	if (self->fd >= 0)
		close(self->fd);
	sim_remove(SIM_NAME);
	leave_group();
}

TEST_F(charge, ring_is_charged_to_who_opens)
{
	const struct sim_config config = { .packet_size = PACKET, .max_packets = LONG };
	uint64_t before;

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	before = charged();
	self->fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	EXPECT_CHARGED(before, get_info(self->fd).ring_bytes);
}

TEST_F(charge, ring_is_charged_to_who_makes_it_longer)
{
	const struct sim_config config = { .packet_size = PACKET, .max_packets = 1 };
	uint64_t before;

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	before = charged();
	ASSERT_EQ(0, set_max_packets(self->fd, LONG));
	EXPECT_CHARGED(before, get_info(self->fd).ring_bytes);
}

/* That is the machine's: it is there for every open. */
TEST_F(charge, packets_for_replay_are_charged_to_nobody)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = LONG,
		.replay = LONG,
	};
	uint64_t before = charged();

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	EXPECT_GE(before + 4 * 1024 * 1024, charged());
}

TEST_HARNESS_MAIN
