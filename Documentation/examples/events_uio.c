// SPDX-License-Identifier: GPL-2.0
/* Counts interrupts with UIO: events_uio /dev/uioN */

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[1], O_RDWR) : -1;
	uint32_t enable = 1, count, before = 0;

	if (fd < 0)
		return 1;
	while (write(fd, &enable, sizeof(enable)) == sizeof(enable) &&
	       read(fd, &count, sizeof(count)) == sizeof(count)) {
		printf("interrupt %u, %u missed\n", count, count - before - 1);
		before = count;
	}
	return 1;
}
