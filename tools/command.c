// SPDX-License-Identifier: GPL-2.0
/*
 * Commands and their options.
 */

#include "command.h"

#include "flush.h"
#include "message.h"

#include <ctype.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define OPTION_VERSION	255
#define HELP_COLUMN	27
#define HELP_WIDTH	79

const struct command_option common_options[] = {
	{ 'h', "help", NULL, "print this help" },
	{ OPTION_VERSION, "version", NULL, "print the version" },
	{ }
};

const struct command *const commands[] = {
	&read_command, &list_command, &attach_command, &detach_command, &stats_command,
	&top_command, NULL
};

bool command_is_named;

const struct command *command_find(const char *name)
{
	size_t i;

	for (i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

const struct command_option *command_option(const struct command *command, int id)
{
	const struct command_option *option = command->options;

	while (option->name && option->id != id)
		option++;
	return option;
}

bool option_has_words(const struct command_option *option)
{
	return islower((unsigned char)*option->argument) && strchr(option->argument, '|');
}

bool word_is_in(const char *words, const char *word)
{
	const size_t length = strlen(word);

	for (;;) {
		const size_t one = strcspn(words, "|");

		if (one == length && !strncmp(words, word, length))
			return true;
		if (!words[one])
			return false;
		words += one + 1;
	}
}

/* -- Help ------------------------------------------------------------------ */

static void usage(const struct command *command, FILE *out)
{
	const char *line = command->usage, *end;

	for (;;) {
		end = line + strcspn(line, "\n");
		fprintf(out, "%snotifycat %.*s\n", line == command->usage ? "Usage: " : "       ",
			(int)(end - line), line);
		if (!*end)
			return;
		line = end + 1;
	}
}

/* Print text in a column. */
static void print_wrapped(const char *text)
{
	int column = HELP_COLUMN, length;

	for (;;) {
		text += strspn(text, " ");
		length = strcspn(text, " ");
		if (!length)
			break;
		if (column > HELP_COLUMN && column + 1 + length > HELP_WIDTH) {
			printf("\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		}
		if (column > HELP_COLUMN)
			column += printf(" ");
		column += printf("%.*s", length, text);
		text += length;
	}
	putchar('\n');
}

static void print_option(const struct command_option *option)
{
	const bool optional = option->argument && *option->argument == '[';
	int column;

	if (option->id < OPTION_VERSION)
		column = printf("  -%c, ", option->id);
	else
		column = printf("      ");
	column += printf("--%s", option->name);
	if (option->argument)
		column += printf("%s%s", optional ? "" : " ", option->argument);
	if (column > HELP_COLUMN - 2) {
		putchar('\n');
		column = 0;
	}
	printf("%*s", HELP_COLUMN - column, "");
	print_wrapped(option->text);
}

static void help(const struct command *command)
{
	const struct command_option *option;

	usage(command, stdout);
	printf("\n%s\n", command->text);
	for (option = command->options; option->name; option++)
		print_option(option);
	for (option = common_options; option->name; option++)
		print_option(option);
	printf("\n%s", command->more);
}

bool command_refuse(const struct command *command, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	message("%s", text);
	if (!message_has_file())
		usage(command, stderr);
	return false;
}

/* -- Parser ---------------------------------------------------------------- */

static int has_arg(const char *argument)
{
	if (!argument)
		return no_argument;
	return *argument == '[' ? optional_argument : required_argument;
}

static struct option *add_options(struct option *to, char **letters,
				  const struct command_option *options)
{
	for (; options->name; options++, to++) {
		*to = (struct option){
			.name = options->name,
			.has_arg = has_arg(options->argument),
			.val = options->id,
		};
		if (options->id >= OPTION_VERSION)
			continue;
		*(*letters)++ = options->id;
		if (to->has_arg)
			*(*letters)++ = ':';
		if (to->has_arg == optional_argument)
			*(*letters)++ = ':';
	}
	return to;
}

static bool is_valid(const struct command *command, int id, const char *argument)
{
	const struct command_option *option = command_option(command, id);

	if (!argument || !option_has_words(option) || word_is_in(option->argument, argument))
		return true;
	return report_error("invalid %s \"%s\": use %s", option->name, argument, option->argument);
}

int command_parse(const struct command *command, int argc, char **argv,
		  bool (*set)(void *data, int id, const char *argument), void *data,
		  enum exit_status *status)
{
	struct option options[OPTIONS_MAX] = { };
	char letters[3 * OPTIONS_MAX] = "", *end = letters;
	int id;

	add_options(add_options(options, &end, command->options), &end, common_options);
	*status = EXIT_USAGE;
	optind = 0;
	while ((id = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		if (id == 'h' || id == OPTION_VERSION) {
			if (id == 'h')
				help(command);
			else
				puts("notifycat " NOTIFY_MULTI_VERSION);
			*status = flush_output() == FLUSH_FAILED ? EXIT_FAILED : EXIT_OK;
			return -1;
		}
		if (id == '?') {
			if (!message_has_file())
				usage(command, stderr);
			return -1;
		}
		if (!is_valid(command, id, optarg) || !set(data, id, optarg))
			return -1;
	}
	return optind;
}
