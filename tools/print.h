/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PRINT_H
#define PRINT_H

#include "field.h"

void print_hex(const struct field *field, const void *packet);

/* Print characters; escape unprintable ones and those in @escaped as \xNN. */
void print_chars(const struct field *field, const void *packet, const char *escaped);

/* Print a JSON string; a byte above 0x7e becomes the character with that code. */
void print_json_string(const char *s, size_t length);

#endif /* PRINT_H */
