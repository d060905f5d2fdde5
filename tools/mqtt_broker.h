/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connection to an MQTT broker.
 *
 * A thread connects and exchanges data, because a connection attempt or a look-up of a name can
 * block. It writes its events to a pipe, and otherwise shares only @stopping with the callers.
 */
#ifndef MQTT_BROKER_H
#define MQTT_BROKER_H

#include "notifycat.h"

#include <stdatomic.h>

struct mosquitto;
struct mqtt_options;

enum broker_event_type {
	BROKER_CONNECTED,
	BROKER_DISCONNECTED,
	BROKER_CONFIRMED,	/* @id is that of a message. */
	BROKER_BIRTH,		/* Home Assistant is online. */
};

struct broker_event {
	uint32_t type;
	int32_t id;
};

/*
 * @name: Name of the device, for messages.
 * @birth_topic: Topic of Home Assistant's birth message, or NULL.
 * @events: Pipe of struct broker_event.
 * @stopping: The end of the connection is not reported.
 * @delay: Seconds until the next attempt to connect; only for the thread.
 */
struct broker {
	const struct mqtt_options *options;
	const char *name;
	const char *birth_topic;
	struct mosquitto *client;
	int events[2];
	atomic_bool stopping;
	unsigned int delay;
};

/* Create a client whose last will is "offline". Return false after reporting an error. */
bool broker_init(struct broker *broker, const char *id, const char *will_topic);

/* Connect, and connect again indefinitely. Return false after reporting an error. */
bool broker_start(struct broker *broker);

/* Return false if there is no further event. */
bool broker_next_event(struct broker *broker, struct broker_event *event);

/*
 * Send a message with QoS 1. Return its id. It is sent again on each connection until it is
 * confirmed. Exit if it cannot be sent.
 */
int broker_publish(struct broker *broker, const char *topic, const char *text, size_t length,
		   bool retain);

/* Disconnect without the last will. */
void broker_disconnect(struct broker *broker);

#endif /* MQTT_BROKER_H */
