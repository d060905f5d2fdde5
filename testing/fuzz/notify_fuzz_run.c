// SPDX-License-Identifier: GPL-2.0
/* Run programs: each call first in the model, then in the kernel, and compare the results. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <notify_multi/reader.h>

#include "notify_fuzz.h"

#define CONFIG_DIR	"/sys/kernel/config/notify_sim/"
#define SYSFS_DIR	"/sys/class/misc/notify!"
#define EXPEDITED	"/sys/kernel/rcu_expedited"
#define NAME		"fuzz%u"
#define PIPE_BYTES	65536
#define UNTOUCHED	0xa5
#define BEYOND		64

/* An unmapped address; volatile to avoid compiler warnings. */
static void *volatile const bad_pointer = (void *)8;

struct map {
	unsigned char *at;
	size_t bytes;
	struct model_client *client;	/* NULL if unused. */
	bool readable;
	struct notify_multi_reader reader;
	uint64_t next;			/* Next packet of the model's reader. */
};

struct fuzz_shared *fuzz;
static struct fuzz_slot slots[FUZZ_SLOTS];
static struct map maps[FUZZ_MAPS];
static int injectors[FUZZ_DEVICES];
static bool uring_closed;		/* This program has closed an io_uring. */
/* Counters of previous programs. */
static uint64_t arrivals[FUZZ_DEVICES], departures[FUZZ_DEVICES];
static uint64_t max_ring_bytes;
static pid_t runner;			/* The process that opens the devices. */
static unsigned char *buffer_area;	/* Buffer of calls, followed by an unmapped page. */
static unsigned char *expected;

/* -- Tools -------------------------------------------------------------------- */

/* Only the first failure is kept. */
void fuzz_fail(const char *format, ...)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	va_list arguments;

	va_start(arguments, format);
	pthread_mutex_lock(&lock);
	if (!fuzz->failure[0])
		vsnprintf(fuzz->failure, sizeof(fuzz->failure), format, arguments);
	pthread_mutex_unlock(&lock);
	va_end(arguments);
}

bool fuzz_expect(const char *what, int64_t actual, int64_t expected)
{
	if (actual != expected)
		fuzz_fail("%s is %" PRId64 ", not %" PRId64, what, actual, expected);
	return actual == expected;
}

uint64_t fuzz_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static int config_path(char *path, size_t size, unsigned int device, const char *attribute)
{
	return snprintf(path, size, CONFIG_DIR NAME "/%s", device, attribute);
}

static uint64_t read_counter(unsigned int device, const char *attribute)
{
	char path[128], text[64];

	config_path(path, sizeof(path), device, attribute);
	if (read_file(path, text, sizeof(text)))
		fuzz_fail("cannot read %s", path);
	return strtoull(text, NULL, 10);
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* Interrupt a sleeping call. Repeat, in case the first signal is too early. */
static void alarm_every(long microseconds)
{
	const struct itimerval timer = {
		.it_interval.tv_usec = microseconds,
		.it_value.tv_usec = microseconds,
	};

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* -- Buffers -------------------------------------------------------------------- */

/* A buffer of kind 0 is valid, of kind 1 unmapped, of kind 2 valid in its first half. */
static unsigned char *buffer_of(int64_t kind, size_t bytes, size_t *accessible)
{
#ifndef __x86_64__
	/* On other architectures a copy that faults may return less than it has copied. */
	if (kind == 2)
		kind = 1;
#endif
	*accessible = kind == 0 ? bytes : kind == 1 ? 0 : bytes / 2;
	if (kind == 1 || (kind == 2 && !*accessible))
		return bad_pointer;
	if (kind == 2)
		return buffer_area + FUZZ_BYTES - *accessible;
	memset(buffer_area, UNTOUCHED, bytes + BEYOND < FUZZ_BYTES ? bytes + BEYOND : FUZZ_BYTES);
	return buffer_area;
}

static void expect_untouched(const unsigned char *buffer, size_t from, size_t bytes)
{
	size_t at;

	for (at = from; at < bytes + BEYOND && at < FUZZ_BYTES; at++)
		if (buffer[at] != UNTOUCHED)
			return fuzz_fail("byte %zu was written, beyond the %zu read", at, from);
}

static size_t first_difference(const unsigned char *a, const unsigned char *b, size_t bytes)
{
	size_t at = 0;

	while (at < bytes && a[at] == b[at])
		at++;
	return at;
}

static void expect_record(const struct model_client *client, const unsigned char *actual,
			  const unsigned char *expected)
{
	const struct notify_multi_record *record = (const void *)actual;
	const struct notify_multi_record *predicted = (const void *)expected;
	size_t size = client->nm->record_size;
	const struct model_packet *packet;
	size_t at;

	if (!fuzz_expect("a record's seq", record->seq, predicted->seq) ||
	    !fuzz_expect("a record's status", record->status, predicted->status) ||
	    !fuzz_expect("a record's dropped", record->dropped, predicted->dropped) ||
	    !fuzz_expect("a record's size", record->size, predicted->size) ||
	    !fuzz_expect("a record's flags", record->flags, predicted->flags))
		return;
	packet = model_packet(client, predicted->seq);
	if (record->timestamp_ns < packet->earliest || record->timestamp_ns > packet->latest)
		fuzz_fail("timestamp %" PRIu64 " is not in %" PRIu64 "..%" PRIu64,
			  (uint64_t)record->timestamp_ns, packet->earliest, packet->latest);
	at = first_difference(actual + sizeof(*record), expected + sizeof(*record),
			      size - sizeof(*record));
	if (at < size - sizeof(*record))
		fuzz_fail("byte %zu of the payload is %u, not %u", at,
			  actual[sizeof(*record) + at], expected[sizeof(*record) + at]);
}

bool fuzz_expect_bytes(struct model_client *client, unsigned char *actual,
		       const unsigned char *expected, long bytes, bool raw)
{
	long at;

	if (raw) {
		at = first_difference(actual, expected, bytes);
		if (at < bytes)
			fuzz_fail("byte %ld of the payloads is %u, not %u", at, actual[at],
				  expected[at]);
	} else {
		for (at = 0; at < bytes && !fuzz->failure[0]; at += client->nm->record_size)
			expect_record(client, actual + at, expected + at);
	}
	return !fuzz->failure[0];
}

static bool is_raw(const struct model_client *client)
{
	return client->format == NOTIFY_MULTI_FORMAT_RAW;
}

/* -- Slots ------------------------------------------------------------------------ */

static size_t bytes_of(const struct model_client *client, int64_t count, int64_t delta)
{
	int64_t bytes = count * (int64_t)model_read_size(client) + delta;

	if (count < 0 || count > FUZZ_BYTES || bytes < 0)
		return 0;
	return bytes > FUZZ_BYTES ? FUZZ_BYTES : bytes;
}

static void put_client(struct model_client *client)
{
	model_put(&fuzz->model, client);
	/* A closed io_uring may still have a reference to the file. */
	if (uring_closed && !client->refs)
		fuzz_wait_settled();
}

static void release_slot(struct fuzz_slot *slot)
{
	struct model_client *client = slot->client;

	if (slot->fd < 0)
		return;
	close(slot->fd);
	slot->fd = -1;
	slot->client = NULL;
	put_client(client);
}

static void release_map(struct map *map)
{
	struct model_client *client = map->client;

	if (!client)
		return;
	munmap(map->at, map->bytes);
	client->mappings--;
	map->client = NULL;
	put_client(client);
}

/* -- Calls ---------------------------------------------------------------------------- */

static void attribute_text(char *text, size_t size, unsigned int attribute, int64_t value)
{
	static const char * const contexts[] = { "thread", "hardirq", "process" };

	if (attribute == FUZZ_CONTEXT)
		snprintf(text, size, "%s", value < 0 || value > 2 ? "none" : contexts[value]);
	else if (attribute == FUZZ_MODE)
		snprintf(text, size, "%04" PRIo64, value);
	else
		snprintf(text, size, "%" PRId64, value);
}

static int write_attribute(unsigned int device, unsigned int attribute, int64_t value)
{
	char path[128], text[32];

	config_path(path, sizeof(path), device, fuzz_attributes[attribute]);
	attribute_text(text, sizeof(text), attribute, value);
	return write_file(path, text);
}

static void open_injector(unsigned int device)
{
	char path[64];

	if (injectors[device] >= 0)
		return;
	snprintf(path, sizeof(path), "/dev/notify_sim/" NAME, device);
	injectors[device] = open(path, O_WRONLY | O_CLOEXEC);
	if (injectors[device] < 0)
		fuzz_fail("cannot open %s: %d", path, errno);
}

static void call_attribute(const struct fuzz_call *call)
{
	unsigned int device = call->args[0];
	struct model_device *model = &fuzz->model.devices[device];
	struct model_instance *before = model->nm;
	long predicted;

	if (call->type == FUZZ_LIVE && !model_can_register(&fuzz->model))
		return;
	predicted = model_configure(&fuzz->model, device, call->type, call->args[1]);
	fuzz_expect("the result", write_attribute(device, call->type, call->args[1]), predicted);
	if (before && !model->nm)
		uring_wake(before, UINT_MAX);
	if (model->nm)
		open_injector(device);
}

static void call_open(const struct fuzz_call *call, struct fuzz_slot *slot)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	unsigned int mode = (call->args[2] & 3) % 3;
	bool nonblock = call->args[2] & 4;
	struct model_client *client = NULL;
	char path[64];
	long predicted;
	int fd;

	release_slot(slot);
	if (fuzz->model.clients == MODEL_CLIENTS)
		return;
	snprintf(path, sizeof(path), "/dev/notify/" NAME, (unsigned int)call->args[1]);
	predicted = model_open(&fuzz->model, call->args[1], &client);
	fd = open(path, modes[mode] | (nonblock ? O_NONBLOCK : 0) | O_CLOEXEC);
	if (!fuzz_expect("the result", fd < 0 ? -errno : 0, predicted) || fd < 0) {
		if (fd >= 0)
			close(fd);
		return;
	}
	client->can_read = mode != 1;
	client->can_write = mode != 0;
	client->nonblock = nonblock;
	slot->fd = fd;
	slot->client = client;
}

static void call_dup(struct fuzz_slot *slot, struct fuzz_slot *to)
{
	if (slot == to)
		return;
	release_slot(to);
	to->fd = fcntl(slot->fd, F_DUPFD_CLOEXEC, 0);
	if (to->fd < 0)
		return fuzz_fail("dup: %d", errno);
	to->client = slot->client;
	to->client->refs++;
}

static ssize_t read_in_two(int fd, unsigned char *buffer, size_t bytes, int flags)
{
	const struct iovec parts[] = {
		{ buffer, bytes / 3 },
		{ buffer + bytes / 3, bytes - bytes / 3 },
	};

	return preadv2(fd, parts, 2, -1, flags);
}

static void call_read(const struct fuzz_call *call, struct fuzz_slot *slot)
{
	struct model_client *client = slot->client;
	size_t bytes = bytes_of(client, call->args[1], call->args[2]), accessible;
	bool nowait = call->type == FUZZ_PREADV2 && call->args[4];
	bool raw = is_raw(client);
	unsigned char *buffer = buffer_of(call->args[3], bytes, &accessible);
	long predicted = model_read(&fuzz->model, client, bytes, accessible, expected);
	long actual;

	if (nowait)
		predicted = model_is_empty(predicted) ? -EAGAIN :
							model_read_nowait_error(predicted);
	predicted = model_blocking_read(client, predicted);
	if (predicted == -EINTR)
		alarm_every(2000);
	if (call->type == FUZZ_READ)
		actual = read(slot->fd, buffer, bytes);
	else
		actual = read_in_two(slot->fd, buffer, bytes, nowait ? RWF_NOWAIT : 0);
	if (actual < 0)
		actual = -errno;
	if (predicted == -EINTR)
		alarm_every(0);

	if (!fuzz_expect("the result", actual, predicted))
		return;
	if (actual > 0 && !fuzz_expect_bytes(client, buffer, expected, actual, raw))
		return;
	if (buffer == buffer_area)
		expect_untouched(buffer, actual > 0 ? actual : 0, bytes);
}

static void drain_pipe(int fd, struct model_client *client, long bytes, bool raw)
{
	long at = 0;

	while (at < bytes) {
		ssize_t part = read(fd, buffer_area + at, bytes - at);

		if (part <= 0)
			return fuzz_fail("the pipe has %ld bytes, not %ld", at, bytes);
		at += part;
	}
	fuzz_expect_bytes(client, buffer_area, expected, bytes, raw);
}

static void call_splice(const struct fuzz_call *call, struct fuzz_slot *slot)
{
	struct model_client *client = slot->client;
	size_t bytes = bytes_of(client, call->args[1], call->args[2]);
	size_t fits = bytes < PIPE_BYTES ? bytes : PIPE_BYTES;
	bool raw = is_raw(client);
	long predicted = model_read(&fuzz->model, client, fits, fits, expected);
	int ends[2];
	long actual;

	predicted = model_blocking_read(client, predicted);
	/* The kernel's splice() returns 0 for length 0, and EAGAIN for EFAULT. */
	if (!bytes)
		predicted = 0;
	else if (predicted == -EFAULT)
		predicted = -EAGAIN;
	if (pipe2(ends, O_CLOEXEC))
		return fuzz_fail("pipe: %d", errno);
	if (predicted == -EINTR)
		alarm_every(2000);
	actual = splice(slot->fd, NULL, ends[1], NULL, bytes, 0);
	if (actual < 0)
		actual = -errno;
	if (predicted == -EINTR)
		alarm_every(0);
	if (fuzz_expect("the result", actual, predicted) && actual > 0)
		drain_pipe(ends[0], client, actual, raw);
	close(ends[0]);
	close(ends[1]);
}

static void call_poll(const struct fuzz_call *call, struct fuzz_slot *slot)
{
	struct pollfd pollfd = { .fd = slot->fd, .events = call->args[1] };
	unsigned int predicted = model_poll(slot->client) & (pollfd.events | POLLERR | POLLHUP);

	if (poll(&pollfd, 1, 0) < 0)
		return fuzz_fail("poll: %d", errno);
	fuzz_expect("the mask", pollfd.revents, predicted);
}

static void call_epoll(const struct fuzz_call *call, struct fuzz_slot *slot)
{
	struct epoll_event event = { .events = (uint32_t)call->args[1] & 0xffff };
	unsigned int predicted = model_poll(slot->client) & (event.events | EPOLLERR | EPOLLHUP);
	int fd = epoll_create1(EPOLL_CLOEXEC);
	int ready;

	if (fd < 0 || epoll_ctl(fd, EPOLL_CTL_ADD, slot->fd, &event)) {
		fuzz_fail("epoll: %d", errno);
	} else {
		event.events = 0;
		ready = epoll_wait(fd, &event, 1, 0);
		fuzz_expect("the number of events", ready, predicted != 0);
		fuzz_expect("the mask", event.events, predicted);
	}
	close(fd);
}

static void *ioctl_argument(int64_t kind, size_t size)
{
	size_t accessible;

	return buffer_of(kind, size, &accessible);
}

static void call_info(const struct fuzz_call *call, struct fuzz_slot *slot)
{
	struct notify_multi_info predicted;
	void *actual = ioctl_argument(call->args[1], sizeof(predicted));
	int ret = ioctl(slot->fd, NOTIFY_MULTI_IOC_GET_INFO, actual) ? -errno : 0;

	model_info(&fuzz->model, slot->client, &predicted);
	if (!fuzz_expect("the result", ret, call->args[1] ? -EFAULT : 0) || ret)
		return;
	if (memcmp(actual, &predicted, sizeof(predicted)))
		fuzz_fail("info differs at byte %zu",
			  first_difference(actual, (void *)&predicted, sizeof(predicted)));
	expect_untouched(actual, sizeof(predicted), sizeof(predicted));
}

static void expect_stats(const struct notify_multi_stats *actual, const struct model_client *client)
{
	struct notify_multi_stats predicted;

	model_stats(client, &predicted);
	fuzz_expect("stats' clients", actual->clients, predicted.clients);
	fuzz_expect("stats' pending_packets", actual->pending_packets, predicted.pending_packets);
	fuzz_expect("stats' pending_requests", actual->pending_requests,
		    predicted.pending_requests);
	fuzz_expect("stats' seq", actual->seq, predicted.seq);
	fuzz_expect("stats' next", actual->next, predicted.next);
	fuzz_expect("stats' delivered", actual->delivered, predicted.delivered);
	fuzz_expect("stats' dropped", actual->dropped, predicted.dropped);
	if (memcmp(actual, &predicted, sizeof(predicted)))
		fuzz_fail("stats' version or reserved fields differ");
}

static void call_stats(const struct fuzz_call *call, struct fuzz_slot *slot)
{
	void *actual = ioctl_argument(call->args[1], sizeof(struct notify_multi_stats));
	int ret = ioctl(slot->fd, NOTIFY_MULTI_IOC_GET_STATS, actual) ? -errno : 0;

	if (!fuzz_expect("the result", ret, call->args[1] ? -EFAULT : 0) || ret)
		return;
	expect_stats(actual, slot->client);
	expect_untouched(actual, sizeof(struct notify_multi_stats),
			 sizeof(struct notify_multi_stats));
}

struct fdinfo_number {
	const char *name;
	uint64_t value;
};

/* Compare a line with the predicted numbers. Return true if it contains one of them. */
static bool expect_fdinfo_line(const char *line, const struct fdinfo_number *predicted)
{
	for (; predicted->name; predicted++) {
		size_t length = strlen(predicted->name);

		if (strncmp(line, predicted->name, length))
			continue;
		fuzz_expect(predicted->name, strtoull(line + length, NULL, 10), predicted->value);
		return true;
	}
	return false;
}

static void expect_fdinfo(int fd, const struct fdinfo_number *predicted, unsigned int count)
{
	unsigned int found = 0;
	char path[64], line[128];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		found += expect_fdinfo_line(line, predicted);
	if (file)
		fclose(file);
	fuzz_expect("the number of lines in fdinfo", found, count);
}

static void call_fdinfo(struct fuzz_slot *slot)
{
	struct notify_multi_stats stats;

	model_stats(slot->client, &stats);
	expect_fdinfo(slot->fd, (const struct fdinfo_number[]){
		{ "opener:\t", runner },
		{ "queued:\t", stats.pending_packets },
		{ "max:\t", slot->client->max_packets },
		{ "delivered:\t", stats.delivered },
		{ "dropped:\t", stats.dropped },
		{ "pending:\t", stats.pending_requests },
		{ }
	}, 6);
}

/* Call an ioctl with a number as its argument, or with a bad pointer. */
static void expect_set(struct fuzz_slot *slot, unsigned int command, int64_t kind,
		       const void *value, size_t size, long predicted)
{
	void *argument = ioctl_argument(kind, size);

	if (!kind)
		memcpy(argument, value, size);
	fuzz_expect("the result", ioctl(slot->fd, command, argument) ? -errno : 0, predicted);
}

static void call_format(const struct fuzz_call *call, struct fuzz_slot *slot)
{
	uint32_t format = call->args[1];
	long predicted = call->args[2] ? -EFAULT : model_set_format(slot->client, format);

	expect_set(slot, NOTIFY_MULTI_IOC_SET_FORMAT, call->args[2], &format, sizeof(format),
		   predicted);
}

static void call_resize(const struct fuzz_call *call, struct fuzz_slot *slot)
{
	uint32_t packets = call->args[1];
	long predicted = call->args[2] ? -EFAULT :
				     model_resize(&fuzz->model, slot->client, packets);

	expect_set(slot, NOTIFY_MULTI_IOC_SET_MAX_PACKETS, call->args[2], &packets,
		   sizeof(packets), predicted);
}

/* The seq is near 0, near the device's last packet, or near the client's next packet. */
static void call_consume(const struct fuzz_call *call, struct fuzz_slot *slot)
{
	struct notify_multi_stats stats;
	uint64_t seq = call->args[2];
	long predicted;

	model_stats(slot->client, &stats);
	if (call->args[1] == 1)
		seq += stats.seq;
	else if (call->args[1] == 2)
		seq += stats.next;
	predicted = call->args[3] ? -EFAULT : model_consume(slot->client, seq);
	expect_set(slot, NOTIFY_MULTI_IOC_CONSUME, call->args[3], &seq, sizeof(seq), predicted);
}

static void call_ioctl(const struct fuzz_call *call, struct fuzz_slot *slot)
{
	static const unsigned int unknown[] = {
		0, ~0U, 0x5401, _IO('N', 0xa0), _IO('N', 0xa7), _IOR('N', 0xa1, char),
		_IOW('N', 0xa4, __u32), _IOW('N', 0xa5, struct notify_multi_uring_cmd),
	};
	void *argument = ioctl_argument(call->args[2], sizeof(struct notify_multi_stats));
	int ret = ioctl(slot->fd, unknown[call->args[1] & 7], argument) ? -errno : 0;

	fuzz_expect("the result", ret, -ENOTTY);
}

/* Calls that always fail. */
static void call_refused(const struct fuzz_call *call, struct fuzz_slot *slot)
{
	long ret, predicted;

	switch (call->args[1]) {
	case 0:
		ret = write(slot->fd, buffer_area, 1);
		predicted = slot->client->can_write ? -EINVAL : -EBADF;
		break;
	case 1:
		ret = lseek(slot->fd, 0, SEEK_CUR);
		predicted = -ESPIPE;
		break;
	case 2:
		ret = pread(slot->fd, buffer_area, FUZZ_BYTES, 0);
		predicted = -ESPIPE;
		break;
	case 3:
		ret = pwrite(slot->fd, buffer_area, 1, 0);
		predicted = -ESPIPE;
		break;
	case 4:
		ret = ftruncate(slot->fd, 0);
		predicted = -EINVAL;
		break;
	default:
		ret = fsync(slot->fd);
		predicted = -EINVAL;
	}
	fuzz_expect("the result", ret < 0 ? -errno : ret, predicted);
}

static void set_flag(struct fuzz_slot *slot, int flag, bool on)
{
	int flags = fcntl(slot->fd, F_GETFL);

	flags = on ? flags | flag : flags & ~flag;
	if (fcntl(slot->fd, F_SETOWN, getpid()) || fcntl(slot->fd, F_SETFL, flags))
		fuzz_fail("fcntl: %d", errno);
}

static void call_nonblock(const struct fuzz_call *call, struct fuzz_slot *slot)
{
	slot->client->nonblock = call->args[1];
	set_flag(slot, O_NONBLOCK, call->args[1]);
}

static void call_async(const struct fuzz_call *call, struct fuzz_slot *slot)
{
	slot->client->async = call->args[1];
	set_flag(slot, O_ASYNC, call->args[1]);
}

/* -- Mappings --------------------------------------------------------------------------- */

static size_t whole_pages(size_t bytes)
{
	size_t page = fuzz->model.page;

	return (bytes + page - 1) / page * page;
}

static struct map *free_map(void)
{
	unsigned int i;

	for (i = 0; i < FUZZ_MAPS; i++)
		if (!maps[i].client)
			return &maps[i];
	return NULL;
}

static void call_mmap(const struct fuzz_call *call, struct fuzz_slot *slot)
{
	struct model_client *client = slot->client;
	uint64_t ring = model_ring_bytes(&fuzz->model, client);
	int64_t bytes = call->args[4] == INT_MIN ? 0 : (int64_t)ring + call->args[4];
	uint64_t offset = call->args[3] * fuzz->model.page;
	int prot = call->args[1];
	struct map *map = free_map();
	struct notify_multi_stats stats;
	long predicted, actual;
	void *at;

	if (!map)
		return;
	model_stats(client, &stats);
	predicted = model_mmap(&fuzz->model, client, prot, call->args[2], offset, bytes);
	at = mmap(NULL, bytes, prot, call->args[2] ? MAP_SHARED : MAP_PRIVATE, slot->fd, offset);
	actual = at == MAP_FAILED ? -errno : 0;
	/* /dev may be mounted noexec. */
	if (prot & PROT_EXEC && actual == -EPERM)
		actual = -EACCES;
	if (!fuzz_expect("the result", actual, predicted) || actual) {
		if (!actual)
			munmap(at, bytes);
		return;
	}
	map->at = at;
	map->bytes = whole_pages(bytes);
	map->client = client;
	map->readable = prot & PROT_READ && map->bytes == ring;
	map->next = stats.next;
	notify_multi_reader_init(&map->reader, at, stats.next);
}

static void call_mprotect(const struct fuzz_call *call, struct map *map)
{
	int prot = call->args[1];
	long predicted = prot & (PROT_WRITE | PROT_EXEC) ? -EACCES : 0;
	long actual = mprotect(map->at, map->bytes, prot) ? -errno : 0;

	fuzz_expect("the result", actual, predicted);
	if (!actual)
		map->readable = prot & PROT_READ &&
				map->bytes == model_ring_bytes(&fuzz->model, map->client);
}

static void call_mremap(const struct fuzz_call *call, struct map *map)
{
	int64_t bytes = call->args[1] == INT_MIN ? 0 : (int64_t)map->bytes + call->args[1];
	size_t after = bytes > 0 ? whole_pages(bytes) : 0;
	long predicted = !after ? -EINVAL : after > map->bytes ? -EFAULT : 0;
	void *at = mremap(map->at, map->bytes, after, MREMAP_MAYMOVE);

	fuzz_expect("the result", at == MAP_FAILED ? -errno : 0, predicted);
	if (at == MAP_FAILED)
		return;
	map->at = at;
	map->readable = map->readable && after == map->bytes;
	map->bytes = after;
}

/* Read several records by notify_multi_reader_read(), one by notify_multi_reader_next(). */
static void call_mapread(const struct fuzz_call *call, struct map *map)
{
	struct model_client *client = map->client;
	uint32_t fits = FUZZ_BYTES / client->nm->record_size;
	uint32_t count = call->args[1] < fits ? call->args[1] : fits;
	uint32_t actual, predicted;

	if (!map->readable || call->args[1] < 0)
		return;
	predicted = model_map_read(client, &map->next, count, expected);
	if (count == 1)
		actual = notify_multi_reader_next(&map->reader, (void *)buffer_area);
	else
		actual = notify_multi_reader_read(&map->reader, buffer_area, count);
	if (fuzz_expect("the number of records", actual, predicted))
		fuzz_expect_bytes(client, buffer_area, expected, actual * client->nm->record_size,
				  false);
	fuzz_expect("the reader's next", map->reader.next, map->next);
}

/* -- The source ----------------------------------------------------------------------------- */

static void fill_packets(unsigned char *buffer, size_t bytes, size_t packet_size)
{
	uint64_t number = fuzz->model.packets;
	size_t at;

	for (at = 0; at < bytes; at++)
		buffer[at] = model_payload(number + at / packet_size, at % packet_size);
}

static void call_broadcast(const struct fuzz_call *call)
{
	unsigned int device = call->args[0];
	struct model_device *model = &fuzz->model.devices[device];
	uint32_t size = model->config[FUZZ_PACKET_SIZE];
	int64_t bytes = call->args[1] * size + call->args[2];
	unsigned char *buffer;
	uint64_t last = 0;
	long predicted, actual;
	size_t accessible;

	if (injectors[device] < 0 || call->args[1] < 0 || bytes < 0 || bytes > FUZZ_BYTES)
		return;
	if (model->nm) {
		last = model->nm->last;
		if (last - model->nm->first + 1 + bytes / size > MODEL_PACKETS)
			return;
	}
	buffer = buffer_of(call->args[3], bytes, &accessible);
	if (accessible)
		fill_packets(buffer, accessible, size);
	predicted = model_broadcast(&fuzz->model, device, bytes, accessible, fuzz_now());
	actual = write(injectors[device], buffer, bytes);
	if (actual < 0)
		actual = -errno;
	model_broadcast_done(&fuzz->model, device, fuzz_now());
	fuzz_expect("the result", actual, predicted);
	if (model->nm && predicted > 0)
		uring_wake(model->nm, model->nm->last - last);
}

static void call_sysfs(const struct fuzz_call *call)
{
	static const char * const names[] = {
		"packet_size", "max_packets", "max_requests", "replay", "clients", "broadcasts",
		"dropped", "ring_bytes",
	};
	const struct model_instance *nm = fuzz->model.devices[call->args[0]].nm;
	unsigned int which = (uint64_t)call->args[1] % 8;
	char path[128], text[64];
	int ret;

	snprintf(path, sizeof(path), SYSFS_DIR NAME "/%s", (unsigned int)call->args[0],
		 names[which]);
	ret = read_file(path, text, sizeof(text));
	if (fuzz_expect("the result", ret, nm ? 0 : -ENOENT) && nm) {
		const uint64_t predicted[] = {
			nm->packet_size, nm->max_packets, nm->max_requests, nm->replay,
			nm->clients, nm->last + 1 - nm->first, model_dropped(&fuzz->model, nm),
			model_device_ring_bytes(&fuzz->model, nm),
		};

		fuzz_expect(names[which], strtoull(text, NULL, 10), predicted[which]);
	}
}

static void call_configfs(const struct fuzz_call *call)
{
	unsigned int device = call->args[0];
	const struct model_device *model = &fuzz->model.devices[device];
	uint64_t which = call->args[1];
	char path[128], actual[64], predicted[64];

	if (which == FUZZ_ATTRIBUTES)
		fuzz_expect("arrivals", read_counter(device, "arrivals"),
			    arrivals[device] + model->arrivals);
	if (which == FUZZ_ATTRIBUTES + 1)
		fuzz_expect("departures", read_counter(device, "departures"),
			    departures[device] + model->departures);
	if (which >= FUZZ_ATTRIBUTES)
		return;
	config_path(path, sizeof(path), device, fuzz_attributes[which]);
	attribute_text(predicted, sizeof(predicted), which,
		       which == FUZZ_LIVE ? !!model->nm : model->config[which]);
	if (read_file(path, actual, sizeof(actual)) || strcmp(actual, predicted))
		fuzz_fail("%s is %s, not %s", path, actual, predicted);
}

/* -- Programs -------------------------------------------------------------------------------- */

static struct fuzz_slot *slot_of(int64_t number)
{
	return &slots[(uint64_t)number % FUZZ_SLOTS];
}

static void run_slot_call(const struct fuzz_call *call, struct fuzz_slot *slot)
{
	const int64_t *args = call->args;

	switch (call->type) {
	case FUZZ_CLOSE:
		return release_slot(slot);
	case FUZZ_DUP:
		return call_dup(slot, slot_of(args[1]));
	case FUZZ_READ:
	case FUZZ_READV:
	case FUZZ_PREADV2:
		return call_read(call, slot);
	case FUZZ_SPLICE:
		return call_splice(call, slot);
	case FUZZ_POLL:
		return call_poll(call, slot);
	case FUZZ_EPOLL:
		return call_epoll(call, slot);
	case FUZZ_INFO:
		return call_info(call, slot);
	case FUZZ_STATS:
		return call_stats(call, slot);
	case FUZZ_FDINFO:
		return call_fdinfo(slot);
	case FUZZ_FORMAT:
		return call_format(call, slot);
	case FUZZ_RESIZE:
		return call_resize(call, slot);
	case FUZZ_CONSUME:
		return call_consume(call, slot);
	case FUZZ_IOCTL:
		return call_ioctl(call, slot);
	case FUZZ_REFUSED:
		return call_refused(call, slot);
	case FUZZ_NONBLOCK:
		return call_nonblock(call, slot);
	case FUZZ_ASYNC:
		return call_async(call, slot);
	case FUZZ_MMAP:
		return call_mmap(call, slot);
	case FUZZ_URING_READ:
		return uring_call_read(slot, bytes_of(slot->client, args[1], args[2]), !args[3]);
	case FUZZ_MULTISHOT:
		return uring_call_multishot(slot);
	case FUZZ_PEND:
		return uring_call_pend(slot, bytes_of(slot->client, args[1], args[2]), !args[3],
				       args[4]);
	case FUZZ_PEND_CANCEL:
		return uring_call_pend_cancel(slot, args[1]);
	default:
		return fuzz_fail("a call of an unknown type");
	}
}

static void run_map_call(const struct fuzz_call *call, struct map *map)
{
	if (!map->client)
		return;
	if (call->type == FUZZ_MUNMAP)
		release_map(map);
	else if (call->type == FUZZ_MPROTECT)
		call_mprotect(call, map);
	else if (call->type == FUZZ_MREMAP)
		call_mremap(call, map);
	else
		call_mapread(call, map);
}

static void run_call(const struct fuzz_call *call)
{
	struct fuzz_slot *slot = slot_of(call->args[0]);

	switch (call->type) {
	case 0 ... FUZZ_LIVE:
		return call_attribute(call);
	case FUZZ_OPEN:
		return call_open(call, slot);
	case FUZZ_MUNMAP ... FUZZ_MAPREAD:
		return run_map_call(call, &maps[(uint64_t)call->args[0] % FUZZ_MAPS]);
	case FUZZ_BROADCAST:
		return call_broadcast(call);
	case FUZZ_READ_CANCEL:
		return uring_call_read_cancel(call->args[0]);
	case FUZZ_REAP:
		return uring_call_reap();
	case FUZZ_URING_EXIT:
		return uring_call_exit();
	case FUZZ_SYSFS:
		return call_sysfs(call);
	case FUZZ_CONFIGFS:
		return call_configfs(call);
	default:
		if (slot->client)
			run_slot_call(call, slot);
	}
}

static bool is_settled(void)
{
	unsigned int i;

	for (i = 0; i < FUZZ_DEVICES; i++)
		if (read_counter(i, "departures") !=
		    departures[i] + fuzz->model.devices[i].departures)
			return false;
	for (i = 0; i < FUZZ_SLOTS; i++) {
		struct notify_multi_stats actual, predicted;

		if (slots[i].fd < 0)
			continue;
		model_stats(slots[i].client, &predicted);
		if (ioctl(slots[i].fd, NOTIFY_MULTI_IOC_GET_STATS, &actual) ||
		    actual.pending_requests != predicted.pending_requests ||
		    actual.clients != predicted.clients)
			return false;
	}
	return true;
}

/* io_uring cancels requests and closes files asynchronously after close(). */
void fuzz_wait_settled(void)
{
	unsigned int ms;

	uring_closed = true;
	for (ms = 0; ms < 20000; ms++) {
		if (is_settled())
			return;
		usleep(1000);
	}
	fuzz_fail("requests of a closed io_uring are still pending");
}

/* Return true if a child can make the call: it must not change the state of the parent. */
static bool allowed_in_child(enum fuzz_call_type type)
{
	switch (type) {
	case FUZZ_LIVE ... FUZZ_DUP:
	case FUZZ_ASYNC ... FUZZ_MREMAP:
	case FUZZ_URING_READ ... FUZZ_URING_EXIT:
	case FUZZ_FORK:
		return false;
	default:
		return true;
	}
}

/* Take a pending SIGIO. It is blocked and not queued, so at most one is pending. */
static bool take_sigio(void)
{
	const struct timespec now = { };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	return sigtimedwait(&set, NULL, &now) == SIGIO;
}

static void expect_sigio(void)
{
	fuzz_expect("the number of SIGIO signals", take_sigio(), fuzz->model.sigio);
	fuzz->model.sigio = false;
}

static void run_child(const struct fuzz_program *program, unsigned int from, unsigned int count)
{
	for (; count-- && from < program->count && !fuzz->failure[0]; from++) {
		fuzz->call = from;
		fuzz->beats++;
		if (allowed_in_child(program->calls[from].type))
			run_call(&program->calls[from]);
	}
	_exit(0);
}

static void run_fork(const struct fuzz_program *program, unsigned int from, unsigned int count)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		run_child(program, from, count);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		fuzz_fail("fork: %d", errno);
	else if (status)
		fuzz_fail("the child ended with status %#x", status);
}

static void run_calls(const struct fuzz_program *program)
{
	unsigned int at;

	for (at = 0; at < program->count && !fuzz->failure[0]; at++) {
		const struct fuzz_call *call = &program->calls[at];

		fuzz->call = at;
		fuzz->beats++;
		if (call->type == FUZZ_FORK && call->args[0] > 0) {
			run_fork(program, at + 1, call->args[0]);
			at += call->args[0];
		} else if (call->type != FUZZ_FORK) {
			run_call(call);
		}
		if (!fuzz->failure[0])
			expect_sigio();
	}
}

/* Restore the defaults of a source and check its counters. */
static void reset_device(unsigned int device)
{
	static struct model fresh;
	struct model_device *model = &fuzz->model.devices[device];
	unsigned int attribute;

	if (model->nm) {
		model_configure(&fuzz->model, device, FUZZ_LIVE, 0);
		fuzz_expect("live", write_attribute(device, FUZZ_LIVE, 0), 0);
	}
	model_reset(&fresh, 0, 0);
	for (attribute = 0; attribute < FUZZ_LIVE; attribute++) {
		int64_t value = fresh.devices[device].config[attribute];

		if (model->config[attribute] != value)
			fuzz_expect("configuring", write_attribute(device, attribute, value), 0);
	}
	fuzz_expect("the model's departures", model->departures, model->arrivals);
	arrivals[device] += model->arrivals;
	departures[device] += model->departures;
	fuzz_expect("the final arrivals", read_counter(device, "arrivals"), arrivals[device]);
	fuzz_expect("the final departures", read_counter(device, "departures"),
		    departures[device]);
	if (injectors[device] >= 0)
		close(injectors[device]);
	injectors[device] = -1;
}

/* Calls that must work for each client at the end, without mappings and requests. */
static void check_slot(struct fuzz_slot *slot)
{
	const struct fuzz_call stats_call = { 0 };
	const struct fuzz_call poll_call = { .args = { 0, POLLIN | POLLPRI } };
	const struct fuzz_call resize_call = { .args = { 0, slot->client->max_packets } };

	call_stats(&stats_call, slot);
	call_fdinfo(slot);
	call_poll(&poll_call, slot);
	call_resize(&resize_call, slot);
}

static void release_all(void)
{
	unsigned int i;

	uring_end();
	for (i = 0; i < FUZZ_MAPS; i++)
		release_map(&maps[i]);
	for (i = 0; i < FUZZ_SLOTS; i++)
		if (slots[i].client && !fuzz->failure[0])
			check_slot(&slots[i]);
	for (i = 0; i < FUZZ_SLOTS; i++)
		release_slot(&slots[i]);
	for (i = 0; i < FUZZ_DEVICES; i++)
		reset_device(i);
	/* Unregistration may have sent SIGIO for clients still referenced by io_uring. */
	take_sigio();
}

/* Set the expected counters to those of the kernel. */
static void sync_counters(void)
{
	unsigned int i;

	for (i = 0; i < FUZZ_DEVICES; i++) {
		arrivals[i] = read_counter(i, "arrivals");
		departures[i] = read_counter(i, "departures");
	}
}

/* Run a program. Return true if the kernel matched the model. After a failure it can be rerun. */
bool fuzz_run(const struct fuzz_program *program)
{
	bool passed;

	fuzz->failure[0] = '\0';
	fuzz->call = 0;
	uring_closed = false;
	model_reset(&fuzz->model, max_ring_bytes, sysconf(_SC_PAGESIZE));
	run_calls(program);
	if (!fuzz->failure[0])
		fuzz->call = program->count;
	release_all();
	passed = !fuzz->failure[0];
	if (!passed)
		sync_counters();
	return passed;
}

static void make_buffers(void)
{
	size_t page = sysconf(_SC_PAGESIZE);

	buffer_area = mmap(NULL, FUZZ_BYTES + page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	expected = malloc(FUZZ_BYTES);
	if (buffer_area == MAP_FAILED || !expected ||
	    mprotect(buffer_area + FUZZ_BYTES, page, PROT_NONE)) {
		perror("notify_fuzz: memory");
		exit(1);
	}
}

/* Set up the simulated sources, signals and buffers. */
void fuzz_start(void)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	char path[128], text[32];
	sigset_t set;
	unsigned int i;

	runner = getpid();
	make_buffers();
	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (read_file("/sys/module/notify_multi/parameters/max_ring_bytes", text,
		      sizeof(text))) {
		fprintf(stderr, "notify_fuzz: notify_multi is not loaded\n");
		exit(1);
	}
	max_ring_bytes = strtoull(text, NULL, 10);
	/* Unregistration waits for grace periods. */
	write_file(EXPEDITED, "1");
	for (i = 0; i < FUZZ_DEVICES; i++) {
		injectors[i] = -1;
		config_path(path, sizeof(path), i, "");
		rmdir(path);
		if (mkdir(path, 0700)) {
			perror("notify_fuzz: cannot create a simulated source");
			exit(1);
		}
	}
	for (i = 0; i < FUZZ_SLOTS; i++)
		slots[i].fd = -1;
}

void fuzz_stop(void)
{
	char path[128];
	unsigned int i;

	write_file(EXPEDITED, "0");
	for (i = 0; i < FUZZ_DEVICES; i++) {
		config_path(path, sizeof(path), i, "");
		if (rmdir(path))
			fuzz_fail("cannot remove %s: %d", path, errno);
	}
}
