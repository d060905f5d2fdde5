// SPDX-License-Identifier: GPL-2.0
/* Measure publishing and reading. Every reader checks every packet, outside of measured times. */
#include <stdio.h>
#include <unistd.h>

#include "bench.h"

static uint64_t clock_cost;

uint64_t time_since(uint64_t start)
{
	return now_ns() - start - clock_cost;
}

void keep_least(uint64_t *least, uint64_t sample)
{
	if (sample < *least)
		*least = sample;
}

void publish(struct bench *bench)
{
	bench->packet[0]++;
	if (write(bench->source, bench->packet, bench->bytes) != bench->bytes)
		fail("cannot write: %m");
}

void check_record(const struct bench *bench, const void *record, uint64_t number)
{
	const struct notify_multi_record *header = record;

	if (header->dropped || *(const uint64_t *)(header + 1) != number)
		fail("packet %llu is missing or damaged", (unsigned long long)number);
}

void report(const struct bench *bench, const char *figure, double value)
{
	printf("@bench %s %u %u %s %.2f\n", bench->way->name, bench->bytes, bench->nr, figure,
	       value);
}

static void measure_clock(void)
{
	uint64_t least = UINT64_MAX;
	int i;

	for (i = 0; i < BENCH_ROUNDS; i++)
		keep_least(&least, time_since(now_ns()));
	clock_cost = least;
}

static uint64_t time_read(struct bench *bench, unsigned int reader, unsigned int count)
{
	uint64_t start = now_ns();
	unsigned int got = bench->way->read(bench, reader, bench->buffer, count);
	uint64_t elapsed = time_since(start);
	unsigned int i;

	if (got != count)
		fail("%u of %u packets for reader %u", got, count, reader);
	for (i = 0; i < count; i++)
		check_record(bench, bench->buffer + i * bench->stride,
			     bench->packet[0] - count + 1 + i);
	return elapsed;
}

/* Publish a packet to empty queues, and let all readers read it. */
static void measure_one(struct bench *bench)
{
	uint64_t published = UINT64_MAX, read = UINT64_MAX, start;
	unsigned int reader;
	int i;

	for (i = 0; i < BENCH_ROUNDS; i++) {
		start = now_ns();
		publish(bench);
		keep_least(&published, time_since(start));
		for (reader = 0; reader < bench->nr; reader++)
			keep_least(&read, time_read(bench, reader, 1));
	}
	report(bench, "publish", (double)published / bench->nr);
	report(bench, "read", read);
}

static void measure_batch(struct bench *bench)
{
	uint64_t least = UINT64_MAX;
	int i, k;

	for (i = 0; i < BENCH_ROUNDS; i++) {
		for (k = 0; k < BENCH_QUEUE; k++)
			publish(bench);
		keep_least(&least, time_read(bench, 0, BENCH_QUEUE));
	}
	report(bench, "batch", (double)least / BENCH_QUEUE);
}

/* A round includes that the requests are submitted again, as threads sleep again. */
static void measure_armed(struct bench *bench)
{
	uint64_t least = UINT64_MAX, start;
	unsigned int reader;
	int i;

	bench->way->arm(bench);
	for (i = 0; i < BENCH_ROUNDS; i++) {
		start = now_ns();
		publish(bench);
		bench->way->reap(bench);
		bench->way->arm(bench);
		keep_least(&least, time_since(start));
		/* The pending requests do not change the records yet. */
		for (reader = 0; reader < bench->nr; reader++)
			check_record(bench, bench->buffer + reader * bench->stride,
				     bench->packet[0]);
	}
	report(bench, "end-to-end", (double)least / bench->nr);
}

void measure(struct bench *bench)
{
	measure_clock();
	measure_one(bench);
	if (bench->nr == 1)
		measure_batch(bench);
	if (bench->way->arm)
		measure_armed(bench);
	else
		measure_sleepers(bench);
}
