/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by faults.c and signal.c: packets of one size, and calls that return -errno.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include "sim.h"

#include <liburing.h>

#define PACKET	64
#define RECORD	(RECORD_HEADER + PACKET)
#define LIMIT	8
#define SLOTS	16
#define PAGE	((size_t)sysconf(_SC_PAGESIZE))

/* Offset of the command bytes in an SQE. */
#define SQE_COMMAND	48

static inline const struct notify_multi_record *record_at(const void *buffer, unsigned int index)
{
	return buffer + index * RECORD;
}

/* Packet numbers are seqs. */
#define EXPECT_RECORD(buffer, index, number)					\
do {										\
	const struct notify_multi_record *record_ = record_at(buffer, index);	\
										\
	EXPECT_EQ((uint64_t)(number), record_->seq);				\
	EXPECT_EQ(0, record_->dropped);						\
	EXPECT_TRUE(packet_is(record_->data, PACKET, number));			\
} while (0)

#define BROADCAST(number, count) \
	ASSERT_EQ((ssize_t)(count) * PACKET, \
		  sim_broadcast(self->injector, PACKET, number, count))

static inline ssize_t readv_errno(int fd, const struct iovec *iov, int count)
{
	return errno_of(readv(fd, iov, count));
}

/* -- io_uring -- */

/* Return true if io_uring is not built in, or not allowed. */
static inline bool ring_missing(int ret)
{
	return ret == -ENOSYS || ret == -EPERM;
}

static inline struct io_uring_sqe *new_sqe(struct io_uring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (!sqe)
		abort();
	return sqe;
}

static inline void prepare_pend(struct io_uring_sqe *sqe, int fd, void *buffer, __u32 size)
{
	const struct notify_multi_uring_cmd command = {
		.addr = (uintptr_t)buffer,
		.len = size,
	};

	memset(sqe, 0, SQE_COMMAND);
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = fd;
	sqe->cmd_op = NOTIFY_MULTI_URING_CMD_PEND;
	memcpy((char *)sqe + SQE_COMMAND, &command, sizeof(command));
}

/* Submit the prepared SQE and wait for its result. Return -errno if that fails. */
static inline int ring_result(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	int ret = io_uring_submit(ring);

	if (ret < 0)
		return ret;
	ret = io_uring_wait_cqe(ring, &cqe);
	if (ret)
		return ret;
	ret = cqe->res;
	io_uring_cqe_seen(ring, cqe);
	return ret;
}

/* As ring_result(), but -EOPNOTSUPP if io_uring does not support commands, instead of EINVAL. */
static inline int pend_result(struct io_uring *ring)
{
	struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
	bool known = probe && io_uring_opcode_supported(probe, IORING_OP_URING_CMD);
	int ret = ring_result(ring);

	io_uring_free_probe(probe);
	return known ? ret : -EOPNOTSUPP;
}

#endif /* FAULTS_H */
