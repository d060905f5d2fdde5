// SPDX-License-Identifier: GPL-2.0
/*
 * io_uring calls. Completions run only in io_uring_enter() of this thread, so that the model can
 * treat each completion as a read at the time when it is reaped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "fuzz.h"
#include "process.h"

#define FUZZ_REQUESTS	8	/* At the same time. */
#define ENTRIES		32
#define CANCELLATION	1000	/* user_data of a cancellation. */
#define BAD_ADDRESS	8

struct request {
	struct model_client *client;	/* NULL if unused. */
	bool is_command;		/* True for a command, false for a read. */
	size_t bytes;
	bool writable;			/* The buffer is writable. */
	bool refused;			/* The call fails with @result. */
	long result;
	bool cancelled;
	uint64_t ticket;
	int fd;				/* For cancelling a command. */
	unsigned char buffer[FUZZ_BYTES];
};

static struct io_uring ring;
static bool running;
static bool has_commands;
static struct request requests[FUZZ_REQUESTS];
static uint64_t tickets;
static bool cancellation_completed;
static long cancellation_result;

/* Create the io_uring if necessary. Return false if the kernel does not support it. */
static bool ensure_started(void)
{
	static bool missing;

	if (running || missing)
		return running;
	missing = io_uring_queue_init(ENTRIES, &ring,
				      IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
	if (missing)
		printf("# io_uring with deferred completion is not supported\n");
	running = !missing;
	has_commands = running && uring_has_commands(&ring);
	return running;
}

/* A request without an opcode. */
static struct io_uring_sqe *new_sqe(uint64_t data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	CHECK(sqe);
	io_uring_prep_nop(sqe);
	sqe->user_data = data;
	return sqe;
}

static void prepare_command(int fd, unsigned int op, struct notify_multi_uring_cmd command,
			    uint64_t data)
{
	struct io_uring_sqe *sqe = new_sqe(data);

	prep_command(sqe, fd, op, command);
	sqe->user_data = data;
}

static struct request *free_request(void)
{
	unsigned int i;

	for (i = 0; i < FUZZ_REQUESTS; i++)
		if (!requests[i].client)
			return &requests[i];
	return NULL;
}

static uint64_t address(const struct request *request)
{
	return request->writable ? (uintptr_t)request->buffer : BAD_ADDRESS;
}

static void end_request(struct request *request)
{
	if (request->is_command && !request->refused)
		request->client->requests--;
	close(request->fd);
	model_put(&fuzz->model, request->client);
	request->client = NULL;
}

/* -- Completions -------------------------------------------------------------- */

static void expect_oldest(const struct request *request)
{
	unsigned int i;

	for (i = 0; i < FUZZ_REQUESTS; i++) {
		const struct request *other = &requests[i];

		if (other->client == request->client && other->is_command && !other->refused &&
		    !other->cancelled && other->ticket < request->ticket)
			return failure("command %lu completed before an older one",
					 (unsigned long)(request - requests));
	}
}

static long predicted_result(struct request *request)
{
	size_t bytes = request->bytes;
	long predicted;

	if (request->refused)
		return request->result;
	if (request->cancelled)
		return -ECANCELED;
	if (request->is_command) {
		expect_oldest(request);
		if (bytes > model_read_size(request->client))
			bytes = model_read_size(request->client);
	}
	predicted = model_read(&fuzz->model, request->client, bytes, request->writable ? bytes : 0,
			       expected);
	return request->is_command ? predicted : model_read_nowait_error(predicted);
}

static void complete(struct request *request, long actual)
{
	bool raw = is_raw(request->client);
	long predicted = predicted_result(request);

	if (model_is_empty(predicted))
		failure("request %lu completed with %ld, but the queue is empty",
			(unsigned long)(request - requests), actual);
	else if (expect("a completion's result", actual, predicted) && actual > 0)
		expect_bytes(request->client, request->buffer, actual, raw);
	end_request(request);
}

static bool reap(void)
{
	struct io_uring_cqe *cqe;
	bool any = false;

	while (!io_uring_peek_cqe(&ring, &cqe)) {
		uint64_t data = cqe->user_data;
		long actual = cqe->res;

		io_uring_cqe_seen(&ring, cqe);
		any = true;
		if (data == CANCELLATION) {
			cancellation_completed = true;
			cancellation_result = actual;
		} else if (data < FUZZ_REQUESTS && requests[data].client) {
			complete(&requests[data], actual);
		} else {
			failure("unexpected completion");
		}
	}
	return any;
}

/* Process completions until there are none. Then no request that can complete may be left. */
static void complete_all(void)
{
	unsigned int quiet = 0, i;

	while (quiet < 2) {
		CHECK(io_uring_submit_and_get_events(&ring) >= 0);
		quiet = reap() ? 0 : quiet + 1;
	}
	for (i = 0; i < FUZZ_REQUESTS; i++) {
		struct request *request = &requests[i];

		if (!request->client)
			continue;
		if (request->refused || request->cancelled || request->client->nm->unregistered ||
		    model_queued(request->client))
			failure("request %u was not completed", i);
	}
}

/* -- Requests ------------------------------------------------------------------- */

static struct request *new_request(const struct fuzz_slot *slot, size_t bytes, bool writable,
				   bool is_command)
{
	struct request *request = ensure_started() ? free_request() : NULL;

	if (!request)
		return NULL;
	request->client = slot->client;
	request->client->refs++;
	request->fd = fcntl(slot->fd, F_DUPFD_CLOEXEC, 0);
	request->is_command = is_command;
	request->bytes = bytes;
	request->writable = writable;
	request->refused = false;
	request->cancelled = false;
	request->ticket = ++tickets;
	return request;
}

void uring_call_read(const int64_t *args, struct fuzz_slot *slot)
{
	size_t bytes = model_bytes(slot->client, args[1], args[2]);
	struct request *request = new_request(slot, bytes, !args[3], false);
	struct io_uring_sqe *sqe;

	if (!request)
		return;
	sqe = new_sqe(0);
	io_uring_prep_read(sqe, slot->fd, (void *)(uintptr_t)address(request), bytes, 0);
	sqe->user_data = request - requests;
	complete_all();
}

void uring_call_pend(const int64_t *args, struct fuzz_slot *slot)
{
	size_t bytes = model_bytes(slot->client, args[1], args[2]);
	uint32_t flags = args[4];
	struct request *request;

	if (!ensure_started() || !has_commands)
		return;
	request = new_request(slot, bytes, !args[3], true);
	if (!request)
		return;
	if (flags)
		request->result = -EINVAL;
	else
		request->result = model_pend(slot->client, bytes);
	request->refused = flags || request->result || (!bytes && slot->client->can_read);
	if (!flags && !bytes && slot->client->can_read)
		request->result = 0;
	if (!request->refused)
		slot->client->requests++;
	prepare_command(slot->fd, NOTIFY_MULTI_URING_CMD_PEND,
			(struct notify_multi_uring_cmd){ address(request), bytes, flags },
			request - requests);
	complete_all();
}

/* Submit a cancellation and check its result. */
static void cancel(long predicted)
{
	cancellation_completed = false;
	complete_all();
	if (!cancellation_completed)
		failure("a cancellation was not completed");
	else
		expect("the cancellation's result", cancellation_result, predicted);
}

/*
 * Cancel a client's commands with the buffer address @buffer, or all if it is 0. The submission
 * reaches woken commands before their task work runs.
 */
static void cancel_commands(int fd, const struct model_client *client, uint64_t buffer)
{
	long predicted = 0;
	unsigned int i;

	for (i = 0; i < FUZZ_REQUESTS && client->can_read; i++) {
		struct request *request = &requests[i];

		if (request->client != client || !request->is_command ||
		    (buffer && buffer != address(request)))
			continue;
		request->cancelled = true;
		predicted++;
	}
	prepare_command(fd, NOTIFY_MULTI_URING_CMD_CANCEL,
			(struct notify_multi_uring_cmd){ .addr = buffer }, CANCELLATION);
	cancel(!client->can_read ? -EBADF : predicted ? predicted : -ENOENT);
}

/* Cancel the command, or all commands of the client if there is no such command. */
void uring_call_pend_cancel(const int64_t *args, struct fuzz_slot *slot)
{
	const struct request *one = &requests[(uint64_t)args[1] % FUZZ_REQUESTS];

	if (ensure_started() && has_commands)
		cancel_commands(slot->fd, slot->client,
				one->client && one->is_command ? address(one) : 0);
}

static void cancel_read(struct request *request)
{
	struct io_uring_sqe *sqe;

	if (!request->client || request->is_command)
		return;
	request->cancelled = true;
	sqe = new_sqe(0);
	io_uring_prep_cancel64(sqe, request - requests, 0);
	sqe->user_data = CANCELLATION;
	cancel(0);
}

void uring_call_read_cancel(const int64_t *args)
{
	cancel_read(&requests[(uint64_t)args[0] % FUZZ_REQUESTS]);
}

void uring_call_reap(const int64_t *args)
{
	if (running)
		complete_all();
}

static void cancel_all_commands(void)
{
	unsigned int i;

	for (i = 0; i < FUZZ_REQUESTS; i++)
		if (requests[i].client && requests[i].is_command)
			cancel_commands(requests[i].fd, requests[i].client, 0);
}

/*
 * Closing the io_uring cancels its reads, which consume nothing. Commands are cancelled first,
 * because lockdep of Linux 6.12 warns if they are cancelled by closing an io_uring with deferred
 * completion while its thread is alive.
 */
bool uring_exit(void)
{
	unsigned int i;

	if (!running)
		return false;
	complete_all();
	cancel_all_commands();
	io_uring_queue_exit(&ring);
	running = false;
	for (i = 0; i < FUZZ_REQUESTS; i++)
		if (requests[i].client)
			end_request(&requests[i]);
	return true;
}
