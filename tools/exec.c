// SPDX-License-Identifier: GPL-2.0
/*
 * Commands that are run for packets, without a shell: a value is never parsed.
 */

#include "exec.h"

#include "device.h"
#include "message.h"
#include "print.h"
#include "value.h"
#include "words.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORDS	256
#define PREFIX		"NOTIFY_"

/* A running command and its packet. */
struct job {
	pid_t pid;
	const char *device;
	uint64_t seq;
};

static char *words[MAX_WORDS];
static struct job *jobs;
static size_t jobs_max, jobs_count;
static int children = -1;
static bool failed;

bool exec_begin(const char *command, uint32_t max, int *fd)
{
	char *copy = strdup(command);
	sigset_t child;
	size_t count;

	jobs_max = max;
	jobs = calloc(max, sizeof(*jobs));
	if (!copy || !jobs)
		return report_error("out of memory");
	if (!split_words(copy, false, words, MAX_WORDS, &count))
		return false;
	if (!count)
		return report_error("empty command");
	/* A parent may have ignored it. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	*fd = children;
	return children >= 0 || report_error("cannot wait for commands: %s", strerror(errno));
}

/* -- Arguments and environment --------------------------------------------- */

/* Replace "{FIELD}" if the packet has the field. */
static void print_template(const struct value_source *source, const char *c)
{
	const char *end;

	for (; *c; c++) {
		end = *c == '{' ? strchr(c, '}') : NULL;
		if (end && value_print(source, c + 1, end - c - 1))
			c = end;
		else
			print_char(*c);
	}
	print_char('\0');
}

static void print_variable(const struct value_source *source, const char *name)
{
	const char *c;

	print(PREFIX);
	for (c = name; *c; c++)
		print_char(toupper((unsigned char)*c));
	print_char('=');
	value_print(source, name, strlen(name));
	print_char('\0');
}

/* Set pointers to strings that follow each other; return the end of the last string. */
static char *set_pointers(char **to, char *strings, size_t count)
{
	for (; count; count--, to++) {
		*to = strings;
		strings += strlen(strings) + 1;
	}
	*to = NULL;
	return strings;
}

static bool is_ours(const char *variable)
{
	return !strncmp(variable, PREFIX, strlen(PREFIX));
}

/* Print all arguments, then all variables. */
static char *print_strings(const struct value_source *source, size_t *arguments, size_t *variables)
{
	char *text = NULL, **variable;
	const char *name;
	size_t size, i;
	FILE *file;

	file = open_memstream(&text, &size);
	if (!file)
		return NULL;
	print_to(file);
	for (i = 0; words[i]; i++)
		print_template(source, words[i]);
	*arguments = i;
	for (i = 0; (name = value_name(source->device, i)); i++) {
		if (!strcmp(name, "_"))
			continue;
		print_variable(source, name);
		++*variables;
	}
	for (variable = environ; *variable; variable++) {
		if (is_ours(*variable))
			continue;
		print_bytes(*variable, strlen(*variable) + 1);
		++*variables;
	}
	print_to(NULL);
	if (!fclose(file))
		return text;
	free(text);
	return NULL;
}

/* -- Processes ------------------------------------------------------------- */

static void report_end(const struct job *job, int status)
{
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return;
	failed = true;
	if (WIFEXITED(status))
		message("%s %" PRIu64 ": command exited with %d", job->device, job->seq,
			WEXITSTATUS(status));
	else
		message("%s %" PRIu64 ": command was killed by signal %d", job->device, job->seq,
			WTERMSIG(status));
}

/* Wait for a command, or with WNOHANG, take one that has ended. Return false if there is none. */
static bool reap(int flags)
{
	int status;
	pid_t pid;
	size_t i;

	pid = waitpid(-1, &status, flags);
	if (pid <= 0)
		return false;
	for (i = 0; i < jobs_count; i++) {
		if (jobs[i].pid != pid)
			continue;
		report_end(&jobs[i], status);
		jobs[i] = jobs[--jobs_count];
		break;
	}
	return true;
}

void exec_reap(void)
{
	struct signalfd_siginfo info;

	while (read(children, &info, sizeof(info)) > 0)
		continue;
	while (reap(WNOHANG))
		continue;
}

bool exec_end(void)
{
	while (jobs_count && reap(0))
		continue;
	return !failed;
}

/* Return 0 or an errno. The signals and standard input of notifycat are its own. */
static int spawn(char **arguments, char **environment, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults, none;
	int error;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	error = posix_spawnp(pid, arguments[0], &actions, &attributes, arguments, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

bool exec_run(const struct output *output, const struct device *device,
	      const struct notify_multi_record *record)
{
	const struct value_source source = { output, device, record };
	struct job job = { .device = device->node.name, .seq = record->seq };
	size_t arguments = 0, variables = 0;
	char *strings, **pointers;
	int error = ENOMEM;

	strings = print_strings(&source, &arguments, &variables);
	pointers = malloc((arguments + variables + 2) * sizeof(*pointers));
	if (strings && pointers) {
		set_pointers(pointers + arguments + 1,
			     set_pointers(pointers, strings, arguments), variables);
		error = spawn(pointers, pointers + arguments + 1, &job.pid);
	}
	free(pointers);
	free(strings);
	if (error)
		return report_error("cannot run %s: %s", words[0], strerror(error));
	jobs[jobs_count++] = job;
	while (jobs_count == jobs_max && reap(0))
		continue;
	return true;
}
