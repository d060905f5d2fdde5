// SPDX-License-Identifier: GPL-2.0
/*
 * Workers: processes that repeatedly open a device, read it in one of several ways, and close it.
 * Some share the client with threads and processes; some start processes that are killed while they
 * read, sleep, map the ring or have pending commands.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "stress.h"

#define SHARERS		4

/* -- Clients with one reader -------------------------------------------------------- */

static const struct kind {
	const char *name;
	void (*read)(struct worker *worker, struct client *client);
} kinds[] = {
	{ "read", read_by_calls },
	{ "raw", read_raw },
	{ "poll", read_polled },
	{ "epoll", read_epoll },
	{ "epoll edge", read_epoll_edge },
	{ "mapped", read_mapped },
	{ "SIGIO", read_signalled },
	{ "splice", read_spliced },
	{ "io_uring read", read_uring },
	{ "io_uring multishot", read_multishot },
	{ "io_uring command", read_pended },
};

/* Number of kinds that the kernel supports: the last two need commands, the last three io_uring. */
static unsigned int nr_kinds = ARRAY_SIZE(kinds);

void probe_kinds(void)
{
	struct io_uring uring;
	int ret = io_uring_queue_init(4, &uring, 0);
	bool commands = !ret && uring_has_commands(&uring);

	if (ret && ret != -ENOSYS && ret != -EPERM)
		fail("io_uring_queue_init: %s", strerror(-ret));
	if (!ret)
		io_uring_queue_exit(&uring);
	nr_kinds -= ret ? 3 : commands ? 0 : 2;
	printf("io_uring: reads %s, multishot reads and commands %s\n", ret ? "no" : "yes",
	       commands ? "yes" : "no");
}

static struct device *random_device(struct worker *worker)
{
	return &shared->devices[random_below(&worker->random, DEVICES)];
}

static void use_client(struct worker *worker, const struct kind *kind)
{
	struct client client;

	if (!open_client(&client, random_device(worker), kind->name, O_RDONLY, worker->slot)) {
		sleep_ms(1);
		return;
	}
	kind->read(worker, &client);
	close_client(&client);
}

/* -- Shared clients ------------------------------------------------------------------ */

/* One of several threads and processes that read a client. */
struct sharer {
	pthread_t thread;
	pid_t pid;
	bool is_process;
	bool killed;
	unsigned int reads;
	struct random random;
	struct client *client;
	unsigned char *buffer;
	int fd;			/* a duplicate of the client's descriptor */
};

/* Sleep in read() or poll(). After poll(), another reader may take the packet. */
static enum outcome sharer_read(struct sharer *sharer, struct stream *stream)
{
	struct pollfd pollfd = { .fd = sharer->fd, .events = POLLIN };
	struct iovec part = { stream->buffer, BUFFER_BYTES };
	ssize_t ret;
	size_t size;

	if (random_once_in(&sharer->random, 2)) {
		size = stream->client->record_size * (1 + random_below(&sharer->random, 3));
		ret = errno_of(read(sharer->fd, stream->buffer, size));
		return check_result(stream, stream->buffer, ret, ALLOW_INTR);
	}
	if (poll(&pollfd, 1, -1) < 0 && errno != EINTR)
		fail_client(stream->client, "poll: %m");
	ret = errno_of(preadv2(sharer->fd, &part, 1, -1, RWF_NOWAIT));
	return check_result(stream, stream->buffer, ret, ALLOW_AGAIN | ALLOW_INTR);
}

static void *sharer_main(void *data)
{
	struct sharer *sharer = data;
	struct stream stream = make_stream(sharer->client, false, sharer->buffer);

	while (sharer->reads-- && sharer_read(sharer, &stream) != GOT_ENODEV)
		if (random_once_in(&sharer->random, 8))
			check_stats(sharer->client);
	return NULL;
}

static void sharer_process(void *data)
{
	sharer_main(data);
}

static void start_sharer(struct sharer *sharer, struct worker *worker)
{
	sharer->random = (struct random){ random_next(&worker->random) };
	sharer->client = worker->shared_client;
	sharer->reads = 1 + random_below(&worker->random, 20);
	sharer->fd = dup(worker->shared_client->fd);
	sharer->buffer = allocate(BUFFER_BYTES);
	CHECK(sharer->fd >= 0);
	if (sharer->is_process)
		sharer->pid = start_process(sharer_process, sharer);
	else
		CHECK(!pthread_create(&sharer->thread, NULL, sharer_main, sharer));
}

/*
 * Records that a killed process had read but not counted are unknown. A wakeup that it had received
 * must wake the next reader.
 */
static void kill_sharer(struct sharer *sharer, struct worker *worker)
{
	sleep_ms(random_below(&worker->random, 50));
	sharer->killed = true;
	sharer->client->incomplete = true;
	ADD(shared->kills, 1);
	kill(sharer->pid, SIGKILL);
}

/* Join a sharer; the caller reports progress for it, because it may be killed. */
static bool sharer_ended(struct sharer *sharer)
{
	int status;

	if (!sharer->is_process)
		return !pthread_tryjoin_np(sharer->thread, NULL);
	if (waitpid(sharer->pid, &status, WNOHANG) != sharer->pid)
		return false;
	if (status && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && sharer->killed))
		fail_client(sharer->client, "a sharer exited with status %#x", status);
	return true;
}

static void join_sharer(struct sharer *sharer)
{
	while (!sharer_ended(sharer)) {
		report_next(sharer->client, check_stats(sharer->client).next);
		sleep_ms(2);
	}
	close(sharer->fd);
	free(sharer->buffer);
}

static void share_client(struct worker *worker)
{
	struct client *client = worker->shared_client;
	struct sharer sharers[SHARERS] = { };
	unsigned int count = 2 + random_below(&worker->random, SHARERS - 1), i;

	if (!open_client(client, random_device(worker), "shared", O_RDONLY, worker->slot)) {
		sleep_ms(1);
		return;
	}
	/* Fork before creating threads: a child would inherit locks that no thread releases. */
	for (i = 0; i < count; i++) {
		sharers[i].is_process = i < count / 2;
		start_sharer(&sharers[i], worker);
	}
	for (i = 0; i < count; i++)
		if (sharers[i].is_process && random_once_in(&worker->random, 3))
			kill_sharer(&sharers[i], worker);
	for (i = 0; i < count; i++)
		join_sharer(&sharers[i]);
	close_client(client);
}

/* -- Killed processes ---------------------------------------------------------------- */

static void victim_main(void *data)
{
	struct worker *worker = data;

	while (!GET(shared->stop_workers))
		use_client(worker, &kinds[random_below(&worker->random, nr_kinds)]);
}

static void kill_process(struct worker *worker)
{
	struct worker victim = *worker;
	int status;
	pid_t pid;

	victim.random = (struct random){ random_next(&worker->random) };
	victim.slot = NULL;
	pid = start_process(victim_main, &victim);
	sleep_ms(5 + random_below(&worker->random, 200));
	ADD(shared->kills, 1);
	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status))
		fail("process %d failed", pid);
}

/* -- Workers ------------------------------------------------------------------------ */

static void ignore_signal(int signal)
{
}

/* SIGUSR1 interrupts the calls of one half of the workers; those of the others are restarted. */
static void set_up_signals(bool restart)
{
	struct sigaction action = {
		.sa_handler = ignore_signal,
		.sa_flags = restart ? SA_RESTART : 0,
	};
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGIO);
	CHECK(!sigaction(SIGUSR1, &action, NULL) && !sigprocmask(SIG_BLOCK, &signals, NULL));
}

void worker_main(void *data)
{
	struct worker *worker = data;

	set_up_signals((worker->slot - shared->slots) % 2);
	worker->buffer = allocate(BUFFER_BYTES);
	while (!GET(shared->stop_workers)) {
		unsigned int kind = random_below(&worker->random, nr_kinds + 2);

		if (kind < nr_kinds)
			use_client(worker, &kinds[kind]);
		else if (kind == nr_kinds)
			share_client(worker);
		/* fork() may be slow: kill a process less often. */
		else if (random_once_in(&worker->random, 4))
			kill_process(worker);
	}
}
