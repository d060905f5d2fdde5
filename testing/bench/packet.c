// SPDX-License-Identifier: GPL-2.0
/* Packets of bytes: a number at the start, its complement at the end. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define NUMBER	sizeof(uint64_t)

/* Allocate a message with a header of @header bytes. */
void packet_prepare(struct bench *bench, size_t header)
{
	bench->size = header + bench->bytes;
	bench->message = allocate(bench->size);
	bench->stride = bench->bytes;
}

void packet_number(struct bench *bench, size_t header, uint64_t number)
{
	char *payload = (char *)bench->message + header;
	uint64_t complement = ~number;

	memcpy(payload, &number, NUMBER);
	memcpy(payload + bench->bytes - NUMBER, &complement, NUMBER);
}

bool packet_is(const struct bench *bench, const void *payload, uint64_t number)
{
	uint64_t complement = ~number;

	return !memcmp(payload, &number, NUMBER) &&
	       !memcmp((const char *)payload + bench->bytes - NUMBER, &complement, NUMBER);
}

/* A daemon writes to each reader if the kernel mechanism has only one reader. */
void packet_fan_out(struct bench *bench)
{
	unsigned int i;

	for (i = 0; i < bench->nr; i++)
		if (write(bench->readers[i].feed, bench->message, bench->size) !=
		    (ssize_t)bench->size)
			die("%s: cannot write: %m", bench->peer->name);
}

int packet_read(struct reader *reader, void *buffer)
{
	const struct bench *bench = reader->bench;

	return read(reader->fd, buffer, bench->stride) == (ssize_t)bench->stride;
}
