// SPDX-License-Identifier: GPL-2.0
/*
 * Checks of each record that is read, and of each client's counters when it is closed.
 */

#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/notify_gpio.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

void fail_open(const struct account *account, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fail("%s life %u, open %u (%s), first %" PRIu64 ", given %" PRIu64 ", failed %" PRIu64
	     ", lost %" PRIu64 ", newest %" PRIu64 ": %s", account->device->name, account->life,
	     account->number, kind_names[account->kind], account->first, account->records,
	     account->failures, account->lost, account->newest, text);
}

/* -- Packets ------------------------------------------------------------------ */

static unsigned char packet_byte(const struct packet_id *id, size_t at)
{
	return id->counter * 167 + id->producer * 59 + at * 31 + (at >> 8) * 7;
}

void fill_packet(void *packet, size_t size, const struct packet_id *id)
{
	unsigned char *bytes = packet;
	size_t at;

	memcpy(packet, id, sizeof(*id));
	for (at = sizeof(*id); at < size; at++)
		bytes[at] = packet_byte(id, at);
}

/* Check that the packet is intact, and newer than the producer's previous one. */
static void check_packet(struct stream *stream, const unsigned char *packet)
{
	const struct account *account = stream->account;
	struct packet_id id;
	uint64_t *last;
	size_t at;

	memcpy(&id, packet, sizeof(id));
	if (id.device != device_number(account->device) || id.producer >= PRODUCERS)
		fail_open(account, "packet of device %u, producer %u", id.device, id.producer);
	for (at = sizeof(id); at < account->packet_size; at++)
		if (packet[at] != packet_byte(&id, at))
			fail_open(account, "packet %u/%" PRIu64 ": byte %zu is %#x, not %#x",
				  id.producer, id.counter, at, packet[at], packet_byte(&id, at));
	last = &stream->counters[id.producer];
	if (stream->ordered && id.counter <= *last)
		fail_open(account, "packet %u/%" PRIu64 " after %" PRIu64, id.producer, id.counter,
			  *last);
	/* Gaps are packets that were dropped, or delivered to another reader. */
	if (*last)
		stream->missing += id.counter - *last - 1;
	*last = id.counter;
}

/* Check an edge: its level matches, and it is newer than the line's previous edge. */
static void check_edge(struct stream *stream, const unsigned char *packet)
{
	const struct account *account = stream->account;
	struct notify_gpio_event event;

	memcpy(&event, packet, sizeof(event));
	if (event.line > 1 ||
	    event.edge != (event.level ? NOTIFY_GPIO_EDGE_RISING : NOTIFY_GPIO_EDGE_FALLING))
		fail_open(account, "line %u, edge %u, level %u", event.line, event.edge,
			  event.level);
	if (!event.line_seqno ||
	    (stream->ordered && event.line_seqno <= stream->counters[event.line]))
		fail_open(account, "line %u: edge %u, to %u, after %" PRIu64, event.line,
			  event.line_seqno, event.level, stream->counters[event.line]);
	stream->counters[event.line] = event.line_seqno;
}

static void check_payload(struct stream *stream, const unsigned char *packet)
{
	if (stream->account->device->context)
		check_packet(stream, packet);
	else
		check_edge(stream, packet);
}

/* -- Other readers ------------------------------------------------------------- */

#define HASH_START	2166136261U

static uint32_t hash(uint32_t hash, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	while (size--)
		hash = (hash ^ *bytes++) * 16777619;
	return hash;
}

/* All readers must get the same packet with the same timestamp and status. */
static void compare(const struct account *account, const struct notify_multi_record *record)
{
	uint64_t *place = &account->device->seen[record->seq % REMEMBERED];
	uint64_t before = __atomic_load_n(place, __ATOMIC_RELAXED), mine;
	uint32_t who, what;

	if (!account->life)
		return;
	who = hash(HASH_START + account->life, &record->seq, sizeof(record->seq));
	what = hash(hash(hash(HASH_START, &record->timestamp_ns, sizeof(record->timestamp_ns)),
			 &record->status, sizeof(record->status)),
		    record->data, account->packet_size);
	mine = (uint64_t)who << 32 | what;
	if (before >> 32 != who) {
		__atomic_store_n(place, mine, __ATOMIC_RELAXED);
	} else if (before == mine) {
		ADD(shared->compared, 1);
	} else {
		fail_open(account, "seq %" PRIu64 " is %#x here, %#x elsewhere",
			  (uint64_t)record->seq, what, (uint32_t)before);
	}
}

/* -- Records -------------------------------------------------------------------- */

void tell_next(struct account *account, uint64_t next)
{
	if (account->slot && GET(account->slot->next) < next)
		SET(account->slot->next, next);
}

static void raise_newest(struct account *account, uint64_t seq)
{
	uint64_t newest = GET(account->newest);

	while (newest < seq && !__atomic_compare_exchange_n(&account->newest, &newest, seq, false,
							    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

struct stream stream_of(struct account *account, bool alone, unsigned char *buffer)
{
	return (struct stream){
		.account = account,
		.alone = alone,
		.ordered = true,
		.previous = account->first - 1,
		.buffer = buffer,
	};
}

static void check_header(const struct stream *stream, const struct notify_multi_record *record)
{
	const struct account *account = stream->account;
	uint64_t gap = record->seq - stream->previous - 1;

	if (record->size != account->packet_size || record->flags & ~NOTIFY_MULTI_REC_REPLAY ||
	    (record->status && record->status != -BAD_STATUS))
		fail_open(account, "seq %" PRIu64 ": size %u, flags %#x, status %d",
			  (uint64_t)record->seq, record->size, record->flags, record->status);
	if (record->flags & NOTIFY_MULTI_REC_REPLAY && record->seq > account->at_open)
		fail_open(account, "seq %" PRIu64 " is a replay, after %" PRIu64,
			  (uint64_t)record->seq, account->at_open);
	if (stream->ordered && record->seq <= stream->previous)
		fail_open(account, "seq %" PRIu64 " after %" PRIu64, (uint64_t)record->seq,
			  stream->previous);
	/* Other readers and failed reads also cause gaps. */
	if (stream->alone && stream->ordered && !stream->failed ? record->dropped != gap :
	    stream->ordered && record->dropped > gap)
		fail_open(account, "seq %" PRIu64 " after %" PRIu64 ": %u lost",
			  (uint64_t)record->seq, stream->previous, record->dropped);
	/* notify_sim takes the time of each packet when it broadcasts it. */
	if (account->device->context && stream->ordered && record->timestamp_ns < stream->time)
		fail_open(account, "seq %" PRIu64 " was broadcast at %" PRIu64
			  ", the one before at %" PRIu64, (uint64_t)record->seq,
			  (uint64_t)record->timestamp_ns, stream->time);
}

static void check_padding(const struct account *account, const struct notify_multi_record *record)
{
	size_t at;

	for (at = account->packet_size; at < account->record_size - RECORD_HEADER; at++)
		if (record->data[at])
			fail_open(account, "seq %" PRIu64 ": padding is %#x", (uint64_t)record->seq,
				  record->data[at]);
}

void take_record(struct stream *stream, const struct notify_multi_record *record)
{
	struct account *account = stream->account;
	uint64_t seq = record->seq, dropped = record->dropped;

	check_header(stream, record);
	check_padding(account, record);
	check_payload(stream, record->data);
	compare(account, record);
	stream->failed = false;
	stream->previous = seq;
	stream->time = record->timestamp_ns;

	ADD(account->records, 1);
	ADD(account->lost, dropped);
	ADD(account->sum, 2 * seq + dropped * (2 * seq - dropped - 1));
	raise_newest(account, seq);
	if (stream->alone && stream->ordered && account->device->context && !account->failures &&
	    stream->missing > account->lost)
		fail_open(account, "seq %" PRIu64 ": %" PRIu64 " packets are missing", seq,
			  stream->missing);
	tell_next(account, seq + 1);
}

static void take_bytes(struct stream *stream, const unsigned char *bytes, size_t size)
{
	struct account *account = stream->account;
	size_t step = stream->raw ? account->packet_size : account->record_size;

	if (size % step)
		fail_open(account, "a read returned %zu bytes", size);
	for (; size; size -= step, bytes += step) {
		if (stream->raw) {
			check_payload(stream, bytes);
			ADD(account->records, 1);
		} else {
			take_record(stream, (const void *)bytes);
		}
	}
	if (stream->raw)
		tell_next(account, check_stats(account).next);
}

/* After ENODEV, all packets were delivered, except those that complete() could not process. */
static void check_gone(struct stream *stream)
{
	struct account *account = stream->account;
	struct notify_multi_stats stats = check_stats(account);

	if (stats.pending_packets)
		fail_open(account, "ENODEV, and %u packets wait", stats.pending_packets);
	if (stream->alone && !stream->raw && !account->failures && !account->mapped &&
	    account->life && GET(account->device->completes) != account->life &&
	    GET(account->newest) != stats.seq)
		fail_open(account, "ENODEV, and the last packet is %" PRIu64, (uint64_t)stats.seq);
}

static bool is_allowed(int error, unsigned int may)
{
	switch (error) {
	case EAGAIN:
		return may & MAY_AGAIN;
	case EINTR:
		return may & MAY_INTR;
	case ECANCELED:
		return may & MAY_CANCEL;
	case EFAULT:
		return may & MAY_FAULT;
	case ENOBUFS:
		return may & MAY_NOBUFS;
	default:
		return false;
	}
}

enum outcome take(struct stream *stream, const void *buffer, ssize_t ret, unsigned int may)
{
	struct account *account = stream->account;

	if (ret > 0) {
		take_bytes(stream, buffer, ret);
		return TOOK;
	}
	if ((ret == -BAD_STATUS && stream->raw) || ret == -BAD_COMPLETION) {
		ADD(account->failures, 1);
		stream->failed = true;
		tell_next(account, check_stats(account).next);
		return TOOK;
	}
	if (ret == -ENODEV) {
		check_gone(stream);
		return GONE;
	}
	if (ret == 0 || !is_allowed(-ret, may))
		fail_open(account, "a read returned %zd: %s", ret, strerror(-ret));
	return NOTHING;
}

/* -- Clients --------------------------------------------------------------------- */

static void ask(struct account *account, unsigned long request, void *answer)
{
	while (ioctl(account->fd, request, answer))
		if (errno != EINTR)
			fail_open(account, "ioctl %#lx: %m", request);
}

struct notify_multi_stats check_stats(struct account *account)
{
	struct notify_multi_stats stats;

	ask(account, NOTIFY_MULTI_IOC_GET_STATS, &stats);
	if (stats.delivered + stats.dropped + stats.pending_packets !=
	    stats.seq + 1 - account->first ||
	    stats.next + stats.pending_packets != stats.seq + 1)
		fail_open(account, "delivered %" PRIu64 ", dropped %" PRIu64 ", pending %u, next %"
			  PRIu64 ", of packets up to %" PRIu64, (uint64_t)stats.delivered,
			  (uint64_t)stats.dropped, stats.pending_packets, (uint64_t)stats.next,
			  (uint64_t)stats.seq);
	return stats;
}

void check_fdinfo(struct account *account)
{
	struct notify_multi_stats before = check_stats(account), after;
	struct fdinfo info;
	char fd[16];

	snprintf(fd, sizeof(fd), "%d", account->fd);
	if (!read_fdinfo(getpid(), fd, &info))
		fail_open(account, "no fdinfo");
	after = check_stats(account);
	if (strcmp(info.device, account->device->name) || info.opener != (unsigned int)getpid())
		fail_open(account, "fdinfo: device %s, opener %llu", info.device, info.opener);
	if (info.delivered != before.delivered || info.pending != before.pending_requests)
		fail_open(account, "fdinfo: delivered %llu, pending %llu", info.delivered,
			  info.pending);
	if (info.dropped < before.dropped || info.dropped > after.dropped)
		fail_open(account, "fdinfo: dropped %llu, but %" PRIu64 " before and %" PRIu64
			  " after", info.dropped, (uint64_t)before.dropped,
			  (uint64_t)after.dropped);
}

/* The client is watched only if the device's life is known. */
static void watch(struct account *account, struct slot *slot, uint64_t next)
{
	account->slot = slot;
	if (!slot)
		return;
	slot->device = device_number(account->device);
	slot->kind = account->kind;
	SET(slot->life, account->life);
	SET(slot->next, next);
	SET(slot->open, account->life ? account->number : 0);
}

/*
 * Between the lookup of a name and the open() of its minor, the minor may be reassigned to another
 * device or to an injector, as with all misc devices. Identify the device by max_requests. Return
 * NULL for an injector.
 */
static struct device *device_of(int fd, struct device *named, struct notify_multi_info *info)
{
	struct device *device;

	if (ioctl(fd, NOTIFY_MULTI_IOC_GET_INFO, info)) {
		if (errno != ENOTTY)
			fail("%s: GET_INFO: %m", named->name);
		ADD(shared->strays, 1);
		return NULL;
	}
	if (info->max_requests - MAX_REQUESTS >= DEVICES)
		fail("%s: max_requests is %u", named->name, info->max_requests);
	device = &shared->devices[info->max_requests - MAX_REQUESTS];
	ADD(device->opens, 1);
	if (device != named)
		ADD(shared->strays, 1);
	return device;
}

static void check_sizes(const struct account *account)
{
	if (account->packet_size < SMALLEST_PACKET || account->packet_size > LARGEST_PACKET ||
	    account->record_size != RECORD_HEADER + (account->packet_size + 7) / 8 * 8)
		fail_open(account, "packets of %u bytes, records of %u", account->packet_size,
			  account->record_size);
}

bool open_account(struct account *account, struct device *device, unsigned int kind, int flags,
		  struct slot *slot)
{
	unsigned int life = GET(device->life);
	struct notify_multi_stats stats;
	struct notify_multi_info info;
	int fd = sim_open(device->name, flags);
	struct device *opened;

	if (fd == -ENOENT || fd == -ENODEV || fd == -ENXIO || fd == -EINTR)
		return false;
	if (fd < 0)
		fail("%s: open: %s", device->name, strerror(-fd));
	opened = device_of(fd, device, &info);
	if (!opened) {
		close(fd);
		return false;
	}
	*account = (struct account){
		.device = opened,
		.number = ADD(shared->open_numbers, 1) + 1,
		.kind = kind,
		.fd = fd,
		.packet_size = info.packet_size,
		.record_size = info.record_size,
	};
	if (opened == device && life % 2 && life == GET(device->life))
		account->life = life;
	check_sizes(account);

	ask(account, NOTIFY_MULTI_IOC_GET_STATS, &stats);
	if (stats.delivered)
		fail_open(account, "%" PRIu64 " were delivered at once", (uint64_t)stats.delivered);
	account->first = stats.next - stats.dropped;
	account->newest = account->first - 1;
	account->at_open = stats.seq;
	watch(account, slot, stats.next);
	return true;
}

/* The records read must match the kernel's counters, each packet exactly once. */
void close_account(struct account *account)
{
	struct notify_multi_stats stats = check_stats(account);
	uint64_t count = account->newest + 1 - account->first;

	if (account->slot)
		SET(account->slot->open, 0);
	if (stats.pending_requests)
		fail_open(account, "%u requests are left", stats.pending_requests);
	if (account->unseen ? stats.delivered < account->records :
	    account->mapped ? stats.delivered > account->records :
	    stats.delivered != account->records + account->failures)
		fail_open(account, "the kernel says %" PRIu64 " were delivered",
			  (uint64_t)stats.delivered);
	/* Bare payloads and failed reads have no seq. */
	if (!account->unseen && !account->failures && account->sum) {
		if (account->records + account->lost != count)
			fail_open(account, "but there were %" PRIu64, count);
		if (account->sum != count * (account->first + account->newest))
			fail_open(account, "but not each of those once");
	}
	if (close(account->fd))
		fail_open(account, "close: %m");
	ADD(shared->records, account->records);
	ADD(shared->lost, stats.dropped);
}
