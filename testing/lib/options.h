/* SPDX-License-Identifier: GPL-2.0 */
/* Command lines of options --NAME=VALUE, or --NAME for a flag. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* An option has one of the three values. */
struct option_value {
	const char *name;
	const char *help;	/* the argument, blanks, and a description */
	uint64_t *number;
	const char **text;
	bool *flag;
};

/* Exit with 2 if the command line is wrong, and with 0 after --help. */
void parse_options(int argc, char **argv, const struct option_value *values);
__attribute__((format(printf, 1, 2), noreturn)) void usage_error(const char *format, ...);
uint64_t parse_number(const char *text, uint64_t min, uint64_t max);

#endif /* OPTIONS_H */
