// SPDX-License-Identifier: GPL-2.0
/*
 * notifycat: print the packets of notify_multi devices.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/notify_gpio.h>
#include <linux/notify_multi.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define NODES		"/dev/notify/"
#define READ_BYTES	65536

enum exit_status {
	EXIT_OK		= 0,
	EXIT_FAILED	= 1,
	EXIT_USAGE	= 2,
};

enum format {
	FORMAT_TEXT,
	FORMAT_JSON,
};

/* How the packets of one source are shown, after what all packets have. */
struct decoder {
	const char *driver;
	size_t size;
	void (*text)(const void *packet, size_t size);
	void (*json)(const void *packet, size_t size);
};

struct device {
	const char *path;
	const char *name;
	int fd;
	struct notify_multi_info info;
	const struct decoder *decoder;
	char *buffer;
	size_t buffer_size;
};

/* -- Decoders. ------------------------------------------------------------- */

static const char *edge_name(__u32 edge)
{
	switch (edge) {
	case NOTIFY_GPIO_EDGE_RISING:
		return "rising";
	case NOTIFY_GPIO_EDGE_FALLING:
		return "falling";
	default:
		return "unknown";
	}
}

static void gpio_text(const void *packet, size_t size)
{
	struct notify_gpio_event event;

	memcpy(&event, packet, size);
	printf(" line %u %s level %u edge %u", event.line, edge_name(event.edge), event.level,
	       event.line_seqno);
}

static void gpio_json(const void *packet, size_t size)
{
	struct notify_gpio_event event;

	memcpy(&event, packet, size);
	printf(",\"line\":%u,\"edge\":\"%s\",\"level\":%u,\"line_seqno\":%u", event.line,
	       edge_name(event.edge), event.level, event.line_seqno);
}

static void print_hex(const void *packet, size_t size)
{
	const unsigned char *byte = packet;

	while (size--)
		printf("%02x", *byte++);
}

static void hex_text(const void *packet, size_t size)
{
	putchar(' ');
	print_hex(packet, size);
}

static void hex_json(const void *packet, size_t size)
{
	printf(",\"data\":\"");
	print_hex(packet, size);
	putchar('"');
}

static const struct decoder gpio_decoder = {
	.driver = "notify_gpio",
	.size = sizeof(struct notify_gpio_event),
	.text = gpio_text,
	.json = gpio_json,
};

static const struct decoder hex_decoder = {
	.text = hex_text,
	.json = hex_json,
};

/* The driver that feeds the device says what its packets are. */
static const struct decoder *find_decoder(int fd, __u32 packet_size)
{
	char link[64], target[PATH_MAX];
	const char *driver;
	struct stat st;
	ssize_t length;

	if (fstat(fd, &st))
		return &hex_decoder;
	snprintf(link, sizeof(link), "/sys/dev/char/%u:%u/device/driver", major(st.st_rdev),
		 minor(st.st_rdev));
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return &hex_decoder;
	target[length] = '\0';
	driver = strrchr(target, '/');
	if (driver && !strcmp(driver + 1, gpio_decoder.driver) && packet_size == gpio_decoder.size)
		return &gpio_decoder;
	return &hex_decoder;
}

/* -- Output. --------------------------------------------------------------- */

static void print_json_string(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			printf("\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			printf("\\u%04x", *s);
		else
			putchar(*s);
	}
	putchar('"');
}

static void print_json(const struct device *device, const struct notify_multi_record *record)
{
	printf("{\"device\":");
	print_json_string(device->name);
	printf(",\"seq\":%" PRIu64 ",\"timestamp_ns\":%" PRIu64 ",\"status\":%d,\"dropped\":%u",
	       (uint64_t)record->seq, (uint64_t)record->timestamp_ns, record->status,
	       record->dropped);
	printf(",\"replay\":%s", record->flags & NOTIFY_MULTI_REC_REPLAY ? "true" : "false");
	device->decoder->json(record->data, record->size);
	printf("}\n");
}

static void print_text(const struct device *device, const struct notify_multi_record *record)
{
	if (record->dropped)
		fprintf(stderr, "notifycat: %s: %u packets lost before %" PRIu64 "\n",
			device->name, record->dropped, (uint64_t)record->seq);
	printf("%s %" PRIu64 " %" PRIu64 ".%09" PRIu64, device->name, (uint64_t)record->seq,
	       (uint64_t)record->timestamp_ns / 1000000000,
	       (uint64_t)record->timestamp_ns % 1000000000);
	device->decoder->text(record->data, record->size);
	if (record->flags & NOTIFY_MULTI_REC_REPLAY)
		printf(" replay");
	if (record->status)
		printf(" status %d (%s)", record->status, strerror(-record->status));
	putchar('\n');
}

/* -- Devices. -------------------------------------------------------------- */

static void complain(const char *path, int error)
{
	const char *hint = "";

	if (error == ENOENT && !strncmp(path, NODES, strlen(NODES))) {
		error = ENODEV;
		hint = " (is notify_gpio loaded?)";
	} else if (error == ENOTTY) {
		fprintf(stderr, "notifycat: %s: Not a notify_multi device\n", path);
		return;
	}
	fprintf(stderr, "notifycat: %s: %s%s\n", path, strerror(error), hint);
}

/* A bare name is that of a node. */
static const char *node_path(const char *arg)
{
	char *path;

	if (strchr(arg, '/'))
		return arg;
	return asprintf(&path, NODES "%s", arg) < 0 ? NULL : path;
}

static bool open_device(struct device *device, const char *arg)
{
	__u32 format = NOTIFY_MULTI_FORMAT_RECORD;
	const char *slash;

	device->fd = -1;
	device->path = node_path(arg);
	if (!device->path) {
		complain(arg, ENOMEM);
		return false;
	}
	slash = strrchr(device->path, '/');
	device->name = slash[1] ? slash + 1 : device->path;

	device->fd = open(device->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (device->fd < 0 ||
	    ioctl(device->fd, NOTIFY_MULTI_IOC_GET_INFO, &device->info) ||
	    ioctl(device->fd, NOTIFY_MULTI_IOC_SET_FORMAT, &format)) {
		complain(device->path, errno);
		return false;
	}
	device->decoder = find_decoder(device->fd, device->info.packet_size);
	device->buffer_size = device->info.record_size;
	if (device->buffer_size < READ_BYTES)
		device->buffer_size = READ_BYTES;
	device->buffer = malloc(device->buffer_size);
	if (!device->buffer) {
		complain(device->path, ENOMEM);
		return false;
	}
	return true;
}

/* Prints what is there, at most *left packets. Returns 0 or the errno that ended it. */
static int print_device(const struct device *device, enum format format, uint64_t *left)
{
	ssize_t bytes = read(device->fd, device->buffer, device->buffer_size);
	ssize_t at;

	if (bytes < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : errno;
	for (at = 0; at < bytes && *left; at += device->info.record_size, --*left) {
		const void *record = device->buffer + at;

		if (format == FORMAT_JSON)
			print_json(device, record);
		else
			print_text(device, record);
	}
	return 0;
}

/* Until all packets that are wanted are printed, or no device is left. */
static enum exit_status print_devices(const struct device *devices, struct pollfd *polls,
				      unsigned int count, enum format format, uint64_t left)
{
	unsigned int open = count, i;
	int error;

	while (left && open) {
		if (poll(polls, count, -1) < 0) {
			if (errno == EINTR)
				continue;
			perror("notifycat: poll");
			return EXIT_FAILED;
		}
		for (i = 0; i < count && left; i++) {
			if (!polls[i].revents)
				continue;
			error = print_device(&devices[i], format, &left);
			if (!error)
				continue;
			complain(devices[i].path, error);
			polls[i].fd = -1;
			open--;
		}
		if (ferror(stdout)) {
			perror("notifycat: output");
			return EXIT_FAILED;
		}
	}
	return left ? EXIT_FAILED : EXIT_OK;
}

/* -- Command line. --------------------------------------------------------- */

static void usage(FILE *out)
{
	fputs("Usage: notifycat [-f text|json] [-n COUNT] DEVICE...\n"
	      "Print the packets of notify_multi devices, a line each, as they come.\n"
	      "\n"
	      "DEVICE is a node, or the name of one in /dev/notify.\n"
	      "\n"
	      "  -f, --format FORMAT  text (the default) or json, an object a line\n"
	      "  -n, --count COUNT    exit after COUNT packets\n"
	      "  -h, --help           print this\n"
	      "\n"
	      "Exit status: 0 when COUNT packets were printed, 1 when a device cannot be\n"
	      "read or all of them are gone, 2 for a wrong command line.\n", out);
}

static bool parse_count(const char *arg, uint64_t *count)
{
	char *end;

	errno = 0;
	*count = strtoull(arg, &end, 10);
	return !errno && *arg >= '0' && *arg <= '9' && !*end && *count;
}

static bool parse_format(const char *arg, enum format *format)
{
	if (!strcmp(arg, "text"))
		*format = FORMAT_TEXT;
	else if (!strcmp(arg, "json"))
		*format = FORMAT_JSON;
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "format", required_argument, NULL, 'f' },
		{ "count", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	enum format format = FORMAT_TEXT;
	uint64_t left = UINT64_MAX;
	struct device *devices;
	struct pollfd *polls;
	unsigned int count, i;
	int option;

	while ((option = getopt_long(argc, argv, "f:n:h", options, NULL)) != -1) {
		switch (option) {
		case 'f':
			if (!parse_format(optarg, &format)) {
				fprintf(stderr, "notifycat: unknown format \"%s\"\n", optarg);
				return EXIT_USAGE;
			}
			break;
		case 'n':
			if (!parse_count(optarg, &left)) {
				fprintf(stderr, "notifycat: bad count \"%s\"\n", optarg);
				return EXIT_USAGE;
			}
			break;
		case 'h':
			usage(stdout);
			return EXIT_OK;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind == argc) {
		usage(stderr);
		return EXIT_USAGE;
	}

	count = argc - optind;
	devices = calloc(count, sizeof(*devices));
	polls = calloc(count, sizeof(*polls));
	if (!devices || !polls) {
		perror("notifycat");
		return EXIT_FAILED;
	}
	for (i = 0; i < count; i++) {
		if (!open_device(&devices[i], argv[optind + i]))
			return EXIT_FAILED;
		polls[i].fd = devices[i].fd;
		polls[i].events = POLLIN;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	return print_devices(devices, polls, count, format, left);
}
