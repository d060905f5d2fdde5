/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What older kernels spell differently. The code reads as for the newest kernel; every
 * test for a kernel version stands here.
 */
#ifndef _NOTIFY_MULTI_COMPAT_H
#define _NOTIFY_MULTI_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define copy_splice_read	generic_file_splice_read
#endif

#endif /* _NOTIFY_MULTI_COMPAT_H */
