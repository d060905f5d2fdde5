// SPDX-License-Identifier: GPL-2.0
/*
 * Peers without a device: multicast over netlink, and a daemon that writes each packet into the
 * socket, pipe or eventfd of each reader. The last two transfer no data and are lower bounds.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define GROUP		1
/* Default size of a pipe. */
#define PIPE_BYTES	65536

/* -- Sockets: batches by recvmmsg() --------------------------------------------- */

struct batch {
	struct mmsghdr messages[BENCH_QUEUE];
	struct iovec iovecs[BENCH_QUEUE];
};

/*
 * Size of a socket buffer for a full queue. The kernel counts the allocated memory: the payload
 * rounded up to a power of two, and the descriptor.
 */
static void set_buffer_size(const struct bench *bench, int fd, int option)
{
	int bytes = BENCH_QUEUE * (2 * bench->bytes + 4096);

	if (setsockopt(fd, SOL_SOCKET, option, &bytes, sizeof(bytes)))
		fail("%s: cannot set the size of a buffer: %m", bench->peer->name);
}

static int socket_start(struct bench *bench)
{
	bench->private = allocate(sizeof(struct batch));
	return 0;
}

static void socket_stop(struct bench *bench)
{
	free(bench->private);
}

/* The buffer of a batch does not change, so it is set up only once. */
static void set_up_batch(const struct bench *bench, void *buffer)
{
	struct batch *batch = bench->private;
	unsigned int i;

	for (i = 0; i < BENCH_QUEUE; i++) {
		batch->iovecs[i].iov_base = (char *)buffer + i * bench->stride;
		batch->iovecs[i].iov_len = bench->stride;
		batch->messages[i].msg_hdr.msg_iov = &batch->iovecs[i];
		batch->messages[i].msg_hdr.msg_iovlen = 1;
	}
}

static int socket_batch(struct reader *reader, void *buffer, unsigned int count)
{
	struct batch *batch = reader->bench->private;
	int got;

	if (batch->iovecs[0].iov_base != buffer)
		set_up_batch(reader->bench, buffer);
	got = recvmmsg(reader->fd, batch->messages, count, MSG_DONTWAIT, NULL);
	return got < 0 ? 0 : got;
}

static int netlink_socket(unsigned int groups)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)))
		fail("netlink: cannot bind: %m");
	return fd < 0 ? -errno : fd;
}

static int netlink_start(struct bench *bench)
{
	struct nlmsghdr *header = bench->message;

	bench->source = netlink_socket(0);
	header->nlmsg_len = bench->size;
	header->nlmsg_type = NLMSG_MIN_TYPE;
	return bench->source < 0 ? bench->source : socket_start(bench);
}

static void netlink_open(struct bench *bench, struct reader *reader)
{
	reader->fd = netlink_socket(GROUP);
	expect_success(reader->fd, "netlink");
	set_buffer_size(bench, reader->fd, SO_RCVBUFFORCE);
}

/* The message goes to the kernel, too, which refuses it with ECONNREFUSED. */
static void netlink_publish(struct bench *bench)
{
	static const struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = GROUP };

	if (sendto(bench->source, bench->message, bench->size, 0,
		   (const struct sockaddr *)&group, sizeof(group)) < 0 && errno != ECONNREFUSED)
		fail("netlink: cannot send: %m");
}

const struct peer netlink_peer = {
	.name = "netlink",
	.about = "multicast to a group of NETLINK_USERSOCK",
	.message_header = NLMSG_HDRLEN,
	.read_header = NLMSG_HDRLEN,
	.start = netlink_start,
	.stop = socket_stop,
	.open = netlink_open,
	.publish = netlink_publish,
	.read = packet_read,
	.batch = socket_batch,
};

static void seqpacket_open(struct bench *bench, struct reader *reader)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		fail("seqpacket: cannot create a pair of sockets: %m");
	set_buffer_size(bench, fds[1], SO_SNDBUFFORCE);
	reader->fd = fds[0];
	reader->feed = fds[1];
}

const struct peer seqpacket_peer = {
	.name = "seqpacket",
	.about = "a unix socket for each reader, written by a daemon",
	.start = socket_start,
	.stop = socket_stop,
	.open = seqpacket_open,
	.publish = packet_fan_out,
	.read = packet_read,
	.batch = socket_batch,
};

/* -- Pipes ------------------------------------------------------------------------ */

static void pipe_open(struct bench *bench, struct reader *reader)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		fail("pipe: cannot create a pipe: %m");
	reader->fd = fds[0];
	reader->feed = fds[1];
}

const struct peer pipe_peer = {
	.name = "pipe",
	.about = "a pipe for each reader, written by a daemon",
	.queue_bytes = PIPE_BYTES,
	.open = pipe_open,
	.publish = packet_fan_out,
	.read = packet_read,
	.batch = packet_batch,
};

/* -- Lower bounds ------------------------------------------------------------------ */

static void eventfd_open(struct bench *bench, struct reader *reader)
{
	reader->fd = eventfd(0, EFD_CLOEXEC);
	if (reader->fd < 0)
		fail("eventfd: %m");
	reader->feed = dup(reader->fd);
}

static void eventfd_prepare(struct bench *bench, uint64_t number)
{
	*(uint64_t *)bench->message = 1;
}

static bool eventfd_check(const struct bench *bench, const void *packet, uint64_t number)
{
	return *(const uint64_t *)packet == 1;
}

/* An eventfd merges events, so only one packet can be queued. */
const struct peer eventfd_peer = {
	.name = "eventfd",
	.about = "an eventfd for each reader, written by a daemon; no data, a lower bound",
	.bytes = sizeof(uint64_t),
	.queue = 1,
	.open = eventfd_open,
	.prepare = eventfd_prepare,
	.publish = packet_fan_out,
	.read = packet_read,
	.check = eventfd_check,
};

static void syscall_open(struct bench *bench, struct reader *reader)
{
	reader->fd = -1;
}

static int syscall_read(struct reader *reader, void *buffer)
{
	return syscall(SYS_getppid) >= 0;
}

const struct peer syscall_peer = {
	.name = "syscall",
	.about = "an empty system call",
	.bytes = sizeof(uint64_t),
	.open = syscall_open,
	.read = syscall_read,
};
