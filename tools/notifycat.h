/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Definitions shared by all files of notifycat.
 */
#ifndef NOTIFYCAT_H
#define NOTIFYCAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NS_PER_SECOND	UINT64_C(1000000000)

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

enum exit_status {
	EXIT_OK		= 0,
	EXIT_FAILED	= 1,
	EXIT_USAGE	= 2,
	EXIT_TIMED_OUT	= 124,
};

#endif /* NOTIFYCAT_H */
