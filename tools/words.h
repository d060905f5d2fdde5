/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WORDS_H
#define WORDS_H

#include "notifycat.h"

/*
 * Split text, which is modified, at blanks and line breaks that are not between quotes (" or ').
 * With @comments, "#" at the start of a word begins a comment. @words, of @max, ends with NULL.
 * Return false after reporting an error.
 */
bool split_words(char *text, bool comments, char **words, size_t max, size_t *count);

#endif /* WORDS_H */
