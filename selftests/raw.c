// SPDX-License-Identifier: GPL-2.0
/*
 * The raw format: reads return bare payloads.
 */

#include "sim.h"

#include <linux/aio_abi.h>
#include <sys/syscall.h>

#define PACKET	20
#define RECORD	(RECORD_HEADER + 24)

FIXTURE(raw)
{
	int injector;
	int fd;
	unsigned char buffer[1024];
};

FIXTURE_SETUP(raw)
{
	const struct sim_config config = { .packet_size = PACKET, .max_packets = 8 };

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
}

FIXTURE_TEARDOWN(raw)
{
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

#define BROADCAST(number, count, error)								\
do {												\
	ASSERT_EQ(0, sim_set_number(SIM_NAME, "status", error));				\
	ASSERT_EQ((count) * PACKET, sim_broadcast(self->injector, PACKET, number, count));	\
} while (0)

#define READ(size) read_errno(self->fd, self->buffer, size)

TEST_F(raw, payloads_follow_each_other_without_padding)
{
	BROADCAST(1, 3, 0);
	ASSERT_EQ(3 * PACKET, READ(sizeof(self->buffer)));
	EXPECT_TRUE(packet_is(self->buffer, PACKET, 1));
	EXPECT_TRUE(packet_is(self->buffer + PACKET, PACKET, 2));
	EXPECT_TRUE(packet_is(self->buffer + 2 * PACKET, PACKET, 3));
	EXPECT_EQ(-EAGAIN, READ(sizeof(self->buffer)));
}

TEST_F(raw, only_whole_payloads_that_fit)
{
	BROADCAST(1, 3, 0);
	ASSERT_EQ(2 * PACKET, READ(3 * PACKET - 1));
	ASSERT_EQ(PACKET, READ(PACKET));
	EXPECT_TRUE(packet_is(self->buffer, PACKET, 3));
}

TEST_F(raw, buffer_one_byte_short_is_EINVAL_and_consumes_nothing)
{
	BROADCAST(1, 1, 0);
	EXPECT_EQ(-EINVAL, READ(PACKET - 1));
	EXPECT_EQ(PACKET, READ(PACKET));
}

TEST_F(raw, bad_status_fails_the_read_and_is_consumed)
{
	BROADCAST(1, 1, -EIO);
	BROADCAST(2, 1, 0);
	EXPECT_EQ(-EIO, READ(sizeof(self->buffer)));
	ASSERT_EQ(PACKET, READ(sizeof(self->buffer)));
	EXPECT_TRUE(packet_is(self->buffer, PACKET, 2));
	EXPECT_EQ(2, get_stats(self->fd).delivered);
	EXPECT_EQ(0, get_stats(self->fd).dropped);
}

TEST_F(raw, good_packets_before_a_bad_status_are_returned_first)
{
	BROADCAST(1, 2, 0);
	BROADCAST(3, 1, -EPIPE);
	BROADCAST(4, 1, -ENOSPC);
	BROADCAST(5, 1, 0);
	ASSERT_EQ(2 * PACKET, READ(sizeof(self->buffer)));
	EXPECT_EQ(3, get_stats(self->fd).next);
	EXPECT_EQ(-EPIPE, READ(sizeof(self->buffer)));
	EXPECT_EQ(-ENOSPC, READ(sizeof(self->buffer)));
	ASSERT_EQ(PACKET, READ(sizeof(self->buffer)));
	EXPECT_TRUE(packet_is(self->buffer, PACKET, 5));
}

TEST_F(raw, failed_packet_counts_as_the_previous_one)
{
	const struct notify_multi_record *record = (void *)self->buffer;

	BROADCAST(1, 10, -EIO);
	/* The failure of 3 has reported the loss of 1 and 2. */
	EXPECT_EQ(-EIO, READ(sizeof(self->buffer)));
	EXPECT_EQ(0, poll_now(self->fd, POLLPRI));
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RECORD));
	ASSERT_EQ(RECORD, READ(RECORD));
	EXPECT_EQ(4, record->seq);
	EXPECT_EQ(0, record->dropped);
	EXPECT_EQ(-EIO, record->status);
}

TEST_F(raw, bad_buffer_is_EFAULT_and_consumes_nothing)
{
	BROADCAST(1, 1, 0);
	EXPECT_EQ(-EFAULT, read_errno(self->fd, bad_pointer, PACKET));
	ASSERT_EQ(PACKET, READ(PACKET));
	EXPECT_TRUE(packet_is(self->buffer, PACKET, 1));
}

TEST_F(raw, bad_status_does_not_need_the_buffer)
{
	BROADCAST(1, 1, -EIO);
	EXPECT_EQ(-EIO, read_errno(self->fd, bad_pointer, PACKET));
	EXPECT_EQ(0, get_stats(self->fd).pending_packets);
}

TEST_F(raw, status_that_is_the_kernels_own_is_EIO)
{
	BROADCAST(1, 1, -511);
	BROADCAST(2, 1, -512);
	BROADCAST(3, 1, -529);
	BROADCAST(4, 1, -4095);
	EXPECT_EQ(-511, READ(sizeof(self->buffer)));
	EXPECT_EQ(-EIO, READ(sizeof(self->buffer)));
	EXPECT_EQ(-EIO, READ(sizeof(self->buffer)));
	EXPECT_EQ(-EIO, READ(sizeof(self->buffer)));
}

/* Of Linux' own asynchronous I/O: the result of one read. */
static ssize_t read_of_aio(aio_context_t context, int fd, void *buffer, size_t size)
{
	struct iocb iocb = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = fd,
		.aio_buf = (uintptr_t)buffer,
		.aio_nbytes = size,
	};
	struct iocb *iocbs[] = { &iocb };
	struct io_event event;

	if (syscall(SYS_io_submit, context, 1, iocbs) != 1)
		return -errno;
	if (syscall(SYS_io_getevents, context, 1, 1, &event, NULL) != 1)
		return -errno;
	return event.res;
}

/* To who reads asynchronously EAGAIN would mean that nothing was read. */
TEST_F(raw, status_EAGAIN_is_EIO_to_asynchronous_reads)
{
	aio_context_t context = 0;

	if (syscall(SYS_io_setup, 1, &context))
		SKIP(return, "no asynchronous I/O: errno %d", errno);
	BROADCAST(1, 1, -EAGAIN);
	BROADCAST(2, 1, -EOPNOTSUPP);
	BROADCAST(3, 1, -EPIPE);
	BROADCAST(4, 1, 0);
	EXPECT_EQ(-EIO, read_of_aio(context, self->fd, self->buffer, PACKET));
	EXPECT_EQ(-EIO, read_of_aio(context, self->fd, self->buffer, PACKET));
	EXPECT_EQ(-EPIPE, read_of_aio(context, self->fd, self->buffer, PACKET));
	EXPECT_EQ(PACKET, read_of_aio(context, self->fd, self->buffer, PACKET));
	EXPECT_TRUE(packet_is(self->buffer, PACKET, 4));
	EXPECT_EQ(0, syscall(SYS_io_destroy, context));
}

TEST_F(raw, format_is_this_opens_only)
{
	int other = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);

	ASSERT_LE(0, other);
	EXPECT_EQ(NOTIFY_MULTI_FORMAT_RAW, get_info(self->fd).format);
	EXPECT_EQ(NOTIFY_MULTI_FORMAT_RECORD, get_info(other).format);
	BROADCAST(1, 1, 0);
	EXPECT_EQ(RECORD, read_errno(other, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(PACKET, READ(sizeof(self->buffer)));
	close(other);
}

TEST_F(raw, unknown_format_is_EINVAL_and_changes_nothing)
{
	EXPECT_EQ(-EINVAL, set_format(self->fd, 2));
	EXPECT_EQ(-EINVAL, set_format(self->fd, ~0U));
	EXPECT_EQ(NOTIFY_MULTI_FORMAT_RAW, get_info(self->fd).format);
}

TEST_HARNESS_MAIN
