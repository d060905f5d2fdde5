/* SPDX-License-Identifier: GPL-2.0 */
#ifndef STREAM_H
#define STREAM_H

#include "notifycat.h"

struct device;
struct options;

enum exit_status stream(const struct options *options, struct device *devices, size_t count);

#endif /* STREAM_H */
