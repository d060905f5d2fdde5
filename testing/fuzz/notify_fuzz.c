// SPDX-License-Identifier: GPL-2.0
/*
 * notify_fuzz: run random programs of calls of the ABI, compare the result of each call with the
 * model, and continue from programs that reach new code.
 *
 * A child runs the programs. Its parent reports the current program if the child hangs or dies.
 * A failing program is minimised.
 */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "notify_fuzz.h"

#define CORPUS		4096
#define TEXT		(64 << 10)
#define HANG_SECONDS	60
#define REPORT_SECONDS	10
#define LEAK_PROGRAMS	256	/* Check for memory leaks after this many programs. */

static struct fuzz_program *corpus;
static unsigned int corpus_count;
static uint64_t executed;
static struct kcov kcov;
static bool guided;

/* -- Output ---------------------------------------------------------------------- */

static void print_program(const struct fuzz_program *program)
{
	char text[256];
	unsigned int at;

	for (at = 0; at < program->count; at++) {
		fuzz_call_text(&program->calls[at], text, sizeof(text));
		printf("#   %s\n", text);
	}
}

/* Print an option to replay the program, which also fits a kernel command line. */
static void print_replay(const struct fuzz_program *program)
{
	char text[256];
	unsigned int at;
	char *blank;

	printf("# replay: --program='");
	for (at = 0; at < program->count; at++) {
		fuzz_call_text(&program->calls[at], text, sizeof(text));
		while ((blank = strchr(text, ' ')))
			*blank = ',';
		printf("%s%s", at ? ";" : "", text);
	}
	printf("'\n");
}

static void print_failure(const struct fuzz_program *program, unsigned int call,
			  const char *failure)
{
	char text[256] = "end";

	printf("# program:\n");
	print_program(program);
	print_replay(program);
	if (call < program->count)
		fuzz_call_text(&program->calls[call], text, sizeof(text));
	printf("@failed notify_fuzz: call %u (%s): %s\n", call, text, failure);
	fflush(stdout);
}

static void print_figures(void)
{
	printf("%" PRIu64 " programs, corpus %u", executed, corpus_count);
	if (guided)
		printf(", %u PCs, %u edges", kcov_pcs(), kcov_edges());
	printf("\n");
	fflush(stdout);
}

static void print_progress(uint64_t begin)
{
	printf("# %" PRIu64 " s: ", (fuzz_now() - begin) / 1000000000);
	print_figures();
}

static void print_result(void)
{
	printf("@result ");
	print_figures();
}

void die(const char *format, ...)
{
	va_list arguments;

	printf("@failed notify_fuzz: ");
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
	exit(1);
}

/* -- Memory ------------------------------------------------------------------------- */

/* The clients' rings are the only vmalloc areas of the module. */
static unsigned int count_rings(void)
{
	FILE *file = fopen("/proc/vmallocinfo", "re");
	char line[512];
	unsigned int count = 0;

	while (file && fgets(line, sizeof(line), file))
		count += !!strstr(line, "[notify_multi]");
	if (file)
		fclose(file);
	return count;
}

/* io_uring closes its files asynchronously. */
static bool rings_leaked(void)
{
	unsigned int ms;

	for (ms = 0; ms < 5000; ms += 10) {
		if (!count_rings())
			return false;
		usleep(10000);
	}
	printf("@failed notify_fuzz: %u rings not freed\n", count_rings());
	return true;
}

/* -- Programs --------------------------------------------------------------------------- */

static bool run(const struct fuzz_program *program, unsigned int *new_coverage)
{
	bool passed;

	fuzz->program = *program;
	kcov_enable(&kcov);
	passed = fuzz_run(program);
	*new_coverage = kcov_disable(&kcov);
	executed++;
	return passed;
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

			fuzz_remove(&less, at, count);
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

	print_failure(program, fuzz->call, fuzz->failure);
	if (!fails(&less)) {
		printf("# not reproducible\n");
		return;
	}
	minimise(&less);
	fails(&less);
	printf("# minimised:\n");
	print_failure(&less, fuzz->call, fuzz->failure);
}

static void next_program(struct fuzz_program *program, uint64_t *random)
{
	if (!corpus_count || !fuzz_below(random, 4)) {
		fuzz_generate(program, random);
		return;
	}
	*program = corpus[fuzz_below(random, corpus_count)];
	fuzz_mutate(program, &corpus[fuzz_below(random, corpus_count)], random);
}

/* Add a program to the corpus. If that is full, replace a random one. */
static void add_to_corpus(const struct fuzz_program *program, uint64_t *random)
{
	if (corpus_count < CORPUS)
		corpus[corpus_count++] = *program;
	else
		corpus[fuzz_below(random, CORPUS)] = *program;
}

static bool run_single(const struct fuzz_program *program, uint64_t *random)
{
	unsigned int new_coverage;

	if (!run(program, &new_coverage)) {
		report_minimised(program);
		return false;
	}
	if (new_coverage)
		add_to_corpus(program, random);
	return true;
}

/* Run programs until a timeout or a failure. */
static bool explore(uint64_t *random, uint64_t seconds)
{
	uint64_t begin = fuzz_now(), report = begin;

	while (fuzz_now() - begin < seconds * 1000000000ULL) {
		struct fuzz_program program;

		next_program(&program, random);
		if (!run_single(&program, random))
			return false;
		if (executed % LEAK_PROGRAMS == 0 && rings_leaked())
			return false;
		if (fuzz_now() - report > REPORT_SECONDS * 1000000000ULL) {
			report = fuzz_now();
			print_progress(begin);
		}
	}
	print_progress(begin);
	return !rings_leaked();
}

static bool explore_all(uint64_t seed, uint64_t seconds)
{
	uint64_t random = seed * 0x9e3779b97f4a7c15ULL + 1;

	if (!random)
		random = 1;
	guided = kcov_start(&kcov);
	printf("# seed %" PRIu64 ", %s\n", seed, guided ? "guided by KCOV" : "unguided: no KCOV");
	return explore(&random, seconds);
}

static bool replay(const char *text)
{
	struct fuzz_program program;

	if (!fuzz_parse(&program, text))
		exit(2);
	if (fails(&program)) {
		print_failure(&program, fuzz->call, fuzz->failure);
		return false;
	}
	return !rings_leaked();
}

/* -- Processes ---------------------------------------------------------------------------- */

struct options {
	uint64_t seed;
	uint64_t seconds;
	char *program;
};

static int work(const struct options *options)
{
	bool passed;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fuzz_start();
	passed = options->program ? replay(options->program) :
				   explore_all(options->seed, options->seconds);
	fuzz_stop();
	if (passed && fuzz->failure[0]) {
		printf("@failed notify_fuzz: %s\n", fuzz->failure);
		passed = false;
	}
	if (passed)
		print_result();
	return !passed;
}

static void print_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[256];

	while (file && fgets(line, sizeof(line), file))
		printf("#   %s", line);
	if (file)
		fclose(file);
}

static void report_hang(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stack", pid);
	printf("# kernel stack:\n");
	print_file(path);
	print_failure(&fuzz->program, fuzz->call, "hangs");
}

/* Watch the child and kill it if it hangs. Return its exit status. */
static int watch(pid_t pid)
{
	uint64_t beats = 0, since = fuzz_now();
	int status;

	while (!waitpid(pid, &status, WNOHANG)) {
		usleep(100000);
		if (beats != __atomic_load_n(&fuzz->beats, __ATOMIC_RELAXED)) {
			beats = fuzz->beats;
			since = fuzz_now();
		} else if (fuzz_now() - since > HANG_SECONDS * 1000000000ULL) {
			report_hang(pid);
			kill(pid, SIGKILL);
			return 1;
		}
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	print_failure(&fuzz->program, fuzz->call, strsignal(WTERMSIG(status)));
	return 1;
}

static char *read_program(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = calloc(1, TEXT);

	if (!file || !text || !fread(text, 1, TEXT - 1, file)) {
		fprintf(stderr, "notify_fuzz: cannot read %s\n", path);
		exit(2);
	}
	fclose(file);
	return text;
}

static void usage(void)
{
	fprintf(stderr,
		"notify_fuzz [--seconds N] [--seed N]\n"
		"notify_fuzz --replay FILE | --program 'CALL; CALL ...'\n");
	exit(2);
}

static struct options parse_options(int argc, char **argv)
{
	static const struct option names[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "seed", required_argument, NULL, 'r' },
		{ "replay", required_argument, NULL, 'f' },
		{ "program", required_argument, NULL, 'p' },
		{ }
	};
	struct options options = { .seed = 1, .seconds = 60 };
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (option == 's')
			options.seconds = strtoull(optarg, NULL, 10);
		else if (option == 'r')
			options.seed = strtoull(optarg, NULL, 10);
		else if (option == 'f')
			options.program = read_program(optarg);
		else if (option == 'p')
			options.program = optarg;
		else
			usage();
	}
	if (optind != argc)
		usage();
	return options;
}

int main(int argc, char **argv)
{
	struct options options = parse_options(argc, argv);
	pid_t pid;

	fuzz = mmap(NULL, sizeof(*fuzz), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	corpus = calloc(CORPUS, sizeof(*corpus));
	if (fuzz == MAP_FAILED || !corpus) {
		perror("notify_fuzz");
		return 2;
	}
	fflush(stdout);
	pid = fork();
	if (!pid)
		exit(work(&options));
	if (pid < 0) {
		perror("notify_fuzz: fork");
		return 2;
	}
	return watch(pid);
}
