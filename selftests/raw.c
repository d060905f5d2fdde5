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

TEST_F(raw, payloads_have_no_padding)
{
	BROADCAST(1, 3, 0);
	ASSERT_EQ(3 * PACKET, READ(sizeof(self->buffer)));
	EXPECT_TRUE(packet_is(self->buffer, PACKET, 1));
	EXPECT_TRUE(packet_is(self->buffer + PACKET, PACKET, 2));
	EXPECT_TRUE(packet_is(self->buffer + 2 * PACKET, PACKET, 3));
	EXPECT_EQ(-EAGAIN, READ(sizeof(self->buffer)));
}

TEST_F(raw, read_returns_whole_payloads_only)
{
	BROADCAST(1, 3, 0);
	ASSERT_EQ(2 * PACKET, READ(3 * PACKET - 1));
	ASSERT_EQ(PACKET, READ(PACKET));
	EXPECT_TRUE(packet_is(self->buffer, PACKET, 3));
}

TEST_F(raw, short_buffer_returns_einval_keeps_packet)
{
	BROADCAST(1, 1, 0);
	EXPECT_EQ(-EINVAL, READ(PACKET - 1));
	EXPECT_EQ(PACKET, READ(PACKET));
}

TEST_F(raw, bad_status_fails_read_and_is_consumed)
{
	BROADCAST(1, 1, -EIO);
	BROADCAST(2, 1, 0);
	EXPECT_EQ(-EIO, READ(sizeof(self->buffer)));
	ASSERT_EQ(PACKET, READ(sizeof(self->buffer)));
	EXPECT_TRUE(packet_is(self->buffer, PACKET, 2));
	EXPECT_EQ(2, get_stats(self->fd).delivered);
	EXPECT_EQ(0, get_stats(self->fd).dropped);
}

TEST_F(raw, good_packets_returned_before_bad_status)
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

TEST_F(raw, failed_read_reports_preceding_drops)
{
	const struct notify_multi_record *record = (void *)self->buffer;

	BROADCAST(1, 10, -EIO);
	/* The failed read of packet 3 has reported the drop of 1 and 2. */
	EXPECT_EQ(-EIO, READ(sizeof(self->buffer)));
	EXPECT_EQ(0, poll_now(self->fd, POLLPRI));
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RECORD));
	ASSERT_EQ(RECORD, READ(RECORD));
	EXPECT_EQ(4, record->seq);
	EXPECT_EQ(0, record->dropped);
	EXPECT_EQ(-EIO, record->status);
}

TEST_F(raw, bad_buffer_returns_efault_keeps_packet)
{
	BROADCAST(1, 1, 0);
	EXPECT_EQ(-EFAULT, read_errno(self->fd, bad_pointer, PACKET));
	ASSERT_EQ(PACKET, READ(PACKET));
	EXPECT_TRUE(packet_is(self->buffer, PACKET, 1));
}

TEST_F(raw, bad_status_returned_despite_bad_buffer)
{
	BROADCAST(1, 1, -EIO);
	EXPECT_EQ(-EIO, read_errno(self->fd, bad_pointer, PACKET));
	EXPECT_EQ(0, get_stats(self->fd).pending_packets);
}

TEST_F(raw, kernel_internal_status_returns_eio)
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

/* Result of one read by Linux AIO (io_submit). */
static ssize_t aio_read(aio_context_t context, int fd, void *buffer, size_t size)
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

/* Async readers would take EAGAIN as "nothing read". */
TEST_F(raw, eagain_status_returns_eio_to_aio)
{
	aio_context_t context = 0;

	if (syscall(SYS_io_setup, 1, &context))
		SKIP(return, "no Linux AIO: errno %d", errno);
	BROADCAST(1, 1, -EAGAIN);
	BROADCAST(2, 1, -EOPNOTSUPP);
	BROADCAST(3, 1, -EPIPE);
	BROADCAST(4, 1, 0);
	EXPECT_EQ(-EIO, aio_read(context, self->fd, self->buffer, PACKET));
	EXPECT_EQ(-EIO, aio_read(context, self->fd, self->buffer, PACKET));
	EXPECT_EQ(-EPIPE, aio_read(context, self->fd, self->buffer, PACKET));
	EXPECT_EQ(PACKET, aio_read(context, self->fd, self->buffer, PACKET));
	EXPECT_TRUE(packet_is(self->buffer, PACKET, 4));
	EXPECT_EQ(0, syscall(SYS_io_destroy, context));
}

TEST_F(raw, format_is_per_client)
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

TEST_F(raw, unknown_format_returns_einval)
{
	EXPECT_EQ(-EINVAL, set_format(self->fd, 2));
	EXPECT_EQ(-EINVAL, set_format(self->fd, ~0U));
	EXPECT_EQ(NOTIFY_MULTI_FORMAT_RAW, get_info(self->fd).format);
}

TEST_HARNESS_MAIN
