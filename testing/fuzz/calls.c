// SPDX-License-Identifier: GPL-2.0
/* System calls: each first in the model, then in the kernel, and the results are compared. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <notify_multi/reader.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "fdinfo.h"
#include "file.h"
#include "fuzz.h"
#include "record.h"
#include "process.h"
#include "notify_sim.h"

#define SYSFS_DIR	"/sys/class/misc/notify!"
#define EXPEDITED	"/sys/kernel/rcu_expedited"
#define UNTOUCHED	0xa5
#define BEYOND		64
#define ALARM_US	2000

/* An unmapped address; volatile to avoid compiler warnings. */
static void *volatile const bad_pointer = (void *)8;

struct fuzz_map {
	unsigned char *at;
	size_t bytes;
	struct model_client *client;	/* NULL if unused. */
	bool readable;
	struct notify_multi_reader reader;
	uint64_t next;			/* Next packet of the model's reader. */
};

static const char * const names[FUZZ_DEVICES] = { "fuzz0", "fuzz1" };
static struct fuzz_slot slots[FUZZ_SLOTS];
static struct fuzz_map maps[FUZZ_MAPS];
static int injectors[FUZZ_DEVICES];
static bool uring_closed;		/* This program has closed an io_uring. */
/* Counters of previous programs. */
static uint64_t arrivals[FUZZ_DEVICES], departures[FUZZ_DEVICES];
static uint64_t max_ring_bytes;
static pid_t runner;			/* The process that opens the devices. */
static unsigned char *buffer_area;	/* Buffer of calls, followed by an unmapped page. */

static void on_alarm(int signal)
{
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
			return failure("byte %zu was written, beyond the %zu read", at, from);
}

/* -- Slots ------------------------------------------------------------------------ */

static bool is_settled(void)
{
	unsigned int i;

	for (i = 0; i < FUZZ_DEVICES; i++)
		if ((uint64_t)sim_get_number(names[i], "departures") !=
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
static void settle(bool closed)
{
	uring_closed |= closed;
	if (closed)
		WAIT_WHILE(!is_settled(), "requests of a closed io_uring are still pending");
}

static void put_client(struct model_client *client)
{
	model_put(&fuzz->model, client);
	/* A closed io_uring may still have a reference to the file. */
	settle(uring_closed && !client->refs);
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

static void release_map(struct fuzz_map *map)
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
	char text[32];

	attribute_text(text, sizeof(text), attribute, value);
	return sim_set(names[device], call_types[attribute].name, text);
}

static void open_injector(unsigned int device)
{
	if (injectors[device] >= 0)
		return;
	injectors[device] = sim_open_injector(names[device]);
	if (injectors[device] < 0)
		failure("cannot open the injector: %d", injectors[device]);
}

static void call_attribute(unsigned int attribute, const int64_t *args)
{
	unsigned int device = args[0];
	struct model_device *model = &fuzz->model.devices[device];
	long predicted;

	if (attribute == FUZZ_LIVE && !model_can_register(&fuzz->model))
		return;
	predicted = model_configure(&fuzz->model, device, attribute, args[1]);
	expect_result(write_attribute(device, attribute, args[1]), predicted);
	if (model->nm)
		open_injector(device);
}

static struct fuzz_slot *slot_of(int64_t number)
{
	return &slots[(uint64_t)number % FUZZ_SLOTS];
}

static void call_open(const int64_t *args)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	struct fuzz_slot *slot = slot_of(args[0]);
	unsigned int mode = (args[2] & 3) % 3;
	bool nonblock = args[2] & 4;
	struct model_client *client = NULL;
	long predicted;
	int fd;

	release_slot(slot);
	if (fuzz->model.clients == MODEL_CLIENTS)
		return;
	predicted = model_open(&fuzz->model, args[1], &client);
	fd = sim_open(names[args[1]], modes[mode] | (nonblock ? O_NONBLOCK : 0));
	if (!expect_result(fd < 0 ? fd : 0, predicted) || fd < 0) {
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

static void call_close(const int64_t *args, struct fuzz_slot *slot)
{
	release_slot(slot);
}

static void call_dup(const int64_t *args, struct fuzz_slot *slot)
{
	struct fuzz_slot *to = slot_of(args[1]);

	if (slot == to)
		return;
	release_slot(to);
	to->fd = fcntl(slot->fd, F_DUPFD_CLOEXEC, 0);
	if (to->fd < 0)
		return failure("dup: %d", errno);
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

enum how { READ, SCATTERED, NOWAIT };

static void read_slot(const int64_t *args, struct fuzz_slot *slot, enum how how)
{
	struct model_client *client = slot->client;
	size_t bytes = model_bytes(client, args[1], args[2]), accessible;
	bool raw = is_raw(client);
	unsigned char *buffer = buffer_of(args[3], bytes, &accessible);
	long predicted = model_read(&fuzz->model, client, bytes, accessible, expected);
	long actual;

	if (how == NOWAIT)
		predicted = model_is_empty(predicted) ? -EAGAIN :
							model_read_nowait_error(predicted);
	predicted = model_blocking_read(client, predicted);
	if (predicted == -EINTR)
		alarm_every(ALARM_US);
	if (how == READ)
		actual = read(slot->fd, buffer, bytes);
	else
		actual = read_in_two(slot->fd, buffer, bytes, how == NOWAIT ? RWF_NOWAIT : 0);
	if (actual < 0)
		actual = -errno;
	if (predicted == -EINTR)
		alarm_every(0);

	if (!expect_result(actual, predicted))
		return;
	if (actual > 0 && !expect_bytes(client, buffer, actual, raw))
		return;
	if (buffer == buffer_area)
		expect_untouched(buffer, actual > 0 ? actual : 0, bytes);
}

static void call_read(const int64_t *args, struct fuzz_slot *slot)
{
	read_slot(args, slot, READ);
}

static void call_preadv2(const int64_t *args, struct fuzz_slot *slot)
{
	read_slot(args, slot, args[4] ? NOWAIT : SCATTERED);
}

static void call_poll(const int64_t *args, struct fuzz_slot *slot)
{
	struct pollfd pollfd = { .fd = slot->fd, .events = args[1] };
	unsigned int predicted = model_poll(slot->client) & (pollfd.events | POLLERR | POLLHUP);

	if (poll(&pollfd, 1, 0) < 0)
		return failure("poll: %d", errno);
	expect("the mask", pollfd.revents, predicted);
}

/* Call an ioctl that reads. Return the buffer if it succeeds, or NULL. */
static void *read_ioctl(const struct fuzz_slot *slot, unsigned int command, int64_t kind,
			size_t size)
{
	size_t accessible;
	void *buffer = buffer_of(kind, size, &accessible);
	int ret = ioctl(slot->fd, command, buffer) ? -errno : 0;

	if (!expect_result(ret, kind ? -EFAULT : 0) || ret)
		return NULL;
	expect_untouched(buffer, size, size);
	return buffer;
}

static void call_info(const int64_t *args, struct fuzz_slot *slot)
{
	struct notify_multi_info predicted;
	void *actual = read_ioctl(slot, NOTIFY_MULTI_IOC_GET_INFO, args[1], sizeof(predicted));

	model_info(&fuzz->model, slot->client, &predicted);
	if (actual && memcmp(actual, &predicted, sizeof(predicted)))
		failure("info differs at byte %zu",
			first_difference(actual, (void *)&predicted, sizeof(predicted)));
}

static void call_stats(const int64_t *args, struct fuzz_slot *slot)
{
	struct notify_multi_stats predicted;
	struct notify_multi_stats *actual = read_ioctl(slot, NOTIFY_MULTI_IOC_GET_STATS, args[1],
						       sizeof(predicted));

	if (!actual)
		return;
	model_stats(slot->client, &predicted);
	expect("stats' clients", actual->clients, predicted.clients);
	expect("stats' pending_packets", actual->pending_packets, predicted.pending_packets);
	expect("stats' pending_requests", actual->pending_requests, predicted.pending_requests);
	expect("stats' seq", actual->seq, predicted.seq);
	expect("stats' next", actual->next, predicted.next);
	expect("stats' delivered", actual->delivered, predicted.delivered);
	expect("stats' dropped", actual->dropped, predicted.dropped);
	if (memcmp(actual, &predicted, sizeof(predicted)))
		failure("stats' version or reserved fields differ");
}

static void call_fdinfo(const int64_t *args, struct fuzz_slot *slot)
{
	struct notify_multi_stats stats;
	struct fdinfo info;

	model_stats(slot->client, &stats);
	if (!fdinfo_get(0, slot->fd, &info))
		return failure("no fdinfo");
	expect("fdinfo's opener", info.opener, runner);
	expect("fdinfo's queued", info.queued, stats.pending_packets);
	expect("fdinfo's max", info.max, slot->client->max_packets);
	expect("fdinfo's delivered", info.delivered, stats.delivered);
	expect("fdinfo's dropped", info.dropped, stats.dropped);
	expect("fdinfo's pending", info.pending, stats.pending_requests);
}

/* Call an ioctl with a number as its argument, or with a bad pointer. */
static void write_ioctl(struct fuzz_slot *slot, unsigned int command, int64_t kind,
			const void *value, size_t size, long predicted)
{
	size_t accessible;
	void *argument = buffer_of(kind, size, &accessible);

	if (!kind)
		memcpy(argument, value, size);
	expect_result(ioctl(slot->fd, command, argument) ? -errno : 0, predicted);
}

static void call_format(const int64_t *args, struct fuzz_slot *slot)
{
	uint32_t format = args[1];
	long predicted = args[2] ? -EFAULT : model_set_format(slot->client, format);

	write_ioctl(slot, NOTIFY_MULTI_IOC_SET_FORMAT, args[2], &format, sizeof(format), predicted);
}

static void call_resize(const int64_t *args, struct fuzz_slot *slot)
{
	uint32_t packets = args[1];
	long predicted = args[2] ? -EFAULT : model_resize(&fuzz->model, slot->client, packets);

	write_ioctl(slot, NOTIFY_MULTI_IOC_SET_MAX_PACKETS, args[2], &packets, sizeof(packets),
		    predicted);
}

/* The seq is near 0, near the device's last packet, or near the client's next packet. */
static void call_consume(const int64_t *args, struct fuzz_slot *slot)
{
	struct notify_multi_stats stats;
	uint64_t seq = args[2];
	long predicted;

	model_stats(slot->client, &stats);
	if (args[1] == 1)
		seq += stats.seq;
	else if (args[1] == 2)
		seq += stats.next;
	predicted = args[3] ? -EFAULT : model_consume(slot->client, seq);
	write_ioctl(slot, NOTIFY_MULTI_IOC_CONSUME, args[3], &seq, sizeof(seq), predicted);
}

static void set_flag(struct fuzz_slot *slot, int flag, bool on)
{
	int flags = fcntl(slot->fd, F_GETFL);

	flags = on ? flags | flag : flags & ~flag;
	if (fcntl(slot->fd, F_SETOWN, getpid()) || fcntl(slot->fd, F_SETFL, flags))
		failure("fcntl: %d", errno);
}

static void call_nonblock(const int64_t *args, struct fuzz_slot *slot)
{
	slot->client->nonblock = args[1];
	set_flag(slot, O_NONBLOCK, args[1]);
}

static void call_async(const int64_t *args, struct fuzz_slot *slot)
{
	slot->client->async = args[1];
	set_flag(slot, O_ASYNC, args[1]);
}

/* -- Mappings --------------------------------------------------------------------------- */

static size_t whole_pages(size_t bytes)
{
	size_t page = fuzz->model.page;

	return (bytes + page - 1) / page * page;
}

static struct fuzz_map *free_map(void)
{
	unsigned int i;

	for (i = 0; i < FUZZ_MAPS; i++)
		if (!maps[i].client)
			return &maps[i];
	return NULL;
}

static void call_mmap(const int64_t *args, struct fuzz_slot *slot)
{
	struct model_client *client = slot->client;
	uint64_t ring = model_ring_bytes(&fuzz->model, client);
	int64_t bytes = args[4] == INT_MIN ? 0 : (int64_t)ring + args[4];
	uint64_t offset = args[3] * fuzz->model.page;
	int prot = args[1];
	struct fuzz_map *map = free_map();
	struct notify_multi_stats stats;
	long predicted, actual;
	void *at;

	if (!map)
		return;
	model_stats(client, &stats);
	predicted = model_mmap(&fuzz->model, client, prot, args[2], offset, bytes);
	at = mmap(NULL, bytes, prot, args[2] ? MAP_SHARED : MAP_PRIVATE, slot->fd, offset);
	actual = at == MAP_FAILED ? -errno : 0;
	/* /dev may be mounted noexec. */
	if (prot & PROT_EXEC && actual == -EPERM)
		actual = -EACCES;
	if (!expect_result(actual, predicted) || actual) {
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

static void call_munmap(const int64_t *args, struct fuzz_map *map)
{
	release_map(map);
}

/* Read several records by notify_multi_reader_read(), one by notify_multi_reader_next(). */
static void call_mapread(const int64_t *args, struct fuzz_map *map)
{
	struct model_client *client = map->client;
	uint32_t fits = FUZZ_BYTES / client->nm->record_size;
	uint32_t count = args[1] < fits ? args[1] : fits;
	uint32_t actual, predicted;

	if (!map->readable || args[1] < 0)
		return;
	predicted = model_map_read(client, &map->next, count, expected);
	if (count == 1)
		actual = notify_multi_reader_next(&map->reader, (void *)buffer_area);
	else
		actual = notify_multi_reader_read(&map->reader, buffer_area, count);
	if (expect("the number of records", actual, predicted))
		expect_bytes(client, buffer_area, actual * client->nm->record_size, false);
	expect("the reader's next", map->reader.next, map->next);
}

/* -- The source ----------------------------------------------------------------------------- */

static void call_broadcast(const int64_t *args)
{
	unsigned int device = args[0];
	struct model_device *model = &fuzz->model.devices[device];
	uint32_t size = model->config[FUZZ_PACKET_SIZE];
	int64_t bytes = args[1] * size + args[2];
	unsigned char *buffer;
	long predicted, actual;
	size_t accessible, at;

	if (injectors[device] < 0 || args[1] < 0 || bytes < 0 || bytes > FUZZ_BYTES)
		return;
	if (model->nm) {
		if (model->nm->last - model->nm->first + 1 + bytes / size > MODEL_PACKETS)
			return;
	}
	buffer = buffer_of(args[3], bytes, &accessible);
	for (at = 0; accessible && at < accessible; at += size)
		packet_fill(buffer + at, accessible - at < size ? accessible - at : size,
			    fuzz->model.packets + at / size);
	predicted = model_broadcast(&fuzz->model, device, bytes, accessible, now_ns());
	actual = write(injectors[device], buffer, bytes);
	if (actual < 0)
		actual = -errno;
	model_broadcast_done(&fuzz->model, device, now_ns());
	expect_result(actual, predicted);
}

static void call_sysfs(const int64_t *args)
{
	static const char * const attributes[] = {
		"packet_size", "max_packets", "max_requests", "replay", "clients", "broadcasts",
		"dropped", "ring_bytes",
	};
	const struct model_instance *nm = fuzz->model.devices[args[0]].nm;
	unsigned int which = (uint64_t)args[1] % 8;
	char path[128];
	long long actual;

	snprintf(path, sizeof(path), SYSFS_DIR "%s/%s", names[args[0]], attributes[which]);
	actual = read_number(path);
	if (!nm) {
		expect_result(actual, -ENOENT);
	} else {
		const uint64_t predicted[] = {
			nm->packet_size, nm->max_packets, nm->max_requests, nm->replay,
			nm->clients, nm->last + 1 - nm->first, model_dropped(&fuzz->model, nm),
			model_device_ring_bytes(&fuzz->model, nm),
		};

		expect(attributes[which], actual, predicted[which]);
	}
}

static void expect_counters(unsigned int device)
{
	const struct model_device *model = &fuzz->model.devices[device];

	expect("arrivals", sim_get_number(names[device], "arrivals"),
	       arrivals[device] + model->arrivals);
	expect("departures", sim_get_number(names[device], "departures"),
	       departures[device] + model->departures);
}

static void call_uring_exit(const int64_t *args)
{
	settle(uring_exit());
}

/* -- Beginning and end ----------------------------------------------------------------------- */

/* Take a pending SIGIO. It is blocked and not queued, so at most one is pending. */
static bool take_sigio(void)
{
	const struct timespec now = { };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	return sigtimedwait(&set, NULL, &now) == SIGIO;
}

void expect_sigio(void)
{
	expect("the number of SIGIO signals", take_sigio(), fuzz->model.sigio);
	fuzz->model.sigio = false;
}

/* Restore the defaults of a source and check its counters. */
static void reset_device(unsigned int device)
{
	static struct model fresh;
	struct model_device *model = &fuzz->model.devices[device];
	unsigned int attribute;

	if (model->nm) {
		model_configure(&fuzz->model, device, FUZZ_LIVE, 0);
		expect("live", write_attribute(device, FUZZ_LIVE, 0), 0);
	}
	model_reset(&fresh, 0, 0);
	for (attribute = 0; attribute < FUZZ_LIVE; attribute++) {
		int64_t value = fresh.devices[device].config[attribute];

		if (model->config[attribute] != value)
			expect("configuring", write_attribute(device, attribute, value), 0);
	}
	expect("the model's departures", model->departures, model->arrivals);
	expect_counters(device);
	if (injectors[device] >= 0)
		close(injectors[device]);
	injectors[device] = -1;
}

/* Calls that must work for each client at the end, without mappings and requests. */
static void check_slot(struct fuzz_slot *slot)
{
	const int64_t poll_args[FUZZ_ARGS] = { 0, POLLIN | POLLPRI };
	const int64_t resize_args[FUZZ_ARGS] = { 0, slot->client->max_packets };
	const int64_t no_args[FUZZ_ARGS] = { 0 };

	call_stats(no_args, slot);
	call_fdinfo(no_args, slot);
	call_poll(poll_args, slot);
	call_resize(resize_args, slot);
}

void calls_begin(void)
{
	unsigned int i;

	uring_closed = false;
	model_reset(&fuzz->model, max_ring_bytes, sysconf(_SC_PAGESIZE));
	/* After a failure, they may not be those of the model. */
	for (i = 0; i < FUZZ_DEVICES; i++) {
		arrivals[i] = sim_get_number(names[i], "arrivals");
		departures[i] = sim_get_number(names[i], "departures");
	}
}

void calls_end(void)
{
	unsigned int i;

	settle(uring_exit());
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

void calls_start(void)
{
	const struct sigaction action = { .sa_handler = on_alarm };
	size_t page = sysconf(_SC_PAGESIZE);
	sigset_t set;
	unsigned int i;

	runner = getpid();
	buffer_area = mmap(NULL, FUZZ_BYTES + page, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(buffer_area != MAP_FAILED && !mprotect(buffer_area + FUZZ_BYTES, page, PROT_NONE));
	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigprocmask(SIG_BLOCK, &set, NULL);
	max_ring_bytes = read_number("/sys/module/notify_multi/parameters/max_ring_bytes");
	expect_success(max_ring_bytes, "max_ring_bytes");
	/* Unregistration waits for grace periods. */
	write_file(EXPEDITED, "1");
	for (i = 0; i < FUZZ_DEVICES; i++) {
		injectors[i] = -1;
		sim_remove(names[i]);
		expect_success(sim_make(names[i]), names[i]);
	}
	for (i = 0; i < FUZZ_SLOTS; i++)
		slots[i].fd = -1;
}

void calls_stop(void)
{
	unsigned int i;

	write_file(EXPEDITED, "0");
	for (i = 0; i < FUZZ_DEVICES; i++)
		expect_success(sim_remove(names[i]), names[i]);
}

/* -- The table of calls, with the values of their arguments ---------------------------------- */

#define ATTRIBUTE(text, share, kind) \
	{ .name = text, .weight = share, .args = { &device, kind } }
#define VALUES(...) { (const int64_t[]){ __VA_ARGS__ }, \
		      ARRAY_SIZE(((const int64_t[]){ __VA_ARGS__ })), false }
#define ORDERED(...) { (const int64_t[]){ __VA_ARGS__ }, \
		       ARRAY_SIZE(((const int64_t[]){ __VA_ARGS__ })), true }

static const struct values device = VALUES(0, 0, 0, 0, 0, 1);
static const struct values slot = VALUES(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 3, 4);
static const struct values map = VALUES(0, 0, 0, 0, 1, 2);
static const struct values buffer = VALUES(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2);
static const struct values packet_size = VALUES(1, 7, 8, 9, 16, 16, 64, 65, 100, 512, 4096, 65536,
						0, 65537);
static const struct values max_packets = VALUES(1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 31, 64, 1000, 0,
						INT_MAX, 1LL << 31, UINT_MAX);
static const struct values max_requests = VALUES(1, 1, 1, 2, 2, 3, 4, 16, INT_MAX, 0, 1LL << 31);
static const struct values replay = VALUES(0, 1, 1, 2, 3, 4, 8, 64, 65);
static const struct values first_seq = VALUES(0, 1, 2, 0xfffffffa, 0xffffffff, 0x100000000,
					      0x1fffffffc, INT64_MAX, INT64_MAX - 2, INT64_MIN, -1);
static const struct values mode = VALUES(0600, 0666, 0, 01000);
static const struct values error = VALUES(0, 0, 0, 0, -1, -5, -11, -14, -22, -95, -4, -511, -512,
					  -529, -4095, -4096, 1);
static const struct values context = VALUES(0, 1, 2, 2, 2, 3);
static const struct values live = VALUES(0, 1, 1, 1, 2);
static const struct values open_flags = VALUES(4, 4, 4, 0, 0, 6, 2, 1, 5);
static const struct values count = ORDERED(0, 1, 1, 1, 2, 3, 5, 9, 40, 40, 40);
static const struct values packets = ORDERED(0, 1, 1, 1, 1, 1, 2, 3, 4, 5, 8, 9, 17, 33);
static const struct values delta = ORDERED(0, 0, 0, 0, 0, 0, -1, 1, 7, -8, -32);
static const struct values boolean = VALUES(0, 1);
static const struct values events = VALUES(0x43, 0x43, 0x1, 0x2, 0x40, 0, 0x4);
static const struct values format = VALUES(0, 1, 1, 2, -1);
static const struct values seq_base = VALUES(0, 1, 1, 2, 2);
static const struct values seq_delta = ORDERED(-1, -1, 0, 0, 1, 2, 3, -2, -3, 100, 1LL << 32,
					       INT64_MIN);
static const struct values eighth = VALUES(0, 1, 2, 3, 4, 5, 6, 7);
static const struct values protection = VALUES(1, 1, 1, 1, 1, 1, 1, 1, 0, 2, 3, 4, 5);
static const struct values sharing = VALUES(1, 1, 1, 1, 1, 1, 1, 0);
static const struct values page_offset = VALUES(0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
static const struct values length_delta = VALUES(0, 0, 0, 0, 0, 0, -4096, 4096, 1, -1, INT_MIN);
static const struct values request = VALUES(0, 0, 1, 2, 3, 4, 5, 6, 7);
static const struct values command_flags = VALUES(0, 0, 0, 0, 0, 0, 0, 1);

const struct call_type call_types[] = {
	[FUZZ_PACKET_SIZE] = ATTRIBUTE("packet_size", 2, &packet_size),
	[FUZZ_MAX_PACKETS] = ATTRIBUTE("max_packets", 2, &max_packets),
	[FUZZ_MAX_REQUESTS] = ATTRIBUTE("max_requests", 2, &max_requests),
	[FUZZ_REPLAY] = ATTRIBUTE("replay", 2, &replay),
	[FUZZ_FIRST_SEQ] = ATTRIBUTE("first_seq", 2, &first_seq),
	[FUZZ_MODE] = ATTRIBUTE("mode", 1, &mode),
	[FUZZ_STATUS] = ATTRIBUTE("status", 6, &error),
	[FUZZ_ARRIVAL_ERROR] = ATTRIBUTE("arrival_error", 2, &error),
	[FUZZ_COMPLETE_ERROR] = ATTRIBUTE("complete_error", 4, &error),
	[FUZZ_CONTEXT] = ATTRIBUTE("context", 2, &context),
	[FUZZ_LIVE] = { "live", 3, { &device, &live } },
	{ "open", 12, { &slot, &device, &open_flags }, .run = call_open },
	{ "close", 4, { &slot }, .on_slot = call_close },
	{ "dup", 3, { &slot, &slot }, .on_slot = call_dup },
	{ "read", 20, { &slot, &count, &delta, &buffer }, .on_slot = call_read },
	{ "preadv2", 9, { &slot, &count, &delta, &buffer, &boolean }, .on_slot = call_preadv2 },
	{ "poll", 11, { &slot, &events }, .on_slot = call_poll },
	{ "info", 3, { &slot, &buffer }, .on_slot = call_info },
	{ "stats", 10, { &slot, &buffer }, .on_slot = call_stats },
	{ "fdinfo", 3, { &slot }, .on_slot = call_fdinfo },
	{ "format", 6, { &slot, &format, &buffer }, .on_slot = call_format },
	{ "resize", 8, { &slot, &max_packets, &buffer }, .on_slot = call_resize },
	{ "consume", 8, { &slot, &seq_base, &seq_delta, &buffer }, .on_slot = call_consume },
	{ "nonblock", 3, { &slot, &boolean }, .on_slot = call_nonblock },
	{ "async", 3, { &slot, &boolean }, .on_slot = call_async },
	{ "mmap", 7, { &slot, &protection, &sharing, &page_offset, &length_delta },
	  .on_slot = call_mmap },
	{ "munmap", 3, { &map }, .on_map = call_munmap },
	{ "mapread", 8, { &map, &count }, .on_map = call_mapread },
	{ "broadcast", 28, { &device, &packets, &delta, &buffer }, .run = call_broadcast },
	{ "uring_read", 8, { &slot, &count, &delta, &buffer }, .on_slot = uring_call_read },
	{ "pend", 10, { &slot, &count, &delta, &buffer, &command_flags },
	  .on_slot = uring_call_pend },
	{ "pend_cancel", 3, { &slot, &request }, .on_slot = uring_call_pend_cancel },
	{ "read_cancel", 2, { &request }, .run = uring_call_read_cancel },
	{ "reap", 8, { }, .run = uring_call_reap },
	{ "uring_exit", 1, { }, .run = call_uring_exit },
	{ "sysfs", 2, { &device, &eighth }, .run = call_sysfs },
};

const unsigned int nr_call_types = ARRAY_SIZE(call_types);

void make_call(const struct fuzz_call *call)
{
	const struct call_type *type = &call_types[call->type];
	struct fuzz_slot *slot = slot_of(call->args[0]);
	struct fuzz_map *map = &maps[(uint64_t)call->args[0] % FUZZ_MAPS];

	if (call->type < FUZZ_ATTRIBUTES)
		call_attribute(call->type, call->args);
	else if (type->run)
		type->run(call->args);
	else if (type->on_slot && slot->client)
		type->on_slot(call->args, slot);
	else if (type->on_map && map->client)
		type->on_map(call->args, map);
}
