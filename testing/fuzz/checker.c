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
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "record.h"
#include "process.h"
#include "notify_sim.h"

#define MAX_DEVICES	16

/* The beginning of an own packet, from which the rest is computed. */
struct packet {
	uint64_t number;
	uint64_t last;
	uint64_t seal;
};

struct device {
	const char *name;
	int fd;
	int injector;
	uint32_t record_size;
	struct sequence sequence;
	pthread_t producer;
	pthread_t reader;
	uint64_t next_own;
	/* Counters of the reader. */
	uint64_t packets;
	uint64_t own;
	uint64_t echoes;
	uint64_t dropped;
};

static uint64_t secret;
static bool stop;

/* Hash of the secret and of the members before @seal. */
static uint64_t seal(const struct packet *packet)
{
	uint64_t hash = secret ^ packet->last;

	hash = (hash ^ hash >> 32) * 0x9e3779b97f4a7c15 + packet->number;
	return (hash ^ hash >> 32) * 0x9e3779b97f4a7c15 ^ secret;
}

static void *produce(void *data)
{
	struct device *device = data;
	size_t size = device->sequence.packet_size;
	struct packet *packet = allocate(size);

	while (!packet->last) {
		packet->last = __atomic_load_n(&stop, __ATOMIC_RELAXED);
		packet->seal = seal(packet);
		packet_fill((void *)(packet + 1), size - sizeof(*packet), packet->number);
		if (write(device->injector, packet, size) != (ssize_t)size)
			fail("%s: cannot broadcast: %m", device->name);
		packet->number++;
		sleep_ms(1);
	}
	return NULL;
}

/*
 * @missing is the number of drops that may have been own packets. A damaged own packet is not
 * recognised, so it counts as missing.
 */
static void check_own(struct device *device, uint64_t number, uint64_t *missing)
{
	if (number < device->next_own) {
		device->echoes++;
		return;
	}
	if (number - device->next_own > *missing)
		fail("%s: own packet %" PRIu64 ", next %" PRIu64 ", at most %" PRIu64 " missing",
		     device->name, number, device->next_own, *missing);
	*missing -= number - device->next_own;
	device->next_own = number + 1;
	device->own++;
}

/* Read until the producer's last packet. */
static void *check(void *data)
{
	static _Thread_local _Alignas(8) unsigned char buffer[65536];
	struct device *device = data;
	uint32_t size = device->sequence.packet_size;
	uint64_t missing = 0;
	ssize_t bytes, at;

	for (;;) {
		bytes = read(device->fd, buffer, sizeof(buffer));
		if (bytes <= 0 || bytes % device->record_size)
			fail("%s: read() returned %zd, errno %d", device->name, bytes, errno);
		for (at = 0; at < bytes; at += device->record_size) {
			const struct notify_multi_record *record = (void *)(buffer + at);
			const struct packet *packet = (void *)(record + 1);
			const char *wrong = wrong_record(&device->sequence, record);

			if (wrong || record->status)
				fail("%s: %s", device->name, wrong ? wrong : "wrong status");
			device->packets++;
			device->dropped += record->dropped;
			missing += record->dropped;
			if (packet->seal != seal(packet) ||
			    !packet_is(packet + 1, size - sizeof(*packet), packet->number))
				continue;
			check_own(device, packet->number, &missing);
			if (packet->last)
				return NULL;
		}
	}
}

static void start(struct device *device, const char *name)
{
	struct notify_multi_stats stats;
	struct notify_multi_info info;

	device->name = name;
	device->fd = sim_open(name, O_RDONLY);
	device->injector = sim_open_injector(name);
	if (device->fd < 0 || device->injector < 0 ||
	    ioctl(device->fd, NOTIFY_MULTI_IOC_GET_INFO, &info) ||
	    ioctl(device->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats))
		fail("%s: cannot open: %m", name);
	if (info.packet_size < sizeof(struct packet))
		fail("%s: packet_size too small", name);
	device->record_size = info.record_size;
	device->sequence = (struct sequence){
		.packet_size = info.packet_size,
		/* The next packet at the time of open(); others may have been broadcast since. */
		.next = stats.next - stats.dropped,
		.replayed = stats.seq,
	};
	CHECK(!pthread_create(&device->reader, NULL, check, device));
	CHECK(!pthread_create(&device->producer, NULL, produce, device));
}

static void finish(struct device *device)
{
	pthread_join(device->producer, NULL);
	pthread_join(device->reader, NULL);
	close(device->injector);
	close(device->fd);
	printf("checker: %s: %" PRIu64 " packets, %" PRIu64 " own, %" PRIu64 " echoes, %" PRIu64
	       " dropped\n", device->name, device->packets, device->own, device->echoes,
	       device->dropped);
}

int main(int argc, char **argv)
{
	static struct device devices[MAX_DEVICES];
	int count = argc - 1, signal, i;
	sigset_t set;

	if (count < 1 || count > MAX_DEVICES) {
		fprintf(stderr, "usage: checker NAME...\n");
		return 2;
	}
	CHECK(getrandom(&secret, sizeof(secret), 0) == sizeof(secret));
	/* Before the threads are created, so that they block it as well. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	for (i = 0; i < count; i++)
		start(&devices[i], argv[1 + i]);
	sigwait(&set, &signal);
	alarm(LIMIT_SECONDS);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < count; i++)
		finish(&devices[i]);
	return 0;
}
