/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Devices of notify_gpio in configfs.
 */
#ifndef CONFIGFS_H
#define CONFIGFS_H

#include "notifycat.h"

#define CONFIGFS	"/sys/kernel/config/notify_gpio"
#define CONFIG_BYTES	128

/* Load notify_gpio if necessary. Return false after reporting an error. */
bool config_begin(void);

/* Return true if the label can be the name of a directory. */
bool config_is_label(const char *label);

/* The functions below return 0 or an errno. @line is NULL for the device itself, or "line0" ... */
int config_create(const char *label, const char *line);
int config_write(const char *label, const char *line, const char *attribute, const char *value);
int config_read(const char *label, const char *line, const char *attribute,
		char value[CONFIG_BYTES]);

/* Disable and remove a device with its lines. */
int config_remove(const char *label);

#endif /* CONFIGFS_H */
