// SPDX-License-Identifier: GPL-2.0
/* notify_multi by read(): one record, or all queued ones. */
#include <unistd.h>

#include "notify.h"

static int notify_read_batch(struct reader *reader, void *buffer, unsigned int count)
{
	ssize_t bytes = read(reader->fd, buffer, count * reader->bench->stride);

	return bytes < 0 ? 0 : bytes / reader->bench->stride;
}

const struct peer notify_read_peer = {
	NOTIFY_PEER,
	.way = "read",
	.about = "read(); a batch by one read()",
	.start = notify_start,
	.stop = notify_stop,
	.open = notify_open,
	.read = packet_read,
	.batch = notify_read_batch,
	.check = notify_check,
};
