// SPDX-License-Identifier: GPL-2.0
/*
 * Stress: all operations at once, for --seconds=N, with --seed=N. Sources broadcast from hard and
 * threaded interrupts and from processes, and are registered and unregistered. Processes open,
 * read, poll, map, resize and share clients, pend commands, and are signalled and killed. Modules
 * are unloaded and loaded. Afterwards the counters of all clients must add up, and no memory be
 * left.
 */

#include "stress.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SESSION_SECONDS	20
#define EPOCHS		2
#define PROGRESS_SECONDS 5

static struct worker workers[WORKERS];
static pid_t worker_pids[WORKERS], device_pids[DEVICES];
static struct random main_random;
static uint64_t fdinfo_clients;

static void expect(int ret, const char *what)
{
	if (ret)
		fail("%s: %s", what, strerror(-ret));
}

/* -- Processes ---------------------------------------------------------------- */

static void start_workers(unsigned int session)
{
	unsigned int i;

	SET(shared->stop_workers, 0);
	SET(shared->workers_exited, 0);
	for (i = 0; i < WORKERS; i++) {
		workers[i].number = i;
		workers[i].random = random_of(1000 * (session + 1) + i);
		workers[i].slot = &shared->slots[i];
		if (!workers[i].shared_client)
			workers[i].shared_client = shared_memory(sizeof(struct client));
		worker_pids[i] = start_process(worker_main, &workers[i]);
	}
}

static void start_devices(void)
{
	unsigned int i;

	SET(shared->stop, 0);
	make_devices(&main_random);
	for (i = 0; i < DEVICES; i++)
		if (shared->devices[i].exists)
			device_pids[i] = start_process(device_main, &shared->devices[i]);
}

static void check_running(pid_t pid, const char *name)
{
	int status;

	if (pid && waitpid(pid, &status, WNOHANG) == pid)
		fail("%s, pid %d, exited with status %#x", name, pid, status);
}

/* Let all processes run, and send signals to workers. */
static void run_for(double seconds)
{
	double end = now() + seconds, last_progress = now();
	unsigned int i;

	while (now() < end) {
		sleep_ms(1 + random_below(&main_random, 10));
		i = random_below(&main_random, WORKERS);
		if (!GET(shared->slots[i].packets_only))
			kill(worker_pids[i], SIGUSR1);
		/* During this, the worker uses and closes its client. */
		fdinfo_clients += read_all_fdinfo(worker_pids[random_below(&main_random, WORKERS)]);
		for (i = 0; i < WORKERS; i++)
			check_running(worker_pids[i], "a worker");
		for (i = 0; i < DEVICES; i++)
			check_running(device_pids[i], shared->devices[i].name);
		if (now() - last_progress > PROGRESS_SECONDS) {
			last_progress = now();
			printf("%u clients, %" PRIu64 " records, %" PRIu64 " dropped, %" PRIu64
			       " killed, %" PRIu64 " registrations\n", shared->nr_clients,
			       GET(shared->records), GET(shared->dropped), GET(shared->kills),
			       GET(shared->registrations));
		}
	}
}

static void stop_workers(void)
{
	unsigned int i;

	SET(shared->stop_workers, 1);
	for (i = 0; i < WORKERS; i++)
		join_process(worker_pids[i], "a worker");
	SET(shared->workers_exited, 1);
}

static void stop_devices(void)
{
	unsigned int i;

	SET(shared->stop, 1);
	for (i = 0; i < DEVICES; i++) {
		if (device_pids[i])
			join_process(device_pids[i], shared->devices[i].name);
		device_pids[i] = 0;
	}
	remove_devices();
}

/* -- Sessions ---------------------------------------------------------------- */

/* Unload and load the sources while workers have their devices open. */
static void reload_sources(void)
{
	expect(unload_module("notify_sim"), "rmmod notify_sim");
	expect(load_module("notify_sim", ""), "insmod notify_sim");
	if (!shared->devices[GPIO].exists)
		return;
	expect(unload_module("notify_gpio"), "rmmod notify_gpio");
	expect(load_module("notify_gpio", ""), "insmod notify_gpio");
}

/* Retry while clients are open: io_uring closes files of a killed process asynchronously. */
static int unload_core(void)
{
	double end = now() + LIMIT_SECONDS;
	int ret;

	while ((ret = unload_module("notify_multi")) == -EWOULDBLOCK && now() < end)
		sleep_ms(5);
	return ret;
}

static void reload_core(void)
{
	bool gpio = shared->devices[GPIO].exists;

	expect(unload_module("notify_sim"), "rmmod notify_sim");
	if (gpio)
		expect(unload_module("notify_gpio"), "rmmod notify_gpio");
	expect(unload_core(), "rmmod notify_multi");
	expect(load_module("notify_multi", ""), "insmod notify_multi");
	expect(load_module("notify_sim", ""), "insmod notify_sim");
	if (gpio)
		expect(load_module("notify_gpio", ""), "insmod notify_gpio");
}

static void run_session(unsigned int number, double seconds)
{
	unsigned int epoch;

	start_workers(number);
	for (epoch = 1; epoch <= EPOCHS; epoch++) {
		start_devices();
		run_for(seconds / EPOCHS);
		if (epoch == EPOCHS)
			stop_workers();
		stop_devices();
		if (epoch < EPOCHS)
			reload_sources();
	}
	check_arrivals();
	check_rings_freed();
	reload_core();
}

static uint64_t total_written(void)
{
	uint64_t written = 0;
	unsigned int i;

	for (i = 0; i < DEVICES; i++)
		written += shared->devices[i].written;
	return written;
}

int main(int argc, char **argv)
{
	struct memory before, after;
	unsigned int session;
	double end;

	parse_options(argc, argv);
	/* Until a worker installs its handler. */
	signal(SIGUSR1, SIG_IGN);
	main_random = random_of(1);
	shared = shared_memory(sizeof(*shared));
	name_devices();
	uring_probe();
	end = now() + options.seconds;
	/* The first session fills kernel caches; the memory growth of the others is checked. */
	for (session = 0; !session || now() < end; session++) {
		run_session(session, options.seconds < 3 * SESSION_SECONDS ?
			    options.seconds / 3.0 : SESSION_SECONDS);
		after = measure_memory();
		if (!session)
			before = after;
		printf("session %u: Slab %lld kB, KernelStack %lld kB, Percpu %lld kB\n", session,
		       after.slab, after.stacks, after.percpu);
	}
	check_memory(&before, &after);
	if (!fdinfo_clients)
		fail("no client in fdinfo");
	printf("@result %" PRIu64 " broadcasts, %u clients, %" PRIu64 " records, %" PRIu64
	       " dropped, %" PRIu64 " compared, %" PRIu64 " registrations, %" PRIu64
	       " quiet points, %" PRIu64 " killed, %" PRIu64 " opens of another device, %" PRIu64
	       " fdinfo\n", total_written(), shared->nr_clients, shared->records, shared->dropped,
	       shared->compared, shared->registrations, shared->quiet_points, shared->kills,
	       shared->wrong_opens, fdinfo_clients);
	return 0;
}
