/* SPDX-License-Identifier: GPL-2.0 */
#ifndef COMPLETE_H
#define COMPLETE_H

#include "notifycat.h"

/* Name of the command for the completion of shells; not for users. */
#define COMPLETE_COMMAND	"--complete"

/* Print the words that may follow, each with a tab and a text. The last argument is incomplete. */
enum exit_status complete(int argc, char **argv);

#endif /* COMPLETE_H */
