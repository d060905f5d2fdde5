// SPDX-License-Identifier: GPL-2.0
/*
 * Bad buffers and failed allocations: each call returns its documented errno, does not consume
 * packets that it did not deliver, and leaves the device working.
 */

#include "faults.h"
#include "gpio_chip.h"
#include "irq_pci.h"

#include <linux/notify_gpio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>

/* -- Bad buffers -- */

FIXTURE(bad_buffer)
{
	int injector;
	int fd;
	unsigned char *pages;
	struct io_uring ring;
	int ring_ret;
};

/* Memory after the good part of a buffer. */
FIXTURE_VARIANT(bad_buffer)
{
	bool mapped;
	int protection;
	bool readable;
};

FIXTURE_VARIANT_ADD(bad_buffer, unmapped)
{
	.mapped = false,
};

FIXTURE_VARIANT_ADD(bad_buffer, inaccessible)
{
	.mapped = true,
	.protection = PROT_NONE,
};

FIXTURE_VARIANT_ADD(bad_buffer, read_only)
{
	.mapped = true,
	.protection = PROT_READ,
	.readable = true,
};

FIXTURE_SETUP(bad_buffer)
{
	const struct sim_config config = { .packet_size = PACKET, .max_packets = LIMIT };

	/* Before munmap(), because the io_uring would be mapped into the hole. */
	self->ring_ret = io_uring_queue_init(4, &self->ring, 0);
	self->pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	ASSERT_NE(MAP_FAILED, self->pages);
	ASSERT_EQ(0, variant->mapped ? mprotect(self->pages + PAGE, PAGE, variant->protection) :
				       munmap(self->pages + PAGE, PAGE));
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, self->injector);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN(bad_buffer)
{
	if (!self->ring_ret)
		io_uring_queue_exit(&self->ring);
	close(self->fd);
	close(self->injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
}

/* Buffer with this many good bytes. */
#define BUFFER(bytes) (self->pages + PAGE - (bytes))

/* The packets from @first to @last are queued, and none was dropped. */
#define EXPECT_QUEUED(first, last)						\
do {										\
	unsigned int seq_;							\
										\
	EXPECT_EQ((first), get_stats(self->fd).next);				\
	ASSERT_EQ((ssize_t)((last) - (first) + 1) * (ssize_t)RECORD,		\
		  read_errno(self->fd, scratch, sizeof(scratch)));		\
	for (seq_ = (first); seq_ <= (last); seq_++)				\
		EXPECT_RECORD(scratch, seq_ - (first), seq_);			\
} while (0)

/* Almost a record: a faulting copy stops up to 31 bytes early on ARM, 63 on RISC-V. */
#define ANOTHER		(RECORD - 8)

TEST_F(bad_buffer, read_returns_complete_records)
{
	unsigned char *buffer = BUFFER(2 * RECORD + RECORD - 1);

	BROADCAST(1, 4);
	ASSERT_EQ(2 * RECORD, read_errno(self->fd, buffer, 4 * RECORD));
	EXPECT_RECORD(buffer, 0, 1);
	EXPECT_RECORD(buffer, 1, 2);
	EXPECT_EQ(2, get_stats(self->fd).delivered);
	EXPECT_QUEUED(3, 4);
}

TEST_F(bad_buffer, read_without_complete_record_returns_efault)
{
	/* The good part ends in the payload, at its start, in the header, after a byte, at 0. */
	const size_t good[] = { RECORD - 1, RECORD_HEADER, RECORD_HEADER - 1, 1, 0 };

	BROADCAST(1, 2);
	for (unsigned int i = 0; i < sizeof(good) / sizeof(*good); i++)
		EXPECT_EQ(-EFAULT, read_errno(self->fd, BUFFER(good[i]), 2 * RECORD));
	EXPECT_EQ(0, get_stats(self->fd).delivered);
	EXPECT_QUEUED(1, 2);
}

/* The read wraps around the end of the ring, and the good part ends after that. */
TEST_F(bad_buffer, wrapped_read_returns_complete_records)
{
	unsigned char *buffer = BUFFER(4 * RECORD + ANOTHER);

	for (unsigned int seq = 1; seq < SLOTS - 2; seq += LIMIT - 1) {
		BROADCAST(seq, LIMIT - 1);
		ASSERT_EQ((LIMIT - 1) * RECORD, read_errno(self->fd, scratch, sizeof(scratch)));
	}
	BROADCAST(15, LIMIT);
	ASSERT_EQ(4 * RECORD, read_errno(self->fd, buffer, LIMIT * RECORD));
	for (unsigned int i = 0; i < 4; i++)
		EXPECT_RECORD(buffer, i, 15 + i);
	EXPECT_QUEUED(19, 22);
}

TEST_F(bad_buffer, read_efault_keeps_drop_count)
{
	BROADCAST(1, LIMIT + 2);
	EXPECT_EQ(-EFAULT, read_errno(self->fd, BUFFER(RECORD - 1), 2 * RECORD));
	EXPECT_EQ(POLLPRI, poll_now(self->fd, POLLPRI));
	ASSERT_EQ(RECORD, read_errno(self->fd, scratch, RECORD));
	EXPECT_EQ(3, record_at(scratch, 0)->seq);
	EXPECT_EQ(2, record_at(scratch, 0)->dropped);
}

TEST_F(bad_buffer, raw_read_returns_complete_payloads)
{
	unsigned char *buffer = BUFFER(2 * PACKET + PACKET - 1);

	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	BROADCAST(1, 4);
	ASSERT_EQ(2 * PACKET, read_errno(self->fd, buffer, 4 * PACKET));
	EXPECT_TRUE(packet_is(buffer + PACKET, PACKET, 2));
	EXPECT_EQ(-EFAULT, read_errno(self->fd, BUFFER(PACKET - 1), PACKET));
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RECORD));
	EXPECT_QUEUED(3, 4);
}

TEST_F(bad_buffer, readv_returns_records_before_bad_segment)
{
	struct iovec iov[] = {
		{ scratch, RECORD + 1 },
		{ BUFFER(RECORD - 1 + ANOTHER), 2 * RECORD },
	};

	BROADCAST(1, 4);
	/* The second segment has the rest of the second record and a part of the third. */
	ASSERT_EQ(2 * RECORD, readv_errno(self->fd, iov, 2));
	EXPECT_RECORD(scratch, 0, 1);
	EXPECT_QUEUED(3, 4);
}

TEST_F(bad_buffer, readv_without_complete_record_returns_efault)
{
	struct iovec iov[] = {
		{ scratch, RECORD / 2 },
		{ BUFFER(0), RECORD },
		{ scratch + RECORD, 4 * RECORD },
	};

	BROADCAST(1, 2);
	EXPECT_EQ(-EFAULT, readv_errno(self->fd, iov, 3));
	EXPECT_EQ(-EFAULT, errno_of(preadv2(self->fd, iov, 3, -1, RWF_NOWAIT)));
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RAW));
	iov[0].iov_len = PACKET / 2;
	EXPECT_EQ(-EFAULT, readv_errno(self->fd, iov, 3));
	ASSERT_EQ(0, set_format(self->fd, NOTIFY_MULTI_FORMAT_RECORD));
	EXPECT_QUEUED(1, 2);
}

TEST_F(bad_buffer, get_ioctls_return_efault)
{
	EXPECT_EQ(-1, ioctl(self->fd, NOTIFY_MULTI_IOC_GET_INFO,
			    BUFFER(sizeof(struct notify_multi_info) - 1)));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(-1, ioctl(self->fd, NOTIFY_MULTI_IOC_GET_STATS,
			    BUFFER(sizeof(struct notify_multi_stats) - 1)));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(0, ioctl(self->fd, NOTIFY_MULTI_IOC_GET_INFO,
			   BUFFER(sizeof(struct notify_multi_info))));
	EXPECT_EQ(0, ioctl(self->fd, NOTIFY_MULTI_IOC_GET_STATS,
			   BUFFER(sizeof(struct notify_multi_stats))));
}

/* If readable, the argument is 0, which is valid except as a queue length. */
TEST_F(bad_buffer, set_ioctls_return_efault_and_change_nothing)
{
	BROADCAST(1, 2);
	memset(self->pages, variant->readable ? 0 : 1, PAGE);
	EXPECT_EQ(variant->readable ? 0 : -EFAULT,
		  errno_of(ioctl(self->fd, NOTIFY_MULTI_IOC_SET_FORMAT,
				 BUFFER(sizeof(__u32) - 1))));
	EXPECT_EQ(variant->readable ? -EINVAL : -EFAULT,
		  errno_of(ioctl(self->fd, NOTIFY_MULTI_IOC_SET_MAX_PACKETS,
				 BUFFER(sizeof(__u32) - 1))));
	EXPECT_EQ(variant->readable ? 0 : -EFAULT,
		  errno_of(ioctl(self->fd, NOTIFY_MULTI_IOC_CONSUME,
				 BUFFER(sizeof(__u64) - 1))));
	EXPECT_EQ(NOTIFY_MULTI_FORMAT_RECORD, get_info(self->fd).format);
	EXPECT_EQ(LIMIT, get_info(self->fd).max_packets);
	EXPECT_QUEUED(1, 2);
}

TEST_F(bad_buffer, inject_write_broadcasts_complete_packets)
{
	unsigned int whole = variant->readable ? 3 : 1;

	packet_fill(BUFFER(PACKET + 1), PACKET, 1);
	EXPECT_EQ(whole * PACKET,
		  errno_of(write(self->injector, BUFFER(PACKET + 1), 3 * PACKET)));
	EXPECT_EQ(whole, get_stats(self->fd).seq);
	ASSERT_EQ(whole * RECORD, read_errno(self->fd, scratch, sizeof(scratch)));
	EXPECT_RECORD(scratch, 0, 1);
	EXPECT_EQ(variant->readable ? PACKET : -EFAULT,
		  errno_of(write(self->injector, BUFFER(PACKET - 1), PACKET)));
}

TEST_F(bad_buffer, uring_read_returns_complete_records)
{
	unsigned char *buffer = BUFFER(RECORD + ANOTHER);

	if (ring_missing(self->ring_ret))
		SKIP(return, "io_uring is unavailable");
	ASSERT_EQ(0, self->ring_ret);
	BROADCAST(1, 3);
	io_uring_prep_read(new_sqe(&self->ring), self->fd, buffer, 3 * RECORD, 0);
	EXPECT_EQ(RECORD, ring_result(&self->ring));
	EXPECT_RECORD(buffer, 0, 1);
	io_uring_prep_read(new_sqe(&self->ring), self->fd, BUFFER(1), 3 * RECORD, 0);
	EXPECT_EQ(-EFAULT, ring_result(&self->ring));
	EXPECT_QUEUED(2, 3);
}

TEST_F(bad_buffer, uring_command_efault_keeps_packet)
{
	int ret;

	if (ring_missing(self->ring_ret))
		SKIP(return, "io_uring is unavailable");
	ASSERT_EQ(0, self->ring_ret);
	BROADCAST(1, 1);
	prepare_pend(new_sqe(&self->ring), self->fd, BUFFER(RECORD - 1), RECORD);
	ret = pend_result(&self->ring);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "commands need Linux 6.7");
	EXPECT_EQ(-EFAULT, ret);
	EXPECT_EQ(0, get_stats(self->fd).pending_requests);
	prepare_pend(new_sqe(&self->ring), self->fd, BUFFER(RECORD), RECORD);
	EXPECT_EQ(RECORD, pend_result(&self->ring));
	EXPECT_RECORD(BUFFER(RECORD), 0, 1);
}

/* -- Fault injection -- */

#define DEBUG_DIR	"/sys/kernel/debug/"
#define OTHER		"kselftest-of-a-longer-name"	/* configfs allocates a long name */
#define POLLS		64	/* more than fit into the on-stack buffer of poll() */

/*
 * Faults that fail-nth counts: all, or only copies from and to user memory. The number of copies
 * is constant; that of allocations depends on the caches of the kernel.
 */
enum fault_kind {
	ALL,
	COPIES,
};

static int count_only(enum fault_kind kind)
{
	int ret = write_file(DEBUG_DIR "failslab/cache-filter", kind == COPIES ? "Y" : "N");

	return ret ?: write_file(DEBUG_DIR "fail_page_alloc/min-order",
				 kind == COPIES ? "64" : "0");
}

/*
 * Set up fault injection for fail-nth: all kinds of memory, without messages. Return NULL, or the
 * reason to skip the test.
 */
static const char *prepare_faults(void)
{
	static const char * const settings[][2] = {
		{ DEBUG_DIR "failslab/ignore-gfp-wait", "N" },
		{ DEBUG_DIR "failslab/verbose", "0" },
		{ DEBUG_DIR "fail_page_alloc/ignore-gfp-wait", "N" },
		{ DEBUG_DIR "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ DEBUG_DIR "fail_page_alloc/verbose", "0" },
		{ DEBUG_DIR "fail_usercopy/verbose", "0" },
	};

	if (access("/proc/self/fail-nth", W_OK))
		return "the kernel has no fault injection";
	if (access(DEBUG_DIR "failslab", F_OK) &&
	    mount("debugfs", DEBUG_DIR, "debugfs", 0, NULL))
		return "debugfs cannot be mounted";
	for (unsigned int i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		if (write_file(settings[i][0], settings[i][1]))
			return "the kernel does not inject faults of allocations and copies";
	if (count_only(ALL))
		return "the kernel cannot inject faults of copies only";
	/* Optional, and counted by fail-nth as well. */
	write_file(DEBUG_DIR "fail_futex/verbose", "0");
	return NULL;
}

/* Get the address range of a kernel function. Return false if it is unavailable. */
static bool find_function(const char *function, uint64_t *start, uint64_t *end)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	char line[256], name[128];
	uint64_t address;

	*start = 0;
	*end = 0;
	if (!symbols)
		return false;
	while (!*end && fgets(line, sizeof(line), symbols)) {
		if (sscanf(line, "%" SCNx64 " %*c %127s", &address, name) != 2)
			continue;
		if (*start && address != *start)
			*end = address;
		else if (!strcmp(name, function))
			*start = address;
	}
	fclose(symbols);
	return *end;
}

/*
 * Inject no faults below this kernel function; NULL removes the exception. Return 0, or -ENOENT if
 * fault injection cannot filter by function.
 */
static int spare_function(const char *function)
{
	static const char * const injectors[] = { "failslab", "fail_page_alloc" };
	uint64_t start = 0, end = 0;
	char path[128], text[32];
	int ret = 0;

	if (function && !find_function(function, &start, &end))
		return -ENOENT;
	for (unsigned int i = 0; !ret && i < 2; i++) {
		snprintf(path, sizeof(path), DEBUG_DIR "%s/reject-start", injectors[i]);
		snprintf(text, sizeof(text), "0x%" PRIx64, start);
		ret = write_file(path, text);
		snprintf(path, sizeof(path), DEBUG_DIR "%s/reject-end", injectors[i]);
		snprintf(text, sizeof(text), "0x%" PRIx64, end);
		if (!ret)
			ret = write_file(path, text);
	}
	return ret;
}

/* Return the number of rings, over all devices. */
static int rings(void)
{
	FILE *areas = fopen("/proc/vmallocinfo", "re");
	char line[512];
	int count = 0;

	if (!areas)
		return -errno;
	while (fgets(line, sizeof(line), areas))
		count += !!strstr(line, "[notify_multi]");
	fclose(areas);
	return count;
}

/* Number of injected faults, and results of the calls. */
struct outcome {
	unsigned int faults;
	unsigned int nomem;
	unsigned int efault;
	unsigned int wrong;
	unsigned int survived;
};

/* @instead is the errno that other parts of the kernel return instead of ENOMEM, or 0. */
static void count_outcome(struct outcome *outcome, ssize_t ret, int instead)
{
	outcome->faults++;
	if (ret >= 0) {
		outcome->survived++;
	} else if (ret == -ENOMEM || ret == instead) {
		outcome->nomem++;
	} else if (ret == -EFAULT) {
		outcome->efault++;
	} else {
		outcome->wrong++;
		printf("# fault %u: returned %zd\n", outcome->faults, ret);
	}
}

static void log_outcome(struct __test_metadata *_metadata, const struct outcome *outcome)
{
	TH_LOG("%u faults: %u ENOMEM, %u EFAULT, %u wrong, %u survived", outcome->faults,
	       outcome->nomem, outcome->efault, outcome->wrong, outcome->survived);
}

/* Platform device that a test module creates for notify_gpio or notify_irq. */
struct platform {
	const char *driver;	/* directory of the driver in sysfs */
	const char *name;	/* name of the platform device */
	const char *label;	/* name of the device node */
	int (*make)(void);	/* -ENOENT or -ENODEV: unavailable here */
	int (*remove)(void);
	bool (*works)(void);	/* the device must be bound */
};

/* The device, and an operation: its preparation, its call, its check and cleanup. */
struct target {
	bool (*begin)(struct target *target);
	ssize_t (*run)(struct target *target);
	bool (*end)(struct target *target, ssize_t ret);
	unsigned int packets;
	int injector;
	int fd;
	int fail_nth;
	uint64_t seq;		/* seq of the newest packet */
	const struct platform *platform;
	int rings;		/* without the replay history of @platform */
	int other;		/* file of the operation */
	int pipes[2];
	int epoll;
	struct io_uring ring;
	struct pollfd pollfds[POLLS];
	size_t ring_bytes;
};

/* Let the @n-th allocation or user copy of this task fail. */
static void arm(int fail_nth, unsigned int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	if (pwrite(fail_nth, text, strlen(text), 0) < 0)
		abort();
}

/*
 * Stop fault injection; return true if there was a fault. The fault can hit pread() or the first
 * pwrite().
 */
static bool disarm(int fail_nth)
{
	char text[16] = "";
	bool failed = pread(fail_nth, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;

	if (pwrite(fail_nth, "0", 1, 0) < 0 && pwrite(fail_nth, "0", 1, 0) < 0)
		abort();
	return failed;
}

FIXTURE(fail_nth)
{
	struct target target;
};

FIXTURE_VARIANT(fail_nth)
{
	bool (*begin)(struct target *target);
	ssize_t (*run)(struct target *target);
	bool (*end)(struct target *target, ssize_t ret);
	unsigned int packets;	/* broadcast before the operation */
	unsigned int nomem;	/* minimum of faults with ENOMEM */
	unsigned int efault;	/* minimum of copy faults with EFAULT */
	unsigned int copies;	/* exact number of copies; 0: any */
	const struct platform *platform;	/* NULL: simulator */
	int instead;		/* see count_outcome() */
	const char *spares;	/* kernel function that does not handle faults */
};

static bool close_other(struct target *target, ssize_t ret)
{
	if (target->other >= 0)
		close(target->other);
	target->other = -1;
	return true;
}

/* Open another client, and consume the replayed packets. */
static bool open_other(struct target *target)
{
	target->other = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	return target->other >= 0 && !consume(target->other, target->seq);
}

static ssize_t run_open(struct target *target)
{
	target->other = open(NOTIFY_DIR SIM_NAME, O_RDONLY | O_NONBLOCK);
	return errno_of(target->other);
}

FIXTURE_VARIANT_ADD(fail_nth, open)
{
	.run = run_open,
	.end = close_other,
	.packets = 3,
	.nomem = 4,
	.efault = 1,
};

/* -- ioctls -- */

static ssize_t run_get_info(struct target *target)
{
	return errno_of(ioctl(target->fd, NOTIFY_MULTI_IOC_GET_INFO, scratch));
}

FIXTURE_VARIANT_ADD(fail_nth, get_info)
{
	.run = run_get_info,
	.efault = 1,
	.copies = 1,
};

static ssize_t run_get_stats(struct target *target)
{
	return errno_of(ioctl(target->fd, NOTIFY_MULTI_IOC_GET_STATS, scratch));
}

FIXTURE_VARIANT_ADD(fail_nth, get_stats)
{
	.run = run_get_stats,
	.efault = 1,
	.copies = 1,
};

static ssize_t run_set_format(struct target *target)
{
	return set_format(target->other, NOTIFY_MULTI_FORMAT_RAW);
}

static bool end_set_format(struct target *target, ssize_t ret)
{
	__u32 format = get_info(target->other).format;

	close_other(target, ret);
	return format == (ret ? NOTIFY_MULTI_FORMAT_RECORD : NOTIFY_MULTI_FORMAT_RAW);
}

FIXTURE_VARIANT_ADD(fail_nth, set_format)
{
	.begin = open_other,
	.run = run_set_format,
	.end = end_set_format,
	.efault = 1,
	.copies = 1,
};

static ssize_t run_set_max_packets(struct target *target)
{
	return set_max_packets(target->other, 100);
}

/* Queued packets stay queued, resized or not. */
static bool end_set_max_packets(struct target *target, ssize_t ret)
{
	bool right = get_info(target->other).max_packets == (ret ? LIMIT : 100) &&
		     get_stats(target->other).pending_packets == 3;

	close_other(target, ret);
	return right;
}

FIXTURE_VARIANT_ADD(fail_nth, set_max_packets)
{
	.begin = open_other,
	.run = run_set_max_packets,
	.end = end_set_max_packets,
	.packets = 3,
	.nomem = 3,
	.efault = 1,
};

static ssize_t run_consume(struct target *target)
{
	return consume(target->fd, target->seq);
}

static bool end_consume(struct target *target, ssize_t ret)
{
	return get_stats(target->fd).pending_packets == (ret ? 3 : 0);
}

FIXTURE_VARIANT_ADD(fail_nth, consume)
{
	.run = run_consume,
	.end = end_consume,
	.packets = 3,
	.efault = 1,
	.copies = 1,
};

/* -- Reads -- */

/* Packets that were not read are still queued. */
static bool end_read(struct target *target, ssize_t ret)
{
	struct notify_multi_stats stats = get_stats(target->fd);
	unsigned int got = ret < 0 ? 0 : ret / RECORD;

	return stats.pending_packets == 3 - got && stats.next == target->seq - 2 + got &&
	       !stats.dropped && !stats.pending_requests;
}

static ssize_t run_read(struct target *target)
{
	return read_errno(target->fd, scratch, 3 * RECORD);
}

FIXTURE_VARIANT_ADD(fail_nth, read)
{
	.run = run_read,
	.end = end_read,
	.packets = 3,
	.efault = 1,
	.copies = 1,
};

static ssize_t run_blocking_read(struct target *target)
{
	return read_errno(target->other, scratch, 3 * RECORD);
}

static bool open_blocking(struct target *target)
{
	return open_other(target) && !fcntl(target->other, F_SETFL, 0);
}

static bool end_blocking_read(struct target *target, ssize_t ret)
{
	ssize_t left = get_stats(target->other).pending_packets;

	close_other(target, ret);
	return left == 3 - (ret < 0 ? 0 : ret / (ssize_t)RECORD);
}

FIXTURE_VARIANT_ADD(fail_nth, blocking_read)
{
	.begin = open_blocking,
	.run = run_blocking_read,
	.end = end_blocking_read,
	.packets = 3,
	.efault = 1,
	.copies = 1,
};

static ssize_t run_readv(struct target *target)
{
	struct iovec iov[] = {
		{ scratch, RECORD + 1 },
		{ scratch + RECORD + 1, 2 * RECORD - 1 },
	};

	return readv_errno(target->fd, iov, 2);
}

/* One copy per segment: if the second fails, the records in the first are returned. */
FIXTURE_VARIANT_ADD(fail_nth, readv)
{
	.run = run_readv,
	.end = end_read,
	.packets = 3,
	.efault = 1,
};

static bool open_raw(struct target *target)
{
	return open_other(target) && !set_format(target->other, NOTIFY_MULTI_FORMAT_RAW);
}

static ssize_t run_raw_read(struct target *target)
{
	return read_errno(target->other, scratch, 3 * PACKET);
}

static bool end_raw_read(struct target *target, ssize_t ret)
{
	ssize_t left = get_stats(target->other).pending_packets;

	close_other(target, ret);
	return left == 3 - (ret < 0 ? 0 : ret / PACKET);
}

/* The first raw read of a client allocates memory. */
FIXTURE_VARIANT_ADD(fail_nth, raw_read)
{
	.begin = open_raw,
	.run = run_raw_read,
	.end = end_raw_read,
	.packets = 3,
	.nomem = 1,
	.efault = 1,
};

static ssize_t run_splice(struct target *target)
{
	return errno_of(splice(target->fd, NULL, target->pipes[1], NULL, 3 * RECORD, 0));
}

static bool open_pipe(struct target *target)
{
	return !pipe2(target->pipes, O_CLOEXEC);
}

static bool end_splice(struct target *target, ssize_t ret)
{
	bool right = ret < 0 || (read_errno(target->pipes[0], scratch, ret) == ret &&
				 record_at(scratch, 0)->seq == target->seq - 2);

	close(target->pipes[0]);
	close(target->pipes[1]);
	return right && end_read(target, ret);
}

FIXTURE_VARIANT_ADD(fail_nth, splice)
{
	.begin = open_pipe,
	.run = run_splice,
	.end = end_splice,
	.packets = 3,
	.nomem = 1,
};

/*
 * -- io_uring --
 *
 * Faults of the copy to user memory were never observed here; fixture "bad_buffer" covers them.
 */

static bool open_ring(struct target *target)
{
	return !io_uring_queue_init(4, &target->ring, 0);
}

static bool end_uring(struct target *target, ssize_t ret)
{
	io_uring_queue_exit(&target->ring);
	return end_read(target, ret);
}

static ssize_t run_uring_read(struct target *target)
{
	io_uring_prep_read(new_sqe(&target->ring), target->fd, scratch, 3 * RECORD, 0);
	return ring_result(&target->ring);
}

FIXTURE_VARIANT_ADD(fail_nth, uring_read)
{
	.begin = open_ring,
	.run = run_uring_read,
	.end = end_uring,
	.packets = 3,
};

static ssize_t run_uring_pend(struct target *target)
{
	prepare_pend(new_sqe(&target->ring), target->fd, scratch, RECORD);
	return ring_result(&target->ring);
}

FIXTURE_VARIANT_ADD(fail_nth, uring_pend)
{
	.begin = open_ring,
	.run = run_uring_pend,
	.end = end_uring,
	.packets = 3,
	.nomem = 1,
};

/* -- poll, epoll, SIGIO and the mapped ring -- */

static ssize_t run_poll(struct target *target)
{
	return errno_of(poll(target->pollfds, POLLS, 1));
}

static bool prepare_poll(struct target *target)
{
	for (unsigned int i = 0; i < POLLS; i++)
		target->pollfds[i] = (struct pollfd){ .fd = target->fd, .events = POLLIN };
	return true;
}

FIXTURE_VARIANT_ADD(fail_nth, poll)
{
	.begin = prepare_poll,
	.run = run_poll,
	.nomem = 1,
	.efault = 1,
};

static bool open_epoll(struct target *target)
{
	target->epoll = epoll_create1(EPOLL_CLOEXEC);
	return target->epoll >= 0;
}

static ssize_t run_epoll_add(struct target *target)
{
	struct epoll_event event = { .events = EPOLLIN };

	return errno_of(epoll_ctl(target->epoll, EPOLL_CTL_ADD, target->fd, &event));
}

static bool end_epoll(struct target *target, ssize_t ret)
{
	struct epoll_event event;
	bool right = epoll_wait(target->epoll, &event, 1, 0) == 0;

	close(target->epoll);
	return right;
}

FIXTURE_VARIANT_ADD(fail_nth, epoll_add)
{
	.begin = open_epoll,
	.run = run_epoll_add,
	.end = end_epoll,
	.nomem = 2,
	.efault = 1,
};

static ssize_t run_fasync(struct target *target)
{
	return errno_of(fcntl(target->fd, F_SETFL, O_NONBLOCK | O_ASYNC));
}

static bool end_fasync(struct target *target, ssize_t ret)
{
	bool async = fcntl(target->fd, F_GETFL) & O_ASYNC;

	return async == !ret && !fcntl(target->fd, F_SETFL, O_NONBLOCK);
}

FIXTURE_VARIANT_ADD(fail_nth, fasync)
{
	.run = run_fasync,
	.end = end_fasync,
	.nomem = 1,
};

/* Map the ring and read every page. The kernel retries a page fault without memory. */
static ssize_t run_mmap(struct target *target)
{
	unsigned char *map = mmap(NULL, target->ring_bytes, PROT_READ, MAP_SHARED, target->fd, 0);
	unsigned int used = 0;

	if (map == MAP_FAILED)
		return -errno;
	for (size_t at = 0; at < target->ring_bytes; at += PAGE)
		used += !!__atomic_load_n(&map[at], __ATOMIC_RELAXED);
	/* munmap() may need memory, too. */
	if (munmap(map, target->ring_bytes) && munmap(map, target->ring_bytes))
		return -EPROTO;
	return used ? 0 : -ENODATA;
}

/* A ring can be resized after munmap(). */
static bool end_mmap(struct target *target, ssize_t ret)
{
	return !set_max_packets(target->fd, LIMIT);
}

FIXTURE_VARIANT_ADD(fail_nth, mmap)
{
	.run = run_mmap,
	.end = end_mmap,
	.packets = 1,
	.nomem = 1,
};

/* -- Broadcasts, which allocate nothing; only notify_sim's copy of the packet can fail -- */

static ssize_t run_broadcast(struct target *target)
{
	return errno_of(write(target->injector, scratch, PACKET));
}

static bool end_broadcast(struct target *target, ssize_t ret)
{
	target->seq += ret > 0;
	return get_stats(target->fd).seq == target->seq;
}

static bool in_process(struct target *target)
{
	return !sim_set(SIM_NAME, "context", "process");
}

FIXTURE_VARIANT_ADD(fail_nth, broadcast)
{
	.begin = in_process,
	.run = run_broadcast,
	.end = end_broadcast,
	.efault = 1,
	.copies = 1,
};

static bool in_hardirq(struct target *target)
{
	return !sim_set(SIM_NAME, "context", "hardirq");
}

FIXTURE_VARIANT_ADD(fail_nth, broadcast_in_hardirq)
{
	.begin = in_hardirq,
	.run = run_broadcast,
	.end = end_broadcast,
	.efault = 1,
	.copies = 1,
};

static bool in_thread(struct target *target)
{
	return !sim_set(SIM_NAME, "context", "thread");
}

FIXTURE_VARIANT_ADD(fail_nth, broadcast_in_thread)
{
	.begin = in_thread,
	.run = run_broadcast,
	.end = end_broadcast,
	.efault = 1,
	.copies = 1,
};

/* -- Creating and removing another simulator -- */

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

/* Check that the live simulator works, then disable it. */
static bool other_works(void)
{
	unsigned char buffer[4 * RECORD];
	int fd = sim_open(OTHER, O_RDONLY | O_NONBLOCK);
	int injector = sim_open_injector(OTHER);
	bool right = fd >= 0 && injector >= 0 && get_stats(fd).clients == 1 &&
		     sim_broadcast(injector, PACKET, 1, 1) == PACKET &&
		     read_errno(fd, buffer, sizeof(buffer)) == RECORD &&
		     record_at(buffer, 0)->seq == 1 &&
		     packet_is(record_at(buffer, 0)->data, PACKET, 1);

	close(fd);
	close(injector);
	return right && !sim_set(OTHER, "live", "0");
}

static bool other_is_gone(void)
{
	return !exists(NOTIFY_DIR OTHER) && !exists(SIM_INJECT_DIR OTHER) &&
	       !exists("/sys/class/misc/notify!" OTHER);
}

static bool make_other(struct target *target)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = LIMIT,
		.replay = 3,
	};

	if (sim_make(OTHER) || sim_configure(OTHER, &config))
		return false;
	target->other = open(SIM_CONFIG_DIR OTHER "/live", O_WRONLY | O_CLOEXEC);
	return target->other >= 0;
}

static bool start_other(struct target *target)
{
	return make_other(target) && !sim_set(OTHER, "live", "1");
}

static ssize_t run_make(struct target *target)
{
	return sim_make(OTHER);
}

/* A new simulator has its complete name. */
static bool end_make(struct target *target, ssize_t ret)
{
	if (exists(SIM_CONFIG_DIR OTHER) != !ret)
		return false;
	return ret || (!sim_set(OTHER, "live", "1") && exists(NOTIFY_DIR OTHER) &&
		       !sim_remove(OTHER));
}

FIXTURE_VARIANT_ADD(fail_nth, create_simulator)
{
	.run = run_make,
	.end = end_make,
	.nomem = 2,
	.efault = 1,
};

static ssize_t run_register(struct target *target)
{
	return errno_of(write(target->other, "1", 1));
}

static bool end_register(struct target *target, ssize_t ret)
{
	bool live = sim_get_number(OTHER, "live"), done = ret > 0;

	close_other(target, 0);
	return live == done && (live || other_is_gone()) &&
	       !sim_set(OTHER, "live", "1") && other_works() && other_is_gone() &&
	       !sim_remove(OTHER);
}

/* Allocations: buffer, interrupt and thread of the simulator; device, names, history, nodes. */
FIXTURE_VARIANT_ADD(fail_nth, register)
{
	.begin = make_other,
	.run = run_register,
	.end = end_register,
	.nomem = 15,
	.efault = 1,
	/* Without its file in /proc/irq, free_irq() warns. */
	.spares = "register_irq_proc",
};

static ssize_t run_unregister(struct target *target)
{
	return errno_of(write(target->other, "0", 1));
}

/* Only the part before the unregistration can fail. */
static bool end_unregister(struct target *target, ssize_t ret)
{
	bool live = sim_get_number(OTHER, "live"), done = ret > 0;

	close_other(target, 0);
	return live != done && (!live || other_works()) && other_is_gone() &&
	       !sim_remove(OTHER);
}

FIXTURE_VARIANT_ADD(fail_nth, unregister)
{
	.begin = start_other,
	.run = run_unregister,
	.end = end_unregister,
	.nomem = 1,
	.efault = 1,
};

static ssize_t run_remove(struct target *target)
{
	return sim_remove(OTHER);
}

static bool end_remove(struct target *target, ssize_t ret)
{
	bool right = exists(SIM_CONFIG_DIR OTHER) == !!ret;

	close_other(target, 0);
	if (!ret)
		return right && other_is_gone();
	return right && other_works() && !sim_remove(OTHER);
}

FIXTURE_VARIANT_ADD(fail_nth, remove_live_simulator)
{
	.begin = start_other,
	.run = run_remove,
	.end = end_remove,
	.nomem = 1,
	.efault = 1,
};

/* -- Probing platform devices -- */

#define PLATFORM_DEVICES	"/sys/bus/platform/devices/"

static bool has_file(const char *dir, const char *name, const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s%s", dir, name, file);
	return exists(path);
}

static bool is_bound(const struct platform *platform)
{
	return has_file(platform->driver, platform->name, "");
}

static bool is_gone(const struct platform *platform)
{
	return !has_file(NOTIFY_DIR, platform->label, "") &&
	       !has_file("/sys/class/misc/notify!", platform->label, "") &&
	       !has_file(PLATFORM_DEVICES, platform->name, "/overflows") &&
	       !has_file(PLATFORM_DEVICES, platform->name, "/power/wakeup");
}

static int open_driver(const struct platform *platform, const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", platform->driver, file);
	return open(path, O_WRONLY | O_CLOEXEC);
}

static ssize_t write_name(const struct platform *platform, int fd)
{
	return errno_of(write(fd, platform->name, strlen(platform->name)));
}

/* Bind or unbind; return true on success. */
static bool set_bound(const struct platform *platform, bool binds)
{
	int fd;

	if (is_bound(platform) == binds)
		return true;
	fd = open_driver(platform, binds ? "bind" : "unbind");
	write_name(platform, fd);
	close(fd);
	return is_bound(platform) == binds;
}

static ssize_t run_write_name(struct target *target)
{
	return write_name(target->platform, target->other);
}

static bool open_bind(struct target *target)
{
	target->other = open_driver(target->platform, "bind");
	return target->other >= 0 && set_bound(target->platform, false);
}

static bool end_bind(struct target *target, ssize_t ret)
{
	const struct platform *platform = target->platform;
	bool done = ret > 0;

	close_other(target, 0);
	if (is_bound(platform) != done || (!done && !is_gone(platform)))
		return false;
	return set_bound(platform, true) && platform->works() &&
	       set_bound(platform, false) && is_gone(platform);
}

static bool open_unbind(struct target *target)
{
	target->other = open_driver(target->platform, "unbind");
	return target->other >= 0 && set_bound(target->platform, true);
}

static bool end_unbind(struct target *target, ssize_t ret)
{
	bool done = ret > 0;

	close_other(target, 0);
	if (is_bound(target->platform) == done)
		return false;
	return done ? is_gone(target->platform) : target->platform->works();
}

/*
 * Check that the properties for replay and wakeup took effect. The kernel ignores a failure to
 * create power/wakeup.
 */
static bool is_as_described(int fd, const char *wakeup)
{
	char text[32] = "";

	return fd >= 0 && get_info(fd).replay == 3 &&
	       (read_file(wakeup, text, sizeof(text)) || !strcmp(text, "enabled"));
}

/* -- notify_gpio -- */

#define EDGE_RECORD	(RECORD_HEADER + sizeof(struct notify_gpio_event))

static int make_gpio(void)
{
	int ret = load_chip("wakeup=1 replay=3");

	if (!ret && !exists(DRIVER))
		ret = load_module("notify_gpio", "");
	return ret ?: write_file(PARAMETERS "device", "1");
}

/* An edge sends a packet. */
static bool gpio_works(void)
{
	int fd = sim_open(NAME, O_RDONLY);
	bool right = is_as_described(fd, DEVICE "power/wakeup") && !toggle(1, 1) &&
		     read_errno(fd, scratch, sizeof(scratch)) == EDGE_RECORD &&
		     record_at(scratch, 0)->seq == 1;

	close(fd);
	return right;
}

static const struct platform gpio = {
	.driver = DRIVER,
	.name = DEVICE_NAME,
	.label = NAME,
	.make = make_gpio,
	.remove = unload_chip,
	.works = gpio_works,
};

FIXTURE_VARIANT_ADD(fail_nth, probe_gpio)
{
	.platform = &gpio,
	.begin = open_bind,
	.run = run_write_name,
	.end = end_bind,
	.nomem = 15,
	.efault = 1,
};

FIXTURE_VARIANT_ADD(fail_nth, unbind_gpio)
{
	.platform = &gpio,
	.begin = open_unbind,
	.run = run_write_name,
	.end = end_unbind,
	.nomem = 1,
	.efault = 1,
};

static ssize_t run_gpio_open(struct target *target)
{
	target->other = open(NOTIFY_DIR NAME, O_RDONLY | O_NONBLOCK);
	return errno_of(target->other);
}

static bool bind_gpio(struct target *target)
{
	return set_bound(target->platform, true);
}

/* A source without callbacks. */
FIXTURE_VARIANT_ADD(fail_nth, open_without_arrival)
{
	.platform = &gpio,
	.begin = bind_gpio,
	.run = run_gpio_open,
	.end = close_other,
	.nomem = 4,
	.efault = 1,
};

/* -- notify_irq -- */

static int make_card(void)
{
	return load_card("wakeup=1 replay=3");
}

static int remove_card(void)
{
	return unload_module(CARD);
}

/* An interrupt sends a packet. */
static bool card_works(void)
{
	struct card_record record;
	int fd = sim_open("card", O_RDONLY);
	bool right = is_as_described(fd, IRQ_SYSFS "power/wakeup") && !raise_bits(4) &&
		     read_errno(fd, &record, sizeof(record)) == sizeof(record) &&
		     record.header.seq == 1 && record.irq_count == 1 && record.regs[BITS] == 4;

	close(fd);
	return right;
}

static const struct platform card = {
	.driver = IRQ_DRIVER,
	.name = IRQ_DEVICE,
	.label = "card",
	.make = make_card,
	.remove = remove_card,
	.works = card_works,
};

FIXTURE_VARIANT_ADD(fail_nth, probe_irq)
{
	.platform = &card,
	.begin = open_bind,
	.run = run_write_name,
	.end = end_bind,
	.nomem = 15,
	.efault = 1,
	/* Also returned if the memory region cannot be allocated. */
	.instead = -EBUSY,
};

FIXTURE_VARIANT_ADD(fail_nth, unbind_irq)
{
	.platform = &card,
	.begin = open_unbind,
	.run = run_write_name,
	.end = end_unbind,
	.nomem = 1,
	.efault = 1,
};

FIXTURE_SETUP(fail_nth)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = LIMIT,
		.replay = 3,
	};
	const char *reason = prepare_faults();
	struct target *target = &self->target;

	if (reason)
		SKIP(return, "%s", reason);
	if (variant->platform) {
		int ret = variant->platform->make();

		if (ret == -ENOENT || ret == -ENODEV)
			SKIP(return, "no %s on this machine", variant->platform->name);
		ASSERT_EQ(0, ret);
		ASSERT_TRUE(set_bound(variant->platform, false));
	}
	if (variant->spares && spare_function(variant->spares))
		SKIP(return, "no filter to spare %s()", variant->spares);
	sim_remove(OTHER);
	target->begin = variant->begin;
	target->run = variant->run;
	target->end = variant->end;
	target->packets = variant->packets;
	target->platform = variant->platform;
	target->other = -1;
	target->fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, target->fail_nth);
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	target->injector = sim_open_injector(SIM_NAME);
	ASSERT_LE(0, target->injector);
	target->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_LE(0, target->fd);
	target->ring_bytes = get_info(target->fd).ring_bytes;
	target->rings = rings();
	ASSERT_LT(0, target->rings);
}

FIXTURE_TEARDOWN(fail_nth)
{
	close(self->target.fd);
	close(self->target.injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
	if (variant->spares)
		EXPECT_EQ(0, spare_function(NULL));
	if (variant->platform)
		EXPECT_EQ(0, variant->platform->remove());
}

/* The first client and a new one get the next packet; there are no other clients. */
static bool works(struct target *target)
{
	struct notify_multi_record *record = (void *)scratch;
	bool right;

	if (!open_other(target))
		return false;
	consume(target->fd, target->seq);
	target->seq++;
	right = sim_broadcast(target->injector, PACKET, target->seq, 1) == PACKET &&
		read_errno(target->fd, scratch, RECORD) == RECORD &&
		record->seq == target->seq && !record->dropped &&
		read_errno(target->other, scratch, RECORD) == RECORD &&
		record->seq == target->seq && packet_is(record->data, PACKET, target->seq) &&
		get_stats(target->fd).clients == 2 && !poll_now(target->fd, POLLIN | POLLPRI);
	close_other(target, 0);
	return right && get_stats(target->fd).clients == 1 &&
	       sim_get_number(SIM_NAME, "arrivals") - 1 ==
		       sim_get_number(SIM_NAME, "departures");
}

static bool broadcast(struct target *target, unsigned int count)
{
	ssize_t bytes = count * PACKET;
	uint64_t first = target->seq + 1;

	target->seq += count;
	return !count || sim_broadcast(target->injector, PACKET, first, count) == bytes;
}

/*
 * Run once without a fault, to fill the caches of the kernel; then let the first allocation or
 * copy fail, then the second, until none is left. Return false if the operation is unsupported.
 */
static bool sweep(struct __test_metadata *_metadata, struct target *target,
		  struct outcome *outcome, int instead)
{
	const struct platform *platform = target->platform;
	bool failed = true;

	for (unsigned int n = 0; failed; n++) {
		ssize_t ret;

		ASSERT_TRUE(!target->begin || target->begin(target));
		ASSERT_TRUE(broadcast(target, target->packets));
		arm(target->fail_nth, n);
		ret = target->run(target);
		failed = disarm(target->fail_nth);
		if (ret == -EOPNOTSUPP || ret == -ENOSYS)
			SKIP(return false, "not supported by this kernel");
		EXPECT_TRUE(!target->end || target->end(target, ret))
			TH_LOG("fault %u: returned %zd", n, ret);
		EXPECT_TRUE(works(target))
			TH_LOG("after fault %u, which returned %zd", n, ret);
		EXPECT_EQ(target->rings + (platform && is_bound(platform)), rings());
		if (n && failed) {
			count_outcome(outcome, ret, instead);
			continue;
		}
		EXPECT_LE(0, ret);
	}
	return true;
}

TEST_F_TIMEOUT(fail_nth, copy_fault_returns_efault, 600)
{
	struct outcome outcome = { };

	ASSERT_EQ(0, count_only(COPIES));
	if (!sweep(_metadata, &self->target, &outcome, 0))
		return;
	log_outcome(_metadata, &outcome);
	EXPECT_LE(variant->efault, outcome.efault);
	EXPECT_EQ(0, outcome.nomem);
	EXPECT_EQ(0, outcome.wrong);
	if (variant->copies)
		EXPECT_EQ(variant->copies, outcome.faults);
}

/* Sweep repeatedly: unrelated allocations can shift the fault. */
#define SWEEPS	5

TEST_F_TIMEOUT(fail_nth, fault_returns_documented_errno, 600)
{
	struct outcome outcome = { };

	for (unsigned int i = 0; i < SWEEPS && (!i || outcome.nomem < variant->nomem); i++)
		if (!sweep(_metadata, &self->target, &outcome, variant->instead))
			return;
	log_outcome(_metadata, &outcome);
	EXPECT_LE(variant->nomem, outcome.nomem);
	EXPECT_EQ(0, outcome.wrong);
}

/* -- Loading modules -- */

struct module {
	const char *name;
	int instead;
	void *image;
	size_t size;
	int fail_nth;
};

FIXTURE(module)
{
	struct module module;
	unsigned int others;
};

FIXTURE_VARIANT(module)
{
	const char *name;
	int instead;	/* see count_outcome() */
	const char *spares;	/* as for the operations above */
};

FIXTURE_VARIANT_ADD(module, notify_multi)
{
	.name = "notify_multi",
	/* The notifier of tracepoints warns if an allocation fails. */
	.spares = "blocking_notifier_call_chain_robust",
};

FIXTURE_VARIANT_ADD(module, notify_sim)
{
	.name = "notify_sim",
};

FIXTURE_VARIANT_ADD(module, notify_gpio)
{
	.name = "notify_gpio",
	/* From creating the link between the driver and its module. */
	.instead = -EINVAL,
};

FIXTURE_VARIANT_ADD(module, notify_irq)
{
	.name = "notify_irq",
	/* From creating the link between the driver and its module. */
	.instead = -EINVAL,
};

/* Not by finit_module(): the kernel warns if reading the file fails. */
static int load_image(const char *module, void **image, size_t *size)
{
	const char *dir = getenv("NOTIFY_MULTI_MODULES");
	struct stat stat;
	char path[512];
	int fd;

	if (!dir)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/%s.ko", dir, module);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat))
		return -errno;
	*size = stat.st_size;
	*image = malloc(*size);
	if (!*image || read(fd, *image, *size) != (ssize_t)*size)
		return -EIO;
	close(fd);
	return 0;
}

FIXTURE_SETUP(module)
{
	const char *reason = prepare_faults();
	int ret;

	if (reason)
		SKIP(return, "%s", reason);
	self->module.name = variant->name;
	self->module.instead = variant->instead;
	if (variant->spares && spare_function(variant->spares))
		SKIP(return, "no filter to spare %s()", variant->spares);
	ret = load_image(variant->name, &self->module.image, &self->module.size);
	if (ret == -ENOENT)
		SKIP(return, "no modules in $NOTIFY_MULTI_MODULES");
	ASSERT_EQ(0, ret);
	self->module.fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->module.fail_nth);
	sim_remove(SIM_NAME);
	self->others = unload_other_sources();
	ASSERT_EQ(0, unload_module("notify_sim"));
	if (!strcmp(variant->name, "notify_multi"))
		ASSERT_EQ(0, unload_module("notify_multi"));
}

FIXTURE_TEARDOWN(module)
{
	if (variant->spares)
		EXPECT_EQ(0, spare_function(NULL));
	load_module("notify_multi", "");
	load_module("notify_sim", "");
	load_other_sources(self->others);
	EXPECT_TRUE(exists("/sys/kernel/config/notify_sim"));
}

static void sweep_loading(struct __test_metadata *_metadata, const struct module *module,
			  struct outcome *outcome)
{
	bool failed = true;
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", module->name);
	for (unsigned int n = 0; failed; n++) {
		int ret;

		arm(module->fail_nth, n);
		ret = errno_of(syscall(SYS_init_module, module->image, module->size, ""));
		failed = disarm(module->fail_nth);
		ASSERT_EQ(!ret, exists(path))
			TH_LOG("fault %u: returned %d", n, ret);
		if (!ret)
			ASSERT_EQ(0, unload_module(module->name));
		if (n && failed) {
			count_outcome(outcome, ret, module->instead);
			continue;
		}
		EXPECT_EQ(0, ret);
	}
	log_outcome(_metadata, outcome);
}

TEST_F_TIMEOUT(module, copy_fault_returns_efault, 600)
{
	struct outcome outcome = { };

	ASSERT_EQ(0, count_only(COPIES));
	sweep_loading(_metadata, &self->module, &outcome);
	EXPECT_EQ(0, outcome.wrong);
	EXPECT_EQ(0, outcome.nomem);
	EXPECT_LT(0, outcome.efault);
}

TEST_F_TIMEOUT(module, fault_returns_documented_errno, 600)
{
	struct outcome outcome = { };

	sweep_loading(_metadata, &self->module, &outcome);
	EXPECT_EQ(0, outcome.wrong);
	EXPECT_LT(0, outcome.nomem);
}

/* -- Leaks -- */

/* Return the number of lines of the kmemleak report with our modules. */
static int leaks(void)
{
	FILE *report = fopen(DEBUG_DIR "kmemleak", "re");
	char line[512];
	int count = 0;

	if (!report)
		return -errno;
	while (fgets(line, sizeof(line), report)) {
		if (strstr(line, "[notify_")) {
			printf("# kmemleak: %s", line);
			count++;
		}
	}
	fclose(report);
	return count;
}

TEST(kmemleak_reports_no_leak)
{
	const char *reason = prepare_faults();

	if (reason)
		SKIP(return, "%s", reason);
	if (!exists(DEBUG_DIR "kmemleak"))
		SKIP(return, "the kernel has no kmemleak");
	/* kmemleak reports a leak only after five seconds and a second scan. */
	ASSERT_EQ(0, write_file(DEBUG_DIR "kmemleak", "scan"));
	sleep(6);
	ASSERT_EQ(0, write_file(DEBUG_DIR "kmemleak", "scan"));
	EXPECT_EQ(0, leaks());
}

TEST_HARNESS_MAIN
