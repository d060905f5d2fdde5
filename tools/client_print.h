/* SPDX-License-Identifier: GPL-2.0 */
#ifndef CLIENT_PRINT_H
#define CLIENT_PRINT_H

#define CLIENT_TEXT_BYTES	256

struct client;
struct clients;

/* Line with the names of the columns. */
const char *client_header(void);
void client_text(const struct client *client, char text[CLIENT_TEXT_BYTES]);

/* Print the clients of a device as lines, or as a JSON array. */
void client_print_text(const struct clients *clients, const char *device);
void client_print_json(const struct clients *clients, const char *device);

#endif /* CLIENT_PRINT_H */
