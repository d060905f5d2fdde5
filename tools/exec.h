/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands that are run for packets.
 */
#ifndef EXEC_H
#define EXEC_H

#include "notifycat.h"

struct device;
struct notify_multi_record;
struct output;

/*
 * Set the command, and the number of commands that may run at once. *@fd is readable after the end
 * of a command; call exec_reap() then. Return false after reporting an error.
 */
bool exec_begin(const char *command, uint32_t jobs, int *fd);

/*
 * Run the command for a packet, and wait until another one may run. Return false after reporting
 * that it cannot be run.
 */
bool exec_run(const struct output *output, const struct device *device,
	      const struct notify_multi_record *record);

/* Report the commands that have failed. */
void exec_reap(void);

/* Wait for all commands. Return false if one has failed. */
bool exec_end(void);

#endif /* EXEC_H */
