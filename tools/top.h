/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOP_H
#define TOP_H

#include "notifycat.h"

struct options;

enum exit_status top(const struct options *options);

#endif /* TOP_H */
