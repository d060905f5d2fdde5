// SPDX-License-Identifier: GPL-2.0
/*
 * Retained messages.
 */

#include "mqtt_retained.h"

#include "message.h"
#include "mqtt_broker.h"

#include <stdlib.h>
#include <string.h>

static void *need(void *memory)
{
	if (memory)
		return memory;
	message("out of memory");
	exit(EXIT_FAILED);
}

void retained_add(struct retained_set *set, char *topic, const char *text, size_t length)
{
	struct retained *retained;

	set->list = need(realloc(set->list, (set->count + 1) * sizeof(*set->list)));
	retained = &set->list[set->count++];
	*retained = (struct retained){
		.topic = need(topic),
		.text = need(strndup(text, length)),
		.changed = true,
	};
}

void retained_change(struct retained *retained, const char *text)
{
	if (!strcmp(retained->text, text))
		return;
	free(retained->text);
	retained->text = need(strdup(text));
	retained->changed = true;
}

void retained_renew(struct retained_set *set, size_t first, size_t end)
{
	for (; first < end; first++)
		set->list[first].changed = true;
}

/* Return the id of the unconfirmed message of the topic, or 0. */
static int unconfirmed(const struct retained_set *set, const char *topic)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		if (!strcmp(set->list[i].topic, topic))
			return set->list[i].id;
	return 0;
}

void retained_replace(struct retained_set *set, struct retained_set *new)
{
	size_t i;

	for (i = 0; i < new->count; i++)
		new->list[i].id = unconfirmed(set, new->list[i].topic);
	for (i = 0; i < set->count; i++) {
		free(set->list[i].topic);
		free(set->list[i].text);
	}
	free(set->list);
	*set = *new;
	*new = (struct retained_set){ };
}

unsigned int retained_send(struct retained_set *set, struct broker *broker)
{
	struct retained *retained;
	unsigned int sent = 0;

	for (retained = set->list; retained < set->list + set->count; retained++) {
		if (!retained->changed || retained->id || !*retained->text)
			continue;
		retained->id = broker_publish(broker, retained->topic, retained->text,
					      strlen(retained->text), true);
		retained->changed = false;
		sent++;
	}
	return sent;
}

void retained_confirmed(struct retained_set *set, int id)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		if (set->list[i].id == id)
			set->list[i].id = 0;
}
