/* SPDX-License-Identifier: GPL-2.0 */
/*
 * notify_fuzz: programs of random calls, a model that predicts the result of each call, and kernel
 * coverage to select the programs to continue from. Each file uses only those below it:
 *
 *     notify_fuzz.c    runs programs; corpus, processes, reports
 *     program.c        creates, changes and parses programs
 *     calls.c          system calls, and the table of all calls
 *     uring_calls.c    calls of io_uring
 *     expect.c         comparison with the model
 *     model.c          the model
 *     kcov.c           coverage
 */
#ifndef FUZZ_H
#define FUZZ_H

#include "model.h"
#include "random.h"

#define FUZZ_SLOTS	5	/* File descriptors, including duplicates. */
#define FUZZ_MAPS	3
#define FUZZ_ARGS	5

/* -- Programs ----------------------------------------------------------------- */

struct fuzz_call {
	unsigned int type;	/* index in call_types */
	int64_t args[FUZZ_ARGS];
};

struct fuzz_program {
	unsigned int count;
	struct fuzz_call calls[FUZZ_CALLS];
};

void program_generate(struct fuzz_program *program, struct random *random);
/* Both programs must have at least one call. */
void program_mutate(struct fuzz_program *program, const struct fuzz_program *other,
		    struct random *random);
void program_remove(struct fuzz_program *program, unsigned int at, unsigned int count);
void call_text(const struct fuzz_call *call, char *text, size_t size);
bool program_parse(struct fuzz_program *program, const char *text);

/* -- Comparison with the model ------------------------------------------------ */

/* Memory shared by the processes of a program and their watchdog. */
extern struct fuzz_shared {
	struct model model;
	struct fuzz_program program;
	unsigned int call;		/* Index of the current call. */
	uint64_t beats;			/* Total number of calls. */
	char failure[400];		/* The first failure, or empty. */
} *fuzz;

/* Data that the model predicts for a read. */
extern unsigned char expected[FUZZ_BYTES];

/* Only the first failure is kept. */
void failure(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool expect(const char *what, int64_t actual, int64_t expected);
bool expect_result(int64_t actual, int64_t predicted);
/* Compare @bytes bytes that were read with @expected. */
bool expect_bytes(struct model_client *client, const unsigned char *actual, long bytes, bool raw);
size_t first_difference(const unsigned char *a, const unsigned char *b, size_t bytes);
bool is_raw(const struct model_client *client);

/* -- Calls --------------------------------------------------------------------- */

/* A descriptor and its client; -1 and NULL if the slot is empty. */
struct fuzz_slot {
	int fd;
	struct model_client *client;
};

struct fuzz_map;

/* Values of a kind of argument. Values that are listed more often are chosen more often. */
struct values {
	const int64_t *values;
	unsigned int count;
	bool ordered;		/* a neighbour is useful, too */
};

/* A call of an attribute has no function, the others have one. */
struct call_type {
	const char *name;
	unsigned int weight;
	const struct values *args[FUZZ_ARGS];
	void (*run)(const int64_t *args);
	void (*on_slot)(const int64_t *args, struct fuzz_slot *slot);
	void (*on_map)(const int64_t *args, struct fuzz_map *map);
};

extern const struct call_type call_types[];
extern const unsigned int nr_call_types;

/* Make a call, if its slot or mapping is not empty. */
void make_call(const struct fuzz_call *call);

void uring_call_read(const int64_t *args, struct fuzz_slot *slot);
void uring_call_pend(const int64_t *args, struct fuzz_slot *slot);
void uring_call_pend_cancel(const int64_t *args, struct fuzz_slot *slot);
void uring_call_read_cancel(const int64_t *args);
void uring_call_reap(const int64_t *args);
/* Return true if an io_uring was closed, which cancels requests asynchronously. */
bool uring_exit(void);

/* Set up the simulated sources, signals and buffers. */
void calls_start(void);
void calls_stop(void);
/* Before and after each program. */
void calls_begin(void);
void calls_end(void);
/* Check that SIGIO was sent if the model predicts it. */
void expect_sigio(void);

/* -- Coverage ------------------------------------------------------------------- */

/* Return false if the kernel does not have KCOV. */
bool kcov_start(void);
void kcov_enable(void);
/* Return the number of PCs and edges that were not reached before. */
unsigned int kcov_disable(void);
void kcov_print(void);

#endif /* FUZZ_H */
