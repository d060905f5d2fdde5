/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PRINT_H
#define PRINT_H

#include "field.h"

#include <stdio.h>

/* Let the functions below, and so the formats, print to @file; NULL for stdout, the default. */
void print_to(FILE *file);

void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_char(char c);
void print_bytes(const void *bytes, size_t length);

/* Print an element of a number as in text output. */
void print_number(const struct field *field, size_t index, const void *packet);

void print_hex(const struct field *field, const void *packet);

/* Print all elements of a number, or bytes in hexadecimal. */
void print_numbers_or_hex(const struct field *field, const void *packet);

/* Print characters; escape unprintable ones and those in @escaped as \xNN. */
void print_escaped(const char *s, size_t length, const char *escaped);

/* Print UTF-8; U+FFFD replaces each invalid byte. */
void print_json_string(const char *s, size_t length);
void print_label(const char *s);
void print_csv_string(const char *s, size_t length);

/* Print with "?" in place of control characters. */
void print_plain(const char *s, size_t length);

/* Print a word of ASCII: underscores replace all other characters, also blanks. */
void print_word(const char *s);

#endif /* PRINT_H */
