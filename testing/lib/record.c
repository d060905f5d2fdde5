// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>

#include "record.h"

static const char *wrong_member(const struct sequence *sequence,
				const struct notify_multi_record *record)
{
	const __u8 *payload = (const void *)(record + 1);
	uint64_t gap = record->seq - sequence->next;
	size_t at;

	if (record->size != sequence->packet_size)
		return "size";
	if (record->flags & ~NOTIFY_MULTI_REC_REPLAY ||
	    (record->flags && record->seq > sequence->replayed))
		return "flags";
	if (!sequence->unordered && record->seq < sequence->next)
		return "seq";
	if (!sequence->unordered &&
	    (sequence->gaps ? record->dropped > gap : record->dropped != gap))
		return "dropped";
	for (at = record->size; at < record_size(record->size) - RECORD_HEADER; at++)
		if (payload[at])
			return "padding";
	return NULL;
}

const char *wrong_record(struct sequence *sequence, const struct notify_multi_record *record)
{
	static _Thread_local char text[160];
	const char *wrong = wrong_member(sequence, record);

	if (!wrong) {
		sequence->next = record->seq + 1;
		return NULL;
	}
	snprintf(text, sizeof(text), "seq %" PRIu64 ", expected %" PRIu64 ": wrong %s (%u dropped,"
		 " size %u, flags %#x)", (uint64_t)record->seq, sequence->next, wrong,
		 record->dropped, record->size, record->flags);
	return text;
}
