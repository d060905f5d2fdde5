// SPDX-License-Identifier: GPL-2.0
/* notify_multi: a source of notify_sim, which broadcasts in the writer's context, and read(). */
#include <fcntl.h>

#include "bench.h"
#include "record.h"
#include "notify_sim.h"

#define NAME	"notify_bench"

int notify_start(struct bench *bench)
{
	int ret;

	/* A killed run may have left the source. */
	sim_remove(NAME);
	ret = sim_make(NAME);
	if (ret)
		return ret;
	expect_success(sim_set_number(NAME, "packet_size", bench->bytes), "packet_size");
	expect_success(sim_set_number(NAME, "max_packets", BENCH_QUEUE), "max_packets");
	expect_success(sim_set_number(NAME, "max_requests", BENCH_QUEUE), "max_requests");
	expect_success(sim_set(NAME, "context", "process"), "context");
	expect_success(sim_set(NAME, "live", "1"), "live");
	bench->source = sim_open_injector(NAME);
	expect_success(bench->source, "injector");
	bench->stride = record_size(bench->bytes);
	return 0;
}

void notify_stop(struct bench *bench)
{
	expect_success(sim_remove(NAME), NAME);
}

void notify_open(struct bench *bench, struct reader *reader)
{
	reader->fd = sim_open(NAME, O_RDONLY);
	expect_success(reader->fd, NAME);
}

bool notify_check(const struct bench *bench, const void *packet, uint64_t number)
{
	const struct notify_multi_record *record = packet;

	return record->size == bench->bytes && !record->status && !record->dropped &&
	       packet_has(bench, record->data, number);
}

const struct peer notify_read_peer = {
	.name = "notify_multi",
	.way = "read",
	.about = "read(); a batch by one read()",
	.start = notify_start,
	.stop = notify_stop,
	.open = notify_open,
	.publish = packet_write,
	.read = packet_read,
	.batch = packet_batch,
	.check = notify_check,
};
