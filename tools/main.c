// SPDX-License-Identifier: GPL-2.0
/*
 * notifycat: print the packets of notify_multi devices.
 */

#include "attach.h"
#include "list.h"
#include "listing.h"
#include "notifycat.h"
#include "options.h"
#include "report.h"
#include "stop.h"
#include "stream.h"
#include "top.h"

#include <string.h>

/* Sub-commands with a command line of their own. */
static const struct {
	const char *name;
	enum exit_status (*run)(int argc, char **argv);
} commands[] = {
	{ "attach", attach },
	{ "detach", detach },
	{ "list", listing },
};

static enum exit_status run(const struct options *options)
{
	struct list list;

	if (options->top)
		return top(options);
	if (!list_init(&list, options))
		return EXIT_FAILED;
	return options->info || options->stats ? report(&list) : stream(&list);
}

int main(int argc, char **argv)
{
	enum exit_status status;
	struct options options;
	size_t i;

	for (i = 0; argc > 1 && i < ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		argv[1] = argv[0];
		return commands[i].run(argc - 1, argv + 1);
	}
	if (!parse_options(&options, argc, argv, &status))
		return status;
	status = run(&options);
	stop_die();
	return status;
}
