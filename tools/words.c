// SPDX-License-Identifier: GPL-2.0
/*
 * Words of a text.
 */

#include "words.h"

#include "message.h"

#include <ctype.h>
#include <string.h>

/* Return the end of a word, or NULL; remove its quotes. */
static char *end_of_word(char *text)
{
	char quote = '\0', *to = text;

	for (; *text && (quote || !isspace((unsigned char)*text)); text++) {
		if (quote ? *text == quote : *text == '"' || *text == '\'')
			quote = quote ? '\0' : *text;
		else
			*to++ = *text;
	}
	if (quote)
		return NULL;
	if (*text)
		text++;
	*to = '\0';
	return text;
}

bool split_words(char *text, bool comments, char **words, size_t max, size_t *count)
{
	*count = 0;
	for (;;) {
		text += strspn(text, " \t\r\n\f\v");
		if (!*text)
			break;
		if (comments && *text == '#') {
			text += strcspn(text, "\n");
			continue;
		}
		if (*count == max - 1)
			return report_error("too many arguments");
		words[(*count)++] = text;
		text = end_of_word(text);
		if (!text)
			return report_error("missing quote");
	}
	words[*count] = NULL;
	return true;
}
