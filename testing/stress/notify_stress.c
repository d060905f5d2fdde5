// SPDX-License-Identifier: GPL-2.0
/*
 * Stress: all operations at once, for --seconds=N, with --seed=N. Sources broadcast from hard and
 * threaded interrupts and from processes, and are registered and unregistered. Processes open,
 * read, poll, map, resize and share clients, pend commands, and are signalled and killed. Modules
 * are unloaded and loaded. Afterwards the counters of all clients must add up, and no memory be
 * left.
 */

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "module.h"
#include "options.h"
#include "proc.h"
#include "stress.h"

#define SESSION_SECONDS	20
#define EPOCHS		2
#define PROGRESS_SECONDS 5

static uint64_t option_seconds = 120, option_seed = 1, option_registered_ms = 2000;
static const struct option_value options[] = {
	{ "seconds", "N            duration (120)", .number = &option_seconds },
	{ "seed", "N               seed of all random numbers (1)", .number = &option_seed },
	{ "registered-ms", "N      how long devices are registered (2000)",
	  .number = &option_registered_ms },
	{ }
};

static struct worker workers[WORKERS];
static pid_t worker_pids[WORKERS], device_pids[DEVICES];
static struct random main_random;
static uint64_t fdinfo_clients;

/* -- Processes ---------------------------------------------------------------- */

static void start_workers(unsigned int session)
{
	unsigned int i;

	SET(shared->stop_workers, 0);
	SET(shared->workers_exited, 0);
	for (i = 0; i < WORKERS; i++) {
		workers[i].random = random_of(option_seed, 1000 * (session + 1) + i);
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
		i = random_below(&main_random, WORKERS);
		fdinfo_clients += check_all_fdinfo(worker_pids[i]);
		for (i = 0; i < WORKERS; i++)
			check_process(worker_pids[i], "a worker");
		for (i = 0; i < DEVICES; i++)
			if (device_pids[i])
				check_process(device_pids[i], shared->devices[i].name);
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

static void unload_sources(void)
{
	expect_success(unload_module("notify_sim"), "rmmod notify_sim");
	if (shared->devices[GPIO].exists)
		expect_success(unload_module("notify_gpio"), "rmmod notify_gpio");
}

static void load_sources(void)
{
	expect_success(load_module("notify_sim", ""), "insmod notify_sim");
	if (shared->devices[GPIO].exists)
		expect_success(load_module("notify_gpio", ""), "insmod notify_gpio");
}

/* Retry while clients are open: io_uring closes files of a killed process asynchronously. */
static void reload_all(void)
{
	int ret;

	unload_sources();
	WAIT_WHILE((ret = unload_module("notify_multi")) == -EWOULDBLOCK, "notify_multi is in use");
	expect_success(ret, "rmmod notify_multi");
	expect_success(load_module("notify_multi", ""), "insmod notify_multi");
	load_sources();
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
		/* Workers may have devices open. */
		if (epoch < EPOCHS) {
			unload_sources();
			load_sources();
		}
	}
	check_arrivals();
	check_rings_freed();
	reload_all();
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

	parse_options(argc, argv, options);
	printf("notify_stress: seed %" PRIu64 "\n", option_seed);
	/* Until a worker installs its handler. */
	signal(SIGUSR1, SIG_IGN);
	main_random = random_of(option_seed, 1);
	shared = shared_memory(sizeof(*shared));
	shared->seed = option_seed;
	shared->registered_ms = option_registered_ms;
	name_devices();
	probe_kinds();
	end = now() + option_seconds;
	/* The first session fills kernel caches; the memory growth of the others is checked. */
	for (session = 0; !session || now() < end; session++) {
		run_session(session, option_seconds < 3 * SESSION_SECONDS ?
			    option_seconds / 3.0 : SESSION_SECONDS);
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
