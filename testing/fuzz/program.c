// SPDX-License-Identifier: GPL-2.0
/* Random programs, random changes of programs, and programs as text. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "options.h"

static int64_t random_value(const struct values *values, struct random *random)
{
	return values->values[random_below(random, values->count)];
}

static unsigned int random_type(struct random *random)
{
	static unsigned int sum;
	unsigned int type, at;

	if (!sum)
		for (type = 0; type < nr_call_types; type++)
			sum += call_types[type].weight;
	at = random_below(random, sum);
	for (type = 0; at >= call_types[type].weight; type++)
		at -= call_types[type].weight;
	return type;
}

static unsigned int find_type(const char *name, size_t length)
{
	unsigned int type;

	for (type = 0; type < nr_call_types; type++)
		if (strlen(call_types[type].name) == length &&
		    !memcmp(call_types[type].name, name, length))
			return type;
	usage_error("unknown call: %.*s", (int)length, name);
}

/* -- Creating and changing programs -------------------------------------------- */

static struct fuzz_call new_call(unsigned int type, struct random *random)
{
	struct fuzz_call call = { .type = type };
	unsigned int arg;

	for (arg = 0; arg < FUZZ_ARGS && call_types[type].args[arg]; arg++)
		call.args[arg] = random_value(call_types[type].args[arg], random);
	return call;
}

static void append(struct fuzz_program *program, struct fuzz_call call)
{
	if (program->count < FUZZ_CALLS)
		program->calls[program->count++] = call;
}

/*
 * Begin with a configured and registered source with one client: without it, most calls do nothing.
 * Often repeat the type of a call, because limits need several requests at once.
 */
void program_generate(struct fuzz_program *program, struct random *random)
{
	unsigned int calls = 5 + random_below(random, FUZZ_CALLS - 20);
	unsigned int type = find_type("broadcast", 9), attribute;
	struct fuzz_call open_call = new_call(find_type("open", 4), random);

	program->count = 0;
	for (attribute = 0; attribute < FUZZ_LIVE; attribute++)
		if (random_once_in(random, 3))
			append(program, new_call(attribute, random));
	append(program, (struct fuzz_call){ FUZZ_LIVE, { 0, 1 } });
	open_call.args[0] = 0;
	open_call.args[1] = 0;
	append(program, open_call);
	while (calls--) {
		if (!random_once_in(random, 4))
			type = random_type(random);
		append(program, new_call(type, random));
	}
}

void program_remove(struct fuzz_program *program, unsigned int at, unsigned int count)
{
	program->count -= count;
	memmove(&program->calls[at], &program->calls[at + count],
		(program->count - at) * sizeof(program->calls[0]));
}

static void insert(struct fuzz_program *program, unsigned int at, struct fuzz_call call)
{
	if (program->count == FUZZ_CALLS)
		program->count--;
	if (at > program->count)
		at = program->count;
	memmove(&program->calls[at + 1], &program->calls[at],
		(program->count - at) * sizeof(program->calls[0]));
	program->calls[at] = call;
	program->count++;
}

/* Choose another value of the same kind, or a neighbour. */
static void change_argument(struct fuzz_call *call, struct random *random)
{
	unsigned int arg = random_below(random, FUZZ_ARGS);
	const struct values *values = call_types[call->type].args[arg];

	if (values && values->ordered)
		call->args[arg] = (uint64_t)call->args[arg] + random_below(random, 3) - 1;
	else if (values)
		call->args[arg] = random_value(values, random);
}

/* Replace the end of the program with the end of another. */
static void splice(struct fuzz_program *program, const struct fuzz_program *other,
		   struct random *random)
{
	unsigned int from = random_below(random, other->count);

	program->count = random_below(random, program->count) + 1;
	while (from < other->count)
		append(program, other->calls[from++]);
}

void program_mutate(struct fuzz_program *program, const struct fuzz_program *other,
		    struct random *random)
{
	unsigned int changes = 1 + random_below(random, 4);

	while (changes--) {
		unsigned int at = random_below(random, program->count);

		switch (random_below(random, 8)) {
		case 0:
			splice(program, other, random);
			break;
		case 1:
			if (program->count > 1)
				program_remove(program, at, 1);
			break;
		case 2:
			insert(program, random_below(random, program->count + 1),
			       program->calls[at]);
			break;
		case 3:
		case 4:
			change_argument(&program->calls[at], random);
			break;
		default:
			insert(program, random_below(random, program->count + 1),
			       new_call(random_type(random), random));
		}
	}
}

/* -- Text: calls "name,argument..." separated by ';' -- */

void call_text(const struct fuzz_call *call, char *text, size_t size)
{
	const struct call_type *type = &call_types[call->type];
	size_t used = snprintf(text, size, "%s", type->name);
	unsigned int arg;

	for (arg = 0; arg < FUZZ_ARGS && type->args[arg] && used < size; arg++)
		used += snprintf(text + used, size - used, ",%" PRId64, call->args[arg]);
}

static const char *parse_call(struct fuzz_call *call, const char *text)
{
	size_t length = strcspn(text, ",;");
	unsigned int arg;
	char *end;

	call->type = find_type(text, length);
	text += length;
	for (arg = 0; arg < FUZZ_ARGS && call_types[call->type].args[arg]; arg++) {
		end = NULL;
		if (*text == ',')
			call->args[arg] = strtoll(++text, &end, 0);
		if (!end || end == text)
			usage_error("%s has too few arguments", call_types[call->type].name);
		text = end;
	}
	return text;
}

bool program_parse(struct fuzz_program *program, const char *text)
{
	program->count = 0;
	for (;;) {
		struct fuzz_call call = { };

		text += strspn(text, ";");
		if (!*text)
			return program->count > 0;
		text = parse_call(&call, text);
		append(program, call);
	}
}
