// SPDX-License-Identifier: GPL-2.0
/*
 * Signals that end the program.
 */

#include "stop.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* The first signal, or 0. */
static volatile sig_atomic_t caught;
static int event;

static void on_signal(int signal)
{
	const uint64_t one = 1;
	int saved = errno;

	caught = signal;
	/* Cannot fail: the counter is far from its maximum. */
	(void)!write(event, &one, sizeof(one));
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
	/* nohup ignores SIGHUP. */
	if (signal(SIGHUP, SIG_IGN) != SIG_IGN)
		sigaction(SIGHUP, &action, NULL);
	return event;
}

bool stop_wanted(void)
{
	return caught;
}

void stop_die(void)
{
	if (!caught)
		return;
	signal(caught, SIG_DFL);
	raise(caught);
}
