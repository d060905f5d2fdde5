// SPDX-License-Identifier: GPL-2.0
/* Prints a mapped ring's records, without system calls while records are queued: mapped DEVICE */

#include <fcntl.h>
#include <notify_multi/reader.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

static int fail(const char *what)
{
	perror(what);
	return 1;
}

int main(int argc, char **argv)
{
	struct notify_multi_reader reader;
	struct notify_multi_record *record;
	struct notify_multi_stats stats;
	struct notify_multi_info info;
	struct pollfd wait = { .events = POLLIN };
	void *ring;
	__u64 seq;

	wait.fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
	if (wait.fd < 0 || ioctl(wait.fd, NOTIFY_MULTI_IOC_GET_INFO, &info) ||
	    ioctl(wait.fd, NOTIFY_MULTI_IOC_GET_STATS, &stats))
		return fail("mapped");
	ring = mmap(NULL, info.ring_bytes, PROT_READ, MAP_SHARED, wait.fd, 0);
	record = malloc(info.record_size);
	if (ring == MAP_FAILED || !record)
		return fail("mapped");

	notify_multi_reader_init(&reader, ring, stats.next);
	for (;;) {
		while (notify_multi_reader_next(&reader, record))
			printf("%llu: %u dropped before it\n", record->seq, record->dropped);
		fflush(stdout);
		if (wait.revents & POLLHUP)
			return 0;
		/* Otherwise poll() would return at once. */
		seq = reader.next - 1;
		ioctl(wait.fd, NOTIFY_MULTI_IOC_CONSUME, &seq);
		poll(&wait, 1, -1);
	}
}
