// SPDX-License-Identifier: GPL-2.0
/* Create a peer's source and readers, measure, and destroy them. */
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

/* Memory is measured from this number of readers on, because it is allocated in pages. */
#define MEMORY_READERS	256

static void open_readers(struct bench *bench, struct result *result)
{
	bool measure_memory = bench->nr >= MEMORY_READERS;
	long long before;
	unsigned int i;

	if (measure_memory)
		memory_settle();
	before = memory_free();
	for (i = 0; i < bench->nr; i++)
		bench->peer->open(bench, &bench->readers[i]);
	if (measure_memory)
		result->bytes_per_reader = (double)(before - memory_free()) / bench->nr;
}

static void close_readers(struct bench *bench)
{
	unsigned int i;

	for (i = 0; i < bench->nr; i++) {
		struct reader *reader = &bench->readers[i];

		if (bench->peer->close)
			bench->peer->close(reader);
		close(reader->fd);
		close(reader->feed);
	}
}

static void prepare(struct bench *bench)
{
	const struct peer *peer = bench->peer;

	bench->queue = BENCH_QUEUE;
	if (peer->queue && peer->queue < bench->queue)
		bench->queue = peer->queue;
	if (peer->queue_bytes && peer->queue_bytes / bench->bytes < bench->queue)
		bench->queue = peer->queue_bytes / bench->bytes;
	bench->size = peer->message_header + bench->bytes;
	bench->stride = peer->read_header + bench->bytes;
	bench->message = allocate(bench->size);
}

static void prepare_readers(struct bench *bench)
{
	unsigned int i;

	bench->readers = allocate(bench->nr * sizeof(*bench->readers));
	for (i = 0; i < bench->nr; i++)
		bench->readers[i] = (struct reader){ .bench = bench, .fd = -1, .feed = -1 };
	bench->buffer = allocate((size_t)BENCH_QUEUE * bench->stride);
}

int run(const struct peer *peer, unsigned int bytes, unsigned int readers, unsigned int rounds,
	bool sleepers, struct result *result)
{
	static const struct figure none = { NONE, NONE };
	struct bench bench = {
		.peer = peer,
		.bytes = bytes,
		.nr = readers,
		.rounds = rounds,
		.source = -1,
	};
	int ret = 0;

	*result = (struct result){ rounds, 0, none, none, none, none, NONE, NONE };
	prepare(&bench);
	if (peer->start)
		ret = peer->start(&bench);
	if (!ret) {
		prepare_readers(&bench);
		open_readers(&bench, result);
		measure(&bench, result, sleepers);
		close_readers(&bench);
		close(bench.source);
		if (peer->stop)
			peer->stop(&bench);
	}
	free(bench.readers);
	free(bench.buffer);
	free(bench.message);
	return ret;
}
