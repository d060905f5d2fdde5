/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MQTT_OPTIONS_H
#define MQTT_OPTIONS_H

#include "notifycat.h"

#include <limits.h>

struct layout;

#define BOOT_BYTES	64

/*
 * @password: Or NULL.
 * @max_delay: Maximum of seconds between attempts to connect.
 * @discovery: Prefix of Home Assistant's discovery topics, or NULL.
 * @queue: Length of the queue of each device; 0 for the one set by the source.
 * @decode: Layout of packets, or NULL.
 * @max_unconfirmed: Maximum of messages that were sent and not yet confirmed.
 * @stop_seconds: Time to send queued messages after a signal.
 */
struct mqtt_options {
	const char *host;
	int port;
	const char *id;
	const char *user;
	char *password;
	const char *cafile;
	const char *capath;
	const char *cert;
	const char *key;
	unsigned int max_delay;

	const char *topic;
	const char *level_topic;
	const char *availability_topic;
	const char *discovery;

	uint32_t queue;
	struct layout *decode;
	size_t queue_messages;
	size_t queue_bytes;
	unsigned int max_unconfirmed;
	unsigned int stop_seconds;

	char **devices;
	size_t devices_count;
	char host_name[HOST_NAME_MAX + 1];
	char boot[BOOT_BYTES];
};

/* Return false if the program ends, with *@status. */
bool mqtt_parse_options(struct mqtt_options *options, int argc, char **argv,
			enum exit_status *status);

#endif /* MQTT_OPTIONS_H */
