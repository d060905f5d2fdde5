/* SPDX-License-Identifier: GPL-2.0 */
/* Common functions of the ways to read notify_multi. */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <linux/notify_multi.h>

#include "bench.h"

/* Common members of the peers. */
#define NOTIFY_PEER			\
	.name = "notify_multi",		\
	.prepare = notify_prepare,	\
	.publish = notify_publish

int notify_start(struct bench *bench);
void notify_stop(struct bench *bench);
void notify_open(struct bench *bench, struct reader *reader);
void notify_prepare(struct bench *bench, uint64_t number);
void notify_publish(struct bench *bench);
bool notify_check(const struct bench *bench, const void *buffer, unsigned int index,
		  uint64_t number);

#endif /* NOTIFY_H */
