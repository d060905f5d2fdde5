// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "process.h"

uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

double now(void)
{
	return now_ns() / 1e9;
}

void sleep_ms(unsigned int ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

/* A single write(), because other processes print as well. */
void fail(const char *format, ...)
{
	char text[1024];
	va_list arguments;
	int error = errno, at;

	at = snprintf(text, sizeof(text), "@failed %s: ", program_invocation_short_name);
	errno = error;
	va_start(arguments, format);
	at += vsnprintf(text + at, sizeof(text) - at, format, arguments);
	va_end(arguments);
	if (at > (int)sizeof(text) - 32)
		at = sizeof(text) - 32;
	at += snprintf(text + at, sizeof(text) - at, " (pid %d)\n", getpid());
	fflush(stdout);
	if (write(STDOUT_FILENO, text, at) != at)
		abort();
	exit(1);
}

void expect_success(long long ret, const char *what)
{
	if (ret < 0)
		fail("%s: %s", what, strerror(-ret));
}

void *allocate(size_t bytes)
{
	void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);

	if (!memory)
		fail("no memory for %zu bytes", bytes);
	return memset(memory, 0, bytes);
}

void *shared_memory(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail("cannot allocate shared memory: %m");
	return memory;
}

pid_t start_process(void (*main)(void *data), void *data)
{
	pid_t parent = getpid(), pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		fail("fork: %m");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	main(data);
	exit(0);
}

void check_process(pid_t pid, const char *name)
{
	int status;

	if (waitpid(pid, &status, WNOHANG) == pid)
		fail("%s, pid %d, exited with status %#x", name, pid, status);
}

void join_process(pid_t pid, const char *name)
{
	int status;

	WAIT_WHILE(waitpid(pid, &status, WNOHANG) != pid, "%s, pid %d, does not exit", name, pid);
	if (status)
		fail("%s, pid %d, exited with status %#x", name, pid, status);
}
