// SPDX-License-Identifier: GPL-2.0
/*
 * notifycat detach: remove devices that attach created.
 */

#include "attach.h"

#include "attach_file.h"
#include "configfs.h"
#include "flush.h"
#include "message.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ }
};

static void usage(FILE *out)
{
	fputs("Usage: notifycat detach LABEL...\n"
	      "       notifycat detach --config FILE|DIRECTORY\n", out);
}

static void help(void)
{
	usage(stdout);
	fputs("\n"
	      "Remove devices that \"notifycat attach\" created. Their readers get the queued packets, then\n"
	      "the error ENODEV.\n"
	      "\n"
	      "      --config FILE|DIRECTORY\n"
	      "                 remove those of attach --config that are present\n"
	      "  -h, --help     print this help\n"
	      "\n"
	      "Exit status: 0 if all are removed; 1 if one cannot be removed; 2 on a usage error.\n",
	      stdout);
}

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

enum exit_status detach(int argc, char **argv)
{
	enum exit_status status = EXIT_OK;
	const char *config = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		switch (option) {
		case 'c':
			config = optarg;
			break;
		case 'h':
			help();
			return flush_output() == FLUSH_OK ? EXIT_OK : EXIT_FAILED;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (config && optind == argc)
		return attach_files(config, detach_configured);
	if (config || optind == argc) {
		usage(stderr);
		return EXIT_USAGE;
	}
	for (; optind < argc; optind++)
		if (detach_label(argv[optind]) != EXIT_OK)
			status = EXIT_FAILED;
	return status;
}
