// SPDX-License-Identifier: GPL-2.0
/*
 * Discovery messages of Home Assistant's MQTT integration.
 */

#include "mqtt_home_assistant.h"

#include "mqtt_text.h"
#include "print.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_string(const char *text)
{
	print_json_string(text, strlen(text));
}

static void print_member(const char *name, const char *value)
{
	print(",\"%s\":", name);
	print_string(value);
}

/* Home Assistant accepts only these characters in the topic. */
static void print_id(const char *text)
{
	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || *text == '_' || *text == '-')
			print_char(*text);
		else
			print("_%02x", (unsigned char)*text);
	}
}

static void print_device_id(const struct topic_values *line)
{
	print("notify_");
	print_id(line->host);
	print_char('_');
	print_id(line->device);
}

static void print_line_id(const struct topic_values *line)
{
	print_device_id(line);
	print("_%u", line->line);
}

static char *discovery_topic(const char *prefix, const struct topic_values *line)
{
	const char *text;
	size_t length;

	text_begin();
	print("%s/binary_sensor/", prefix);
	print_line_id(line);
	print("/config");
	text = text_end(&length);
	return strndup(text, length);
}

static void print_device(const struct topic_values *line, const char *model)
{
	char *name;

	if (asprintf(&name, "%s %s", line->host, line->device) < 0)
		name = NULL;
	print(",\"device\":{\"identifiers\":[\"");
	print_device_id(line);
	print("\"],\"name\":");
	print_string(name ?: line->device);
	free(name);
	print_member("model", model);
	print(",\"manufacturer\":\"notify_multi\",\"sw_version\":\"" NOTIFY_MULTI_VERSION "\"}");
}

void home_assistant_add(struct retained_set *set, const char *prefix,
			const struct topic_values *line, const char *model, const char *state,
			const char *availability)
{
	char *topic = discovery_topic(prefix, line);
	const char *text;
	size_t length;

	text_begin();
	print("{\"name\":");
	print_string(line->name);
	print(",\"unique_id\":\"");
	print_line_id(line);
	print_char('"');
	print_member("state_topic", state);
	print(",\"payload_on\":\"1\",\"payload_off\":\"0\"");
	print_member("availability_topic", availability);
	print(",\"payload_available\":\"online\",\"payload_not_available\":\"offline\",\"qos\":1");
	print_device(line, model);
	print(",\"origin\":{\"name\":\"notify-mqtt\",\"sw_version\":\"" NOTIFY_MULTI_VERSION
	      "\"}}");
	text = text_end(&length);
	retained_add(set, topic, text, length);
}

char *home_assistant_birth_topic(const char *prefix)
{
	char *topic;

	return asprintf(&topic, "%s/status", prefix) < 0 ? NULL : topic;
}
