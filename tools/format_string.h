/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FORMAT_STRING_H
#define FORMAT_STRING_H

#include "notifycat.h"

struct format;

/* A line for each packet, with fields in place of "%" and a letter, as of gpiomon, or a name. */
extern const struct format string_format;

/* Set the text of the line. Return false after reporting an error. */
bool format_string_set(const char *text);

#endif /* FORMAT_STRING_H */
