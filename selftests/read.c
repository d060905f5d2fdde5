// SPDX-License-Identifier: GPL-2.0
/*
 * read(), readv(), preadv2() and splice().
 */

#include "sim.h"

#include <sys/mman.h>
#include <sys/wait.h>

#define PACKET	20
#define RECORD	(RECORD_HEADER + 24)

FIXTURE(read)
{
	int injector;
	int fd;
	unsigned char buffer[4096];
};

FIXTURE_SETUP(read)
{
	const struct sim_config config = { .packet_size = PACKET, .max_packets = 8 };

	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
	memset(self->buffer, 0xa5, sizeof(self->buffer));
}

FIXTURE_TEARDOWN(read)
{
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

static const struct notify_multi_record *record_at(const void *buffer, unsigned int index)
{
	return buffer + index * RECORD;
}

static bool make_blocking(int fd)
{
	return !fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}

TEST_F(read, record_contains_broadcast)
{
	const struct notify_multi_record *record = record_at(self->buffer, 0);
	struct timespec before, after;
	uint64_t ns;

	ASSERT_EQ(0, sim_set(SIM_NAME, "status", "-5"));
	clock_gettime(CLOCK_MONOTONIC, &before);
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 1, 1));
	clock_gettime(CLOCK_MONOTONIC, &after);
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));

	EXPECT_EQ(1, record->seq);
	ns = record->timestamp_ns;
	EXPECT_LE(before.tv_sec * 1000000000ULL + before.tv_nsec, ns);
	EXPECT_GE(after.tv_sec * 1000000000ULL + after.tv_nsec, ns);
	EXPECT_EQ(-5, record->status);
	EXPECT_EQ(0, record->dropped);
	EXPECT_EQ(PACKET, record->size);
	EXPECT_EQ(0, record->flags);
	EXPECT_TRUE(packet_is(record->data, PACKET, 1));
}

TEST_F(read, payload_is_padded_with_zeros)
{
	const unsigned char zeros[RECORD - RECORD_HEADER - PACKET] = { };

	/* Wrap around, so that no slot is unused. */
	ASSERT_EQ(40 * PACKET, sim_broadcast(self->injector, PACKET, 1, 40));
	ASSERT_EQ(8 * RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	for (unsigned int i = 0; i < 8; i++)
		EXPECT_EQ(0, memcmp(record_at(self->buffer, i)->data + PACKET, zeros,
				    sizeof(zeros)));
}

TEST_F(read, read_returns_all_queued_records)
{
	ASSERT_EQ(5 * PACKET, sim_broadcast(self->injector, PACKET, 1, 5));
	ASSERT_EQ(5 * RECORD, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	for (unsigned int i = 0; i < 5; i++) {
		EXPECT_EQ(i + 1, record_at(self->buffer, i)->seq);
		EXPECT_TRUE(packet_is(record_at(self->buffer, i)->data, PACKET, i + 1));
	}
	EXPECT_EQ(-EAGAIN, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
}

TEST_F(read, read_returns_whole_records_only)
{
	ASSERT_EQ(5 * PACKET, sim_broadcast(self->injector, PACKET, 1, 5));
	ASSERT_EQ(2 * RECORD, read_errno(self->fd, self->buffer, 3 * RECORD - 1));
	EXPECT_EQ(2, record_at(self->buffer, 1)->seq);
	EXPECT_EQ(0xa5, self->buffer[2 * RECORD]);
	ASSERT_EQ(3 * RECORD, read_errno(self->fd, self->buffer, 3 * RECORD));
	EXPECT_EQ(3, record_at(self->buffer, 0)->seq);
}

TEST_F(read, buffer_of_one_record_is_enough)
{
	ASSERT_EQ(2 * PACKET, sim_broadcast(self->injector, PACKET, 1, 2));
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(1, record_at(self->buffer, 0)->seq);
}

TEST_F(read, short_buffer_returns_einval_keeps_packet)
{
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 1, 1));
	EXPECT_EQ(-EINVAL, read_errno(self->fd, self->buffer, RECORD - 1));
	EXPECT_EQ(-EINVAL, read_errno(self->fd, self->buffer, 1));
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(1, record_at(self->buffer, 0)->seq);
}

TEST_F(read, short_buffer_returns_eagain_if_empty)
{
	struct iovec iov = { self->buffer, RECORD - 1 };

	EXPECT_EQ(-EAGAIN, read_errno(self->fd, self->buffer, RECORD - 1));
	ASSERT_TRUE(make_blocking(self->fd));
	EXPECT_EQ(-1, preadv2(self->fd, &iov, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
}

TEST_F(read, short_buffer_does_not_block)
{
	ASSERT_TRUE(make_blocking(self->fd));
	EXPECT_EQ(-EINVAL, read_errno(self->fd, self->buffer, RECORD - 1));
}

TEST_F(read, zero_length_returns_0_keeps_packet)
{
	ASSERT_TRUE(make_blocking(self->fd));
	EXPECT_EQ(0, read_errno(self->fd, self->buffer, 0));
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 1, 1));
	EXPECT_EQ(0, read_errno(self->fd, self->buffer, 0));
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(read, empty_queue_returns_eagain_with_o_nonblock)
{
	EXPECT_EQ(-EAGAIN, read_errno(self->fd, self->buffer, sizeof(self->buffer)));
}

TEST_F(read, empty_queue_returns_eagain_with_rwf_nowait)
{
	struct iovec iov = { self->buffer, sizeof(self->buffer) };

	ASSERT_TRUE(make_blocking(self->fd));
	EXPECT_EQ(-1, preadv2(self->fd, &iov, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(EAGAIN, errno);
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 1, 1));
	EXPECT_EQ(RECORD, preadv2(self->fd, &iov, 1, -1, RWF_NOWAIT));
	EXPECT_EQ(1, record_at(self->buffer, 0)->seq);
}

TEST_F(read, read_blocks_until_broadcast)
{
	struct reader reader;

	ASSERT_TRUE(make_blocking(self->fd));
	ASSERT_TRUE(reader_start(&reader, self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 1, 1));
	EXPECT_EQ(RECORD, reader_join(&reader));
	EXPECT_EQ(1, reader.record.seq);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

static void ignore_signal(int number)
{
}

static bool handle_signal(int number, int flags)
{
	struct sigaction action = { .sa_handler = ignore_signal, .sa_flags = flags };

	return !sigaction(number, &action, NULL);
}

TEST_F(read, signal_returns_eintr_consumes_nothing)
{
	struct reader reader;

	ASSERT_TRUE(make_blocking(self->fd));
	ASSERT_TRUE(handle_signal(SIGUSR1, 0));
	ASSERT_TRUE(reader_start(&reader, self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	ASSERT_EQ(0, pthread_kill(reader.thread, SIGUSR1));
	EXPECT_EQ(-EINTR, reader_join(&reader));
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 1, 1));
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(1, record_at(self->buffer, 0)->seq);
}

TEST_F(read, sa_restart_signal_restarts_read)
{
	struct reader reader;

	ASSERT_TRUE(make_blocking(self->fd));
	ASSERT_TRUE(handle_signal(SIGUSR1, SA_RESTART));
	ASSERT_TRUE(reader_start(&reader, self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	ASSERT_EQ(0, pthread_kill(reader.thread, SIGUSR1));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 1, 1));
	EXPECT_EQ(RECORD, reader_join(&reader));
	EXPECT_EQ(1, reader.record.seq);
}

TEST_F(read, bad_buffer_returns_efault_keeps_packet)
{
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 1, 1));
	EXPECT_EQ(-EFAULT, read_errno(self->fd, bad_pointer, RECORD));
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(1, record_at(self->buffer, 0)->seq);
	EXPECT_EQ(0, record_at(self->buffer, 0)->dropped);
}

/* Return a buffer of @bytes followed by an unmapped page. */
static unsigned char *buffer_before_hole(size_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);
	unsigned char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || munmap(pages + page, page))
		return NULL;
	return pages + page - bytes;
}

TEST_F(read, read_returns_records_before_bad_page)
{
	unsigned char *buffer = buffer_before_hole(2 * RECORD + RECORD / 2);

	ASSERT_NE(NULL, buffer);
	ASSERT_EQ(4 * PACKET, sim_broadcast(self->injector, PACKET, 1, 4));
	ASSERT_EQ(2 * RECORD, read_errno(self->fd, buffer, 4 * RECORD));
	EXPECT_EQ(2, record_at(buffer, 1)->seq);
	ASSERT_EQ(2 * RECORD, read_errno(self->fd, self->buffer, 4 * RECORD));
	EXPECT_EQ(3, record_at(self->buffer, 0)->seq);
	EXPECT_EQ(0, record_at(self->buffer, 0)->dropped);
}

TEST_F(read, efault_keeps_drop_count)
{
	ASSERT_EQ(11 * PACKET, sim_broadcast(self->injector, PACKET, 1, 11));
	EXPECT_EQ(-EFAULT, read_errno(self->fd, buffer_before_hole(RECORD_HEADER), RECORD));
	EXPECT_EQ(POLLPRI, poll_now(self->fd, POLLPRI));
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(4, record_at(self->buffer, 0)->seq);
	EXPECT_EQ(3, record_at(self->buffer, 0)->dropped);
}

TEST_F(read, every_client_gets_every_packet)
{
	int other = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	unsigned char copy[3 * RECORD];

	ASSERT_LE(0, other);
	ASSERT_EQ(3 * PACKET, sim_broadcast(self->injector, PACKET, 1, 3));
	ASSERT_EQ(sizeof(copy), read_errno(self->fd, self->buffer, sizeof(self->buffer)));
	ASSERT_EQ(sizeof(copy), read_errno(other, copy, sizeof(copy)));
	EXPECT_EQ(0, memcmp(copy, self->buffer, sizeof(copy)));
	close(other);
}

TEST_F(read, new_client_gets_later_packets_only)
{
	int late;

	ASSERT_EQ(3 * PACKET, sim_broadcast(self->injector, PACKET, 1, 3));
	late = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, late);
	EXPECT_EQ(4, get_stats(late).next);
	EXPECT_EQ(-EAGAIN, read_errno(late, self->buffer, sizeof(self->buffer)));
	ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, 4, 1));
	ASSERT_EQ(RECORD, read_errno(late, self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(4, record_at(self->buffer, 0)->seq);
	EXPECT_EQ(0, record_at(self->buffer, 0)->dropped);
	close(late);
}

TEST_F(read, dup_shares_queue)
{
	int copy = dup(self->fd);

	ASSERT_LE(0, copy);
	ASSERT_EQ(2 * PACKET, sim_broadcast(self->injector, PACKET, 1, 2));
	ASSERT_EQ(RECORD, read_errno(copy, self->buffer, RECORD));
	EXPECT_EQ(1, record_at(self->buffer, 0)->seq);
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(2, record_at(self->buffer, 0)->seq);
	EXPECT_EQ(1, get_stats(self->fd).clients);
	close(copy);
}

TEST_F(read, fork_shares_queue)
{
	pid_t child;
	int status;

	ASSERT_EQ(2 * PACKET, sim_broadcast(self->injector, PACKET, 1, 2));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (read_errno(self->fd, self->buffer, RECORD) != (ssize_t)RECORD)
			_exit(1);
		_exit(record_at(self->buffer, 0)->seq == 1 ? 0 : 2);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(RECORD, read_errno(self->fd, self->buffer, RECORD));
	EXPECT_EQ(2, record_at(self->buffer, 0)->seq);
}

TEST_F(read, readv_fills_buffers_in_order)
{
	unsigned char first[RECORD / 2 + 1], second[4 * RECORD];
	struct iovec iov[] = {
		{ first, sizeof(first) },
		{ second, 2 * RECORD - sizeof(first) },
	};

	ASSERT_EQ(3 * PACKET, sim_broadcast(self->injector, PACKET, 1, 3));
	ASSERT_EQ(2 * RECORD, readv(self->fd, iov, 2));
	memcpy(self->buffer, first, sizeof(first));
	memcpy(self->buffer + sizeof(first), second, 2 * RECORD - sizeof(first));
	EXPECT_EQ(1, record_at(self->buffer, 0)->seq);
	EXPECT_TRUE(packet_is(record_at(self->buffer, 0)->data, PACKET, 1));
	EXPECT_EQ(2, record_at(self->buffer, 1)->seq);
	EXPECT_TRUE(packet_is(record_at(self->buffer, 1)->data, PACKET, 2));
}

TEST_F(read, splice_moves_whole_records)
{
	int pipes[2];

	ASSERT_EQ(0, pipe(pipes));
	ASSERT_EQ(3 * PACKET, sim_broadcast(self->injector, PACKET, 1, 3));
	ASSERT_EQ(2 * RECORD, splice(self->fd, NULL, pipes[1], NULL, 2 * RECORD + 1, 0));
	ASSERT_EQ(2 * RECORD, read_errno(pipes[0], self->buffer, sizeof(self->buffer)));
	EXPECT_EQ(1, record_at(self->buffer, 0)->seq);
	EXPECT_EQ(2, record_at(self->buffer, 1)->seq);
	EXPECT_TRUE(packet_is(record_at(self->buffer, 1)->data, PACKET, 2));
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
	close(pipes[0]);
	close(pipes[1]);
}

TEST_F(read, pread_returns_espipe)
{
	EXPECT_EQ(-1, pread(self->fd, self->buffer, RECORD, 0));
	EXPECT_EQ(ESPIPE, errno);
}

TEST_F(read, lseek_returns_espipe)
{
	EXPECT_EQ(-1, lseek(self->fd, 0, SEEK_SET));
	EXPECT_EQ(ESPIPE, errno);
}

TEST_F(read, write_returns_einval)
{
	EXPECT_EQ(-1, write(self->fd, self->buffer, RECORD));
	EXPECT_EQ(EINVAL, errno);
}

struct drain {
	pthread_t thread;
	int fd;
	unsigned int last;
	unsigned int *seen;
};

/* Read one packet at a time, up to one of the last two. */
static void *drain_main(void *data)
{
	struct drain *drain = data;
	unsigned char buffer[RECORD];
	const struct notify_multi_record *record = record_at(buffer, 0);

	while (read(drain->fd, buffer, sizeof(buffer)) == sizeof(buffer)) {
		__atomic_add_fetch(&drain->seen[record->seq], 1, __ATOMIC_RELAXED);
		if (record->seq >= drain->last - 1)
			break;
	}
	return NULL;
}

TEST_F(read, two_threads_get_each_packet_once)
{
	enum { COUNT = 400 };
	unsigned int seen[COUNT + 1] = { };
	struct drain drains[2];
	unsigned int i;

	ASSERT_TRUE(make_blocking(self->fd));
	ASSERT_EQ(0, set_max_packets(self->fd, COUNT));
	for (i = 0; i < 2; i++) {
		drains[i] = (struct drain){ .fd = self->fd, .last = COUNT, .seen = seen };
		ASSERT_EQ(0, pthread_create(&drains[i].thread, NULL, drain_main, &drains[i]));
	}
	/* Each of the last two packets ends one thread. */
	for (i = 1; i <= COUNT; i++)
		ASSERT_EQ(PACKET, sim_broadcast(self->injector, PACKET, i, 1));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_join(drains[i].thread, NULL));
	for (i = 1; i <= COUNT; i++)
		EXPECT_EQ(1, seen[i]);
}

TEST_HARNESS_MAIN
