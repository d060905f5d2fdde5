// SPDX-License-Identifier: GPL-2.0
/*
 * The device node and its sysfs attributes.
 */

#include "device.h"

FIXTURE(sysfs)
{
	SIM_DEVICE;
	char directory[64];
};

/* Use the device number, as a program that has only a file descriptor. */
#define FIND_DIRECTORY()							\
do {										\
	struct stat st_;							\
										\
	ASSERT_EQ(0, fstat(self->fd, &st_));					\
	snprintf(self->directory, sizeof(self->directory), "/sys/dev/char/%u:%u", \
		 major(st_.st_rdev), minor(st_.st_rdev));			\
} while (0)

FIXTURE_SETUP(sysfs)
{
	SIM_SETUP(.max_packets = 5, .max_requests = 3, .replay = 2, .first_seq = 100);
	FIND_DIRECTORY();
}

FIXTURE_TEARDOWN(sysfs)
{
	SIM_TEARDOWN();
}

static long long attribute_number(const char *directory, const char *attribute)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", directory, attribute);
	return read_number(path);
}

#define EXPECT_ATTRIBUTE(number, attribute) \
	EXPECT_EQ((long long)(number), attribute_number(self->directory, attribute))

TEST_F(sysfs, attributes_have_sizes_and_limits)
{
	EXPECT_ATTRIBUTE(PACKET, "packet_size");
	EXPECT_ATTRIBUTE(5, "max_packets");
	EXPECT_ATTRIBUTE(3, "max_requests");
	EXPECT_ATTRIBUTE(2, "replay");
	/* A resize affects one client. */
	ASSERT_EQ(0, set_max_packets(self->fd, 50));
	EXPECT_ATTRIBUTE(5, "max_packets");
}

TEST_F(sysfs, attributes_are_read_only)
{
	static const char * const attributes[] = {
		"packet_size", "max_packets", "max_requests", "replay", "clock", "clients",
		"broadcasts", "dropped", "ring_bytes",
	};
	struct stat st;
	char path[128];

	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		snprintf(path, sizeof(path), "%s/%s", self->directory, attributes[i]);
		ASSERT_EQ(0, stat(path, &st));
		EXPECT_EQ(0444, st.st_mode & 0777);
	}
}

TEST_F(sysfs, clients_counts_open_clients)
{
	EXPECT_ATTRIBUTE(1, "clients");
	OPEN_SECOND();
	EXPECT_ATTRIBUTE(2, "clients");
	close(self->second);
	EXPECT_ATTRIBUTE(1, "clients");
}

TEST_F(sysfs, broadcasts_starts_at_0_with_any_first_seq)
{
	EXPECT_ATTRIBUTE(0, "broadcasts");
	BROADCAST(3);
	EXPECT_ATTRIBUTE(3, "broadcasts");
}

TEST_F(sysfs, dropped_sums_all_clients)
{
	OPEN_SECOND();
	EXPECT_ATTRIBUTE(0, "dropped");
	ASSERT_EQ(0, set_max_packets(self->second, 2));
	BROADCAST(8);
	EXPECT_ATTRIBUTE(3 + 6, "dropped");
	EXPECT_READ_FROM(self->second, .seq = 106, .dropped = 6, .size = RECORD);
	EXPECT_ATTRIBUTE(3 + 6, "dropped");
	BROADCAST(1);
	EXPECT_ATTRIBUTE(4 + 6, "dropped");
}

TEST_F(sysfs, dropped_includes_resize_drops)
{
	BROADCAST(5);
	ASSERT_EQ(0, set_max_packets(self->fd, 2));
	EXPECT_ATTRIBUTE(3, "dropped");
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	EXPECT_ATTRIBUTE(4, "dropped");
}

TEST_F(sysfs, dropped_includes_closed_clients)
{
	OPEN_SECOND();
	BROADCAST(8);
	EXPECT_READ_FROM(self->second, .seq = 103, .dropped = 3, .size = RECORD);
	/* A client that has reported its drops, then one that has not. */
	close(self->second);
	EXPECT_ATTRIBUTE(3 + 3, "dropped");
	close(self->fd);
	EXPECT_ATTRIBUTE(3 + 3, "dropped");

	/* The new client starts with two replayed packets. */
	OPEN();
	EXPECT_ATTRIBUTE(3 + 3, "dropped");
	BROADCAST(4);
	EXPECT_ATTRIBUTE(3 + 3 + 1, "dropped");
}

enum { CLOSING = 500 };

static ssize_t close_clients(void *data)
{
	const int *clients = data;

	for (unsigned int i = 0; i < CLOSING; i++)
		close(clients[i]);
	return 0;
}

TEST_F(sysfs, dropped_counts_each_client_once_during_close)
{
	long long dropped = CLOSING + 1;
	unsigned int wrong = 0;
	struct thread closer;
	int clients[CLOSING];

	/* The closes can be over before the first read: repeat. */
	for (unsigned int round = 0; round < 5; round++) {
		for (unsigned int i = 0; i < CLOSING; i++) {
			clients[i] = sim_open(SIM_NAME, O_RDONLY);
			ASSERT_LE(0, clients[i]);
		}
		BROADCAST(6);
		if (round)
			dropped = attribute_number(self->directory, "dropped");
		ASSERT_TRUE(thread_start(&closer, close_clients, clients));
		do {
			wrong += attribute_number(self->directory, "dropped") != dropped;
		} while (attribute_number(self->directory, "clients") > 1);
		ASSERT_EQ(0, thread_join(&closer));
	}
	EXPECT_EQ(0, wrong);
}

TEST_F(sysfs, ring_bytes_sums_history_and_clients)
{
	long long history, one = get_info(self->fd).ring_bytes;

	close(self->fd);
	history = attribute_number(self->directory, "ring_bytes");
	EXPECT_LT(0, history);
	OPEN();
	EXPECT_ATTRIBUTE(history + one, "ring_bytes");
	OPEN_SECOND();
	EXPECT_ATTRIBUTE(history + 2 * one, "ring_bytes");
	ASSERT_EQ(0, set_max_packets(self->second, 5000));
	EXPECT_LT(one, get_info(self->second).ring_bytes);
	EXPECT_ATTRIBUTE(history + one + get_info(self->second).ring_bytes, "ring_bytes");
	close(self->second);
	EXPECT_ATTRIBUTE(history + one, "ring_bytes");
}

/* -- Devices with other settings -- */

#define RECONFIGURE(attribute, value)						\
do {										\
	UNREGISTER();								\
	ASSERT_EQ(0, sim_set(SIM_NAME, attribute, value));			\
	REREGISTER();								\
	OPEN();									\
} while (0)

TEST_F(sysfs, ring_bytes_is_0_without_replay_and_clients)
{
	RECONFIGURE("replay", "0");
	FIND_DIRECTORY();
	EXPECT_ATTRIBUTE(get_info(self->fd).ring_bytes, "ring_bytes");
	close(self->fd);
	EXPECT_ATTRIBUTE(0, "ring_bytes");
}

TEST_F(sysfs, node_has_configured_mode)
{
	struct stat st;

	ASSERT_EQ(0, stat(NOTIFY_DIR SIM_NAME, &st));
	EXPECT_TRUE(S_ISCHR(st.st_mode));
	EXPECT_EQ(0600, st.st_mode & 0777);
	RECONFIGURE("mode", "0644");
	ASSERT_EQ(0, stat(NOTIFY_DIR SIM_NAME, &st));
	EXPECT_EQ(0644, st.st_mode & 0777);
}

TEST_HARNESS_MAIN
