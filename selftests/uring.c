// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring: reads that pend, and commands that do.
 */

#include "sim.h"

#include <dirent.h>
#include <liburing.h>
#include <sys/wait.h>

#define PACKET		16
#define RECORD		(RECORD_HEADER + PACKET)
#define LIMIT		8
#define REQUESTS	4
#define ENTRIES		32

/* Of Linux 6.7, the first that can cancel commands; and newer than Debian's liburing. */
#define OP_READ_MULTISHOT	49
/* Where in an SQE the bytes of a command are. */
#define SQE_COMMAND		48

union slot {
	struct notify_multi_record record;
	unsigned char bytes[RECORD];
};

/* -- Rings. ---------------------------------------------------------------- */

static int ring_start(struct io_uring *ring, unsigned int flags)
{
	struct io_uring_params params = { .flags = flags, .sq_thread_idle = 1 };

	return io_uring_queue_init_params(ENTRIES, ring, &params);
}

/* Not built into the kernel, or not allowed: then there is nothing to be tested. */
static bool ring_missing(int ret)
{
	return ret == -ENOSYS || ret == -EPERM;
}

/* As the kernel itself says: the module is not asked. */
static bool ring_has(struct io_uring *ring, int op)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
	bool has = probe && io_uring_opcode_supported(probe, op);

	io_uring_free_probe(probe);
	return has;
}

/* No test has more than ENTRIES at once. */
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

/* What a completion says. */
struct completion {
	uint64_t user_data;
	int res;
	unsigned int flags;
};

/* Waits for the next. */
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

/* Whether there is no completion, after all that can be done now has been. */
static bool no_cqe(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;

	io_uring_get_events(ring);
	return io_uring_peek_cqe(ring, &cqe) == -EAGAIN;
}

/* Waits for @count completions in any order; results[] has them by their user_data. */
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

static void prepare_cancel(struct io_uring *ring, uint64_t whom, uint64_t data)
{
	struct io_uring_sqe *sqe = new_sqe(ring);

	io_uring_prep_cancel64(sqe, whom, 0);
	sqe->user_data = data;
}

/* Worker threads of this process' io_uring; they stay for seconds when they are idle. */
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
	struct completion cqe_ = next_cqe(&self->ring);	\
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

/* -- Reads. ---------------------------------------------------------------- */

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
		SKIP(return, "the kernel has no io_uring for us");
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

TEST_F(uring, read_pends_until_a_packet_comes)
{
	READ(0);
	SUBMIT();
	EXPECT_TRUE(no_cqe(&self->ring));
	BROADCAST(1, 1);
	EXPECT_CQE(0, RECORD);
	EXPECT_RECORD(&self->slots[0], 1);
	EXPECT_TRUE(no_cqe(&self->ring));
}

TEST_F(uring, read_of_a_nonblocking_open_pends_too)
{
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	READ(0);
	SUBMIT();
	EXPECT_TRUE(no_cqe(&self->ring));
	BROADCAST(1, 1);
	EXPECT_CQE(0, RECORD);
	EXPECT_RECORD(&self->slots[0], 1);
}

TEST_F(uring, read_with_RWF_NOWAIT_does_not_pend)
{
	struct io_uring_sqe *sqe;

	READ(0);
	sqe = &self->ring.sq.sqes[0];
	sqe->rw_flags = RWF_NOWAIT;
	SUBMIT();
	EXPECT_CQE(0, -EAGAIN);
}

TEST_F(uring, read_takes_all_that_is_queued_and_fits)
{
	BROADCAST(1, 5);
	prepare_read(&self->ring, self->fd, self->slots, 3 * RECORD, 0, 0);
	SUBMIT();
	EXPECT_CQE(0, 3 * RECORD);
	EXPECT_RECORD(&self->slots[0], 1);
	EXPECT_RECORD(&self->slots[2], 3);
	EXPECT_EQ(2, get_stats(self->fd).pending_packets);
}

TEST_F(uring, read_fails_as_read_does)
{
	int results[2];

	READ(0);
	self->ring.sq.sqes[0].len = RECORD - 1;
	READ(1);
	self->ring.sq.sqes[1].len = 0;
	SUBMIT();
	ASSERT_TRUE(collect(&self->ring, 2, results, 2));
	EXPECT_EQ(-EINVAL, results[0]);
	EXPECT_EQ(0, results[1]);
	BROADCAST(1, 1);
	prepare_read(&self->ring, self->fd, bad_pointer, RECORD, 2, 0);
	SUBMIT();
	EXPECT_CQE(2, -EFAULT);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(uring, reads_pend_without_a_worker_thread)
{
	uint64_t seen = 0;
	unsigned int i;
	int file;

	for (i = 0; i < READS; i++)
		READ(i);
	SUBMIT();
	EXPECT_TRUE(no_cqe(&self->ring));
	EXPECT_EQ(0, workers());
	/* Nor do they sleep: the limit of those that do is another. */
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

	/* One that works would have been seen. */
	file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, file);
	prepare_read(&self->ring, file, self->slots, RECORD, 0, IOSQE_ASYNC);
	SUBMIT();
	EXPECT_CQE(0, RECORD);
	EXPECT_LT(0, workers());
	close(file);
}

TEST_F(uring, reads_that_pend_get_each_packet_once)
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

TEST_F(uring, read_that_is_forced_into_a_worker_gets_its_packet)
{
	READ_FLAGS(0, IOSQE_ASYNC);
	SUBMIT();
	BROADCAST(1, 1);
	EXPECT_CQE(0, RECORD);
	EXPECT_RECORD(&self->slots[0], 1);
}

TEST_F(uring, read_into_registered_memory_of_a_registered_file)
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

TEST_F(uring, poll_says_that_a_record_is_queued)
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

TEST_F(uring, kernel_thread_that_polls_the_submissions_reads)
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

/* -- Linked reads. --------------------------------------------------------- */

TEST_F(uring, linked_reads_are_done_one_after_the_other)
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

TEST_F(uring, linked_write_passes_the_packet_on)
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

TEST_F(uring, read_that_fails_cancels_what_is_linked_to_it)
{
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	ASSERT_EQ(0, sim_set(SIM_NAME, "status", "-28"));
	READ_FLAGS(0, IOSQE_IO_LINK);
	READ(1);
	SUBMIT();
	BROADCAST(1, 2);
	EXPECT_CQE(0, -ENOSPC);
	EXPECT_CQE(1, -ECANCELED);
	/* The second packet is there still. */
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(uring, read_whose_linked_timeout_expires_consumes_nothing)
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

/* -- Statuses. ------------------------------------------------------------- */

TEST_F(uring, status_that_would_mean_to_try_again_is_EIO_and_is_consumed)
{
	const int statuses[] = { -EAGAIN, -EOPNOTSUPP, -EIO };
	unsigned int i;

	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, sim_set_number(SIM_NAME, "status", statuses[i]));
		/* One that pends, and one that finds the packet there. */
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

TEST_F(uring, bad_status_is_the_result_of_a_raw_read)
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

/* -- Cancellation. --------------------------------------------------------- */

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
	/* The other one pends still. */
	BROADCAST(1, 2);
	EXPECT_CQE(1, RECORD);
	EXPECT_RECORD(&self->slots[1], 1);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(uring, ring_that_ends_with_reads_pending_consumes_nothing)
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

TEST_F(uring, read_that_pends_keeps_the_open_until_the_ring_ends)
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

TEST_F(uring, reads_that_pend_are_ENODEV_when_the_source_goes)
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

/* -- Provided buffers, and multishot reads. -------------------------------- */

#define GROUP		5
#define PROVIDED	4

/* A ring of PROVIDED buffers, the slots, which the kernel chooses from. */
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

/* Such rings came with the commands, which the kernel can be asked for. */
#define ASSERT_PROVIDED(buffers)					\
do {									\
	if (!ring_has(&self->ring, IORING_OP_URING_CMD))		\
		SKIP(return, "rings of buffers need Linux 5.19");	\
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

/* The record of a completion in a provided buffer. */
static union slot *chosen(union slot *slots, const struct completion *cqe)
{
	if (!(cqe->flags & IORING_CQE_F_BUFFER))
		return NULL;
	return &slots[cqe->flags >> IORING_CQE_BUFFER_SHIFT];
}

TEST_F(uring, reads_that_pend_take_a_provided_buffer_each)
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

TEST_F(uring, multishot_read_gives_every_packet)
{
	struct io_uring_buf_ring *buffers = provide(&self->ring, self->slots);
	struct completion cqe;
	unsigned int i;

	ASSERT_PROVIDED(buffers);
	MULTISHOT(9);
	EXPECT_TRUE(no_cqe(&self->ring));
	/* Around the buffers; one at a time, and several at once. */
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

TEST_F(uring, multishot_read_misses_no_packet_though_the_open_is_asked)
{
	struct io_uring_buf_ring *buffers = provide(&self->ring, self->slots);
	struct completion cqe;
	struct asker asker;
	unsigned int i;

	ASSERT_PROVIDED(buffers);
	MULTISHOT(9);
	ASSERT_TRUE(asker_start(&asker, self->fd));
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
	EXPECT_TRUE(asker_stop(&asker));
	free(buffers);
}

TEST_F(uring, multishot_read_without_a_buffer_ends_and_loses_nothing)
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

TEST_F(uring, cancelled_multishot_read_consumes_nothing_more)
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

TEST_F(uring, multishot_read_ends_with_ENODEV_when_the_source_goes)
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

TEST_F(uring, multishot_raw_read_ends_with_a_bad_status)
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

/* -- Kernels that cannot cancel commands. ---------------------------------- */

TEST_F(uring, commands_are_EOPNOTSUPP_before_Linux_6_7)
{
	if (ring_has(&self->ring, OP_READ_MULTISHOT))
		SKIP(return, "this kernel has commands that pend");
	if (!ring_has(&self->ring, IORING_OP_URING_CMD))
		SKIP(return, "commands of devices need Linux 5.19");
	prepare_command(&self->ring, self->fd, NOTIFY_MULTI_URING_CMD_PEND, self->slots, RECORD, 0);
	prepare_command(&self->ring, self->fd, NOTIFY_MULTI_URING_CMD_CANCEL, NULL, 0, 1);
	prepare_command(&self->ring, self->fd, 0, NULL, 0, 2);
	SUBMIT();
	EXPECT_CQE(0, -EOPNOTSUPP);
	EXPECT_CQE(1, -EOPNOTSUPP);
	EXPECT_CQE(2, -EOPNOTSUPP);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

/* -- Commands that pend. --------------------------------------------------- */

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
		SKIP(return, "the kernel has no io_uring for us");
	ASSERT_EQ(0, ret);
	if (!ring_has(&self->ring, OP_READ_MULTISHOT))
		SKIP(return, "commands that pend need Linux 6.7");
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

/* PEND @count commands, 0 and those that follow. */
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

TEST_F(pend, command_waits_for_a_packet)
{
	PENDS(1);
	EXPECT_TRUE(no_cqe(&self->ring));
	BROADCAST(1, 1);
	EXPECT_PACKET(0, 1);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
	EXPECT_EQ(1, get_stats(self->fd).delivered);
	EXPECT_EQ(0, workers());
}

TEST_F(pend, packet_that_is_queued_completes_the_command_at_once)
{
	BROADCAST(1, 2);
	PEND(0);
	SUBMIT();
	EXPECT_PACKET(0, 1);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(pend, commands_are_completed_in_the_order_they_came_in)
{
	unsigned int i;

	PENDS(REQUESTS);
	BROADCAST(1, REQUESTS);
	for (i = 0; i < REQUESTS; i++)
		EXPECT_PACKET(i, i + 1);
}

TEST_F(pend, packets_that_are_queued_go_to_the_commands_in_order)
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

TEST_F(pend, command_takes_one_packet_however_large_its_buffer)
{
	BROADCAST(1, 3);
	prepare_command(&self->ring, self->fd, NOTIFY_MULTI_URING_CMD_PEND, self->slots,
			3 * RECORD, 0);
	SUBMIT();
	EXPECT_PACKET(0, 1);
	EXPECT_EQ(0, self->slots[1].record.seq);
	EXPECT_EQ(2, get_stats(self->fd).pending_packets);
}

TEST_F(pend, record_says_what_was_lost_before_it)
{
	BROADCAST(1, LIMIT + 3);
	PEND(0);
	SUBMIT();
	EXPECT_CQE(0, RECORD);
	EXPECT_EQ(4, self->slots[0].record.seq);
	EXPECT_EQ(3, self->slots[0].record.dropped);
	EXPECT_EQ(3, get_stats(self->fd).dropped);
}

TEST_F(pend, many_commands_and_many_packets_keep_their_order)
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

/* -- The limit. ------------------------------------------------------------ */

TEST_F(pend, one_more_than_the_limit_is_EBUSY_and_those_pended_stay)
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

TEST_F(pend, command_that_was_completed_makes_room)
{
	PENDS(REQUESTS);
	BROADCAST(1, 1);
	EXPECT_PACKET(0, 1);
	PEND(REQUESTS);
	SUBMIT();
	EXPECT_TRUE(no_cqe(&self->ring));
	EXPECT_EQ(REQUESTS, get_stats(self->fd).pending_requests);
}

TEST_F(pend, limit_is_shared_with_reads_that_sleep)
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

TEST_F(pend, limit_is_each_opens_own)
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

TEST_F(pend, commands_and_reads_that_sleep_get_a_packet_each)
{
	struct reader *first = &self->readers[0], *last = &self->readers[1];
	unsigned int seen;

	ASSERT_TRUE(reader_start(first, self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	PEND(0);
	SUBMIT();
	ASSERT_TRUE(reader_start(last, self->fd, RECORD));
	ASSERT_TRUE(wait_requests(self->fd, 3));

	/* Which one is nobody's to know: they are of several threads. */
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

/* -- What is refused. ------------------------------------------------------ */

TEST_F(pend, buffer_one_byte_short_is_EINVAL)
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

TEST_F(pend, length_0_is_0_and_consumes_nothing)
{
	BROADCAST(1, 1);
	PEND(0)->len = 0;
	SUBMIT();
	EXPECT_CQE(0, 0);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

TEST_F(pend, flags_are_EINVAL)
{
	PEND(0)->flags = 1;
	PEND(1)->flags = 1U << 31;
	SUBMIT();
	EXPECT_CQE(0, -EINVAL);
	EXPECT_CQE(1, -EINVAL);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST_F(pend, registered_memory_is_EINVAL)
{
	struct iovec iov = { self->slots, sizeof(self->slots) };

	ASSERT_EQ(0, io_uring_register_buffers(&self->ring, &iov, 1));
	PEND(0);
	self->ring.sq.sqes[0].rw_flags = IORING_URING_CMD_FIXED;
	SUBMIT();
	EXPECT_CQE(0, -EINVAL);
}

TEST_F(pend, unknown_commands_are_ENOTTY)
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

TEST_F(pend, command_is_no_ioctl)
{
	struct notify_multi_uring_cmd cmd = { .addr = (uintptr_t)self->slots, .len = RECORD };

	EXPECT_EQ(-1, ioctl(self->fd, NOTIFY_MULTI_URING_CMD_PEND, &cmd));
	EXPECT_EQ(ENOTTY, errno);
}

TEST_F(pend, open_that_is_not_for_reading_is_EBADF)
{
	int other = sim_open(SIM_NAME, O_WRONLY);

	ASSERT_LE(0, other);
	prepare_command(&self->ring, other, NOTIFY_MULTI_URING_CMD_PEND, self->slots, RECORD, 0);
	SUBMIT();
	EXPECT_CQE(0, -EBADF);
	close(other);
}

TEST_F(pend, bad_address_is_EFAULT_and_the_packet_is_the_next_commands)
{
	prepare_command(&self->ring, self->fd, NOTIFY_MULTI_URING_CMD_PEND, bad_pointer, RECORD, 0);
	PEND(1);
	SUBMIT();
	ASSERT_EQ(2, get_stats(self->fd).pending_requests);
	BROADCAST(1, 1);
	EXPECT_CQE(0, -EFAULT);
	EXPECT_PACKET(1, 1);
}

TEST_F(pend, bad_address_with_a_packet_queued_is_EFAULT_and_consumes_nothing)
{
	BROADCAST(1, 1);
	prepare_command(&self->ring, self->fd, NOTIFY_MULTI_URING_CMD_PEND, bad_pointer, RECORD, 0);
	SUBMIT();
	EXPECT_CQE(0, -EFAULT);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST_F(pend, address_that_no_user_has_is_EFAULT)
{
	PEND(0)->addr = ~0ULL << 12;
	SUBMIT();
	BROADCAST(1, 1);
	EXPECT_CQE(0, -EFAULT);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

/* -- Formats and statuses. ------------------------------------------------- */

TEST_F(pend, raw_command_gets_the_bare_payload)
{
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	PENDS(2);
	BROADCAST(1, 2);
	EXPECT_CQE(0, PACKET);
	EXPECT_CQE(1, PACKET);
	EXPECT_TRUE(packet_is(&self->slots[0], PACKET, 1));
	EXPECT_TRUE(packet_is(&self->slots[1], PACKET, 2));
	/* No more than one packet, here too. */
	EXPECT_EQ(0, self->slots[0].bytes[PACKET]);
}

TEST_F(pend, bad_status_is_the_result_of_a_raw_command_and_is_consumed)
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
		/* And one that finds the packet there. */
		BROADCAST(2, 1);
		PEND(1);
		SUBMIT();
		EXPECT_CQE(1, results[i]);
		EXPECT_EQ(2 * i + 2, get_stats(self->fd).delivered);
	}
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST_F(pend, bad_status_fails_one_command_only)
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

TEST_F(pend, error_of_the_sources_completion_is_the_result)
{
	PENDS(2);
	ASSERT_EQ(0, sim_set(SIM_NAME, "complete_error", "-28"));
	BROADCAST(1, 1);
	EXPECT_CQE(0, -ENOSPC);
	EXPECT_EQ(1, get_stats(self->fd).delivered);
	ASSERT_EQ(0, sim_set(SIM_NAME, "complete_error", "0"));
	BROADCAST(2, 1);
	EXPECT_PACKET(1, 2);
}

TEST_F(pend, buffer_that_a_new_format_makes_too_short_is_EINVAL_and_consumes_nothing)
{
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	PEND(0)->len = RECORD - 1;
	SUBMIT();
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RECORD));
	BROADCAST(1, 1);
	EXPECT_CQE(0, -EINVAL);
	EXPECT_EQ(1, get_stats(self->fd).pending_packets);
}

/* -- Reads that are faster. ------------------------------------------------ */

TEST_F(pend, commands_whose_packets_were_read_pend_on_in_their_places)
{
	struct io_uring ring;
	struct completion cqe;
	union slot slot;
	unsigned int i;

	/* What a packet has to do here is not done before this thread asks for it. */
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

/* -- Several rings. -------------------------------------------------------- */

TEST_F(pend, commands_of_several_rings_are_completed_in_their_order)
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

TEST_F(pend, rings_of_which_none_has_looked_yet_get_the_packets_as_they_do)
{
	const unsigned int flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
	struct io_uring rings[2];
	unsigned int i;

	/* Nothing is completed in such a ring before it is looked at: here the second first. */
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

TEST_F(pend, ring_that_ends_leaves_the_commands_of_the_others)
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

/* -- Cancellation. --------------------------------------------------------- */

#define CANCEL_DATA REQUESTS

#define CANCEL_ON(fd, addr) \
	prepare_command(&self->ring, fd, NOTIFY_MULTI_URING_CMD_CANCEL, addr, 0, CANCEL_DATA)

/* Cancels what has a buffer at @addr, which are @count commands. */
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

TEST_F(pend, cancelling_address_0_cancels_all)
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

TEST_F(pend, cancelling_cancels_all_with_a_buffer_at_the_address)
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

TEST_F(pend, cancelling_nothing_is_ENOENT)
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

TEST_F(pend, cancelling_with_a_length_or_flags_is_EINVAL)
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

TEST_F(pend, cancelling_is_for_this_open_only)
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

TEST_F(pend, cancelling_reaches_another_rings_commands)
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

TEST_F(pend, cancelling_leaves_reads_that_sleep)
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

TEST_F(pend, command_that_is_about_to_be_completed_is_not_cancelled)
{
	struct io_uring ring;
	struct completion cqe;

	/* The packet is the command's, though this thread has not been told yet. */
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

TEST_F(pend, cancelled_command_makes_room)
{
	int results[REQUESTS + 1] = { };

	PENDS(REQUESTS);
	CANCEL(&self->slots[0], 1);
	PEND(0);
	SUBMIT();
	EXPECT_TRUE(no_cqe(&self->ring));
	EXPECT_EQ(REQUESTS, get_stats(self->fd).pending_requests);
	/* It has lost its place. */
	BROADCAST(1, 1);
	EXPECT_PACKET(1, 1);
}

TEST_F(pend, linked_command_is_cancelled_with_the_one_before_it)
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

/* -- Sources, rings, threads and processes that end. ----------------------- */

TEST_F(pend, source_that_is_gone_gives_what_is_queued_and_then_ENODEV)
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

TEST_F(pend, command_keeps_the_open_of_a_closed_descriptor)
{
	int other = sim_open(SIM_NAME, O_RDONLY);

	ASSERT_LE(0, other);
	PENDS(1);
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(2, get_stats(other).clients);
	BROADCAST(1, 1);
	EXPECT_PACKET(0, 1);
	/* What is completed is freed at leisure. */
	while (get_stats(other).clients != 1)
		io_uring_get_events(&self->ring);
	close(other);
}

TEST_F(pend, ring_that_ends_after_its_descriptor_was_closed_closes_the_open)
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

TEST_F(pend, command_of_a_thread_that_has_ended_takes_no_packet)
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

/* A process with commands that pend, which executes @shell once it is told to. */
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
	if (!submit(&ring) || read(go, &byte, 1) != 1)
		_exit(1);
	execl("/bin/sh", "sh", "-c", shell, NULL);
	_exit(1);
}

TEST_F(pend, process_that_is_killed_consumes_nothing)
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

TEST_F(pend, process_that_executes_another_program_consumes_nothing)
{
	int go[2], hold[2], status;
	char byte = 0;
	pid_t child;

	ASSERT_EQ(0, pipe(go));
	ASSERT_EQ(0, pipe(hold));
	PENDS(1);
	child = pend_in_child(self->fd, go[0], 0, REQUESTS - 1, "read line");
	ASSERT_LE(0, child);
	ASSERT_TRUE(wait_requests(self->fd, REQUESTS));
	/* The new program waits for a line in what is the pipe's end still. */
	ASSERT_EQ(1, write(go[1], &byte, 1));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	BROADCAST(1, 1);
	EXPECT_PACKET(0, 1);
	EXPECT_EQ(1, get_stats(self->fd).delivered);
	kill(child, SIGKILL);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	close(hold[0]);
	close(hold[1]);
	close(go[0]);
	close(go[1]);
}

TEST_F(pend, process_that_is_killed_while_packets_come_leaves_the_device_working)
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

/* -- Kinds of rings. ------------------------------------------------------- */

FIXTURE(kind)
{
	int injector;
	int fd;
	struct io_uring ring;
	bool running;
	union slot slots[REQUESTS];
};

FIXTURE_VARIANT(kind)
{
	unsigned int flags;
	unsigned int sqe_flags;
};

FIXTURE_VARIANT_ADD(kind, deferred)
{
	.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
};

/* A kernel thread submits. */
FIXTURE_VARIANT_ADD(kind, polled)
{
	.flags = IORING_SETUP_SQPOLL,
};

/* Worker threads submit. */
FIXTURE_VARIANT_ADD(kind, forced_into_workers)
{
	.sqe_flags = IOSQE_ASYNC,
};

FIXTURE_VARIANT_ADD(kind, with_large_entries)
{
	.flags = IORING_SETUP_SQE128 | IORING_SETUP_CQE32,
};

FIXTURE_SETUP(kind)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = LIMIT,
		.max_requests = REQUESTS,
	};
	int ret = ring_start(&self->ring, 0);
	bool pends;

	if (ring_missing(ret))
		SKIP(return, "the kernel has no io_uring for us");
	ASSERT_EQ(0, ret);
	pends = ring_has(&self->ring, OP_READ_MULTISHOT);
	io_uring_queue_exit(&self->ring);
	if (!pends)
		SKIP(return, "commands that pend need Linux 6.7");
	ASSERT_EQ(0, ring_start(&self->ring, variant->flags));
	self->running = true;
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(kind)
{
	if (self->running)
		io_uring_queue_exit(&self->ring);
	close(self->fd);
	close(self->injector);
	sim_remove(SIM_NAME);
}

/*
 * Counted before they are queued, and so several threads that submit them do that in an
 * order of their own.
 */
#define KIND_PENDS(count)								\
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

/* The next packet is @number, and if commands have an order, that of @index. */
#define EXPECT_KIND_PACKET(index, number)						\
do {											\
	struct completion cqe_ = next_cqe(&self->ring);					\
											\
	if (!variant->sqe_flags)							\
		EXPECT_EQ(index, cqe_.user_data);					\
	ASSERT_GT(REQUESTS, cqe_.user_data);						\
	EXPECT_EQ(RECORD, cqe_.res);							\
	EXPECT_RECORD(&self->slots[cqe_.user_data], number);				\
} while (0)

TEST_F(kind, commands_are_completed_in_the_order_they_came_in)
{
	unsigned int i;

	KIND_PENDS(REQUESTS);
	BROADCAST(1, REQUESTS);
	for (i = 0; i < REQUESTS; i++)
		EXPECT_KIND_PACKET(i, i + 1);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST_F(kind, cancelled_commands_consume_nothing)
{
	int results[REQUESTS + 1] = { };

	KIND_PENDS(3);
	do {
		CANCEL_ON(self->fd, &self->slots[1]);
		SUBMIT();
		ASSERT_TRUE(collect(&self->ring, 1, results, REQUESTS + 1));
		/* Not queued yet, where threads submit. */
	} while (variant->sqe_flags && results[CANCEL_DATA] == -ENOENT);
	ASSERT_TRUE(collect(&self->ring, 1, results, REQUESTS + 1));
	EXPECT_EQ(-ECANCELED, results[1]);
	EXPECT_EQ(1, results[CANCEL_DATA]);
	BROADCAST(1, 2);
	EXPECT_KIND_PACKET(0, 1);
	EXPECT_KIND_PACKET(2, 2);
	EXPECT_EQ(0, self->slots[1].record.seq);
}

TEST_F(kind, ring_that_ends_consumes_nothing)
{
	/* Newer kernels know that it is the ring's end, where anybody may complete. */
	if (variant->flags & IORING_SETUP_DEFER_TASKRUN && !access("/proc/lockdep", F_OK))
		SKIP(return, "lockdep would take this for an error of io_uring");
	KIND_PENDS(REQUESTS);
	io_uring_queue_exit(&self->ring);
	self->running = false;
	ASSERT_TRUE(wait_requests(self->fd, 0));
	BROADCAST(1, 1);
	EXPECT_EQ(0, get_stats(self->fd).delivered);
	ASSERT_EQ(RECORD, read_errno(self->fd, &self->slots[0], RECORD));
	EXPECT_RECORD(&self->slots[0], 1);
}

TEST_F(kind, process_that_is_killed_consumes_nothing)
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

TEST_F(kind, source_that_goes_ends_every_command_with_ENODEV)
{
	int results[REQUESTS] = { };
	unsigned int i;

	KIND_PENDS(REQUESTS);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_TRUE(collect(&self->ring, REQUESTS, results, REQUESTS));
	for (i = 0; i < REQUESTS; i++)
		EXPECT_EQ(-ENODEV, results[i]);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
}

TEST_F(kind, ring_that_ends_with_a_packet_on_its_way_leaves_it_to_the_next)
{
	struct io_uring other;
	struct completion cqe;
	unsigned int i, got = 0;

	ASSERT_EQ(0, ring_start(&other, 0));
	KIND_PENDS(1);
	PEND_ON(&other, 1);
	ASSERT_TRUE(submit(&other));
	BROADCAST(1, 2);
	/* Whether the first command has got its packet or not is nobody's to know. */
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

/* -- All at once. ---------------------------------------------------------- */

#define STORM_PACKETS	600
#define STORM_COMMANDS	3

/* A thread that has commands pended, until the source goes. */
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

/* The same with a read() that sleeps. */
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

TEST_F(pend, commands_reads_and_cancellation_race_and_each_packet_goes_to_one)
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
