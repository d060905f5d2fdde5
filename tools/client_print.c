// SPDX-License-Identifier: GPL-2.0
/*
 * Output of clients as text and JSON.
 */

#include "client_print.h"

#include "clients.h"
#include "print.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *client_header(void)
{
	return "       PID COMMAND              QUEUED        MAX  DELIVERED    DROPPED PENDING";
}

/* A command may contain control characters. */
void client_text(const struct client *client, char text[CLIENT_TEXT_BYTES])
{
	char command[CLIENT_COMMAND_BYTES];
	size_t i;

	for (i = 0; client->command[i]; i++)
		command[i] = isprint((unsigned char)client->command[i]) ? client->command[i] : '?';
	command[i] = '\0';
	snprintf(text, CLIENT_TEXT_BYTES,
		 "%10d %-16s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64 " %7" PRIu64,
		 client->pid, command, client->queued, client->max, client->delivered,
		 client->dropped, client->pending);
}

void client_print_text(const struct clients *clients, const char *device)
{
	const struct client *client = NULL;
	char text[CLIENT_TEXT_BYTES];

	while ((client = clients_next(clients, device, client))) {
		client_text(client, text);
		puts(text);
	}
}

static void print_client(const struct client *client)
{
	printf("{\"client\":%" PRIu64 ",\"pid\":%d,\"command\":", client->id, client->pid);
	print_json_string(client->command, strlen(client->command));
	printf(",\"queued\":%" PRIu64 ",\"max\":%" PRIu64 ",\"delivered\":%" PRIu64, client->queued,
	       client->max, client->delivered);
	printf(",\"dropped\":%" PRIu64 ",\"pending\":%" PRIu64 "}", client->dropped,
	       client->pending);
}

void client_print_json(const struct clients *clients, const char *device)
{
	const struct client *client = NULL;

	putchar('[');
	while ((client = clients_next(clients, device, client))) {
		print_client(client);
		if (clients_next(clients, device, client))
			putchar(',');
	}
	putchar(']');
}
