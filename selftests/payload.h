/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets whose bytes depend on a number.
 */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include <linux/notify_multi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORD_HEADER		sizeof(struct notify_multi_record)
#define RECORD_SIZE(packet)	(RECORD_HEADER + ((packet) + 7) / 8 * 8)

static inline size_t record_size(size_t packet_size)
{
	return RECORD_SIZE(packet_size);
}

/* Byte @at of packet @number: differs between neighbouring bytes and packets. */
static inline unsigned char packet_byte(uint64_t number, size_t at)
{
	return (number * 167 + at * 31 + (at >> 8) * 7 + 1) & 0xff;
}

static inline void packet_fill(unsigned char *packet, size_t size, uint64_t number)
{
	for (size_t at = 0; at < size; at++)
		packet[at] = packet_byte(number, at);
}

/* Return the offset of the first byte that is not that of packet @number, or @size. */
static inline size_t packet_difference(const void *packet, size_t size, uint64_t number)
{
	const unsigned char *bytes = packet;
	size_t at = 0;

	while (at < size && bytes[at] == packet_byte(number, at))
		at++;
	return at;
}

static inline bool packet_is(const void *packet, size_t size, uint64_t number)
{
	return packet_difference(packet, size, number) == size;
}

#endif /* PAYLOAD_H */
