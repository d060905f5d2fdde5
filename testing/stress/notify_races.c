// SPDX-License-Identifier: GPL-2.0
/*
 * Races between two CPUs, for --seconds=N, with --seed=N. The producer is bound to one CPU, the
 * readers to the other. Rounds alternate:
 *
 * flood     The producer does not pause. In the middle of a copy, the readers wait until the packet
 *           is overwritten: mapped readers by themselves, others at a page fault of the kernel's
 *           copy. Some readers resize their queue, or close and open their client. The device is
 *           unregistered during broadcasts.
 * lockstep  Each packet must wake all readers before the producer broadcasts the next one.
 *
 * All words of a packet are its seq, so a torn packet has different words.
 */

#include <inttypes.h>
#include <linux/userfaultfd.h>
#include <notify_multi/reader.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "commands.h"
#include "notify_sim.h"
#include "options.h"
#include "process.h"
#include "random.h"

#define NAME		"races"
#define READERS		6
#define BURST		8
#define BUFFER_BYTES	(128 << 10)
/* Bytes of a record in front of the page fault. */
#define UNTIL_FAULT	512
#define YIELDS		100
#define LARGEST_PACKET	(16 << 10)
#define ROUND_MS	400
/* A reader that does not read a packet for this long was not woken. */
#define WAKE_SECONDS	5

#define GET(number)		__atomic_load_n(&(number), __ATOMIC_SEQ_CST)
#define SET(number, value)	__atomic_store_n(&(number), value, __ATOMIC_SEQ_CST)
#define ADD(number, value)	__atomic_fetch_add(&(number), value, __ATOMIC_SEQ_CST)

struct reader {
	unsigned int number;
	const struct kind *kind;
	struct random random;
	unsigned char *buffer;
	void *page;			/* in the buffer, causes page faults */
	int userfaultfd;
	struct io_uring uring;
	/* Client. */
	int fd;
	int epoll;
	struct notify_multi_info info;
	const struct notify_multi_ring *map;	/* NULL if the client is resized */
	struct notify_multi_reader mapped;
	uint64_t first;
	uint64_t records;
	uint64_t dropped;
};

static struct round {
	bool lockstep;
	unsigned int producer_cpu;
	unsigned int readers;
	unsigned int packet_size;
	uint64_t first;
	unsigned int longest_pause;	/* between packets */
} current;

static struct shared {
	unsigned int open;		/* readers that have opened the device */
	unsigned int stop;		/* end the lockstep */
	uint64_t written;		/* packets of this round */
	uint64_t next[READERS];		/* seq that a reader reads next */
	uint64_t last[READERS];		/* last packet at the end, or 0 if the client was closed */
	/* Results. */
	uint64_t broadcasts;
	uint64_t lockstep;
	uint64_t sleeps;
	uint64_t clients;
	uint64_t resizes;
	uint64_t records;
	uint64_t dropped;
	uint64_t overwritten[READERS];	/* copies */
} *shared;

static uint64_t option_seconds = 60, option_seed = 1;
static const struct option_value options[] = {
	{ "seconds", "N            duration (60)", .number = &option_seconds },
	{ "seed", "N               seed of all random numbers (1)", .number = &option_seed },
	{ }
};

static void pin(unsigned int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	CHECK(!sched_setaffinity(0, sizeof(cpus), &cpus));
}

static void pause_randomly(struct random *random)
{
	unsigned int loops = random_below(random, current.longest_pause);

	while (loops--)
		__asm__ volatile("" : : : "memory");
}

/* Wait until any record that is in the ring now is overwritten, unless that takes too long. */
static void wait_until_overwritten(const struct reader *reader)
{
	const struct notify_multi_ring *ring = reader->map;
	__u32 head = GET(ring->head);
	unsigned int yields = YIELDS;

	while (yields-- && GET(ring->head) - head < ring->slots)
		sched_yield();
	if (GET(ring->head) - head >= ring->slots)
		ADD(shared->overwritten[reader->number], 1);
}

/* Thread: provide the page whenever a read needs it, but too late. */
static void *fault_main(void *data)
{
	struct reader *reader = data;
	struct uffdio_zeropage zero = {
		.range = { (uintptr_t)reader->page, sysconf(_SC_PAGESIZE) },
	};
	struct uffd_msg message;

	for (;;) {
		CHECK(read(reader->userfaultfd, &message, sizeof(message)) == sizeof(message));
		wait_until_overwritten(reader);
		CHECK(!ioctl(reader->userfaultfd, UFFDIO_ZEROPAGE, &zero));
	}
	return NULL;
}

static void start_faults(struct reader *reader)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)reader->page, sysconf(_SC_PAGESIZE) },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	pthread_t thread;

	reader->userfaultfd = syscall(SYS_userfaultfd, O_CLOEXEC);
	CHECK(reader->userfaultfd >= 0 && !ioctl(reader->userfaultfd, UFFDIO_API, &api) &&
	      !ioctl(reader->userfaultfd, UFFDIO_REGISTER, &range) &&
	      !pthread_create(&thread, NULL, fault_main, reader));
}

/* -- Ways to read: return bytes or -errno ------------------------------------------- */

static ssize_t get_by_read(struct reader *reader, size_t size)
{
	return errno_of(read(reader->fd, reader->buffer, size));
}

static ssize_t read_nowait(struct reader *reader, size_t size)
{
	struct iovec part = { reader->buffer, size };

	return errno_of(preadv2(reader->fd, &part, 1, -1, RWF_NOWAIT));
}

static ssize_t get_by_poll(struct reader *reader, size_t size)
{
	struct pollfd pollfd = { .fd = reader->fd, .events = POLLIN };

	CHECK(poll(&pollfd, 1, -1) == 1);
	return read_nowait(reader, size);
}

static ssize_t get_by_epoll(struct reader *reader, size_t size)
{
	struct epoll_event event;
	ssize_t ret;

	while ((ret = read_nowait(reader, size)) == -EAGAIN)
		CHECK(epoll_wait(reader->epoll, &event, 1, -1) == 1);
	return ret;
}

static ssize_t complete(struct reader *reader)
{
	struct io_uring_cqe *cqe;
	ssize_t ret;

	CHECK(io_uring_submit_and_wait(&reader->uring, 1) == 1);
	CHECK(!io_uring_wait_cqe(&reader->uring, &cqe));
	ret = cqe->res;
	io_uring_cqe_seen(&reader->uring, cqe);
	return ret;
}

static ssize_t get_by_uring(struct reader *reader, size_t size)
{
	io_uring_prep_read(io_uring_get_sqe(&reader->uring), reader->fd, reader->buffer, size, 0);
	return complete(reader);
}

static ssize_t get_by_command(struct reader *reader, size_t size)
{
	struct notify_multi_uring_cmd command = {
		.addr = (uintptr_t)reader->buffer,
		.len = size,
	};

	prep_command(io_uring_get_sqe(&reader->uring), reader->fd, NOTIFY_MULTI_URING_CMD_PEND,
		     command);
	return complete(reader);
}

/* Copy the next record word by word. Return false if none is queued. */
static bool copy_mapped(struct reader *reader)
{
	const struct notify_multi_record *record;
	uint64_t *copy = (uint64_t *)reader->buffer;
	uint64_t next = reader->mapped.next;
	unsigned int at;
	__u32 position;

	while ((record = notify_multi_reader_peek(&reader->mapped, &position))) {
		for (at = 0; at < reader->info.record_size / 8; at++) {
			copy[at] = ((const volatile uint64_t *)record)[at];
			if (at == UNTIL_FAULT / 8 && !current.lockstep &&
			    random_once_in(&reader->random, 2))
				wait_until_overwritten(reader);
		}
		record = (void *)copy;
		if (notify_multi_reader_done(&reader->mapped, record, position)) {
			((struct notify_multi_record *)copy)->dropped = record->seq - next;
			return true;
		}
	}
	return false;
}

static ssize_t get_mapped(struct reader *reader, size_t size)
{
	struct pollfd pollfd = { .fd = reader->fd, .events = POLLIN };
	__u64 seq;

	while (!copy_mapped(reader)) {
		if (pollfd.revents & POLLHUP)
			return -ENODEV;
		seq = reader->mapped.next - 1;
		if (seq >= reader->first)
			CHECK(!ioctl(reader->fd, NOTIFY_MULTI_IOC_CONSUME, &seq));
		CHECK(poll(&pollfd, 1, -1) == 1);
	}
	return reader->info.record_size;
}

static const struct kind {
	const char *name;
	ssize_t (*get)(struct reader *reader, size_t size);
	bool mapped;
	bool sole_record;
	bool changes;			/* resizes and closes its client */
} kinds[READERS] = {
	{ .name = "read", .get = get_by_read },
	{ .name = "mapped", .get = get_mapped, .mapped = true },
	{ .name = "io_uring read", .get = get_by_uring },
	{ .name = "poll", .get = get_by_poll, .changes = true },
	{ .name = "epoll", .get = get_by_epoll, .changes = true },
	{ .name = "io_uring command", .get = get_by_command, .sole_record = true },
};

/* -- Readers ------------------------------------------------------------------------ */

__attribute__((format(printf, 2, 3), noreturn))
static void fail_reader(const struct reader *reader, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fail("%s, %s reader, packets of %u bytes, first %" PRIu64 ", %" PRIu64 " records, %" PRIu64
	     " dropped: %s", current.lockstep ? "lockstep" : "flood", reader->kind->name,
	     current.packet_size, reader->first, reader->records, reader->dropped, text);
}

static struct notify_multi_stats get_stats(const struct reader *reader)
{
	struct notify_multi_stats stats;

	CHECK(!ioctl(reader->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats));
	if (stats.delivered + stats.dropped + stats.pending_packets !=
	    stats.seq + 1 - reader->first)
		fail_reader(reader, "delivered %" PRIu64 ", dropped %" PRIu64 ", pending %u, last %"
			    PRIu64, (uint64_t)stats.delivered, (uint64_t)stats.dropped,
			    stats.pending_packets, (uint64_t)stats.seq);
	return stats;
}

/* Return false if the device is unregistered. */
static bool open_client(struct reader *reader)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct notify_multi_stats stats;

	reader->fd = sim_open(NAME, O_RDONLY);
	if (reader->fd == -ENOENT || reader->fd == -ENODEV || reader->fd == -ENXIO)
		return false;
	expect_success(reader->fd, NAME);
	CHECK(!ioctl(reader->fd, NOTIFY_MULTI_IOC_GET_INFO, &reader->info));
	CHECK(!ioctl(reader->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats));
	reader->records = 0;
	reader->dropped = 0;
	reader->first = stats.next - stats.dropped;
	SET(shared->next[reader->number], reader->first);
	reader->epoll = epoll_create1(EPOLL_CLOEXEC);
	CHECK(!epoll_ctl(reader->epoll, EPOLL_CTL_ADD, reader->fd, &event));
	if (!reader->kind->changes) {
		reader->map = mmap(NULL, reader->info.ring_bytes, PROT_READ, MAP_SHARED, reader->fd,
				   0);
		CHECK(reader->map != MAP_FAILED);
	}
	if (reader->kind->mapped)
		notify_multi_reader_init(&reader->mapped, reader->map, reader->first);
	ADD(shared->clients, 1);
	return true;
}

/* Check that the records read agree with the kernel's counters. */
static void close_client(struct reader *reader, bool to_the_end)
{
	struct notify_multi_stats stats = get_stats(reader);
	uint64_t next = reader->first + reader->records + reader->dropped;

	if (!reader->kind->mapped && (stats.next < next || stats.delivered != reader->records))
		fail_reader(reader, "the kernel counted %" PRIu64 " delivered, next %" PRIu64,
			    (uint64_t)stats.delivered, (uint64_t)stats.next);
	if (to_the_end && next != stats.seq + 1)
		fail_reader(reader, "ended before packet %" PRIu64, (uint64_t)stats.seq);
	shared->last[reader->number] = to_the_end ? stats.seq : 0;
	close(reader->epoll);
	close(reader->fd);
	ADD(shared->records, reader->records);
	ADD(shared->dropped, reader->dropped);
}

static void check_record(struct reader *reader, const struct notify_multi_record *record)
{
	uint64_t next = reader->first + reader->records + reader->dropped;
	const uint64_t *words = (const void *)(record + 1);
	unsigned int at;

	for (at = 0; at < current.packet_size / 8; at++)
		if (words[at] != record->seq)
			fail_reader(reader, "torn: seq %" PRIu64 ", but word %u is %" PRIu64,
				    (uint64_t)record->seq, at, words[at]);
	if (record->seq < next || record->dropped != record->seq - next || record->status ||
	    record->flags || record->size != current.packet_size)
		fail_reader(reader, "seq %" PRIu64 ", dropped %u, status %d, flags %#x, size %u",
			    (uint64_t)record->seq, record->dropped, record->status, record->flags,
			    record->size);
	reader->records++;
	reader->dropped += record->dropped;
	SET(shared->next[reader->number], record->seq + 1);
}

static void check_records(struct reader *reader, size_t bytes)
{
	size_t at;

	if (bytes % reader->info.record_size)
		fail_reader(reader, "%zu bytes", bytes);
	for (at = 0; at < bytes; at += reader->info.record_size)
		check_record(reader, (void *)(reader->buffer + at));
}

/* Return false if the device is unregistered. */
static bool change_client(struct reader *reader)
{
	__u32 max_packets = 1 + random_below(&reader->random, 7);

	if (random_once_in(&reader->random, 2)) {
		close_client(reader, false);
		return open_client(reader);
	}
	CHECK(!ioctl(reader->fd, NOTIFY_MULTI_IOC_SET_MAX_PACKETS, &max_packets));
	ADD(shared->resizes, 1);
	return true;
}

/* Return false after unregistration. */
static bool read_client(struct reader *reader)
{
	size_t size = reader->info.record_size, most = BUFFER_BYTES / size;
	ssize_t ret;

	if (current.lockstep) {
		pause_randomly(&reader->random);
	} else {
		if (random_once_in(&reader->random, 2))
			CHECK(!madvise(reader->page, sysconf(_SC_PAGESIZE), MADV_DONTNEED));
		if (!reader->kind->sole_record)
			size *= 1 + random_below(&reader->random, most < 8 ? most : 8);
		if (reader->kind->changes && random_once_in(&reader->random, 16) &&
		    !change_client(reader))
			return false;
	}
	ret = reader->kind->get(reader, size);
	if (ret == -ENODEV) {
		close_client(reader, true);
		return false;
	}
	if (ret <= 0)
		fail_reader(reader, "a read returned %zd: %s", ret, strerror(-ret));
	check_records(reader, ret);
	return true;
}

static void *reader_main(void *data)
{
	long page_size = sysconf(_SC_PAGESIZE);
	struct reader *reader = data;
	struct rusage usage;
	void *area = mmap(NULL, page_size + BUFFER_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	pin(!current.producer_cpu);
	CHECK(area != MAP_FAILED && !io_uring_queue_init(4, &reader->uring, 0));
	reader->page = area + page_size;
	reader->buffer = reader->page - UNTIL_FAULT;
	CHECK(open_client(reader));
	if (!current.lockstep && reader->map && !reader->kind->mapped)
		start_faults(reader);
	ADD(shared->open, 1);
	while (read_client(reader))
		;
	CHECK(!getrusage(RUSAGE_THREAD, &usage));
	if (current.lockstep)
		ADD(shared->sleeps, usage.ru_nvcsw);
	return NULL;
}

/* All readers are in one process, because User-Mode Linux switches slowly between processes. */
static void readers_main(void *data)
{
	struct reader *readers = data;
	pthread_t threads[READERS];
	unsigned int i;

	for (i = 0; i < current.readers; i++)
		CHECK(!pthread_create(&threads[i], NULL, reader_main, &readers[i]));
	for (i = 0; i < current.readers; i++)
		CHECK(!pthread_join(threads[i], NULL));
}

/* -- Producer ------------------------------------------------------------------------- */

/* Return false if the device was unregistered. */
static bool broadcast(int injector, uint64_t *packets, unsigned int count)
{
	unsigned int words = current.packet_size / 8, i, at;
	ssize_t ret;

	for (i = 0; i < count; i++)
		for (at = 0; at < words; at++)
			packets[i * words + at] = current.first + shared->written + i;
	ret = errno_of(write(injector, packets, count * current.packet_size));
	if (ret != -ENODEV)
		expect_success(ret, "injector");
	if (ret > 0)
		ADD(shared->written, ret / current.packet_size);
	return ret == count * current.packet_size;
}

/* Wait until all readers have read the last packet. */
static void wait_for_readers(void)
{
	uint64_t seq = current.first + shared->written - 1, loops = 0;
	double end = 0;
	unsigned int i;

	for (i = 0; i < current.readers; i++)
		while (GET(shared->next[i]) <= seq) {
			if (++loops % 4096)
				continue;
			if (!end)
				end = now() + WAKE_SECONDS;
			if (now() > end)
				fail("lockstep: reader %u of %u is not woken for packet %" PRIu64
				     " of %u bytes", i, current.readers, seq, current.packet_size);
		}
}

static void producer_main(void *data)
{
	static uint64_t packets[BURST * LARGEST_PACKET / 8];
	struct random random = { *(uint64_t *)data };
	int injector = sim_open_injector(NAME);

	expect_success(injector, "injector");
	pin(current.producer_cpu);
	while (!GET(shared->stop)) {
		if (!broadcast(injector, packets, current.lockstep ? 1 : BURST))
			break;
		if (current.lockstep) {
			wait_for_readers();
			pause_randomly(&random);
		}
	}
}

/* -- Rounds --------------------------------------------------------------------------- */

static const unsigned int packet_sizes[] = { 8, 64, 512, 1024, 4096, LARGEST_PACKET };

static void set_up(unsigned int number, struct random *random)
{
	static const char * const contexts[] = { "hardirq", "process", "thread" };

	current.lockstep = number % 4 == 3;
	current.producer_cpu = random_below(random, 2);
	current.readers = READERS;
	if (current.lockstep && !random_once_in(random, 4))
		current.readers = 1;
	/* A packet of many cache lines is overwritten during its copy. */
	current.packet_size = packet_sizes[current.lockstep ? random_below(random, 4) :
					   3 + random_below(random, 3)];
	current.first = 1 + (random_next(random) >> 2);
	current.longest_pause = 1 << random_below(random, 18);
	expect_success(sim_set_number(NAME, "packet_size", current.packet_size), "packet_size");
	expect_success(sim_set_number(NAME, "max_packets", 1 + random_below(random, 3)),
		       "max_packets");
	expect_success(sim_set_number(NAME, "first_seq", current.first), "first_seq");
	expect_success(sim_set(NAME, "context", current.lockstep ?
			       contexts[random_below(random, 3)] : "process"), "context");
	expect_success(sim_set(NAME, "live", "1"), "live");
}

static void run_round(unsigned int number, struct random *random)
{
	struct reader readers[READERS];
	uint64_t seed = random_next(random);
	pid_t pid, producer;
	unsigned int i;
	double end;

	set_up(number, random);
	shared->open = 0;
	shared->stop = 0;
	shared->written = 0;
	for (i = 0; i < current.readers; i++)
		readers[i] = (struct reader){
			.number = i,
			.random = { random_next(random) },
			.kind = &kinds[current.readers == 1 ? random_below(random, READERS) : i],
		};
	pid = start_process(readers_main, readers);
	WAIT_WHILE((check_process(pid, "a reader"), GET(shared->open) < current.readers),
		   "a reader cannot open the device");
	producer = start_process(producer_main, &seed);
	for (end = now() + ROUND_MS / 1000.0; now() < end; sleep_ms(20)) {
		check_process(producer, "the producer");
		check_process(pid, "a reader");
	}
	/* Unregistration would hide a lost wakeup. */
	SET(shared->stop, current.lockstep);
	if (current.lockstep)
		join_process(producer, "the producer");
	expect_success(sim_set(NAME, "live", "0"), "live");
	if (!current.lockstep)
		join_process(producer, "the producer");
	join_process(pid, "a reader");
	for (i = 0; i < current.readers; i++)
		if (shared->last[i] && shared->last[i] + 1 != current.first + shared->written)
			fail("%" PRIu64 " packets written, first %" PRIu64 ", last %" PRIu64,
			     shared->written, current.first, shared->last[i]);
	shared->broadcasts += shared->written;
	if (current.lockstep)
		shared->lockstep += shared->written;
}

int main(int argc, char **argv)
{
	double start = now();
	struct random random;
	unsigned int number;

	parse_options(argc, argv, options);
	printf("notify_races: seed %" PRIu64 "\n", option_seed);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		fail("needs two CPUs");
	random = random_of(option_seed, 1);
	shared = shared_memory(sizeof(*shared));
	expect_success(sim_make(NAME), NAME);
	for (number = 0; now() < start + option_seconds; number++) {
		run_round(number, &random);
		if (number % 10 == 9)
			printf("%" PRIu64 " broadcasts, %" PRIu64 " records\n", shared->broadcasts,
			       shared->records);
	}
	expect_success(sim_remove(NAME), "rmdir");
	printf("@result %u rounds, %" PRIu64 " broadcasts, %" PRIu64 " clients, %" PRIu64
	       " resizes, %" PRIu64 " records, 0 torn, %" PRIu64 " dropped, %" PRIu64
	       " packets in lockstep, %" PRIu64 " sleeps; overwritten during a copy:", number,
	       shared->broadcasts, shared->clients, shared->resizes, shared->records,
	       shared->dropped, shared->lockstep, shared->sleeps);
	for (number = 0; number < READERS; number++)
		if (!kinds[number].changes)
			printf(" %" PRIu64 " by %s", shared->overwritten[number],
			       kinds[number].name);
	printf("\n");
	return 0;
}
