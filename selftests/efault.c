// SPDX-License-Identifier: GPL-2.0
/*
 * Bad and partly mapped buffers: each call returns its documented errno or the complete records,
 * and consumes no packets that it did not deliver.
 */

#include <sys/mman.h>

/* Almost a record: a faulting copy stops up to 31 bytes early on ARM, 63 on RISC-V. */
#define PACKET		64
#define ANOTHER		(RECORD - 8)

#include "device.h"
#include "uring.h"

#define LIMIT		8
#define SLOTS		16
#define PAGE		((size_t)sysconf(_SC_PAGESIZE))

FIXTURE(bad_buffer)
{
	SIM_DEVICE;
	RING;
	int ring_ret;
	unsigned char *pages;
};

/* Memory after the good part of a buffer. */
FIXTURE_VARIANT(bad_buffer)
{
	bool mapped;
	int protection;
	bool readable;
};

FIXTURE_VARIANT_ADD(bad_buffer, unmapped) { .mapped = false };
FIXTURE_VARIANT_ADD(bad_buffer, inaccessible) { .mapped = true, .protection = PROT_NONE };
FIXTURE_VARIANT_ADD(bad_buffer, read_only)
{
	.mapped = true, .protection = PROT_READ, .readable = true,
};

FIXTURE_SETUP(bad_buffer)
{
	/* Before munmap(), because the io_uring would be mapped into the hole. */
	self->ring_ret = ring_start(&self->ring, 0);
	self->running = !self->ring_ret;
	self->pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	ASSERT_NE(MAP_FAILED, self->pages);
	ASSERT_EQ(0, variant->mapped ? mprotect(self->pages + PAGE, PAGE, variant->protection) :
				       munmap(self->pages + PAGE, PAGE));
	SIM_SETUP(.max_packets = LIMIT);
}

FIXTURE_TEARDOWN(bad_buffer)
{
	RING_TEARDOWN();
	SIM_TEARDOWN();
}

/* Buffer with this many good bytes. */
#define BUFFER(bytes) (self->pages + PAGE - (bytes))

/* The packets from @first to the newest are queued, and none was dropped. */
#define EXPECT_QUEUED(first)							\
do {										\
	EXPECT_EQ(first, get_stats(self->fd).next);				\
	EXPECT_READ(.seq = first, .count = self->seq + 1 - (first));		\
} while (0)

/* -- Reads -- */

TEST_F(bad_buffer, read_returns_complete_records)
{
	unsigned char *buffer = BUFFER(2 * RECORD + RECORD - 1);

	BROADCAST(4);
	ASSERT_EQ(2 * RECORD, read_errno(self->fd, buffer, 4 * RECORD));
	EXPECT_RECORDS(buffer, .seq = 1, .count = 2);
	EXPECT_EQ(2, get_stats(self->fd).delivered);
	EXPECT_QUEUED(3);
}

TEST_F(bad_buffer, read_without_complete_record_returns_efault)
{
	/* The good part ends in the payload, at its start, in the header, after a byte, at 0. */
	const size_t good[] = { RECORD - 1, RECORD_HEADER, RECORD_HEADER - 1, 1, 0 };

	BROADCAST(2);
	for (unsigned int i = 0; i < ARRAY_SIZE(good); i++)
		EXPECT_EQ(-EFAULT, read_errno(self->fd, BUFFER(good[i]), 2 * RECORD));
	EXPECT_EQ(-EFAULT, read_errno(self->fd, bad_pointer, RECORD));
	EXPECT_EQ(0, get_stats(self->fd).delivered);
	EXPECT_QUEUED(1);
}

/* The read wraps around the end of the ring, and the good part ends after that. */
TEST_F(bad_buffer, wrapped_read_returns_complete_records)
{
	unsigned char *buffer = BUFFER(4 * RECORD + ANOTHER);

	for (unsigned int seq = 1; seq < SLOTS - 2; seq += LIMIT - 1) {
		BROADCAST(LIMIT - 1);
		EXPECT_READ(.seq = seq, .count = LIMIT - 1);
	}
	BROADCAST(LIMIT);
	ASSERT_EQ(4 * RECORD, read_errno(self->fd, buffer, LIMIT * RECORD));
	EXPECT_RECORDS(buffer, .seq = 15, .count = 4);
	EXPECT_QUEUED(19);
}

TEST_F(bad_buffer, efault_keeps_drop_count)
{
	BROADCAST(LIMIT + 2);
	EXPECT_EQ(-EFAULT, read_errno(self->fd, BUFFER(RECORD - 1), 2 * RECORD));
	EXPECT_EQ(POLLPRI, poll_now(self->fd, POLLPRI));
	EXPECT_READ(.seq = 3, .dropped = 2, .size = RECORD);
}

TEST_F(bad_buffer, raw_read_returns_complete_payloads)
{
	unsigned char *buffer = BUFFER(2 * PACKET + PACKET - 1);

	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	BROADCAST(4);
	ASSERT_EQ(2 * PACKET, read_errno(self->fd, buffer, 4 * PACKET));
	EXPECT_RECORDS(buffer, .seq = 1, .count = 2, .raw = true);
	EXPECT_EQ(-EFAULT, read_errno(self->fd, BUFFER(PACKET - 1), PACKET));
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RECORD));
	EXPECT_QUEUED(3);
}

TEST_F(bad_buffer, readv_returns_records_before_bad_segment)
{
	struct iovec iov[] = {
		{ scratch, RECORD + 1 },
		{ BUFFER(RECORD - 1 + ANOTHER), 2 * RECORD },
	};

	BROADCAST(4);
	/* The second segment has the rest of the second record and a part of the third. */
	ASSERT_EQ(2 * RECORD, errno_of(readv(self->fd, iov, 2)));
	EXPECT_RECORDS(scratch, .seq = 1);
	EXPECT_QUEUED(3);
}

TEST_F(bad_buffer, readv_without_complete_record_returns_efault)
{
	struct iovec iov[] = {
		{ scratch, RECORD / 2 },
		{ BUFFER(0), RECORD },
		{ scratch + RECORD, 4 * RECORD },
	};

	BROADCAST(2);
	EXPECT_EQ(-EFAULT, errno_of(readv(self->fd, iov, 3)));
	EXPECT_EQ(-EFAULT, errno_of(preadv2(self->fd, iov, 3, -1, RWF_NOWAIT)));
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	iov[0].iov_len = PACKET / 2;
	EXPECT_EQ(-EFAULT, errno_of(readv(self->fd, iov, 3)));
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RECORD));
	EXPECT_QUEUED(1);
}

TEST_F(bad_buffer, uring_read_returns_complete_records)
{
	unsigned char *buffer = BUFFER(RECORD + ANOTHER);

	if (ring_missing(self->ring_ret))
		SKIP(return, "io_uring is not available");
	BROADCAST(3);
	EXPECT_RESULT(RECORD, prepare_read(&self->ring, self->fd, buffer, 3 * RECORD, 0));
	EXPECT_RECORDS(buffer, .seq = 1);
	EXPECT_RESULT(-EFAULT, prepare_read(&self->ring, self->fd, BUFFER(1), 3 * RECORD, 0));
	EXPECT_QUEUED(2);
}

TEST_F(bad_buffer, uring_command_efault_keeps_packet)
{
	if (ring_missing(self->ring_ret) || !ring_has(&self->ring, OP_READ_MULTISHOT))
		SKIP(return, "commands need io_uring of Linux 6.7");
	BROADCAST(1);
	EXPECT_RESULT(-EFAULT, prepare_pend(&self->ring, self->fd, BUFFER(RECORD - 1), RECORD, 0));
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
	EXPECT_RESULT(RECORD, prepare_pend(&self->ring, self->fd, BUFFER(RECORD), RECORD, 0));
	EXPECT_RECORDS(BUFFER(RECORD), .seq = 1);
}

/* -- Other calls -- */

/* Result of an ioctl whose argument has this many good bytes. */
#define IOCTL(request, good) errno_of(ioctl(self->fd, NOTIFY_MULTI_IOC_##request, BUFFER(good)))

TEST_F(bad_buffer, get_ioctls_return_efault)
{
	EXPECT_EQ(-EFAULT, IOCTL(GET_INFO, sizeof(struct notify_multi_info) - 1));
	EXPECT_EQ(0, IOCTL(GET_INFO, sizeof(struct notify_multi_info)));
	EXPECT_EQ(-EFAULT, IOCTL(GET_STATS, sizeof(struct notify_multi_stats) - 1));
	EXPECT_EQ(0, IOCTL(GET_STATS, sizeof(struct notify_multi_stats)));
	EXPECT_EQ(-EFAULT, errno_of(ioctl(self->fd, FIONREAD, BUFFER(sizeof(int) - 1))));
}

/* If readable, the argument is 0, which is valid except as a queue length. */
TEST_F(bad_buffer, set_ioctls_return_efault_and_change_nothing)
{
	int result = variant->readable ? 0 : -EFAULT;

	BROADCAST(2);
	memset(self->pages, variant->readable ? 0 : 1, PAGE);
	EXPECT_EQ(result, IOCTL(SET_FORMAT, sizeof(__u32) - 1));
	EXPECT_EQ(result ? result : -EINVAL, IOCTL(SET_MAX_PACKETS, sizeof(__u32) - 1));
	EXPECT_EQ(result, IOCTL(CONSUME, sizeof(__u64) - 1));
	EXPECT_EQ(NOTIFY_MULTI_FORMAT_RECORD, get_info(self->fd).format);
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);
	EXPECT_QUEUED(1);
}

TEST_F(bad_buffer, injector_write_broadcasts_complete_packets)
{
	unsigned int complete = variant->readable ? 3 : 1;

	packet_fill(BUFFER(PACKET + 1), PACKET, 1);
	EXPECT_EQ(complete * PACKET,
		  errno_of(write(self->injector, BUFFER(PACKET + 1), 3 * PACKET)));
	EXPECT_EQ(complete, get_stats(self->fd).seq);
	ASSERT_EQ(complete * RECORD, READ(sizeof(scratch)));
	EXPECT_RECORDS(scratch, .seq = 1);
	EXPECT_EQ(variant->readable ? PACKET : -EFAULT,
		  errno_of(write(self->injector, BUFFER(PACKET - 1), PACKET)));
}

TEST_HARNESS_MAIN
