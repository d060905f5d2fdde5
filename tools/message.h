/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MESSAGE_H
#define MESSAGE_H

/* Returned in place of an errno: the problem has been reported. */
#define ERROR_REPORTED	4096

/* Print a line. */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* MESSAGE_H */
