// SPDX-License-Identifier: GPL-2.0
/*
 * Programs of two threads: one makes the even calls, the other the odd calls, with the same
 * clients. The result of a single call cannot be predicted, but afterwards
 *
 *   - delivered + dropped + pending must be the number of packets broadcast to the client;
 *   - each packet must have been delivered at most once, intact, and in order in each thread;
 *   - dropped of each record must be the number of missing packets before it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <notify_multi/reader.h>

#include "uring.h"
#include "notify_fuzz.h"

#define NODE		"/dev/notify/fuzz0"
#define INJECTOR	"/dev/notify_sim/fuzz0"
#define CONFIG		"/sys/kernel/config/notify_sim/fuzz0/"
#define SYSFS		"/sys/class/misc/notify!fuzz0/"
#define THREADS		2
#define LOGS		(THREADS + 1)	/* The last one is for read_rest(). */
#define CLIENTS		2
#define LOGGED		8192
#define ROUNDS		6	/* Repetitions of each program, so that calls overlap. */
#define PACKET		24
#define RECORD		(sizeof(struct notify_multi_record) + PACKET)
#define BATCH		16
#define REQUESTS	4
#define ENTRIES		16
#define CANCELLATION	1000

struct entry {
	uint64_t seq;
	uint32_t dropped;
	unsigned char mark;	/* Determines the payload. */
};

struct log {
	unsigned int count;
	struct entry entries[LOGGED];
};

struct race_client {
	int fd;
	uint64_t first;		/* The next packet at open(). */
	bool consumed;		/* CONSUME was called: @logs lack some delivered packets. */
	struct log logs[LOGS];
};

struct racer {
	pthread_t thread;
	unsigned int number;
	const struct fuzz_program *program;
	struct kcov kcov;
	bool kcov_started;	/* kcov_start() was called. */
	unsigned int new_coverage;
	struct uring ring;
	bool running;
	int client_of[REQUESTS];	/* The client of each request, or -1. */
	bool is_command[REQUESTS];	/* True for a command, false for a read. */
	uint64_t buffers[REQUESTS][RECORD / 8];	/* Aligned for records. */
	uint64_t buffer[BATCH * RECORD / 8];
	struct notify_multi_reader reader;
	void *map;
	size_t map_bytes;
};

static struct race_client clients[CLIENTS];
static struct racer racers[THREADS];
static int injector;
static pthread_barrier_t start_barrier;

/* -- Records -------------------------------------------------------------------- */

/* All bytes depend on the first one, so that a mix of two packets is detected. */
static void fill_packet(unsigned char *packet, unsigned char mark)
{
	unsigned int at;

	packet[0] = mark;
	for (at = 1; at < PACKET; at++)
		packet[at] = mark * 151 + at * 29;
}

static bool is_intact(const struct notify_multi_record *record)
{
	unsigned char packet[PACKET];

	fill_packet(packet, record->data[0]);
	return record->size == PACKET && !memcmp(record->data, packet, PACKET);
}

static void log_records(struct log *log, const void *buffer, ssize_t bytes)
{
	const unsigned char *records = buffer;
	ssize_t at;

	if (bytes % (ssize_t)RECORD)
		fuzz_fail("a read returned %zd bytes, not a multiple of the record size", bytes);
	for (at = 0; at < bytes; at += RECORD) {
		const struct notify_multi_record *record = (const void *)(records + at);

		if (log->count == LOGGED)
			return fuzz_fail("more than %u packets were read", LOGGED);
		if (!is_intact(record))
			fuzz_fail("packet %" PRIu64 " is damaged", (uint64_t)record->seq);
		if (log->count && record->seq <= log->entries[log->count - 1].seq)
			fuzz_fail("packet %" PRIu64 " after %" PRIu64, (uint64_t)record->seq,
				  log->entries[log->count - 1].seq);
		log->entries[log->count++] = (struct entry){
			record->seq, record->dropped, record->data[0],
		};
	}
}

/* -- Calls of a thread ------------------------------------------------------------- */

static void race_read(struct racer *racer, struct race_client *client, const struct fuzz_call *call)
{
	size_t records = (uint64_t)call->args[1] % (BATCH + 1);
	void *to = call->args[3] == 1 ? (void *)8 : racer->buffer;
	const struct iovec part = { to, records * RECORD };
	ssize_t ret;

	if (call->type == FUZZ_READ)
		ret = read(client->fd, part.iov_base, part.iov_len);
	else
		ret = preadv2(client->fd, &part, 1, -1, RWF_NOWAIT);
	if (ret > 0)
		log_records(&client->logs[racer->number], racer->buffer, ret);
	else if (ret < 0 && errno != EAGAIN && errno != EFAULT && errno != ENODEV)
		fuzz_fail("a read failed with %d", errno);
}

static void race_broadcast(const struct fuzz_call *call)
{
	static unsigned char marks;
	unsigned char packets[BATCH * PACKET];
	unsigned int count = (uint64_t)call->args[1] % (BATCH + 1), i;
	ssize_t ret;

	for (i = 0; i < count; i++)
		fill_packet(packets + i * PACKET, __atomic_add_fetch(&marks, 1, __ATOMIC_RELAXED));
	ret = write(injector, packets, count * PACKET);
	/* The source may be unregistered between two packets. */
	if (ret < 0 ? errno != ENODEV : ret % PACKET)
		fuzz_fail("a write of %u packets returned %zd, %d", count, ret, errno);
}

static void race_control(struct race_client *client, const struct fuzz_call *call)
{
	struct notify_multi_stats stats;
	struct pollfd pollfd = { .fd = client->fd, .events = POLLIN | POLLPRI };
	char path[64], text[64];
	uint32_t packets;

	switch (call->type) {
	case FUZZ_STATS:
		if (ioctl(client->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats))
			fuzz_fail("stats failed with %d", errno);
		if (stats.delivered + stats.dropped + stats.pending_packets !=
		    stats.seq + 1 - client->first)
			fuzz_fail("of %" PRIu64 " packets, %" PRIu64 " are delivered, %" PRIu64
				  " dropped, %u pending", (uint64_t)stats.seq + 1 - client->first,
				  (uint64_t)stats.delivered, (uint64_t)stats.dropped,
				  stats.pending_packets);
		return;
	case FUZZ_FDINFO:
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", client->fd);
		if (read_file(path, text, sizeof(text)))
			fuzz_fail("cannot read %s", path);
		return;
	case FUZZ_RESIZE:
		packets = (uint64_t)call->args[1] % 64;
		ioctl(client->fd, NOTIFY_MULTI_IOC_SET_MAX_PACKETS, &packets);
		return;
	case FUZZ_CONSUME:
		__atomic_store_n(&client->consumed, true, __ATOMIC_RELAXED);
		if (!ioctl(client->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats))
			ioctl(client->fd, NOTIFY_MULTI_IOC_CONSUME, &stats.next);
		return;
	default:
		poll(&pollfd, 1, 0);
	}
}

/* Open and close a client during broadcasts. */
static void race_open_close(void)
{
	int fd = open(NODE, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct race_client other = { .fd = fd };
	struct notify_multi_stats stats;

	if (fd < 0)
		return;
	if (ioctl(fd, NOTIFY_MULTI_IOC_GET_STATS, &stats))
		fuzz_fail("stats failed with %d", errno);
	other.first = stats.seq + 1 - stats.pending_packets - stats.delivered - stats.dropped;
	race_control(&other, &(struct fuzz_call){ .type = FUZZ_STATS });
	close(fd);
}

static void unmap(struct racer *racer)
{
	if (racer->map)
		munmap(racer->map, racer->map_bytes);
	racer->map = NULL;
}

static void race_mmap(struct racer *racer, struct race_client *client)
{
	struct notify_multi_info info;
	struct notify_multi_stats stats;
	void *map;

	unmap(racer);
	if (ioctl(client->fd, NOTIFY_MULTI_IOC_GET_INFO, &info))
		return fuzz_fail("info failed with %d", errno);
	/* Fails if the other thread resizes the ring after GET_INFO. */
	map = mmap(NULL, info.ring_bytes, PROT_READ, MAP_SHARED, client->fd, 0);
	if (map == MAP_FAILED)
		return;
	racer->map = map;
	racer->map_bytes = info.ring_bytes;
	if (ioctl(client->fd, NOTIFY_MULTI_IOC_GET_INFO, &info) ||
	    ioctl(client->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats))
		return fuzz_fail("stats failed with %d", errno);
	if (info.ring_bytes != racer->map_bytes)
		return unmap(racer);
	notify_multi_reader_init(&racer->reader, map, stats.next);
}

static void race_mapread(struct racer *racer)
{
	uint64_t next = racer->reader.next;
	uint32_t count, i;

	if (!racer->map)
		return;
	count = notify_multi_reader_read(&racer->reader, racer->buffer, BATCH);
	for (i = 0; i < count; i++) {
		const struct notify_multi_record *record =
			(const void *)((const char *)racer->buffer + i * RECORD);

		if (!is_intact(record) || record->seq != next + (i ? 0 : record->dropped))
			return fuzz_fail("packet %" PRIu64 " of the mapped ring is wrong",
					 (uint64_t)record->seq);
		next = record->seq + 1;
	}
}

/* Both attributes walk the clients. The device may be unregistered. */
static void race_sysfs(const struct fuzz_call *call)
{
	char text[64];

	read_file(call->args[1] % 2 ? SYSFS "dropped" : SYSFS "ring_bytes", text, sizeof(text));
}

static bool race_unregister(void)
{
	int fd = open(CONFIG "live", O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, "0", 1) == 1;

	close(fd);
	return done;
}

/* -- io_uring of a thread ------------------------------------------------------------- */

static void reap(struct racer *racer)
{
	struct io_uring_cqe *cqe;

	uring_enter(&racer->ring, 0);
	while ((cqe = uring_peek(&racer->ring))) {
		uint64_t data = cqe->user_data;
		int ret = cqe->res;

		uring_seen(&racer->ring);
		if (data == CANCELLATION)
			continue;
		if (ret > 0)
			log_records(&clients[racer->client_of[data]].logs[racer->number],
				    racer->buffers[data], ret);
		else if (ret != -ECANCELED && ret != -ENODEV && ret != -EBUSY &&
			 ret != -EOPNOTSUPP)
			fuzz_fail("a request of io_uring failed with %d", ret);
		racer->client_of[data] = -1;
	}
}

static void prepare_command(struct racer *racer, int fd, unsigned int op, const void *buffer,
			    uint32_t bytes, uint64_t data)
{
	const struct notify_multi_uring_cmd command = { (uintptr_t)buffer, bytes, 0 };
	struct io_uring_sqe *sqe = uring_next(&racer->ring);

	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->user_data = data;
	sqe->cmd_op = op;
	memcpy(sqe->cmd, &command, sizeof(command));
}

static void race_request(struct racer *racer, unsigned int number, bool pend)
{
	struct io_uring_sqe *sqe;
	unsigned int i;

	for (i = 0; i < REQUESTS && racer->client_of[i] >= 0; i++)
		;
	if (i == REQUESTS)
		return;
	racer->client_of[i] = number;
	racer->is_command[i] = pend;
	if (pend) {
		prepare_command(racer, clients[number].fd, NOTIFY_MULTI_URING_CMD_PEND,
				racer->buffers[i], RECORD, i);
	} else {
		sqe = uring_next(&racer->ring);
		sqe->opcode = IORING_OP_READ;
		sqe->fd = clients[number].fd;
		sqe->addr = (uintptr_t)racer->buffers[i];
		sqe->len = RECORD;
		sqe->user_data = i;
	}
	reap(racer);
}

static void race_cancel(struct racer *racer, unsigned int number)
{
	prepare_command(racer, clients[number].fd, NOTIFY_MULTI_URING_CMD_CANCEL, NULL, 0,
			CANCELLATION);
	reap(racer);
}

/* A command that was being completed may become pending again: retry. */
static void cancel_commands(struct racer *racer)
{
	unsigned int i = 0;

	reap(racer);
	while (i < REQUESTS) {
		if (racer->client_of[i] >= 0 && racer->is_command[i])
			race_cancel(racer, racer->client_of[i]);
		else
			i++;
	}
}

/* -- Threads --------------------------------------------------------------------------- */

static void race_call(struct racer *racer, const struct fuzz_call *call)
{
	unsigned int number = (uint64_t)call->args[0] % CLIENTS;
	struct race_client *client = &clients[number];

	switch (call->type) {
	case FUZZ_READ:
	case FUZZ_READV:
	case FUZZ_PREADV2:
		return race_read(racer, client, call);
	case FUZZ_BROADCAST:
		return race_broadcast(call);
	case FUZZ_STATS:
	case FUZZ_FDINFO:
	case FUZZ_RESIZE:
	case FUZZ_CONSUME:
	case FUZZ_POLL:
		return race_control(client, call);
	case FUZZ_OPEN:
		return race_open_close();
	case FUZZ_MMAP:
		return race_mmap(racer, client);
	case FUZZ_MUNMAP:
		return unmap(racer);
	case FUZZ_MAPREAD:
		return race_mapread(racer);
	case FUZZ_SYSFS:
		return race_sysfs(call);
	case FUZZ_LIVE:
		if (!call->args[1] && !race_unregister())
			fuzz_fail("cannot unregister the source: %d", errno);
		return;
	default:
		break;
	}
	if (!racer->running)
		return;
	if (call->type == FUZZ_URING_READ || call->type == FUZZ_PEND)
		race_request(racer, number, call->type == FUZZ_PEND);
	else if (call->type == FUZZ_PEND_CANCEL)
		race_cancel(racer, number);
	else if (call->type == FUZZ_REAP)
		reap(racer);
}

static void race_round(struct racer *racer, bool last)
{
	unsigned int at;

	for (at = racer->number; at < racer->program->count; at += THREADS) {
		const struct fuzz_call *call = &racer->program->calls[at];

		/* Unregister only in the last round: afterwards most calls do nothing. */
		if (call->type != FUZZ_LIVE || last)
			race_call(racer, call);
		__atomic_add_fetch(&fuzz->beats, 1, __ATOMIC_RELAXED);
	}
}

static void *race_main(void *data)
{
	struct racer *racer = data;
	unsigned int round;

	kcov_enable(&racer->kcov);
	racer->running = !uring_start(&racer->ring, ENTRIES);
	pthread_barrier_wait(&start_barrier);
	for (round = 1; round <= ROUNDS; round++)
		race_round(racer, round == ROUNDS);
	if (racer->running) {
		cancel_commands(racer);
		uring_stop(&racer->ring);
	}
	unmap(racer);
	racer->new_coverage = kcov_disable(&racer->kcov);
	return NULL;
}

/* -- Final checks ------------------------------------------------------------------------ */

static int by_seq(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;

	return one->seq < other->seq ? -1 : one->seq > other->seq;
}

static void check_entries(const struct race_client *client, const struct entry *entries,
			  unsigned int count)
{
	uint64_t next = client->first;
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (entries[i].seq < next)
			fuzz_fail("packet %" PRIu64 " was delivered twice, or is too old",
				  entries[i].seq);
		else if (!client->consumed && entries[i].seq - next != entries[i].dropped)
			fuzz_fail("packet %" PRIu64 ": dropped is %u, not %" PRIu64,
				  entries[i].seq, entries[i].dropped, entries[i].seq - next);
		next = entries[i].seq + 1;
	}
}

static void check_counters(struct race_client *client)
{
	static struct entry all[LOGS * LOGGED];
	struct notify_multi_stats stats;
	unsigned int count = 0, i;

	for (i = 0; i < LOGS; i++) {
		memcpy(all + count, client->logs[i].entries,
		       client->logs[i].count * sizeof(all[0]));
		count += client->logs[i].count;
	}
	qsort(all, count, sizeof(all[0]), by_seq);
	check_entries(client, all, count);
	if (ioctl(client->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats))
		fuzz_fail("stats failed with %d", errno);
	fuzz_expect("pending_packets at the end", stats.pending_packets, 0);
	fuzz_expect("pending_requests at the end", stats.pending_requests, 0);
	fuzz_expect("delivered and dropped", stats.delivered + stats.dropped,
		    stats.seq + 1 - client->first);
	if (!client->consumed)
		fuzz_expect("delivered", stats.delivered, count);
}

/* Read the packets that are still queued when the threads have finished. */
static void read_rest(struct race_client *client)
{
	static uint64_t buffer[BATCH * RECORD / 8];
	struct notify_multi_stats stats;
	unsigned int ms;
	ssize_t ret;

	/* io_uring cancels requests asynchronously after close(). */
	for (ms = 0; ms < 20000; ms++) {
		if (ioctl(client->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats) ||
		    !stats.pending_requests)
			break;
		usleep(1000);
	}
	while ((ret = read(client->fd, buffer, sizeof(buffer))) > 0)
		log_records(&client->logs[THREADS], buffer, ret);
	if (errno != EAGAIN && errno != ENODEV)
		fuzz_fail("the last read failed with %d", errno);
}

static long read_number(const char *path)
{
	char text[64];

	return read_file(path, text, sizeof(text)) ? -1 : strtol(text, NULL, 10);
}

static bool configure(const struct fuzz_program *program)
{
	static const char * const contexts[] = { "thread", "hardirq", "process" };
	unsigned int context = program->count % 3;

	return !write_file(CONFIG "packet_size", "24") &&
	       !write_file(CONFIG "max_packets", program->count % 2 ? "4" : "16") &&
	       !write_file(CONFIG "max_requests", program->count % 5 ? "16" : "2") &&
	       !write_file(CONFIG "first_seq", program->count % 7 ? "1" : "4294967290") &&
	       !write_file(CONFIG "context", contexts[context]) &&
	       !write_file(CONFIG "live", "1");
}

static void open_client(struct race_client *client)
{
	struct notify_multi_stats stats;

	memset(client, 0, sizeof(*client));
	client->fd = open(NODE, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (client->fd < 0 || ioctl(client->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats))
		return fuzz_fail("cannot open %s: %d", NODE, errno);
	client->first = stats.next;
}

static void reset_config(void)
{
	write_file(CONFIG "live", "0");
	write_file(CONFIG "packet_size", "64");
	write_file(CONFIG "max_packets", "64");
	write_file(CONFIG "max_requests", "16");
	write_file(CONFIG "first_seq", "1");
	write_file(CONFIG "context", "thread");
}

/* io_uring closes files of its requests asynchronously. */
static void check_departures(void)
{
	unsigned int ms;

	for (ms = 0; ms < 20000; ms++) {
		if (read_number(CONFIG "arrivals") == read_number(CONFIG "departures"))
			return;
		usleep(1000);
	}
	fuzz_fail("%ld arrivals, but %ld departures", read_number(CONFIG "arrivals"),
		  read_number(CONFIG "departures"));
}

static void start_thread(unsigned int number, const struct fuzz_program *program)
{
	struct racer *racer = &racers[number];
	unsigned int request;

	racer->number = number;
	racer->program = program;
	for (request = 0; request < REQUESTS; request++)
		racer->client_of[request] = -1;
	if (!racer->kcov_started)
		kcov_start(&racer->kcov);
	racer->kcov_started = true;
	if (pthread_create(&racer->thread, NULL, race_main, racer)) {
		perror("notify_fuzz: thread");
		exit(1);
	}
}

/* Run a program. Return true if all checks passed. */
bool fuzz_race(const struct fuzz_program *program, unsigned int *new_coverage)
{
	unsigned int i;

	*new_coverage = 0;
	fuzz->failure[0] = '\0';
	fuzz->call = program->count;
	if (!configure(program))
		fuzz_fail("cannot configure the source");
	injector = open(INJECTOR, O_WRONLY | O_CLOEXEC);
	for (i = 0; i < CLIENTS; i++)
		open_client(&clients[i]);
	pthread_barrier_init(&start_barrier, NULL, THREADS);
	for (i = 0; i < THREADS; i++)
		start_thread(i, program);
	for (i = 0; i < THREADS; i++) {
		pthread_join(racers[i].thread, NULL);
		*new_coverage += racers[i].new_coverage;
	}
	pthread_barrier_destroy(&start_barrier);
	for (i = 0; i < CLIENTS; i++) {
		read_rest(&clients[i]);
		check_counters(&clients[i]);
	}
	for (i = 0; i < CLIENTS; i++)
		close(clients[i].fd);
	close(injector);
	check_departures();
	reset_config();
	return !fuzz->failure[0];
}
