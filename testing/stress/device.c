// SPDX-License-Identifier: GPL-2.0
/*
 * Devices that are registered and unregistered, one process for each: one thread is the device's
 * owner, the others are producers.
 *
 * At a quiet point all producers are paused. Then each reader must reach the last packet, because
 * no later packet hides a lost wakeup, and all counters must agree.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "module.h"
#include "notify_sim.h"
#include "stress.h"

#define CHIP		"/sys/module/notify_gpio_chip/parameters/"
#define GPIO_DRIVER	"/sys/bus/platform/drivers/notify_gpio/"
#define GPIO_DEVICE	"notify_gpio.77"
#define GPIO_LINES	2
#define LONGEST_WRITE	16

static struct owner {
	struct device *device;
	struct random random;
	/* First seq of this generation, and number of packets written before it. */
	uint64_t first;
	uint64_t written;
	/* True if producers were paused when this generation began, so that @written is exact. */
	bool exact;
	/* A client that is open during the whole generation. */
	struct client monitor;
} owner;

static void set_number(struct device *device, const char *attribute, long long value)
{
	expect_success(sim_set_number(device->name, attribute, value), attribute);
}

/* -- Producers ------------------------------------------------------------------ */

struct producer {
	pthread_t thread;
	struct random random;
	unsigned int number;
	uint64_t counter;
	int injector;
};

static void wait_until_resumed(struct device *device)
{
	ADD(device->nr_paused, 1);
	while (GET(device->pause) && !GET(shared->stop))
		sleep_ms(1);
	ADD(device->nr_paused, -1);
}

/*
 * Between the lookup of a name and the open() of its minor, the minor may be reassigned to another
 * device. Check that the name still refers to the opened device.
 */
static int open_injector(const char *name)
{
	int fd = sim_open_injector(name);
	struct stat opened, named;

	if (fd < 0)
		return fd;
	CHECK(!fstat(fd, &opened));
	if (!stat(sim_path(SIM_INJECT_DIR, name, ""), &named) && named.st_rdev == opened.st_rdev)
		return fd;
	close(fd);
	return -ENODEV;
}

static void produce_packets(struct producer *producer, struct device *device)
{
	static __thread unsigned char packets[LONGEST_WRITE * LARGEST_PACKET];
	struct packet_id id = { device_number(device), producer->number, producer->counter };
	size_t size = device->packet_size;
	unsigned int count = 1 + random_below(&producer->random, LONGEST_WRITE), i;
	ssize_t ret;

	if (producer->injector < 0)
		producer->injector = open_injector(device->name);
	if (producer->injector < 0)
		return;
	for (i = 0; i < count; i++) {
		id.counter++;
		memcpy(packets + i * size, &id, sizeof(id));
		packet_fill(packets + i * size + sizeof(id), size - sizeof(id), packet_number(&id));
	}
	ret = write(producer->injector, packets, count * size);
	if (ret < 0) {
		if (errno != ENODEV)
			fail("%s: injector: %m", device->name);
		close(producer->injector);
		producer->injector = -1;
		return;
	}
	producer->counter += ret / size;
	ADD(device->written, ret / size);
}

static void produce_edges(struct producer *producer, struct device *device)
{
	unsigned int count = 1 + random_below(&producer->random, LONGEST_WRITE);
	char text[32];

	snprintf(text, sizeof(text), "%u %u", random_below(&producer->random, GPIO_LINES), count);
	expect_success(write_file(CHIP "toggle", text), "toggle");
	ADD(device->written, count);
}

static void *producer_main(void *data)
{
	struct producer *producer = data;
	struct device *device = owner.device;

	while (!GET(shared->stop)) {
		if (GET(device->pause))
			wait_until_resumed(device);
		else if (device->context)
			produce_packets(producer, device);
		else
			produce_edges(producer, device);
		/* A mix of bursts and slower packets. */
		if (!random_once_in(&producer->random, 3))
			sleep_ms(random_below(&producer->random, 12));
	}
	if (producer->injector >= 0)
		close(producer->injector);
	return NULL;
}

static void pause_producers(struct device *device)
{
	SET(device->pause, 1);
	WAIT_WHILE(GET(device->nr_paused) != PRODUCERS && !GET(shared->stop),
		   "%s: a broadcast does not return", device->name);
}

static void resume_producers(struct device *device)
{
	SET(device->pause, 0);
	while (GET(device->nr_paused) && !GET(shared->stop))
		sleep_ms(1);
}

/* -- Registration ----------------------------------------------------------------- */

static const unsigned int packet_sizes[] = { SMALLEST_PACKET, 20, 64, 200, LARGEST_PACKET };
static const unsigned int queue_sizes[] = { 1, 4, 16, 64, 200 };

/* Prefer the wrap of the ring's positions. */
static uint64_t random_first_seq(struct random *random)
{
	switch (random_below(random, 3)) {
	case 0:
		return 1;
	case 1:
		return (random_below(random, 4) << 16) + 0xffffff00 + random_below(random, 256);
	default:
		return 1 + (random_next(random) >> 2);
	}
}

/* All producers must be paused, because they read packet_size. */
static void configure(struct device *device, struct random *random)
{
	unsigned int max_packets = queue_sizes[random_below(random, 5)];
	uint64_t first = random_first_seq(random);

	device->packet_size = packet_sizes[random_below(random, 5)];
	set_number(device, "replay", 0);
	set_number(device, "packet_size", device->packet_size);
	set_number(device, "max_packets", max_packets);
	set_number(device, "max_requests", MAX_REQUESTS + device_number(device));
	set_number(device, "replay",
		   random_below(random, 2) * random_below(random, max_packets + 1));
	set_number(device, "first_seq", first);
	owner.first = first;
}

static void register_device(struct device *device)
{
	if (device->context)
		set_number(device, "live", 1);
	else
		expect_success(write_file(GPIO_DRIVER "bind", GPIO_DEVICE), "bind");
	ADD(device->generation, 1);
	ADD(shared->registrations, 1);
	if (!open_client(&owner.monitor, device, "monitor", O_RDONLY | O_NONBLOCK, NULL))
		fail("%s: registered, but cannot be opened", device->name);
}

static void unregister_device(struct device *device)
{
	ADD(device->generation, 1);
	if (device->context)
		set_number(device, "live", 0);
	else
		expect_success(write_file(GPIO_DRIVER "unbind", GPIO_DEVICE), "unbind");
}

/*
 * When all workers have exited, only the owner's client may be left. io_uring closes files of a
 * killed process asynchronously.
 */
static void check_clients(struct device *device)
{
	WAIT_WHILE(check_stats(&owner.monitor).clients != 1 && GET(shared->workers_exited),
		   "%s: %u clients, but all except one are closed", device->name,
		   check_stats(&owner.monitor).clients);
}

/* Close the monitor after unregistration. Return the generation's packets counted by the kernel. */
static uint64_t close_monitor(struct device *device)
{
	struct pollfd pollfd = { .fd = owner.monitor.fd, .events = POLLIN };
	uint64_t seq = check_stats(&owner.monitor).seq;

	if (poll(&pollfd, 1, 0) != 1 || !(pollfd.revents & POLLHUP))
		fail("%s: unregistered, but poll returned %#x", device->name, pollfd.revents);
	owner.monitor.incomplete = true;
	close_client(&owner.monitor);
	return seq + 1 - owner.first;
}

/* -- Quiet points ------------------------------------------------------------------ */

static bool is_behind(const struct slot *slot, unsigned int client, uint64_t last)
{
	return GET(slot->client) == client && GET(slot->next) <= last;
}

/* Wait until the reader in a slot has reached the last packet or closed its client. */
static void wait_for_reader(struct device *device, struct slot *slot, uint64_t last)
{
	unsigned int client = GET(slot->client);

	if (!client || slot->device != device_number(device) ||
	    GET(slot->generation) != GET(device->generation))
		return;
	SET(slot->packets_only, 1);
	WAIT_WHILE(is_behind(slot, client, last) && !GET(shared->stop),
		   "%s: generation %u, client %u (%s): not woken for packet %" PRIu64
		   ", next is %" PRIu64, device->name, device->generation, client, slot->kind, last,
		   slot->next);
	SET(slot->packets_only, 0);
}

static long long read_attribute(struct device *device, const char *attribute)
{
	long long value;
	char path[256];

	snprintf(path, sizeof(path), "/sys/class/misc/notify!%s/%s", device->name, attribute);
	value = read_number(path);
	expect_success(value, path);
	return value;
}

/* Return the generation's packets counted by producers. */
static uint64_t written_now(struct device *device)
{
	long long overflows = 0;

	if (!device->context)
		overflows = read_number("/sys/bus/platform/devices/" GPIO_DEVICE "/overflows");
	expect_success(overflows, "overflows");
	/* notify_gpio broadcasts its state at probe. */
	return GET(device->written) - owner.written - overflows + !device->context;
}

/*
 * Wait until interrupt threads have broadcast the last edges. If the number of edges is unknown,
 * packets may still be broadcast during the checks.
 */
static void wait_for_broadcasts(struct device *device)
{
	WAIT_WHILE(owner.exact &&
		   check_stats(&owner.monitor).seq + 1 - owner.first != written_now(device),
		   "%s: generation %u: %" PRIu64 " written, last %" PRIu64, device->name,
		   device->generation, written_now(device),
		   (uint64_t)check_stats(&owner.monitor).seq);
}

static void quiet_point(struct device *device)
{
	long long broadcasts, clients;
	uint64_t before, last;
	unsigned int i;

	pause_producers(device);
	if (GET(shared->stop))
		return;
	wait_for_broadcasts(device);
	before = check_stats(&owner.monitor).seq;
	broadcasts = read_attribute(device, "broadcasts");
	clients = read_attribute(device, "clients");
	last = check_stats(&owner.monitor).seq;
	if (owner.first + broadcasts < before + 1 || owner.first + broadcasts > last + 1)
		fail("%s: generation %u: %lld broadcasts, first %" PRIu64 ", last %" PRIu64 " to %"
		     PRIu64, device->name, device->generation, broadcasts, owner.first, before,
		     last);
	if (owner.exact && (uint64_t)broadcasts != written_now(device))
		fail("%s: generation %u: %" PRIu64 " written, %lld broadcasts", device->name,
		     device->generation, written_now(device), broadcasts);
	if (clients < 1)
		fail("%s: %lld clients, but one is open", device->name, clients);
	for (i = 0; i < WORKERS; i++)
		wait_for_reader(device, &shared->slots[i], last);
	ADD(shared->quiet_points, 1);
	resume_producers(device);
}

/* -- Generations ------------------------------------------------------------------ */

/* Change a setting of a registered source. */
static void change_setting(struct device *device, struct random *random)
{
	if (!device->context)
		return;
	if (random_once_in(random, 3))
		expect_success(sim_set_number(device->name, "status",
					      random_once_in(random, 3) ? -BAD_STATUS : 0),
			       "status");
}

/* In some generations of one simulator, complete() fails. */
static void set_complete_error(struct device *device, struct random *random)
{
	bool fails = device_number(device) == SIMS - 1 && random_once_in(random, 4);

	FAILING(device, device->generation + 1) = fails;
	set_number(device, "complete_error", fails ? -BAD_COMPLETION : 0);
}

static void run_generation(struct device *device, bool paused)
{
	struct random *random = &owner.random;
	double end = now() + (0.1 + random_below(random, 1000) / 1000.0) *
			     shared->registered_ms / 1000.0;

	owner.exact = paused;
	owner.written = GET(device->written);
	if (device->context)
		set_complete_error(device, random);
	register_device(device);
	if (paused)
		resume_producers(device);
	/* The last generation must last longer than the workers: see check_clients(). */
	while ((now() < end || GET(shared->stop_workers)) && !GET(shared->stop)) {
		change_setting(device, random);
		sleep_ms(random_below(random, 100));
		if (random_once_in(random, 2))
			quiet_point(device);
	}
}

void device_main(void *data)
{
	struct producer producers[PRODUCERS] = { };
	struct device *device = data;
	unsigned int i;
	bool paused = true;

	owner.device = device;
	owner.random = random_of(shared->seed, 100 + device_number(device));
	owner.first = 1;
	SET(device->pause, 1);
	for (i = 0; i < PRODUCERS; i++) {
		producers[i].number = i;
		producers[i].injector = -1;
		/* Continue the numbers of the previous session. */
		producers[i].counter = (uint64_t)GET(device->written) + 1;
		producers[i].random = random_of(shared->seed,
						200 + device_number(device) * PRODUCERS + i);
		CHECK(!pthread_create(&producers[i].thread, NULL, producer_main, &producers[i]));
	}
	pause_producers(device);
	while (!GET(shared->stop)) {
		if (paused && device->context)
			configure(device, &owner.random);
		run_generation(device, paused);
		/* Unregister while all producers are paused or while all broadcast. */
		paused = random_once_in(&owner.random, 2);
		if (paused)
			pause_producers(device);
		check_clients(device);
		unregister_device(device);
		device->broadcasts += close_monitor(device);
	}
	for (i = 0; i < PRODUCERS; i++)
		CHECK(!pthread_join(producers[i].thread, NULL));
}

/* -- All devices --------------------------------------------------------------------- */

static void make_chip(struct device *device, struct random *random)
{
	bool sleeping = random_once_in(random, 2), nested = random_once_in(random, 2);
	char parameters[128];
	int ret;

	snprintf(parameters, sizeof(parameters),
		 "label=%s max_packets=16 max_requests=%u sleeping=%d nested=%d",
		 device->name, MAX_REQUESTS + GPIO, sleeping, nested);
	ret = load_module("notify_gpio_chip", parameters);
	device->exists = ret != -ENOENT;
	if (!device->exists) {
		printf("no GPIO in this kernel\n");
		return;
	}
	expect_success(ret, "notify_gpio_chip");
	expect_success(write_file(CHIP "device", "1"), "device 1");
	expect_success(write_file(GPIO_DRIVER "unbind", GPIO_DEVICE), "unbind");
}

void name_devices(void)
{
	static const char * const names[DEVICES] = {
		"stress-hardirq", "stress-thread", "stress-process", "stress-gpio",
	};
	unsigned int i;

	for (i = 0; i < DEVICES; i++) {
		shared->devices[i].name = names[i];
		shared->devices[i].exists = i < SIMS;
		shared->devices[i].context = i < SIMS ? strchr(names[i], '-') + 1 : NULL;
	}
}

void make_devices(struct random *random)
{
	unsigned int i;

	for (i = 0; i < SIMS; i++) {
		struct device *device = &shared->devices[i];

		expect_success(sim_make(device->name), device->name);
		expect_success(sim_set(device->name, "context", device->context), device->context);
	}
	make_chip(&shared->devices[GPIO], random);
}

/* Check that each arrival had a departure and that each written packet was broadcast. */
static void check_sim(struct device *device)
{
	uint64_t arrivals = sim_get_number(device->name, "arrivals");
	uint64_t departures = sim_get_number(device->name, "departures");

	if (arrivals != departures)
		fail("%s: %" PRIu64 " arrivals, %" PRIu64 " departures", device->name, arrivals,
		     departures);
	if (device->broadcasts != device->written)
		fail("%s: %" PRIu64 " packets written, %" PRIu64 " broadcast", device->name,
		     device->written, device->broadcasts);
	device->arrivals += arrivals;
}

/* A process may have been killed before it counted its client. */
void check_arrivals(void)
{
	unsigned int i;

	for (i = 0; i < SIMS; i++) {
		const struct device *device = &shared->devices[i];

		if (device->arrivals < device->opened ||
		    device->arrivals > device->opened + shared->kills)
			fail("%s: %" PRIu64 " arrivals, %" PRIu64 " clients, %" PRIu64 " killed",
			     device->name, device->arrivals, device->opened, shared->kills);
	}
}

void remove_devices(void)
{
	unsigned int i;

	for (i = 0; i < SIMS; i++) {
		check_sim(&shared->devices[i]);
		expect_success(sim_remove(shared->devices[i].name), "rmdir");
	}
	if (shared->devices[GPIO].exists) {
		expect_success(write_file(CHIP "device", "0"), "device 0");
		expect_success(unload_module("notify_gpio_chip"), "notify_gpio_chip");
	}
}
