// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

static bool is_fork(const struct fuzz_call *call)
{
	const struct call_type *type = &call_types[call->type];

	return call->type >= FUZZ_ATTRIBUTES && !type->run && !type->on_slot && !type->on_map;
}

static void run_child(const struct fuzz_program *program, unsigned int from, unsigned int count)
{
	for (; count-- && from < program->count && !fuzz->failure[0]; from++) {
		fuzz->call = from;
		fuzz->beats++;
		if (!call_types[program->calls[from].type].parent_only)
			make_call(&program->calls[from]);
	}
	_exit(0);
}

static void run_fork(const struct fuzz_program *program, unsigned int from, unsigned int count)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		run_child(program, from, count);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		failure("fork: %d", errno);
	else if (status)
		failure("the child ended with status %#x", status);
}

static void run_calls(const struct fuzz_program *program)
{
	for (fuzz->call = 0; fuzz->call < program->count; fuzz->call++) {
		unsigned int at = fuzz->call;
		const struct fuzz_call *call = &program->calls[at];

		fuzz->beats++;
		if (!is_fork(call)) {
			make_call(call);
		} else if (call->args[0] > 0) {
			run_fork(program, at + 1, call->args[0]);
			if (!fuzz->failure[0])
				fuzz->call = at + call->args[0];
		}
		if (!fuzz->failure[0])
			expect_sigio();
		if (fuzz->failure[0])
			return;
	}
}

bool program_run(const struct fuzz_program *program)
{
	fuzz->failure[0] = '\0';
	calls_begin();
	run_calls(program);
	calls_end();
	return !fuzz->failure[0];
}
