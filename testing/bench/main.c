// SPDX-License-Identifier: GPL-2.0
/* notify_bench: see usage(). */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench.h"

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

struct list {
	unsigned int count;
	unsigned int numbers[LIST_MAX];
};

static struct {
	const char *peers;
	struct list readers;
	struct list bytes;
	unsigned int rounds;
	const char *json;
	const char *unit;
	bool sleepers;
} options = {
	.readers = { 5, { 1, 16, 256, 1024, 4096 } },
	.bytes = { 4, { 16, 64, 256, 4096 } },
	.rounds = 200,
	.unit = "ns",
	.sleepers = true,
};

static char rt_runtime[32];

static void usage(FILE *to)
{
	fputs("usage: notify_bench [OPTION]...\n"
	      "Measure the cost of sending a packet to many readers by notify_multi and other peers.\n"
	      "\n"
	      "  -p, --peers=LIST    peers, as NAME or NAME/WAY, separated by commas (all)\n"
	      "  -r, --readers=LIST  numbers of readers (1,16,256,1024,4096)\n"
	      "  -b, --bytes=LIST    payload sizes (16,64,256,4096); some peers have a fixed size\n"
	      "  -n, --rounds=COUNT  samples of each figure (200; fewer with many readers)\n"
	      "  -s, --no-sleepers   do not measure end to end\n"
	      "  -j, --json=FILE     also write the results to FILE\n"
	      "  -u, --unit=NAME     unit of the clock (ns), for the output\n"
	      "  -l, --list          print the peers\n"
	      "  -h, --help          print this help\n"
	      "\n"
	      "Needs root, configfs, and the modules notify_sim, uinput, evdev, uhid and hid_generic.\n"
	      "Exit status: 0 success, 1 failure, 2 wrong usage.\n", to);
}

static void bad_usage(const char *format, const char *argument)
{
	fputs("notify_bench: ", stderr);
	fprintf(stderr, format, argument);
	fputs("\nTry --help.\n", stderr);
	exit(2);
}

static unsigned int parse_number(const char *text, unsigned int min, unsigned int max)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (end == text || *end || number < min || number > max)
		bad_usage("not a number in range: %s", text);
	return number;
}

static void parse_list(struct list *list, char *text, unsigned int min, unsigned int max)
{
	char *part, *state;

	list->count = 0;
	for (part = strtok_r(text, ",", &state); part; part = strtok_r(NULL, ",", &state)) {
		if (list->count == LIST_MAX)
			bad_usage("too many numbers: %s", part);
		list->numbers[list->count++] = parse_number(part, min, max);
	}
	if (!list->count)
		bad_usage("%s", "empty list");
}

/* Return true if @word names the peer ("NAME") or its way ("NAME/WAY"). */
static bool peer_matches(const struct peer *peer, const char *word, size_t length)
{
	size_t name = strlen(peer->name);

	if (length < name || strncmp(word, peer->name, name))
		return false;
	if (length == name)
		return true;
	return word[name] == '/' && peer->way && strlen(peer->way) == length - name - 1 &&
	       !strncmp(word + name + 1, peer->way, length - name - 1);
}

static bool peer_wanted(const struct peer *peer)
{
	const char *word = options.peers;
	size_t length;

	if (!word)
		return true;
	for (; *word; word += length + (word[length] == ',')) {
		length = strcspn(word, ",");
		if (peer_matches(peer, word, length))
			return true;
	}
	return false;
}

static void check_peers(void)
{
	const char *word = options.peers;
	size_t length;
	int i;

	for (; word && *word; word += length + (word[length] == ',')) {
		length = strcspn(word, ",");
		for (i = 0; peers[i] && !peer_matches(peers[i], word, length); i++)
			;
		if (!peers[i])
			bad_usage("unknown peer: %s", word);
	}
}

static void list_peers(void)
{
	int i;

	for (i = 0; peers[i]; i++)
		printf("%s%s%-*s %s\n", peers[i]->name, peers[i]->way ? "/" : "",
		       (int)(22 - strlen(peers[i]->name) - !!peers[i]->way),
		       peers[i]->way ? peers[i]->way : "", peers[i]->about);
}

static void parse(int argc, char **argv)
{
	static const struct option names[] = {
		{ "peers", required_argument, NULL, 'p' },
		{ "readers", required_argument, NULL, 'r' },
		{ "bytes", required_argument, NULL, 'b' },
		{ "rounds", required_argument, NULL, 'n' },
		{ "no-sleepers", no_argument, NULL, 's' },
		{ "json", required_argument, NULL, 'j' },
		{ "unit", required_argument, NULL, 'u' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int option;

	while ((option = getopt_long(argc, argv, "p:r:b:n:sj:u:lh", names, NULL)) != -1) {
		switch (option) {
		case 'p':
			options.peers = optarg;
			break;
		case 'r':
			parse_list(&options.readers, optarg, 1, READERS_MAX);
			break;
		case 'b':
			parse_list(&options.bytes, optarg, BYTES_MIN, BYTES_MAX);
			break;
		case 'n':
			options.rounds = parse_number(optarg, 1, 1000000);
			break;
		case 's':
			options.sleepers = false;
			break;
		case 'j':
			options.json = optarg;
			break;
		case 'u':
			options.unit = optarg;
			break;
		case 'l':
			list_peers();
			exit(0);
		case 'h':
			usage(stdout);
			exit(0);
		default:
			fputs("Try --help.\n", stderr);
			exit(2);
		}
	}
	if (optind < argc)
		bad_usage("unexpected argument: %s", argv[optind]);
	check_peers();
}

static unsigned int max_readers(void)
{
	unsigned int max = 0, i;

	for (i = 0; i < options.readers.count; i++)
		if (options.readers.numbers[i] > max)
			max = options.readers.numbers[i];
	return max;
}

/* Raise the limit, and let the file table grow before the memory of readers is measured. */
static void raise_files(void)
{
	rlim_t files = 2 * max_readers() + FILES_EXTRA;
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < files)
		limit.rlim_cur = files;
	if (limit.rlim_max < files)
		limit.rlim_max = files;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		die("cannot open %ju files: %m", (uintmax_t)files);
	if (dup2(STDERR_FILENO, files - 1) < 0)
		die("cannot open %ju files: %m", (uintmax_t)files);
	close(files - 1);
}

/* Real-time throttling would suspend the SCHED_FIFO threads during a measurement. */
static void restore_throttle(void)
{
	file_write(RT_RUNTIME, rt_runtime);
}

static void stop_throttle(void)
{
	if (file_read(RT_RUNTIME, rt_runtime, sizeof(rt_runtime)))
		return;
	if (!file_write(RT_RUNTIME, "-1"))
		atexit(restore_throttle);
}

static unsigned int rounds_for(unsigned int readers)
{
	unsigned int rounds = ROUND_READERS / readers;

	if (rounds < ROUNDS_MIN)
		rounds = ROUNDS_MIN;
	return rounds < options.rounds ? rounds : options.rounds;
}

/* Return false if the peer is not available. */
static bool run_size(const struct peer *peer, unsigned int bytes)
{
	struct result result;
	unsigned int i;
	int ret;

	for (i = 0; i < options.readers.count; i++) {
		unsigned int readers = options.readers.numbers[i];

		if (!peer->publish && i)
			break;
		ret = run(peer, bytes, readers, rounds_for(readers), options.sleepers, &result);
		if (ret) {
			report_skip(peer, strerror(-ret));
			return false;
		}
		report(peer, bytes, readers, &result);
	}
	return true;
}

static void run_peer(const struct peer *peer)
{
	unsigned int i;

	if (peer->bytes) {
		run_size(peer, peer->bytes);
		return;
	}
	for (i = 0; i < options.bytes.count; i++) {
		unsigned int bytes = options.bytes.numbers[i];

		if (peer->max_bytes && bytes > peer->max_bytes)
			continue;
		if (!run_size(peer, bytes))
			break;
	}
}

int main(int argc, char **argv)
{
	int i;

	parse(argc, argv);
	if (geteuid())
		die("needs root to create devices and real-time threads");
	raise_files();
	stop_throttle();
	clock_init();
	irqsoff_init();
	report_begin(options.json, options.unit, irqsoff_baseline());
	for (i = 0; peers[i]; i++)
		if (peer_wanted(peers[i]))
			run_peer(peers[i]);
	report_end();
	return 0;
}
