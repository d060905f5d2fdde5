/* SPDX-License-Identifier: GPL-2.0 */
/*
 * notifycat top: the state of all devices, sampled at an interval.
 */
#ifndef TOP_H
#define TOP_H

#include "notifycat.h"

struct options;

enum exit_status top(const struct options *options);

#endif /* TOP_H */
