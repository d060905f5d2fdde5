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
	struct account *account;
	unsigned char *buffer;
	int fd;
};

/* Sleep in read(), or in poll(), after which another reader may be faster. */
static enum outcome sharer_read(struct sharer *sharer, struct stream *stream)
{
	struct pollfd pollfd = { .fd = sharer->fd, .events = POLLIN };
	struct iovec part = { stream->buffer, BUFFER_BYTES };
	ssize_t ret;

	if (random_once_in(&sharer->random, 2)) {
		ret = result(read(sharer->fd, stream->buffer,
				  stream->account->record_size *
				  (1 + random_below(&sharer->random, 3))));
		return take(stream, stream->buffer, ret, MAY_INTR);
	}
	if (poll(&pollfd, 1, -1) < 0 && errno != EINTR)
		fail_open(stream->account, "poll: %m");
	ret = result(preadv2(sharer->fd, &part, 1, -1, RWF_NOWAIT));
	return take(stream, stream->buffer, ret, MAY_AGAIN | MAY_INTR);
}

static void *sharer_main(void *data)
{
	struct sharer *sharer = data;
	struct stream stream = stream_of(sharer->account, false, sharer->buffer);

	while (sharer->reads-- && sharer_read(sharer, &stream) != GONE)
		if (random_once_in(&sharer->random, 8))
			check_stats(sharer->account);
	return NULL;
}

static void sharer_process(void *data)
{
	sharer_main(data);
}

static void start_sharer(struct sharer *sharer, struct worker *worker)
{
	sharer->random = (struct random){ random_next(&worker->random) };
	sharer->account = worker->common;
	sharer->reads = 1 + random_below(&worker->random, 20);
	sharer->fd = dup(worker->common->fd);
	if (sharer->fd < 0 || posix_memalign((void **)&sharer->buffer, 4096, BUFFER_BYTES))
		fail("a sharer cannot be made: %m");
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
	sharer->account->unseen = true;
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
		fail_open(sharer->account, "a process has ended with status %#x", status);
	return true;
}

static void join_sharer(struct sharer *sharer)
{
	while (!sharer_ended(sharer)) {
		tell_next(sharer->account, check_stats(sharer->account).next);
		sleep_ms(2);
	}
	close(sharer->fd);
	free(sharer->buffer);
}

void shared_live(struct worker *worker)
{
	struct device *device = &shared->devices[random_below(&worker->random, DEVICES)];
	struct sharer sharers[SHARERS] = { };
	unsigned int count = 2 + random_below(&worker->random, SHARERS - 1), i;

	if (!open_account(worker->common, device, SHARED, O_RDONLY, worker->slot)) {
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
	close_account(worker->common);
}

/* -- Killed processes ---------------------------------------------------------------- */

static void victim_main(void *data)
{
	struct worker *worker = data;

	while (!GET(shared->stop_readers)) {
		enum kind kind = random_below(&worker->random, SOLE_KINDS);

		if (uring_has(kind))
			live(worker, kind);
	}
}

void killed_live(struct worker *worker)
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
		fail("process %d has failed", pid);
}
