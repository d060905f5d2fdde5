// SPDX-License-Identifier: GPL-2.0
/*
 * Lets a program open the sockets of simulated.py as devices of notify_multi (LD_PRELOAD). The
 * first message of a socket has the results of the ioctls.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/notify_gpio.h>
#include <linux/notify_multi.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_FDS		1024
#define MAX_LINES	64

struct hello {
	struct notify_multi_info info;
	struct notify_multi_stats stats;
	struct notify_gpio_levels levels;
	char driver[64];
	__u64 lines_count;
	struct notify_gpio_line lines[MAX_LINES];
};

static struct hello hello;
static bool simulated[MAX_FDS];

static bool is_socket(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISSOCK(st.st_mode);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (void *)&address, sizeof(address)) ||
	    recv(fd, &hello, sizeof(hello), 0) != sizeof(hello)) {
		close(fd);
		errno = ENODEV;
		return -1;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	simulated[fd] = true;
	return fd;
}

int open(const char *path, int flags, ...)
{
	int (*next)(const char *path, int flags, ...) = dlsym(RTLD_NEXT, "open");
	va_list args;
	int mode;

	if (is_socket(path))
		return connect_to(path);
	va_start(args, flags);
	mode = va_arg(args, int);
	va_end(args);
	return next(path, flags, mode);
}

int close(int fd)
{
	int (*next)(int fd) = dlsym(RTLD_NEXT, "close");

	if (fd >= 0 && fd < MAX_FDS)
		simulated[fd] = false;
	return next(fd);
}

ssize_t read(int fd, void *buffer, size_t size)
{
	ssize_t (*next)(int fd, void *buffer, size_t size) = dlsym(RTLD_NEXT, "read");
	ssize_t bytes = next(fd, buffer, size);

	if (bytes || fd >= MAX_FDS || !simulated[fd])
		return bytes;
	errno = ENODEV;
	return -1;
}

static int get_line(struct notify_gpio_line *line)
{
	if (line->line >= hello.lines_count) {
		errno = EINVAL;
		return -1;
	}
	*line = hello.lines[line->line];
	return 0;
}

int ioctl(int fd, unsigned long request, ...)
{
	int (*next)(int fd, unsigned long request, ...) = dlsym(RTLD_NEXT, "ioctl");
	void *argument;
	va_list args;

	va_start(args, request);
	argument = va_arg(args, void *);
	va_end(args);
	if (fd < 0 || fd >= MAX_FDS || !simulated[fd])
		return next(fd, request, argument);
	switch (request) {
	case NOTIFY_MULTI_IOC_GET_INFO:
		memcpy(argument, &hello.info, sizeof(hello.info));
		return 0;
	case NOTIFY_MULTI_IOC_GET_STATS:
		memcpy(argument, &hello.stats, sizeof(hello.stats));
		return 0;
	case NOTIFY_GPIO_IOC_GET_LEVELS:
		memcpy(argument, &hello.levels, sizeof(hello.levels));
		return 0;
	case NOTIFY_GPIO_IOC_GET_LINE:
		return get_line(argument);
	default:
		errno = ENOTTY;
		return -1;
	}
}

ssize_t readlink(const char *path, char *target, size_t size)
{
	ssize_t (*next)(const char *path, char *target, size_t size) = dlsym(RTLD_NEXT, "readlink");
	static const char driver[] = "/device/driver";
	size_t length = strlen(path);

	if (length < strlen(driver) || strcmp(path + length - strlen(driver), driver))
		return next(path, target, size);
	return snprintf(target, size, "drivers/%s", hello.driver);
}
