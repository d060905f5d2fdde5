/* SPDX-License-Identifier: GPL-2.0 */
#ifndef FLUSH_H
#define FLUSH_H

/* @FLUSH_CLOSED: The pipe has no reader. @FLUSH_FAILED: The error was reported. */
enum flush {
	FLUSH_OK,
	FLUSH_CLOSED,
	FLUSH_FAILED,
};

enum flush flush_output(void);

#endif /* FLUSH_H */
