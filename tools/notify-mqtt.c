// SPDX-License-Identifier: GPL-2.0
/*
 * notify-mqtt: publishes the lines of standard input to an MQTT broker, each at least once.
 *
 * It reads no line while the broker is unreachable or too many messages are unconfirmed. The lines
 * then stay in the pipe, and packets in the queue of the device that notifycat has open.
 */

#include <errno.h>
#include <getopt.h>
#include <mosquitto.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEPALIVE_SECONDS	60
#define MAX_DELAY_SECONDS	60
#define LOOP_MS			1000
#define MAX_UNCONFIRMED		100
#define EXIT_USAGE		2

struct broker {
	struct mosquitto *client;
	const char *host;
	int port;
};

struct options {
	struct broker broker;
	const char *id, *topic, *user, *password_file;
	const char *cafile, *capath, *cert, *key;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool connected;
	unsigned int unconfirmed;
} state = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void message(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void message(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("notify-mqtt: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

static const char *error_text(int error)
{
	return error == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(error);
}

/* -- State ----------------------------------------------------------------- */

static void set_connected(bool connected)
{
	pthread_mutex_lock(&state.lock);
	state.connected = connected;
	pthread_cond_signal(&state.changed);
	pthread_mutex_unlock(&state.lock);
}

static void add_unconfirmed(int count)
{
	pthread_mutex_lock(&state.lock);
	state.unconfirmed += count;
	pthread_cond_signal(&state.changed);
	pthread_mutex_unlock(&state.lock);
}

/* Wait until the broker is connected and at most @max messages are unconfirmed. */
static void wait_for_broker(unsigned int max)
{
	pthread_mutex_lock(&state.lock);
	while (!state.connected || state.unconfirmed > max)
		pthread_cond_wait(&state.changed, &state.lock);
	pthread_mutex_unlock(&state.lock);
}

/* Seconds until the next attempt to connect; only for the network thread and its callbacks. */
static unsigned int delay = 1;

static void on_connect(struct mosquitto *client, void *data, int result)
{
	(void)client;
	(void)data;
	if (result) {
		message("%s", mosquitto_connack_string(result));
		return;
	}
	delay = 1;
	set_connected(true);
}

static void on_publish(struct mosquitto *client, void *data, int id)
{
	(void)client;
	(void)data;
	(void)id;
	add_unconfirmed(-1);
}

/* -- Network --------------------------------------------------------------- */

/* Exchange messages until the connection ends; return why. */
static int converse(struct mosquitto *client)
{
	int error;

	do {
		error = mosquitto_loop(client, LOOP_MS, 1);
	} while (!error);
	set_connected(false);
	return error;
}

/* The library resends unconfirmed messages on each new connection. */
static void *network(void *data)
{
	const struct broker *broker = data;
	int error = mosquitto_connect(broker->client, broker->host, broker->port,
				      KEEPALIVE_SECONDS);

	for (;;) {
		if (!error)
			error = converse(broker->client);
		message("%s: %s", broker->host, error_text(error));
		sleep(delay);
		delay = delay < MAX_DELAY_SECONDS / 2 ? 2 * delay : MAX_DELAY_SECONDS;
		error = mosquitto_reconnect(broker->client);
	}
	return NULL;
}

/* -- Options --------------------------------------------------------------- */

static void usage(FILE *out)
{
	fputs("Usage: notifycat -f json DEVICE | notify-mqtt --topic TOPIC [OPTION]...\n"
	      "\n"
	      "Publish each line of standard input to an MQTT broker, with QoS 1.\n"
	      "\n"
	      "  -h, --host HOST           broker (default localhost)\n"
	      "  -p, --port PORT           port (default 1883; 8883 with --cafile or --capath)\n"
	      "  -t, --topic TOPIC         topic\n"
	      "  -i, --id ID               id of the client (default: random)\n"
	      "  -u, --username NAME       name of the user\n"
	      "      --password-file FILE  file whose first line is the password\n"
	      "      --cafile FILE, --capath DIRECTORY\n"
	      "                            use TLS, with these certificates of authorities\n"
	      "      --cert FILE, --key FILE\n"
	      "                            certificate and key of the client\n"
	      "      --help                print this text\n", out);
}

enum {
	OPTION_PASSWORD_FILE = 256, OPTION_CAFILE, OPTION_CAPATH, OPTION_CERT, OPTION_KEY,
	OPTION_HELP,
};

static const struct option long_options[] = {
	{ "host", required_argument, NULL, 'h' },
	{ "port", required_argument, NULL, 'p' },
	{ "topic", required_argument, NULL, 't' },
	{ "id", required_argument, NULL, 'i' },
	{ "username", required_argument, NULL, 'u' },
	{ "password-file", required_argument, NULL, OPTION_PASSWORD_FILE },
	{ "cafile", required_argument, NULL, OPTION_CAFILE },
	{ "capath", required_argument, NULL, OPTION_CAPATH },
	{ "cert", required_argument, NULL, OPTION_CERT },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ }
};

static int parse_port(const char *text)
{
	char *end;
	long port = strtol(text, &end, 10);

	if (*end || port < 1 || port > 65535) {
		message("invalid port: %s", text);
		exit(EXIT_USAGE);
	}
	return port;
}

static void parse_option(struct options *options, int option)
{
	switch (option) {
	case 'h':
		options->broker.host = optarg;
		break;
	case 'p':
		options->broker.port = parse_port(optarg);
		break;
	case 't':
		options->topic = optarg;
		break;
	case 'i':
		options->id = optarg;
		break;
	case 'u':
		options->user = optarg;
		break;
	case OPTION_PASSWORD_FILE:
		options->password_file = optarg;
		break;
	case OPTION_CAFILE:
		options->cafile = optarg;
		break;
	case OPTION_CAPATH:
		options->capath = optarg;
		break;
	case OPTION_CERT:
		options->cert = optarg;
		break;
	case OPTION_KEY:
		options->key = optarg;
		break;
	case OPTION_HELP:
		usage(stdout);
		exit(EXIT_SUCCESS);
	default:
		usage(stderr);
		exit(EXIT_USAGE);
	}
}

static struct options parse_options(int argc, char **argv)
{
	struct options options = { .broker.host = "localhost" };
	int option;

	while ((option = getopt_long(argc, argv, "h:p:t:i:u:", long_options, NULL)) != -1)
		parse_option(&options, option);
	if (optind < argc || !options.topic) {
		usage(stderr);
		exit(EXIT_USAGE);
	}
	if (!options.broker.port)
		options.broker.port = options.cafile || options.capath ? 8883 : 1883;
	return options;
}

/* -- Set-up ---------------------------------------------------------------- */

static void require(int error, const char *what)
{
	if (!error)
		return;
	message("%s: %s", what, error_text(error));
	exit(EXIT_FAILURE);
}

static void set_login(struct mosquitto *client, const struct options *options)
{
	FILE *file = options->password_file ? fopen(options->password_file, "r") : NULL;
	char *password = NULL;
	size_t size = 0;

	if (options->password_file &&
	    (!file || getline(&password, &size, file) < 0))
		require(MOSQ_ERR_ERRNO, options->password_file);
	if (password)
		password[strcspn(password, "\n")] = '\0';
	require(mosquitto_username_pw_set(client, options->user, password), "user name");
	free(password);
	if (file)
		fclose(file);
}

static struct mosquitto *create_client(const struct options *options)
{
	struct mosquitto *client;

	mosquitto_lib_init();
	client = mosquitto_new(options->id, true, NULL);
	if (!client)
		require(MOSQ_ERR_ERRNO, "client");
	if (options->user)
		set_login(client, options);
	if (options->cafile || options->capath)
		require(mosquitto_tls_set(client, options->cafile, options->capath, options->cert,
					  options->key, NULL), "TLS");
	mosquitto_threaded_set(client, true);
	mosquitto_connect_callback_set(client, on_connect);
	mosquitto_publish_callback_set(client, on_publish);
	return client;
}

static void start_network(struct broker *broker)
{
	pthread_t thread;
	int error = pthread_create(&thread, NULL, network, broker);

	if (!error)
		return;
	message("thread: %s", strerror(error));
	exit(EXIT_FAILURE);
}

/* -- Publishing ------------------------------------------------------------ */

static void publish(struct mosquitto *client, const char *topic, const char *line, size_t bytes)
{
	int error;

	wait_for_broker(MAX_UNCONFIRMED - 1);
	add_unconfirmed(1);
	error = mosquitto_publish(client, NULL, topic, bytes, line, 1, false);
	/* Without a connection, the library keeps the message. */
	if (error != MOSQ_ERR_NO_CONN)
		require(error, "publish");
}

int main(int argc, char **argv)
{
	struct options options = parse_options(argc, argv);
	struct mosquitto *client = create_client(&options);
	char *line = NULL;
	size_t size = 0;
	ssize_t bytes;

	signal(SIGPIPE, SIG_IGN);
	options.broker.client = client;
	start_network(&options.broker);
	while ((bytes = getline(&line, &size, stdin)) >= 0)
		publish(client, options.topic, line, bytes - (line[bytes - 1] == '\n'));
	if (ferror(stdin))
		require(MOSQ_ERR_ERRNO, "standard input");
	wait_for_broker(0);
	mosquitto_disconnect(client);
	return EXIT_SUCCESS;
}
