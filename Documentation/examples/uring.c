// SPDX-License-Identifier: GPL-2.0
/* Prints packets that io_uring writes to a buffer, without a blocked thread: uring DEVICE */

#include <fcntl.h>
#include <liburing.h>
#include <linux/notify_multi.h>
#include <stdio.h>
#include <string.h>

/* Queue a request for one packet (DMF: RequestProcess). */
static void pend(struct io_uring *ring, int fd, void *buffer, __u32 bytes)
{
	struct notify_multi_uring_cmd cmd = { .addr = (__u64)(unsigned long)buffer, .len = bytes };
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, fd, NULL, 0, 0);
	sqe->cmd_op = NOTIFY_MULTI_URING_CMD_PEND;
	memcpy(sqe->cmd, &cmd, sizeof(cmd));
	io_uring_submit(ring);
}

int main(int argc, char **argv)
{
	static _Alignas(8) char buffer[2 * NOTIFY_MULTI_MAX_PACKET_SIZE];
	const struct notify_multi_record *record = (const void *)buffer;
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
	struct io_uring_cqe *cqe;
	struct io_uring ring;
	int result;

	if (fd < 0 || io_uring_queue_init(8, &ring, 0)) {
		fprintf(stderr, "uring: no device, or no io_uring\n");
		return 1;
	}
	do {
		pend(&ring, fd, buffer, sizeof(buffer));
		if (io_uring_wait_cqe(&ring, &cqe))
			return 1;
		result = cqe->res;
		io_uring_cqe_seen(&ring, cqe);
		if (result > 0)
			printf("%llu: %d bytes\n", record->seq, result);
		fflush(stdout);
	} while (result > 0);
	fprintf(stderr, "uring: %s\n", strerror(-result));
	return 1;
}
