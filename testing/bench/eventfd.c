// SPDX-License-Identifier: GPL-2.0
/* An eventfd for each reader: transfers no data, a lower bound for sleeping and waking. */
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench.h"

/* An eventfd merges events, so only one packet can be queued. */
static unsigned int eventfd_queue(const struct bench *bench)
{
	(void)bench;
	return 1;
}

static int eventfd_start(struct bench *bench)
{
	packet_prepare(bench, 0);
	return 0;
}

static void eventfd_open(struct bench *bench, struct reader *reader)
{
	reader->fd = eventfd(0, EFD_CLOEXEC);
	if (reader->fd < 0)
		die("%s: cannot create an eventfd: %m", bench->peer->name);
	reader->feed = dup(reader->fd);
}

static void eventfd_prepare(struct bench *bench, uint64_t number)
{
	(void)number;
	*(uint64_t *)bench->message = 1;
}

static bool eventfd_check(const struct bench *bench, const void *buffer, unsigned int index,
			  uint64_t number)
{
	(void)bench;
	(void)index;
	(void)number;
	return *(const uint64_t *)buffer == 1;
}

const struct peer eventfd_peer = {
	.name = "eventfd",
	.about = "an eventfd for each reader, written by a daemon; no data, a lower bound",
	.bytes = sizeof(uint64_t),
	.queue = eventfd_queue,
	.start = eventfd_start,
	.open = eventfd_open,
	.prepare = eventfd_prepare,
	.publish = packet_fan_out,
	.read = packet_read,
	.check = eventfd_check,
};
