/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tortures share: options, a generator of random numbers, failures that say what is
 * known, simulated sources and modules.
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <linux/notify_multi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "files.h"

#define RECORD_HEADER	sizeof(struct notify_multi_record)

/*
 * Longer than anything takes on an emulated machine with a debug kernel: what was not done
 * after so many seconds never will be.
 */
#define LIMIT_SECONDS	120

/* -- Options. -------------------------------------------------------------- */

struct options {
	const char *program;
	unsigned int seconds;
	unsigned int rounds;
	uint64_t seed;
};

extern struct options options;

/* --seconds=N, --rounds=N, --seed=N; what is set before is the default. Prints them. */
void parse_options(int argc, char **argv);

/* -- Random numbers: those of an actor are the same for the same seed. ------ */

struct random {
	uint64_t state;
};

struct random random_of(unsigned int actor);
uint64_t random_next(struct random *random);
/* From 0 to @below - 1. */
unsigned int random_below(struct random *random, unsigned int below);
/* True once in @times. */
bool random_once_in(struct random *random, unsigned int times);

/* -- Time, failures, processes. --------------------------------------------- */

double now(void);
void sleep_ms(unsigned int ms);

/* Says what is wrong, and with which seed, and ends the process with 1. */
__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *format, ...);

#define CHECK(condition)						\
do {									\
	if (!(condition))						\
		fail("%s:%d: not so: %s", __func__, __LINE__, #condition); \
} while (0)

/* Zeroed memory that children share. */
void *shared_memory(size_t bytes);

/* Runs @main(@data) in a child, which ends with its parent. */
pid_t start_process(void (*main)(void *data), void *data);

/* Waits for a child that must end well within LIMIT_SECONDS. */
void join_process(pid_t pid, const char *who);

/* -- Files, modules, simulated sources: 0 or -errno. ------------------------ */

long long read_number(const char *path);

int load_module(const char *module, const char *parameters);
int unload_module(const char *module);

int sim_make(const char *name);
int sim_remove(const char *name);
int sim_set(const char *name, const char *attribute, const char *value);
int sim_set_number(const char *name, const char *attribute, long long value);
long long sim_get_number(const char *name, const char *attribute);
/* A descriptor, or -errno. */
int sim_open(const char *name, int flags);
int sim_open_injector(const char *name);

#endif /* TORTURE_H */
