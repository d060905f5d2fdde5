/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LAYOUT_PARSE_H
#define LAYOUT_PARSE_H

#include "layout.h"

/* @at: Offset of the error in the text. */
struct layout_error {
	char message[128];
	size_t at;
};

/* Return the layout, or NULL and set *@error. */
struct layout *layout_parse(const char *text, struct layout_error *error);

#endif /* LAYOUT_PARSE_H */
