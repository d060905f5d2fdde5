// SPDX-License-Identifier: GPL-2.0
/* Reads several devices in one thread: poll DEVICE... */

#include <errno.h>
#include <fcntl.h>
#include <linux/notify_multi.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Read all queued records. Return 0 if the device will have no more. */
static int drain(int fd)
{
	static _Alignas(8) char buffer[2 * NOTIFY_MULTI_MAX_PACKET_SIZE];
	const struct notify_multi_record *record = (const void *)buffer;
	ssize_t bytes;

	while ((bytes = read(fd, buffer, sizeof(buffer))) > 0) {
		printf("%d: %zd bytes from %llu on\n", fd, bytes, record->seq);
		fflush(stdout);
	}
	return errno == EAGAIN;
}

int main(int argc, char **argv)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), devices;
	struct epoll_event event = { .events = EPOLLIN };

	for (devices = 0; devices < argc - 1; devices++) {
		event.data.fd = open(argv[devices + 1], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event)) {
			perror(argv[devices + 1]);
			return 1;
		}
	}
	while (devices && epoll_wait(epoll, &event, 1, -1) == 1)
		if (!drain(event.data.fd)) {
			close(event.data.fd);
			devices--;
		}
	return 0;
}
