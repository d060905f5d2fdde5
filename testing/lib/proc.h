/* SPDX-License-Identifier: GPL-2.0 */
/* Longer texts of procfs and sysfs, and the state of clients there. */
#ifndef PROC_H
#define PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Read a file of less than @size bytes. */
bool read_text(const char *path, char *text, size_t size);

/* Check the fdinfo of all descriptors of a process. Return the number of clients among them. */
unsigned int check_all_fdinfo(pid_t pid);

/* Number of rings: the only vmalloc areas of notify_multi. */
unsigned int count_rings(void);

#endif /* PROC_H */
