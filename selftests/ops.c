// SPDX-License-Identifier: GPL-2.0
/*
 * Effects of the source's callbacks and statuses on programs. For the callbacks themselves,
 * see kapi.c.
 */

#include "device.h"

#include <linux/aio_abi.h>

SIM_FIXTURE(callbacks, .max_packets = 4, .no_client = true, .blocking = true)

#define EXPECT_COUNTS(arrivals, departures)					\
do {										\
	EXPECT_EQ(arrivals, sim_get_number(SIM_NAME, "arrivals"));		\
	EXPECT_EQ(departures, sim_get_number(SIM_NAME, "departures"));		\
} while (0)

TEST_F(callbacks, open_calls_arrival_close_calls_departure)
{
	EXPECT_COUNTS(0, 0);
	OPEN();
	EXPECT_COUNTS(1, 0);
	close(self->fd);
	EXPECT_COUNTS(1, 1);
}

TEST_F(callbacks, refused_open_is_not_counted)
{
	ASSERT_EQ(0, sim_set_number(SIM_NAME, "arrival_error", -EUCLEAN));
	EXPECT_EQ(-EUCLEAN, sim_open(SIM_NAME, O_RDONLY));
	EXPECT_COUNTS(0, 0);
	ASSERT_EQ(0, sim_set_number(SIM_NAME, "arrival_error", 0));
	close(sim_open(SIM_NAME, O_RDONLY));
	EXPECT_COUNTS(1, 1);
	UNREGISTER();
	EXPECT_COUNTS(1, 1);
}

TEST_F(callbacks, sigkill_calls_departure)
{
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child) {
		int fd = sim_open(SIM_NAME, O_RDONLY);

		_exit(fd < 0 ? 1 : read(fd, scratch, RECORD) < 0 ? 2 : 3);
	}
	ASSERT_TRUE(wait_asleep(&child, 'S'));
	EXPECT_COUNTS(1, 0);
	ASSERT_TRUE(kill_child(child));
	EXPECT_COUNTS(1, 1);
}

TEST_F(callbacks, unregister_calls_departure_once_per_client)
{
	OPEN();
	OPEN();
	EXPECT_COUNTS(2, 1);
	UNREGISTER();
	EXPECT_COUNTS(2, 2);
	close(self->fd);
	EXPECT_COUNTS(2, 2);
}

/* -- Errors of the source -- */

TEST_F(callbacks, arrival_error_fails_open)
{
	for (size_t i = 0; i < ARRAY_SIZE(source_errors); i++) {
		ASSERT_EQ(0, sim_set_number(SIM_NAME, "arrival_error", source_errors[i].error));
		EXPECT_EQ(source_errors[i].result, sim_open(SIM_NAME, O_RDONLY))
			TH_LOG("error %d", source_errors[i].error);
	}
}

TEST_F(callbacks, complete_error_fails_read_consumes_packet)
{
	for (size_t i = 0; i < ARRAY_SIZE(source_errors); i++) {
		ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, source_errors[i].error));
		self->seq = 0;
		OPEN();
		BROADCAST(4);
		EXPECT_EQ(source_errors[i].result, READ(sizeof(scratch)))
			TH_LOG("error %d", source_errors[i].error);
		EXPECT_STATS(.seq = 4, .next = 2, .delivered = 1, .pending_packets = 3);
		EXPECT_EQ(source_errors[i].async_result, nowait_read(self->fd, scratch, RECORD));
		ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
		EXPECT_EQ(source_errors[i].result, READ(sizeof(scratch)));
		EXPECT_EQ(source_errors[i].async_result, nowait_read(self->fd, scratch, PACKET));
		EXPECT_EQ(-EAGAIN, nowait_read(self->fd, scratch, PACKET));
		EXPECT_STATS(.seq = 4, .next = 5, .delivered = 4);
	}
}

TEST_F(callbacks, complete_error_fails_blocked_read)
{
	struct reader reader;

	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, -EBADMSG));
	OPEN();
	BLOCK_READS(&reader, 1);
	BROADCAST(1);
	ASSERT_EQ(-EBADMSG, reader_join(&reader));
	EXPECT_STATS(.seq = 1, .next = 2, .delivered = 1);
}

TEST_F(callbacks, consume_after_unregister_counts_drops)
{
	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, -EBADMSG));
	OPEN();
	BROADCAST(2);
	UNREGISTER();
	EXPECT_STATS(.seq = 2, .next = 3, .dropped = 2);
	EXPECT_EQ(0, consume(self->fd, 2));
	EXPECT_STATS(.seq = 2, .next = 3, .dropped = 2);
	EXPECT_EQ(-ENODEV, READ(RECORD));
}

TEST_F(callbacks, complete_error_while_live_returns_ebusy)
{
	OPEN();
	BROADCAST(1);
	EXPECT_EQ(-EBUSY, sim_set_number(SIM_NAME, "complete_error", -EBADMSG));
	EXPECT_READ(.seq = 1);
}

/* -- Statuses in the raw format -- */

FIXTURE(status)
{
	SIM_DEVICE;
};

FIXTURE_SETUP(status)
{
	SIM_SETUP(.max_packets = 4);
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
}

FIXTURE_TEARDOWN(status)
{
	SIM_TEARDOWN();
}

#define BROADCAST_STATUS(count, status)						\
do {										\
	ASSERT_EQ(0, sim_set_number(SIM_NAME, "status", status));		\
	BROADCAST(count);							\
} while (0)

TEST_F(status, fails_raw_read_consumes_packet)
{
	for (size_t i = 0; i < ARRAY_SIZE(source_errors); i++) {
		BROADCAST_STATUS(2, source_errors[i].error);
		BROADCAST_STATUS(1, 0);
		EXPECT_EQ(source_errors[i].result, READ(sizeof(scratch)))
			TH_LOG("status %d", source_errors[i].error);
		EXPECT_EQ(source_errors[i].async_result, nowait_read(self->fd, scratch, PACKET))
			TH_LOG("status %d", source_errors[i].error);
		EXPECT_READ(.seq = self->seq, .raw = true);
		EXPECT_STATS(.seq = self->seq, .next = self->seq + 1, .delivered = self->seq);
	}
}

TEST_F(status, good_packets_are_returned_first)
{
	BROADCAST_STATUS(2, 0);
	BROADCAST_STATUS(1, -EPIPE);
	BROADCAST_STATUS(1, 0);
	EXPECT_READ(.seq = 1, .count = 2, .raw = true);
	EXPECT_EQ(3, get_stats(self->fd).next);
	EXPECT_EQ(-EPIPE, READ(sizeof(scratch)));
	EXPECT_READ(.seq = 4, .raw = true);
}

TEST_F(status, failed_read_reports_preceding_drops)
{
	BROADCAST_STATUS(6, -EIO);
	EXPECT_EQ(POLLPRI, poll_now(self->fd, POLLPRI));
	/* The failed read of packet 3 has reported the drop of 1 and 2. */
	EXPECT_EQ(-EIO, READ(sizeof(scratch)));
	EXPECT_EQ(0, poll_now(self->fd, POLLPRI));
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RECORD));
	EXPECT_READ(.seq = 4, .count = 3, .status = -EIO);
}

TEST_F(status, is_returned_despite_bad_buffer)
{
	BROADCAST_STATUS(1, -EIO);
	EXPECT_EQ(-EIO, read_errno(self->fd, bad_pointer, PACKET));
	EXPECT_EQ(0, get_stats(self->fd).pending_packets);
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

/* Unlike io_uring, AIO lets the read sleep. */
TEST_F(status, fails_aio_read_consumes_packet)
{
	aio_context_t context = 0;

	if (syscall(SYS_io_setup, 1, &context))
		SKIP(return, "no Linux AIO: errno %d", errno);
	for (size_t i = 0; i < ARRAY_SIZE(source_errors); i++) {
		BROADCAST_STATUS(1, source_errors[i].error);
		BROADCAST_STATUS(1, 0);
		EXPECT_EQ(source_errors[i].async_result,
			  aio_read(context, self->fd, scratch, PACKET))
			TH_LOG("status %d", source_errors[i].error);
		EXPECT_EQ(PACKET, aio_read(context, self->fd, scratch, PACKET));
		EXPECT_RECORDS(scratch, .seq = self->seq, .raw = true);
	}
	EXPECT_EQ(0, syscall(SYS_io_destroy, context));
}

TEST_HARNESS_MAIN
