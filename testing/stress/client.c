// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <inttypes.h>
#include <linux/notify_gpio.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fdinfo.h"
#include "notify_sim.h"
#include "stress.h"

struct shared *shared;

void fail_client(const struct client *client, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fail("%s: generation %u, client %u (%s), first %" PRIu64 ", records %" PRIu64
	     ", failures %" PRIu64 ", dropped %" PRIu64 ", newest %" PRIu64 ": %s",
	     client->device->name, client->generation, client->number, client->kind,
	     client->first, client->records, client->failures, client->dropped, client->newest,
	     text);
}

/* -- Packets ------------------------------------------------------------------ */

/* Check that the packet is intact, and newer than the producer's previous one. */
static void check_packet(struct stream *stream, const unsigned char *packet)
{
	const struct client *client = stream->client;
	struct packet_id id;
	uint64_t *last;

	memcpy(&id, packet, sizeof(id));
	if (id.device != device_number(client->device) || id.producer >= PRODUCERS)
		fail_client(client, "packet of device %u, producer %u", id.device, id.producer);
	if (!packet_is(packet + sizeof(id), client->packet_size - sizeof(id), packet_number(&id)))
		fail_client(client, "packet %u/%" PRIu64 " is damaged", id.producer, id.counter);
	last = &stream->counters[id.producer];
	if (!stream->sequence.unordered && id.counter <= *last)
		fail_client(client, "packet %u/%" PRIu64 " after %" PRIu64, id.producer, id.counter,
			    *last);
	/* Gaps are packets that were dropped, or delivered to another reader. */
	if (*last)
		stream->missing += id.counter - *last - 1;
	*last = id.counter;
}

/*
 * Check an edge: its level matches, and it is newer than the line's previous edge. The state at
 * probe has neither.
 */
static void check_edge(struct stream *stream, const unsigned char *packet)
{
	const struct client *client = stream->client;
	struct notify_gpio_event event;

	memcpy(&event, packet, sizeof(event));
	if (!event.edge && !event.line)
		return;
	if (event.line > 1 ||
	    event.edge != (event.level ? NOTIFY_GPIO_EDGE_RISING : NOTIFY_GPIO_EDGE_FALLING))
		fail_client(client, "line %u, edge %u, level %u", event.line, event.edge,
			    event.level);
	if (!event.line_seqno || (!stream->sequence.unordered &&
				  event.line_seqno <= stream->counters[event.line]))
		fail_client(client, "line %u: edge %u, level %u, after %" PRIu64, event.line,
			    event.line_seqno, event.level, stream->counters[event.line]);
	stream->counters[event.line] = event.line_seqno;
}

static void check_payload(struct stream *stream, const unsigned char *packet)
{
	if (stream->client->device->context)
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
static void compare_with_others(const struct client *client,
				const struct notify_multi_record *record)
{
	uint64_t *entry = &client->device->hashes[record->seq % REMEMBERED];
	uint64_t other = __atomic_load_n(entry, __ATOMIC_RELAXED), own;
	uint32_t identity, content;

	if (!client->generation)
		return;
	identity = hash(HASH_START + client->generation, &record->seq, sizeof(record->seq));
	content = hash(hash(hash(HASH_START, &record->timestamp_ns, sizeof(record->timestamp_ns)),
			    &record->status, sizeof(record->status)),
		       record + 1, client->packet_size);
	own = (uint64_t)identity << 32 | content;
	if (other >> 32 != identity) {
		__atomic_store_n(entry, own, __ATOMIC_RELAXED);
	} else if (other == own) {
		ADD(shared->compared, 1);
	} else {
		fail_client(client, "seq %" PRIu64 " has hash %#x, but %#x for another reader",
			    (uint64_t)record->seq, content, (uint32_t)other);
	}
}

/* -- Records -------------------------------------------------------------------- */

void report_next(struct client *client, uint64_t next)
{
	if (client->slot && GET(client->slot->next) < next)
		SET(client->slot->next, next);
}

static void raise_newest(struct client *client, uint64_t seq)
{
	uint64_t newest = GET(client->newest);

	while (newest < seq && !__atomic_compare_exchange_n(&client->newest, &newest, seq, false,
							    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

struct stream make_stream(struct client *client, bool sole, unsigned char *buffer)
{
	return (struct stream){
		.client = client,
		.sole = sole,
		.sequence = {
			.packet_size = client->packet_size,
			.next = client->first,
			.replayed = client->seq_at_open,
			.gaps = !sole,
		},
		.buffer = buffer,
	};
}

void check_record(struct stream *stream, const struct notify_multi_record *record)
{
	struct client *client = stream->client;
	uint64_t seq = record->seq, dropped = record->dropped;
	const char *wrong = wrong_record(&stream->sequence, record);
	bool in_order = !stream->sequence.unordered && client->device->context;

	if (wrong)
		fail_client(client, "%s", wrong);
	if (record->status && record->status != -BAD_STATUS)
		fail_client(client, "seq %" PRIu64 ": status %d", seq, record->status);
	/* notify_sim takes the time of each packet when it broadcasts it. */
	if (in_order && record->timestamp_ns < stream->time)
		fail_client(client, "seq %" PRIu64 ": timestamp %" PRIu64 " after %" PRIu64, seq,
			    (uint64_t)record->timestamp_ns, stream->time);
	check_payload(stream, (const void *)(record + 1));
	compare_with_others(client, record);
	stream->sequence.gaps = !stream->sole;
	stream->time = record->timestamp_ns;

	ADD(client->records, 1);
	ADD(client->dropped, dropped);
	ADD(client->seq_sum, 2 * seq + dropped * (2 * seq - dropped - 1));
	raise_newest(client, seq);
	if (stream->sole && in_order && !client->failures && stream->missing > client->dropped)
		fail_client(client, "seq %" PRIu64 ": %" PRIu64 " packets are missing", seq,
			    stream->missing);
	report_next(client, seq + 1);
}

static void check_bytes(struct stream *stream, const unsigned char *bytes, size_t size)
{
	struct client *client = stream->client;
	size_t step = stream->raw ? client->packet_size : client->record_size;

	if (size % step)
		fail_client(client, "a read returned %zu bytes", size);
	for (; size; size -= step, bytes += step) {
		if (stream->raw) {
			check_payload(stream, bytes);
			ADD(client->records, 1);
		} else {
			check_record(stream, (const void *)bytes);
		}
	}
	if (stream->raw)
		report_next(client, check_stats(client).next);
}

/* After ENODEV, all packets were delivered, except those that complete() could not process. */
static void check_unregistered(struct stream *stream)
{
	struct client *client = stream->client;
	struct notify_multi_stats stats = check_stats(client);

	if (stats.pending_packets)
		fail_client(client, "ENODEV with %u packets queued", stats.pending_packets);
	if (stream->sole && !stream->raw && !client->failures && !client->mapped &&
	    client->generation && !FAILING(client->device, client->generation) &&
	    GET(client->newest) != stats.seq)
		fail_client(client, "ENODEV before packet %" PRIu64, (uint64_t)stats.seq);
}

static bool is_allowed(int error, unsigned int allowed)
{
	return (error == EAGAIN && allowed & ALLOW_AGAIN) ||
	       (error == EINTR && allowed & ALLOW_INTR) ||
	       (error == ECANCELED && allowed & ALLOW_CANCEL) ||
	       (error == EFAULT && allowed & ALLOW_FAULT) ||
	       (error == ENOBUFS && allowed & ALLOW_NOBUFS);
}

enum outcome check_result(struct stream *stream, const void *buffer, ssize_t ret,
			  unsigned int allowed)
{
	struct client *client = stream->client;

	if (ret > 0) {
		check_bytes(stream, buffer, ret);
		return GOT_PACKETS;
	}
	if ((ret == -BAD_STATUS && stream->raw) || ret == -BAD_COMPLETION) {
		ADD(client->failures, 1);
		stream->sequence.gaps = true;
		report_next(client, check_stats(client).next);
		return GOT_PACKETS;
	}
	if (ret == -ENODEV) {
		check_unregistered(stream);
		return GOT_ENODEV;
	}
	if (ret == 0 || !is_allowed(-ret, allowed))
		fail_client(client, "a read returned %zd: %s", ret, strerror(-ret));
	return GOT_NOTHING;
}

/* -- Clients --------------------------------------------------------------------- */

void call_ioctl(struct client *client, unsigned long request, void *argument)
{
	while (ioctl(client->fd, request, argument))
		if (errno != EINTR)
			fail_client(client, "ioctl %#lx: %m", request);
}

struct notify_multi_stats check_stats(struct client *client)
{
	struct notify_multi_stats stats;

	call_ioctl(client, NOTIFY_MULTI_IOC_GET_STATS, &stats);
	if (stats.delivered + stats.dropped + stats.pending_packets !=
	    stats.seq + 1 - client->first ||
	    stats.next + stats.pending_packets != stats.seq + 1)
		fail_client(client, "delivered %" PRIu64 ", dropped %" PRIu64 ", pending %u, next %"
			  PRIu64 ", of packets up to %" PRIu64, (uint64_t)stats.delivered,
			  (uint64_t)stats.dropped, stats.pending_packets, (uint64_t)stats.next,
			  (uint64_t)stats.seq);
	return stats;
}

void check_fdinfo(struct client *client)
{
	struct notify_multi_stats before = check_stats(client), after;
	struct fdinfo info;

	if (!fdinfo_get(0, client->fd, &info))
		fail_client(client, "no fdinfo");
	after = check_stats(client);
	if (strcmp(info.device, client->device->name) || info.opener != (uint64_t)getpid())
		fail_client(client, "fdinfo: device %s, opener %" PRIu64, info.device, info.opener);
	if (info.delivered != before.delivered || info.pending != before.pending_requests)
		fail_client(client, "fdinfo: delivered %" PRIu64 ", pending %" PRIu64,
			    info.delivered, info.pending);
	if (info.dropped < before.dropped || info.dropped > after.dropped)
		fail_client(client, "fdinfo: dropped %" PRIu64 ", but %" PRIu64 " to %" PRIu64,
			    info.dropped, (uint64_t)before.dropped, (uint64_t)after.dropped);
}

/* The client is watched only if the device's generation is known. */
static void start_watching(struct client *client, struct slot *slot, uint64_t next)
{
	client->slot = slot;
	if (!slot)
		return;
	slot->device = device_number(client->device);
	slot->kind = client->kind;
	SET(slot->generation, client->generation);
	SET(slot->next, next);
	SET(slot->client, client->generation ? client->number : 0);
}

/*
 * Between the lookup of a name and the open() of its minor, the minor may be reassigned to another
 * device or to an injector, as with all misc devices. Identify the device by max_requests. Return
 * NULL for an injector.
 */
static struct device *identify_device(int fd, struct device *named, struct notify_multi_info *info)
{
	struct device *device;

	if (ioctl(fd, NOTIFY_MULTI_IOC_GET_INFO, info)) {
		if (errno != ENOTTY)
			fail("%s: GET_INFO: %m", named->name);
		ADD(shared->wrong_opens, 1);
		return NULL;
	}
	if (info->max_requests - MAX_REQUESTS >= DEVICES)
		fail("%s: max_requests is %u", named->name, info->max_requests);
	device = &shared->devices[info->max_requests - MAX_REQUESTS];
	ADD(device->opened, 1);
	if (device != named)
		ADD(shared->wrong_opens, 1);
	return device;
}

static void check_sizes(const struct client *client)
{
	if (client->packet_size < SMALLEST_PACKET || client->packet_size > LARGEST_PACKET ||
	    client->record_size != record_size(client->packet_size))
		fail_client(client, "packets of %u bytes, records of %u", client->packet_size,
			    client->record_size);
}

bool open_client(struct client *client, struct device *device, const char *kind, int flags,
		 struct slot *slot)
{
	unsigned int generation = GET(device->generation);
	struct notify_multi_stats stats;
	struct notify_multi_info info;
	int fd = sim_open(device->name, flags);
	struct device *opened;

	if (fd == -ENOENT || fd == -ENODEV || fd == -ENXIO || fd == -EINTR)
		return false;
	if (fd < 0)
		fail("%s: open: %s", device->name, strerror(-fd));
	opened = identify_device(fd, device, &info);
	if (!opened) {
		close(fd);
		return false;
	}
	*client = (struct client){
		.device = opened,
		.number = ADD(shared->nr_clients, 1) + 1,
		.kind = kind,
		.fd = fd,
		.packet_size = info.packet_size,
		.record_size = info.record_size,
	};
	if (opened == device && generation % 2 && generation == GET(device->generation))
		client->generation = generation;
	check_sizes(client);

	call_ioctl(client, NOTIFY_MULTI_IOC_GET_STATS, &stats);
	if (stats.delivered)
		fail_client(client, "%" PRIu64 " delivered at open", (uint64_t)stats.delivered);
	client->first = stats.next - stats.dropped;
	client->newest = client->first - 1;
	client->seq_at_open = stats.seq;
	start_watching(client, slot, stats.next);
	return true;
}

/* The records read must match the kernel's counters, each packet exactly once. */
void close_client(struct client *client)
{
	struct notify_multi_stats stats = check_stats(client);
	uint64_t count = client->newest + 1 - client->first;

	if (client->slot)
		SET(client->slot->client, 0);
	if (stats.pending_requests)
		fail_client(client, "%u requests pending at close", stats.pending_requests);
	if (client->incomplete ? stats.delivered < client->records :
	    client->mapped ? stats.delivered > client->records :
	    stats.delivered != client->records + client->failures)
		fail_client(client, "the kernel counted %" PRIu64 " delivered",
			    (uint64_t)stats.delivered);
	/* Bare payloads and failed reads have no seq. */
	if (!client->incomplete && !client->failures && client->seq_sum) {
		if (client->records + client->dropped != count)
			fail_client(client, "not %" PRIu64 " packets read or dropped", count);
		if (client->seq_sum != count * (client->first + client->newest))
			fail_client(client, "not each packet read or dropped once");
	}
	if (close(client->fd))
		fail_client(client, "close: %m");
	ADD(shared->records, client->records);
	ADD(shared->dropped, stats.dropped);
}
