// SPDX-License-Identifier: GPL-2.0
/* A system call that does nothing: a lower bound for all calls. */
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

static int syscall_start(struct bench *bench)
{
	packet_prepare(bench, 0);
	return 0;
}

static void syscall_open(struct bench *bench, struct reader *reader)
{
	(void)bench;
	reader->fd = -1;
}

static int syscall_read(struct reader *reader, void *buffer)
{
	(void)reader;
	(void)buffer;
	return syscall(SYS_getppid) >= 0;
}

const struct peer syscall_peer = {
	.name = "syscall",
	.about = "an empty system call",
	.bytes = sizeof(uint64_t),
	.start = syscall_start,
	.open = syscall_open,
	.read = syscall_read,
};
