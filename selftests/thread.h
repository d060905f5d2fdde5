/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calls in threads: start, wait until the thread sleeps in the kernel, join within a bound.
 */
#ifndef THREAD_H
#define THREAD_H

#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "client.h"

/* -- Sleeping tasks -- */

/* State letter as in ps: 'S' is interruptible; 'D' is uninterruptible, or ends by SIGKILL. */
static inline char task_state(pid_t task)
{
	char path[64], text[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/stat", task);
	if (read_file(path, text, sizeof(text)))
		return '?';
	state = strrchr(text, ')');
	return state ? state[2] : '?';
}

/* The task may sleep briefly before its call: the state must last for several checks. */
static inline bool wait_asleep(pid_t *task, char state)
{
	unsigned int seen = 0;

	for (int ms = 0; ms < WAIT_MS && seen < 5; ms += 2) {
		pid_t id = __atomic_load_n(task, __ATOMIC_ACQUIRE);

		seen = id && task_state(id) == state ? seen + 1 : 0;
		usleep(2000);
	}
	return seen == 5;
}

/* Kill a child process; return true if it had not exited before. */
static inline bool kill_child(pid_t child)
{
	int status;

	return child > 0 && !kill(child, SIGKILL) && waitpid(child, &status, 0) == child &&
	       WIFSIGNALED(status);
}

/* -- Calls -- */

struct thread {
	ssize_t (*run)(void *data);
	void *data;
	ssize_t ret;
	pid_t task;
	pthread_t id;
};

static inline void *thread_main(void *data)
{
	struct thread *thread = data;

	__atomic_store_n(&thread->task, syscall(SYS_gettid), __ATOMIC_RELEASE);
	thread->ret = thread->run(thread->data);
	return NULL;
}

static inline bool thread_start(struct thread *thread, ssize_t (*run)(void *data), void *data)
{
	*thread = (struct thread){ .run = run, .data = data };
	return !pthread_create(&thread->id, NULL, thread_main, thread);
}

/* Start a call and wait until it sleeps interruptibly. */
static inline bool thread_start_asleep(struct thread *thread, ssize_t (*run)(void *data),
				       void *data)
{
	return thread_start(thread, run, data) && wait_asleep(&thread->task, 'S');
}

/* Return the result, or -ETIMEDOUT; then the thread continues until the process ends. */
static inline ssize_t thread_join(struct thread *thread)
{
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += WAIT_MS / 1000;
	return pthread_timedjoin_np(thread->id, NULL, &limit) ? -ETIMEDOUT : thread->ret;
}

/* -- Reads -- */

struct reader {
	struct thread thread;
	int fd;
	size_t size;
	union {
		struct notify_multi_record record;
		unsigned char buffer[4096];
	};
};

static inline ssize_t reader_main(void *data)
{
	struct reader *reader = data;

	return read_errno(reader->fd, reader->buffer, reader->size);
}

static inline bool reader_start(struct reader *reader, int fd, size_t size)
{
	reader->fd = fd;
	reader->size = size;
	return size <= sizeof(reader->buffer) &&
	       thread_start(&reader->thread, reader_main, reader);
}

static inline ssize_t reader_join(struct reader *reader)
{
	return thread_join(&reader->thread);
}

#endif /* THREAD_H */
