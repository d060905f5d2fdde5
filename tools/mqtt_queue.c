// SPDX-License-Identifier: GPL-2.0
/*
 * Bounded queue of the messages that were not sent yet.
 */

#include "mqtt_queue.h"

#include "message.h"

#include <stdlib.h>
#include <string.h>

void queue_init(struct queue *queue, size_t max_messages, size_t max_bytes)
{
	*queue = (struct queue){
		.max_messages = max_messages,
		.max_bytes = max_bytes,
		.end = &queue->oldest,
	};
}

void queue_drop(struct queue *queue, uint64_t packets)
{
	queue->dropped += packets;
	queue->total += packets;
}

static size_t queued_size(size_t length)
{
	return sizeof(struct queued) + length + QUEUED_SPACE;
}

static void drop_oldest(struct queue *queue)
{
	struct queued *oldest = queue_pop(queue);

	queue_drop(queue, oldest->packets);
	free(oldest);
}

void queue_push(struct queue *queue, const char *text, size_t length, uint64_t packets)
{
	const size_t size = queued_size(length);
	struct queued *new = malloc(size);

	if (!new) {
		message("out of memory");
		exit(EXIT_FAILED);
	}
	while (queue->oldest && (queue->messages >= queue->max_messages ||
				 queue->bytes + size > queue->max_bytes))
		drop_oldest(queue);
	new->next = NULL;
	new->packets = packets;
	new->length = length;
	memcpy(new->text, text, length);
	*queue->end = new;
	queue->end = &new->next;
	queue->messages++;
	queue->bytes += size;
}

struct queued *queue_pop(struct queue *queue)
{
	struct queued *oldest = queue->oldest;

	if (!oldest)
		return NULL;
	queue->oldest = oldest->next;
	if (!queue->oldest)
		queue->end = &queue->oldest;
	queue->messages--;
	queue->bytes -= queued_size(oldest->length);
	return oldest;
}
