// SPDX-License-Identifier: GPL-2.0
/*
 * Clients shared by threads and processes through dup() and fork(), and processes that are killed
 * while they read, sleep, map the ring or have pending commands.
 */

#include "stress.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHARERS		4

/**
 * struct sharer - one of several threads and processes that read a client
 * @fd: A duplicate of the client's descriptor.
 */
struct sharer {
	pthread_t thread;
	pid_t pid;
	bool is_process;
	bool killed;
	unsigned int reads;
	struct random random;
	struct client *client;
	unsigned char *buffer;
	int fd;
};

/* Sleep in read() or poll(). After poll(), another reader may take the packet. */
static enum outcome sharer_read(struct sharer *sharer, struct stream *stream)
{
	struct pollfd pollfd = { .fd = sharer->fd, .events = POLLIN };
	struct iovec part = { stream->buffer, BUFFER_BYTES };
	ssize_t ret;

	if (random_once_in(&sharer->random, 2)) {
		ret = ret_or_errno(read(sharer->fd, stream->buffer,
					stream->client->record_size *
					(1 + random_below(&sharer->random, 3))));
		return check_result(stream, stream->buffer, ret, ALLOW_INTR);
	}
	if (poll(&pollfd, 1, -1) < 0 && errno != EINTR)
		fail_client(stream->client, "poll: %m");
	ret = ret_or_errno(preadv2(sharer->fd, &part, 1, -1, RWF_NOWAIT));
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
	if (sharer->fd < 0 || posix_memalign((void **)&sharer->buffer, 4096, BUFFER_BYTES))
		fail("cannot start a sharer: %m");
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

void share_client(struct worker *worker)
{
	struct device *device = &shared->devices[random_below(&worker->random, DEVICES)];
	struct sharer sharers[SHARERS] = { };
	unsigned int count = 2 + random_below(&worker->random, SHARERS - 1), i;

	if (!open_client(worker->shared_client, device, SHARED, O_RDONLY, worker->slot)) {
		sleep_ms(1);
		return;
	}
	/* Fork before creating threads: a child would inherit locks that no thread releases. */
	for (i = 0; i < count; i++)
		sharers[i].is_process = i < count / 2;
	for (i = 0; i < count; i++)
		start_sharer(&sharers[i], worker);
	for (i = 0; i < count; i++) {
		sharers[i].killed = sharers[i].is_process && random_once_in(&worker->random, 3);
		if (sharers[i].killed)
			kill_sharer(&sharers[i], worker);
	}
	for (i = 0; i < count; i++)
		join_sharer(&sharers[i]);
	close_client(worker->shared_client);
}

/* -- Killed processes ---------------------------------------------------------------- */

static void victim_main(void *data)
{
	struct worker *worker = data;

	while (!GET(shared->stop_workers)) {
		enum kind kind = random_below(&worker->random, SOLE_KINDS);

		if (uring_has(kind))
			use_client(worker, kind);
	}
}

void kill_process(struct worker *worker)
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
