// SPDX-License-Identifier: GPL-2.0
/*
 * End to end: N threads sleep, a packet is published, and all threads read it. The threads have a
 * higher priority than the publisher, so that they run as soon as they are woken. The last thread
 * wakes the publisher, by a system call only if the publisher is already sleeping.
 */
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"

#define READER_PRIORITY		2
#define PUBLISHER_PRIORITY	1

/* Stack for read() and a futex, in addition to the minimum of the C library. */
#define STACK_EXTRA		8192

/* Time for threads to go to sleep if there are several CPUs. */
#define SETTLE_US		2000
#define SETTLE_READER_US	5

enum round_state { RUNNING, PUBLISHER_SLEEPS, ALL_HAVE_IT };

/* number and stop need no lock: they are written while all threads sleep. */
static struct {
	atomic_uint have;
	atomic_int state;
	uint64_t number;
	bool stop;
} sleepers;

struct sleeper {
	pthread_t thread;
	struct reader *reader;
	void *buffer;
};

static void sleepers_last(void)
{
	if (atomic_exchange(&sleepers.state, ALL_HAVE_IT) == PUBLISHER_SLEEPS)
		syscall(SYS_futex, &sleepers.state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void sleepers_wait(void)
{
	int state = RUNNING;

	if (!atomic_compare_exchange_strong(&sleepers.state, &state, PUBLISHER_SLEEPS))
		return;
	while (atomic_load(&sleepers.state) != ALL_HAVE_IT)
		syscall(SYS_futex, &sleepers.state, FUTEX_WAIT_PRIVATE, PUBLISHER_SLEEPS, NULL,
			NULL, 0);
}

static void *sleeper_main(void *data)
{
	struct sleeper *sleeper = data;
	struct bench *bench = sleeper->reader->bench;
	const struct peer *peer = bench->peer;

	for (;;) {
		int got = peer->wait ? peer->wait(sleeper->reader, sleeper->buffer) :
				       peer->read(sleeper->reader, sleeper->buffer);

		if (sleepers.stop)
			return NULL;
		if (got != 1)
			fail("%s: a reader did not get a packet", peer->name);
		expect_packet(bench, sleeper->buffer, sleepers.number);
		if (atomic_fetch_add(&sleepers.have, 1) + 1 == bench->nr)
			sleepers_last();
	}
}

static void set_priority(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	if (sched_setscheduler(0, priority ? SCHED_FIFO : SCHED_OTHER, &param))
		fail("cannot set SCHED_FIFO: %m");
}

static void sleeper_start(struct sleeper *sleeper, struct reader *reader)
{
	struct sched_param param = { .sched_priority = READER_PRIORITY };
	pthread_attr_t attr;
	int error;

	sleeper->reader = reader;
	sleeper->buffer = allocate(reader->bench->stride);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, (sysconf(_SC_THREAD_STACK_MIN) + STACK_EXTRA + 4095) &
					 ~4095UL);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_FIFO);
	pthread_attr_setschedparam(&attr, &param);
	error = pthread_create(&sleeper->thread, &attr, sleeper_main, sleeper);
	if (error)
		fail("cannot create %u threads: %s", reader->bench->nr, strerror(error));
	pthread_attr_destroy(&attr);
}

/* With one CPU, all threads sleep whenever the publisher runs. */
static void settle(const struct bench *bench)
{
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		usleep(SETTLE_US + bench->nr * SETTLE_READER_US);
}

static uint64_t sleepers_round(struct bench *bench)
{
	uint64_t start;

	settle(bench);
	prepare_next(bench);
	sleepers.number = bench->number;
	atomic_store(&sleepers.have, 0);
	atomic_store(&sleepers.state, RUNNING);
	start = now_ns();
	bench->peer->publish(bench);
	sleepers_wait();
	return clock_since(start);
}

static void sleepers_stop(struct bench *bench, struct sleeper *threads)
{
	unsigned int i;

	settle(bench);
	sleepers.stop = true;
	publish_next(bench);
	for (i = 0; i < bench->nr; i++) {
		pthread_join(threads[i].thread, NULL);
		free(threads[i].buffer);
	}
	sleepers.stop = false;
}

/* The readers' descriptors must be in blocking mode. */
void measure_sleepers(struct bench *bench, uint64_t *samples)
{
	struct sleeper *threads = allocate(bench->nr * sizeof(*threads));
	unsigned int i;

	set_priority(PUBLISHER_PRIORITY);
	for (i = 0; i < bench->nr; i++)
		sleeper_start(&threads[i], &bench->readers[i]);
	/* Warm up: the first round touches new memory. */
	sleepers_round(bench);
	for (i = 0; i < bench->rounds; i++)
		samples[i] = sleepers_round(bench);
	sleepers_stop(bench, threads);
	set_priority(0);
	free(threads);
}
