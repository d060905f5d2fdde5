/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Texts in memory, printed by the functions of print.h.
 */
#ifndef MQTT_TEXT_H
#define MQTT_TEXT_H

#include "notifycat.h"

/* Let the functions of print.h print to a text, which is empty. Exit if out of memory. */
void text_begin(void);

/* Return the text, which the next text_begin() overwrites. It is not terminated by a zero. */
const char *text_end(size_t *length);

#endif /* MQTT_TEXT_H */
