// SPDX-License-Identifier: GPL-2.0
/*
 * Clients read by io_uring: several reads at once, multishot reads, and pending commands. Some
 * requests are cancelled.
 */
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "stress.h"

#define ENTRIES		32
#define REQUESTS	4
#define GROUP		1
/* user_data of requests without a buffer. */
#define NO_BUFFER	1000

enum how { READ, MULTISHOT, PEND };

/* An io_uring that reads a client. The buffers are parts of the stream's buffer. */
struct ring {
	struct io_uring uring;
	struct stream *stream;
	enum how how;
	size_t size;			/* of each buffer */
	bool busy[REQUESTS];		/* a request uses the buffer */
	unsigned int in_flight;		/* minimum number of completions still to come */
	int cancelled;			/* commands, less those that completed with ECANCELED */
	enum outcome outcome;
};

static void *buffer_of(const struct ring *ring, unsigned int number)
{
	return ring->stream->buffer + number * ring->size;
}

static struct io_uring_sqe *new_sqe(struct ring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring->uring);

	if (!sqe)
		fail_client(ring->stream->client, "io_uring is full");
	ring->in_flight++;
	return sqe;
}

/* -- Requests ---------------------------------------------------------------------- */

static void prepare_command(struct ring *ring, __u32 op, unsigned int number, __u32 len, __u64 data)
{
	struct io_uring_sqe *sqe = new_sqe(ring);

	prep_command(sqe, ring->stream->client->fd, op, (struct notify_multi_uring_cmd){
		     .addr = (uintptr_t)buffer_of(ring, number), .len = len });
	sqe->user_data = data;
}

static void prepare_request(struct ring *ring, unsigned int number)
{
	struct io_uring_sqe *sqe;

	ring->busy[number] = true;
	if (ring->how == PEND) {
		prepare_command(ring, NOTIFY_MULTI_URING_CMD_PEND, number, ring->size, number);
		return;
	}
	sqe = new_sqe(ring);
	if (ring->how == READ) {
		io_uring_prep_read(sqe, ring->stream->client->fd, buffer_of(ring, number),
				   ring->size, 0);
	} else {
		io_uring_prep_rw(OP_READ_MULTISHOT, sqe, ring->stream->client->fd, NULL, 0, 0);
		sqe->flags = IOSQE_BUFFER_SELECT;
		sqe->buf_group = GROUP;
	}
	sqe->user_data = number;
}

static void prepare_cancel(struct ring *ring, unsigned int number)
{
	struct io_uring_sqe *sqe;

	if (ring->how == PEND) {
		prepare_command(ring, NOTIFY_MULTI_URING_CMD_CANCEL, number, 0, NO_BUFFER);
		return;
	}
	sqe = new_sqe(ring);
	io_uring_prep_cancel64(sqe, number, 0);
	sqe->user_data = NO_BUFFER;
}

/* Provide a buffer for multishot reads. */
static void provide(struct ring *ring, unsigned int number)
{
	struct io_uring_sqe *sqe = new_sqe(ring);

	io_uring_prep_provide_buffers(sqe, buffer_of(ring, number), ring->size, 1, GROUP, number);
	sqe->user_data = NO_BUFFER;
}

/* -- Completions ------------------------------------------------------------------- */

static void handle_completion(struct ring *ring, const struct io_uring_cqe *cqe)
{
	unsigned int number = cqe->user_data;
	bool more = cqe->flags & IORING_CQE_F_MORE;
	enum outcome outcome;

	if (!more)
		ring->in_flight--;
	if (ring->how == PEND && number == NO_BUFFER && cqe->res > 0)
		ring->cancelled += cqe->res;
	if (number == NO_BUFFER)
		return;
	if (ring->how == PEND && cqe->res == -ECANCELED)
		ring->cancelled--;
	if (!more)
		ring->busy[number] = false;
	if (cqe->flags & IORING_CQE_F_BUFFER)
		number = cqe->flags >> IORING_CQE_BUFFER_SHIFT;
	outcome = check_result(ring->stream, buffer_of(ring, number), cqe->res,
			       ALLOW_CANCEL | ALLOW_INTR | ALLOW_NOBUFS);
	if (outcome == GOT_ENODEV)
		ring->outcome = GOT_ENODEV;
	if (cqe->flags & IORING_CQE_F_BUFFER)
		provide(ring, number);
}

/* Submit, wait with a timeout, and process completions. Return true if there was any. */
static bool submit_and_reap(struct ring *ring, unsigned int wait_ms)
{
	struct __kernel_timespec time = { .tv_nsec = wait_ms * 1000000LL };
	struct io_uring_cqe *cqe;
	bool found = false;
	int ret;

	ret = io_uring_submit(&ring->uring);
	if (ret < 0 && ret != -EINTR)
		fail_client(ring->stream->client, "io_uring_submit: %s", strerror(-ret));
	ret = io_uring_wait_cqe_timeout(&ring->uring, &cqe, &time);
	if (ret && ret != -ETIME && ret != -EINTR && ret != -EAGAIN)
		fail_client(ring->stream->client, "io_uring_wait: %s", strerror(-ret));
	while (!io_uring_peek_cqe(&ring->uring, &cqe)) {
		handle_completion(ring, cqe);
		io_uring_cqe_seen(&ring->uring, cqe);
		found = true;
	}
	return found;
}

/* -- Clients ----------------------------------------------------------------------- */

static bool packets_only(const struct ring *ring)
{
	const struct slot *slot = ring->stream->client->slot;

	return slot && GET(slot->packets_only);
}

/* Submit requests for all free buffers (a multishot read is one request) and cancel some. */
static void submit_requests(struct ring *ring, struct random *random)
{
	unsigned int number, requests = ring->how == MULTISHOT ? 1 : REQUESTS;

	for (number = 0; number < requests; number++)
		if (!ring->busy[number])
			prepare_request(ring, number);
		else if (!packets_only(ring) && random_once_in(random, 16))
			prepare_cancel(ring, number);
}

/* A request that is being completed cannot be cancelled: retry. */
static void cancel_all(struct ring *ring)
{
	double end = now() + LIMIT_SECONDS;
	unsigned int number;

	while (ring->in_flight) {
		if (now() > end)
			fail_client(ring->stream->client, "%u requests are not cancelled",
				    ring->in_flight);
		for (number = 0; number < REQUESTS; number++)
			if (ring->busy[number])
				prepare_cancel(ring, number);
		submit_and_reap(ring, 5);
	}
}

static void read_how(struct worker *worker, struct client *client, enum how how)
{
	struct stream stream = make_stream(client, true, worker->buffer);
	struct ring ring = { .stream = &stream, .how = how };
	unsigned int reads = 1 + random_below(&worker->random, 20), number;
	/* A multishot read takes one record at a time, others as many as fit. */
	unsigned int records = how == READ ? 1 + random_below(&worker->random, 3) : 1;
	int ret;

	/* The order in which pending reads complete is unspecified. */
	stream.sequence.unordered = how == READ;
	stream.async = true;
	ring.size = records * client->record_size;
	ret = io_uring_queue_init(ENTRIES, &ring.uring, 0);
	if (ret == -ENOMEM)
		return;
	if (ret)
		fail_client(client, "io_uring_queue_init: %s", strerror(-ret));
	if (how == MULTISHOT)
		for (number = 0; number < REQUESTS; number++)
			provide(&ring, number);
	/* Do not give up after a timeout: that would hide a lost wakeup. */
	while (reads && ring.outcome != GOT_ENODEV) {
		submit_requests(&ring, &worker->random);
		reads -= submit_and_reap(&ring, 20);
		if (random_once_in(&worker->random, 8))
			make_other_call(&stream, &worker->random);
	}
	cancel_all(&ring);
	if (ring.cancelled)
		fail_client(client, "%d cancelled commands were not completed as such",
			    ring.cancelled);
	io_uring_queue_exit(&ring.uring);
}

void read_uring(struct worker *worker, struct client *client)
{
	read_how(worker, client, READ);
}

void read_multishot(struct worker *worker, struct client *client)
{
	read_how(worker, client, MULTISHOT);
}

void read_pended(struct worker *worker, struct client *client)
{
	read_how(worker, client, PEND);
}
