/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FORMATS_H
#define FORMATS_H

/* Names of the formats. */
#define FORMATS	"text|json|csv|vcd|raw|record|none"

struct format;

/* Return the format with this name, or NULL. */
const struct format *format_find(const char *name);

#endif /* FORMATS_H */
