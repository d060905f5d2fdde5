// SPDX-License-Identifier: GPL-2.0
/*
 * Output of a device's properties as text or JSON.
 */

#include "writer.h"

#include "print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* -- Text, a line for each property ----------------------------------------- */

static void text_begin(const char *device)
{
	printf("%s\n", device);
}

static void text_number(const char *name, uint64_t value)
{
	printf("  %-17s %" PRIu64 "\n", name, value);
}

static void text_string(const char *name, const char *value)
{
	printf("  %-17s %s\n", name, value);
}

static void text_end(void)
{
}

const struct writer text_writer = { text_begin, text_number, text_string, text_end };

/* -- JSON, a line for each device ------------------------------------------- */

static void json_begin(const char *device)
{
	printf("{\"device\":");
	print_json_string(device, strlen(device));
}

static void json_number(const char *name, uint64_t value)
{
	printf(",\"%s\":%" PRIu64, name, value);
}

static void json_string(const char *name, const char *value)
{
	printf(",\"%s\":", name);
	print_json_string(value, strlen(value));
}

static void json_end(void)
{
	printf("}\n");
}

const struct writer json_writer = { json_begin, json_number, json_string, json_end };
