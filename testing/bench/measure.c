// SPDX-License-Identifier: GPL-2.0
/* Measure a peer with a number of readers and a payload size. */
#include <fcntl.h>
#include <stdlib.h>

#include "bench.h"

/* Each batch fills the queues of all readers: fewer rounds, none for more readers than this. */
#define BATCH_READERS	256
#define BATCH_ROUNDS	50
#define BATCH_PACKETS	1024

static uint64_t time_publish(struct bench *bench)
{
	uint64_t start;

	prepare_next(bench);
	start = now_ns();
	bench->peer->publish(bench);
	return clock_since(start);
}

static uint64_t time_read(struct reader *reader)
{
	struct bench *bench = reader->bench;
	uint64_t start = now_ns();
	int got = bench->peer->read(reader, bench->buffer);
	uint64_t elapsed = clock_since(start);

	if (got != 1)
		fail("%s: no packet for a reader", bench->peer->name);
	if (bench->peer->publish)
		expect_packet(bench, bench->buffer, bench->number);
	return elapsed;
}

/* Read a full queue by as many calls as necessary. */
static uint64_t time_batch(struct reader *reader)
{
	struct bench *bench = reader->bench;
	unsigned int count = 0, i;
	uint64_t start = now_ns();
	uint64_t elapsed;

	while (count < bench->queue) {
		int got = bench->peer->batch(reader,
					     (char *)bench->buffer + count * bench->stride,
					     bench->queue - count);

		if (got <= 0)
			break;
		count += got;
	}
	elapsed = clock_since(start);
	if (count != bench->queue)
		fail("%s: %u of %u packets for a reader", bench->peer->name, count, bench->queue);
	for (i = 0; i < count; i++)
		expect_packet(bench, (char *)bench->buffer + i * bench->stride,
			      bench->number - count + 1 + i);
	return elapsed;
}

/* Publish a packet to empty queues, and let one reader read it. */
static void measure_one(struct bench *bench, struct result *result)
{
	uint64_t *publish = allocate(bench->rounds * sizeof(*publish));
	uint64_t *read = allocate(bench->rounds * sizeof(*read));
	unsigned int i, timed;

	/* Warm up: the first packet touches new memory. */
	publish_next(bench);
	drain(bench, bench->nr, 1);
	for (i = 0; i < bench->rounds; i++) {
		timed = i % bench->nr;
		publish[i] = time_publish(bench);
		read[i] = time_read(&bench->readers[timed]);
		drain(bench, timed, 1);
	}
	result->publish = clock_figure(publish, bench->rounds, 1);
	result->read = clock_figure(read, bench->rounds, 1);
	free(publish);
	free(read);
}

static unsigned int batch_rounds(const struct bench *bench)
{
	unsigned int rounds = BATCH_PACKETS / bench->nr;

	if (rounds > BATCH_ROUNDS)
		rounds = BATCH_ROUNDS;
	return rounds < bench->rounds ? rounds : bench->rounds;
}

static void measure_batch(struct bench *bench, struct result *result)
{
	unsigned int rounds = batch_rounds(bench);
	uint64_t *samples = allocate(rounds * sizeof(*samples));
	unsigned int i, k;

	for (i = 0; i < rounds; i++) {
		for (k = 0; k < bench->queue; k++)
			publish_next(bench);
		samples[i] = time_batch(&bench->readers[i % bench->nr]);
		drain(bench, i % bench->nr, bench->queue);
	}
	result->batch = clock_figure(samples, rounds, bench->queue);
	result->batch_packets = bench->queue;
	free(samples);
}

/*
 * Readers without threads. As with threads, publishing includes waking all readers, and a round
 * includes that they wait again.
 */
static void measure_armed(struct bench *bench, struct result *result, uint64_t *samples)
{
	uint64_t *publish = allocate(bench->rounds * sizeof(*publish));
	unsigned int i;
	uint64_t start;

	bench->peer->arm(bench);
	for (i = 0; i < bench->rounds; i++) {
		prepare_next(bench);
		start = now_ns();
		bench->peer->publish(bench);
		publish[i] = clock_since(start);
		bench->peer->reap(bench);
		bench->peer->arm(bench);
		samples[i] = clock_since(start);
	}
	publish_next(bench);
	bench->peer->reap(bench);
	result->publish = clock_figure(publish, bench->rounds, 1);
	free(publish);
}

static void set_blocking(struct bench *bench, bool blocking)
{
	unsigned int i;

	for (i = 0; i < bench->nr; i++)
		if (fcntl(bench->readers[i].fd, F_SETFL, blocking ? 0 : O_NONBLOCK))
			fail("%s: O_NONBLOCK: %m", bench->peer->name);
}

static void measure_e2e(struct bench *bench, struct result *result)
{
	uint64_t *samples = allocate(bench->rounds * sizeof(*samples));

	set_blocking(bench, true);
	if (bench->peer->arm)
		measure_armed(bench, result, samples);
	else
		measure_sleepers(bench, samples);
	result->e2e = clock_figure(samples, bench->rounds, 1);
	free(samples);
}

/* Measure the call of a peer that does not publish. */
static void measure_call(struct bench *bench, struct result *result)
{
	uint64_t *samples = allocate(bench->rounds * sizeof(*samples));
	unsigned int i;

	for (i = 0; i < bench->rounds; i++)
		samples[i] = time_read(&bench->readers[0]);
	result->read = clock_figure(samples, bench->rounds, 1);
	free(samples);
}

void measure(struct bench *bench, struct result *result, bool sleepers)
{
	if (!bench->peer->publish) {
		measure_call(bench, result);
		return;
	}
	set_blocking(bench, false);
	measure_one(bench, result);
	if (bench->peer->batch && bench->nr <= BATCH_READERS)
		measure_batch(bench, result);
	result->irqs_off = irqsoff_measure(bench);
	if (sleepers)
		measure_e2e(bench, result);
}
