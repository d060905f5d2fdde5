/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Shared by the tests: simulated sources, recognisable packets, reads in threads.
 */
#ifndef SIM_H
#define SIM_H

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/notify_multi.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"

/*
 * Emulated guests are slow: only a test that runs for minutes is hung. Waits for events have
 * no shorter timeout, which could hide a lost wakeup.
 */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	180
#define WAIT_MS			120000

#define SIM_CONFIG_DIR	"/sys/kernel/config/notify_sim/"
#define SIM_INJECT_DIR	"/dev/notify_sim/"
#define NOTIFY_DIR	"/dev/notify/"
#define SIM_NAME	"kselftest"
#define RECORD_HEADER	sizeof(struct notify_multi_record)

/* -- Simulated sources -- */

/* Members that are 0 or NULL keep the default of notify_sim. */
struct sim_config {
	unsigned int packet_size;
	unsigned int max_packets;
	unsigned int max_requests;
	unsigned int replay;
	uint64_t first_seq;
	const char *context;
	const char *mode;
};

static inline int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* Read the first line of a file. */
static inline int read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t bytes;

	if (fd < 0)
		return -errno;
	bytes = read(fd, text, size - 1);
	if (bytes < 0)
		bytes = -errno;
	close(fd);
	if (bytes < 0)
		return bytes;
	text[bytes] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

static inline int sim_set(const char *name, const char *attribute, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), SIM_CONFIG_DIR "%s/%s", name, attribute);
	return write_file(path, value);
}

static inline int sim_set_number(const char *name, const char *attribute, long long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", value);
	return sim_set(name, attribute, text);
}

static inline int sim_get(const char *name, const char *attribute, char *text, size_t size)
{
	char path[256];

	snprintf(path, sizeof(path), SIM_CONFIG_DIR "%s/%s", name, attribute);
	return read_file(path, text, size);
}

static inline long long sim_get_number(const char *name, const char *attribute)
{
	char text[64];
	int ret = sim_get(name, attribute, text, sizeof(text));

	return ret ? ret : strtoll(text, NULL, 10);
}

/* complete_error can be written only while live is 0: register the device again. */
static inline int sim_set_complete_error(const char *name, int error)
{
	int ret = sim_set(name, "live", "0");

	if (!ret)
		ret = sim_set_number(name, "complete_error", error);
	return ret ? ret : sim_set(name, "live", "1");
}

static inline int sim_make(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), SIM_CONFIG_DIR "%s", name);
	return mkdir(path, 0700) ? -errno : 0;
}

static inline int sim_remove(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), SIM_CONFIG_DIR "%s", name);
	return rmdir(path) ? -errno : 0;
}

static inline int sim_configure(const char *name, const struct sim_config *config)
{
	char seq[32];
	int ret = 0;

	if (config->packet_size)
		ret = sim_set_number(name, "packet_size", config->packet_size);
	if (!ret && config->max_packets)
		ret = sim_set_number(name, "max_packets", config->max_packets);
	if (!ret && config->max_requests)
		ret = sim_set_number(name, "max_requests", config->max_requests);
	if (!ret && config->replay)
		ret = sim_set_number(name, "replay", config->replay);
	if (!ret && config->first_seq) {
		snprintf(seq, sizeof(seq), "%" PRIu64, config->first_seq);
		ret = sim_set(name, "first_seq", seq);
	}
	if (!ret && config->context)
		ret = sim_set(name, "context", config->context);
	if (!ret && config->mode)
		ret = sim_set(name, "mode", config->mode);
	return ret;
}

/* Create and enable a source. Remove a leftover of a failed test first. */
static inline int sim_start(const char *name, const struct sim_config *config)
{
	int ret;

	sim_remove(name);
	ret = sim_make(name);
	if (!ret)
		ret = sim_configure(name, config);
	return ret ? ret : sim_set(name, "live", "1");
}

static inline int sim_open(const char *name, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), NOTIFY_DIR "%s", name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static inline int sim_open_injector(const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), SIM_INJECT_DIR "%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* -- Packets -- */

static inline size_t record_size(size_t packet_size)
{
	return RECORD_HEADER + (packet_size + 7) / 8 * 8;
}

/* Byte @at of packet @number: differs between neighbouring bytes and packets. */
static inline unsigned char packet_byte(uint64_t number, size_t at)
{
	return (number * 167 + at * 31 + (at >> 8) * 7 + 1) & 0xff;
}

static inline void packet_fill(unsigned char *packet, size_t size, uint64_t number)
{
	size_t at;

	for (at = 0; at < size; at++)
		packet[at] = packet_byte(number, at);
}

static inline bool packet_is(const void *packet, size_t size, uint64_t number)
{
	const unsigned char *bytes = packet;
	size_t at;

	for (at = 0; at < size; at++)
		if (bytes[at] != packet_byte(number, at))
			return false;
	return true;
}

/* Broadcast @count packets, numbered from @number, in one write. */
static inline ssize_t sim_broadcast(int injector, size_t packet_size, uint64_t number,
				    unsigned int count)
{
	unsigned char *packets = malloc(packet_size * count);
	ssize_t ret;
	unsigned int i;

	if (!packets)
		return -ENOMEM;
	for (i = 0; i < count; i++)
		packet_fill(packets + i * packet_size, packet_size, number + i);
	ret = write(injector, packets, packet_size * count);
	if (ret < 0)
		ret = -errno;
	free(packets);
	return ret;
}

/* -- Clients -- */

static inline struct notify_multi_stats get_stats(int fd)
{
	struct notify_multi_stats stats;

	memset(&stats, 0xff, sizeof(stats));
	if (ioctl(fd, NOTIFY_MULTI_IOC_GET_STATS, &stats))
		stats.abi_version = 0;
	return stats;
}

static inline struct notify_multi_info get_info(int fd)
{
	struct notify_multi_info info;

	memset(&info, 0xff, sizeof(info));
	if (ioctl(fd, NOTIFY_MULTI_IOC_GET_INFO, &info))
		info.abi_version = 0;
	return info;
}

static inline int set_format(int fd, __u32 format)
{
	return ioctl(fd, NOTIFY_MULTI_IOC_SET_FORMAT, &format) ? -errno : 0;
}

static inline int set_max_packets(int fd, __u32 max_packets)
{
	return ioctl(fd, NOTIFY_MULTI_IOC_SET_MAX_PACKETS, &max_packets) ? -errno : 0;
}

static inline int consume(int fd, __u64 seq)
{
	return ioctl(fd, NOTIFY_MULTI_IOC_CONSUME, &seq) ? -errno : 0;
}

/* An address that is never mapped; volatile to hide it from the compiler. */
static void *volatile const bad_pointer = (void *)8;

static inline ssize_t read_errno(int fd, void *buffer, size_t size)
{
	ssize_t ret = read(fd, buffer, size);

	return ret < 0 ? -errno : ret;
}

static inline short poll_now(int fd, short events)
{
	struct pollfd pollfd = { .fd = fd, .events = events };

	return poll(&pollfd, 1, 0) < 0 ? -1 : pollfd.revents;
}

/* Wait until exactly @requests reads and commands are pending. */
static inline bool wait_requests(int fd, unsigned int requests)
{
	int ms;

	for (ms = 0; ms < WAIT_MS; ms++) {
		if (get_stats(fd).pending_requests == requests)
			return true;
		usleep(1000);
	}
	return false;
}

/* -- Sleeping tasks -- */

/* State letter as in ps: 'S' is interruptible; 'D' at most by SIGKILL. */
static inline char task_state(pid_t task)
{
	char path[64], text[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", task);
	if (read_file(path, text, sizeof(text)))
		return '?';
	state = strrchr(text, ')');
	return state ? state[2] : '?';
}

/* The task may sleep briefly before its call: the state must last for several checks. */
static inline bool wait_asleep(pid_t *task, char state)
{
	unsigned int seen = 0;

	for (int ms = 0; ms < WAIT_MS && seen < 5; ms++) {
		pid_t id = __atomic_load_n(task, __ATOMIC_ACQUIRE);

		seen = id && task_state(id) == state ? seen + 1 : 0;
		usleep(2000);
	}
	return seen == 5;
}

/* -- Reads in threads -- */

struct reader {
	pthread_t thread;
	int fd;
	size_t size;
	ssize_t ret;
	bool started;
	union {
		struct notify_multi_record record;
		unsigned char buffer[4096];
	};
};

static inline void *reader_main(void *data)
{
	struct reader *reader = data;

	reader->ret = read_errno(reader->fd, reader->buffer, reader->size);
	return NULL;
}

static inline bool reader_start(struct reader *reader, int fd, size_t size)
{
	reader->fd = fd;
	reader->size = size;
	reader->started = !pthread_create(&reader->thread, NULL, reader_main, reader);
	return reader->started;
}

static inline ssize_t reader_join(struct reader *reader)
{
	if (!reader->started || pthread_join(reader->thread, NULL))
		return -ESRCH;
	reader->started = false;
	return reader->ret;
}

/* -- GET_STATS in a loop, to contend for the client's lock -- */

struct stats_poller {
	pthread_t thread;
	int fd;
	bool stop;
};

static inline void *stats_poller_main(void *data)
{
	struct stats_poller *stats_poller = data;

	while (!__atomic_load_n(&stats_poller->stop, __ATOMIC_RELAXED))
		get_stats(stats_poller->fd);
	return NULL;
}

static inline bool stats_poller_start(struct stats_poller *stats_poller, int fd)
{
	stats_poller->fd = fd;
	stats_poller->stop = false;
	return !pthread_create(&stats_poller->thread, NULL, stats_poller_main, stats_poller);
}

static inline bool stats_poller_stop(struct stats_poller *stats_poller)
{
	__atomic_store_n(&stats_poller->stop, true, __ATOMIC_RELAXED);
	return !pthread_join(stats_poller->thread, NULL);
}

/* -- Broadcasts in a thread -- */

struct producer {
	pthread_t thread;
	int injector;
	size_t packet_size;
	uint64_t number;
	unsigned int count;
	ssize_t ret;
};

static inline void *producer_main(void *data)
{
	struct producer *producer = data;

	producer->ret = sim_broadcast(producer->injector, producer->packet_size,
				      producer->number, producer->count);
	return NULL;
}

static inline bool producer_start(struct producer *producer)
{
	return !pthread_create(&producer->thread, NULL, producer_main, producer);
}

static inline ssize_t producer_join(struct producer *producer)
{
	return pthread_join(producer->thread, NULL) ? -ESRCH : producer->ret;
}

/* -- Long queues -- */

/* Large enough for broadcasts to occur while the queue is copied. */
#define LONG_NAME	"kselftest-long"
#define LONG_PACKET	4096
#define LONG_PACKETS	200
#define LONG_RECORD	(RECORD_HEADER + LONG_PACKET)
#define LONG_BYTES	((LONG_PACKETS + 1) * LONG_RECORD)

/*
 * Check records whose packets are numbered by their seq; *next is the expected seq. Return 0
 * and advance *next if all are right, else the seq expected at the first wrong one.
 */
static inline uint64_t wrong_record_seq(const unsigned char *buffer, ssize_t bytes, uint64_t *next)
{
	ssize_t at;

	for (at = 0; at < bytes; at += LONG_RECORD) {
		const struct notify_multi_record *record = (const void *)(buffer + at);

		if (record->seq != *next + record->dropped ||
		    !packet_is(record->data, LONG_PACKET, record->seq))
			return *next;
		*next = record->seq + 1;
	}
	return 0;
}

/* -- Oversized rings -- */

#define MAX_RING_BYTES	"/sys/module/notify_multi/parameters/max_ring_bytes"

/* Number of packets whose ring is larger than the memory of the system. */
static inline uint64_t too_many_packets(size_t packet_size)
{
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);

	return memory / record_size(packet_size) + 1;
}

/* Raise the limit for a ring of @packets, which has up to twice as many slots. */
static inline int allow_packets(uint64_t packets, size_t packet_size)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, (2 * packets + 1) * record_size(packet_size));
	return write_file(MAX_RING_BYTES, text);
}

/* -- Modules -- */

/* Load from $NOTIFY_MULTI_MODULES, or by modprobe. Return -ENOENT if not found. */
static inline int load_module(const char *module, const char *parameters)
{
	const char *dir = getenv("NOTIFY_MULTI_MODULES");
	char text[512];
	int fd, ret;

	if (!dir) {
		snprintf(text, sizeof(text), "modprobe -q %s %s", module, parameters);
		return system(text) ? -ENOENT : 0;
	}
	snprintf(text, sizeof(text), "%s/%s.ko", dir, module);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	return ret;
}

static inline int unload_module(const char *module)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0;
}

/* Sources other than notify_sim; they pin notify_multi, too. */
static const char * const other_sources[] = { "notify_gpio", "notify_irq" };
#define OTHER_SOURCES	(sizeof(other_sources) / sizeof(*other_sources))

/* Return a mask of the unloaded modules. */
static inline unsigned int unload_other_sources(void)
{
	unsigned int unloaded = 0;

	for (unsigned int i = 0; i < OTHER_SOURCES; i++)
		if (!unload_module(other_sources[i]))
			unloaded |= 1U << i;
	return unloaded;
}

static inline void load_other_sources(unsigned int unloaded)
{
	for (unsigned int i = 0; i < OTHER_SOURCES; i++)
		if (unloaded & 1U << i)
			load_module(other_sources[i], "");
}

#endif /* SIM_H */
