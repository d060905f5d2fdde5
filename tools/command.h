/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Commands and their options: one table feeds the parser, --help and the completion.
 */
#ifndef COMMAND_H
#define COMMAND_H

#include "notifycat.h"

/* First id of an option without a letter. */
#define OPTION_FIRST	256

#define OPTIONS_MAX	32

/*
 * @id: Letter, or OPTION_FIRST and above. Synonyms have the same.
 * @argument: Name of the argument, in brackets if it may be omitted; "a|b" in lower case if it is
 *            one of these words; NULL if there is none.
 */
struct command_option {
	int id;
	const char *name;
	const char *argument;
	const char *text;
};

/*
 * @usage: Lines of arguments.
 * @text: Description.
 * @options: End with a NULL name; all commands also have those of common_options.
 * @more: Examples and exit statuses.
 * @words: Call @add for each word that may be an argument at @position, counted from 0; or NULL.
 */
struct command {
	const char *name;
	const char *usage;
	const char *text;
	const struct command_option *options;
	const char *more;
	enum exit_status (*run)(int argc, char **argv);
	void (*words)(size_t position, void (*add)(const char *word));
};

extern const struct command read_command;
extern const struct command list_command;
extern const struct command attach_command;
extern const struct command detach_command;
extern const struct command stats_command;
extern const struct command top_command;

/* Options of all commands. */
extern const struct command_option common_options[];

/* All commands; ends with NULL. The first is the default. */
extern const struct command *const commands[];

/* False if the first argument is no command, so that the default runs. */
extern bool command_is_named;

const struct command *command_find(const char *name);

/*
 * Parse options by @set, which returns false after reporting an error; @argument is NULL if there
 * is none. Return the index of the first other argument, or -1 to exit with *status.
 */
int command_parse(const struct command *command, int argc, char **argv,
		  bool (*set)(void *data, int id, const char *argument), void *data,
		  enum exit_status *status);

/* Print a message, and unless the arguments are from a file, the usage. Return false. */
bool command_refuse(const struct command *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Return the option with this id. */
const struct command_option *command_option(const struct command *command, int id);

/* Return true if the argument of an option is one of several words. */
bool option_has_words(const struct command_option *option);

/* Return true if @word is in @words, which are separated by "|". */
bool word_is_in(const char *words, const char *word);

#endif /* COMMAND_H */
