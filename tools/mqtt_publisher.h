/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Publisher of one device: moves packets from the device to a queue of messages, and messages to
 * the broker. Each device has its own connection, because a connection has only one last will.
 */
#ifndef MQTT_PUBLISHER_H
#define MQTT_PUBLISHER_H

#include "device.h"
#include "mqtt_broker.h"
#include "mqtt_queue.h"
#include "mqtt_retained.h"

/*
 * @waiting: The absence of the device was reported.
 * @retained: Discovery messages if enabled, then levels of lines, then the availability.
 * @first_level: Index of the level of line 0.
 * @levels_seq: The levels are those after this packet.
 * @unconfirmed: Number of messages that the broker has not confirmed.
 * @reported: Number of dropped packets that were reported, at time @reported_at.
 */
struct publisher {
	const struct mqtt_options *options;
	struct device device;
	struct broker broker;
	struct queue queue;
	char *topic;
	bool waiting;
	bool connected;
	struct retained_set retained;
	size_t first_level;
	uint64_t levels_seq;
	unsigned int unconfirmed;
	uint64_t reported;
	uint64_t reported_at;
};

/* Return false after reporting an error, as do the functions below. */
bool publisher_init(struct publisher *publisher, const struct mqtt_options *options,
		    const char *device);

/* Open the device if it is present. */
bool publisher_open(struct publisher *publisher);

/* Move packets to the queue. A device that is removed is closed. */
bool publisher_read(struct publisher *publisher);

/* Move all packets to the queue that are in the kernel's queue now, and close the device. */
void publisher_finish(struct publisher *publisher);

/* Process the events of the connection. */
void publisher_process_events(struct publisher *publisher);

/* Send messages if the broker is connected. */
void publisher_send(struct publisher *publisher);

void publisher_set_available(struct publisher *publisher, bool available);

/* Return true if the broker has confirmed all messages. */
bool publisher_is_done(const struct publisher *publisher);

/* Report dropped packets, at most once in ten seconds unless @now. */
void publisher_report_drops(struct publisher *publisher, bool now);

#endif /* MQTT_PUBLISHER_H */
