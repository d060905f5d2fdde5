/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Discovery messages of Home Assistant's MQTT integration.
 */
#ifndef MQTT_HOME_ASSISTANT_H
#define MQTT_HOME_ASSISTANT_H

#include "mqtt_retained.h"
#include "mqtt_topic.h"

/*
 * Add the discovery message that lets a line be a binary sensor.
 * @prefix: Prefix of discovery topics.
 * @model: Driver of the device.
 * @state: Topic of the level.
 * @availability: Topic of the availability.
 */
void home_assistant_add(struct retained_set *set, const char *prefix,
			const struct topic_values *line, const char *model, const char *state,
			const char *availability);

/* Return the topic on which Home Assistant sends its birth message, or NULL if out of memory. */
char *home_assistant_birth_topic(const char *prefix);

#endif /* MQTT_HOME_ASSISTANT_H */
