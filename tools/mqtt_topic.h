/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Topics from templates such as "notify/{host}/{boot}/{device}".
 */
#ifndef MQTT_TOPIC_H
#define MQTT_TOPIC_H

#include "notifycat.h"

enum topic_field {
	TOPIC_HOST	= 1 << 0,
	TOPIC_BOOT	= 1 << 1,
	TOPIC_DEVICE	= 1 << 2,
	TOPIC_LINE	= 1 << 3,
	TOPIC_NAME	= 1 << 4,
};

#define TOPIC_OF_DEVICE	(TOPIC_HOST | TOPIC_BOOT | TOPIC_DEVICE)
#define TOPIC_OF_LINE	(TOPIC_OF_DEVICE | TOPIC_LINE | TOPIC_NAME)

/* @line, @name: Number and name of a line. */
struct topic_values {
	const char *host;
	const char *boot;
	const char *device;
	unsigned int line;
	const char *name;
};

/*
 * Check the template given by an option. Return a mask of its fields, all of them in @allowed, or
 * -1 after reporting an error.
 */
int topic_check(const char *option, const char *template, int allowed);

/*
 * Return the topic, or NULL if out of memory. In values, "%" and two digits replace characters that
 * are special in a topic, control characters, and bytes that are no UTF-8.
 */
char *topic_expand(const char *template, const struct topic_values *values);

#endif /* MQTT_TOPIC_H */
