// SPDX-License-Identifier: GPL-2.0
/*
 * notify_mapped BYTES ROUNDS: measure reads of a mapped ring, which is memory of the program.
 *
 * Prints results as the module does:
 *
 *	@native mapped MEASURE 1 BYTES PACKETS CYCLES
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <x86intrin.h>

#include <notify_multi/reader.h>

#define SLOTS		16
#define PACKETS		(SLOTS - 1)
#define PASSES		16
#define PAGE_BYTES	4096
#define RECORDS		((PAGE_BYTES + sizeof(struct notify_multi_record)) * PACKETS)

static _Alignas(PAGE_BYTES) char map[PAGE_BYTES + SLOTS * RECORDS / PACKETS];
static _Alignas(64) char records[RECORDS];
static volatile __u64 sum;	/* Keeps the compiler from skipping the payload. */

/* Read all packets, one by one. */
static int read_next(struct notify_multi_reader *reader)
{
	int packets = 0;

	while (notify_multi_reader_next(reader, (struct notify_multi_record *)records))
		packets++;
	return packets;
}

static int read_batch(struct notify_multi_reader *reader)
{
	int packets = 0, got;

	while ((got = notify_multi_reader_read(reader, records, PACKETS)))
		packets += got;
	return packets;
}

/* Read the first word of each payload without a copy. */
static int read_in_place(struct notify_multi_reader *reader)
{
	const struct notify_multi_record *record;
	__u32 position;
	int packets = 0;

	while ((record = notify_multi_reader_peek(reader, &position))) {
		__u64 word = *(const __u64 *)(record + 1);

		if (!notify_multi_reader_done(reader, record, position))
			continue;
		sum += word;
		packets++;
	}
	return packets;
}

static const struct measure {
	const char *name;
	int (*read)(struct notify_multi_reader *reader);
} measures[] = {
	{ "next", read_next }, { "batch", read_batch }, { "in-place", read_in_place }, { }
};

static void fill_ring(unsigned int bytes)
{
	struct notify_multi_ring *ring = (struct notify_multi_ring *)map;
	unsigned int seq;

	ring->head = PACKETS;
	ring->slots = SLOTS;
	ring->record_size = sizeof(struct notify_multi_record) + (bytes + 7) / 8 * 8;
	ring->data_offset = PAGE_BYTES;
	ring->abi_version = NOTIFY_MULTI_ABI_VERSION;
	ring->max_packets = PACKETS;
	ring->first = 1;
	for (seq = 1; seq <= PACKETS; seq++) {
		struct notify_multi_record *record =
			(void *)(map + PAGE_BYTES + seq * ring->record_size);

		record->seq = seq;
		record->size = bytes;
	}
}

static __u64 now(void)
{
	__u64 cycles;

	_mm_lfence();
	cycles = __rdtsc();
	_mm_lfence();
	return cycles;
}

/* Return the time of several passes: the counter is too coarse for one. */
static __u64 time_read(int (*read)(struct notify_multi_reader *reader))
{
	struct notify_multi_reader reader;
	int pass, packets = 0;
	__u64 start = now();

	for (pass = 0; pass < PASSES; pass++) {
		notify_multi_reader_init(&reader, map, 1);
		packets += read(&reader);
	}
	start = now() - start;
	if (packets != PASSES * PACKETS) {
		fprintf(stderr, "notify_mapped: %d packets of %d\n", packets, PASSES * PACKETS);
		exit(1);
	}
	return start;
}

int main(int argc, char **argv)
{
	unsigned int bytes = argc == 3 ? atoi(argv[1]) : 0, rounds = argc == 3 ? atoi(argv[2]) : 0;
	const struct measure *measure;
	unsigned int round;

	if (!bytes || bytes > PAGE_BYTES || !rounds) {
		fprintf(stderr, "usage: notify_mapped BYTES ROUNDS\n");
		return 2;
	}
	fill_ring(bytes);
	for (measure = measures; measure->name; measure++) {
		/* Takes page faults. */
		time_read(measure->read);
		for (round = 0; round < rounds; round++)
			printf("@native mapped %s 1 %u %u %llu\n", measure->name, bytes,
			       PASSES * PACKETS, time_read(measure->read));
	}
	return 0;
}
