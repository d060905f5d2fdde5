// SPDX-License-Identifier: GPL-2.0
/*
 * notify_bench: measure the cost of sending a packet to many readers by notify_multi and other
 * peers. Needs root, configfs, and the modules notify_sim, uinput, evdev, uhid and hid_generic.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"
#include "file.h"
#include "options.h"

#define LIST_MAX	16
#define READERS_MAX	16384
#define BYTES_MIN	16
#define BYTES_MAX	65536

/* Limit of rounds * readers, and minimum number of rounds. */
#define ROUND_READERS	25600
#define ROUNDS_MIN	8

/* Files in addition to those of the readers, which may need two each. */
#define FILES_EXTRA	64

#define RT_RUNTIME	"/proc/sys/kernel/sched_rt_runtime_us"

/* The peers, in the order of the tables. */
static const struct peer *const peers[] = {
	&notify_read_peer, &notify_ring_peer, &notify_in_place_peer, &notify_uring_peer,
	&notify_pend_peer, &evdev_peer, &hidraw_peer, &netlink_peer, &seqpacket_peer, &pipe_peer,
	&eventfd_peer, &syscall_peer, NULL
};

static bool selected[ARRAY_SIZE(peers)];

static const char *option_peers, *option_json, *option_unit = "ns";
static const char *option_readers = "1,16,256,1024,4096", *option_bytes = "16,64,256,4096";
static uint64_t option_rounds = 200;
static bool option_no_sleepers, option_list;
static const struct option_value options[] = {
	{ "peers", "LIST    peers, as NAME or NAME/WAY (all)", .text = &option_peers },
	{ "readers", "LIST  numbers of readers (1,16,256,1024,4096)", .text = &option_readers },
	{ "bytes", "LIST    payload sizes (16,64,256,4096); some peers have a fixed size",
	  .text = &option_bytes },
	{ "rounds", "COUNT  samples of each figure (200; fewer with many readers)",
	  .number = &option_rounds },
	{ "no-sleepers", "  do not measure end to end", .flag = &option_no_sleepers },
	{ "json", "FILE     also write the results to FILE", .text = &option_json },
	{ "unit", "NAME     unit of the clock (ns), for the output", .text = &option_unit },
	{ "list", "         print the peers", .flag = &option_list },
	{ }
};

struct list {
	unsigned int count;
	unsigned int numbers[LIST_MAX];
};

static char rt_runtime[32];

static struct list parse_list(const char *text, unsigned int min, unsigned int max)
{
	char *copy = strdup(text), *part, *state;
	struct list list = { };

	for (part = strtok_r(copy, ",", &state); part; part = strtok_r(NULL, ",", &state)) {
		if (list.count == LIST_MAX)
			usage_error("too many numbers: %s", text);
		list.numbers[list.count++] = parse_number(part, min, max);
	}
	if (!list.count)
		usage_error("empty list");
	free(copy);
	return list;
}

/* Return true if the word names the peer ("NAME") or its way ("NAME/WAY"). */
static bool peer_matches(const struct peer *peer, const char *word)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/%s", peer->name, peer->way ? peer->way : "");
	return !strcmp(word, peer->name) || !strcmp(word, name);
}

static void select_peers(const char *text)
{
	char *copy = strdup(text), *word, *state;
	bool found;
	int i;

	for (word = strtok_r(copy, ",", &state); word; word = strtok_r(NULL, ",", &state)) {
		found = false;
		for (i = 0; peers[i]; i++) {
			if (!peer_matches(peers[i], word))
				continue;
			selected[i] = true;
			found = true;
		}
		if (!found)
			usage_error("unknown peer: %s", word);
	}
	free(copy);
}

static void list_peers(void)
{
	int i;

	for (i = 0; peers[i]; i++)
		printf("%s%s%-*s %s\n", peers[i]->name, peers[i]->way ? "/" : "",
		       (int)(22 - strlen(peers[i]->name) - !!peers[i]->way),
		       peers[i]->way ? peers[i]->way : "", peers[i]->about);
}

/* Raise the limit, and let the file table grow before the memory of readers is measured. */
static void raise_files(const struct list *readers)
{
	rlim_t files = 0;
	struct rlimit limit;
	unsigned int i;

	for (i = 0; i < readers->count; i++)
		if (readers->numbers[i] > files)
			files = readers->numbers[i];
	files = 2 * files + FILES_EXTRA;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < files)
		limit.rlim_cur = files;
	if (limit.rlim_max < files)
		limit.rlim_max = files;
	if (setrlimit(RLIMIT_NOFILE, &limit) || dup2(STDERR_FILENO, files - 1) < 0)
		fail("cannot open %ju files: %m", (uintmax_t)files);
	close(files - 1);
}

/* Real-time throttling would suspend the SCHED_FIFO threads during a measurement. */
static void restore_throttle(void)
{
	write_file(RT_RUNTIME, rt_runtime);
}

static void stop_throttle(void)
{
	if (read_file(RT_RUNTIME, rt_runtime, sizeof(rt_runtime)))
		return;
	if (!write_file(RT_RUNTIME, "-1"))
		atexit(restore_throttle);
}

static unsigned int rounds_for(unsigned int readers)
{
	unsigned int rounds = ROUND_READERS / readers;

	if (rounds < ROUNDS_MIN)
		rounds = ROUNDS_MIN;
	return rounds < option_rounds ? rounds : option_rounds;
}

/* Return false if the peer is not available. */
static bool run_size(const struct peer *peer, unsigned int bytes, const struct list *readers)
{
	struct result result;
	unsigned int i;
	int ret;

	for (i = 0; i < readers->count; i++) {
		unsigned int nr = readers->numbers[i];

		if (!peer->publish && i)
			break;
		ret = run(peer, bytes, nr, rounds_for(nr), !option_no_sleepers, &result);
		if (ret) {
			report_skip(peer, strerror(-ret));
			return false;
		}
		report(peer, bytes, nr, &result);
	}
	return true;
}

static void run_peer(const struct peer *peer, const struct list *readers, const struct list *sizes)
{
	unsigned int i;

	if (peer->bytes) {
		run_size(peer, peer->bytes, readers);
		return;
	}
	for (i = 0; i < sizes->count; i++) {
		if (peer->max_bytes && sizes->numbers[i] > peer->max_bytes)
			continue;
		if (!run_size(peer, sizes->numbers[i], readers))
			break;
	}
}

int main(int argc, char **argv)
{
	struct list readers, sizes;
	int i;

	parse_options(argc, argv, options);
	if (option_list) {
		list_peers();
		return 0;
	}
	if (option_peers)
		select_peers(option_peers);
	readers = parse_list(option_readers, 1, READERS_MAX);
	sizes = parse_list(option_bytes, BYTES_MIN, BYTES_MAX);
	if (geteuid())
		fail("needs root to create devices and real-time threads");
	raise_files(&readers);
	stop_throttle();
	clock_init();
	irqsoff_init();
	report_begin(option_json, option_unit, irqsoff_baseline());
	for (i = 0; peers[i]; i++)
		if (selected[i] || !option_peers)
			run_peer(peers[i], &readers, &sizes);
	report_end();
	return 0;
}
