// SPDX-License-Identifier: GPL-2.0
/*
 * notifycat: print the packets of notify_multi devices.
 */

#include "device.h"
#include "message.h"
#include "options.h"
#include "report.h"
#include "stop.h"
#include "stream.h"
#include "top.h"

#include <stdlib.h>

static bool init_devices(const struct options *options, struct device *devices)
{
	size_t i;

	for (i = 0; i < options->devices_count; i++) {
		if (!device_init(&devices[i], options->devices[i]))
			return false;
		devices[i].reader = options->reader;
		devices[i].queue = options->queue;
		devices[i].decode = options_layout(options, devices[i].node.name);
	}
	return true;
}

static enum exit_status run(const struct options *options)
{
	struct device *devices;

	if (options->top)
		return top(options);
	devices = calloc(options->devices_count, sizeof(*devices));
	if (!devices || !init_devices(options, devices)) {
		message("out of memory");
		return EXIT_FAILED;
	}
	if (options->info || options->stats)
		return report(options, devices, options->devices_count);
	return stream(options, devices, options->devices_count);
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
