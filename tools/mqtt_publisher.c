// SPDX-License-Identifier: GPL-2.0
/*
 * Publisher of one device.
 */

#include "mqtt_publisher.h"

#include "clock.h"
#include "follow.h"
#include "format.h"
#include "message.h"
#include "mqtt_home_assistant.h"
#include "mqtt_options.h"
#include "mqtt_text.h"
#include "mqtt_topic.h"
#include "reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* Time that udev may need to make a node accessible. */
#define ACCESS_NS	(10 * NS_PER_SECOND)
#define REPORT_NS	(10 * NS_PER_SECOND)

#define NAME_BYTES	(NOTIFY_GPIO_NAME_SIZE + 16)

static const struct output output = { .wall_clock = true };

static struct topic_values topic_values(const struct publisher *publisher)
{
	return (struct topic_values){
		.host = publisher->options->host_name,
		.boot = publisher->options->boot,
		.device = publisher->device.node.name,
	};
}

/* -- Retained messages ------------------------------------------------------- */

static bool name_is_unique(const struct gpio_lines *lines, size_t line)
{
	size_t i;

	for (i = 0; i < lines->count; i++)
		if (i != line && !strcmp(lines->names[i], lines->names[line]))
			return false;
	return true;
}

/* Lines without a name are "line0" ...; lines with the same name have their number, too. */
static void line_name(const struct gpio_lines *lines, size_t line, char name[NAME_BYTES])
{
	if (!*lines->names[line])
		snprintf(name, NAME_BYTES, "line%zu", line);
	else if (name_is_unique(lines, line))
		snprintf(name, NAME_BYTES, "%s", lines->names[line]);
	else
		snprintf(name, NAME_BYTES, "%s-%zu", lines->names[line], line);
}

static void add_line(const struct publisher *publisher, struct retained_set *discovery,
		     struct retained_set *levels, size_t line)
{
	const struct mqtt_options *options = publisher->options;
	struct topic_values values = topic_values(publisher);
	char name[NAME_BYTES];
	char *availability;

	line_name(publisher->device.lines, line, name);
	values.line = line;
	values.name = name;
	retained_add(levels, topic_expand(options->level_topic, &values), "", 0);
	if (!options->discovery)
		return;
	availability = topic_expand(options->availability_topic, &values);
	home_assistant_add(discovery, options->discovery, &values, publisher->device.driver,
			   levels->list[line].topic, availability ?: "");
	free(availability);
}

static void move_all(struct retained_set *to, struct retained_set *from)
{
	size_t i;

	for (i = 0; i < from->count; i++) {
		retained_add(to, from->list[i].topic, from->list[i].text,
			     strlen(from->list[i].text));
		free(from->list[i].text);
	}
	free(from->list);
}

/* Prepare the retained messages of a device that was opened, or is not present yet. */
static void prepare_retained(struct publisher *publisher, const char *availability)
{
	const struct topic_values values = topic_values(publisher);
	const struct device *device = &publisher->device;
	struct retained_set set = { }, levels = { };
	size_t i;

	for (i = 0; device->fd >= 0 && device_is_gpio(device) && i < device->lines->count; i++)
		add_line(publisher, &set, &levels, i);
	publisher->first_level = set.count;
	move_all(&set, &levels);
	retained_add(&set, topic_expand(publisher->options->availability_topic, &values),
		     availability, strlen(availability));
	retained_replace(&publisher->retained, &set);
}

static void set_levels(struct publisher *publisher, uint64_t levels)
{
	struct retained_set *set = &publisher->retained;
	size_t i;

	for (i = publisher->first_level; i + 1 < set->count; i++, levels >>= 1)
		retained_change(&set->list[i], levels & 1 ? "1" : "0");
}

/* The levels now, which are newer than those in replayed packets. */
static void get_levels(struct publisher *publisher)
{
	struct notify_gpio_levels levels;

	publisher->levels_seq = 0;
	if (!device_is_gpio(&publisher->device) ||
	    ioctl(publisher->device.fd, NOTIFY_GPIO_IOC_GET_LEVELS, &levels))
		return;
	publisher->levels_seq = levels.seq;
	set_levels(publisher, levels.levels);
}

void publisher_set_available(struct publisher *publisher, bool available)
{
	struct retained_set *set = &publisher->retained;

	retained_change(&set->list[set->count - 1], available ? "online" : "offline");
}

/* -- Packets ---------------------------------------------------------------- */

/* Queue an event of the device, without the end of the line. */
static void queue_event(struct publisher *publisher, const char *text, size_t length)
{
	queue_push(&publisher->queue, text, length - strlen("\n"), 0);
}

static void queue_added(struct publisher *publisher)
{
	struct device *device = &publisher->device;
	const char *text;
	uint64_t missed;
	size_t length;
	bool known = device_missed(device, &missed);

	text_begin();
	json_format.added(&output, device, known ? &missed : NULL);
	text = text_end(&length);
	queue_event(publisher, text, length);
}

static void queue_removed(struct publisher *publisher)
{
	const char *text;
	size_t length;

	text_begin();
	json_format.removed(&output, &publisher->device);
	text = text_end(&length);
	queue_event(publisher, text, length);
}

/* A member is added when the packet is sent: see send_message(). */
static void queue_packet(struct publisher *publisher, const struct notify_multi_record *record)
{
	const struct notify_gpio_event *event = (const void *)(record + 1);
	const struct device *device = &publisher->device;
	const char *text;
	size_t length;

	text_begin();
	json_format.packet(&output, device, record);
	text = text_end(&length);
	queue_push(&publisher->queue, text, length - strlen("}\n"),
		   UINT64_C(1) + record->dropped);
	if (device_is_gpio(device) && record->seq > publisher->levels_seq)
		set_levels(publisher, event->levels);
}

static void queue_batch(struct publisher *publisher)
{
	const struct notify_multi_record *record;

	while ((record = device_peek(&publisher->device))) {
		queue_packet(publisher, record);
		device_advance(&publisher->device);
	}
}

/* -- Device ----------------------------------------------------------------- */

static void report_waiting(struct publisher *publisher, const char *reason)
{
	if (!publisher->waiting)
		message("%s: %s, waiting", publisher->device.node.name, reason);
	publisher->waiting = true;
}

static bool cannot_open(struct publisher *publisher, int error)
{
	struct device *device = &publisher->device;

	if (follow_may_appear(error)) {
		device->denied = 0;
		report_waiting(publisher, "not present");
		return true;
	}
	if (error == EACCES) {
		if (!device->denied)
			device->denied = clock_monotonic();
		report_waiting(publisher, strerror(error));
		if (clock_monotonic() - device->denied < ACCESS_NS)
			return true;
	}
	device_perror(device, error);
	return false;
}

/* Watch before open(), to not miss the creation of the node. */
bool publisher_open(struct publisher *publisher)
{
	struct device *device = &publisher->device;
	int error;

	if (device->fd >= 0)
		return true;
	error = follow_path(device->node.path);
	if (!error)
		error = device_open(device);
	if (error)
		return cannot_open(publisher, error);
	device->denied = 0;
	prepare_retained(publisher, "online");
	get_levels(publisher);
	if (publisher->waiting) {
		message("%s: available", device->node.name);
		queue_added(publisher);
	}
	publisher->waiting = false;
	return true;
}

static bool close_removed(struct publisher *publisher, int error)
{
	struct device *device = &publisher->device;

	device_close(device);
	publisher_set_available(publisher, false);
	queue_removed(publisher);
	if (error != ENODEV) {
		device_perror(device, error);
		return false;
	}
	report_waiting(publisher, "removed");
	return true;
}

bool publisher_read(struct publisher *publisher)
{
	struct device *device = &publisher->device;
	int error;

	if (device->fd < 0)
		return true;
	error = device_fill(device);
	if (error && device_packet_failed(device, error)) {
		queue_drop(&publisher->queue, 1);
		return true;
	}
	if (error)
		return close_removed(publisher, error);
	queue_batch(publisher);
	return true;
}

void publisher_finish(struct publisher *publisher)
{
	struct device *device = &publisher->device;
	uint64_t left;

	if (device->fd < 0)
		return;
	for (left = device->info.max_packets; left; left--) {
		if (device_fill(device) || !device_peek(device))
			break;
		queue_batch(publisher);
	}
	device_close(device);
}

/* -- Broker ----------------------------------------------------------------- */

static void process_event(struct publisher *publisher, const struct broker_event *event)
{
	struct retained_set *set = &publisher->retained;

	switch (event->type) {
	case BROKER_CONNECTED:
		/* The broker may have discarded its state, and has published the last will. */
		publisher->connected = true;
		retained_renew(set, 0, set->count);
		break;
	case BROKER_DISCONNECTED:
		publisher->connected = false;
		break;
	case BROKER_CONFIRMED:
		publisher->unconfirmed--;
		retained_confirmed(set, event->id);
		break;
	case BROKER_BIRTH:
		retained_renew(set, 0, publisher->first_level);
		break;
	}
}

void publisher_process_events(struct publisher *publisher)
{
	struct broker_event event;

	while (broker_next_event(&publisher->broker, &event))
		process_event(publisher, &event);
}

/* Complete a packet by the number of packets that are missing before it. */
static void send_message(struct publisher *publisher, struct queued *message)
{
	struct queue *queue = &publisher->queue;

	if (message->packets) {
		message->length += snprintf(message->text + message->length, QUEUED_SPACE,
					    ",\"dropped_unsent\":%" PRIu64 "}", queue->dropped);
		queue->dropped = 0;
	}
	broker_publish(&publisher->broker, publisher->topic, message->text, message->length,
		       false);
	publisher->unconfirmed++;
	free(message);
}

void publisher_send(struct publisher *publisher)
{
	struct queued *message;

	if (!publisher->connected)
		return;
	publisher->unconfirmed += retained_send(&publisher->retained, &publisher->broker);
	while (publisher->unconfirmed < publisher->options->max_unconfirmed) {
		message = queue_pop(&publisher->queue);
		if (!message)
			break;
		send_message(publisher, message);
	}
}

bool publisher_is_done(const struct publisher *publisher)
{
	return !publisher->queue.messages && !publisher->unconfirmed;
}

void publisher_report_drops(struct publisher *publisher, bool now)
{
	const uint64_t total = publisher->queue.total;
	const uint64_t time = clock_monotonic();

	if (total == publisher->reported ||
	    (!now && publisher->reported_at && time - publisher->reported_at < REPORT_NS))
		return;
	message("%s: queue of unsent messages is full: %" PRIu64 " packets dropped",
		publisher->device.node.name, total - publisher->reported);
	publisher->reported = total;
	publisher->reported_at = time;
}

/* -- Set-up ----------------------------------------------------------------- */

static bool init_broker(struct publisher *publisher)
{
	const struct mqtt_options *options = publisher->options;
	const struct topic_values values = topic_values(publisher);
	struct broker *broker = &publisher->broker;
	char *id = topic_expand(options->id, &values);
	char *will = topic_expand(options->availability_topic, &values);
	bool good;

	publisher->topic = topic_expand(options->topic, &values);
	broker->options = options;
	broker->name = publisher->device.node.name;
	if (options->discovery)
		broker->birth_topic = home_assistant_birth_topic(options->discovery);
	if (!id || !will || !publisher->topic || (options->discovery && !broker->birth_topic))
		good = report_error("out of memory");
	else
		good = broker_init(broker, id, will) && broker_start(broker);
	free(id);
	free(will);
	return good;
}

bool publisher_init(struct publisher *publisher, const struct mqtt_options *options,
		    const char *device)
{
	publisher->options = options;
	if (!device_init(&publisher->device, device))
		return report_error("out of memory");
	publisher->device.reader = &read_reader;
	publisher->device.queue = options->queue;
	publisher->device.decode = options->decode;
	queue_init(&publisher->queue, options->queue_messages, options->queue_bytes);
	prepare_retained(publisher, "offline");
	return init_broker(publisher);
}
