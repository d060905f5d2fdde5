// SPDX-License-Identifier: GPL-2.0
/*
 * mmap() of the ring: its arguments, resizing, mremap and the lifetime of mappings. For the
 * contents of the ring, see mmap_reader.c.
 */

#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "device.h"

#define LIMIT		5
#define SLOTS		8
#define BIG		4096
#define BIG_RECORD	RECORD_SIZE(BIG)

FIXTURE(mapping)
{
	SIM_DEVICE;
	size_t page;
	size_t bytes;
	char *map;
};

FIXTURE_SETUP(mapping)
{
	SIM_SETUP(.packet_size = BIG, .max_packets = LIMIT);
	self->page = sysconf(_SC_PAGESIZE);
	self->bytes = get_info(self->fd).ring_bytes;
}

FIXTURE_TEARDOWN(mapping)
{
	SIM_TEARDOWN();
}

static int map_errno(int fd, size_t bytes, int prot, int flags, off_t offset)
{
	void *map = mmap(NULL, bytes, prot, flags, fd, offset);

	if (map == MAP_FAILED)
		return -errno;
	munmap(map, bytes);
	return 0;
}

/* Result of a readable shared mapping. */
#define MAP_READ(bytes, offset) map_errno(self->fd, bytes, PROT_READ, MAP_SHARED, offset)

#define MAP_CLIENT(client)							\
do {										\
	self->map = mmap(NULL, self->bytes, PROT_READ, MAP_SHARED, client, 0);	\
	ASSERT_NE(MAP_FAILED, self->map);					\
} while (0)

#define MAP() MAP_CLIENT(self->fd)
#define UNMAP() ASSERT_EQ(0, munmap(self->map, self->bytes))
#define HEADER() ((const struct notify_multi_ring *)self->map)

/* Expect the packet in its slot. */
#define EXPECT_SLOT(map, number)						\
	EXPECT_RECORDS((map) + self->page + (number) % SLOTS * BIG_RECORD, .seq = number)

#define EXPECT_BUSY(packets) EXPECT_EQ(-EBUSY, set_max_packets(self->fd, packets))

/* Only the last munmap() allows it. */
#define EXPECT_RESIZABLE()							\
do {										\
	EXPECT_EQ(0, set_max_packets(self->fd, 4));				\
	EXPECT_EQ(4, get_info(self->fd).max_packets);				\
} while (0)

TEST_F(mapping, ring_is_header_page_and_slots)
{
	size_t slots = (SLOTS * BIG_RECORD + self->page - 1) / self->page * self->page;

	EXPECT_EQ(self->page + slots, self->bytes);
	EXPECT_EQ(0, MAP_READ(self->bytes, 0));
	EXPECT_EQ(0, map_errno(self->fd, self->bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, 0));
	EXPECT_EQ(0, map_errno(self->fd, self->bytes, PROT_NONE, MAP_SHARED, 0));
}

TEST_F(mapping, first_pages_can_be_mapped)
{
	EXPECT_EQ(0, MAP_READ(self->bytes - self->page, 0));
	self->bytes = self->page;
	MAP();
	BROADCAST(3);
	EXPECT_EQ(3, HEADER()->head);
	UNMAP();
}

TEST_F(mapping, mmap_past_end_returns_einval)
{
	EXPECT_EQ(-EINVAL, MAP_READ(self->bytes + self->page, 0));
	EXPECT_EQ(-EINVAL, MAP_READ(self->bytes + 1, 0));
	EXPECT_EQ(-EINVAL, MAP_READ(1UL << 30, 0));
}

TEST_F(mapping, mmap_at_offset_returns_einval)
{
	EXPECT_EQ(-EINVAL, MAP_READ(self->page, self->page));
	EXPECT_EQ(-EINVAL, MAP_READ(self->page, self->bytes - self->page));
	EXPECT_EQ(-EINVAL, MAP_READ(self->page, self->bytes));
}

TEST_F(mapping, mmap_length_follows_resize)
{
	ASSERT_EQ(0, set_max_packets(self->fd, 1));
	EXPECT_EQ(-EINVAL, MAP_READ(self->bytes, 0));
	ASSERT_EQ(0, set_max_packets(self->fd, 100));
	EXPECT_EQ(0, MAP_READ(get_info(self->fd).ring_bytes, 0));
}

TEST_F(mapping, private_mmap_returns_einval)
{
	EXPECT_EQ(-EINVAL, map_errno(self->fd, self->bytes, PROT_READ, MAP_PRIVATE, 0));
	EXPECT_EQ(-EINVAL, map_errno(self->fd, self->page, PROT_NONE, MAP_PRIVATE, 0));
}

/* -- Protection -- */

/* On a noexec mount, the kernel refuses before the driver does. */
static int exec_error(void)
{
	struct statvfs vfs;

	return !statvfs(NOTIFY_DIR SIM_NAME, &vfs) && vfs.f_flag & ST_NOEXEC ? -EPERM : -EACCES;
}

TEST_F(mapping, writable_or_executable_mmap_is_refused)
{
	int fd = sim_open(SIM_NAME, O_RDWR | O_NONBLOCK);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, map_errno(self->fd, self->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, 0));
	EXPECT_EQ(-EACCES, map_errno(fd, self->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, 0));
	EXPECT_EQ(-EACCES, map_errno(fd, self->bytes, PROT_WRITE, MAP_SHARED, 0));
	/* A private copy would not be updated. */
	EXPECT_GT(0, map_errno(fd, self->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0));
	EXPECT_EQ(exec_error(), map_errno(self->fd, self->bytes, PROT_READ | PROT_EXEC,
					  MAP_SHARED, 0));
	EXPECT_EQ(exec_error(), map_errno(fd, self->bytes, PROT_EXEC, MAP_SHARED, 0));
	EXPECT_EQ(0, map_errno(fd, self->bytes, PROT_READ, MAP_SHARED, 0));
}

TEST_F(mapping, write_only_client_cannot_be_mapped)
{
	int fd = sim_open(SIM_NAME, O_WRONLY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EACCES, map_errno(fd, self->bytes, PROT_READ, MAP_SHARED, 0));
}

TEST_F(mapping, mprotect_write_or_exec_returns_eacces)
{
	int fd = sim_open(SIM_NAME, O_RDWR | O_NONBLOCK);

	ASSERT_LE(0, fd);
	MAP_CLIENT(fd);
	EXPECT_EQ(-EACCES, errno_of(mprotect(self->map, self->bytes, PROT_READ | PROT_WRITE)));
	EXPECT_EQ(-EACCES, errno_of(mprotect(self->map, self->page, PROT_WRITE)));
	EXPECT_EQ(-EACCES, errno_of(mprotect(self->map, self->bytes, PROT_READ | PROT_EXEC)));
	UNMAP();
}

TEST_F(mapping, mprotect_none_and_back_works)
{
	MAP();
	BROADCAST(2);
	ASSERT_EQ(0, mprotect(self->map + self->page, self->page, PROT_NONE));
	ASSERT_EQ(0, mprotect(self->map + self->page, self->page, PROT_READ));
	EXPECT_SLOT(self->map, 1);
	EXPECT_SLOT(self->map, 2);
	/* Unmap all parts of the split mapping. */
	UNMAP();
	EXPECT_RESIZABLE();
}

TEST_F(mapping, proc_mem_write_fails)
{
	int mem = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	__u32 head = 99;

	ASSERT_LE(0, mem);
	MAP();
	EXPECT_EQ(-1, pwrite(mem, &head, sizeof(head), (uintptr_t)self->map));
	EXPECT_EQ(0, HEADER()->head);
	UNMAP();
}

TEST_F(mapping, read_into_mapping_returns_efault)
{
	MAP();
	BROADCAST(1);
	EXPECT_EQ(-EFAULT, read_errno(self->fd, self->map, self->bytes));
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
	EXPECT_SLOT(self->map, 1);
	UNMAP();
}

TEST_F(mapping, mmap_with_complete_returns_eopnotsupp)
{
	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, 0));
	OPEN();
	EXPECT_EQ(0, MAP_READ(self->bytes, 0));
	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, -EIO));
	OPEN();
	BROADCAST(1);
	EXPECT_EQ(-EOPNOTSUPP, MAP_READ(self->bytes, 0));
	UNREGISTER();
	EXPECT_EQ(-EOPNOTSUPP, MAP_READ(self->bytes, 0));
}

/* -- Resizing -- */

TEST_F(mapping, resize_while_mapped_returns_ebusy)
{
	MAP();
	BROADCAST(LIMIT);
	EXPECT_BUSY(2);
	EXPECT_BUSY(LIMIT);
	EXPECT_BUSY(100);
	EXPECT_EQ(-EINVAL, set_max_packets(self->fd, 0));
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);
	EXPECT_EQ(self->bytes, get_info(self->fd).ring_bytes);
	EXPECT_STATS(.seq = LIMIT, .next = 1, .pending_packets = LIMIT);
	EXPECT_SLOT(self->map, 1);
	UNMAP();
	EXPECT_EQ(0, set_max_packets(self->fd, 2));
	EXPECT_EQ(2, get_stats(self->fd).pending_packets);
}

TEST_F(mapping, refused_mmap_does_not_block_resize)
{
	EXPECT_EQ(-EINVAL, MAP_READ(self->bytes + self->page, 0));
	EXPECT_EQ(-EINVAL, MAP_READ(self->page, self->page));
	EXPECT_EQ(-EINVAL, map_errno(self->fd, self->page, PROT_READ, MAP_PRIVATE, 0));
	EXPECT_RESIZABLE();
}

TEST_F(mapping, resize_works_after_last_part_unmapped)
{
	size_t half = self->bytes / self->page / 2 * self->page;

	MAP();
	BROADCAST(LIMIT);
	/* Unmap a page in the middle: two parts remain. */
	ASSERT_EQ(0, munmap(self->map + half, self->page));
	EXPECT_BUSY(4);
	EXPECT_EQ(LIMIT, HEADER()->head);
	EXPECT_SLOT(self->map, 1);
	ASSERT_EQ(0, munmap(self->map, half));
	EXPECT_BUSY(4);
	ASSERT_EQ(0, munmap(self->map + half + self->page, self->bytes - half - self->page));
	EXPECT_RESIZABLE();
}

TEST_F(mapping, child_mapping_blocks_resize_until_exit)
{
	pid_t child;

	MAP();
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		pause();
		_exit(0);
	}
	UNMAP();
	EXPECT_BUSY(4);
	ASSERT_TRUE(kill_child(child));
	EXPECT_RESIZABLE();
}

TEST_F(mapping, parent_mapping_outlives_child)
{
	int status;
	pid_t child;

	MAP();
	BROADCAST(1);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(HEADER()->head != 1 || munmap(self->map, self->bytes));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_BUSY(4);
	EXPECT_SLOT(self->map, 1);
	UNMAP();
}

/* -- mremap -- */

/* Reserve addresses. */
static void *reserve(size_t bytes)
{
	return mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void *move(void *from, size_t bytes, void *to)
{
	return mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to);
}

TEST_F(mapping, moved_mapping_shows_same_ring)
{
	char *to = reserve(self->bytes);

	ASSERT_NE(MAP_FAILED, to);
	MAP();
	BROADCAST(2);
	EXPECT_SLOT(self->map, 1);
	ASSERT_EQ(to, move(self->map, self->bytes, to));
	BROADCAST(1);
	EXPECT_SLOT(to, 1);
	EXPECT_SLOT(to, 3);
	EXPECT_BUSY(4);
	munmap(to, self->bytes);
	EXPECT_RESIZABLE();
}

TEST_F(mapping, moved_part_shows_same_page)
{
	char *to = reserve(self->page);

	ASSERT_NE(MAP_FAILED, to);
	MAP();
	BROADCAST(2 * SLOTS);
	/* Move the first page of slots, then move it back. */
	memcpy(scratch, self->map + self->page, self->page);
	ASSERT_EQ(to, move(self->map + self->page, self->page, to));
	EXPECT_EQ(0, memcmp(scratch, to, self->page));
	ASSERT_EQ(self->map + self->page, move(to, self->page, self->map + self->page));
	EXPECT_SLOT(self->map, 2 * SLOTS);
	EXPECT_BUSY(4);
	UNMAP();
	EXPECT_RESIZABLE();
}

TEST_F(mapping, mremap_does_not_grow_mapping)
{
	size_t less = self->bytes - self->page;

	MAP();
	EXPECT_EQ(MAP_FAILED, mremap(self->map, self->bytes, self->bytes + self->page,
				     MREMAP_MAYMOVE));
	/* Growing up to the size of the ring fails as well. */
	ASSERT_NE(MAP_FAILED, mremap(self->map, self->bytes, less, 0));
	EXPECT_EQ(MAP_FAILED, mremap(self->map, less, self->bytes, MREMAP_MAYMOVE));
	EXPECT_EQ(0, HEADER()->head);
	UNMAP();
	EXPECT_RESIZABLE();
}

/* Copying the queue takes long enough for mmap() to occur during the copy. */
SIM_FIXTURE(long_resize, .packet_size = BIG, .max_packets = 500)

struct mapper {
	struct thread thread;
	int fd;
	size_t bytes;
	unsigned int mapped;
	bool end;
};

/* Return 0 if each mapping contains the newest packet. */
static ssize_t run_mapper(void *data)
{
	struct mapper *mapper = data;
	const struct notify_multi_record *record;
	const struct notify_multi_ring *ring;
	unsigned int wrong = 0;

	while (!__atomic_load_n(&mapper->end, __ATOMIC_ACQUIRE)) {
		ring = mmap(NULL, mapper->bytes, PROT_READ, MAP_SHARED, mapper->fd, 0);
		if (ring == MAP_FAILED && errno == EBUSY)
			continue;
		if (ring == MAP_FAILED)
			return -errno;
		record = (const void *)((const char *)ring + ring->data_offset +
					(size_t)ring->head % ring->slots * BIG_RECORD);
		wrong += record->seq != ring->head;
		munmap((void *)ring, mapper->bytes);
		mapper->mapped++;
	}
	return wrong;
}

TEST_F(long_resize, mapped_ring_is_complete)
{
	struct mapper mapper = { .fd = self->fd, .bytes = get_info(self->fd).ring_bytes };
	unsigned int resized = 0;

	BROADCAST(450);
	ASSERT_TRUE(thread_start(&mapper.thread, run_mapper, &mapper));
	for (unsigned int i = 0; i < 1000 && resized < 20; i++) {
		int ret = set_max_packets(self->fd, 500 - i % 2);

		ASSERT_TRUE(!ret || ret == -EBUSY);
		resized += !ret;
	}
	__atomic_store_n(&mapper.end, true, __ATOMIC_RELEASE);
	EXPECT_EQ(0, thread_join(&mapper.thread));
	EXPECT_LT(0, mapper.mapped);
	EXPECT_LT(0, resized);
}

/* -- Lifetime of mappings -- */

TEST_F(mapping, mapping_pins_client_after_close)
{
	MAP();
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(1, read_number("/sys/class/misc/notify!" SIM_NAME "/clients"));
	EXPECT_EQ(0, sim_get_number(SIM_NAME, "departures"));
	BROADCAST(2);
	EXPECT_SLOT(self->map, 2);
	UNMAP();
	EXPECT_EQ(0, read_number("/sys/class/misc/notify!" SIM_NAME "/clients"));
	EXPECT_EQ(1, sim_get_number(SIM_NAME, "departures"));
}

TEST_F(mapping, mapping_outlives_fd_and_source)
{
	MAP();
	BROADCAST(2 * LIMIT);
	close(self->fd);
	self->fd = -1;
	UNREGISTER();
	EXPECT_EQ(1, sim_get_number(SIM_NAME, "departures"));
	EXPECT_EQ(2 * LIMIT, HEADER()->head);
	EXPECT_SLOT(self->map, 2 * LIMIT);
	/* This page has not been faulted in yet. */
	EXPECT_SLOT(self->map, LIMIT + 1);
	UNMAP();
	EXPECT_EQ(1, sim_get_number(SIM_NAME, "departures"));
}

TEST_HARNESS_MAIN
