/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPORT_H
#define REPORT_H

#include "notifycat.h"

struct list;

enum exit_status report(struct list *list);

#endif /* REPORT_H */
