/* SPDX-License-Identifier: GPL-2.0 */
/* Checks of records. */
#ifndef RECORD_H
#define RECORD_H

#include "payload.h"

/* Properties that the next record of a reader must have. */
struct sequence {
	uint32_t packet_size;
	uint64_t next;		/* seq, unless packets are dropped */
	uint64_t replayed;	/* newest packet that may be a replay */
	bool unordered;		/* records may have any seq */
	bool gaps;		/* packets may be missing that were not dropped */
};

/* Check all but the payload, and advance @next. Return NULL, or what is wrong. */
const char *wrong_record(struct sequence *sequence, const struct notify_multi_record *record);

#endif /* RECORD_H */
