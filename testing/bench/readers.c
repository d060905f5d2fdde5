// SPDX-License-Identifier: GPL-2.0
/* Packets of bytes, with a number at the start and its complement at the end, and their readers. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define NUMBER	sizeof(uint64_t)

static void packet_number(struct bench *bench, uint64_t number)
{
	char *payload = (char *)bench->message + bench->peer->message_header;
	uint64_t complement = ~number;

	memcpy(payload, &number, NUMBER);
	memcpy(payload + bench->bytes - NUMBER, &complement, NUMBER);
}

bool packet_has(const struct bench *bench, const void *payload, uint64_t number)
{
	uint64_t complement = ~number;

	return !memcmp(payload, &number, NUMBER) &&
	       !memcmp((const char *)payload + bench->bytes - NUMBER, &complement, NUMBER);
}

void node_open(struct bench *bench, struct reader *reader)
{
	reader->fd = open(bench->private, O_RDONLY | O_CLOEXEC);
	if (reader->fd < 0)
		fail("%s: %s: %m", bench->peer->name, (const char *)bench->private);
}

void node_stop(struct bench *bench)
{
	free(bench->private);
}

void packet_write(struct bench *bench)
{
	if (write(bench->source, bench->message, bench->size) != (ssize_t)bench->size)
		fail("%s: cannot write: %m", bench->peer->name);
}

/* A daemon writes to each reader if the kernel mechanism has only one reader. */
void packet_fan_out(struct bench *bench)
{
	unsigned int i;

	for (i = 0; i < bench->nr; i++)
		if (write(bench->readers[i].feed, bench->message, bench->size) !=
		    (ssize_t)bench->size)
			fail("%s: cannot write: %m", bench->peer->name);
}

int packet_read(struct reader *reader, void *buffer)
{
	const struct bench *bench = reader->bench;

	return read(reader->fd, buffer, bench->stride) == (ssize_t)bench->stride;
}

int packet_batch(struct reader *reader, void *buffer, unsigned int count)
{
	ssize_t bytes = read(reader->fd, buffer, count * reader->bench->stride);

	return bytes < 0 ? 0 : bytes / reader->bench->stride;
}

void prepare_next(struct bench *bench)
{
	bench->number++;
	if (bench->peer->prepare)
		bench->peer->prepare(bench, bench->number);
	else
		packet_number(bench, bench->number);
}

void publish_next(struct bench *bench)
{
	prepare_next(bench);
	bench->peer->publish(bench);
}

void expect_packet(const struct bench *bench, const void *packet, uint64_t number)
{
	const struct peer *peer = bench->peer;

	if (peer->check ? !peer->check(bench, packet, number) :
	    !packet_has(bench, (const char *)packet + peer->read_header, number))
		fail("%s: packet %llu is missing or damaged", peer->name,
		     (unsigned long long)number);
}

static void get_one(struct reader *reader)
{
	struct bench *bench = reader->bench;

	if (bench->peer->read(reader, bench->buffer) != 1)
		fail("%s: no packet for a reader", bench->peer->name);
	expect_packet(bench, bench->buffer, bench->number);
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
			fail("%s: %u packets missing for a reader", bench->peer->name, count);
		for (i = 0; i < got; i++)
			expect_packet(bench, (char *)bench->buffer + i * bench->stride, ++number);
		count -= got;
	}
}

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
