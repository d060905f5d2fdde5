/* SPDX-License-Identifier: GPL-2.0 */
#ifndef MQTT_PASSWORD_H
#define MQTT_PASSWORD_H

#include "notifycat.h"

/*
 * Set *@password to the first line of the file, or to NULL if the file is empty. Return false after
 * reporting an error.
 */
bool read_password(const char *path, char **password);

#endif /* MQTT_PASSWORD_H */
