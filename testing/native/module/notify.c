// SPDX-License-Identifier: GPL-2.0
/* A device of this project. */
#include <linux/err.h>

#include "candidate.h"
#include "notify_multi.h"

static struct notify_multi *nm;

static int notify_start(struct native_candidate *self, unsigned int readers, size_t bytes)
{
	const struct notify_multi_config config = {
		.name = "native",
		.packet_size = bytes,
		.max_packets = NATIVE_QUEUE,
		.max_requests = 1,
	};

	strscpy(self->node, "/dev/notify/native");
	self->read_size = sizeof(struct notify_multi_record) + ALIGN(bytes, 8);
	nm = notify_multi_register(NULL, &config);
	return PTR_ERR_OR_ZERO(nm);
}

static void notify_stop(void)
{
	notify_multi_unregister(nm);
}

static void notify_publish(const void *packet, size_t bytes)
{
	notify_multi_broadcast(nm, packet, bytes, 0);
}

struct native_candidate native_notify_multi = {
	.name = "notify_multi",
	.start = notify_start,
	.stop = notify_stop,
	.publish = notify_publish,
};
