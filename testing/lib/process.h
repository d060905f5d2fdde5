/* SPDX-License-Identifier: GPL-2.0 */
/* Time, failures, memory and processes. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Time limit of any operation on an emulated machine with a debug kernel. */
#define LIMIT_SECONDS	120

/* Time since boot. */
uint64_t now_ns(void);
double now(void);
void sleep_ms(unsigned int ms);

/* Print "@failed PROGRAM: ..." and exit with 1. */
__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *format, ...);

/* Fail if @ret is a negative errno. */
void expect_success(long long ret, const char *what);

#define CHECK(condition)						\
do {									\
	if (!(condition))						\
		fail("%s:%d: check failed: %s: %m", __func__, __LINE__, #condition); \
} while (0)

/* Wait until a condition is false. Fail with a message if it is true for LIMIT_SECONDS. */
#define WAIT_WHILE(condition, ...)					\
do {									\
	double end_ = now() + LIMIT_SECONDS;				\
									\
	while (condition) {						\
		if (now() > end_)					\
			fail(__VA_ARGS__);				\
		sleep_ms(1);						\
	}								\
} while (0)

/* Allocate zeroed memory and touch it, so that page faults are not measured. */
void *allocate(size_t bytes);
/* Allocate zeroed memory that is shared with children. */
void *shared_memory(size_t bytes);

/* Run @main(@data) in a child, which is killed when its parent exits. */
pid_t start_process(void (*main)(void *data), void *data);
/* Fail if a child has exited. */
void check_process(pid_t pid, const char *name);
/* Wait for a child, which must exit with 0 within LIMIT_SECONDS. */
void join_process(pid_t pid, const char *name);

#endif /* PROCESS_H */
