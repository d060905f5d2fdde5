// SPDX-License-Identifier: GPL-2.0
/* Random programs, random changes of programs, and programs as text. */
#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notify_fuzz.h"

/* Kinds of arguments. Each kind has its own set of values. */
enum kind {
	NONE,
	DEVICE,
	SLOT,
	BUFFER,
	PACKET_SIZE,
	MAX_PACKETS,
	MAX_REQUESTS,
	REPLAY,
	FIRST_SEQ,
	MODE,
	ERROR,
	CONTEXT,
	LIVE,
	OPEN_FLAGS,
	COUNT,
	PACKETS,
	DELTA,
	BOOLEAN,
	EVENTS,
	FORMAT,
	SEQ_BASE,
	SEQ_DELTA,
	IOCTL,
	REFUSED,
	PROTECTION,
	SHARING,
	PAGE_OFFSET,
	LENGTH_DELTA,
	MAP,
	REQUEST,
	COMMAND_FLAGS,
	ATTRIBUTE,
	STATISTIC,
	CALLS,
	KINDS,
};

#define VALUES(...) { (const int64_t[]){ __VA_ARGS__ }, \
		      sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t) }

/* Values that are listed more often are chosen more often. */
static const struct {
	const int64_t *values;
	unsigned int count;
} kinds[KINDS] = {
	[NONE] = VALUES(0),
	[DEVICE] = VALUES(0, 0, 0, 0, 0, 1),
	[SLOT] = VALUES(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 3, 4),
	[BUFFER] = VALUES(0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2),
	[PACKET_SIZE] = VALUES(1, 7, 8, 9, 16, 16, 64, 65, 100, 512, 4096, 65536, 0, 65537),
	[MAX_PACKETS] = VALUES(1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 31, 64, 1000, 0, INT_MAX,
			       1LL << 31, UINT_MAX),
	[MAX_REQUESTS] = VALUES(1, 1, 1, 2, 2, 3, 4, 16, INT_MAX, 0, 1LL << 31),
	[REPLAY] = VALUES(0, 1, 1, 2, 3, 4, 8, 64, 65),
	[FIRST_SEQ] = VALUES(0, 1, 2, 0xfffffffa, 0xffffffff, 0x100000000, 0x1fffffffc,
			     INT64_MAX, INT64_MAX - 2, INT64_MIN, -1),
	[MODE] = VALUES(0600, 0666, 0, 01000),
	[ERROR] = VALUES(0, 0, 0, 0, -1, -5, -11, -14, -22, -95, -4, -511, -512, -529, -4095,
			 -4096, 1),
	[CONTEXT] = VALUES(0, 1, 2, 2, 2, 3),
	[LIVE] = VALUES(0, 1, 1, 1, 2),
	[OPEN_FLAGS] = VALUES(4, 4, 4, 0, 0, 6, 2, 1, 5),
	[COUNT] = VALUES(0, 1, 1, 1, 2, 3, 5, 9, 40, 40, 40),
	[PACKETS] = VALUES(0, 1, 1, 1, 1, 1, 2, 3, 4, 5, 8, 9, 17, 33),
	[DELTA] = VALUES(0, 0, 0, 0, 0, 0, -1, 1, 7, -8, -32),
	[BOOLEAN] = VALUES(0, 1),
	[EVENTS] = VALUES(0x43, 0x43, 0x1, 0x2, 0x40, 0, 0x4),
	[FORMAT] = VALUES(0, 1, 1, 2, -1),
	[SEQ_BASE] = VALUES(0, 1, 1, 2, 2),
	[SEQ_DELTA] = VALUES(-1, -1, 0, 0, 1, 2, 3, -2, -3, 100, 1LL << 32, INT64_MIN),
	[IOCTL] = VALUES(0, 1, 2, 3, 4, 5, 6, 7),
	[REFUSED] = VALUES(0, 1, 2, 3, 4, 5),
	[PROTECTION] = VALUES(1, 1, 1, 1, 1, 1, 1, 1, 0, 2, 3, 4, 5),
	[SHARING] = VALUES(1, 1, 1, 1, 1, 1, 1, 0),
	[PAGE_OFFSET] = VALUES(0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
	[LENGTH_DELTA] = VALUES(0, 0, 0, 0, 0, 0, -4096, 4096, 1, -1, INT_MIN),
	[MAP] = VALUES(0, 0, 0, 0, 1, 2),
	[REQUEST] = VALUES(0, 0, 1, 2, 3, 4, 5, 6, 7),
	[COMMAND_FLAGS] = VALUES(0, 0, 0, 0, 0, 0, 0, 1),
	[ATTRIBUTE] = VALUES(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
	[STATISTIC] = VALUES(0, 1, 2, 3, 4, 5, 6, 7),
	[CALLS] = VALUES(1, 2, 3, 5),
};

const char * const fuzz_attributes[FUZZ_ATTRIBUTES] = {
	[FUZZ_PACKET_SIZE] = "packet_size",
	[FUZZ_MAX_PACKETS] = "max_packets",
	[FUZZ_MAX_REQUESTS] = "max_requests",
	[FUZZ_REPLAY] = "replay",
	[FUZZ_FIRST_SEQ] = "first_seq",
	[FUZZ_MODE] = "mode",
	[FUZZ_STATUS] = "status",
	[FUZZ_ARRIVAL_ERROR] = "arrival_error",
	[FUZZ_COMPLETE_ERROR] = "complete_error",
	[FUZZ_CONTEXT] = "context",
	[FUZZ_LIVE] = "live",
};

static const struct {
	const char *name;
	unsigned int weight;
	enum kind args[FUZZ_ARGS];
} types[FUZZ_TYPES] = {
	[FUZZ_PACKET_SIZE] = { "packet_size", 2, { DEVICE, PACKET_SIZE } },
	[FUZZ_MAX_PACKETS] = { "max_packets", 2, { DEVICE, MAX_PACKETS } },
	[FUZZ_MAX_REQUESTS] = { "max_requests", 2, { DEVICE, MAX_REQUESTS } },
	[FUZZ_REPLAY] = { "replay", 2, { DEVICE, REPLAY } },
	[FUZZ_FIRST_SEQ] = { "first_seq", 2, { DEVICE, FIRST_SEQ } },
	[FUZZ_MODE] = { "mode", 1, { DEVICE, MODE } },
	[FUZZ_STATUS] = { "status", 6, { DEVICE, ERROR } },
	[FUZZ_ARRIVAL_ERROR] = { "arrival_error", 2, { DEVICE, ERROR } },
	[FUZZ_COMPLETE_ERROR] = { "complete_error", 4, { DEVICE, ERROR } },
	[FUZZ_CONTEXT] = { "context", 2, { DEVICE, CONTEXT } },
	[FUZZ_LIVE] = { "live", 3, { DEVICE, LIVE } },
	[FUZZ_OPEN] = { "open", 12, { SLOT, DEVICE, OPEN_FLAGS } },
	[FUZZ_CLOSE] = { "close", 4, { SLOT } },
	[FUZZ_DUP] = { "dup", 3, { SLOT, SLOT } },
	[FUZZ_READ] = { "read", 20, { SLOT, COUNT, DELTA, BUFFER } },
	[FUZZ_READV] = { "readv", 4, { SLOT, COUNT, DELTA, BUFFER } },
	[FUZZ_PREADV2] = { "preadv2", 5, { SLOT, COUNT, DELTA, BUFFER, BOOLEAN } },
	[FUZZ_SPLICE] = { "splice", 3, { SLOT, COUNT, DELTA } },
	[FUZZ_POLL] = { "poll", 8, { SLOT, EVENTS } },
	[FUZZ_EPOLL] = { "epoll", 3, { SLOT, EVENTS } },
	[FUZZ_INFO] = { "info", 3, { SLOT, BUFFER } },
	[FUZZ_STATS] = { "stats", 10, { SLOT, BUFFER } },
	[FUZZ_FDINFO] = { "fdinfo", 3, { SLOT } },
	[FUZZ_FORMAT] = { "format", 6, { SLOT, FORMAT, BUFFER } },
	[FUZZ_RESIZE] = { "resize", 8, { SLOT, MAX_PACKETS, BUFFER } },
	[FUZZ_CONSUME] = { "consume", 8, { SLOT, SEQ_BASE, SEQ_DELTA, BUFFER } },
	[FUZZ_IOCTL] = { "ioctl", 1, { SLOT, IOCTL, BUFFER } },
	[FUZZ_REFUSED] = { "refused", 1, { SLOT, REFUSED } },
	[FUZZ_NONBLOCK] = { "nonblock", 3, { SLOT, BOOLEAN } },
	[FUZZ_ASYNC] = { "async", 3, { SLOT, BOOLEAN } },
	[FUZZ_MMAP] = { "mmap", 7, { SLOT, PROTECTION, SHARING, PAGE_OFFSET, LENGTH_DELTA } },
	[FUZZ_MUNMAP] = { "munmap", 3, { MAP } },
	[FUZZ_MPROTECT] = { "mprotect", 1, { MAP, PROTECTION } },
	[FUZZ_MREMAP] = { "mremap", 1, { MAP, LENGTH_DELTA } },
	[FUZZ_MAPREAD] = { "mapread", 8, { MAP, COUNT } },
	[FUZZ_BROADCAST] = { "broadcast", 28, { DEVICE, PACKETS, DELTA, BUFFER } },
	[FUZZ_URING_READ] = { "uring_read", 6, { SLOT, COUNT, DELTA, BUFFER } },
	[FUZZ_MULTISHOT] = { "multishot", 4, { SLOT } },
	[FUZZ_PEND] = { "pend", 10, { SLOT, COUNT, DELTA, BUFFER, COMMAND_FLAGS } },
	[FUZZ_PEND_CANCEL] = { "pend_cancel", 3, { SLOT, REQUEST } },
	[FUZZ_READ_CANCEL] = { "read_cancel", 2, { REQUEST } },
	[FUZZ_REAP] = { "reap", 8, { NONE } },
	[FUZZ_URING_EXIT] = { "uring_exit", 1, { NONE } },
	[FUZZ_SYSFS] = { "sysfs", 2, { DEVICE, STATISTIC } },
	[FUZZ_CONFIGFS] = { "configfs", 2, { DEVICE, ATTRIBUTE } },
	[FUZZ_FORK] = { "fork", 2, { CALLS } },
};

/* -- Random numbers: xorshift with a multiplication; the state is never 0 ----- */

uint64_t fuzz_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

uint32_t fuzz_below(uint64_t *state, uint32_t limit)
{
	return (fuzz_random(state) >> 32) % limit;
}

static int64_t random_value(enum kind kind, uint64_t *random)
{
	return kinds[kind].values[fuzz_below(random, kinds[kind].count)];
}

static enum fuzz_call_type random_type(uint64_t *random)
{
	static unsigned int sum;
	unsigned int type, at;

	if (!sum)
		for (type = 0; type < FUZZ_TYPES; type++)
			sum += types[type].weight;
	at = fuzz_below(random, sum);
	for (type = 0; at >= types[type].weight; type++)
		at -= types[type].weight;
	return type;
}

/* -- Creating and changing programs -------------------------------------------- */

static struct fuzz_call make_call(enum fuzz_call_type type, uint64_t *random)
{
	struct fuzz_call call = { .type = type };
	unsigned int arg;

	for (arg = 0; arg < FUZZ_ARGS; arg++)
		call.args[arg] = random_value(types[type].args[arg], random);
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
void fuzz_generate(struct fuzz_program *program, uint64_t *random)
{
	unsigned int calls = 5 + fuzz_below(random, FUZZ_CALLS - 20);
	enum fuzz_call_type type = FUZZ_BROADCAST;
	unsigned int attribute;
	int64_t flags;

	program->count = 0;
	for (attribute = 0; attribute < FUZZ_LIVE; attribute++)
		if (!fuzz_below(random, 3))
			append(program, make_call(attribute, random));
	append(program, (struct fuzz_call){ FUZZ_LIVE, { 0, 1 } });
	flags = random_value(OPEN_FLAGS, random);
	append(program, (struct fuzz_call){ FUZZ_OPEN, { [2] = flags } });
	while (calls--) {
		if (fuzz_below(random, 4))
			type = random_type(random);
		append(program, make_call(type, random));
	}
}

void fuzz_remove(struct fuzz_program *program, unsigned int at, unsigned int count)
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

/* Choose another value of the same kind, or for counts and offsets a neighbour. */
static void change_argument(struct fuzz_call *call, uint64_t *random)
{
	unsigned int arg = fuzz_below(random, FUZZ_ARGS);
	enum kind kind = types[call->type].args[arg];

	if (kind == COUNT || kind == PACKETS || kind == DELTA || kind == SEQ_DELTA)
		call->args[arg] = (uint64_t)call->args[arg] + fuzz_below(random, 3) - 1;
	else
		call->args[arg] = random_value(kind, random);
}

/* Replace the end of the program with the end of another. */
static void splice(struct fuzz_program *program, const struct fuzz_program *other,
		   uint64_t *random)
{
	unsigned int from = fuzz_below(random, other->count);

	program->count = fuzz_below(random, program->count) + 1;
	while (from < other->count)
		append(program, other->calls[from++]);
}

/* Both programs must have at least one call. */
void fuzz_mutate(struct fuzz_program *program, const struct fuzz_program *other, uint64_t *random)
{
	unsigned int changes = 1 + fuzz_below(random, 4);

	while (changes--) {
		unsigned int at = fuzz_below(random, program->count);

		switch (fuzz_below(random, 8)) {
		case 0:
			splice(program, other, random);
			break;
		case 1:
			if (program->count > 1)
				fuzz_remove(program, at, 1);
			break;
		case 2:
			insert(program, fuzz_below(random, program->count + 1),
			       program->calls[at]);
			break;
		case 3:
		case 4:
			change_argument(&program->calls[at], random);
			break;
		default:
			insert(program, fuzz_below(random, program->count + 1),
			       make_call(random_type(random), random));
		}
	}
}

/*
 * -- Text: one call "name argument..." per line ----------------------------------------------
 *
 * For a kernel command line, calls are separated by ';' and arguments by commas.
 */

static unsigned int arguments(enum fuzz_call_type type)
{
	unsigned int count = 0;

	while (count < FUZZ_ARGS && types[type].args[count] != NONE)
		count++;
	return count;
}

void fuzz_call_text(const struct fuzz_call *call, char *text, size_t size)
{
	size_t used = snprintf(text, size, "%s", types[call->type].name);
	unsigned int arg;

	for (arg = 0; arg < arguments(call->type) && used < size; arg++)
		used += snprintf(text + used, size - used, " %" PRId64, call->args[arg]);
}

static bool parse_type(struct fuzz_call *call, const char *name, size_t length)
{
	unsigned int type;

	for (type = 0; type < FUZZ_TYPES; type++) {
		if (strlen(types[type].name) == length && !memcmp(types[type].name, name, length)) {
			call->type = type;
			return true;
		}
	}
	fprintf(stderr, "notify_fuzz: unknown call: %.*s\n", (int)length, name);
	return false;
}

static const char *parse_call(struct fuzz_call *call, const char *text)
{
	size_t length = strcspn(text, " ,\n;");
	unsigned int arg;
	char *end;

	if (!parse_type(call, text, length))
		return NULL;
	text += length;
	for (arg = 0; arg < arguments(call->type); arg++) {
		text += *text == ',';
		call->args[arg] = strtoll(text, &end, 0);
		if (end == text) {
			fprintf(stderr, "notify_fuzz: %s has too few arguments\n",
				types[call->type].name);
			return NULL;
		}
		text = end;
	}
	return text;
}

/* Lines beginning with '#' are comments. */
bool fuzz_parse(struct fuzz_program *program, const char *text)
{
	program->count = 0;
	for (;;) {
		struct fuzz_call call = { };

		text += strspn(text, " ,\n;");
		if (!*text)
			return program->count > 0;
		if (*text == '#') {
			text += strcspn(text, "\n");
			continue;
		}
		text = parse_call(&call, text);
		if (!text)
			return false;
		append(program, call);
	}
}
