// SPDX-License-Identifier: GPL-2.0
/*
 * Texts in memory.
 */

#include "mqtt_text.h"

#include "message.h"
#include "print.h"

#include <stdio.h>
#include <stdlib.h>

static FILE *file;
static char *text;
static size_t size;

static void out_of_memory(void)
{
	message("out of memory");
	exit(EXIT_FAILED);
}

void text_begin(void)
{
	if (!file)
		file = open_memstream(&text, &size);
	if (!file)
		out_of_memory();
	rewind(file);
	print_to(file);
}

const char *text_end(size_t *length)
{
	*length = ftell(file);
	if (fflush(file) || ferror(file))
		out_of_memory();
	print_to(NULL);
	return text;
}
