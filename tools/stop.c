// SPDX-License-Identifier: GPL-2.0
/*
 * Signals that end the program.
 */

#include "stop.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

static volatile sig_atomic_t wanted;
static int event;

static void on_signal(int signal)
{
	const uint64_t one = 1;
	int saved = errno;

	(void)signal;
	wanted = 1;
	if (write(event, &one, sizeof(one)) < 0)
		wanted = 1;
	errno = saved;
}

int stop_begin(void)
{
	/* SA_RESTART: do not interrupt output. */
	struct sigaction action = {
		.sa_handler = on_signal,
		.sa_flags = SA_RESTART | SA_RESETHAND,
	};

	event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event < 0)
		return -1;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	return event;
}

bool stop_wanted(void)
{
	return wanted;
}
