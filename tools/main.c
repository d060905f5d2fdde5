// SPDX-License-Identifier: GPL-2.0
/*
 * notifycat: print the packets of notify_multi devices.
 */

#include "list.h"
#include "options.h"
#include "report.h"
#include "stop.h"
#include "stream.h"
#include "top.h"

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

	if (!parse_options(&options, argc, argv, &status))
		return status;
	status = run(&options);
	stop_die();
	return status;
}
