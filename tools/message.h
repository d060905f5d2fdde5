/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "notifycat.h"

/* Returned in place of an errno: the problem has been reported. */
#define ERROR_REPORTED	4096

/* Set the path of the file that the following messages are about, or NULL. */
void message_set_file(const char *path);
bool message_has_file(void);

/* Print a line. */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Print a line and return false. */
bool report_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* MESSAGE_H */
