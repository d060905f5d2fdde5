/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packets whose bytes depend on a number, usually their seq, and checks of records with them.
 */
#ifndef PACKET_H
#define PACKET_H

#include "client.h"
#include "payload.h"

static inline const void *record_payload(const struct notify_multi_record *record)
{
	return record + 1;
}

/* Consecutive records, whose packets are numbered by their seqs. */
struct expected {
	uint64_t seq;		/* of the first record */
	unsigned int count;	/* number of records; 0 means 1 */
	uint32_t dropped;	/* of the first record; 0 in the others */
	int32_t status;
	uint32_t flags;
	bool raw;		/* only payloads: dropped, status and flags are not compared */
	size_t size;		/* size of the read; 0 means 1 MiB */
};

static inline unsigned int expected_count(const struct expected *expected)
{
	return expected->count ? expected->count : 1;
}

static inline ssize_t expected_bytes(const struct expected *expected, size_t packet_size)
{
	return expected_count(expected) * (expected->raw ? packet_size : RECORD_SIZE(packet_size));
}

static inline const char *wrong_value(const char *name, unsigned int index, long long expected,
				      long long actual)
{
	static char text[128];

	snprintf(text, sizeof(text), "%s in record %u is %lld, expected %lld", name, index, actual,
		 expected);
	return text;
}

static inline const char *wrong_record(const struct notify_multi_record *record, size_t packet_size,
				       unsigned int index, const struct expected *expected)
{
	static const unsigned char zeros[8];
	const struct {
		const char *name;
		long long expected, actual;
	} members[] = {
		{ "seq", expected->seq + index, record->seq },
		{ "dropped", index ? 0 : expected->dropped, record->dropped },
		{ "status", expected->status, record->status },
		{ "flags", expected->flags, record->flags },
		{ "size", packet_size, record->size },
		{ "padding", 0, memcmp(record_payload(record) + packet_size, zeros,
				       -packet_size % 8) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (members[i].expected != members[i].actual)
			return wrong_value(members[i].name, index, members[i].expected,
					   members[i].actual);
	return NULL;
}

/* Return NULL if the buffer has the expected records, or what is wrong. */
static inline const char *wrong_records(const void *buffer, size_t packet_size,
					const struct expected *expected)
{
	const char *wrong = NULL;

	for (unsigned int i = 0; i < expected_count(expected) && !wrong; i++) {
		const struct notify_multi_record *record = buffer + i * RECORD_SIZE(packet_size);
		const unsigned char *payload = expected->raw ? buffer + i * packet_size :
							       record_payload(record);
		size_t at = packet_difference(payload, packet_size, expected->seq + i);

		if (!expected->raw)
			wrong = wrong_record(record, packet_size, i, expected);
		if (!wrong && at < packet_size)
			wrong = wrong_value("payload", i, packet_byte(expected->seq + i, at),
					    payload[at]);
	}
	return wrong;
}

/*
 * Check the records of a stream whose only gaps are the reported drops. *@next is the seq
 * expected next, and is advanced. Return NULL, or what is wrong.
 */
static inline const char *wrong_stream(const void *buffer, ssize_t bytes, size_t packet_size,
				       uint64_t *next)
{
	const char *wrong = NULL;

	for (ssize_t at = 0; at < bytes && !wrong; at += RECORD_SIZE(packet_size)) {
		const struct notify_multi_record *record = buffer + at;
		const struct expected expected = {
			.seq = *next + record->dropped,
			.dropped = record->dropped,
			.flags = record->flags,
		};

		wrong = wrong_records(record, packet_size, &expected);
		*next = record->seq + 1;
	}
	return wrong;
}

/*
 * Errors of a source: of its callbacks, or as the status of a packet that is read in the raw
 * format. Async reads would take EAGAIN and EOPNOTSUPP as "nothing read".
 */
static const struct {
	int error;
	int result;		/* of plain reads, and of io_uring commands */
	int async_result;	/* of nonblocking reads, and of reads by io_uring and AIO */
} source_errors[] = {
	{ -EIO, -EIO, -EIO },
	{ -ENOSPC, -ENOSPC, -ENOSPC },
	{ -ECANCELED, -ECANCELED, -ECANCELED },
	{ -EAGAIN, -EAGAIN, -EIO },
	{ -EOPNOTSUPP, -EOPNOTSUPP, -EIO },
	{ -511, -511, -511 },
	/* Kernel-internal errnos */
	{ -512, -EIO, -EIO },
	{ -529, -EIO, -EIO },
	{ -4095, -EIO, -EIO },
};

/* A buffer for one call at a time. */
static _Alignas(8) unsigned char scratch[1 << 20];

/* Return NULL if a read returns exactly the expected records, or what is wrong. */
static inline const char *wrong_read(int fd, size_t packet_size, const struct expected *expected)
{
	size_t size = expected->size ? expected->size : sizeof(scratch);
	ssize_t bytes = expected_bytes(expected, packet_size);
	ssize_t ret;

	/* Bytes behind the records must not change. */
	memset(scratch, 0xa5, bytes + 1);
	ret = read_errno(fd, scratch, size);
	if (ret != bytes)
		return wrong_value("result of read", 0, bytes, ret);
	if (scratch[bytes] != 0xa5)
		return "a byte behind the records has changed";
	return wrong_records(scratch, packet_size, expected);
}

#define EXPECT_CORRECT(check)	CHECK_CORRECT(EXPECT_STREQ, check)
/* For loops, which would repeat the message. */
#define ASSERT_CORRECT(check)	CHECK_CORRECT(ASSERT_STREQ, check)

#define CHECK_CORRECT(macro, check)						\
do {										\
	const char *wrong_ = check;						\
										\
	macro("correct", wrong_ ? wrong_ : "correct");				\
} while (0)

#endif /* PACKET_H */
