// SPDX-License-Identifier: GPL-2.0
/* Prints the records of a device: reader DEVICE */

#include <fcntl.h>
#include <linux/notify_multi.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static _Alignas(8) char buffer[2 * NOTIFY_MULTI_MAX_PACKET_SIZE];
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
	struct notify_multi_info info;
	ssize_t at, bytes;

	if (fd < 0 || ioctl(fd, NOTIFY_MULTI_IOC_GET_INFO, &info)) {
		perror("reader");
		return 1;
	}
	while ((bytes = read(fd, buffer, sizeof(buffer))) > 0)
		for (at = 0; at < bytes; at += info.record_size) {
			const struct notify_multi_record *record = (const void *)(buffer + at);

			printf("%llu: status %d, %u dropped before it\n", record->seq,
			       record->status, record->dropped);
			fflush(stdout);
		}
	perror("reader");
	return 1;
}
