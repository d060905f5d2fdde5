// SPDX-License-Identifier: GPL-2.0
/*
 * notify_fuzz: run random programs of calls of the ABI, compare the result of each call with the
 * model, and continue from programs that reach new code.
 *
 * A child runs the programs. Its parent reports the current program if the child hangs or dies.
 * A failing program is minimised.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "fuzz.h"
#include "options.h"
#include "proc.h"
#include "process.h"

#define CORPUS		4096
#define HANG_SECONDS	60
#define REPORT_SECONDS	10
#define LEAK_PROGRAMS	256	/* Check for memory leaks after this many programs. */

static uint64_t option_seconds = 60, option_seed = 1;
static const char *option_program;
static const struct option_value options[] = {
	{ "seconds", "N          duration (60)", .number = &option_seconds },
	{ "seed", "N             seed of all random numbers (1)", .number = &option_seed },
	{ "program", "CALL;CALL  run only this program", .text = &option_program },
	{ }
};

static struct fuzz_program corpus[CORPUS];
static unsigned int corpus_count;
static uint64_t executed;

/* -- Output ---------------------------------------------------------------------- */

/* Print the calls as an option that runs them again, which also fits a kernel command line. */
static void print_program(const struct fuzz_program *program)
{
	char text[256];
	unsigned int at;

	printf("# --program='");
	for (at = 0; at < program->count; at++) {
		call_text(&program->calls[at], text, sizeof(text));
		printf("%s%s", at ? ";" : "", text);
	}
	printf("'\n");
}

static void print_failure(const struct fuzz_program *program, const char *failure)
{
	char text[256] = "end";

	print_program(program);
	if (fuzz->call < program->count)
		call_text(&program->calls[fuzz->call], text, sizeof(text));
	printf("@failed notify_fuzz: call %u (%s): %s\n", fuzz->call, text, failure);
}

static void print_figures(const char *prefix)
{
	printf("%s%" PRIu64 " programs, corpus %u", prefix, executed, corpus_count);
	kcov_print();
	printf("\n");
}

/* -- Programs --------------------------------------------------------------------------- */

/* io_uring closes its files asynchronously. */
static void check_rings(void)
{
	WAIT_WHILE(count_rings(), "%u rings not freed", count_rings());
}

/* Return true if the kernel matched the model. After a failure the program can run again. */
static bool run(const struct fuzz_program *program, unsigned int *new_coverage)
{
	fuzz->program = *program;
	fuzz->failure[0] = '\0';
	kcov_enable();
	calls_begin();
	for (fuzz->call = 0; fuzz->call < program->count; fuzz->call++) {
		fuzz->beats++;
		make_call(&program->calls[fuzz->call]);
		if (!fuzz->failure[0])
			expect_sigio();
		if (fuzz->failure[0])
			break;
	}
	calls_end();
	*new_coverage = kcov_disable();
	executed++;
	return !fuzz->failure[0];
}

static bool fails(const struct fuzz_program *program)
{
	unsigned int new_coverage;

	return program->count && !run(program, &new_coverage);
}

/* Remove calls while the program still fails, first many at once, then single ones. */
static void minimise(struct fuzz_program *program)
{
	unsigned int count, at;

	for (count = program->count / 2; count; count /= 2) {
		for (at = 0; at + count <= program->count;) {
			struct fuzz_program less = *program;

			program_remove(&less, at, count);
			if (fails(&less))
				*program = less;
			else
				at++;
		}
	}
}

static void report_minimised(const struct fuzz_program *program)
{
	struct fuzz_program less = *program;

	print_failure(program, fuzz->failure);
	if (!fails(&less)) {
		printf("# not reproducible\n");
		return;
	}
	minimise(&less);
	fails(&less);
	printf("# minimised:\n");
	print_failure(&less, fuzz->failure);
}

static void next_program(struct fuzz_program *program, struct random *random)
{
	if (!corpus_count || random_once_in(random, 4)) {
		program_generate(program, random);
		return;
	}
	*program = corpus[random_below(random, corpus_count)];
	program_mutate(program, &corpus[random_below(random, corpus_count)], random);
}

/* Add a program to the corpus. If that is full, replace a random one. */
static void add_to_corpus(const struct fuzz_program *program, struct random *random)
{
	if (corpus_count < CORPUS)
		corpus[corpus_count++] = *program;
	else
		corpus[random_below(random, CORPUS)] = *program;
}

/* Run programs until a timeout or a failure. */
static bool explore(void)
{
	struct random random = random_of(option_seed, 0);
	double begin = now(), report = begin;

	printf("# seed %" PRIu64 ", %s\n", option_seed,
	       kcov_start() ? "guided by KCOV" : "unguided: no KCOV");
	while (now() - begin < option_seconds) {
		struct fuzz_program program;
		unsigned int new_coverage;

		next_program(&program, &random);
		if (!run(&program, &new_coverage)) {
			report_minimised(&program);
			return false;
		}
		if (new_coverage)
			add_to_corpus(&program, &random);
		if (executed % LEAK_PROGRAMS == 0)
			check_rings();
		if (now() - report > REPORT_SECONDS) {
			report = now();
			print_figures("# ");
		}
	}
	return true;
}

static bool run_text(const char *text)
{
	struct fuzz_program program;

	if (!program_parse(&program, text))
		usage_error("no calls");
	if (!fails(&program))
		return true;
	print_failure(&program, fuzz->failure);
	return false;
}

/* -- Processes ---------------------------------------------------------------------------- */

static void work(void *data)
{
	bool passed;

	calls_start();
	passed = option_program ? run_text(option_program) : explore();
	if (passed) {
		check_rings();
		calls_stop();
		print_figures("@result ");
	}
	exit(!passed);
}

static void report_hang(pid_t pid)
{
	char path[64], stack[4096];

	snprintf(path, sizeof(path), "/proc/%d/stack", pid);
	if (read_text(path, stack, sizeof(stack)))
		printf("# kernel stack:\n%s", stack);
	print_failure(&fuzz->program, "hangs");
}

/* Watch the child and kill it if it hangs. Return its exit status. */
static int watch(pid_t pid)
{
	uint64_t beats = 0;
	double since = now();
	int status;

	while (!waitpid(pid, &status, WNOHANG)) {
		sleep_ms(100);
		if (beats != __atomic_load_n(&fuzz->beats, __ATOMIC_RELAXED)) {
			beats = fuzz->beats;
			since = now();
		} else if (now() - since > HANG_SECONDS) {
			report_hang(pid);
			kill(pid, SIGKILL);
			return 1;
		}
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	print_failure(&fuzz->program, strsignal(WTERMSIG(status)));
	return 1;
}

int main(int argc, char **argv)
{
	parse_options(argc, argv, options);
	fuzz = shared_memory(sizeof(*fuzz));
	return watch(start_process(work, NULL));
}
