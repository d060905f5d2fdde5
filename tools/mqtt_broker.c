// SPDX-License-Identifier: GPL-2.0
/*
 * Connection to an MQTT broker.
 */

#include "mqtt_broker.h"

#include "message.h"
#include "mqtt_options.h"

#include <errno.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define KEEPALIVE_SECONDS	60
#define LOOP_MS			1000

static const char *error_text(int error)
{
	return error == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(error);
}

static bool check(int error, const char *what)
{
	return !error || report_error("%s: %s", what, error_text(error));
}

/* -- Thread ----------------------------------------------------------------- */

/* The pipe cannot fill: it has space for more messages than can be unconfirmed. */
static void put_event(const struct broker *broker, enum broker_event_type type, int id)
{
	const struct broker_event event = { .type = type, .id = id };

	(void)!write(broker->events[1], &event, sizeof(event));
}

static void on_connect(struct mosquitto *client, void *data, int result)
{
	struct broker *broker = data;

	if (result) {
		message("%s: %s: %s", broker->name, broker->options->host,
			mosquitto_connack_string(result));
		return;
	}
	message("%s: connected to %s", broker->name, broker->options->host);
	broker->delay = 1;
	if (broker->birth_topic)
		mosquitto_subscribe(client, NULL, broker->birth_topic, 1);
	put_event(broker, BROKER_CONNECTED, 0);
}

static void on_publish(struct mosquitto *client, void *data, int id)
{
	(void)client;
	put_event(data, BROKER_CONFIRMED, id);
}

static void on_message(struct mosquitto *client, void *data, const struct mosquitto_message *birth)
{
	static const char online[] = "online";
	const int length = strlen(online);

	(void)client;
	if (birth->payloadlen == length && !memcmp(birth->payload, online, length))
		put_event(data, BROKER_BIRTH, 0);
}

/* OpenSSL's reasons are only logged. */
static void on_log(struct mosquitto *client, void *data, int level, const char *text)
{
	const struct broker *broker = data;

	(void)client;
	if (level == MOSQ_LOG_ERR)
		message("%s: %s", broker->name, text);
}

/* Exchange messages until the connection ends; return the error that ended it. */
static int converse(struct broker *broker)
{
	int error;

	do {
		error = mosquitto_loop(broker->client, LOOP_MS, 1);
	} while (!error);
	put_event(broker, BROKER_DISCONNECTED, 0);
	return error;
}

/* Sleep for a random time, so that the boards of a fleet do not connect at the same time. */
static void back_off(struct broker *broker)
{
	const unsigned int max = broker->options->max_delay;
	struct timespec pause;
	uint32_t random = 0;
	uint64_t ms;

	(void)!getrandom(&random, sizeof(random), 0);
	if (broker->delay > max)
		broker->delay = max;
	/* From a half to the whole delay. */
	ms = broker->delay * UINT64_C(500);
	ms += random % ms;
	pause = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	nanosleep(&pause, NULL);
	broker->delay *= 2;
}

/* The library sends unconfirmed messages again on each new connection. */
static void *network(void *data)
{
	struct broker *broker = data;
	const struct mqtt_options *options = broker->options;
	int error = mosquitto_connect(broker->client, options->host, options->port,
				      KEEPALIVE_SECONDS);

	for (;;) {
		if (!error)
			error = converse(broker);
		if (!broker->stopping)
			message("%s: %s: %s", broker->name, options->host, error_text(error));
		back_off(broker);
		error = mosquitto_reconnect(broker->client);
	}
	return NULL;
}

/* -- Set-up ---------------------------------------------------------------- */

static bool set_security(struct mosquitto *client, const struct mqtt_options *options)
{
	if (options->user &&
	    !check(mosquitto_username_pw_set(client, options->user, options->password),
		   "user name"))
		return false;
	if (!options->cafile && !options->capath)
		return true;
	return check(mosquitto_tls_set(client, options->cafile, options->capath, options->cert,
				       options->key, NULL), "TLS");
}

bool broker_init(struct broker *broker, const char *id, const char *will_topic)
{
	struct mosquitto *client = mosquitto_new(id, false, broker);

	broker->client = client;
	broker->delay = 1;
	if (!client || pipe2(broker->events, O_CLOEXEC) ||
	    fcntl(broker->events[0], F_SETFL, O_NONBLOCK))
		return check(MOSQ_ERR_ERRNO, broker->name);
	mosquitto_threaded_set(client, true);
	/* The caller limits the number of unconfirmed messages. */
	mosquitto_max_inflight_messages_set(client, 0);
	mosquitto_connect_callback_set(client, on_connect);
	mosquitto_publish_callback_set(client, on_publish);
	mosquitto_message_callback_set(client, on_message);
	mosquitto_log_callback_set(client, on_log);
	return set_security(client, broker->options) &&
	       check(mosquitto_will_set(client, will_topic, strlen("offline"), "offline", 1, true),
		     will_topic);
}

bool broker_start(struct broker *broker)
{
	sigset_t all, old;
	pthread_t thread;
	int error;

	/* Signals are for the main thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&thread, NULL, network, broker);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return !error || report_error("%s: %s", broker->name, strerror(error));
}

/* -- Use -------------------------------------------------------------------- */

bool broker_next_event(struct broker *broker, struct broker_event *event)
{
	return read(broker->events[0], event, sizeof(*event)) == sizeof(*event);
}

int broker_publish(struct broker *broker, const char *topic, const char *text, size_t length,
		   bool retain)
{
	int id = 0;
	int error = mosquitto_publish(broker->client, &id, topic, length, text, 1, retain);

	/* Without a connection, the library keeps the message. */
	if (error != MOSQ_ERR_NO_CONN && error != MOSQ_ERR_CONN_LOST && !check(error, topic))
		_exit(EXIT_FAILED);
	return id;
}

void broker_disconnect(struct broker *broker)
{
	broker->stopping = true;
	mosquitto_disconnect(broker->client);
}
