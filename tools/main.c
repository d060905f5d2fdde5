// SPDX-License-Identifier: GPL-2.0
/*
 * notifycat: print the packets of notify_multi devices.
 */

#include "command.h"
#include "complete.h"
#include "stop.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A standard file that is closed must not become a device. Writing to it fails. */
static void open_standard_files(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	close(fd);
}

int main(int argc, char **argv)
{
	const struct command *command = argc > 1 ? command_find(argv[1]) : NULL;
	enum exit_status status;

	signal(SIGPIPE, SIG_IGN);
	open_standard_files();
	if (argc > 1 && !strcmp(argv[1], COMPLETE_COMMAND))
		return complete(argc - 2, argv + 2);
	if (command) {
		command_is_named = true;
		/* getopt_long() prints it. */
		argv[1] = argv[0];
		status = command->run(argc - 1, argv + 1);
	} else {
		status = commands[0]->run(argc, argv);
	}
	stop_die();
	return status;
}
