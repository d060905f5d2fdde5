/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bounded queue of the messages that were not sent yet.
 */
#ifndef MQTT_QUEUE_H
#define MQTT_QUEUE_H

#include "notifycat.h"

/* Bytes behind the text for the caller of queue_pop(). */
#define QUEUED_SPACE	48

/*
 * @packets: Packets that are missing if the message is dropped: its own, and those dropped from the
 *           device's queue before it; 0 for an event.
 */
struct queued {
	struct queued *next;
	uint64_t packets;
	size_t length;
	char text[];
};

/*
 * @dropped: Packets dropped and not yet reported by a message.
 * @total: Packets dropped.
 */
struct queue {
	size_t max_messages;
	size_t max_bytes;
	size_t messages;
	size_t bytes;
	uint64_t dropped;
	uint64_t total;
	struct queued *oldest;
	struct queued **end;
};

void queue_init(struct queue *queue, size_t max_messages, size_t max_bytes);

/* Append a message, and drop the oldest ones if the queue is full. Exit if out of memory. */
void queue_push(struct queue *queue, const char *text, size_t length, uint64_t packets);

/* Count packets that cannot be queued. */
void queue_drop(struct queue *queue, uint64_t packets);

/* Remove the oldest message and return it, or NULL. The caller frees it. */
struct queued *queue_pop(struct queue *queue);

#endif /* MQTT_QUEUE_H */
