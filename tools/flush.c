// SPDX-License-Identifier: GPL-2.0
/*
 * Flushing of standard output.
 */

#include "flush.h"

#include "message.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A later call may have changed errno: query the pipe itself. */
static bool pipe_closed(void)
{
	struct pollfd pollfd = { .fd = STDOUT_FILENO };

	return poll(&pollfd, 1, 0) > 0 && pollfd.revents & POLLERR;
}

enum flush flush_output(void)
{
	if (!fflush(stdout) && !ferror(stdout))
		return FLUSH_OK;
	if (errno == EPIPE || pipe_closed())
		return FLUSH_CLOSED;
	message("cannot write output: %s", strerror(errno));
	return FLUSH_FAILED;
}
