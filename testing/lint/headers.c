/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reads a ring in memory, as C90 and as C++98: an overrun ring, in place, one record and several.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/notify_gpio.h>
#include <linux/notify_irq.h>
#include <linux/notify_multi.h>
#include <notify_multi/reader.h>

#define SLOTS		4
#define MAX_PACKETS	3
#define BROADCASTS	6

struct edge {
	struct notify_multi_record record;
	struct notify_gpio_event event;
};

struct memory {
	struct notify_multi_ring header;
	struct edge slots[SLOTS];
};

static int failures;

static void expect(const char *name, long expected, long value)
{
	if (value == expected)
		return;
	printf("%s: expected %ld, not %ld\n", name, expected, value);
	failures++;
}

static void fill(struct memory *memory)
{
	__u32 seq;

	memset(memory, 0, sizeof(*memory));
	memory->header.slots = SLOTS;
	memory->header.record_size = sizeof(struct edge);
	memory->header.data_offset = sizeof(struct notify_multi_ring);
	memory->header.max_packets = MAX_PACKETS;
	memory->header.first = 1;
	for (seq = 1; seq <= BROADCASTS; seq++) {
		struct edge *edge = &memory->slots[seq & (SLOTS - 1)];

		edge->record.seq = seq;
		edge->record.size = sizeof(edge->event);
		edge->event.line = 10 * seq;
	}
	memory->header.head = BROADCASTS;
}

/* Packets 1 to 3 are dropped. The other three are in slots 0 to 2. */
static void read_ring(const struct memory *memory)
{
	const struct notify_multi_record *record;
	const struct notify_gpio_event *event;
	struct notify_multi_reader reader;
	struct edge edges[MAX_PACKETS];
	__u32 position;

	notify_multi_reader_init(&reader, memory, 1);
	expect("next", 1, notify_multi_reader_next(&reader, &edges[0].record));
	expect("dropped", 3, (long)edges[0].record.dropped);
	expect("line of packet 4", 40, (long)edges[0].event.line);

	record = notify_multi_reader_peek(&reader, &position);
	event = (const struct notify_gpio_event *)(record + 1);
	expect("line of packet 5", 50, (long)event->line);
	expect("done", 1, notify_multi_reader_done(&reader, record, position));

	expect("read", 1, (long)notify_multi_reader_read(&reader, edges, MAX_PACKETS));
	expect("line of packet 6", 60, (long)edges[0].event.line);
	expect("dropped before packet 6", 0, (long)edges[0].record.dropped);
	expect("next of an empty ring", 0, notify_multi_reader_next(&reader, &edges[0].record));
}

/* The C library's ioctl() takes an int or an unsigned long: the kernel must get the same number. */
static void call_ioctls(void)
{
	struct notify_multi_stats stats;
	struct notify_multi_info info;
	__u64 seq = 1;
	__u32 number = 1;

	expect("GET_INFO", -1, ioctl(-1, NOTIFY_MULTI_IOC_GET_INFO, &info));
	expect("GET_STATS", -1, ioctl(-1, NOTIFY_MULTI_IOC_GET_STATS, &stats));
	expect("SET_FORMAT", -1, ioctl(-1, NOTIFY_MULTI_IOC_SET_FORMAT, &number));
	expect("SET_MAX_PACKETS", -1, ioctl(-1, NOTIFY_MULTI_IOC_SET_MAX_PACKETS, &number));
	expect("CONSUME", -1, ioctl(-1, NOTIFY_MULTI_IOC_CONSUME, &seq));
	expect("errno", EBADF, errno);
}

static void read_registers(void)
{
	const struct notify_irq_event *event;
	__u64 record[sizeof(struct notify_multi_record) / sizeof(__u64) + 3];
	__u32 payload[] = { 7, 2, 1, 0, 41, 42 };

	memset(record, 0, sizeof(record));
	memcpy((struct notify_multi_record *)record + 1, payload, sizeof(payload));
	event = (const struct notify_irq_event *)((struct notify_multi_record *)record + 1);
	expect("nregs", 2, (long)event->nregs);
	expect("irq", 1, (long)event->irq);
	expect("second register", 42, (long)event->regs[1]);
}

int main(void)
{
	struct memory memory;

	fill(&memory);
	read_ring(&memory);
	call_ioctls();
	read_registers();
	return failures != 0;
}
