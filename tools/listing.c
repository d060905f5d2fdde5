// SPDX-License-Identifier: GPL-2.0
/*
 * notifycat list: all devices, and those of notify_gpio that wait for their chip.
 *
 * The levels of GPIO lines need an open file, which is a reader: the counters are read before.
 */

#include "command.h"
#include "configfs.h"
#include "flush.h"
#include "gpio_lines.h"
#include "message.h"
#include "node.h"
#include "print.h"
#include "search.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/*
 * @status: "active", or if the device is not present, its status in configfs.
 * @lines_error: Reason why there are no lines; 0 if there are, or if the source has none.
 */
struct listed {
	const char *name;
	const char *status;
	char driver[DRIVER_BYTES];
	uint64_t readers;
	uint64_t dropped;
	int lines_error;
	struct gpio_lines lines;
	struct notify_gpio_levels levels;
};

/* -- Text ------------------------------------------------------------------ */

static void print_level(const struct listed *listed, size_t index, const char *unknown)
{
	const uint64_t bit = UINT64_C(1) << index;

	if (listed->levels.valid & bit)
		putchar(listed->levels.levels & bit ? '1' : '0');
	else
		fputs(unknown, stdout);
}

static void print_text_lines(const struct listed *listed)
{
	const char *name;
	size_t i;

	for (i = 0; i < listed->lines.count; i++) {
		name = listed->lines.list[i].name;
		putchar(' ');
		if (*name)
			print_plain(name, strlen(name));
		else
			printf("%zu", i);
		putchar('=');
		print_level(listed, i, "?");
	}
	if (listed->lines_error)
		printf(" %s", strerror(listed->lines_error));
}

static void text_header(void)
{
	puts("DEVICE           SOURCE       READERS    DROPPED LINES");
}

static void text_device(const struct listed *listed)
{
	printf("%-16s %-12s ", listed->name, *listed->driver ? listed->driver : "-");
	if (strcmp(listed->status, "active")) {
		printf("%7s %10s %s\n", "-", "-", listed->status);
		return;
	}
	printf("%7" PRIu64 " %10" PRIu64, listed->readers, listed->dropped);
	print_text_lines(listed);
	putchar('\n');
}

/* -- JSON ------------------------------------------------------------------ */

static void json_string(const char *name, const char *value)
{
	printf(",\"%s\":", name);
	print_json_string(value, strlen(value));
}

static void print_json_lines(const struct listed *listed)
{
	size_t i;

	printf(",\"lines\":");
	for (i = 0; i < listed->lines.count; i++) {
		const struct notify_gpio_line *line = &listed->lines.list[i];

		printf("%c{\"line\":%zu", i ? ',' : '[', i);
		json_string("name", line->name);
		json_string("chip", line->chip);
		printf(",\"offset\":%u,\"level\":", line->offset);
		print_level(listed, i, "null");
		putchar('}');
	}
	putchar(']');
}

static void json_header(void)
{
}

static void json_device(const struct listed *listed)
{
	printf("{\"device\":");
	print_json_string(listed->name, strlen(listed->name));
	if (*listed->driver)
		json_string("driver", listed->driver);
	json_string("status", listed->status);
	if (!strcmp(listed->status, "active")) {
		printf(",\"readers\":%" PRIu64 ",\"dropped\":%" PRIu64, listed->readers,
		       listed->dropped);
		if (listed->lines.count)
			print_json_lines(listed);
	}
	printf("}\n");
}

struct list_format {
	void (*header)(void);
	void (*device)(const struct listed *listed);
};

static const struct list_format text_list = { text_header, text_device };
static const struct list_format json_list = { json_header, json_device };

/* -- Devices --------------------------------------------------------------- */

static int read_lines(struct listed *listed, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), error;

	if (fd < 0)
		return errno;
	error = gpio_lines_read(&listed->lines, fd);
	if (!error && ioctl(fd, NOTIFY_GPIO_IOC_GET_LEVELS, &listed->levels))
		error = errno;
	close(fd);
	return error;
}

/* A device may be removed at any time. */
static bool list_device(void *data, const char *path)
{
	const struct list_format *format = data;
	struct listed listed = { .status = "active" };
	struct node node;

	if (!node_init(&node, path)) {
		message("out of memory");
		return false;
	}
	listed.name = node.name;
	if (!node_find(&node) && node_attribute(&node, "clients", &listed.readers) &&
	    node_attribute(&node, "dropped", &listed.dropped)) {
		node_driver(&node, listed.driver);
		if (!strcmp(listed.driver, GPIO_DRIVER))
			listed.lines_error = read_lines(&listed, path);
		format->device(&listed);
	}
	free(node.path);
	return true;
}

static bool list_devices(const struct list_format *format)
{
	struct search search;
	bool good;

	if (!search_init(&search, NODES)) {
		message("out of memory");
		return false;
	}
	good = search_run(&search, list_device, (void *)format);
	free(search.path);
	return good;
}

static bool list_configured(const struct list_format *format)
{
	struct listed listed = { .driver = GPIO_DRIVER };
	struct dirent **entries = NULL;
	char status[CONFIG_BYTES];
	int count, i;

	count = scandir(CONFIGFS, &entries, NULL, alphasort);
	if (count < 0 && errno != ENOENT) {
		message(CONFIGFS ": %s", strerror(errno));
		return false;
	}
	listed.status = status;
	for (i = 0; i < count; i++) {
		listed.name = entries[i]->d_name;
		if (!config_read(listed.name, NULL, "status", status) && strcmp(status, "active"))
			format->device(&listed);
		free(entries[i]);
	}
	free(entries);
	return true;
}

/* -- Command --------------------------------------------------------------- */

static const struct command_option list_options[] = {
	{ 'f', "format", "text|json", "text (default) or json (an object per line)" },
	{ }
};

static bool set_option(void *data, int id, const char *argument)
{
	const struct list_format **format = data;

	(void)id;
	*format = strcmp(argument, "json") ? &text_list : &json_list;
	return true;
}

static enum exit_status listing(int argc, char **argv)
{
	const struct list_format *format = &text_list;
	enum exit_status status;
	enum flush flushed;
	bool good;
	int index;

	index = command_parse(&list_command, argc, argv, set_option, &format, &status);
	if (index < 0)
		return status;
	if (index < argc) {
		command_refuse(&list_command, "unexpected argument \"%s\"", argv[index]);
		return EXIT_USAGE;
	}
	format->header();
	good = list_devices(format) && list_configured(format);
	flushed = flush_output();
	return good && flushed != FLUSH_FAILED ? EXIT_OK : EXIT_FAILED;
}

const struct command list_command = {
	.name = "list",
	.usage = "list [-f text|json]",
	.text = "Print all devices of notify_multi with their source, readers, dropped\n"
		"packets, and the names and levels of GPIO lines; and the devices of\n"
		"\"notifycat attach\" that wait for their chip.\n",
	.options = list_options,
	.more = "Example:\n"
		"  notifycat list -f json | jq .lines\n"
		"\n"
		"Exit status: 0; 1 if the devices cannot be listed; 2 on a usage error.\n",
	.run = listing,
};
