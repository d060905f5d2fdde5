// SPDX-License-Identifier: GPL-2.0
/*
 * notifycat detach: remove devices that attach created.
 */

#include "attach_file.h"
#include "command.h"
#include "configfs.h"
#include "device_words.h"
#include "message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct command_option detach_options[] = {
	{ OPTION_FIRST, "config", "FILE|DIRECTORY",
	  "remove those of attach --config that are present" },
	{ }
};

static enum exit_status detach_label(const char *label)
{
	int error = config_is_label(label) ? config_remove(label) : ENOENT;

	if (!error)
		return EXIT_OK;
	message("%s: %s", label, error == ENOENT ? "not attached" : strerror(error));
	return EXIT_FAILED;
}

/* It may not have been attached. */
static enum exit_status detach_configured(struct attachment *attachment)
{
	char live[CONFIG_BYTES];

	if (config_read(attachment->label, NULL, "live", live) == ENOENT)
		return EXIT_OK;
	return detach_label(attachment->label);
}

static bool set_option(void *data, int id, const char *argument)
{
	const char **config = data;

	(void)id;
	*config = argument;
	return true;
}

static enum exit_status detach(int argc, char **argv)
{
	enum exit_status status;
	const char *config = NULL;
	int index;

	index = command_parse(&detach_command, argc, argv, set_option, &config, &status);
	if (index < 0)
		return status;
	if (config && index == argc)
		return attach_files(config, detach_configured);
	if (config || index == argc) {
		command_refuse(&detach_command, config ? "--config and a label cannot be combined" :
			       "no label");
		return EXIT_USAGE;
	}
	status = EXIT_OK;
	for (; index < argc; index++)
		if (detach_label(argv[index]) != EXIT_OK)
			status = EXIT_FAILED;
	return status;
}

const struct command detach_command = {
	.name = "detach",
	.usage = "detach LABEL...\n"
		 "detach --config FILE|DIRECTORY",
	.text = "Remove devices that \"notifycat attach\" created. Their readers get the\n"
		"queued packets, then the error ENODEV.\n",
	.options = detach_options,
	.more = "Example:\n"
		"  notifycat detach buttons\n"
		"\n"
		"Exit status: 0 if all are removed; 1 if one cannot be removed; 2 on a usage\n"
		"error.\n",
	.run = detach,
	.words = attached_words,
};
