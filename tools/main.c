// SPDX-License-Identifier: GPL-2.0
/*
 * notifycat: print the packets of notify_multi devices.
 */

#include "command.h"
#include "complete.h"
#include "stop.h"

#include <string.h>

int main(int argc, char **argv)
{
	const struct command *command = argc > 1 ? command_find(argv[1]) : NULL;
	enum exit_status status;

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
