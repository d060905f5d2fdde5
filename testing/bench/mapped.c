// SPDX-License-Identifier: GPL-2.0
/*
 * The mapped ring, which is read without system calls: records are copied, or read in place. To
 * sleep, the reader calls NOTIFY_MULTI_IOC_CONSUME and poll().
 */
#include <notify_multi/reader.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "bench.h"

static struct notify_multi_reader *mapped;

static void mapped_open(struct bench *bench)
{
	struct notify_multi_stats stats;
	struct notify_multi_info info;
	unsigned int i;
	void *ring;

	mapped = allocate(bench->nr * sizeof(*mapped));
	for (i = 0; i < bench->nr; i++) {
		CHECK(!ioctl(bench->readers[i], NOTIFY_MULTI_IOC_GET_INFO, &info));
		CHECK(!ioctl(bench->readers[i], NOTIFY_MULTI_IOC_GET_STATS, &stats));
		ring = mmap(NULL, info.ring_bytes, PROT_READ, MAP_SHARED | MAP_POPULATE,
			    bench->readers[i], 0);
		CHECK(ring != MAP_FAILED);
		notify_multi_reader_init(&mapped[i], ring, stats.next);
	}
}

/* Before CONSUME, poll() treats packets that were read as queued. */
static void mapped_sleep(struct bench *bench, unsigned int reader)
{
	struct pollfd pollfd = { .fd = bench->readers[reader], .events = POLLIN };
	__u64 seq = mapped[reader].next - 1;

	CHECK(!ioctl(pollfd.fd, NOTIFY_MULTI_IOC_CONSUME, &seq));
	CHECK(poll(&pollfd, 1, -1) == 1);
}

static unsigned int mapped_read(struct bench *bench, unsigned int reader, void *buffer,
				unsigned int count)
{
	unsigned int got = 0, more = 1;

	if (count == 1)
		return notify_multi_reader_next(&mapped[reader], buffer);
	for (; more && got < count; got += more)
		more = notify_multi_reader_read(&mapped[reader],
						(char *)buffer + got * bench->stride, count - got);
	return got;
}

/* Copy only the packet's number, for check_record(). */
static unsigned int in_place_read(struct bench *bench, unsigned int reader, void *buffer,
				  unsigned int count)
{
	/* A local copy stays in CPU registers. */
	struct notify_multi_reader local = mapped[reader];
	const struct notify_multi_record *record;
	struct notify_multi_record *copy;
	unsigned int got;
	__u32 position;

	for (got = 0; got < count; got++) {
		record = notify_multi_reader_peek(&local, &position);
		if (!record)
			break;
		copy = (void *)((char *)buffer + got * bench->stride);
		*(__u64 *)(copy + 1) = *(const __u64 *)(record + 1);
		if (!notify_multi_reader_done(&local, record, position))
			break;
	}
	mapped[reader] = local;
	return got;
}

const struct way mapped_way = {
	.name = "mapped",
	.open = mapped_open,
	.read = mapped_read,
	.sleep = mapped_sleep,
};

const struct way in_place_way = {
	.name = "in-place",
	.open = mapped_open,
	.read = in_place_read,
	.sleep = mapped_sleep,
};
