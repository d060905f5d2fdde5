// SPDX-License-Identifier: GPL-2.0
/*
 * Topics from templates.
 */

#include "mqtt_topic.h"

#include "message.h"

#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keeps topics below MQTT's limit of 65535 bytes. */
#define MAX_TEMPLATE	500

static const struct {
	const char *name;
	enum topic_field field;
} fields[] = {
	{ "{host}", TOPIC_HOST },
	{ "{boot}", TOPIC_BOOT },
	{ "{device}", TOPIC_DEVICE },
	{ "{line}", TOPIC_LINE },
	{ "{name}", TOPIC_NAME },
};

/* Return the field at the beginning of the text and its length, or 0. */
static int find_field(const char *text, size_t *length)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		*length = strlen(fields[i].name);
		if (!strncmp(text, fields[i].name, *length))
			return fields[i].field;
	}
	return 0;
}

static int bad_template(const char *option, const char *template, const char *problem)
{
	message("--%s: %s: %s", option, problem, template);
	return -1;
}

static int check_text(const char *option, const char *template)
{
	const size_t length = strlen(template);

	if (!length || length > MAX_TEMPLATE)
		return bad_template(option, template, "length must be 1 to 500");
	if (strpbrk(template, "+#"))
		return bad_template(option, template, "wildcard in a topic");
	/* Topics of the broker. */
	if (*template == '$')
		return bad_template(option, template, "topic begins with $");
	if (mosquitto_validate_utf8(template, length))
		return bad_template(option, template, "invalid UTF-8");
	return 0;
}

int topic_check(const char *option, const char *template, int allowed)
{
	const char *at = template;
	size_t length;
	int mask = 0, field;

	if (check_text(option, template))
		return -1;
	while ((at = strpbrk(at, "{}"))) {
		field = find_field(at, &length);
		if (!(field & allowed))
			return bad_template(option, template, "unknown field");
		mask |= field;
		at += length;
	}
	return mask;
}

/* Return the length of the UTF-8 character at @text, or 0. */
static size_t character(const char *text)
{
	size_t length;

	for (length = 1; length <= 4 && text[length - 1]; length++)
		if (!mosquitto_validate_utf8(text, length))
			return length;
	return 0;
}

static void add_value(FILE *out, const char *value)
{
	size_t length;

	while (*value) {
		length = character(value);
		if (!length || strchr("/+#%$\x7f", *value) || (unsigned char)*value < 0x20) {
			fprintf(out, "%%%02X", (unsigned char)*value);
			length = 1;
		} else {
			fwrite(value, 1, length, out);
		}
		value += length;
	}
}

static void add_field(FILE *out, int field, const struct topic_values *values)
{
	switch (field) {
	case TOPIC_HOST:
		add_value(out, values->host);
		break;
	case TOPIC_BOOT:
		add_value(out, values->boot);
		break;
	case TOPIC_DEVICE:
		add_value(out, values->device);
		break;
	case TOPIC_LINE:
		fprintf(out, "%u", values->line);
		break;
	case TOPIC_NAME:
		add_value(out, values->name);
		break;
	default:
		break;
	}
}

char *topic_expand(const char *template, const struct topic_values *values)
{
	char *topic = NULL;
	size_t size, length;
	FILE *out = open_memstream(&topic, &size);
	int field;

	if (!out)
		return NULL;
	while (*template) {
		field = find_field(template, &length);
		if (field) {
			add_field(out, field, values);
			template += length;
		} else {
			fputc(*template++, out);
		}
	}
	if (!fclose(out))
		return topic;
	free(topic);
	return NULL;
}
