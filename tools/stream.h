/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The packets of devices, as they come.
 */
#ifndef STREAM_H
#define STREAM_H

#include "device.h"

enum exit_status stream(const struct options *options, struct device *devices, size_t count);

#endif /* STREAM_H */
