/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Wrappers for older kernels. All kernel version checks are in this file; other code is written
 * for the newest kernel.
 *
 * Stable and distribution kernels backport features. Where a change added a macro, test for the
 * macro instead of the version. Prefix functions with notify_ so that they cannot clash with a
 * backport.
 */
#ifndef _NOTIFY_MULTI_COMPAT_H
#define _NOTIFY_MULTI_COMPAT_H

#include <linux/cacheinfo.h>
#include <linux/gpio/consumer.h>
#include <linux/gpio/driver.h>
#include <linux/hrtimer.h>
#include <linux/irq.h>
#include <linux/irq_work.h>
#include <linux/irqdesc.h>
#include <linux/irqnr.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/page-flags.h>
#include <linux/pm.h>
#include <linux/property.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/version.h>

/* -- Memory -- */

/*
 * Before 5.11, PG_kmemcg overlays page->_mapcount: an accounted page cannot be mapped. Do not
 * charge the ring.
 */
#ifdef PG_kmemcg
#define notify_mappable(gfp)	((gfp) & ~__GFP_ACCOUNT)
#else
#define notify_mappable(gfp)	(gfp)
#endif

/* vm_flags is const in kernels that have a backport of this function. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void notify_vm_flags_mod(struct vm_area_struct *vma, unsigned long set,
				       unsigned long clear)
{
	*(unsigned long *)&vma->vm_flags = (vma->vm_flags | set) & ~clear;
}

#define vm_flags_mod	notify_vm_flags_mod
#endif

#ifndef cpu_dcache_is_aliasing
#ifdef CONFIG_ARM
#include <asm/cachetype.h>
#define cpu_dcache_is_aliasing()	(cache_is_vivt() || cache_is_vipt_aliasing())
#else
#include <asm/shmparam.h>
#define cpu_dcache_is_aliasing()	(SHMLBA > PAGE_SIZE)
#endif
#endif

/* -- Reading -- */

#ifndef ITER_DEST
#define ITER_DEST	READ
#endif

/* -- Interrupts, timers, power management -- */

/* Older kernels cannot allow a spinlock_t in hard IRQ context, and report it if debugging it. */
#ifndef DEFINE_WAIT_OVERRIDE_MAP
#undef lock_map_release
#define DEFINE_WAIT_OVERRIDE_MAP(name, type)	struct lockdep_map __maybe_unused name
#define lock_map_acquire_try(map)		((void)(map))
#define lock_map_release(map)			((void)(map))
#endif

#ifndef IRQ_WORK_INIT_HARD
#define IRQ_WORK_INIT_HARD(function)							\
	((struct irq_work){ .flags = ATOMIC_INIT(IRQ_WORK_HARD_IRQ), .func = (function) })
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void notify_hrtimer_setup(struct hrtimer *timer,
					enum hrtimer_restart (*function)(struct hrtimer *),
					clockid_t clock_id, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock_id, mode);
	timer->function = function;
}

#define hrtimer_setup	notify_hrtimer_setup
#endif

/* Before 5.11, irq_check_status_bit() does not exist, but irq_to_desc() is exported. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 11, 0)
static inline bool notify_check_status_bit(unsigned int irq, unsigned int bits)
{
	return irq_to_desc(irq)->status_use_accessors & bits;
}

#define irq_check_status_bit	notify_check_status_bit
#endif

/*
 * The chip of a GPIO line: device of the controller (or NULL), label, number of the first line.
 * Before 6.8, struct gpio_device is opaque.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define notify_gpiod_controller(desc)	(gpiod_to_chip(desc)->parent)
#define notify_gpiod_label(desc)	(gpiod_to_chip(desc)->label)
#define notify_gpiod_base(desc)		(gpiod_to_chip(desc)->base)

static inline int notify_match_chip(struct gpio_chip *chip, void *label)
{
	return !strcmp(chip->label, label);
}

static inline struct gpio_device *notify_gpio_device_find(const char *label)
{
	return (struct gpio_device *)gpiochip_find((void *)label, notify_match_chip);
}

#define gpio_device_find_by_label	notify_gpio_device_find
#define gpio_device_get_chip(device)	((struct gpio_chip *)(device))
#define gpio_device_put(device)		((void)(device))
#define gpiochip_dup_line_label(chip, offset)						\
	kstrdup(gpiochip_is_requested(chip, offset), GFP_KERNEL)
#else
#define notify_gpiod_controller(desc)							\
	(gpio_device_to_device(gpiod_to_gpio_device(desc))->parent)
#define notify_gpiod_label(desc)	gpio_device_get_label(gpiod_to_gpio_device(desc))
#define notify_gpiod_base(desc)		gpio_device_get_base(gpiod_to_gpio_device(desc))
#endif

/* Before 6.1, gpiolib cannot disable the bias of a line. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#define GPIO_PULL_DISABLE	0
#endif

/* Before 5.19, gpiolib writes to the irq chip: use a writable copy. */
#ifndef GPIOCHIP_IRQ_RESOURCE_HELPERS
#define GPIOCHIP_IRQ_RESOURCE_HELPERS	.irq_request_resources = NULL
#define IRQCHIP_IMMUTABLE		0
#define gpio_irq_chip_set_chip(girq, constant)						\
do {											\
	static struct irq_chip writable;						\
											\
	writable = *(constant);								\
	(girq)->chip = &writable;							\
} while (0)
#endif

#ifndef SOFTWARE_NODE_REFERENCE
#define SOFTWARE_NODE_REFERENCE(ref, ...)						\
((const struct software_node_ref_args){							\
	.node = (ref),									\
	.nargs = ARRAY_SIZE(((u64[]){ __VA_ARGS__ })),					\
	.args = { __VA_ARGS__ },							\
})
#endif

/* Type and result of the remove function of a platform driver. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define NOTIFY_REMOVE	int
#define NOTIFY_REMOVED	0
#else
#define NOTIFY_REMOVE	void
#define NOTIFY_REMOVED
#endif

#ifndef pm_sleep_ptr
#define pm_sleep_ptr(ptr)	(IS_ENABLED(CONFIG_PM_SLEEP) ? (ptr) : NULL)
#endif

#ifndef SYSTEM_SLEEP_PM_OPS
#define SYSTEM_SLEEP_PM_OPS	SET_SYSTEM_SLEEP_PM_OPS
#endif

/* -- Tracing -- */

/* Before 6.10, __assign_str() takes the source too; here it has the field's name. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define notify_assign_str(field)	__assign_str(field, field)
#else
#define notify_assign_str(field)	__assign_str(field)
#endif

/* -- io_uring commands: not supported before 6.7, which added cancellation -- */

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define NOTIFY_MULTI_URING
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#include <linux/io_uring/cmd.h>
#else
#include <linux/io_uring.h>
#include <linux/io_uring_types.h>
#endif

#ifndef io_uring_cmd_to_pdu
#define io_uring_cmd_to_pdu(cmd, type)	((type *)&(cmd)->pdu)
#endif

/* Before io_uring_sqe128_cmd() was added, io_uring_sqe_cmd() took no type. */
#ifndef io_uring_sqe128_cmd
#define io_uring_sqe_cmd(sqe, type)	((const type *)(sqe)->cmd)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define io_uring_cmd_done(cmd, ret, issue_flags)	io_uring_cmd_done(cmd, ret, 0, issue_flags)
#endif

/*
 * Define @name, a callback for io_uring_cmd_complete_in_task() that calls
 * @function(cmd, issue_flags, cancel). @cancel is true if the task is exiting, if a kernel thread
 * runs the callback instead, or if the io_uring is closed.
 */
#ifdef IO_URING_CMD_TASK_WORK_ISSUE_FLAGS
#define NOTIFY_TASK_WORK(name, function)						\
static void name(struct io_tw_req tw_req, io_tw_token_t tw)				\
{											\
	function(io_uring_cmd_from_tw(tw_req), IO_URING_CMD_TASK_WORK_ISSUE_FLAGS,	\
		 tw.cancel);								\
}
#else
#define NOTIFY_TASK_WORK(name, function)						\
static void name(struct io_uring_cmd *cmd, unsigned int issue_flags)			\
{											\
	function(cmd, issue_flags, current->flags & (PF_EXITING | PF_KTHREAD) ||	\
		 percpu_ref_is_dying(&cmd_to_io_kiocb(cmd)->ctx->refs));		\
}
#endif
#endif /* 6.7 */

#endif /* _NOTIFY_MULTI_COMPAT_H */
