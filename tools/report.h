/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPORT_H
#define REPORT_H

#include "notifycat.h"

struct device;
struct options;

enum exit_status report(const struct options *options, struct device *devices, size_t count);

#endif /* REPORT_H */
