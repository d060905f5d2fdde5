// SPDX-License-Identifier: GPL-2.0
/*
 * Words for the completion of arguments.
 */

#include "device_words.h"

#include "configfs.h"
#include "gpio_lines.h"
#include "node.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void add_entries(const char *directory, const char *prefix, void (*add)(const char *word))
{
	struct dirent **entries;
	int count, i;

	count = scandir(directory, &entries, NULL, alphasort);
	for (i = 0; i < count; i++) {
		if (*entries[i]->d_name != '.' &&
		    !strncmp(entries[i]->d_name, prefix, strlen(prefix)))
			add(entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

void device_words(size_t position, void (*add)(const char *word))
{
	(void)position;
	add_entries(NODES, "", add);
}

void attached_words(size_t position, void (*add)(const char *word))
{
	(void)position;
	add_entries(CONFIGFS, "", add);
}

/* The other arguments are lines. */
void chip_words(size_t position, void (*add)(const char *word))
{
	if (!position)
		add_entries("/dev", "gpiochip", add);
}

void line_words(const char *device, void (*add)(const char *word))
{
	struct gpio_lines lines = { };
	char number[24];
	struct node node;
	size_t i;
	int fd;

	if (!node_init(&node, device) || node_find(&node))
		return;
	fd = open(node.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	gpio_lines_read(&lines, fd);
	close(fd);
	for (i = 0; i < lines.count; i++) {
		snprintf(number, sizeof(number), "%zu", i);
		add(*lines.names[i] ? lines.names[i] : number);
	}
}
