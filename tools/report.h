/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What --info and --stats print.
 */
#ifndef REPORT_H
#define REPORT_H

#include "device.h"

enum exit_status report(const struct options *options, struct device *devices, size_t count);

#endif /* REPORT_H */
