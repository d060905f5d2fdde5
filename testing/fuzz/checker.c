// SPDX-License-Identifier: GPL-2.0
/*
 * checker NAME...: reads /dev/notify/NAME and checks that other processes using the same devices
 * do not disturb it.
 *
 * For each device, one thread broadcasts numbered packets through /dev/notify_sim/NAME and one
 * thread reads. Other processes may broadcast as well. The checker recognises its own packets by a
 * hash with a secret; another process can only broadcast a copy of one (an echo). The reader must
 * get all records in the order of seq with correct drop counts, and its own packets unchanged.
 *
 * Send SIGTERM when the other processes have exited. Exits with 1 if a check failed.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/notify_multi.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#define MAX_DEVICES	16
#define PRODUCE_US	1000
/* Time limit after SIGTERM. */
#define END_SECONDS	120

struct packet {
	uint64_t number;
	uint64_t last;
	uint64_t seal;
	unsigned char rest[];
};

struct device {
	const char *name;
	int fd;
	int injector;
	uint32_t packet_size;
	uint32_t record_size;
	uint64_t replayed;
	uint64_t next;
	pthread_t producer;
	pthread_t reader;
	bool failed;

	/* Counters of the reader. */
	uint64_t packets;
	uint64_t own;
	uint64_t echoes;
	uint64_t dropped;
};

static uint64_t secret;
static bool stop;

__attribute__((format(printf, 2, 3)))
static void fail(struct device *device, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "checker: %s: ", device->name);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	device->failed = true;
}

/* Hash of the secret and of the members before @seal. */
static uint64_t seal(const struct packet *packet)
{
	uint64_t hash = secret ^ packet->last;

	hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15 + packet->number;
	return (hash ^ hash >> 32) * 0x9e3779b97f4a7c15 ^ secret;
}

static unsigned char rest_byte(uint64_t number, size_t at)
{
	return number * 131 + at * 29 + 7;
}

static size_t rest_size(struct device *device)
{
	return device->packet_size - sizeof(struct packet);
}

static void fill(struct device *device, struct packet *packet, uint64_t number, bool last)
{
	size_t at;

	packet->number = number;
	packet->last = last;
	packet->seal = seal(packet);
	for (at = 0; at < rest_size(device); at++)
		packet->rest[at] = rest_byte(number, at);
}

static bool is_own(struct device *device, const struct packet *packet)
{
	size_t at;

	if (packet->seal != seal(packet))
		return false;
	for (at = 0; at < rest_size(device); at++)
		if (packet->rest[at] != rest_byte(packet->number, at))
			return false;
	return true;
}

static void *produce(void *data)
{
	struct device *device = data;
	struct packet *packet = malloc(device->packet_size);
	uint64_t number = 0;
	bool last = false;

	while (packet && !last) {
		last = __atomic_load_n(&stop, __ATOMIC_RELAXED);
		fill(device, packet, number++, last);
		if (write(device->injector, packet, device->packet_size) !=
		    (ssize_t)device->packet_size) {
			perror("checker: broadcast");
			exit(1);
		}
		usleep(PRODUCE_US);
	}
	free(packet);
	return NULL;
}

/*
 * @missing is the number of drops that may have been own packets. A damaged own packet is not
 * recognised, so it counts as missing.
 */
static void check_own(struct device *device, const struct packet *packet, uint64_t *number,
		      uint64_t *missing)
{
	if (packet->number < *number) {
		device->echoes++;
		return;
	}
	if (packet->number - *number > *missing)
		fail(device, "own packet %" PRIu64 ", next %" PRIu64 ", at most %" PRIu64
		     " missing", packet->number, *number, *missing);
	else
		*missing -= packet->number - *number;
	*number = packet->number + 1;
	device->own++;
}

static void check_record(struct device *device, const struct notify_multi_record *record)
{
	if (record->seq != device->next + record->dropped)
		fail(device, "seq %" PRIu64 ", next %" PRIu64 ", %u dropped",
		     (uint64_t)record->seq, device->next, record->dropped);
	if (record->status || record->size != device->packet_size ||
	    (record->flags && (record->flags != NOTIFY_MULTI_REC_REPLAY ||
			       record->seq > device->replayed)))
		fail(device, "seq %" PRIu64 " has status %d, flags %#x, size %u",
		     (uint64_t)record->seq, record->status, record->flags, record->size);
	device->next = record->seq + 1;
	device->dropped += record->dropped;
	device->packets++;
}

/* Read until the producer's last packet. */
static void *check(void *data)
{
	static _Thread_local _Alignas(8) unsigned char buffer[65536];
	struct device *device = data;
	uint64_t number = 0, missing = 0;
	ssize_t bytes, at;

	for (;;) {
		bytes = read(device->fd, buffer, sizeof(buffer));
		if (bytes <= 0 || bytes % device->record_size) {
			fail(device, "read() returned %zd, errno %d", bytes, errno);
			return NULL;
		}
		for (at = 0; at < bytes; at += device->record_size) {
			const struct notify_multi_record *record = (void *)(buffer + at);
			const struct packet *packet = (void *)record->data;

			check_record(device, record);
			missing += record->dropped;
			if (!is_own(device, packet))
				continue;
			check_own(device, packet, &number, &missing);
			if (packet->last)
				return NULL;
		}
	}
}

static bool start(struct device *device, const char *name)
{
	struct notify_multi_stats stats;
	struct notify_multi_info info;
	char path[256];

	device->name = name;
	snprintf(path, sizeof(path), "/dev/notify/%s", name);
	device->fd = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/dev/notify_sim/%s", name);
	device->injector = open(path, O_WRONLY | O_CLOEXEC);
	if (device->fd < 0 || device->injector < 0 ||
	    ioctl(device->fd, NOTIFY_MULTI_IOC_GET_INFO, &info) ||
	    ioctl(device->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats)) {
		perror(name);
		return false;
	}
	if (info.packet_size < sizeof(struct packet)) {
		fprintf(stderr, "checker: %s: packet_size too small\n", name);
		return false;
	}
	device->packet_size = info.packet_size;
	device->record_size = info.record_size;
	device->replayed = stats.seq;
	/* The next packet at the time of open(); others may have been broadcast since then. */
	device->next = stats.next - stats.dropped;
	return !pthread_create(&device->reader, NULL, check, device) &&
	       !pthread_create(&device->producer, NULL, produce, device);
}

static bool finish(struct device *device)
{
	pthread_join(device->producer, NULL);
	pthread_join(device->reader, NULL);
	close(device->injector);
	close(device->fd);
	printf("checker: %s: %" PRIu64 " packets, %" PRIu64 " own, %" PRIu64 " echoes, %" PRIu64
	       " dropped: %s\n", device->name, device->packets, device->own, device->echoes,
	       device->dropped, device->failed ? "FAILED" : "ok");
	return !device->failed;
}

int main(int argc, char **argv)
{
	static struct device devices[MAX_DEVICES];
	int count = argc - 1, signal, i;
	bool passed = true;
	sigset_t set;

	if (count < 1 || count > MAX_DEVICES) {
		fprintf(stderr, "usage: checker NAME...\n");
		return 2;
	}
	if (getrandom(&secret, sizeof(secret), 0) != sizeof(secret))
		return 1;
	/* Before the threads are created, so that they block it as well. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	for (i = 0; i < count; i++)
		if (!start(&devices[i], argv[1 + i]))
			return 1;

	sigwait(&set, &signal);
	alarm(END_SECONDS);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < count; i++)
		passed &= finish(&devices[i]);
	return passed ? 0 : 1;
}
