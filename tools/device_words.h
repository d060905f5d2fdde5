/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Words for the completion of arguments.
 */
#ifndef DEVICE_WORDS_H
#define DEVICE_WORDS_H

#include "notifycat.h"

/* Add the names of all devices, of the devices in configfs, or of GPIO chips. */
void device_words(size_t position, void (*add)(const char *word));
void attached_words(size_t position, void (*add)(const char *word));
void chip_words(size_t position, void (*add)(const char *word));

/* Add the names or numbers of the lines of a device. */
void line_words(const char *device, void (*add)(const char *word));

#endif /* DEVICE_WORDS_H */
