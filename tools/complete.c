// SPDX-License-Identifier: GPL-2.0
/*
 * Completion of a command line, for the scripts of bash, fish and zsh.
 */

#include "complete.h"

#include "command.h"
#include "device_words.h"
#include "flush.h"

#include <stdio.h>
#include <string.h>

static const char *typed;	/* The incomplete word. */
static size_t fixed;		/* Length of its part that is not completed. */

static void add_with_text(const char *word, const char *text)
{
	if (!strncmp(word, typed + fixed, strlen(typed + fixed)))
		printf("%.*s%s\t%s\n", (int)fixed, typed, word, text);
}

static void add(const char *word)
{
	add_with_text(word, "");
}

static void add_options(const struct command_option *option)
{
	char word[64];

	for (; option->name; option++) {
		snprintf(word, sizeof(word), "--%s", option->name);
		add_with_text(word, option->text);
	}
}

static bool is_option(const struct command_option *option, const char *word, size_t length)
{
	if (word[0] != '-' || length < 2)
		return false;
	if (word[1] != '-')
		return length == 2 && word[1] == option->id;
	return length == strlen(option->name) + 2 && !strncmp(word + 2, option->name, length - 2);
}

/* Return the option with this name of @length, or with this letter; or NULL. */
static const struct command_option *find_option(const struct command *command, const char *word,
						size_t length)
{
	const struct command_option *option;

	for (option = command->options; option->name; option++)
		if (is_option(option, word, length))
			return option;
	return NULL;
}

static const struct command_option *find_previous(const struct command *command, const char *word)
{
	return find_option(command, word, strlen(word));
}

static bool has_argument(const struct command_option *option)
{
	return option && option->argument && *option->argument != '[';
}

static void add_alternatives(const char *words)
{
	char copy[128], *rest = copy, *word;

	snprintf(copy, sizeof(copy), "%s", words);
	while ((word = strsep(&rest, "|")))
		add(word);
}

/* The lines follow others, and the devices may follow the lines. */
static void add_lines(int argc, char **argv)
{
	const char *comma = strrchr(typed, ',');
	int i;

	if (comma)
		fixed = comma + 1 - typed;
	for (i = 0; i < argc; i++)
		if (*argv[i] != '-')
			line_words(argv[i], add);
}

static void add_arguments(const struct command_option *option, int argc, char **argv)
{
	if (option_has_words(option))
		add_alternatives(option->argument);
	else if (!strcmp(option->argument, "CHIP"))
		chip_words(0, add);
	else if (!strncmp(option->argument, "LINE", 4))
		add_lines(argc, argv);
}

static void add_words(const struct command *command, int argc, char **argv)
{
	size_t position = 0;
	int i;

	for (i = 0; i < argc - 1; i++) {
		if (has_argument(find_previous(command, argv[i])))
			i++;
		else if (*argv[i] != '-')
			position++;
	}
	if (command->words)
		command->words(position, add);
}

enum exit_status complete(int argc, char **argv)
{
	const struct command *command = argc > 1 ? command_find(argv[0]) : NULL;
	const struct command_option *option = NULL;
	const bool first = argc == 1;
	size_t i, length;

	if (argc < 1)
		return EXIT_USAGE;
	typed = argv[argc - 1];
	length = strcspn(typed, "=");
	if (command) {
		argc--;
		argv++;
	} else {
		command = commands[0];
	}
	if (*typed == '-' && typed[length]) {
		fixed = length + 1;
		option = find_option(command, typed, length);
	} else if (argc > 1) {
		option = find_previous(command, argv[argc - 2]);
	}
	if (has_argument(option)) {
		add_arguments(option, argc - 1, argv);
	} else if (*typed == '-' && !fixed) {
		add_options(command->options);
		add_options(common_options);
	} else if (!fixed) {
		for (i = 0; first && commands[i]; i++)
			add(commands[i]->name);
		add_words(command, argc, argv);
	}
	return flush_output() == FLUSH_FAILED ? EXIT_FAILED : EXIT_OK;
}
