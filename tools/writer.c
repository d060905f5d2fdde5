// SPDX-License-Identifier: GPL-2.0
/*
 * Output of a device's properties as text or JSON.
 */

#include "writer.h"

#include "client_print.h"
#include "clients.h"
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

static void text_clients(const struct clients *clients, const char *device)
{
	if (clients_next(clients, device, NULL))
		puts(client_header());
	client_print_text(clients, device);
}

static void text_end(void)
{
}

const struct writer text_writer = {
	.begin = text_begin,
	.number = text_number,
	.string = text_string,
	.clients = text_clients,
	.end = text_end,
};

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

static void json_clients(const struct clients *clients, const char *device)
{
	printf(",\"clients\":");
	client_print_json(clients, device);
}

static void json_end(void)
{
	printf("}\n");
}

const struct writer json_writer = {
	.begin = json_begin,
	.number = json_number,
	.string = json_string,
	.clients = json_clients,
	.end = json_end,
};
