// SPDX-License-Identifier: GPL-2.0
#include "torture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SIM_CONFIG_DIR	"/sys/kernel/config/notify_sim/"
#define SIM_INJECT_DIR	"/dev/notify_sim/"
#define NOTIFY_DIR	"/dev/notify/"

/* -- Options ------------------------------------------------------------------ */

struct options options = { .seconds = 120, .rounds = 1000, .seed = 1 };

static const struct option option_names[] = {
	{ "seconds", required_argument, NULL, 't' },
	{ "rounds", required_argument, NULL, 'r' },
	{ "seed", required_argument, NULL, 's' },
	{ }
};

static uint64_t parse_number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (end == text || *end) {
		fprintf(stderr, "not a number: %s\n", text);
		exit(2);
	}
	return value;
}

void parse_options(int argc, char **argv)
{
	int option;

	options.program = argv[0];
	while ((option = getopt_long(argc, argv, "", option_names, NULL)) >= 0) {
		switch (option) {
		case 't':
			options.seconds = parse_number(optarg);
			break;
		case 'r':
			options.rounds = parse_number(optarg);
			break;
		case 's':
			options.seed = parse_number(optarg);
			break;
		default:
			exit(2);
		}
	}
	if (optind != argc) {
		fprintf(stderr, "usage: %s [--seconds=N] [--rounds=N] [--seed=N]\n", argv[0]);
		exit(2);
	}
	setlinebuf(stdout);
	printf("%s: seed %" PRIu64 "\n", options.program, options.seed);
}

/* -- Random numbers ----------------------------------------------------------- */

/* All actors use the same cycle, each from a different position. */
struct random random_of(unsigned int actor)
{
	struct random random = { options.seed ^ actor * 0xd1342543de82ef95ULL };

	random_next(&random);
	return random;
}

/* A Weyl sequence, its bits mixed by multiplications. */
uint64_t random_next(struct random *random)
{
	uint64_t x = random->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93ULL;
	return x ^ x >> 32;
}

unsigned int random_below(struct random *random, unsigned int below)
{
	return (random_next(random) >> 32) * below >> 32;
}

bool random_once_in(struct random *random, unsigned int times)
{
	return !random_below(random, times);
}

/* -- Time, failures, processes ------------------------------------------------ */

double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

void sleep_ms(unsigned int ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&time, NULL);
}

/* A single write(), because other processes print as well. */
void fail(const char *format, ...)
{
	char text[1024];
	va_list arguments;
	int at;

	at = snprintf(text, sizeof(text), "@failed ");
	va_start(arguments, format);
	at += vsnprintf(text + at, sizeof(text) - at, format, arguments);
	va_end(arguments);
	if (at > (int)sizeof(text) - 64)
		at = sizeof(text) - 64;
	at += snprintf(text + at, sizeof(text) - at, " (pid %d, seed %" PRIu64 ")\n", getpid(),
		       options.seed);
	if (write(STDOUT_FILENO, text, at) != at)
		abort();
	_exit(1);
}

void *shared_memory(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail("cannot allocate shared memory: %m");
	return memory;
}

pid_t start_process(void (*main)(void *data), void *data)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		fail("fork: %m");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	main(data);
	_exit(0);
}

void join_process(pid_t pid, const char *name)
{
	double end = now() + LIMIT_SECONDS;
	int status;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (now() > end)
			fail("%s, pid %d, does not exit", name, pid);
		sleep_ms(2);
	}
	if (status)
		fail("%s, pid %d, exited with status %#x", name, pid, status);
}

/* -- Files -------------------------------------------------------------------- */

long long read_number(const char *path)
{
	char text[64];
	int ret = read_file(path, text, sizeof(text));

	return ret ? ret : strtoll(text, NULL, 10);
}

/* -- fdinfo ------------------------------------------------------------------- */

static const struct {
	const char *name;
	size_t offset;
} fdinfo_numbers[] = {
	{ "client:\t", offsetof(struct fdinfo, client) },
	{ "opener:\t", offsetof(struct fdinfo, opener) },
	{ "queued:\t", offsetof(struct fdinfo, queued) },
	{ "max:\t", offsetof(struct fdinfo, max) },
	{ "delivered:\t", offsetof(struct fdinfo, delivered) },
	{ "dropped:\t", offsetof(struct fdinfo, dropped) },
	{ "pending:\t", offsetof(struct fdinfo, pending) },
	{ }
};

#define ALL_NUMBERS	0x7f

/* Return a mask of the numbers that the line contains. */
static unsigned int parse_fdinfo(struct fdinfo *info, const char *line)
{
	unsigned int i;

	for (i = 0; fdinfo_numbers[i].name; i++) {
		size_t length = strlen(fdinfo_numbers[i].name);

		if (strncmp(line, fdinfo_numbers[i].name, length))
			continue;
		*(unsigned long long *)((char *)info + fdinfo_numbers[i].offset) =
			strtoull(line + length, NULL, 10);
		return 1 << i;
	}
	return 0;
}

bool read_fdinfo(pid_t pid, const char *fd, struct fdinfo *info)
{
	unsigned int numbers = 0;
	char path[64], line[256];
	FILE *file;

	*info = (struct fdinfo){ };
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%s", pid, fd);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "device:\t%63s", info->device) != 1)
			numbers |= parse_fdinfo(info, line);
	if (file)
		fclose(file);
	if (!info->device[0])
		return false;
	if (numbers != ALL_NUMBERS)
		fail("%s: numbers %#x, not %#x", path, numbers, ALL_NUMBERS);
	if (info->queued > info->max)
		fail("%s: %llu packets queued, maximum %llu", path, info->queued, info->max);
	return true;
}

unsigned int read_all_fdinfo(pid_t pid)
{
	unsigned int clients = 0;
	struct fdinfo info;
	struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			clients += read_fdinfo(pid, entry->d_name, &info);
	if (dir)
		closedir(dir);
	return clients;
}

/* -- Modules ------------------------------------------------------------------ */

int load_module(const char *module, const char *parameters)
{
	const char *dir = getenv("NOTIFY_MULTI_MODULES");
	char path[256];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s.ko", dir ? dir : ".", module);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	return ret;
}

int unload_module(const char *module)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0;
}

/* -- Simulated sources -------------------------------------------------------- */

int sim_make(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), SIM_CONFIG_DIR "%s", name);
	return mkdir(path, 0700) ? -errno : 0;
}

int sim_remove(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), SIM_CONFIG_DIR "%s", name);
	return rmdir(path) ? -errno : 0;
}

int sim_set(const char *name, const char *attribute, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), SIM_CONFIG_DIR "%s/%s", name, attribute);
	return write_file(path, value);
}

int sim_set_number(const char *name, const char *attribute, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	return sim_set(name, attribute, text);
}

long long sim_get_number(const char *name, const char *attribute)
{
	char path[256];

	snprintf(path, sizeof(path), SIM_CONFIG_DIR "%s/%s", name, attribute);
	return read_number(path);
}

static int open_in(const char *dir, const char *name, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s%s", dir, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sim_open(const char *name, int flags)
{
	return open_in(NOTIFY_DIR, name, flags);
}

/*
 * Between the lookup of a name and the open() of its minor, the minor may be reassigned to another
 * device. Check that the name still refers to the opened device.
 */
int sim_open_injector(const char *name)
{
	int fd = open_in(SIM_INJECT_DIR, name, O_WRONLY);
	struct stat opened, named;
	char path[256];

	if (fd < 0)
		return fd;
	snprintf(path, sizeof(path), SIM_INJECT_DIR "%s", name);
	CHECK(!fstat(fd, &opened));
	if (!stat(path, &named) && named.st_rdev == opened.st_rdev)
		return fd;
	close(fd);
	return -ENODEV;
}
