// SPDX-License-Identifier: GPL-2.0
/* The peers, in the order of the tables. */
#include <stddef.h>

#include "bench.h"

const struct peer *const peers[] = {
	&notify_read_peer,
	&notify_ring_peer,
	&notify_in_place_peer,
	&notify_uring_peer,
	&notify_pend_peer,
	&evdev_peer,
	&hidraw_peer,
	&netlink_peer,
	&seqpacket_peer,
	&pipe_peer,
	&eventfd_peer,
	&syscall_peer,
	NULL
};
