// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: pending reads and commands.
 */

#include "fdinfo.h"

#include <dirent.h>
#include <liburing.h>
#include <sys/wait.h>

#define PACKET		16
#define RECORD		(RECORD_HEADER + PACKET)
#define LIMIT		8
#define REQUESTS	4
#define ENTRIES		32

/*
 * IORING_OP_READ_MULTISHOT, which Debian's liburing lacks. It appeared in Linux 6.7, as did
 * cancelable commands.
 */
#define OP_READ_MULTISHOT	49
/* Offset of the command bytes in an SQE. */
#define SQE_COMMAND		48

union slot {
	struct notify_multi_record record;
	unsigned char bytes[RECORD];
};

/* -- Rings -- */

static int ring_start(struct io_uring *ring, unsigned int flags)
{
	struct io_uring_params params = { .flags = flags, .sq_thread_idle = 1 };

	return io_uring_queue_init_params(ENTRIES, ring, &params);
}

/* io_uring is not built into the kernel, or not permitted. */
static bool ring_missing(int ret)
{
	return ret == -ENOSYS || ret == -EPERM;
}

/* Probe the kernel, not the module. */
static bool ring_has(struct io_uring *ring, int op)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
	bool has = probe && io_uring_opcode_supported(probe, op);

	io_uring_free_probe(probe);
	return has;
}

/* No test queues more than ENTRIES submissions. */
static struct io_uring_sqe *new_sqe(struct io_uring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (!sqe)
		abort();
	return sqe;
}

static bool submit(struct io_uring *ring)
{
	return io_uring_submit(ring) > 0;
}

struct completion {
	uint64_t user_data;
	int res;
	unsigned int flags;
};

/* Wait for the next completion. */
static struct completion next_cqe(struct io_uring *ring)
{
	struct completion copy = { .user_data = ~0ULL, .res = -ENODATA };
	struct io_uring_cqe *cqe;

	if (!io_uring_wait_cqe(ring, &cqe)) {
		copy = (struct completion){ cqe->user_data, cqe->res, cqe->flags };
		io_uring_cqe_seen(ring, cqe);
	}
	return copy;
}

/* Run pending task work; return true if there is still no completion. */
static bool no_cqe(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;

	io_uring_get_events(ring);
	return io_uring_peek_cqe(ring, &cqe) == -EAGAIN;
}

/* Wait for @count completions in any order; results[] is indexed by user_data. */
static bool collect(struct io_uring *ring, unsigned int count, int *results, unsigned int size)
{
	while (count--) {
		struct completion cqe = next_cqe(ring);

		if (cqe.user_data >= size)
			return false;
		results[cqe.user_data] = cqe.res;
	}
	return true;
}

static void prepare_read(struct io_uring *ring, int fd, void *buffer, size_t size, uint64_t data,
			 unsigned int flags)
{
	struct io_uring_sqe *sqe = new_sqe(ring);

	io_uring_prep_read(sqe, fd, buffer, size, 0);
	sqe->flags = flags;
	sqe->user_data = data;
}

static struct notify_multi_uring_cmd *prepare_command(struct io_uring *ring, int fd, __u32 op,
						      const void *addr, __u32 len, uint64_t data)
{
	struct io_uring_sqe *sqe = new_sqe(ring);
	struct notify_multi_uring_cmd *cmd = (void *)((char *)sqe + SQE_COMMAND);

	memset(sqe, 0, SQE_COMMAND);
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = op;
	sqe->user_data = data;
	cmd->addr = (uintptr_t)addr;
	cmd->len = len;
	cmd->flags = 0;
	return cmd;
}

static void prepare_cancel(struct io_uring *ring, uint64_t target, uint64_t data)
{
	struct io_uring_sqe *sqe = new_sqe(ring);

	io_uring_prep_cancel64(sqe, target, 0);
	sqe->user_data = data;
}

/* Number of io_uring worker threads of this process; they exit after seconds of idling. */
static int workers(void)
{
	struct dirent *entry;
	DIR *tasks = opendir("/proc/self/task");
	int count = 0;

	if (!tasks)
		return -1;
	while ((entry = readdir(tasks))) {
		char path[300], comm[32];

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
		count += !read_file(path, comm, sizeof(comm)) && !strncmp(comm, "iou-wrk", 7);
	}
	closedir(tasks);
	return count;
}

#define BROADCAST(number, count) \
	ASSERT_EQ((ssize_t)(count) * PACKET, \
		  sim_broadcast(self->injector, PACKET, number, count))

#define EXPECT_CQE(data, result)				\
do {								\
	struct completion cqe_ = next_cqe(&self->ring);		\
								\
	EXPECT_EQ((uint64_t)(data), cqe_.user_data);		\
	EXPECT_EQ(result, cqe_.res);				\
} while (0)

/* Packets are numbered by their seq. */
#define EXPECT_RECORD(slot, number)						\
do {										\
	EXPECT_EQ((uint64_t)(number), (slot)->record.seq);			\
	EXPECT_EQ(0, (slot)->record.dropped);					\
	EXPECT_TRUE(packet_is((slot)->record.data, PACKET, number));		\
} while (0)

/* -- Reads -- */

#define READS	16

FIXTURE(uring)
{
	int injector;
	int fd;
	struct io_uring ring;
	bool running;
	union slot slots[READS];
};

FIXTURE_SETUP(uring)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = 2 * READS,
		.max_requests = REQUESTS,
	};
	int ret = ring_start(&self->ring, 0);

	if (ring_missing(ret))
		SKIP(return, "io_uring is not available");
	ASSERT_EQ(0, ret);
	self->running = true;
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(uring)
{
	if (self->running)
		io_uring_queue_exit(&self->ring);
	close(self->fd);
	close(self->injector);
	sim_remove(SIM_NAME);
}

#define READ_FLAGS(index, sqe_flags) \
	prepare_read(&self->ring, self->fd, &self->slots[index], RECORD, index, sqe_flags)
#define READ(index) READ_FLAGS(index, 0)
#define SUBMIT() ASSERT_TRUE(submit(&self->ring))

TEST_F(uring, read_pends_until_broadcast)
{
	READ(0);
	SUBMIT();
	EXPECT_TRUE(no_cqe(&self->ring));
	BROADCAST(1, 1);
	EXPECT_CQE(0, RECORD);
	EXPECT_RECORD(&self->slots[0], 1);
	EXPECT_TRUE(no_cqe(&self->ring));
}

TEST_F(uring, read_pends_with_o_nonblock)
{
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	READ(0);
	SUBMIT();
	EXPECT_TRUE(no_cqe(&self->ring));
	BROADCAST(1, 1);
	EXPECT_CQE(0, RECORD);
	EXPECT_RECORD(&self->slots[0], 1);
}

TEST_F(uring, read_with_rwf_nowait_returns_eagain)
{
	struct io_uring_sqe *sqe;

	READ(0);
	sqe = &self->ring.sq.sqes[0];
	sqe->rw_flags = RWF_NOWAIT;
	SUBMIT();
	EXPECT_CQE(0, -EAGAIN);
}

TEST_F(uring, read_returns_records_up_to_length)
{
	BROADCAST(1, 5);
	prepare_read(&self->ring, self->fd, self->slots, 3 * RECORD, 0, 0);
	SUBMIT();
	EXPECT_CQE(0, 3 * RECORD);
	EXPECT_RECORD(&self->slots[0], 1);
	EXPECT_RECORD(&self->slots[2], 3);
	EXPECT_EQ(2, get_stats(self->fd).pending_packets);
}

TEST_F(uring, read_errors_match_plain_read)
{
	int results[2];

	BROADCAST(1, 1);
	READ(0);
	self->ring.sq.sqes[0].len = RECORD - 1;
	READ(1);
	self->ring.sq.sqes[1].len = 0;
	SUBMIT();
	ASSERT_TRUE(collect(&self->ring, 2, results, 2));
	EXPECT_EQ(-EINVAL, results[0]);
	EXPECT_EQ(0, results[1]);
	prepare_read(&self->ring, self->fd, bad_pointer, RECORD, 2, 0);
	SUBMIT();
	EXPECT_CQE(2, -EFAULT);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(uring, reads_pend_without_worker)
{
	uint64_t seen = 0;
	unsigned int i;
	int file;

	for (i = 0; i < READS; i++)
		READ(i);
	SUBMIT();
	EXPECT_TRUE(no_cqe(&self->ring));
	EXPECT_EQ(0, workers());
	/* io_uring reads do not count against max_requests. */
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
	for (i = 1; i <= READS; i++) {
		struct completion cqe;

		BROADCAST(i, 1);
		cqe = next_cqe(&self->ring);
		ASSERT_EQ(RECORD, cqe.res);
		EXPECT_RECORD(&self->slots[cqe.user_data], i);
		seen |= 1ULL << cqe.user_data;
	}
	EXPECT_EQ((1ULL << READS) - 1, seen);
	EXPECT_EQ(0, workers());

	/* Make sure that workers() finds workers. */
	file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, file);
	prepare_read(&self->ring, file, self->slots, RECORD, 0, IOSQE_ASYNC);
	SUBMIT();
	EXPECT_CQE(0, RECORD);
	EXPECT_LT(0, workers());
	close(file);
}

TEST_F(uring, pending_reads_get_each_packet_once)
{
	int results[READS];
	uint64_t seen = 0;
	unsigned int i;

	for (i = 0; i < READS; i++)
		READ(i);
	SUBMIT();
	BROADCAST(1, READS);
	ASSERT_TRUE(collect(&self->ring, READS, results, READS));
	for (i = 0; i < READS; i++) {
		EXPECT_EQ(RECORD, results[i]);
		EXPECT_TRUE(packet_is(self->slots[i].record.data, PACKET,
				      self->slots[i].record.seq));
		seen |= 1ULL << self->slots[i].record.seq;
	}
	EXPECT_EQ(((1ULL << READS) - 1) << 1, seen);
}

TEST_F(uring, async_read_in_worker_gets_packet)
{
	READ_FLAGS(0, IOSQE_ASYNC);
	SUBMIT();
	BROADCAST(1, 1);
	EXPECT_CQE(0, RECORD);
	EXPECT_RECORD(&self->slots[0], 1);
	EXPECT_LT(0, workers());
}

TEST_F(uring, read_works_with_registered_buffer_and_file)
{
	struct iovec iov = { self->slots, sizeof(self->slots) };
	struct io_uring_sqe *sqe;

	ASSERT_EQ(0, io_uring_register_buffers(&self->ring, &iov, 1));
	ASSERT_EQ(0, io_uring_register_files(&self->ring, &self->fd, 1));
	sqe = new_sqe(&self->ring);
	io_uring_prep_read_fixed(sqe, 0, &self->slots[1], 2 * RECORD, 0, 0);
	sqe->flags = IOSQE_FIXED_FILE;
	sqe->user_data = 7;
	SUBMIT();
	EXPECT_TRUE(no_cqe(&self->ring));
	BROADCAST(1, 1);
	EXPECT_CQE(7, RECORD);
	EXPECT_RECORD(&self->slots[1], 1);
}

TEST_F(uring, poll_completes_when_record_queued)
{
	struct io_uring_sqe *sqe = new_sqe(&self->ring);

	io_uring_prep_poll_add(sqe, self->fd, POLLIN);
	sqe->user_data = 3;
	SUBMIT();
	EXPECT_TRUE(no_cqe(&self->ring));
	BROADCAST(1, 1);
	EXPECT_CQE(3, POLLIN);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(uring, read_works_with_sqpoll)
{
	struct io_uring ring;
	struct completion cqe;

	ASSERT_EQ(0, ring_start(&ring, IORING_SETUP_SQPOLL));
	prepare_read(&ring, self->fd, &self->slots[0], RECORD, 5, 0);
	ASSERT_TRUE(submit(&ring));
	BROADCAST(1, 1);
	cqe = next_cqe(&ring);
	EXPECT_EQ(5, cqe.user_data);
	EXPECT_EQ(RECORD, cqe.res);
	EXPECT_RECORD(&self->slots[0], 1);
	EXPECT_EQ(0, workers());
	io_uring_queue_exit(&ring);
}

/* -- Linked reads -- */

TEST_F(uring, linked_reads_complete_in_order)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		READ_FLAGS(i, i < 3 ? IOSQE_IO_LINK : 0);
	SUBMIT();
	BROADCAST(1, 4);
	for (i = 0; i < 4; i++) {
		EXPECT_CQE(i, RECORD);
		EXPECT_RECORD(&self->slots[i], i + 1);
	}
	EXPECT_EQ(0, workers());
}

TEST_F(uring, linked_write_forwards_record)
{
	struct io_uring_sqe *sqe;
	union slot passed;
	int ends[2];

	ASSERT_EQ(0, pipe(ends));
	READ_FLAGS(0, IOSQE_IO_LINK);
	sqe = new_sqe(&self->ring);
	io_uring_prep_write(sqe, ends[1], &self->slots[0], RECORD, 0);
	sqe->user_data = 1;
	SUBMIT();
	EXPECT_TRUE(no_cqe(&self->ring));
	BROADCAST(1, 1);
	EXPECT_CQE(0, RECORD);
	EXPECT_CQE(1, RECORD);
	ASSERT_EQ(RECORD, read_errno(ends[0], &passed, sizeof(passed)));
	EXPECT_RECORD(&passed, 1);
	close(ends[0]);
	close(ends[1]);
}

TEST_F(uring, failed_read_cancels_linked_read)
{
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	ASSERT_EQ(0, sim_set(SIM_NAME, "status", "-28"));
	READ_FLAGS(0, IOSQE_IO_LINK);
	READ(1);
	SUBMIT();
	BROADCAST(1, 2);
	EXPECT_CQE(0, -ENOSPC);
	EXPECT_CQE(1, -ECANCELED);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(uring, linked_timeout_consumes_nothing)
{
	struct __kernel_timespec soon = { .tv_nsec = 1000000 };
	struct io_uring_sqe *sqe;
	int results[2];

	READ_FLAGS(0, IOSQE_IO_LINK);
	sqe = new_sqe(&self->ring);
	io_uring_prep_link_timeout(sqe, &soon, 0);
	sqe->user_data = 1;
	SUBMIT();
	ASSERT_TRUE(collect(&self->ring, 2, results, 2));
	EXPECT_EQ(-ECANCELED, results[0]);
	EXPECT_EQ(-ETIME, results[1]);
	BROADCAST(1, 1);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
	EXPECT_TRUE(no_cqe(&self->ring));
}

/* -- Statuses -- */

TEST_F(uring, retry_status_returns_eio_and_is_consumed)
{
	const int statuses[] = { -EAGAIN, -EOPNOTSUPP, -EIO };
	unsigned int i;

	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, sim_set_number(SIM_NAME, "status", statuses[i]));
		/* A pending read, then one that finds the packet queued. */
		READ(0);
		SUBMIT();
		BROADCAST(1, 1);
		EXPECT_CQE(0, -EIO);
		EXPECT_EQ(2 * i + 1, get_stats(self->fd).delivered);
		BROADCAST(2, 1);
		READ(1);
		SUBMIT();
		EXPECT_CQE(1, -EIO);
		EXPECT_EQ(2 * i + 2, get_stats(self->fd).delivered);
	}
	EXPECT_EQ(0, get_stats(self->fd).pending_packets);
}

TEST_F(uring, bad_status_is_result_of_raw_read)
{
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	ASSERT_EQ(0, sim_set(SIM_NAME, "status", "-32"));
	READ(0);
	SUBMIT();
	BROADCAST(1, 1);
	EXPECT_CQE(0, -EPIPE);
	ASSERT_EQ(0, sim_set(SIM_NAME, "status", "0"));
	BROADCAST(2, 1);
	READ(1);
	SUBMIT();
	EXPECT_CQE(1, PACKET);
	EXPECT_TRUE(packet_is(&self->slots[1], PACKET, 2));
}

/* -- Cancellation -- */

TEST_F(uring, cancelled_read_consumes_nothing)
{
	int results[3];

	READ(0);
	READ(1);
	SUBMIT();
	prepare_cancel(&self->ring, 0, 2);
	SUBMIT();
	ASSERT_TRUE(collect(&self->ring, 2, results, 3));
	EXPECT_EQ(-ECANCELED, results[0]);
	EXPECT_EQ(0, results[2]);
	BROADCAST(1, 2);
	EXPECT_CQE(1, RECORD);
	EXPECT_RECORD(&self->slots[1], 1);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(uring, ring_exit_with_pending_reads_consumes_nothing)
{
	unsigned int i;

	for (i = 0; i < READS; i++)
		READ(i);
	SUBMIT();
	io_uring_queue_exit(&self->ring);
	self->running = false;
	BROADCAST(1, 1);
	ASSERT_EQ(RECORD, read_errno(self->fd, &self->slots[0], RECORD));
	EXPECT_RECORD(&self->slots[0], 1);
	EXPECT_EQ(1, get_stats(self->fd).delivered);
}

TEST_F(uring, pending_read_pins_client_until_ring_exit)
{
	int other = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, other);
	READ(0);
	SUBMIT();
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(2, get_stats(other).clients);
	BROADCAST(1, 1);
	EXPECT_CQE(0, RECORD);
	EXPECT_RECORD(&self->slots[0], 1);
	io_uring_queue_exit(&self->ring);
	self->running = false;
	while (get_stats(other).clients != 1)
		usleep(1000);
	close(other);
}

TEST_F(uring, unregister_ends_pending_reads_with_enodev)
{
	unsigned int i;
	int results[3];

	for (i = 0; i < 3; i++)
		READ(i);
	SUBMIT();
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_TRUE(collect(&self->ring, 3, results, 3));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(-ENODEV, results[i]);
}

/* -- Provided buffers, and multishot reads -- */

#define GROUP		5
#define PROVIDED	4

/* Register @slots as a ring of PROVIDED buffers. */
static struct io_uring_buf_ring *provide(struct io_uring *ring, union slot *slots)
{
	struct io_uring_buf_reg reg = { .ring_entries = PROVIDED, .bgid = GROUP };
	struct io_uring_buf_ring *buffers;
	unsigned int i;

	if (posix_memalign((void **)&buffers, sysconf(_SC_PAGESIZE), sysconf(_SC_PAGESIZE)))
		return NULL;
	memset(buffers, 0, sysconf(_SC_PAGESIZE));
	reg.ring_addr = (uintptr_t)buffers;
	if (io_uring_register_buf_ring(ring, &reg, 0)) {
		free(buffers);
		return NULL;
	}
	io_uring_buf_ring_init(buffers);
	for (i = 0; i < PROVIDED; i++)
		io_uring_buf_ring_add(buffers, &slots[i], RECORD, i,
				      io_uring_buf_ring_mask(PROVIDED), i);
	io_uring_buf_ring_advance(buffers, PROVIDED);
	return buffers;
}

/* Buffer rings have no probe, but appeared in the same release as commands. */
#define ASSERT_PROVIDED(buffers)					\
do {									\
	if (!ring_has(&self->ring, IORING_OP_URING_CMD))		\
		SKIP(return, "buffer rings need Linux 5.19");	\
	ASSERT_NE(NULL, buffers);					\
} while (0)

static void prepare_multishot(struct io_uring *ring, int fd, uint64_t data)
{
	struct io_uring_sqe *sqe = new_sqe(ring);

	io_uring_prep_rw(OP_READ_MULTISHOT, sqe, fd, NULL, 0, 0);
	sqe->flags = IOSQE_BUFFER_SELECT;
	sqe->buf_group = GROUP;
	sqe->user_data = data;
}

#define MULTISHOT(data)							\
do {									\
	if (!ring_has(&self->ring, OP_READ_MULTISHOT))			\
		SKIP(return, "multishot reads need Linux 6.7");		\
	prepare_multishot(&self->ring, self->fd, data);			\
	SUBMIT();							\
} while (0)

/* Provided buffer that the kernel chose. */
static union slot *chosen(union slot *slots, const struct completion *cqe)
{
	if (!(cqe->flags & IORING_CQE_F_BUFFER))
		return NULL;
	return &slots[cqe->flags >> IORING_CQE_BUFFER_SHIFT];
}

TEST_F(uring, pending_reads_take_one_buffer_each)
{
	struct io_uring_buf_ring *buffers = provide(&self->ring, self->slots);
	struct completion cqe;
	unsigned int i;

	ASSERT_PROVIDED(buffers);
	for (i = 0; i < PROVIDED; i++) {
		struct io_uring_sqe *sqe = new_sqe(&self->ring);

		io_uring_prep_read(sqe, self->fd, NULL, RECORD, 0);
		sqe->flags = IOSQE_BUFFER_SELECT;
		sqe->buf_group = GROUP;
		sqe->user_data = i;
	}
	SUBMIT();
	EXPECT_TRUE(no_cqe(&self->ring));
	for (i = 1; i <= PROVIDED; i++) {
		BROADCAST(i, 1);
		cqe = next_cqe(&self->ring);
		ASSERT_EQ(RECORD, cqe.res);
		ASSERT_NE(NULL, chosen(self->slots, &cqe));
		EXPECT_RECORD(chosen(self->slots, &cqe), i);
	}
	free(buffers);
}

TEST_F(uring, multishot_read_returns_every_packet)
{
	struct io_uring_buf_ring *buffers = provide(&self->ring, self->slots);
	struct completion cqe;
	unsigned int i;

	ASSERT_PROVIDED(buffers);
	MULTISHOT(9);
	EXPECT_TRUE(no_cqe(&self->ring));
	/* Use each buffer several times, with single packets and with a burst. */
	for (i = 1; i <= 10; i++) {
		if (i <= 7)
			BROADCAST(i, i < 7 ? 1 : 4);
		cqe = next_cqe(&self->ring);
		EXPECT_EQ(9, cqe.user_data);
		ASSERT_EQ(RECORD, cqe.res);
		EXPECT_TRUE(cqe.flags & IORING_CQE_F_MORE);
		ASSERT_NE(NULL, chosen(self->slots, &cqe));
		EXPECT_RECORD(chosen(self->slots, &cqe), i);
		io_uring_buf_ring_add(buffers, chosen(self->slots, &cqe), RECORD,
				      cqe.flags >> IORING_CQE_BUFFER_SHIFT,
				      io_uring_buf_ring_mask(PROVIDED), 0);
		io_uring_buf_ring_advance(buffers, 1);
	}
	EXPECT_TRUE(no_cqe(&self->ring));
	EXPECT_EQ(0, workers());
	free(buffers);
}

TEST_F(uring, multishot_read_gets_packets_despite_get_stats)
{
	struct io_uring_buf_ring *buffers = provide(&self->ring, self->slots);
	struct completion cqe;
	struct stats_poller stats_poller;
	unsigned int i;

	ASSERT_PROVIDED(buffers);
	MULTISHOT(9);
	ASSERT_TRUE(stats_poller_start(&stats_poller, self->fd));
	for (i = 1; i <= 300; i++) {
		BROADCAST(i, 1);
		cqe = next_cqe(&self->ring);
		ASSERT_EQ(RECORD, cqe.res);
		ASSERT_NE(NULL, chosen(self->slots, &cqe));
		EXPECT_RECORD(chosen(self->slots, &cqe), i);
		io_uring_buf_ring_add(buffers, chosen(self->slots, &cqe), RECORD,
				      cqe.flags >> IORING_CQE_BUFFER_SHIFT,
				      io_uring_buf_ring_mask(PROVIDED), 0);
		io_uring_buf_ring_advance(buffers, 1);
	}
	EXPECT_TRUE(stats_poller_stop(&stats_poller));
	free(buffers);
}

TEST_F(uring, multishot_read_without_buffer_keeps_packets)
{
	struct io_uring_buf_ring *buffers = provide(&self->ring, self->slots);
	struct completion cqe;
	unsigned int i;

	ASSERT_PROVIDED(buffers);
	MULTISHOT(9);
	BROADCAST(1, PROVIDED + 2);
	for (i = 1; i <= PROVIDED; i++) {
		cqe = next_cqe(&self->ring);
		ASSERT_EQ(RECORD, cqe.res);
		ASSERT_NE(NULL, chosen(self->slots, &cqe));
		EXPECT_RECORD(chosen(self->slots, &cqe), i);
	}
	cqe = next_cqe(&self->ring);
	EXPECT_EQ(-ENOBUFS, cqe.res);
	EXPECT_FALSE(cqe.flags & IORING_CQE_F_MORE);
	EXPECT_EQ(2, get_stats(self->fd).pending_packets);
	ASSERT_EQ(RECORD, read_errno(self->fd, &self->slots[0], RECORD));
	EXPECT_RECORD(&self->slots[0], PROVIDED + 1);
	free(buffers);
}

TEST_F(uring, cancelled_multishot_read_consumes_no_more)
{
	struct io_uring_buf_ring *buffers = provide(&self->ring, self->slots);
	int results[10];

	ASSERT_PROVIDED(buffers);
	MULTISHOT(9);
	BROADCAST(1, 1);
	EXPECT_CQE(9, RECORD);
	prepare_cancel(&self->ring, 9, 8);
	SUBMIT();
	ASSERT_TRUE(collect(&self->ring, 2, results, 10));
	EXPECT_EQ(-ECANCELED, results[9]);
	EXPECT_EQ(0, results[8]);
	BROADCAST(2, 1);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
	free(buffers);
}

TEST_F(uring, unregister_ends_multishot_read_with_enodev)
{
	struct io_uring_buf_ring *buffers = provide(&self->ring, self->slots);
	struct completion cqe;

	ASSERT_PROVIDED(buffers);
	MULTISHOT(9);
	BROADCAST(1, 1);
	EXPECT_CQE(9, RECORD);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	cqe = next_cqe(&self->ring);
	EXPECT_EQ(-ENODEV, cqe.res);
	EXPECT_FALSE(cqe.flags & IORING_CQE_F_MORE);
	free(buffers);
}

TEST_F(uring, bad_status_ends_multishot_raw_read)
{
	const int statuses[] = { -EPIPE, -EAGAIN, -EOPNOTSUPP };
	const int results[] = { -EPIPE, -EIO, -EIO };
	struct io_uring_buf_ring *buffers = provide(&self->ring, self->slots);
	struct completion cqe;
	unsigned int i;

	ASSERT_PROVIDED(buffers);
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	for (i = 0; i < 3; i++) {
		MULTISHOT(i);
		ASSERT_EQ(0, sim_set_number(SIM_NAME, "status", statuses[i]));
		BROADCAST(1, 1);
		cqe = next_cqe(&self->ring);
		EXPECT_EQ(i, cqe.user_data);
		EXPECT_EQ(results[i], cqe.res);
		EXPECT_FALSE(cqe.flags & IORING_CQE_F_MORE);
		EXPECT_EQ(i + 1, get_stats(self->fd).delivered);
	}
	free(buffers);
}

/* -- Kernels without cancelable commands -- */

TEST_F(uring, commands_return_eopnotsupp_before_6_7)
{
	if (ring_has(&self->ring, OP_READ_MULTISHOT))
		SKIP(return, "the kernel supports the commands");
	if (!ring_has(&self->ring, IORING_OP_URING_CMD))
		SKIP(return, "uring_cmd needs Linux 5.19");
	prepare_command(&self->ring, self->fd, NOTIFY_MULTI_URING_CMD_PEND, self->slots, RECORD, 0);
	prepare_command(&self->ring, self->fd, NOTIFY_MULTI_URING_CMD_CANCEL, NULL, 0, 1);
	prepare_command(&self->ring, self->fd, 0, NULL, 0, 2);
	SUBMIT();
	EXPECT_CQE(0, -EOPNOTSUPP);
	EXPECT_CQE(1, -EOPNOTSUPP);
	EXPECT_CQE(2, -EOPNOTSUPP);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

/* -- Pending commands -- */

FIXTURE(pend)
{
	int injector;
	int fd;
	struct io_uring ring;
	bool running;
	struct reader readers[REQUESTS];
	union slot slots[REQUESTS + 1];
};

FIXTURE_SETUP(pend)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = LIMIT,
		.max_requests = REQUESTS,
	};
	int ret = ring_start(&self->ring, 0);

	if (ring_missing(ret))
		SKIP(return, "io_uring is not available");
	ASSERT_EQ(0, ret);
	if (!ring_has(&self->ring, OP_READ_MULTISHOT))
		SKIP(return, "PEND needs Linux 6.7");
	self->running = true;
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(pend)
{
	if (self->running)
		io_uring_queue_exit(&self->ring);
	close(self->fd);
	close(self->injector);
	sim_remove(SIM_NAME);
}

#define PEND_ON(ring, index)								\
	prepare_command(ring, self->fd, NOTIFY_MULTI_URING_CMD_PEND,			\
			&self->slots[index], RECORD, index)
#define PEND(index) PEND_ON(&self->ring, index)

/* Submit PEND commands 0 to @count - 1. */
#define PENDS(count)							\
do {									\
	unsigned int pend_;						\
									\
	for (pend_ = 0; pend_ < (count); pend_++)			\
		PEND(pend_);						\
	SUBMIT();							\
	ASSERT_EQ(count, get_stats(self->fd).pending_requests);		\
} while (0)

#define EXPECT_PACKET(index, number)					\
do {									\
	EXPECT_CQE(index, RECORD);					\
	EXPECT_RECORD(&self->slots[index], number);			\
} while (0)

TEST_F(pend, command_pends_until_broadcast)
{
	PENDS(1);
	EXPECT_TRUE(no_cqe(&self->ring));
	BROADCAST(1, 1);
	EXPECT_PACKET(0, 1);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
	EXPECT_EQ(1, get_stats(self->fd).delivered);
	EXPECT_EQ(0, workers());
}

TEST_F(pend, fdinfo_counts_pending_commands)
{
	struct fdinfo info;

	PENDS(2);
	ASSERT_TRUE(fdinfo_get(0, self->fd, &info));
	EXPECT_EQ(2, info.pending);
	BROADCAST(1, 2);
	EXPECT_PACKET(0, 1);
	EXPECT_PACKET(1, 2);
	ASSERT_TRUE(fdinfo_get(0, self->fd, &info));
	EXPECT_EQ(0, info.pending);
	EXPECT_EQ(2, info.delivered);
}

TEST_F(pend, queued_packet_completes_command_at_once)
{
	BROADCAST(1, 2);
	PEND(0);
	SUBMIT();
	EXPECT_PACKET(0, 1);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(pend, commands_complete_in_submission_order)
{
	unsigned int i;

	PENDS(REQUESTS);
	BROADCAST(1, REQUESTS);
	for (i = 0; i < REQUESTS; i++)
		EXPECT_PACKET(i, i + 1);
}

TEST_F(pend, queued_packets_complete_commands_in_order)
{
	unsigned int i;

	BROADCAST(1, REQUESTS);
	for (i = 0; i < REQUESTS; i++)
		PEND(i);
	SUBMIT();
	for (i = 0; i < REQUESTS; i++)
		EXPECT_PACKET(i, i + 1);
}

TEST_F(pend, one_packet_completes_one_command)
{
	unsigned int i;

	PENDS(REQUESTS);
	for (i = 0; i < REQUESTS; i++) {
		BROADCAST(i + 1, 1);
		EXPECT_PACKET(i, i + 1);
		EXPECT_TRUE(no_cqe(&self->ring));
		EXPECT_EQ(REQUESTS - 1 - i, get_stats(self->fd).pending_requests);
	}
}

TEST_F(pend, command_with_large_buffer_takes_one_packet)
{
	BROADCAST(1, 3);
	prepare_command(&self->ring, self->fd, NOTIFY_MULTI_URING_CMD_PEND, self->slots,
			3 * RECORD, 0);
	SUBMIT();
	EXPECT_PACKET(0, 1);
	EXPECT_EQ(0, self->slots[1].record.seq);
	EXPECT_EQ(2, get_stats(self->fd).pending_packets);
}

TEST_F(pend, record_reports_drops)
{
	BROADCAST(1, LIMIT + 3);
	PEND(0);
	SUBMIT();
	EXPECT_CQE(0, RECORD);
	EXPECT_EQ(4, self->slots[0].record.seq);
	EXPECT_EQ(3, self->slots[0].record.dropped);
	EXPECT_EQ(3, get_stats(self->fd).dropped);
}

TEST_F(pend, many_commands_keep_order)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = 200,
		.max_requests = 200,
	};
	unsigned int i, at;
	union slot *slots = calloc(200, sizeof(*slots));

	ASSERT_NE(NULL, slots);
	close(self->fd);
	close(self->injector);
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	for (i = 0; i < 200; i += ENTRIES / 4) {
		for (at = i; at < i + ENTRIES / 4; at++)
			prepare_command(&self->ring, self->fd, NOTIFY_MULTI_URING_CMD_PEND,
					&slots[at], RECORD, at);
		SUBMIT();
	}
	ASSERT_EQ(200, get_stats(self->fd).pending_requests);
	BROADCAST(1, 200);
	for (i = 0; i < 200; i++) {
		EXPECT_CQE(i, RECORD);
		EXPECT_RECORD(&slots[i], i + 1);
	}
	free(slots);
}

/* -- max_requests -- */

TEST_F(pend, command_over_limit_returns_ebusy)
{
	unsigned int i;

	PENDS(REQUESTS);
	PEND(REQUESTS);
	SUBMIT();
	EXPECT_CQE(REQUESTS, -EBUSY);
	EXPECT_TRUE(no_cqe(&self->ring));
	EXPECT_EQ(REQUESTS, get_stats(self->fd).pending_requests);
	BROADCAST(1, REQUESTS);
	for (i = 0; i < REQUESTS; i++)
		EXPECT_PACKET(i, i + 1);
}

TEST_F(pend, completed_command_frees_request_slot)
{
	PENDS(REQUESTS);
	BROADCAST(1, 1);
	EXPECT_PACKET(0, 1);
	PEND(REQUESTS);
	SUBMIT();
	EXPECT_TRUE(no_cqe(&self->ring));
	EXPECT_EQ(REQUESTS, get_stats(self->fd).pending_requests);
}

TEST_F(pend, limit_includes_blocked_reads)
{
	union slot slot;

	PENDS(REQUESTS - 1);
	ASSERT_TRUE(reader_start(&self->readers[0], self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, REQUESTS));
	PEND(REQUESTS);
	SUBMIT();
	EXPECT_CQE(REQUESTS, -EBUSY);
	EXPECT_EQ(-EBUSY, read_errno(self->fd, &slot, RECORD));
	BROADCAST(1, REQUESTS);
	EXPECT_EQ(RECORD, reader_join(&self->readers[0]));
}

TEST_F(pend, limit_is_per_client)
{
	int other = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, other);
	PENDS(REQUESTS);
	prepare_command(&self->ring, other, NOTIFY_MULTI_URING_CMD_PEND,
			&self->slots[REQUESTS], RECORD, REQUESTS);
	SUBMIT();
	EXPECT_EQ(1, get_stats(other).pending_requests);
	EXPECT_EQ(REQUESTS, get_stats(self->fd).pending_requests);
	close(other);
}

TEST_F(pend, commands_and_reads_get_one_packet_each)
{
	struct reader *first = &self->readers[0], *last = &self->readers[1];
	unsigned int seen;

	ASSERT_TRUE(reader_start(first, self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	PEND(0);
	SUBMIT();
	ASSERT_TRUE(reader_start(last, self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, 3));

	/* The order is unspecified, because the requests come from several threads. */
	BROADCAST(1, 1);
	ASSERT_TRUE(wait_requests(self->fd, 2));
	BROADCAST(2, 1);
	ASSERT_TRUE(wait_requests(self->fd, 1));
	BROADCAST(3, 1);
	EXPECT_CQE(0, RECORD);
	EXPECT_EQ(RECORD, reader_join(first));
	EXPECT_EQ(RECORD, reader_join(last));
	seen = 1 << self->slots[0].record.seq | 1 << first->record.seq | 1 << last->record.seq;
	EXPECT_EQ(1 << 1 | 1 << 2 | 1 << 3, seen);
}

/* -- Invalid commands -- */

TEST_F(pend, short_buffer_returns_einval)
{
	PEND(0)->len = RECORD - 1;
	PEND(1)->len = 1;
	SUBMIT();
	EXPECT_CQE(0, -EINVAL);
	EXPECT_CQE(1, -EINVAL);
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	PEND(2)->len = PACKET - 1;
	PEND(3)->len = PACKET;
	SUBMIT();
	EXPECT_CQE(2, -EINVAL);
	BROADCAST(1, 1);
	EXPECT_CQE(3, PACKET);
	EXPECT_TRUE(packet_is(&self->slots[3], PACKET, 1));
}

TEST_F(pend, zero_length_returns_0_keeps_packet)
{
	BROADCAST(1, 1);
	PEND(0)->len = 0;
	SUBMIT();
	EXPECT_CQE(0, 0);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(pend, flags_return_einval)
{
	PEND(0)->flags = 1;
	PEND(1)->flags = 1U << 31;
	SUBMIT();
	EXPECT_CQE(0, -EINVAL);
	EXPECT_CQE(1, -EINVAL);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST_F(pend, registered_buffer_returns_einval)
{
	struct iovec iov = { self->slots, sizeof(self->slots) };

	ASSERT_EQ(0, io_uring_register_buffers(&self->ring, &iov, 1));
	PEND(0);
	self->ring.sq.sqes[0].rw_flags = IORING_URING_CMD_FIXED;
	SUBMIT();
	EXPECT_CQE(0, -EINVAL);
}

TEST_F(pend, unknown_commands_return_enotty)
{
	const __u32 commands[] = {
		0,
		NOTIFY_MULTI_IOC_GET_STATS,
		NOTIFY_MULTI_IOC_CONSUME,
		_IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa5, __u64),
		_IOW(NOTIFY_MULTI_IOC_MAGIC, 0xa7, struct notify_multi_uring_cmd),
	};
	unsigned int i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		prepare_command(&self->ring, self->fd, commands[i], NULL, 0, i);
		SUBMIT();
		EXPECT_CQE(i, -ENOTTY);
	}
}

TEST_F(pend, pend_as_ioctl_returns_enotty)
{
	struct notify_multi_uring_cmd cmd = { .addr = (uintptr_t)self->slots, .len = RECORD };

	EXPECT_EQ(-1, ioctl(self->fd, NOTIFY_MULTI_URING_CMD_PEND, &cmd));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_F(pend, write_only_client_returns_ebadf)
{
	int other = sim_open(SIM_NAME, O_WRONLY);

	ASSERT_LE(0, other);
	prepare_command(&self->ring, other, NOTIFY_MULTI_URING_CMD_PEND, self->slots, RECORD, 0);
	SUBMIT();
	EXPECT_CQE(0, -EBADF);
	close(other);
}

TEST_F(pend, efault_leaves_packet_to_next_command)
{
	prepare_command(&self->ring, self->fd, NOTIFY_MULTI_URING_CMD_PEND, bad_pointer, RECORD, 0);
	PEND(1);
	SUBMIT();
	ASSERT_EQ(2, get_stats(self->fd).pending_requests);
	BROADCAST(1, 1);
	EXPECT_CQE(0, -EFAULT);
	EXPECT_PACKET(1, 1);
}

TEST_F(pend, efault_keeps_queued_packet)
{
	BROADCAST(1, 1);
	prepare_command(&self->ring, self->fd, NOTIFY_MULTI_URING_CMD_PEND, bad_pointer, RECORD, 0);
	SUBMIT();
	EXPECT_CQE(0, -EFAULT);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST_F(pend, kernel_address_returns_efault)
{
	PEND(0)->addr = ~0ULL << 12;
	SUBMIT();
	BROADCAST(1, 1);
	EXPECT_CQE(0, -EFAULT);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

/* -- Formats and statuses -- */

TEST_F(pend, raw_command_returns_payload)
{
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	PENDS(2);
	BROADCAST(1, 2);
	EXPECT_CQE(0, PACKET);
	EXPECT_CQE(1, PACKET);
	EXPECT_TRUE(packet_is(&self->slots[0], PACKET, 1));
	EXPECT_TRUE(packet_is(&self->slots[1], PACKET, 2));
	/* One packet only, although more would fit. */
	EXPECT_EQ(0, self->slots[0].bytes[PACKET]);
}

TEST_F(pend, bad_status_is_result_of_raw_command)
{
	const int statuses[] = { -EIO, -EAGAIN, -EOPNOTSUPP, -ECANCELED, -511, -512, -529 };
	const int results[] = { -EIO, -EAGAIN, -EOPNOTSUPP, -ECANCELED, -511, -EIO, -EIO };
	unsigned int i;

	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	for (i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		ASSERT_EQ(0, sim_set_number(SIM_NAME, "status", statuses[i]));
		PEND(0);
		SUBMIT();
		BROADCAST(1, 1);
		EXPECT_CQE(0, results[i]);
		EXPECT_EQ(2 * i + 1, get_stats(self->fd).delivered);
		/* A command that finds the packet queued. */
		BROADCAST(2, 1);
		PEND(1);
		SUBMIT();
		EXPECT_CQE(1, results[i]);
		EXPECT_EQ(2 * i + 2, get_stats(self->fd).delivered);
	}
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST_F(pend, bad_status_fails_one_command)
{
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	ASSERT_EQ(0, sim_set(SIM_NAME, "status", "-5"));
	PENDS(2);
	BROADCAST(1, 1);
	EXPECT_CQE(0, -EIO);
	EXPECT_TRUE(no_cqe(&self->ring));
	ASSERT_EQ(0, sim_set(SIM_NAME, "status", "0"));
	BROADCAST(2, 1);
	EXPECT_CQE(1, PACKET);
	EXPECT_TRUE(packet_is(&self->slots[1], PACKET, 2));
}

TEST_F(pend, complete_error_is_result)
{
	close(self->fd);
	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, -ENOSPC));
	self->fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);
	PENDS(2);
	BROADCAST(1, 1);
	EXPECT_CQE(0, -ENOSPC);
	EXPECT_EQ(1, get_stats(self->fd).delivered);
	EXPECT_EQ(1, get_stats(self->fd).pending_requests);
	BROADCAST(2, 1);
	EXPECT_CQE(1, -ENOSPC);
}

TEST_F(pend, short_buffer_after_set_format_returns_einval)
{
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	PEND(0)->len = RECORD - 1;
	SUBMIT();
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RECORD));
	BROADCAST(1, 1);
	EXPECT_CQE(0, -EINVAL);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

/* -- Reads that take a command's packet -- */

TEST_F(pend, requeued_commands_keep_order)
{
	struct io_uring ring;
	struct completion cqe;
	union slot slot;
	unsigned int i;

	/* DEFER_TASKRUN: commands complete only when this thread enters the ring. */
	ASSERT_EQ(0, ring_start(&ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN));
	for (i = 0; i < 3; i++)
		PEND_ON(&ring, i);
	ASSERT_TRUE(submit(&ring));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));

	BROADCAST(1, 2);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(RECORD, read_errno(self->fd, &slot, RECORD));
		EXPECT_EQ(i + 1, slot.record.seq);
	}
	EXPECT_TRUE(no_cqe(&ring));
	EXPECT_EQ(3, get_stats(self->fd).pending_requests);

	BROADCAST(3, 3);
	for (i = 0; i < 3; i++) {
		cqe = next_cqe(&ring);
		EXPECT_EQ(i, cqe.user_data);
		EXPECT_EQ(RECORD, cqe.res);
		EXPECT_RECORD(&self->slots[i], i + 3);
	}
	io_uring_queue_exit(&ring);
}

/* -- Several rings -- */

TEST_F(pend, commands_of_several_rings_keep_order)
{
	struct io_uring rings[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, ring_start(&rings[i], 0));
		PEND_ON(&rings[i], i);
		ASSERT_TRUE(submit(&rings[i]));
	}
	BROADCAST(1, 3);
	for (i = 0; i < 3; i++) {
		struct completion cqe = next_cqe(&rings[i]);

		EXPECT_EQ(i, cqe.user_data);
		EXPECT_EQ(RECORD, cqe.res);
		EXPECT_RECORD(&self->slots[i], i + 1);
	}
	for (i = 0; i < 3; i++)
		io_uring_queue_exit(&rings[i]);
}

TEST_F(pend, deferred_rings_get_packets_as_entered)
{
	const unsigned int flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
	struct io_uring rings[2];
	unsigned int i;

	/* DEFER_TASKRUN: commands complete when their ring is entered, here the second first. */
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, ring_start(&rings[i], flags));
		PEND_ON(&rings[i], i);
		ASSERT_TRUE(submit(&rings[i]));
	}
	BROADCAST(1, 2);
	for (i = 2; i--;) {
		struct completion cqe = next_cqe(&rings[i]);

		EXPECT_EQ(i, cqe.user_data);
		EXPECT_EQ(RECORD, cqe.res);
		EXPECT_RECORD(&self->slots[i], 2 - i);
	}
	for (i = 0; i < 2; i++)
		io_uring_queue_exit(&rings[i]);
}

TEST_F(pend, ring_exit_keeps_commands_of_other_rings)
{
	struct io_uring other;

	ASSERT_EQ(0, ring_start(&other, 0));
	PEND_ON(&other, 0);
	ASSERT_TRUE(submit(&other));
	PEND(1);
	SUBMIT();
	io_uring_queue_exit(&other);
	ASSERT_TRUE(wait_requests(self->fd, 1));
	BROADCAST(1, 1);
	EXPECT_PACKET(1, 1);
	EXPECT_EQ(0, self->slots[0].record.seq);
}

/* -- Cancellation -- */

#define CANCEL_DATA REQUESTS

#define CANCEL_ON(fd, addr) \
	prepare_command(&self->ring, fd, NOTIFY_MULTI_URING_CMD_CANCEL, addr, 0, CANCEL_DATA)

/* Cancel the @count commands with a buffer at @addr. */
#define CANCEL(addr, count)								\
do {											\
	CANCEL_ON(self->fd, addr);							\
	SUBMIT();									\
	ASSERT_TRUE(collect(&self->ring, 1 + (count), results, REQUESTS + 1));		\
	EXPECT_EQ(count, results[CANCEL_DATA]);						\
} while (0)

TEST_F(pend, cancelled_command_consumes_nothing)
{
	int results[REQUESTS + 1] = { };

	PENDS(3);
	CANCEL(&self->slots[1], 1);
	EXPECT_EQ(-ECANCELED, results[1]);
	EXPECT_EQ(2, get_stats(self->fd).pending_requests);
	EXPECT_TRUE(no_cqe(&self->ring));
	BROADCAST(1, 3);
	EXPECT_PACKET(0, 1);
	EXPECT_PACKET(2, 2);
	EXPECT_EQ(0, self->slots[1].record.seq);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(pend, cancel_of_address_0_cancels_all)
{
	int results[REQUESTS + 1] = { };
	unsigned int i;

	PENDS(REQUESTS);
	CANCEL(NULL, REQUESTS);
	for (i = 0; i < REQUESTS; i++)
		EXPECT_EQ(-ECANCELED, results[i]);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
	BROADCAST(1, 1);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
	EXPECT_EQ(0, get_stats(self->fd).delivered);
}

TEST_F(pend, cancel_matches_all_commands_at_address)
{
	int results[REQUESTS + 1] = { };

	PENDS(2);
	prepare_command(&self->ring, self->fd, NOTIFY_MULTI_URING_CMD_PEND, &self->slots[1],
			RECORD, 2);
	SUBMIT();
	CANCEL(&self->slots[1], 2);
	EXPECT_EQ(-ECANCELED, results[1]);
	EXPECT_EQ(-ECANCELED, results[2]);
	BROADCAST(1, 1);
	EXPECT_PACKET(0, 1);
}

TEST_F(pend, cancel_without_match_returns_enoent)
{
	CANCEL_ON(self->fd, NULL);
	SUBMIT();
	EXPECT_CQE(CANCEL_DATA, -ENOENT);
	PENDS(1);
	CANCEL_ON(self->fd, &self->slots[1]);
	SUBMIT();
	EXPECT_CQE(CANCEL_DATA, -ENOENT);
	EXPECT_EQ(1, get_stats(self->fd).pending_requests);
}

TEST_F(pend, cancel_with_len_or_flags_returns_einval)
{
	PENDS(1);
	CANCEL_ON(self->fd, NULL)->len = 1;
	SUBMIT();
	EXPECT_CQE(CANCEL_DATA, -EINVAL);
	CANCEL_ON(self->fd, NULL)->flags = 1;
	SUBMIT();
	EXPECT_CQE(CANCEL_DATA, -EINVAL);
	EXPECT_EQ(1, get_stats(self->fd).pending_requests);
}

TEST_F(pend, cancel_is_per_client)
{
	int other = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, other);
	PENDS(1);
	CANCEL_ON(other, NULL);
	SUBMIT();
	EXPECT_CQE(CANCEL_DATA, -ENOENT);
	EXPECT_EQ(1, get_stats(self->fd).pending_requests);
	close(other);
}

TEST_F(pend, cancel_matches_commands_of_other_rings)
{
	struct io_uring other;
	struct completion cqe;

	ASSERT_EQ(0, ring_start(&other, 0));
	PEND_ON(&other, 0);
	ASSERT_TRUE(submit(&other));
	CANCEL_ON(self->fd, &self->slots[0]);
	SUBMIT();
	EXPECT_CQE(CANCEL_DATA, 1);
	cqe = next_cqe(&other);
	EXPECT_EQ(-ECANCELED, cqe.res);
	io_uring_queue_exit(&other);
}

TEST_F(pend, cancel_ignores_blocked_reads)
{
	int results[REQUESTS + 1] = { };

	ASSERT_TRUE(reader_start(&self->readers[0], self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	PEND(0);
	SUBMIT();
	CANCEL(NULL, 1);
	EXPECT_EQ(-ECANCELED, results[0]);
	EXPECT_EQ(1, get_stats(self->fd).pending_requests);
	BROADCAST(1, 1);
	EXPECT_EQ(RECORD, reader_join(&self->readers[0]));
	EXPECT_EQ(1, self->readers[0].record.seq);
}

TEST_F(pend, cancel_ignores_completing_command)
{
	struct io_uring ring;
	struct completion cqe;

	/* The command owns the packet, although it completes only when the ring is entered. */
	ASSERT_EQ(0, ring_start(&ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN));
	PEND_ON(&ring, 0);
	ASSERT_TRUE(submit(&ring));
	BROADCAST(1, 1);
	CANCEL_ON(self->fd, NULL);
	SUBMIT();
	EXPECT_CQE(CANCEL_DATA, -ENOENT);
	cqe = next_cqe(&ring);
	EXPECT_EQ(RECORD, cqe.res);
	EXPECT_RECORD(&self->slots[0], 1);
	io_uring_queue_exit(&ring);
}

TEST_F(pend, cancelled_command_frees_request_slot)
{
	int results[REQUESTS + 1] = { };

	PENDS(REQUESTS);
	CANCEL(&self->slots[0], 1);
	PEND(0);
	SUBMIT();
	EXPECT_TRUE(no_cqe(&self->ring));
	EXPECT_EQ(REQUESTS, get_stats(self->fd).pending_requests);
	/* The new command is the last in the queue. */
	BROADCAST(1, 1);
	EXPECT_PACKET(1, 1);
}

TEST_F(pend, cancel_includes_linked_command)
{
	int results[REQUESTS + 1] = { };

	PEND(0);
	self->ring.sq.sqes[0].flags = IOSQE_IO_LINK;
	PEND(1);
	SUBMIT();
	EXPECT_EQ(1, get_stats(self->fd).pending_requests);
	CANCEL_ON(self->fd, &self->slots[0]);
	SUBMIT();
	ASSERT_TRUE(collect(&self->ring, 3, results, REQUESTS + 1));
	EXPECT_EQ(1, results[CANCEL_DATA]);
	EXPECT_EQ(-ECANCELED, results[0]);
	EXPECT_EQ(-ECANCELED, results[1]);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

/* -- End of sources, rings, threads and processes -- */

TEST_F(pend, command_drains_queue_then_returns_enodev)
{
	BROADCAST(1, 1);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	PEND(0);
	SUBMIT();
	EXPECT_PACKET(0, 1);
	PEND(1);
	SUBMIT();
	EXPECT_CQE(1, -ENODEV);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST_F(pend, command_pins_client_after_close)
{
	int other = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, other);
	PENDS(1);
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(2, get_stats(other).clients);
	BROADCAST(1, 1);
	EXPECT_PACKET(0, 1);
	/* io_uring releases a completed command later. */
	while (get_stats(other).clients != 1)
		io_uring_get_events(&self->ring);
	close(other);
}

TEST_F(pend, ring_exit_closes_client_after_close)
{
	int other = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, other);
	PENDS(REQUESTS);
	close(self->fd);
	self->fd = -1;
	io_uring_queue_exit(&self->ring);
	self->running = false;
	while (get_stats(other).clients != 1)
		usleep(1000);
	EXPECT_EQ(1, sim_get_number(SIM_NAME, "departures"));
	close(other);
}

static void *pend_main(void *data)
{
	return submit(data) ? data : NULL;
}

TEST_F(pend, command_of_exited_thread_takes_no_packet)
{
	int results[2] = { };
	pthread_t thread;
	void *done;

	PEND(0);
	ASSERT_EQ(0, pthread_create(&thread, NULL, pend_main, &self->ring));
	ASSERT_EQ(0, pthread_join(thread, &done));
	ASSERT_EQ(&self->ring, done);
	PEND(1);
	SUBMIT();
	ASSERT_EQ(2, get_stats(self->fd).pending_requests);
	BROADCAST(1, 1);
	ASSERT_TRUE(collect(&self->ring, 2, results, 2));
	EXPECT_EQ(-ECANCELED, results[0]);
	EXPECT_EQ(RECORD, results[1]);
	EXPECT_RECORD(&self->slots[1], 1);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

/*
 * Start a process with @count pending commands. When @go has a byte, the process executes
 * @shell with @go as its standard input.
 */
static pid_t pend_in_child(int fd, int go, unsigned int flags, unsigned int count,
			   const char *shell)
{
	pid_t child = fork();
	union slot slots[REQUESTS];
	struct io_uring ring;
	unsigned int i;
	char byte;

	if (child)
		return child;
	if (ring_start(&ring, flags))
		_exit(1);
	for (i = 0; i < count; i++)
		prepare_command(&ring, fd, NOTIFY_MULTI_URING_CMD_PEND, &slots[i], RECORD, i);
	if (!submit(&ring) || read(go, &byte, 1) != 1 || dup2(go, STDIN_FILENO) < 0)
		_exit(1);
	execl("/bin/sh", "sh", "-c", shell, NULL);
	_exit(1);
}

TEST_F(pend, sigkill_consumes_nothing)
{
	int go[2], status;
	pid_t child;

	ASSERT_EQ(0, pipe(go));
	PENDS(1);
	child = pend_in_child(self->fd, go[0], 0, REQUESTS - 1, "");
	ASSERT_LE(0, child);
	ASSERT_TRUE(wait_requests(self->fd, REQUESTS));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	BROADCAST(1, 2);
	EXPECT_PACKET(0, 1);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
	ASSERT_EQ(RECORD, read_errno(self->fd, &self->slots[1], RECORD));
	EXPECT_RECORD(&self->slots[1], 2);
	close(go[0]);
	close(go[1]);
}

TEST_F(pend, execve_consumes_nothing)
{
	int go[2], status;
	char byte = 0;
	pid_t child;

	ASSERT_EQ(0, pipe(go));
	PENDS(1);
	child = pend_in_child(self->fd, go[0], 0, REQUESTS - 1, "read line");
	ASSERT_LE(0, child);
	ASSERT_TRUE(wait_requests(self->fd, REQUESTS));
	ASSERT_EQ(1, write(go[1], &byte, 1));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	BROADCAST(1, 1);
	EXPECT_PACKET(0, 1);
	EXPECT_EQ(1, get_stats(self->fd).delivered);
	/* The commands ended without the process: the shell still waits for a line. */
	EXPECT_TRUE(wait_asleep(&child, 'S'));
	kill(child, SIGKILL);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	close(go[0]);
	close(go[1]);
}

TEST_F(pend, device_works_after_sigkill_under_broadcasts)
{
	struct producer producer = {
		.injector = self->injector,
		.packet_size = PACKET,
		.number = 1,
		.count = 300,
	};
	unsigned int round;
	int go[2], status;

	ASSERT_EQ(0, pipe(go));
	ASSERT_TRUE(producer_start(&producer));
	for (round = 0; round < 8; round++) {
		pid_t child = pend_in_child(self->fd, go[0], 0, REQUESTS, "");

		ASSERT_LE(0, child);
		sched_yield();
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
	}
	ASSERT_EQ(300 * PACKET, producer_join(&producer));
	ASSERT_TRUE(wait_requests(self->fd, 0));
	ASSERT_EQ(0, consume(self->fd, 300));
	PENDS(1);
	BROADCAST(301, 1);
	EXPECT_PACKET(0, 301);
	close(go[0]);
	close(go[1]);
}

/* -- Ring flags -- */

FIXTURE(ring_flags)
{
	int injector;
	int fd;
	struct io_uring ring;
	bool running;
	union slot slots[REQUESTS];
};

FIXTURE_VARIANT(ring_flags)
{
	unsigned int flags;
	unsigned int sqe_flags;
};

FIXTURE_VARIANT_ADD(ring_flags, defer_taskrun)
{
	.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
};

FIXTURE_VARIANT_ADD(ring_flags, sqpoll)
{
	.flags = IORING_SETUP_SQPOLL,
};

FIXTURE_VARIANT_ADD(ring_flags, io_workers)
{
	.sqe_flags = IOSQE_ASYNC,
};

FIXTURE_VARIANT_ADD(ring_flags, sqe128_cqe32)
{
	.flags = IORING_SETUP_SQE128 | IORING_SETUP_CQE32,
};

FIXTURE_SETUP(ring_flags)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = LIMIT,
		.max_requests = REQUESTS,
	};
	int ret = ring_start(&self->ring, 0);
	bool pends;

	if (ring_missing(ret))
		SKIP(return, "io_uring is not available");
	ASSERT_EQ(0, ret);
	pends = ring_has(&self->ring, OP_READ_MULTISHOT);
	io_uring_queue_exit(&self->ring);
	if (!pends)
		SKIP(return, "PEND needs Linux 6.7");
	ASSERT_EQ(0, ring_start(&self->ring, variant->flags));
	self->running = true;
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(ring_flags)
{
	if (self->running)
		io_uring_queue_exit(&self->ring);
	close(self->fd);
	close(self->injector);
	sim_remove(SIM_NAME);
}

/*
 * Submit one by one. A command is counted before it is queued, so commands from several
 * workers may still be queued in any order.
 */
#define PENDS_BY_FLAGS(count)								\
do {											\
	unsigned int pend_;								\
											\
	for (pend_ = 0; pend_ < (count); pend_++) {					\
		struct notify_multi_uring_cmd *cmd_ = PEND(pend_);			\
											\
		((struct io_uring_sqe *)((char *)cmd_ - SQE_COMMAND))->flags =		\
			variant->sqe_flags;						\
		SUBMIT();								\
		ASSERT_TRUE(wait_requests(self->fd, pend_ + 1));			\
	}										\
} while (0)

/* Expect packet @number; it is for command @index unless workers queue in any order. */
#define EXPECT_PACKET_BY_FLAGS(index, number)						\
do {											\
	struct completion cqe_ = next_cqe(&self->ring);					\
											\
	if (!variant->sqe_flags)							\
		EXPECT_EQ(index, cqe_.user_data);					\
	ASSERT_GT(REQUESTS, cqe_.user_data);						\
	EXPECT_EQ(RECORD, cqe_.res);							\
	EXPECT_RECORD(&self->slots[cqe_.user_data], number);				\
} while (0)

TEST_F(ring_flags, commands_complete_in_submission_order)
{
	unsigned int i;

	PENDS_BY_FLAGS(REQUESTS);
	BROADCAST(1, REQUESTS);
	for (i = 0; i < REQUESTS; i++)
		EXPECT_PACKET_BY_FLAGS(i, i + 1);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST_F(ring_flags, cancelled_commands_consume_nothing)
{
	int results[REQUESTS + 1] = { };

	PENDS_BY_FLAGS(3);
	do {
		CANCEL_ON(self->fd, &self->slots[1]);
		SUBMIT();
		ASSERT_TRUE(collect(&self->ring, 1, results, REQUESTS + 1));
		/* A worker may not have queued it yet. */
	} while (variant->sqe_flags && results[CANCEL_DATA] == -ENOENT);
	ASSERT_TRUE(collect(&self->ring, 1, results, REQUESTS + 1));
	EXPECT_EQ(-ECANCELED, results[1]);
	EXPECT_EQ(1, results[CANCEL_DATA]);
	BROADCAST(1, 2);
	EXPECT_PACKET_BY_FLAGS(0, 1);
	EXPECT_PACKET_BY_FLAGS(2, 2);
	EXPECT_EQ(0, self->slots[1].record.seq);
}

TEST_F(ring_flags, ring_exit_consumes_nothing)
{
	/* Older kernels warn if another task completes such a ring's commands at its exit. */
	if (variant->flags & IORING_SETUP_DEFER_TASKRUN && !access("/proc/lockdep", F_OK))
		SKIP(return, "lockdep would report an error in io_uring");
	PENDS_BY_FLAGS(REQUESTS);
	io_uring_queue_exit(&self->ring);
	self->running = false;
	ASSERT_TRUE(wait_requests(self->fd, 0));
	BROADCAST(1, 1);
	EXPECT_EQ(0, get_stats(self->fd).delivered);
	ASSERT_EQ(RECORD, read_errno(self->fd, &self->slots[0], RECORD));
	EXPECT_RECORD(&self->slots[0], 1);
}

TEST_F(ring_flags, sigkill_consumes_nothing)
{
	int go[2], status;
	pid_t child;

	ASSERT_EQ(0, pipe(go));
	child = pend_in_child(self->fd, go[0], variant->flags, REQUESTS, "");
	ASSERT_LE(0, child);
	ASSERT_TRUE(wait_requests(self->fd, REQUESTS));
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(wait_requests(self->fd, 0));
	BROADCAST(1, 1);
	ASSERT_EQ(RECORD, read_errno(self->fd, &self->slots[0], RECORD));
	EXPECT_RECORD(&self->slots[0], 1);
	close(go[0]);
	close(go[1]);
}

TEST_F(ring_flags, unregister_ends_commands_with_enodev)
{
	int results[REQUESTS] = { };
	unsigned int i;

	PENDS_BY_FLAGS(REQUESTS);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_TRUE(collect(&self->ring, REQUESTS, results, REQUESTS));
	for (i = 0; i < REQUESTS; i++)
		EXPECT_EQ(-ENODEV, results[i]);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST_F(ring_flags, ring_exit_leaves_packet_to_next_command)
{
	struct io_uring other;
	struct completion cqe;
	unsigned int i, got = 0;

	ASSERT_EQ(0, ring_start(&other, 0));
	PENDS_BY_FLAGS(1);
	PEND_ON(&other, 1);
	ASSERT_TRUE(submit(&other));
	BROADCAST(1, 2);
	/* The first command may or may not have got its packet. */
	io_uring_queue_exit(&self->ring);
	self->running = false;
	cqe = next_cqe(&other);
	EXPECT_EQ(RECORD, cqe.res);
	ASSERT_TRUE(wait_requests(self->fd, 0));
	for (i = 0; i < 2; i++)
		got += self->slots[i].record.seq != 0;
	EXPECT_EQ(2, got + get_stats(self->fd).pending_packets);
	EXPECT_EQ(got, get_stats(self->fd).delivered);
	io_uring_queue_exit(&other);
}

/* -- Races -- */

#define STORM_PACKETS	600
#define STORM_COMMANDS	3

/* A thread that keeps commands pending until the source is unregistered. */
struct storm {
	pthread_t thread;
	int fd;
	unsigned int flags;
	unsigned int got;
	unsigned int cancelled;
	unsigned char seen[STORM_PACKETS + 1];
	const char *wrong;
};

static void storm_pend(struct storm *storm, struct io_uring *ring, union slot *slots,
		       unsigned int index)
{
	prepare_command(ring, storm->fd, NOTIFY_MULTI_URING_CMD_PEND, &slots[index], RECORD, index);
	if (!submit(ring))
		storm->wrong = "submit";
}

static void storm_packet(struct storm *storm, const union slot *slot, uint64_t *last)
{
	uint64_t seq = slot->record.seq;

	if (seq <= *last || seq > STORM_PACKETS || slot->record.dropped ||
	    !packet_is(slot->record.data, PACKET, seq)) {
		storm->wrong = "packet";
		return;
	}
	*last = seq;
	storm->seen[seq] = 1;
	storm->got++;
}

static void *storm_main(void *data)
{
	struct storm *storm = data;
	union slot slots[STORM_COMMANDS];
	unsigned int running = STORM_COMMANDS, i;
	struct io_uring ring;
	uint64_t last = 0;

	if (ring_start(&ring, storm->flags)) {
		storm->wrong = "ring";
		return NULL;
	}
	for (i = 0; i < STORM_COMMANDS; i++)
		storm_pend(storm, &ring, slots, i);
	while (running && !storm->wrong) {
		struct completion cqe = next_cqe(&ring);

		if (cqe.res == -ENODEV) {
			running--;
			continue;
		}
		if (cqe.res == RECORD)
			storm_packet(storm, &slots[cqe.user_data], &last);
		else if (cqe.res == -ECANCELED)
			storm->cancelled++;
		else
			storm->wrong = "result";
		storm_pend(storm, &ring, slots, cqe.user_data);
	}
	io_uring_queue_exit(&ring);
	return NULL;
}

/* Like storm_main(), with a blocking read(). */
static void *storm_read(void *data)
{
	struct storm *storm = data;
	union slot slot;
	uint64_t last = 0;
	ssize_t ret;

	while ((ret = read_errno(storm->fd, &slot, RECORD)) == RECORD && !storm->wrong)
		storm_packet(storm, &slot, &last);
	if (ret != -ENODEV)
		storm->wrong = "read";
	return NULL;
}

TEST_F(pend, racing_requests_get_each_packet_once)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = STORM_PACKETS,
		.max_requests = 2 * STORM_COMMANDS + 1,
	};
	struct storm storms[3] = {
		{ .flags = 0 },
		{ .flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN },
		{ .flags = 0 },
	};
	unsigned int i, at, cancelled = 0, got = 0;

	close(self->fd);
	close(self->injector);
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY);
	ASSERT_LE(0, self->fd);

	for (i = 0; i < 3; i++) {
		storms[i].fd = self->fd;
		ASSERT_EQ(0, pthread_create(&storms[i].thread, NULL,
					    i < 2 ? storm_main : storm_read, &storms[i]));
	}
	ASSERT_TRUE(wait_requests(self->fd, 2 * STORM_COMMANDS + 1));
	for (i = 1; i <= STORM_PACKETS; i++) {
		BROADCAST(i, 1);
		if (i % 16 == 0) {
			struct completion cqe;

			CANCEL_ON(self->fd, NULL);
			SUBMIT();
			cqe = next_cqe(&self->ring);
			if (cqe.res > 0)
				cancelled += cqe.res;
			else
				EXPECT_EQ(-ENOENT, cqe.res);
		}
	}
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, pthread_join(storms[i].thread, NULL));
		EXPECT_EQ(NULL, storms[i].wrong);
		got += storms[i].got;
		cancelled -= storms[i].cancelled;
	}
	EXPECT_EQ(STORM_PACKETS, got);
	for (at = 1; at <= STORM_PACKETS; at++)
		EXPECT_EQ(1, storms[0].seen[at] + storms[1].seen[at] + storms[2].seen[at]);
	EXPECT_EQ(0, cancelled);
	EXPECT_EQ(STORM_PACKETS, get_stats(self->fd).delivered);
	EXPECT_EQ(0, get_stats(self->fd).dropped);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST_HARNESS_MAIN
