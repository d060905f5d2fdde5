// SPDX-License-Identifier: GPL-2.0
/*
 * The device node and its sysfs attributes.
 */

#include "sim.h"

#define PACKET	16
#define RECORD	(RECORD_HEADER + PACKET)

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

/* Use the device number, as a program that has only a file descriptor. */
static void attribute_path(int fd, const char *attribute, char *path, size_t size)
{
	struct stat st;

	path[0] = '\0';
	if (!fstat(fd, &st))
		snprintf(path, size, "/sys/dev/char/%u:%u/%s", major(st.st_rdev),
			 minor(st.st_rdev), attribute);
}

static long long path_number(const char *path)
{
	char text[64];
	int ret = read_file(path, text, sizeof(text));

	return ret ? ret : strtoll(text, NULL, 10);
}

static long long attribute_number(int fd, const char *attribute)
{
	char path[128];

	attribute_path(fd, attribute, path, sizeof(path));
	return path_number(path);
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

TEST_F(sysfs, dropped_sums_all_clients)
{
	int other = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	unsigned char buffer[RECORD];

	ASSERT_LE(0, other);
	EXPECT_EQ(0, attribute_number(self->fd, "dropped"));
	ASSERT_EQ(0, set_max_packets(other, 2));
	ASSERT_EQ(8 * PACKET, sim_broadcast(self->injector, PACKET, 1, 8));
	EXPECT_EQ(3 + 6, attribute_number(self->fd, "dropped"));
	ASSERT_EQ(RECORD, read_errno(other, buffer, RECORD));
	EXPECT_EQ(3 + 6, attribute_number(self->fd, "dropped"));
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 9, 1));
	EXPECT_EQ(4 + 6, attribute_number(self->fd, "dropped"));
	close(other);
}

TEST_F(sysfs, dropped_includes_resize_drops)
{
	ASSERT_EQ(5 * PACKET, sim_broadcast(self->injector, PACKET, 1, 5));
	ASSERT_EQ(0, set_max_packets(self->fd, 2));
	EXPECT_EQ(3, attribute_number(self->fd, "dropped"));
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	EXPECT_EQ(4, attribute_number(self->fd, "dropped"));
}

TEST_F(sysfs, dropped_includes_closed_clients)
{
	int other = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	unsigned char buffer[RECORD];
	char path[128];

	ASSERT_LE(0, other);
	attribute_path(self->fd, "dropped", path, sizeof(path));
	ASSERT_EQ(8 * PACKET, sim_broadcast(self->injector, PACKET, 1, 8));
	ASSERT_EQ(RECORD, read_errno(other, buffer, RECORD));
	/* A client that has reported its drops, then one that has not. */
	close(other);
	EXPECT_EQ(3 + 3, path_number(path));
	close(self->fd);
	EXPECT_EQ(3 + 3, path_number(path));

	/* The new client starts with two replayed packets. */
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(3 + 3, path_number(path));
	ASSERT_EQ(4 * PACKET, sim_broadcast(self->injector, PACKET, 9, 4));
	EXPECT_EQ(3 + 3 + 1, path_number(path));
}

enum { CLOSING = 500 };

static void *close_clients(void *data)
{
	const int *clients = data;

	for (unsigned int i = 0; i < CLOSING; i++)
		close(clients[i]);
	return NULL;
}

TEST_F(sysfs, dropped_counts_each_client_once_during_close)
{
	static int clients[CLOSING];
	unsigned int wrong = 0;
	pthread_t closer;
	char path[128];

	attribute_path(self->fd, "dropped", path, sizeof(path));
	for (unsigned int i = 0; i < CLOSING; i++) {
		clients[i] = sim_open(SIM_NAME, O_RDONLY);
		ASSERT_LE(0, clients[i]);
	}
	ASSERT_EQ(6 * PACKET, sim_broadcast(self->injector, PACKET, 1, 6));
	ASSERT_EQ(0, pthread_create(&closer, NULL, close_clients, clients));
	do {
		wrong += path_number(path) != CLOSING + 1;
	} while (attribute_number(self->fd, "clients") > 1);
	ASSERT_EQ(0, pthread_join(closer, NULL));
	EXPECT_EQ(0, wrong);
}

TEST_F(sysfs, ring_bytes_sums_history_and_clients)
{
	long long history, one;
	char path[128];
	int other;

	attribute_path(self->fd, "ring_bytes", path, sizeof(path));
	one = get_info(self->fd).ring_bytes;
	close(self->fd);
	history = path_number(path);
	EXPECT_LT(0, history);

	self->fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(history + one, path_number(path));
	other = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, other);
	EXPECT_EQ(history + 2 * one, path_number(path));
	ASSERT_EQ(0, set_max_packets(other, 5000));
	EXPECT_LT(one, get_info(other).ring_bytes);
	EXPECT_EQ(history + one + (long long)get_info(other).ring_bytes, path_number(path));
	close(other);
	EXPECT_EQ(history + one, path_number(path));
}

TEST_F(sysfs, ring_bytes_is_0_without_replay_and_clients)
{
	char path[128];

	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	close(self->fd);
	ASSERT_EQ(0, sim_set(SIM_NAME, "replay", "0"));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));
	self->fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	attribute_path(self->fd, "ring_bytes", path, sizeof(path));
	EXPECT_EQ(get_info(self->fd).ring_bytes, path_number(path));
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(0, path_number(path));
}

TEST_F(sysfs, attributes_are_read_only)
{
	static const char * const attributes[] = {
		"packet_size", "max_packets", "max_requests", "replay", "clients", "broadcasts",
		"dropped", "ring_bytes",
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
