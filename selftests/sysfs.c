// SPDX-License-Identifier: GPL-2.0
/*
 * The device node and its sysfs attributes.
 */

#include "sim.h"

#define PACKET	16

FIXTURE(sysfs)
{
	int injector;
	int fd;
	char text[64];
};

FIXTURE_SETUP(sysfs)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = 5,
		.max_requests = 3,
		.replay = 2,
		.first_seq = 100,
	};

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(sysfs)
{
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

/* Found by the device number, as a program with only a file descriptor would. */
static void attribute_path(int fd, const char *attribute, char *path, size_t size)
{
	struct stat st;

	path[0] = '\0';
	if (!fstat(fd, &st))
		snprintf(path, size, "/sys/dev/char/%u:%u/%s", major(st.st_rdev),
			 minor(st.st_rdev), attribute);
}

static long long attribute_number(int fd, const char *attribute)
{
	char path[128], text[64];
	int ret;

	attribute_path(fd, attribute, path, sizeof(path));
	ret = read_file(path, text, sizeof(text));
	return ret ? ret : strtoll(text, NULL, 10);
}

TEST_F(sysfs, attributes_have_sizes_and_limits)
{
	EXPECT_EQ(PACKET, attribute_number(self->fd, "packet_size"));
	EXPECT_EQ(5, attribute_number(self->fd, "max_packets"));
	EXPECT_EQ(3, attribute_number(self->fd, "max_requests"));
	EXPECT_EQ(2, attribute_number(self->fd, "replay"));
}

TEST_F(sysfs, clients_counts_open_clients)
{
	int other;

	EXPECT_EQ(1, attribute_number(self->fd, "clients"));
	other = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, other);
	EXPECT_EQ(2, attribute_number(self->fd, "clients"));
	close(other);
	EXPECT_EQ(1, attribute_number(self->fd, "clients"));
}

TEST_F(sysfs, broadcasts_starts_at_0_with_any_first_seq)
{
	EXPECT_EQ(0, attribute_number(self->fd, "broadcasts"));
	ASSERT_EQ(3 * PACKET, sim_broadcast(self->injector, PACKET, 1, 3));
	EXPECT_EQ(3, attribute_number(self->fd, "broadcasts"));
}

TEST_F(sysfs, attributes_are_read_only)
{
	static const char * const attributes[] = {
		"packet_size", "max_packets", "max_requests", "replay", "clients", "broadcasts",
	};
	struct stat st;
	char path[128];

	for (unsigned int i = 0; i < sizeof(attributes) / sizeof(*attributes); i++) {
		attribute_path(self->fd, attributes[i], path, sizeof(path));
		ASSERT_EQ(0, stat(path, &st));
		EXPECT_EQ(0444, st.st_mode & 0777);
	}
}

TEST_F(sysfs, resize_keeps_max_packets_of_device)
{
	ASSERT_EQ(0, set_max_packets(self->fd, 50));
	EXPECT_EQ(5, attribute_number(self->fd, "max_packets"));
}

TEST_F(sysfs, node_has_mode_0600_by_default)
{
	struct stat st;

	ASSERT_EQ(0, stat(NOTIFY_DIR SIM_NAME, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0600, st.st_mode & 0777);
}

TEST_F(sysfs, node_has_configured_mode)
{
	struct stat st;

	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_EQ(0, sim_set(SIM_NAME, "mode", "0644"));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));
	ASSERT_EQ(0, stat(NOTIFY_DIR SIM_NAME, &st));
	EXPECT_EQ(0644, st.st_mode & 0777);
}

TEST_HARNESS_MAIN
