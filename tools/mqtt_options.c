// SPDX-License-Identifier: GPL-2.0
/*
 * Command line of notify-mqtt.
 */

#include "mqtt_options.h"

#include "layout_parse.h"
#include "message.h"
#include "mqtt_password.h"
#include "mqtt_topic.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A message with the largest packet needs less than the least value of --queue-bytes. */
#define MIN_QUEUE_BYTES		(1 << 20)
#define MAX_QUEUE_BYTES		(1 << 30)

static void usage(FILE *out)
{
	fputs("Usage: notify-mqtt [OPTION]... DEVICE...\n"
	      "\n"
	      "Publish the packets of devices to an MQTT broker. DEVICE is a name in\n"
	      "/dev/notify or a path.\n"
	      "\n"
	      "Broker:\n"
	      "  -h, --host HOST           host name, address, or path of a Unix socket\n"
	      "                            (default localhost)\n"
	      "  -p, --port PORT           port (default 1883; 8883 with --cafile or --capath)\n"
	      "  -i, --id ID               id of the client (default notify-{host}-{device})\n"
	      "  -u, --username NAME       name of the user\n"
	      "      --password-file FILE  file whose first line is the password\n"
	      "      --cafile FILE, --capath DIRECTORY\n"
	      "                            use TLS, with these certificates of authorities\n"
	      "      --cert FILE, --key FILE\n"
	      "                            certificate and key of the client\n"
	      "      --max-delay SECONDS   maximum between attempts to connect (default 60)\n"
	      "\n"
	      "Topics; fields are {host} {boot} {device}, and of a line {line} {name}:\n"
	      "  -t, --topic TOPIC         packets (default notify/{host}/{boot}/{device})\n"
	      "      --level-topic TOPIC   level of a GPIO line, 0 or 1, retained\n"
	      "                            (default notify/{host}/{device}/{name}/level)\n"
	      "      --availability-topic TOPIC\n"
	      "                            online or offline, retained\n"
	      "                            (default notify/{host}/{device}/device/availability)\n"
	      "      --home-assistant[=PREFIX]\n"
	      "                            announce lines to Home Assistant (default prefix\n"
	      "                            homeassistant)\n"
	      "\n"
	      "Queues:\n"
	      "      --queue PACKETS       length of the kernel's queue\n"
	      "      --queue-messages N    maximum of unsent messages (default 10000)\n"
	      "      --queue-bytes BYTES   maximum size of unsent messages (default 8388608)\n"
	      "      --max-unconfirmed N   maximum of unconfirmed messages (default 100)\n"
	      "      --stop-timeout SECONDS\n"
	      "                            time to send unsent messages at the end (default 5)\n"
	      "\n"
	      "      --decode LAYOUT       fields of a packet, as for notifycat\n"
	      "      --unescape            DEVICE is the instance of a systemd unit, where \\x2d\n"
	      "                            is a hyphen\n"
	      "      --help                print this text\n"
	      "      --version             print the version\n", out);
}

enum {
	OPTION_PASSWORD_FILE = 256, OPTION_CAFILE, OPTION_CAPATH, OPTION_CERT, OPTION_KEY,
	OPTION_MAX_DELAY, OPTION_LEVEL_TOPIC, OPTION_AVAILABILITY_TOPIC, OPTION_HOME_ASSISTANT,
	OPTION_QUEUE, OPTION_QUEUE_MESSAGES, OPTION_QUEUE_BYTES, OPTION_MAX_UNCONFIRMED,
	OPTION_STOP_TIMEOUT, OPTION_DECODE, OPTION_UNESCAPE, OPTION_HELP, OPTION_VERSION,
};

static const struct option long_options[] = {
	{ "host", required_argument, NULL, 'h' },
	{ "port", required_argument, NULL, 'p' },
	{ "id", required_argument, NULL, 'i' },
	{ "username", required_argument, NULL, 'u' },
	{ "password-file", required_argument, NULL, OPTION_PASSWORD_FILE },
	{ "cafile", required_argument, NULL, OPTION_CAFILE },
	{ "capath", required_argument, NULL, OPTION_CAPATH },
	{ "cert", required_argument, NULL, OPTION_CERT },
	{ "key", required_argument, NULL, OPTION_KEY },
	{ "max-delay", required_argument, NULL, OPTION_MAX_DELAY },
	{ "topic", required_argument, NULL, 't' },
	{ "level-topic", required_argument, NULL, OPTION_LEVEL_TOPIC },
	{ "availability-topic", required_argument, NULL, OPTION_AVAILABILITY_TOPIC },
	{ "home-assistant", optional_argument, NULL, OPTION_HOME_ASSISTANT },
	{ "queue", required_argument, NULL, OPTION_QUEUE },
	{ "queue-messages", required_argument, NULL, OPTION_QUEUE_MESSAGES },
	{ "queue-bytes", required_argument, NULL, OPTION_QUEUE_BYTES },
	{ "max-unconfirmed", required_argument, NULL, OPTION_MAX_UNCONFIRMED },
	{ "stop-timeout", required_argument, NULL, OPTION_STOP_TIMEOUT },
	{ "decode", required_argument, NULL, OPTION_DECODE },
	{ "unescape", no_argument, NULL, OPTION_UNESCAPE },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ }
};

/*
 * @password_file: Or NULL.
 * @bad: An argument was wrong, and reported.
 */
struct parser {
	struct mqtt_options *options;
	const char *password_file;
	bool unescape;
	bool bad;
	bool help;
	bool version;
};

/* -- Arguments --------------------------------------------------------------- */

static unsigned long parse_number(struct parser *parser, const char *name, unsigned long min,
				  unsigned long max)
{
	unsigned long value = 0;
	char *end = optarg;

	errno = 0;
	if (isdigit((unsigned char)*optarg))
		value = strtoul(optarg, &end, 10);
	if (end != optarg && !*end && !errno && value >= min && value <= max)
		return value;
	parser->bad = true;
	message("--%s must be %lu to %lu: %s", name, min, max, optarg);
	return min;
}

static void parse_layout(struct parser *parser)
{
	struct layout_error error;

	parser->options->decode = layout_parse(optarg, &error);
	if (parser->options->decode)
		return;
	parser->bad = true;
	message("--decode: %s at character %zu of: %s", error.message, error.at + 1, optarg);
}

static void parse_security(struct parser *parser, int option)
{
	struct mqtt_options *options = parser->options;

	switch (option) {
	case 'u':
		options->user = optarg;
		break;
	case OPTION_PASSWORD_FILE:
		parser->password_file = optarg;
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
	default:
		parser->bad = true;
	}
}

static void parse_topic(struct parser *parser, int option)
{
	struct mqtt_options *options = parser->options;

	switch (option) {
	case 't':
		options->topic = optarg;
		break;
	case 'i':
		options->id = optarg;
		break;
	case OPTION_LEVEL_TOPIC:
		options->level_topic = optarg;
		break;
	case OPTION_AVAILABILITY_TOPIC:
		options->availability_topic = optarg;
		break;
	case OPTION_HOME_ASSISTANT:
		options->discovery = optarg ?: "homeassistant";
		break;
	default:
		parse_security(parser, option);
	}
}

static void parse_option(struct parser *parser, int option)
{
	struct mqtt_options *options = parser->options;

	switch (option) {
	case 'h':
		options->host = optarg;
		break;
	case 'p':
		options->port = parse_number(parser, "port", 1, 65535);
		break;
	case OPTION_MAX_DELAY:
		options->max_delay = parse_number(parser, "max-delay", 1, 86400);
		break;
	case OPTION_QUEUE:
		options->queue = parse_number(parser, "queue", 1, UINT32_MAX);
		break;
	case OPTION_QUEUE_MESSAGES:
		options->queue_messages = parse_number(parser, "queue-messages", 1, 10000000);
		break;
	case OPTION_QUEUE_BYTES:
		options->queue_bytes = parse_number(parser, "queue-bytes", MIN_QUEUE_BYTES,
						    MAX_QUEUE_BYTES);
		break;
	case OPTION_MAX_UNCONFIRMED:
		options->max_unconfirmed = parse_number(parser, "max-unconfirmed", 1, 1000);
		break;
	case OPTION_STOP_TIMEOUT:
		options->stop_seconds = parse_number(parser, "stop-timeout", 0, 3600);
		break;
	case OPTION_DECODE:
		parse_layout(parser);
		break;
	case OPTION_UNESCAPE:
		parser->unescape = true;
		break;
	case OPTION_HELP:
		parser->help = true;
		break;
	case OPTION_VERSION:
		parser->version = true;
		break;
	default:
		parse_topic(parser, option);
	}
}

/* -- Checks ----------------------------------------------------------------- */

/* Several devices must not share a topic, and neither must the lines of a device. */
static bool check_topic(const struct mqtt_options *options, const char *option, const char *topic,
			int allowed)
{
	const int mask = topic_check(option, topic, allowed);

	if (mask < 0)
		return false;
	if (options->devices_count > 1 && !(mask & TOPIC_DEVICE))
		return report_error("--%s: several devices need {device}: %s", option, topic);
	if (allowed & TOPIC_LINE && !(mask & (TOPIC_LINE | TOPIC_NAME)))
		return report_error("--%s: lines need {name} or {line}: %s", option, topic);
	return true;
}

static bool check_topics(const struct mqtt_options *options)
{
	return check_topic(options, "topic", options->topic, TOPIC_OF_DEVICE) &&
	       check_topic(options, "id", options->id, TOPIC_OF_DEVICE) &&
	       check_topic(options, "level-topic", options->level_topic, TOPIC_OF_LINE) &&
	       check_topic(options, "availability-topic", options->availability_topic,
			   TOPIC_OF_DEVICE) &&
	       (!options->discovery ||
		topic_check("home-assistant", options->discovery, 0) >= 0);
}

/* Names of devices are in topics and ids. */
static const char *device_name(const char *device)
{
	const char *slash = strrchr(device, '/');

	return slash ? slash + 1 : device;
}

static bool check_devices(const struct mqtt_options *options)
{
	size_t i, j;

	if (!options->devices_count)
		return report_error("no device; see --help");
	for (i = 0; i < options->devices_count; i++) {
		if (!*device_name(options->devices[i]))
			return report_error("empty name of a device");
		for (j = 0; j < i; j++)
			if (!strcmp(device_name(options->devices[i]),
				    device_name(options->devices[j])))
				return report_error("%s: given twice", options->devices[i]);
	}
	return true;
}

static bool check_broker(const struct mqtt_options *options)
{
	if (!*options->host)
		return report_error("empty name of a host");
	if (*options->host == '/' && options->port)
		return report_error("--port and a Unix socket: %s", options->host);
	if (!options->cert != !options->key)
		return report_error("--cert and --key need each other");
	if (options->cert && !options->cafile && !options->capath)
		return report_error("--cert needs --cafile or --capath");
	return true;
}

/* The library reads them when it connects. */
static bool check_files(const struct mqtt_options *options)
{
	const char *const files[] = {
		options->cafile, options->capath, options->cert, options->key,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (files[i] && access(files[i], R_OK))
			return report_error("%s: %s", files[i], strerror(errno));
	return true;
}

/* Replace \xNN. */
static void unescape(char *name)
{
	char *to = name;
	unsigned int c;
	int length;

	for (; *name; name += length) {
		length = 0;
		if (sscanf(name, "\\x%2x%n", &c, &length) == 1 && length == 4) {
			*to++ = c;
		} else {
			*to++ = *name;
			length = 1;
		}
	}
	*to = '\0';
}

/* -- Values of this system ---------------------------------------------------- */

/* The same form as systemd's %b: without hyphens. */
static void read_boot(char boot[BOOT_BYTES])
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	char *to = boot;
	int c;

	while (file && (c = fgetc(file)) != EOF && to < boot + BOOT_BYTES - 1)
		if (isxdigit(c))
			*to++ = c;
	*to = '\0';
	if (file)
		fclose(file);
}

static bool read_system(struct parser *parser)
{
	struct mqtt_options *options = parser->options;

	gethostname(options->host_name, sizeof(options->host_name) - 1);
	read_boot(options->boot);
	if (parser->password_file && !read_password(parser->password_file, &options->password))
		return false;
	return check_files(options);
}

static bool is_valid(const struct parser *parser)
{
	const struct mqtt_options *options = parser->options;

	return !parser->bad && check_devices(options) && check_topics(options) &&
	       check_broker(options);
}

static enum exit_status finish(struct parser *parser)
{
	struct mqtt_options *options = parser->options;
	size_t i;

	for (i = 0; parser->unescape && i < options->devices_count; i++)
		unescape(options->devices[i]);
	if (!is_valid(parser))
		return EXIT_USAGE;
	if (!read_system(parser))
		return EXIT_FAILED;
	if (options->password && !options->user) {
		message("--password-file needs --username");
		return EXIT_USAGE;
	}
	/* The library takes port 0 for a Unix socket. */
	if (*options->host != '/' && !options->port)
		options->port = options->cafile || options->capath ? 8883 : 1883;
	return EXIT_OK;
}

bool mqtt_parse_options(struct mqtt_options *options, int argc, char **argv,
			enum exit_status *status)
{
	struct parser parser = { .options = options };
	int option;

	*options = (struct mqtt_options){
		.host = "localhost",
		.id = "notify-{host}-{device}",
		.max_delay = 60,
		.topic = "notify/{host}/{boot}/{device}",
		.level_topic = "notify/{host}/{device}/{name}/level",
		.availability_topic = "notify/{host}/{device}/device/availability",
		.queue_messages = 10000,
		.queue_bytes = 8 << 20,
		.max_unconfirmed = 100,
		.stop_seconds = 5,
	};
	while ((option = getopt_long(argc, argv, "h:p:t:i:u:", long_options, NULL)) != -1)
		parse_option(&parser, option);
	options->devices = argv + optind;
	options->devices_count = argc - optind;
	*status = EXIT_OK;
	if (parser.help)
		usage(stdout);
	else if (parser.version)
		puts("notify-mqtt " NOTIFY_MULTI_VERSION);
	else
		*status = finish(&parser);
	return *status == EXIT_OK && !parser.help && !parser.version;
}
