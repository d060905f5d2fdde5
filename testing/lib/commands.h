/* SPDX-License-Identifier: GPL-2.0 */
/* io_uring commands of notify_multi, for liburing. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <liburing.h>
#include <linux/notify_multi.h>
#include <stdbool.h>

/* Missing in older headers. */
#define OP_READ_MULTISHOT	49

void prep_command(struct io_uring_sqe *sqe, int fd, __u32 op, struct notify_multi_uring_cmd cmd);

/* Multishot reads and cancelable commands were both added in Linux 6.7. */
bool uring_has_commands(struct io_uring *uring);

#endif /* COMMANDS_H */
