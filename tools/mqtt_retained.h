/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Retained messages: of each topic, only the newest text is sent. A topic has at most one
 * unconfirmed message, so that no older text is sent again after a newer one.
 */
#ifndef MQTT_RETAINED_H
#define MQTT_RETAINED_H

#include "notifycat.h"

struct broker;

/*
 * @text: Not sent while it is empty.
 * @changed: The text must be sent.
 * @id: Id of the unconfirmed message, or 0.
 */
struct retained {
	char *topic;
	char *text;
	bool changed;
	int id;
};

struct retained_set {
	struct retained *list;
	size_t count;
};

/* Append a topic, whose memory is now the set's. Exit if out of memory, as below. */
void retained_add(struct retained_set *set, char *topic, const char *text, size_t length);

void retained_change(struct retained *retained, const char *text);

/* Send the topics from index @first to @end again. */
void retained_renew(struct retained_set *set, size_t first, size_t end);

/* Replace the set by @new, which is then empty. */
void retained_replace(struct retained_set *set, struct retained_set *new);

/* Send changed texts. Return the number of messages. */
unsigned int retained_send(struct retained_set *set, struct broker *broker);

void retained_confirmed(struct retained_set *set, int id);

#endif /* MQTT_RETAINED_H */
