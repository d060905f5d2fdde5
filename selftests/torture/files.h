/* SPDX-License-Identifier: GPL-2.0 */
/* Files of configfs, debugfs, procfs and sysfs, written and read as text. */
#ifndef FILES_H
#define FILES_H

#include <stddef.h>

/* 0 or a negative errno. */
int write_file(const char *path, const char *text);
/* The first line, without its newline. 0 or a negative errno. */
int read_file(const char *path, char *text, size_t size);

#endif /* FILES_H */
