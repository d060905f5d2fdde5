/* SPDX-License-Identifier: GPL-2.0 */
/* Read and write text files of configfs, procfs and sysfs. */
#ifndef FILES_H
#define FILES_H

#include <stddef.h>

/* Both return 0 or a negative errno. */
int write_file(const char *path, const char *text);
/* Reads the first line without its newline. */
int read_file(const char *path, char *text, size_t size);

#endif /* FILES_H */
