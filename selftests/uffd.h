/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A call whose copy from or to user memory is blocked at a page fault, until userfaultfd provides
 * the page.
 */
#ifndef UFFD_H
#define UFFD_H

#include <linux/userfaultfd.h>
#include <sys/mman.h>

#include "thread.h"

struct blocked_copy {
	struct thread thread;
	int userfaultfd;
	int fd;
	void *page;
	size_t size;
};

static inline ssize_t run_blocked_read(void *data)
{
	struct blocked_copy *copy = data;

	return read_errno(copy->fd, copy->page, copy->size);
}

static inline ssize_t run_blocked_write(void *data)
{
	struct blocked_copy *copy = data;

	return errno_of(write(copy->fd, copy->page, copy->size));
}

/*
 * Start a read or write of @size bytes, and wait until its copy is blocked. Return 0 or -errno;
 * -ENOSYS or -EPERM if userfaultfd is not available.
 */
static inline int blocked_copy_start(struct blocked_copy *copy, ssize_t (*run)(void *data),
				     int fd, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range.len = sysconf(_SC_PAGESIZE),
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffd_msg message;
	struct pollfd pollfd;

	copy->fd = fd;
	copy->size = size;
	copy->userfaultfd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (copy->userfaultfd < 0)
		return -errno;
	copy->page = mmap(NULL, range.range.len, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	range.range.start = (uintptr_t)copy->page;
	if (copy->page == MAP_FAILED || ioctl(copy->userfaultfd, UFFDIO_API, &api) ||
	    ioctl(copy->userfaultfd, UFFDIO_REGISTER, &range))
		return -errno;
	pollfd = (struct pollfd){ .fd = copy->userfaultfd, .events = POLLIN };
	if (!thread_start(&copy->thread, run, copy) || poll(&pollfd, 1, WAIT_MS) != 1 ||
	    read(copy->userfaultfd, &message, sizeof(message)) != sizeof(message) ||
	    message.event != UFFD_EVENT_PAGEFAULT)
		return -EIO;
	return 0;
}

/* Provide the page, and return the result of the call. */
static inline ssize_t blocked_copy_end(struct blocked_copy *copy)
{
	struct uffdio_zeropage zero = {
		.range = { .start = (uintptr_t)copy->page, .len = sysconf(_SC_PAGESIZE) },
	};

	if (ioctl(copy->userfaultfd, UFFDIO_ZEROPAGE, &zero))
		return -errno;
	close(copy->userfaultfd);
	return thread_join(&copy->thread);
}

#endif /* UFFD_H */
