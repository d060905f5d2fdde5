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
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

/* Number of a device that no kernel has. */
#define NUMBER		makedev(4095, 1)
#define SYSFS		"/sys/dev/char/4095:1"
#define DRIVER		"/device/driver"
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

static int real_stat(const char *path, struct stat *st)
{
	int (*next)(const char *path, struct stat *st) = dlsym(RTLD_NEXT, "stat");

	return next(path, st);
}

static bool is_socket(const char *path)
{
	struct stat st;

	return !real_stat(path, &st) && S_ISSOCK(st.st_mode);
}

int stat(const char *path, struct stat *st)
{
	if (real_stat(path, st))
		return -1;
	if (S_ISSOCK(st->st_mode)) {
		st->st_mode ^= S_IFSOCK ^ S_IFCHR;
		st->st_rdev = NUMBER;
	}
	return 0;
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
	size_t length = strlen(path);

	if (!strcmp(path, SYSFS))
		return snprintf(target, size, "misc/notify!simulated");
	if (length >= strlen(DRIVER) && !strcmp(path + length - strlen(DRIVER), DRIVER))
		return snprintf(target, size, "drivers/%s", hello.driver);
	return next(path, target, size);
}
