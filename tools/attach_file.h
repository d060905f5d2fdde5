/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Files with the arguments of attach.
 */
#ifndef ATTACH_FILE_H
#define ATTACH_FILE_H

#include "attachment.h"

/*
 * Call @run for a file, or for each file *.conf of a directory. Return the first status that is not
 * EXIT_OK; continue after it.
 */
enum exit_status attach_files(const char *path, enum exit_status (*run)(struct attachment *));

#endif /* ATTACH_FILE_H */
