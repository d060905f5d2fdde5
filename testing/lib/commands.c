// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "commands.h"

void prep_command(struct io_uring_sqe *sqe, int fd, __u32 op, struct notify_multi_uring_cmd cmd)
{
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, fd, NULL, 0, 0);
	sqe->cmd_op = op;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
}

bool uring_has_commands(struct io_uring *uring)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(uring);
	bool multishot = probe && io_uring_opcode_supported(probe, OP_READ_MULTISHOT);

	io_uring_free_probe(probe);
	return multishot;
}
