/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What older kernels spell differently. The code reads as for the newest kernel; every
 * test for a kernel version stands here.
 */
#ifndef _NOTIFY_MULTI_COMPAT_H
#define _NOTIFY_MULTI_COMPAT_H

#include <linux/cacheinfo.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_mod(struct vm_area_struct *vma, unsigned long set,
				unsigned long clear)
{
	vma->vm_flags |= set;
	vma->vm_flags &= ~clear;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define copy_splice_read	generic_file_splice_read
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
#ifdef CONFIG_ARM
#include <asm/cachetype.h>
#define cpu_dcache_is_aliasing()	(cache_is_vivt() || cache_is_vipt_aliasing())
#else
#include <asm/shmparam.h>
#define cpu_dcache_is_aliasing()	(SHMLBA > PAGE_SIZE)
#endif
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock_id, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock_id, mode);
	timer->function = function;
}
#endif

/* Commands of io_uring that can be cancelled: before, there are none here. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#include <linux/io_uring/cmd.h>
#define NOTIFY_MULTI_URING
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#include <linux/io_uring.h>
#define NOTIFY_MULTI_URING
#endif

#endif /* _NOTIFY_MULTI_COMPAT_H */
