// SPDX-License-Identifier: GPL-2.0
/* Measure a peer with a number of readers and a payload size. */
#include <fcntl.h>
#include <stdlib.h>

#include "bench.h"

/* Each batch fills the queues of all readers: fewer rounds, none for more readers than this. */
#define BATCH_READERS	256
#define BATCH_ROUNDS	50
#define BATCH_PACKETS	1024

/* Each reader checks each packet, but outside of the measured time. */
static void expect(const struct bench *bench, const void *buffer, unsigned int index,
		   uint64_t number)
{
	if (bench->peer->check && !bench->peer->check(bench, buffer, index, number))
		die("%s: packet %llu is missing or damaged", bench->peer->name,
		    (unsigned long long)number);
}

static void get_one(struct reader *reader)
{
	struct bench *bench = reader->bench;

	if (bench->peer->read(reader, bench->buffer) != 1)
		die("%s: no packet for a reader", bench->peer->name);
	expect(bench, bench->buffer, 0, bench->number);
}

/* Read the last @count packets by batches. */
static void get_all(struct reader *reader, unsigned int count)
{
	struct bench *bench = reader->bench;
	uint64_t number = bench->number - count;
	int got, i;

	while (count) {
		got = bench->peer->batch(reader, bench->buffer, count);
		if (got <= 0)
			die("%s: %u packets missing for a reader", bench->peer->name, count);
		for (i = 0; i < got; i++)
			expect(bench, bench->buffer, i, ++number);
		count -= got;
	}
}

/* Empty the queues of all readers except @skip, which contain the last @count packets. */
void drain(struct bench *bench, unsigned int skip, unsigned int count)
{
	unsigned int i, k;

	for (i = 0; i < bench->nr; i++) {
		if (i == skip)
			continue;
		if (bench->peer->batch)
			get_all(&bench->readers[i], count);
		else
			for (k = 0; k < count; k++)
				get_one(&bench->readers[i]);
	}
}

void publish_next(struct bench *bench)
{
	bench->peer->prepare(bench, ++bench->number);
	bench->peer->publish(bench);
}

static uint64_t time_publish(struct bench *bench)
{
	uint64_t start;

	bench->peer->prepare(bench, ++bench->number);
	start = clock_now();
	bench->peer->publish(bench);
	return clock_since(start);
}

static uint64_t time_read(struct reader *reader)
{
	struct bench *bench = reader->bench;
	uint64_t start = clock_now();
	int got = bench->peer->read(reader, bench->buffer);
	uint64_t elapsed = clock_since(start);

	if (got != 1)
		die("%s: no packet for a reader", bench->peer->name);
	expect(bench, bench->buffer, 0, bench->number);
	return elapsed;
}

/* Read a full queue by as many calls as necessary. */
static uint64_t time_batch(struct reader *reader)
{
	struct bench *bench = reader->bench;
	unsigned int count = 0, i;
	uint64_t start = clock_now();
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
		die("%s: %u of %u packets for a reader", bench->peer->name, count, bench->queue);
	for (i = 0; i < count; i++)
		expect(bench, bench->buffer, i, bench->number - count + 1 + i);
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
		bench->peer->prepare(bench, ++bench->number);
		start = clock_now();
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
			die("%s: O_NONBLOCK: %m", bench->peer->name);
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
