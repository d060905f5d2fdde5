// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/notify_gpio.h>

#include "stress.h"

/* An unmapped address; volatile to avoid compiler warnings. */
static void *volatile const bad_pointer = (void *)8;

size_t random_size(const struct stream *stream, struct random *random)
{
	const struct client *client = stream->client;
	size_t step = stream->raw ? client->packet_size : client->record_size;
	size_t most = BUFFER_BYTES / step;
	size_t count = 1 + random_below(random, random_once_in(random, 2) ? 2 : most);

	return count < most ? count * step + random_below(random, step) : count * step;
}

static ssize_t scattered_read(int fd, unsigned char *buffer, size_t size, struct random *random,
			      int flags)
{
	size_t first = random_below(random, size);
	struct iovec parts[2] = { { buffer, first }, { buffer + first, size - first } };

	if (flags)
		return errno_of(preadv2(fd, parts, 2, -1, flags));
	return errno_of(readv(fd, parts, 2));
}

enum outcome read_randomly(struct stream *stream, struct random *random, unsigned int allowed)
{
	size_t size = random_size(stream, random);
	int fd = stream->client->fd;
	ssize_t ret;

	if (random_once_in(random, 4))
		ret = scattered_read(fd, stream->buffer, size, random, 0);
	else
		ret = errno_of(read(fd, stream->buffer, size));
	return check_result(stream, stream->buffer, ret, allowed | ALLOW_INTR);
}

enum outcome read_without_waiting(struct stream *stream, struct random *random)
{
	size_t size = random_size(stream, random);
	ssize_t ret = scattered_read(stream->client->fd, stream->buffer, size, random, RWF_NOWAIT);

	return check_result(stream, stream->buffer, ret, ALLOW_AGAIN | ALLOW_INTR);
}

void read_bad_buffer(struct stream *stream)
{
	struct iovec part = { bad_pointer, BUFFER_BYTES };
	ssize_t ret = errno_of(preadv2(stream->client->fd, &part, 1, -1, RWF_NOWAIT));

	check_result(stream, NULL, ret, ALLOW_AGAIN | ALLOW_INTR | ALLOW_FAULT);
}

static void expect_error(const struct stream *stream, ssize_t ret, int error, const char *what)
{
	if (ret >= 0 || (errno != error && errno != EINTR))
		fail_client(stream->client, "%s returned %zd: %m", what, ret);
}

/* An ioctl that only notify_gpio has. */
static void get_levels(const struct stream *stream)
{
	struct notify_gpio_levels levels;
	int ret = ioctl(stream->client->fd, NOTIFY_GPIO_IOC_GET_LEVELS, &levels);

	if (stream->client->device->context)
		expect_error(stream, ret, ENOTTY, "GET_LEVELS");
	else if (ret)
		expect_error(stream, ret, ENODEV, "GET_LEVELS");
	else if (levels.valid != 3 || levels.levels > 3)
		fail_client(stream->client, "levels %#llx of lines %#llx",
			    (unsigned long long)levels.levels, (unsigned long long)levels.valid);
}

/* If the queue is empty, a non-blocking read fails with EAGAIN, or ENODEV after unregistration. */
static void read_short(const struct stream *stream)
{
	ssize_t ret = read(stream->client->fd, stream->buffer, stream->client->packet_size - 1);

	if (ret >= 0 || (errno != EINVAL && errno != EAGAIN && errno != ENODEV && errno != EINTR))
		fail_client(stream->client, "short read returned %zd: %m", ret);
}

static void resize(struct stream *stream, struct random *random)
{
	__u32 max_packets = 1 + random_below(random, random_once_in(random, 4) ? 200 : 16);
	int ret = ioctl(stream->client->fd, NOTIFY_MULTI_IOC_SET_MAX_PACKETS, &max_packets);

	if (ret && errno != EINTR && !(stream->client->mapped && errno == EBUSY))
		fail_client(stream->client, "SET_MAX_PACKETS: %m");
}

void make_other_call(struct stream *stream, struct random *random)
{
	struct client *client = stream->client;
	int fd = client->fd;

	switch (random_below(random, 12)) {
	case 0:
	case 1:
		check_stats(client);
		break;
	case 2:
	case 3:
		resize(stream, random);
		break;
	case 4:
		expect_error(stream, lseek(fd, 0, SEEK_CUR), ESPIPE, "lseek");
		break;
	case 5:
		get_levels(stream);
		break;
	case 6:
		read_short(stream);
		break;
	case 7:
		expect_error(stream, ioctl(fd, NOTIFY_MULTI_IOC_GET_INFO, bad_pointer), EFAULT,
			     "GET_INFO");
		break;
	case 8:
		if (read(fd, stream->buffer, 0))
			fail_client(client, "empty read: %m");
		break;
	case 9:
		sleep_ms(random_below(random, 30));
		break;
	case 10:
		if (!stream->async)
			check_fdinfo(client);
		break;
	default:
		sched_yield();
	}
}
