// SPDX-License-Identifier: GPL-2.0
/*
 * End to end: threads sleep, a packet is published, and all threads read it. They have a higher
 * priority than the publisher on the same CPU, so that they have read the packet and sleep again
 * when the publisher's system call returns.
 */
#include <pthread.h>
#include <sched.h>

#include "bench.h"

#define READER_PRIORITY		2
#define PUBLISHER_PRIORITY	1

struct sleeper {
	pthread_t thread;
	struct bench *bench;
	unsigned int reader;
	void *buffer;
};

static unsigned int have_read;

static void *run_sleeper(void *data)
{
	struct sleeper *sleeper = data;
	struct bench *bench = sleeper->bench;

	for (;;) {
		while (!bench->way->read(bench, sleeper->reader, sleeper->buffer, 1)) {
			if (!bench->way->sleep)
				fail("a reader returned without a packet");
			bench->way->sleep(bench, sleeper->reader);
		}
		check_record(bench, sleeper->buffer, bench->packet[0]);
		have_read++;
	}
	return NULL;
}

static void set_priority(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	CHECK(!sched_setscheduler(0, SCHED_FIFO, &param));
}

/* The threads run until the process exits. */
void measure_sleepers(struct bench *bench)
{
	struct sleeper *sleepers = allocate(bench->nr * sizeof(*sleepers));
	uint64_t least = UINT64_MAX, start;
	unsigned int i;

	set_priority(READER_PRIORITY);
	for (i = 0; i < bench->nr; i++) {
		sleepers[i] = (struct sleeper){
			.bench = bench, .reader = i, .buffer = allocate(bench->stride)
		};
		CHECK(!pthread_create(&sleepers[i].thread, NULL, run_sleeper, &sleepers[i]));
	}
	set_priority(PUBLISHER_PRIORITY);
	for (i = 0; i < BENCH_ROUNDS; i++) {
		have_read = 0;
		start = now_ns();
		publish(bench);
		keep_least(&least, time_since(start));
		if (have_read != bench->nr)
			fail("%u of %u readers have the packet", have_read, bench->nr);
	}
	report(bench, "end-to-end", (double)least / bench->nr);
}
