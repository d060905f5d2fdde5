/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counters of devices in the text format of Prometheus.
 */
#ifndef PROMETHEUS_H
#define PROMETHEUS_H

#include "notifycat.h"

struct node;

/* Read the counters of a device. Return false after reporting an error. */
bool prometheus_add(const struct node *node);

/* Print the metrics of all devices. */
void prometheus_print(void);

#endif /* PROMETHEUS_H */
