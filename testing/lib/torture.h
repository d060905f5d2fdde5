/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common functions of the torture programs: options, random numbers, failures, processes, simulated
 * sources and modules.
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

/* Time limit of any operation on an emulated machine with a debug kernel. */
#define LIMIT_SECONDS	120

/* -- Options ------------------------------------------------------------------ */

struct options {
	const char *program;
	unsigned int seconds;
	unsigned int rounds;
	uint64_t seed;
};

extern struct options options;

/* Parse --seconds=N, --rounds=N and --seed=N into options; print the seed. */
void parse_options(int argc, char **argv);

/* -- Random numbers, reproducible from the seed ---------------------------------- */

struct random {
	uint64_t state;
};

struct random random_of(unsigned int actor);
uint64_t random_next(struct random *random);
unsigned int random_below(struct random *random, unsigned int below);
/* Return true with probability 1 / @times. */
bool random_once_in(struct random *random, unsigned int times);

/* -- Time, failures, processes ------------------------------------------------ */

double now(void);
void sleep_ms(unsigned int ms);

/* Print the failure and the seed, and exit with 1. */
__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *format, ...);

#define CHECK(condition)						\
do {									\
	if (!(condition))						\
		fail("%s:%d: check failed: %s", __func__, __LINE__, #condition); \
} while (0)

/* Allocate zeroed memory that is shared with children. */
void *shared_memory(size_t bytes);

/* Run @main(@data) in a child, which is killed when its parent exits. */
pid_t start_process(void (*main)(void *data), void *data);

/* Wait for a child, which must exit with 0 within LIMIT_SECONDS. */
void join_process(pid_t pid, const char *name);

/* -- fdinfo -------------------------------------------------------------------- */

/* State of a client, from /proc/PID/fdinfo/FD. */
struct fdinfo {
	char device[64];
	unsigned long long client;
	unsigned long long opener;
	unsigned long long queued;
	unsigned long long max;
	unsigned long long delivered;
	unsigned long long dropped;
	unsigned long long pending;
};

/* Return false if the descriptor is not that of a client, or does not exist. */
bool read_fdinfo(pid_t pid, const char *fd, struct fdinfo *info);
/* Read the fdinfo of all descriptors of a process. Return the number of clients among them. */
unsigned int read_all_fdinfo(pid_t pid);

/* -- Files, modules, simulated sources; all return -errno for errors ------------ */

long long read_number(const char *path);

int load_module(const char *module, const char *parameters);
int unload_module(const char *module);

int sim_make(const char *name);
int sim_remove(const char *name);
int sim_set(const char *name, const char *attribute, const char *value);
int sim_set_number(const char *name, const char *attribute, long long value);
long long sim_get_number(const char *name, const char *attribute);
int sim_open(const char *name, int flags);
int sim_open_injector(const char *name);

#endif /* TORTURE_H */
