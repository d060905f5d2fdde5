// SPDX-License-Identifier: GPL-2.0
/*
 * A simple model of the ABI: a device keeps all packets, and a client its position in them. Makes
 * no system calls.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "model.h"
#include "payload.h"

#define KERNEL_ERRNO	512	/* The first kernel-internal errno. */
#define LARGEST_ERRNO	4095
#define CONTEXTS	3

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static long user_errno(long error)
{
	return error <= -KERNEL_ERRNO ? -EIO : error;
}

/* -- Devices ------------------------------------------------------------------ */

void model_reset(struct model *model, uint64_t max_ring_bytes, uint64_t page)
{
	static const struct model_device device = {
		.config = {
			[FUZZ_PACKET_SIZE] = 64,
			[FUZZ_MAX_PACKETS] = 64,
			[FUZZ_MAX_REQUESTS] = 16,
			[FUZZ_FIRST_SEQ] = 1,
			[FUZZ_MODE] = 0600,
		},
	};
	unsigned int i;

	model->max_ring_bytes = max_ring_bytes;
	model->page = page;
	model->packets = 0;
	model->sigio = false;
	model->instances = 0;
	model->clients = 0;
	for (i = 0; i < FUZZ_DEVICES; i++)
		model->devices[i] = device;
}

static uint64_t ring_slots(uint32_t max_packets)
{
	uint64_t slots = 1;

	while (slots <= max_packets)
		slots *= 2;
	return slots;
}

static uint64_t ring_bytes(const struct model *model, uint32_t record_size, uint32_t max_packets)
{
	uint64_t bytes = ring_slots(max_packets) * record_size;

	return model->page + (bytes + model->page - 1) / model->page * model->page;
}

static bool ring_fits(const struct model *model, uint32_t record_size, uint32_t max_packets)
{
	return max_packets && max_packets <= INT_MAX &&
	       ring_bytes(model, record_size, max_packets) <= model->max_ring_bytes;
}

bool model_can_register(const struct model *model)
{
	return model->instances < MODEL_INSTANCES;
}

static long register_device(struct model *model, unsigned int number)
{
	struct model_device *device = &model->devices[number];
	const int64_t *config = device->config;
	struct model_instance *nm = &model->instance[model->instances];
	uint32_t record = record_size(config[FUZZ_PACKET_SIZE]);

	if (!ring_fits(model, record, config[FUZZ_MAX_PACKETS]) ||
	    config[FUZZ_REPLAY] > config[FUZZ_MAX_PACKETS])
		return -EINVAL;
	model->instances++;
	nm->device = number;
	nm->packet_size = config[FUZZ_PACKET_SIZE];
	nm->record_size = record;
	nm->max_packets = config[FUZZ_MAX_PACKETS];
	nm->max_requests = config[FUZZ_MAX_REQUESTS];
	nm->replay = config[FUZZ_REPLAY];
	nm->first = config[FUZZ_FIRST_SEQ] ? config[FUZZ_FIRST_SEQ] : 1;
	nm->last = nm->first - 1;
	nm->unregistered = false;
	nm->discard_queued = false;
	nm->clients = 0;
	nm->closed_dropped = 0;
	device->nm = nm;
	return 0;
}

/* Without the source, complete() cannot be called, so queued packets are discarded. */
static void unregister_device(struct model *model, struct model_device *device)
{
	unsigned int i;

	device->nm->unregistered = true;
	device->nm->discard_queued = device->config[FUZZ_COMPLETE_ERROR] != 0;
	device->departures += device->nm->clients;
	for (i = 0; i < model->clients; i++)
		if (model->client[i].nm == device->nm && model->client[i].refs)
			model->sigio |= model->client[i].async;
	device->nm = NULL;
}

static bool within(int64_t value, int64_t lowest, int64_t highest)
{
	return value >= lowest && value <= highest;
}

static bool is_valid(const struct model_device *device, unsigned int attribute, int64_t value)
{
	switch (attribute) {
	case FUZZ_PACKET_SIZE:
		return within(value, 1, NOTIFY_MULTI_MAX_PACKET_SIZE);
	case FUZZ_MAX_PACKETS:
		return within(value, 1, UINT_MAX);
	case FUZZ_MAX_REQUESTS:
		return within(value, 1, INT_MAX);
	case FUZZ_REPLAY:
		return within(value, 0, device->config[FUZZ_MAX_PACKETS]);
	case FUZZ_FIRST_SEQ:
		return value >= 0;
	case FUZZ_MODE:
		return within(value, 1, 0777);
	case FUZZ_STATUS:
	case FUZZ_ARRIVAL_ERROR:
	case FUZZ_COMPLETE_ERROR:
		return within(value, -LARGEST_ERRNO, 0);
	case FUZZ_CONTEXT:
		return within(value, 0, CONTEXTS - 1);
	default:
		return within(value, 0, 1);
	}
}

/* Write an attribute of the source. */
long model_configure(struct model *model, unsigned int number, unsigned int attribute,
		     int64_t value)
{
	struct model_device *device = &model->devices[number];

	if (!is_valid(device, attribute, value))
		return -EINVAL;
	if (attribute == FUZZ_LIVE) {
		if (value && !device->nm)
			return register_device(model, number);
		if (!value && device->nm)
			unregister_device(model, device);
		return 0;
	}
	if ((attribute <= FUZZ_MODE || attribute == FUZZ_COMPLETE_ERROR) && device->nm)
		return -EBUSY;
	device->config[attribute] = value;
	return 0;
}

/* -- Clients -------------------------------------------------------------------- */

/* Number of packets in the queue, including discarded ones. */
static uint64_t queue_length(const struct model_client *client)
{
	uint64_t first = client->next > client->oldest ? client->next : client->oldest;

	return min_u64(client->nm->last + 1 - first, client->max_packets);
}

uint64_t model_queued(const struct model_client *client)
{
	return client->nm->discard_queued ? 0 : queue_length(client);
}

/* Number of unreported drops before a queued packet. */
static uint64_t dropped_before(const struct model_client *client, uint64_t seq)
{
	return seq - client->next;
}

/* Number of reported and unreported drops. */
static uint64_t total_dropped(const struct model_client *client)
{
	return client->dropped +
	       dropped_before(client, client->nm->last + 1 - model_queued(client));
}

long model_open(struct model *model, unsigned int number, struct model_client **client)
{
	struct model_device *device = &model->devices[number];
	struct model_instance *nm = device->nm;
	struct model_client *new = &model->client[model->clients];

	if (!nm)
		return -ENOENT;
	if (device->config[FUZZ_ARRIVAL_ERROR])
		return user_errno(device->config[FUZZ_ARRIVAL_ERROR]);
	memset(new, 0, sizeof(*new));
	new->nm = nm;
	new->refs = 1;
	new->max_packets = nm->max_packets;
	new->first_new = nm->last + 1;
	new->next = new->first_new - min_u64(nm->replay, new->first_new - nm->first);
	new->oldest = new->next;
	nm->clients++;
	device->arrivals++;
	model->clients++;
	*client = new;
	return 0;
}

/* Drop a reference to a client. */
void model_put(struct model *model, struct model_client *client)
{
	if (--client->refs)
		return;
	client->nm->closed_dropped += total_dropped(client);
	client->nm->clients--;
	if (!client->nm->unregistered)
		model->devices[client->nm->device].departures++;
}

/* -- Broadcasts ----------------------------------------------------------------- */

/* Write @bytes to the injector, of which the first @accessible are readable. */
long model_broadcast(struct model *model, unsigned int number, size_t bytes, size_t accessible,
		     uint64_t now)
{
	struct model_device *device = &model->devices[number];
	struct model_instance *nm = device->nm;
	size_t done = 0;
	unsigned int i;

	if (!bytes)
		return 0;
	if (!nm)
		return -ENODEV;
	if (bytes % nm->packet_size)
		return -EINVAL;
	for (; done < bytes && done + nm->packet_size <= accessible; done += nm->packet_size) {
		struct model_packet *packet = &nm->packets[++nm->last - nm->first];

		packet->status = device->config[FUZZ_STATUS];
		packet->number = model->packets++;
		packet->earliest = now;
		packet->latest = 0;
	}
	for (i = 0; i < model->clients && done; i++)
		if (model->client[i].nm == nm && model->client[i].refs)
			model->sigio |= model->client[i].async;
	return done ? (long)done : -EFAULT;
}

/* Set the upper bound of the timestamps of the packets broadcast last. */
void model_broadcast_done(struct model *model, unsigned int number, uint64_t now)
{
	struct model_instance *nm = model->devices[number].nm;
	uint64_t seq;

	if (!nm)
		return;
	for (seq = nm->last; seq != nm->first - 1; seq--) {
		if (nm->packets[seq - nm->first].latest)
			return;
		nm->packets[seq - nm->first].latest = now;
	}
}

/* -- Reads ------------------------------------------------------------------------ */

const struct model_packet *model_packet(const struct model_client *client, uint64_t seq)
{
	return &client->nm->packets[seq - client->nm->first];
}

size_t model_read_size(const struct model_client *client)
{
	return client->format == NOTIFY_MULTI_FORMAT_RAW ? client->nm->packet_size :
							   client->nm->record_size;
}

size_t model_bytes(const struct model_client *client, int64_t count, int64_t delta)
{
	int64_t bytes = count * (int64_t)model_read_size(client) + delta;

	if (count < 0 || count > FUZZ_BYTES || bytes < 0)
		return 0;
	return bytes > FUZZ_BYTES ? FUZZ_BYTES : bytes;
}

static void consume(struct model_client *client, uint64_t seq)
{
	client->dropped += dropped_before(client, seq);
	client->next = seq + 1;
	client->delivered++;
}

static void write_record(const struct model_client *client, uint64_t seq, uint64_t dropped,
			 unsigned char *out)
{
	const struct model_instance *nm = client->nm;
	const struct model_packet *packet = model_packet(client, seq);
	struct notify_multi_record *record = (void *)out;

	memset(out, 0, nm->record_size);
	record->seq = seq;
	record->status = packet->status;
	record->dropped = min_u64(dropped, UINT_MAX);
	record->size = nm->packet_size;
	record->flags = seq < client->first_new ? NOTIFY_MULTI_REC_REPLAY : 0;
	packet_fill((void *)(record + 1), nm->packet_size, packet->number);
}

/* Result of complete() for a packet, which is called only once per packet. */
static int complete(const struct model *model, struct model_client *client, uint64_t seq)
{
	if (client->completed_seq != seq) {
		client->completed_seq = seq;
		client->complete_ret =
			model->devices[client->nm->device].config[FUZZ_COMPLETE_ERROR];
	}
	return client->complete_ret;
}

/* Return true if the source has a complete() callback that can be called. */
static bool has_complete(const struct model *model, const struct model_client *client)
{
	return !client->nm->unregistered &&
	       model->devices[client->nm->device].config[FUZZ_COMPLETE_ERROR];
}

/* Return the error of a read of the packet, or 0. */
static long packet_error(const struct model *model, struct model_client *client, uint64_t seq)
{
	bool raw = client->format == NOTIFY_MULTI_FORMAT_RAW;
	long error = 0;

	if (client->nm->unregistered && client->completed_seq != seq) {
		client->completed_seq = seq;
		client->complete_ret = 0;
	}
	if (raw || has_complete(model, client))
		error = complete(model, client, seq);
	if (!error && raw)
		error = model_packet(client, seq)->status;
	return user_errno(error);
}

/*
 * Read into a buffer of @bytes, of which the first @accessible are writable. The data goes to @out,
 * with timestamps of 0. Return MODEL_BLOCKS or MODEL_SHORT if the queue is empty.
 */
long model_read(struct model *model, struct model_client *client, size_t bytes, size_t accessible,
		unsigned char *out)
{
	bool raw = client->format == NOTIFY_MULTI_FORMAT_RAW;
	size_t size = model_read_size(client);
	size_t done = 0;

	if (!client->can_read)
		return -EBADF;
	if (!bytes)
		return 0;
	if (bytes < size && model_queued(client))
		return -EINVAL;
	for (; done + size <= bytes && model_queued(client); done += size) {
		uint64_t seq = client->nm->last + 1 - queue_length(client);
		long error = packet_error(model, client, seq);

		if (error) {
			if (!done)
				consume(client, seq);
			return done ? (long)done : error;
		}
		if (done + size > accessible)
			return done ? (long)done : -EFAULT;
		if (raw)
			packet_fill(out + done, size, model_packet(client, seq)->number);
		else
			write_record(client, seq, dropped_before(client, seq), out + done);
		consume(client, seq);
	}
	if (done)
		return done;
	if (client->nm->unregistered)
		return -ENODEV;
	return bytes < size ? MODEL_SHORT : MODEL_BLOCKS;
}

bool model_is_empty(long ret)
{
	return ret == MODEL_BLOCKS || ret == MODEL_SHORT;
}

/* A read that would sleep is a request, and is interrupted by a signal. */
long model_blocking_read(const struct model_client *client, long ret)
{
	if (!model_is_empty(ret))
		return ret;
	if (client->nonblock)
		return -EAGAIN;
	if (ret == MODEL_SHORT)
		return -EINVAL;
	return client->requests >= client->nm->max_requests ? -EBUSY : -EINTR;
}

/* For non-blocking and asynchronous reads, these two errnos mean that nothing was read. */
long model_read_nowait_error(long ret)
{
	return ret == -EAGAIN || ret == -EOPNOTSUPP ? -EIO : ret;
}

/* Return the error of an io_uring command, or 0 if it becomes pending. */
long model_pend(const struct model_client *client, size_t bytes)
{
	if (!client->can_read)
		return -EBADF;
	if (bytes < model_read_size(client))
		return -EINVAL;
	return client->requests >= client->nm->max_requests ? -EBUSY : 0;
}

/* -- poll() and ioctls ------------------------------------------------------------ */

unsigned int model_poll(const struct model_client *client)
{
	uint64_t queued = model_queued(client);
	unsigned int mask = 0;

	if (client->nm->unregistered)
		mask |= POLLHUP;
	if (!queued)
		return mask;
	mask |= POLLIN | POLLRDNORM;
	if (dropped_before(client, client->nm->last + 1 - queued))
		mask |= POLLPRI;
	return mask;
}

uint64_t model_ring_bytes(const struct model *model, const struct model_client *client)
{
	return ring_bytes(model, client->nm->record_size, client->max_packets);
}

void model_info(const struct model *model, const struct model_client *client,
		struct notify_multi_info *info)
{
	memset(info, 0, sizeof(*info));
	info->abi_version = NOTIFY_MULTI_ABI_VERSION;
	info->packet_size = client->nm->packet_size;
	info->record_size = client->nm->record_size;
	info->max_packets = client->max_packets;
	info->max_requests = client->nm->max_requests;
	info->replay = client->nm->replay;
	info->format = client->format;
	info->ring_bytes = model_ring_bytes(model, client);
}

void model_stats(const struct model_client *client, struct notify_multi_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->abi_version = NOTIFY_MULTI_ABI_VERSION;
	stats->clients = client->nm->clients;
	stats->pending_packets = model_queued(client);
	stats->pending_requests = client->requests;
	stats->seq = client->nm->last;
	stats->next = stats->seq + 1 - stats->pending_packets;
	stats->delivered = client->delivered;
	stats->dropped = total_dropped(client);
}

/* Drops of all clients of a device, including closed ones. */
uint64_t model_dropped(const struct model *model, const struct model_instance *nm)
{
	uint64_t dropped = nm->closed_dropped;
	unsigned int i;

	for (i = 0; i < model->clients; i++)
		if (model->client[i].nm == nm && model->client[i].refs)
			dropped += total_dropped(&model->client[i]);
	return dropped;
}

/* Memory of all rings of a device, including the one for replay. */
uint64_t model_device_ring_bytes(const struct model *model, const struct model_instance *nm)
{
	uint64_t bytes = nm->replay ? ring_bytes(model, nm->record_size, nm->replay) : 0;
	unsigned int i;

	for (i = 0; i < model->clients; i++)
		if (model->client[i].nm == nm && model->client[i].refs)
			bytes += model_ring_bytes(model, &model->client[i]);
	return bytes;
}

long model_set_format(struct model_client *client, uint32_t format)
{
	if (format != NOTIFY_MULTI_FORMAT_RECORD && format != NOTIFY_MULTI_FORMAT_RAW)
		return -EINVAL;
	client->format = format;
	return 0;
}

long model_resize(const struct model *model, struct model_client *client, uint32_t max_packets)
{
	if (!ring_fits(model, client->nm->record_size, max_packets))
		return -EINVAL;
	if (client->mappings)
		return -EBUSY;
	client->oldest = client->nm->last + 1 - min_u64(queue_length(client), max_packets);
	client->max_packets = max_packets;
	return 0;
}

/* Mark all packets up to @seq as read, and all drops up to @seq as reported. */
long model_consume(struct model_client *client, uint64_t seq)
{
	uint64_t first = min_u64(client->nm->last + 1 - model_queued(client), seq + 1);

	if (seq > client->nm->last)
		return -EINVAL;
	if (seq < client->next)
		return 0;
	client->dropped += dropped_before(client, first);
	client->delivered += seq + 1 - first;
	client->next = seq + 1;
	return 0;
}

/* -- The mapped ring ---------------------------------------------------------------- */

long model_mmap(const struct model *model, struct model_client *client, int prot, bool shared,
		uint64_t offset, uint64_t bytes)
{
	if (!bytes)
		return -EINVAL;
	if (!client->can_read || prot & (PROT_WRITE | PROT_EXEC))
		return -EACCES;
	if (!shared || offset)
		return -EINVAL;
	if (has_complete(model, client) || client->nm->discard_queued)
		return -EOPNOTSUPP;
	bytes = (bytes + model->page - 1) / model->page * model->page;
	if (bytes > model_ring_bytes(model, client))
		return -EINVAL;
	client->mappings++;
	client->refs++;
	return 0;
}

/* Like notify_multi_reader_read() from *next on. Stops at the end of the ring. */
uint32_t model_map_read(const struct model_client *client, uint64_t *next, uint32_t count,
			unsigned char *out)
{
	uint64_t last = client->nm->last;
	uint64_t first = *next > client->oldest ? *next : client->oldest;
	uint64_t queued = min_u64(last + 1 - first, client->max_packets);
	uint64_t seq = last + 1 - queued;
	uint64_t ring = ring_slots(client->max_packets);
	uint64_t dropped = seq - *next;
	uint32_t i;

	count = min_u64(min_u64(count, queued), ring - (seq & (ring - 1)));
	for (i = 0; i < count; i++)
		write_record(client, seq + i, i ? 0 : dropped, out + i * client->nm->record_size);
	if (count)
		*next = seq + count;
	return count;
}
