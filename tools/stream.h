/* SPDX-License-Identifier: GPL-2.0 */
#ifndef STREAM_H
#define STREAM_H

#include "notifycat.h"

struct list;

enum exit_status stream(struct list *list);

#endif /* STREAM_H */
