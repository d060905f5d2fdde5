// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "fuzz.h"
#include "record.h"

struct fuzz_shared *fuzz;
unsigned char expected[FUZZ_BYTES];

void failure(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (!fuzz->failure[0])
		vsnprintf(fuzz->failure, sizeof(fuzz->failure), format, arguments);
	va_end(arguments);
}

bool expect(const char *what, int64_t actual, int64_t expected)
{
	if (actual != expected)
		failure("%s is %" PRId64 ", not %" PRId64, what, actual, expected);
	return actual == expected;
}

bool expect_result(int64_t actual, int64_t predicted)
{
	return expect("the result", actual, predicted);
}

size_t first_difference(const unsigned char *a, const unsigned char *b, size_t bytes)
{
	size_t at = 0;

	while (at < bytes && a[at] == b[at])
		at++;
	return at;
}

bool is_raw(const struct model_client *client)
{
	return client->format == NOTIFY_MULTI_FORMAT_RAW;
}

static void expect_payload(const unsigned char *actual, const unsigned char *predicted,
			   size_t bytes)
{
	size_t at = first_difference(actual, predicted, bytes);

	if (at < bytes)
		failure("byte %zu of the payload is %u, not %u", at, actual[at], predicted[at]);
}

static void expect_record(const struct model_client *client, const void *actual,
			  const void *predicted_record)
{
	const struct notify_multi_record *record = actual, *predicted = predicted_record;
	const struct model_packet *packet;

	if (!expect("a record's seq", record->seq, predicted->seq) ||
	    !expect("a record's status", record->status, predicted->status) ||
	    !expect("a record's dropped", record->dropped, predicted->dropped) ||
	    !expect("a record's size", record->size, predicted->size) ||
	    !expect("a record's flags", record->flags, predicted->flags))
		return;
	packet = model_packet(client, predicted->seq);
	if (record->timestamp_ns < packet->earliest || record->timestamp_ns > packet->latest)
		failure("timestamp %" PRIu64 " is not in %" PRIu64 "..%" PRIu64,
			(uint64_t)record->timestamp_ns, packet->earliest, packet->latest);
	expect_payload((const void *)(record + 1), (const void *)(predicted + 1),
		       client->nm->record_size - RECORD_HEADER);
}

bool expect_bytes(struct model_client *client, const unsigned char *actual, long bytes, bool raw)
{
	long at;

	if (raw)
		expect_payload(actual, expected, bytes);
	for (at = 0; !raw && at < bytes && !fuzz->failure[0]; at += client->nm->record_size)
		expect_record(client, actual + at, expected + at);
	return !fuzz->failure[0];
}
