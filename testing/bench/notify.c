// SPDX-License-Identifier: GPL-2.0
/* notify_multi: a source of notify_sim, which broadcasts in the writer's context. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "notify.h"

#define CONFIG	"/sys/kernel/config/notify_sim/notify_bench"

static void notify_set(const char *attribute, const char *value)
{
	char path[128];
	int ret;

	snprintf(path, sizeof(path), CONFIG "/%s", attribute);
	ret = file_write(path, value);
	if (ret)
		die("notify_sim: cannot set %s: %s", path, strerror(-ret));
}

static void notify_set_number(const char *attribute, unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	notify_set(attribute, text);
}

int notify_start(struct bench *bench)
{
	/* A killed run may have left the source. */
	rmdir(CONFIG);
	if (mkdir(CONFIG, 0700))
		return -errno;
	notify_set_number("packet_size", bench->bytes);
	notify_set_number("max_packets", BENCH_QUEUE);
	notify_set_number("max_requests", BENCH_QUEUE);
	notify_set("context", "process");
	notify_set("live", "1");
	bench->source = open("/dev/notify_sim/notify_bench", O_WRONLY | O_CLOEXEC);
	if (bench->source < 0)
		die("/dev/notify_sim/notify_bench: %m");
	packet_prepare(bench, 0);
	bench->stride = sizeof(struct notify_multi_record) + (bench->bytes + 7) / 8 * 8;
	return 0;
}

void notify_stop(struct bench *bench)
{
	(void)bench;
	if (rmdir(CONFIG))
		die("notify_sim: cannot remove the source: %m");
}

void notify_open(struct bench *bench, struct reader *reader)
{
	(void)bench;
	reader->fd = open("/dev/notify/notify_bench", O_RDONLY | O_CLOEXEC);
	if (reader->fd < 0)
		die("/dev/notify/notify_bench: %m");
}

void notify_prepare(struct bench *bench, uint64_t number)
{
	packet_number(bench, 0, number);
}

void notify_publish(struct bench *bench)
{
	if (write(bench->source, bench->message, bench->size) != (ssize_t)bench->size)
		die("/dev/notify_sim/notify_bench: cannot write: %m");
}

bool notify_check(const struct bench *bench, const void *buffer, unsigned int index,
		  uint64_t number)
{
	const char *at = (const char *)buffer + index * bench->stride;
	const struct notify_multi_record *record = (const void *)at;

	return record->size == bench->bytes && !record->status && !record->dropped &&
	       packet_is(bench, record->data, number);
}
