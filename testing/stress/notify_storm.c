// SPDX-License-Identifier: GPL-2.0
/*
 * Storm: in --rounds=N rounds, unregister and register a simulated source and unbind and bind a
 * notify_gpio device, while processes open, read, query, poll, resize and close the devices. No
 * call may hang or return an unexpected result, and each arrival must have a departure.
 */

#include "torture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PACKET		16
#define CHIP		"/sys/module/notify_gpio_chip/parameters/"
#define DRIVER		"/sys/bus/platform/drivers/notify_gpio/"
#define DEVICE		"notify_gpio.77"
#define ROUND_SECONDS	30
#define READERS		3
/* notify_gpio has no replay here. */
#define SIM_REPLAY	2

enum { SIM, GPIO, TARGETS };

static const char * const targets[TARGETS] = {
	[SIM] = "storm-sim",
	[GPIO] = "storm-gpio",
};

struct actor {
	const char *name;
	unsigned int number;
};

static struct {
	int stop;
	unsigned int clients[TARGETS];
	unsigned int reads[TARGETS];
	unsigned int packets;
} *shared;

static bool stopped(void)
{
	return __atomic_load_n(&shared->stop, __ATOMIC_ACQUIRE);
}

static void add(unsigned int *counter, unsigned int more)
{
	__atomic_fetch_add(counter, more, __ATOMIC_RELAXED);
}

/* -- Readers ---------------------------------------------------------------- */

/* Accept complete records in order with correct drop counts, and errnos of an unregistration. */
static void check_read(unsigned int target, const unsigned char *buffer, ssize_t ret, bool blocking)
{
	size_t record_size = RECORD_HEADER + PACKET;
	uint64_t previous = 0;
	ssize_t at;

	if (ret < 0) {
		if (errno != ENODEV && errno != EINTR && (blocking || errno != EAGAIN))
			fail("%s: read: %m", targets[target]);
		return;
	}
	if (!ret || ret % record_size)
		fail("%s: read returned %zd", targets[target], ret);
	for (at = 0; at < ret; at += record_size) {
		const struct notify_multi_record *record = (const void *)(buffer + at);

		if (previous && record->seq != previous + 1 + record->dropped)
			fail("%s: seq %llu, %u dropped, after %llu", targets[target],
			     (unsigned long long)record->seq, record->dropped,
			     (unsigned long long)previous);
		previous = record->seq;
	}
	add(&shared->reads[target], 1);
}

static void use_client(unsigned int target, int fd, bool blocking, struct random *random)
{
	_Alignas(8) unsigned char buffer[8 * (RECORD_HEADER + PACKET)];
	struct notify_multi_stats stats;
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	__u32 max_packets = 1 + random_below(random, 32);

	switch (random_below(random, 4)) {
	case 0:
		if (poll(&pollfd, 1, -1) < 0 && errno != EINTR)
			fail("%s: poll: %m", targets[target]);
		break;
	case 1:
		if (ioctl(fd, NOTIFY_MULTI_IOC_GET_STATS, &stats))
			fail("%s: GET_STATS: %m", targets[target]);
		break;
	case 2:
		if (ioctl(fd, NOTIFY_MULTI_IOC_SET_MAX_PACKETS, &max_packets))
			fail("%s: SET_MAX_PACKETS: %m", targets[target]);
		break;
	}
	check_read(target, buffer, read(fd, buffer, sizeof(buffer)), blocking);
}

/*
 * Between the lookup of a name and the open() of its minor, the minor may be reassigned to the
 * other device or to an injector. Identify the device by its replay. Return -1 for an injector.
 */
static int identify_target(int fd, const char *name)
{
	struct notify_multi_info info;

	if (ioctl(fd, NOTIFY_MULTI_IOC_GET_INFO, &info)) {
		if (errno != ENOTTY)
			fail("%s: GET_INFO: %m", name);
		return -1;
	}
	return info.replay == SIM_REPLAY ? SIM : GPIO;
}

static void reader_main(void *data)
{
	const struct actor *actor = data;
	struct random random = random_of(actor->number);

	while (!stopped()) {
		const char *name = targets[random_below(&random, TARGETS)];
		bool blocking = random_once_in(&random, 2);
		int fd = sim_open(name, blocking ? O_RDONLY : O_RDONLY | O_NONBLOCK), target;

		if (fd == -ENOENT || fd == -ENODEV || fd == -ENXIO) {
			sched_yield();
			continue;
		}
		if (fd < 0)
			fail("%s: open: %s", name, strerror(-fd));
		target = identify_target(fd, name);
		if (target >= 0) {
			add(&shared->clients[target], 1);
			use_client(target, fd, blocking, &random);
		}
		close(fd);
	}
}

/* -- Feeder ----------------------------------------------------------------- */

static void feeder_main(void *data)
{
	unsigned char packet[PACKET] = { };
	int injector = -1;

	(void)data;
	while (!stopped()) {
		if (injector < 0)
			injector = sim_open_injector(targets[SIM]);
		if (injector >= 0 && write(injector, packet, PACKET) == PACKET) {
			add(&shared->packets, 1);
		} else if (injector >= 0) {
			if (errno != ENODEV)
				fail("injector: %m");
			close(injector);
			injector = -1;
		}
		if (write_file(CHIP "toggle", "0 3"))
			fail("cannot toggle the line");
	}
	if (injector >= 0)
		close(injector);
}

/* -- Rounds ----------------------------------------------------------------- */

static void run_round(unsigned int target)
{
	double start = now();
	int ret;

	if (target == SIM) {
		ret = sim_set(targets[SIM], "live", "0");
		ret = ret ? ret : sim_set(targets[SIM], "live", "1");
	} else {
		ret = write_file(DRIVER "unbind", DEVICE);
		ret = ret ? ret : write_file(DRIVER "bind", DEVICE);
	}
	if (ret)
		fail("%s: cannot unregister and register: %s", targets[target], strerror(-ret));
	if (now() - start > ROUND_SECONDS)
		fail("%s: round took %.0f s", targets[target], now() - start);
}

static void check_process(pid_t pid, const char *name)
{
	int status;

	if (waitpid(pid, &status, WNOHANG) == pid)
		fail("%s, pid %d, exited with status %#x", name, pid, status);
}

static void set_up(void)
{
	CHECK(!sim_make(targets[SIM]));
	CHECK(!sim_set_number(targets[SIM], "packet_size", PACKET));
	CHECK(!sim_set_number(targets[SIM], "max_packets", 8));
	CHECK(!sim_set_number(targets[SIM], "replay", SIM_REPLAY));
	CHECK(!sim_set(targets[SIM], "live", "1"));
	CHECK(!load_module("notify_gpio_chip", "label=storm-gpio max_packets=8 sleeping=1"));
	CHECK(!write_file(CHIP "device", "1"));
}

static void tear_down(void)
{
	CHECK(!write_file(CHIP "device", "0"));
	CHECK(!unload_module("notify_gpio_chip"));
	CHECK(sim_get_number(targets[SIM], "arrivals") == shared->clients[SIM]);
	CHECK(sim_get_number(targets[SIM], "departures") == shared->clients[SIM]);
	CHECK(!sim_remove(targets[SIM]));
}

int main(int argc, char **argv)
{
	struct actor actors[READERS];
	pid_t readers[READERS], feeder;
	struct random random;
	unsigned int i, j;

	options.rounds = 1000;
	parse_options(argc, argv);
	random = random_of(READERS + 1);
	shared = shared_memory(sizeof(*shared));
	set_up();
	for (i = 0; i < READERS; i++) {
		actors[i].number = i + 1;
		readers[i] = start_process(reader_main, &actors[i]);
	}
	feeder = start_process(feeder_main, NULL);

	for (i = 0; i < options.rounds; i++) {
		run_round(i % TARGETS);
		sleep_ms(random_below(&random, 3));
		for (j = 0; j < READERS; j++)
			check_process(readers[j], "a reader");
		check_process(feeder, "the feeder");
		if (!(i % 100))
			printf("round %u: %u clients and %u reads of %s, %u and %u of %s\n", i,
			       shared->clients[SIM], shared->reads[SIM], targets[SIM],
			       shared->clients[GPIO], shared->reads[GPIO], targets[GPIO]);
	}

	/* Unregistration wakes sleeping readers. */
	__atomic_store_n(&shared->stop, 1, __ATOMIC_RELEASE);
	join_process(feeder, "the feeder");
	CHECK(!sim_set(targets[SIM], "live", "0"));
	CHECK(!write_file(DRIVER "unbind", DEVICE));
	for (i = 0; i < READERS; i++)
		join_process(readers[i], "a reader");
	tear_down();
	CHECK(shared->reads[SIM] && shared->reads[GPIO]);
	printf("@result %u rounds, %u clients, %u reads, %u packets\n", options.rounds,
	       shared->clients[SIM] + shared->clients[GPIO],
	       shared->reads[SIM] + shared->reads[GPIO], shared->packets);
	return 0;
}
