// SPDX-License-Identifier: GPL-2.0
/* Multicast over netlink: one message for all members of a group. */
#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sockets.h"

#define GROUP	1

static int netlink_socket(unsigned int groups)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die("netlink: cannot bind: %m");
	return fd;
}

static int netlink_start(struct bench *bench)
{
	struct nlmsghdr *header;

	bench->source = netlink_socket(0);
	if (bench->source < 0)
		return -1;
	packet_prepare(bench, NLMSG_HDRLEN);
	bench->stride = bench->size;
	header = bench->message;
	header->nlmsg_len = bench->size;
	header->nlmsg_type = NLMSG_MIN_TYPE;
	socket_start(bench);
	return 0;
}

static void netlink_open(struct bench *bench, struct reader *reader)
{
	int bytes = socket_buffer_bytes(bench);

	reader->fd = netlink_socket(GROUP);
	if (reader->fd < 0 ||
	    setsockopt(reader->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		die("netlink: cannot create a socket: %m");
}

static void netlink_prepare(struct bench *bench, uint64_t number)
{
	packet_number(bench, NLMSG_HDRLEN, number);
}

/* The message goes to the kernel, too, which refuses it with ECONNREFUSED. */
static void netlink_publish(struct bench *bench)
{
	static const struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = GROUP };

	if (sendto(bench->source, bench->message, bench->size, 0,
		   (const struct sockaddr *)&group, sizeof(group)) < 0 && errno != ECONNREFUSED)
		die("netlink: cannot send: %m");
}

static bool netlink_check(const struct bench *bench, const void *buffer, unsigned int index,
			  uint64_t number)
{
	return packet_is(bench, (const char *)buffer + index * bench->stride + NLMSG_HDRLEN,
			 number);
}

const struct peer netlink_peer = {
	.name = "netlink",
	.about = "multicast to a group of NETLINK_USERSOCK",
	.start = netlink_start,
	.stop = socket_stop,
	.open = netlink_open,
	.prepare = netlink_prepare,
	.publish = netlink_publish,
	.read = packet_read,
	.batch = socket_batch,
	.check = netlink_check,
};
