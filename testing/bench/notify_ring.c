// SPDX-License-Identifier: GPL-2.0
/*
 * notify_multi by the mapped ring, without system calls: records are copied or read in place. To
 * sleep, the reader calls NOTIFY_MULTI_IOC_CONSUME and poll().
 */
#include <notify_multi/reader.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bench.h"

struct mapping {
	struct notify_multi_reader reader;
	void *ring;
	size_t bytes;
};

/* Fault in all pages, so that page faults are not measured. */
static void touch(const void *memory, size_t bytes)
{
	const volatile char *at = memory;
	size_t page = sysconf(_SC_PAGESIZE);
	size_t offset;

	for (offset = 0; offset < bytes; offset += page)
		(void)at[offset];
}

static void notify_ring_open(struct bench *bench, struct reader *reader)
{
	struct mapping *mapping = allocate(sizeof(*mapping));
	struct notify_multi_stats stats;
	struct notify_multi_info info;

	notify_open(bench, reader);
	if (ioctl(reader->fd, NOTIFY_MULTI_IOC_GET_INFO, &info) ||
	    ioctl(reader->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats))
		fail("GET_INFO or GET_STATS failed: %m");
	mapping->bytes = info.ring_bytes;
	mapping->ring = mmap(NULL, mapping->bytes, PROT_READ, MAP_SHARED, reader->fd, 0);
	if (mapping->ring == MAP_FAILED)
		fail("cannot map the ring: %m");
	touch(mapping->ring, mapping->bytes);
	notify_multi_reader_init(&mapping->reader, mapping->ring, stats.next);
	reader->private = mapping;
}

static void notify_ring_close(struct reader *reader)
{
	struct mapping *mapping = reader->private;

	munmap(mapping->ring, mapping->bytes);
	free(mapping);
}

static int notify_ring_read(struct reader *reader, void *buffer)
{
	struct mapping *mapping = reader->private;

	return notify_multi_reader_next(&mapping->reader, buffer);
}

static int notify_ring_batch(struct reader *reader, void *buffer, unsigned int count)
{
	struct mapping *mapping = reader->private;

	return notify_multi_reader_read(&mapping->reader, buffer, count);
}

/* Read only the packet's number, and keep it for the check. */
static inline int notify_in_place(struct notify_multi_reader *reader, uint64_t *number)
{
	const struct notify_multi_record *record;
	__u32 position;

	record = notify_multi_reader_peek(reader, &position);
	if (!record)
		return 0;
	*number = *(const uint64_t *)record->data;
	return notify_multi_reader_done(reader, record, position);
}

static int notify_in_place_read(struct reader *reader, void *buffer)
{
	struct mapping *mapping = reader->private;

	return notify_in_place(&mapping->reader, buffer);
}

/* A local copy of the reader stays in registers. */
static int notify_in_place_batch(struct reader *reader, void *buffer, unsigned int count)
{
	struct mapping *mapping = reader->private;
	struct notify_multi_reader local = mapping->reader;
	size_t stride = reader->bench->stride;
	unsigned int i;

	for (i = 0; i < count; i++)
		if (!notify_in_place(&local, (uint64_t *)((char *)buffer + i * stride)))
			break;
	mapping->reader = local;
	return i;
}

static bool notify_in_place_check(const struct bench *bench, const void *packet, uint64_t number)
{
	return *(const uint64_t *)packet == number;
}

/* Before CONSUME, poll() treats packets that were read as queued. */
static void notify_ring_sleep(struct reader *reader)
{
	struct mapping *mapping = reader->private;
	struct pollfd pollfd = { .fd = reader->fd, .events = POLLIN };
	__u64 seq = mapping->reader.next - 1;

	if (ioctl(reader->fd, NOTIFY_MULTI_IOC_CONSUME, &seq))
		fail("cannot consume: %m");
	if (poll(&pollfd, 1, -1) != 1)
		fail("cannot poll: %m");
}

static int notify_ring_wait(struct reader *reader, void *buffer)
{
	while (!reader->bench->peer->read(reader, buffer))
		notify_ring_sleep(reader);
	return 1;
}

const struct peer notify_ring_peer = {
	.name = "notify_multi",
	.way = "mapped",
	.about = "the mapped ring, records are copied; poll() to sleep",
	.start = notify_start,
	.stop = notify_stop,
	.open = notify_ring_open,
	.publish = packet_write,
	.close = notify_ring_close,
	.read = notify_ring_read,
	.batch = notify_ring_batch,
	.wait = notify_ring_wait,
	.check = notify_check,
};

const struct peer notify_in_place_peer = {
	.name = "notify_multi",
	.way = "in-place",
	.about = "the mapped ring, records are read in place; poll() to sleep",
	.start = notify_start,
	.stop = notify_stop,
	.open = notify_ring_open,
	.publish = packet_write,
	.close = notify_ring_close,
	.read = notify_in_place_read,
	.batch = notify_in_place_batch,
	.wait = notify_ring_wait,
	.check = notify_in_place_check,
};
