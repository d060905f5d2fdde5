// SPDX-License-Identifier: GPL-2.0
/*
 * Failed allocations and copies: each allocation and each copy of a call fails in turn. The call
 * returns its documented errno or succeeds, changes nothing if it fails, and leaves the device
 * working.
 */

#include <linux/notify_gpio.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include "device.h"
#include "gpio_chip.h"
#include "irq_pci.h"
#include "node_watch.h"
#include "uring.h"

#define LIMIT		8
#define PAGE		((size_t)sysconf(_SC_PAGESIZE))
#define DEBUG_DIR	"/sys/kernel/debug/"
#define OTHER		"kselftest-of-a-longer-name"	/* configfs allocates a long name */

/* -- Fault injection -- */

/*
 * Set up fault injection for fail-nth: all kinds of memory, without messages. Return NULL, or the
 * reason to skip the test.
 */
static const char *prepare_faults(void)
{
	static const char * const settings[][2] = {
		{ DEBUG_DIR "failslab/ignore-gfp-wait", "N" },
		{ DEBUG_DIR "failslab/verbose", "0" },
		{ DEBUG_DIR "fail_page_alloc/ignore-gfp-wait", "N" },
		{ DEBUG_DIR "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ DEBUG_DIR "fail_page_alloc/min-order", "0" },
		{ DEBUG_DIR "fail_page_alloc/verbose", "0" },
		{ DEBUG_DIR "fail_usercopy/verbose", "0" },
	};

	if (access("/proc/self/fail-nth", W_OK))
		return "the kernel has no fault injection";
	if (access(DEBUG_DIR "failslab", F_OK) &&
	    mount("debugfs", DEBUG_DIR, "debugfs", 0, NULL))
		return "debugfs cannot be mounted";
	for (unsigned int i = 0; i < ARRAY_SIZE(settings); i++)
		if (write_file(settings[i][0], settings[i][1]))
			return "the kernel does not inject faults of allocations and copies";
	/* Optional, and counted by fail-nth as well. */
	write_file(DEBUG_DIR "fail_futex/verbose", "0");
	return NULL;
}

/* Get the address range of a kernel function. Return false if it is unavailable. */
static bool find_function(const char *function, uint64_t *start, uint64_t *end)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	char line[256], name[128];
	uint64_t address;

	*start = 0;
	*end = 0;
	if (!symbols)
		return false;
	while (!*end && fgets(line, sizeof(line), symbols)) {
		if (sscanf(line, "%" SCNx64 " %*c %127s", &address, name) != 2)
			continue;
		if (*start && address != *start)
			*end = address;
		else if (!strcmp(name, function))
			*start = address;
	}
	fclose(symbols);
	return *end;
}

/*
 * Inject no faults below this kernel function; NULL removes the exception. Return 0, or -ENOENT if
 * fault injection cannot filter by function.
 */
static int spare_function(const char *function)
{
	uint64_t start = 0, end = 0;
	char first[32], last[32];

	if (function && !find_function(function, &start, &end))
		return -ENOENT;
	snprintf(first, sizeof(first), "0x%" PRIx64, start);
	snprintf(last, sizeof(last), "0x%" PRIx64, end);
	return write_file(DEBUG_DIR "failslab/reject-start", first) ?:
	       write_file(DEBUG_DIR "failslab/reject-end", last) ?:
	       write_file(DEBUG_DIR "fail_page_alloc/reject-start", first) ?:
	       write_file(DEBUG_DIR "fail_page_alloc/reject-end", last);
}

/* Number of injected faults, and results of the calls. */
struct outcome {
	unsigned int faults;
	unsigned int nomem;
	unsigned int efault;
	unsigned int wrong;
	unsigned int survived;
};

/* @instead is the errno that other parts of the kernel return instead of ENOMEM, or 0. */
static void count_outcome(struct outcome *outcome, ssize_t ret, int instead)
{
	outcome->faults++;
	if (ret >= 0) {
		outcome->survived++;
	} else if (ret == -ENOMEM || ret == instead) {
		outcome->nomem++;
	} else if (ret == -EFAULT) {
		outcome->efault++;
	} else {
		outcome->wrong++;
		printf("# fault %u: returned %zd\n", outcome->faults, ret);
	}
}

/* Let the @n-th allocation or user copy of this task fail. */
static void arm(int fail_nth, unsigned int n)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	if (pwrite(fail_nth, text, strlen(text), 0) < 0)
		abort();
}

/*
 * Stop fault injection; return true if there was a fault. The fault can hit pread() or the first
 * pwrite().
 */
static bool disarm(int fail_nth)
{
	char text[16] = "";
	bool failed = pread(fail_nth, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;

	if (pwrite(fail_nth, "0", 1, 0) < 0 && pwrite(fail_nth, "0", 1, 0) < 0)
		abort();
	return failed;
}

/* Platform device that a test module creates for notify_gpio or notify_irq. */
struct platform {
	const char *driver;	/* directory of the driver in sysfs */
	const char *name;	/* name of the platform device */
	const char *label;	/* name of the device node */
	int (*make)(void);	/* -ENOENT or -ENODEV: unavailable here */
	int (*remove)(void);
	bool (*works)(void);	/* the device must be bound */
};

FIXTURE(fail_nth)
{
	struct target {
		const struct _fixture_variant_fail_nth *variant;
		int injector;
		int fd;		/* checks that the device works */
		int client;	/* has the queued packets of the operation */
		int other;	/* another file of the operation */
		int watch;	/* see node_watch_start() */
		int fail_nth;
		uint64_t seq;	/* of the newest packet */
		size_t ring_bytes;
		struct io_uring ring;
		void *image;	/* of a module */
		size_t image_size;
		unsigned int others;	/* unloaded modules */
	} target;
};

/* An operation: its preparation, its call, its check and cleanup. */
FIXTURE_VARIANT(fail_nth)
{
	bool (*begin)(struct target *target);
	ssize_t (*run)(struct target *target);
	bool (*end)(struct target *target, ssize_t ret);
	unsigned int packets;	/* broadcast before the operation */
	unsigned int nomem;	/* minimum of faults with ENOMEM */
	bool no_copy;		/* from or to user memory */
	unsigned long request;	/* of an ioctl */
	__u32 argument;
	const char *context;	/* of a broadcast */
	const struct platform *platform;	/* NULL: simulator */
	const char *module;	/* to be loaded */
	int instead;		/* see count_outcome() */
	const char *spares;	/* kernel function that does not handle faults */
};

static ssize_t run_open(struct target *target)
{
	target->other = open(NOTIFY_DIR SIM_NAME, O_RDONLY | O_NONBLOCK);
	return errno_of(target->other);
}

FIXTURE_VARIANT_ADD(fail_nth, open)
{
	.run = run_open, .packets = 3, .nomem = 4,
};

/* -- ioctls -- */

static ssize_t run_ioctl(struct target *target)
{
	memcpy(scratch, &target->variant->argument, sizeof(__u32));
	return errno_of(ioctl(target->client, target->variant->request, scratch));
}

/* Return true if only a successful call changed its setting. */
static bool end_ioctl(struct target *target, ssize_t ret)
{
	unsigned long changed = ret ? 0 : target->variant->request;
	struct notify_multi_info info = get_info(target->client);

	return info.format == (changed == NOTIFY_MULTI_IOC_SET_FORMAT) &&
	       info.max_packets == (changed == NOTIFY_MULTI_IOC_SET_MAX_PACKETS ? 100 : LIMIT) &&
	       get_stats(target->client).pending_packets == 3;
}

#define IOCTL_VARIANT(name, ioctl, ...)						\
	FIXTURE_VARIANT_ADD(fail_nth, name)					\
	{									\
		.run = run_ioctl,						\
		.end = end_ioctl,						\
		.packets = 3,							\
		.request = NOTIFY_MULTI_IOC_##ioctl,				\
		__VA_ARGS__							\
	}

IOCTL_VARIANT(get_info, GET_INFO);
IOCTL_VARIANT(get_stats, GET_STATS);
IOCTL_VARIANT(set_format, SET_FORMAT, .argument = NOTIFY_MULTI_FORMAT_RAW);
IOCTL_VARIANT(set_max_packets, SET_MAX_PACKETS, .argument = 100, .nomem = 3);

static ssize_t run_consume(struct target *target)
{
	return consume(target->client, target->seq);
}

static bool end_consume(struct target *target, ssize_t ret)
{
	return get_stats(target->client).pending_packets == (ret ? 3 : 0);
}

FIXTURE_VARIANT_ADD(fail_nth, consume)
{
	.run = run_consume, .end = end_consume, .packets = 3,
};

/* -- Reads -- */

static ssize_t run_read(struct target *target)
{
	return read_errno(target->client, scratch, 3 * RECORD);
}

/* Return true if scratch has the packets that were read, and all others are still queued. */
static bool end_read(struct target *target, ssize_t ret)
{
	struct notify_multi_stats stats = get_stats(target->client);
	bool raw = get_info(target->client).format == NOTIFY_MULTI_FORMAT_RAW;
	struct expected expected = {
		.seq = target->seq - 2,
		.count = ret < 0 ? 0 : ret / (raw ? PACKET : RECORD),
		.raw = raw,
	};

	return stats.pending_packets == 3 - expected.count &&
	       stats.next == expected.seq + expected.count &&
	       !stats.dropped && !stats.pending_requests &&
	       (!expected.count || !wrong_records(scratch, PACKET, &expected));
}

#define READ_VARIANT(name, ...)							\
	FIXTURE_VARIANT_ADD(fail_nth, name)					\
	{									\
		.packets = 3,							\
		__VA_ARGS__							\
	}

READ_VARIANT(read, .run = run_read, .end = end_read);

static bool make_raw(struct target *target)
{
	return !set_format(target->client, NOTIFY_MULTI_FORMAT_RAW);
}

/* The first raw read of a client allocates memory. */
READ_VARIANT(raw_read, .begin = make_raw, .run = run_read, .end = end_read, .nomem = 1);

static bool open_ring(struct target *target)
{
	return !ring_start(&target->ring, 0);
}

static ssize_t run_uring_read(struct target *target)
{
	prepare_read(&target->ring, target->client, scratch, 3 * RECORD, 0);
	return ring_result(&target->ring);
}

static ssize_t run_uring_pend(struct target *target)
{
	prepare_pend(&target->ring, target->client, scratch, RECORD, 0);
	return ring_result(&target->ring);
}

static bool end_uring(struct target *target, ssize_t ret)
{
	io_uring_queue_exit(&target->ring);
	return end_read(target, ret);
}

READ_VARIANT(uring_read, .begin = open_ring, .run = run_uring_read, .end = end_uring);
READ_VARIANT(uring_pend, .begin = open_ring, .run = run_uring_pend, .end = end_uring, .nomem = 1);

/* -- SIGIO and the mapped ring -- */

static ssize_t run_fasync(struct target *target)
{
	return errno_of(fcntl(target->client, F_SETFL, O_NONBLOCK | O_ASYNC));
}

static bool end_fasync(struct target *target, ssize_t ret)
{
	return !!(fcntl(target->client, F_GETFL) & O_ASYNC) == !ret;
}

FIXTURE_VARIANT_ADD(fail_nth, fasync)
{
	.run = run_fasync, .end = end_fasync, .nomem = 1, .no_copy = true,
};

/* Map the ring and read every page. The kernel retries a page fault without memory. */
static ssize_t run_mmap(struct target *target)
{
	size_t bytes = target->ring_bytes;
	unsigned char *map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, target->client, 0);
	unsigned int used = 0;

	if (map == MAP_FAILED)
		return -errno;
	for (size_t at = 0; at < bytes; at += PAGE)
		used += !!__atomic_load_n(&map[at], __ATOMIC_RELAXED);
	/* munmap() may need memory, too. */
	if (munmap(map, bytes) && munmap(map, bytes))
		return -EPROTO;
	return used ? 0 : -ENODATA;
}

/* A ring can be resized after munmap(). */
static bool end_mmap(struct target *target, ssize_t ret)
{
	return !set_max_packets(target->client, LIMIT);
}

FIXTURE_VARIANT_ADD(fail_nth, mmap)
{
	.run = run_mmap, .end = end_mmap, .packets = 1, .nomem = 1, .no_copy = true,
};

/* -- Broadcasts, which allocate nothing; only notify_sim's copy of the packet can fail -- */

static bool set_context(struct target *target)
{
	return !sim_set(SIM_NAME, "context", target->variant->context);
}

static ssize_t run_broadcast(struct target *target)
{
	return errno_of(write(target->injector, scratch, PACKET));
}

static bool end_broadcast(struct target *target, ssize_t ret)
{
	target->seq += ret > 0;
	return get_stats(target->fd).seq == target->seq;
}

#define BROADCAST_VARIANT(name)							\
	FIXTURE_VARIANT_ADD(fail_nth, broadcast_in_##name)			\
	{									\
		.begin = set_context,						\
		.run = run_broadcast,						\
		.end = end_broadcast,						\
		.context = #name,						\
	}

BROADCAST_VARIANT(process);
BROADCAST_VARIANT(hardirq);
BROADCAST_VARIANT(thread);

/* -- Another simulator; removing one does not allocate -- */

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

/* Return true if the client gets exactly this packet. */
static bool gets_packet(int fd, uint64_t seq)
{
	const struct expected expected = { .seq = seq };

	return !wrong_read(fd, PACKET, &expected);
}

/* Check that the live simulator works, then disable it. */
static bool other_works(void)
{
	int fd = sim_open(OTHER, O_RDONLY | O_NONBLOCK);
	int injector = sim_open_injector(OTHER);
	bool right = fd >= 0 && injector >= 0 && get_stats(fd).clients == 1 &&
		     sim_broadcast(injector, PACKET, 1, 1) == PACKET && gets_packet(fd, 1);

	close(fd);
	close(injector);
	return right && !sim_set(OTHER, "live", "0");
}

static bool other_is_removed(void)
{
	return !exists(NOTIFY_DIR OTHER) && !exists(SIM_INJECT_DIR OTHER) &&
	       !exists("/sys/class/misc/notify!" OTHER);
}

static bool create_other(struct target *target)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = LIMIT,
		.replay = 3,
	};

	if (sim_make(OTHER) || sim_configure(OTHER, &config))
		return false;
	target->other = open(SIM_CONFIG_DIR OTHER "/live", O_WRONLY | O_CLOEXEC);
	target->watch = node_watch_start();
	return target->other >= 0 && target->watch >= 0;
}

static ssize_t run_make(struct target *target)
{
	return sim_make(OTHER);
}

/* A new simulator has its complete name. */
static bool end_make(struct target *target, ssize_t ret)
{
	if (exists(SIM_CONFIG_DIR OTHER) != !ret)
		return false;
	return ret || (!sim_set(OTHER, "live", "1") && exists(NOTIFY_DIR OTHER) &&
		       !sim_remove(OTHER));
}

FIXTURE_VARIANT_ADD(fail_nth, create_simulator)
{
	.run = run_make, .end = end_make, .nomem = 2,
};

static ssize_t run_enable(struct target *target)
{
	return errno_of(write(target->other, "1", 1));
}

static bool end_enable(struct target *target, ssize_t ret)
{
	bool live = ret > 0;

	/* A node that has appeared stays. */
	return node_watch_end(target->watch, OTHER) == live &&
	       sim_get_number(OTHER, "live") == live && (live || other_is_removed()) &&
	       !sim_set(OTHER, "live", "1") && other_works() && other_is_removed() &&
	       !sim_remove(OTHER);
}

/* Allocations: buffer, interrupt and thread of the simulator; device, names, history, nodes. */
FIXTURE_VARIANT_ADD(fail_nth, register)
{
	.begin = create_other, .run = run_enable, .end = end_enable, .nomem = 15,
	/* Without its file in /proc/irq, free_irq() warns. */
	.spares = "register_irq_proc",
};

/* -- Probing platform devices -- */

#define PLATFORM_DEVICES	"/sys/bus/platform/devices/"

static bool has_file(const char *dir, const char *name, const char *file)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s%s", dir, name, file);
	return exists(path);
}

static bool is_bound(const struct platform *platform)
{
	return has_file(platform->driver, platform->name, "");
}

static bool is_removed(const struct platform *platform)
{
	return !has_file(NOTIFY_DIR, platform->label, "") &&
	       !has_file("/sys/class/misc/notify!", platform->label, "") &&
	       !has_file(PLATFORM_DEVICES, platform->name, "/overflows") &&
	       !has_file(PLATFORM_DEVICES, platform->name, "/power/wakeup");
}

/* Write the name of the device to the file "bind" or "unbind". */
static int open_driver(const struct platform *platform, bool binds)
{
	char path[128];

	snprintf(path, sizeof(path), "%s%s", platform->driver, binds ? "bind" : "unbind");
	return open(path, O_WRONLY | O_CLOEXEC);
}

static ssize_t write_name(const struct platform *platform, int fd)
{
	return errno_of(write(fd, platform->name, strlen(platform->name)));
}

/* Bind or unbind; return true on success. */
static bool set_bound(const struct platform *platform, bool binds)
{
	int fd;

	if (is_bound(platform) == binds)
		return true;
	fd = open_driver(platform, binds);
	write_name(platform, fd);
	close(fd);
	return is_bound(platform) == binds;
}

static bool open_bind(struct target *target)
{
	target->other = open_driver(target->variant->platform, true);
	if (target->other < 0 || !set_bound(target->variant->platform, false))
		return false;
	target->watch = node_watch_start();
	return target->watch >= 0;
}

static ssize_t run_bind(struct target *target)
{
	return write_name(target->variant->platform, target->other);
}

static bool end_bind(struct target *target, ssize_t ret)
{
	const struct platform *platform = target->variant->platform;

	/* A node that has appeared stays. */
	return node_watch_end(target->watch, platform->label) == (ret > 0) &&
	       is_bound(platform) == (ret > 0) && (ret > 0 || is_removed(platform)) &&
	       set_bound(platform, true) && platform->works() &&
	       set_bound(platform, false) && is_removed(platform);
}

#define PROBE_VARIANT(source, error)						\
	FIXTURE_VARIANT_ADD(fail_nth, probe_##source)				\
	{									\
		.platform = &(source),						\
		.begin = open_bind,						\
		.run = run_bind,						\
		.end = end_bind,						\
		.nomem = 15,							\
		.instead = error,						\
	}

/*
 * Check that the properties for replay and wakeup took effect. The kernel ignores a failure to
 * create power/wakeup.
 */
static bool is_as_described(int fd, const char *wakeup)
{
	char text[32] = "";

	return fd >= 0 && get_info(fd).replay == 3 &&
	       (read_file(wakeup, text, sizeof(text)) || !strcmp(text, "enabled"));
}

/* -- notify_gpio -- */

static int make_gpio_with(const char *parameters)
{
	int ret = load_chip(parameters);

	if (!ret && !exists(GPIO_DRIVER))
		ret = load_module("notify_gpio", "");
	return ret ?: write_file(GPIO_CHIP_PARAMETERS "device", "1");
}

static int make_gpio(void)
{
	return make_gpio_with("wakeup=1 replay=3");
}

static int make_debounced_gpio(void)
{
	return make_gpio_with("wakeup=1 replay=3 debounce_ms=1");
}

/* After the state at probe, an edge sends a packet. */
static bool gpio_works(void)
{
	struct gpio_record record;
	int fd = sim_open(GPIO_NAME, O_RDONLY);
	bool right = is_as_described(fd, GPIO_DEVICE_DIR "power/wakeup") && !toggle(1, 1) &&
		     read_errno(fd, &record, sizeof(record)) == sizeof(record) &&
		     record.event.edge == NOTIFY_GPIO_EDGE_NONE &&
		     read_errno(fd, &record, sizeof(record)) == sizeof(record) &&
		     record.header.seq == 2;

	close(fd);
	return right;
}

static const struct platform gpio = {
	.driver = GPIO_DRIVER,
	.name = GPIO_DEVICE,
	.label = GPIO_NAME,
	.make = make_gpio,
	.remove = unload_chip,
	.works = gpio_works,
};

static const struct platform debounced_gpio = {
	.driver = GPIO_DRIVER,
	.name = GPIO_DEVICE,
	.label = GPIO_NAME,
	.make = make_debounced_gpio,
	.remove = unload_chip,
	.works = gpio_works,
};

PROBE_VARIANT(gpio, 0);
PROBE_VARIANT(debounced_gpio, 0);

/* -- notify_irq -- */

static int make_irq(void)
{
	return load_irq_pci("wakeup=1 replay=3");
}

static int remove_irq(void)
{
	return unload_module(IRQ_PCI);
}

/* An interrupt sends a packet. */
static bool irq_works(void)
{
	struct edu_record record;
	int fd = sim_open(IRQ_NAME, O_RDONLY);
	bool right = is_as_described(fd, IRQ_DEVICE_DIR "power/wakeup") && !raise_bits(4) &&
		     read_errno(fd, &record, sizeof(record)) == sizeof(record) &&
		     record.header.seq == 1 && record.irq_count == 1 && record.regs[EDU_BITS] == 4;

	close(fd);
	return right;
}

static const struct platform irq = {
	.driver = IRQ_DRIVER,
	.name = IRQ_DEVICE,
	.label = IRQ_NAME,
	.make = make_irq,
	.remove = remove_irq,
	.works = irq_works,
};

/* EBUSY is also returned if the memory region cannot be allocated. */
PROBE_VARIANT(irq, -EBUSY);

/* -- Loading modules -- */

/* Not by finit_module(): the kernel warns if reading the file fails. */
static ssize_t run_load(struct target *target)
{
	return errno_of(syscall(SYS_init_module, target->image, target->image_size, ""));
}

static bool end_load(struct target *target, ssize_t ret)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s", target->variant->module);
	return exists(path) == !ret && (ret || !unload_module(target->variant->module));
}

#define MODULE_VARIANT(name, ...)						\
	FIXTURE_VARIANT_ADD(fail_nth, load_##name)				\
	{									\
		.module = #name,						\
		.run = run_load,						\
		.end = end_load,						\
		.nomem = 1,							\
		__VA_ARGS__							\
	}

/* The notifier of tracepoints warns if an allocation fails. */
MODULE_VARIANT(notify_multi, .spares = "blocking_notifier_call_chain_robust");
MODULE_VARIANT(notify_sim);
/* EINVAL is from creating the link between the driver and its module. */
MODULE_VARIANT(notify_gpio, .instead = -EINVAL);
MODULE_VARIANT(notify_irq, .instead = -EINVAL);

/* Read the module, and unload it with all that use it. Return -ENOENT if there is no file. */
static int prepare_load(struct target *target)
{
	const char *dir = getenv("NOTIFY_MULTI_MODULES"), *module = target->variant->module;
	struct stat stat;
	char path[512];
	int fd, ret = 0;

	if (!dir)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/%s.ko", dir, module);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &stat))
		return -errno;
	target->image_size = stat.st_size;
	target->image = malloc(target->image_size);
	if (!target->image || read(fd, target->image, stat.st_size) != stat.st_size)
		ret = -EIO;
	close(fd);
	sim_remove(SIM_NAME);
	target->others = unload_other_sources();
	if (!ret)
		ret = unload_module("notify_sim");
	if (!ret && !strcmp(module, "notify_multi"))
		ret = unload_module("notify_multi");
	return ret;
}

/* -- Tests -- */

/* Prepare the device for the operation; return 0, or an errno that skips the test. */
static int prepare_device(struct target *target)
{
	const struct sim_config config = {
		.packet_size = PACKET,
		.max_packets = LIMIT,
		.replay = 3,
	};
	const struct platform *platform = target->variant->platform;
	int ret = platform ? platform->make() : 0;

	if (ret)
		return ret;
	if (platform && !set_bound(platform, false))
		return -EBUSY;
	sim_remove(OTHER);
	ret = sim_start(SIM_NAME, &config);
	if (ret)
		return ret;
	target->injector = sim_open_injector(SIM_NAME);
	target->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	target->ring_bytes = get_info(target->fd).ring_bytes;
	return target->injector < 0 || target->fd < 0 ? -EIO : 0;
}

FIXTURE_SETUP(fail_nth)
{
	const char *reason = prepare_faults();
	struct target *target = &self->target;
	int ret;

	if (reason)
		SKIP(return, "%s", reason);
	if (variant->spares && spare_function(variant->spares))
		SKIP(return, "no filter to spare %s()", variant->spares);
	target->variant = variant;
	target->other = -1;
	target->fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, target->fail_nth);
	ret = variant->module ? prepare_load(target) : prepare_device(target);
	if (ret == -ENOENT || ret == -ENODEV)
		SKIP(return, "a module or device is not available: errno %d", -ret);
	ASSERT_EQ(0, ret);
}

FIXTURE_TEARDOWN(fail_nth)
{
	if (variant->spares)
		EXPECT_EQ(0, spare_function(NULL));
	if (variant->module) {
		load_module("notify_multi", "");
		load_module("notify_sim", "");
		load_other_sources(self->target.others);
		EXPECT_TRUE(exists("/sys/kernel/config/notify_sim"));
		return;
	}
	close(self->target.fd);
	close(self->target.injector);
	EXPECT_EQ(0, sim_remove(SIM_NAME));
	if (variant->platform)
		EXPECT_EQ(0, variant->platform->remove());
}

static bool broadcast(struct target *target, unsigned int count)
{
	ssize_t bytes = count * PACKET;
	uint64_t first = target->seq + 1;

	target->seq += count;
	return !count || sim_broadcast(target->injector, PACKET, first, count) == bytes;
}

/* Open a client, and consume the replayed packets. */
static bool open_client(struct target *target)
{
	target->client = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	return target->client >= 0 && !consume(target->client, target->seq);
}

/* The first client and a new one get the next packet; there are no other clients. */
static bool works(struct target *target)
{
	bool right;

	if (!open_client(target))
		return false;
	consume(target->fd, target->seq);
	right = broadcast(target, 1) && gets_packet(target->fd, target->seq) &&
		gets_packet(target->client, target->seq) &&
		get_stats(target->fd).clients == 2 && !poll_now(target->fd, POLLIN | POLLPRI);
	close(target->client);
	return right && get_stats(target->fd).clients == 1 &&
	       sim_get_number(SIM_NAME, "arrivals") - 1 ==
		       sim_get_number(SIM_NAME, "departures");
}

/*
 * Run once without a fault, to fill the caches of the kernel; then let the first allocation or
 * copy fail, then the second, until none is left. Return false if the operation is unsupported.
 */
static bool sweep(struct __test_metadata *_metadata, struct target *target,
		  struct outcome *outcome)
{
	const struct _fixture_variant_fail_nth *variant = target->variant;
	bool failed = true;

	for (unsigned int n = 0; failed; n++) {
		ssize_t ret;

		if (!variant->module)
			ASSERT_TRUE(open_client(target));
		ASSERT_TRUE(!variant->begin || variant->begin(target));
		ASSERT_TRUE(broadcast(target, variant->packets));
		arm(target->fail_nth, n);
		ret = variant->run(target);
		failed = disarm(target->fail_nth);
		if (ret == -EOPNOTSUPP || ret == -ENOSYS)
			SKIP(return false, "not supported by this kernel");
		EXPECT_TRUE(!variant->end || variant->end(target, ret))
			TH_LOG("fault %u: returned %zd", n, ret);
		close(target->other);
		target->other = -1;
		if (!variant->module) {
			close(target->client);
			EXPECT_TRUE(works(target))
				TH_LOG("after fault %u, which returned %zd", n, ret);
		}
		if (n && failed)
			count_outcome(outcome, ret, variant->instead);
		else
			EXPECT_LE(0, ret);
	}
	return true;
}

/* Sweep repeatedly: unrelated allocations can shift the fault. */
#define SWEEPS	5

static bool is_complete(const struct _fixture_variant_fail_nth *variant,
			const struct outcome *outcome)
{
	return outcome->nomem >= variant->nomem && (variant->no_copy || outcome->efault);
}

TEST_F_TIMEOUT(fail_nth, fault_returns_documented_errno, 600)
{
	struct outcome outcome = { };

	for (unsigned int i = 0; i < SWEEPS && (!i || !is_complete(variant, &outcome)); i++)
		if (!sweep(_metadata, &self->target, &outcome))
			return;
	TH_LOG("%u faults: %u ENOMEM, %u EFAULT, %u wrong, %u survived", outcome.faults,
	       outcome.nomem, outcome.efault, outcome.wrong, outcome.survived);
	EXPECT_LT(0, outcome.faults);
	EXPECT_TRUE(is_complete(variant, &outcome));
	EXPECT_EQ(0, outcome.wrong);
}

/* -- Leaks -- */

/* Return the number of lines of the kmemleak report with our modules. */
static int leaks(void)
{
	FILE *report = fopen(DEBUG_DIR "kmemleak", "re");
	char line[512];
	int count = 0;

	if (!report)
		return -errno;
	while (fgets(line, sizeof(line), report)) {
		if (strstr(line, "[notify_")) {
			printf("# kmemleak: %s", line);
			count++;
		}
	}
	fclose(report);
	return count;
}

/* Tests without a fixture would run first. */
FIXTURE(kmemleak)
{
	int unused;
};

FIXTURE_SETUP(kmemleak)
{
	if (prepare_faults() || !exists(DEBUG_DIR "kmemleak"))
		SKIP(return, "the kernel has no fault injection, or no kmemleak");
}

FIXTURE_TEARDOWN(kmemleak)
{
}

TEST_F(kmemleak, reports_no_leak_after_faults)
{
	/* kmemleak reports a leak only after five seconds and a second scan. */
	ASSERT_EQ(0, write_file(DEBUG_DIR "kmemleak", "scan"));
	sleep(6);
	ASSERT_EQ(0, write_file(DEBUG_DIR "kmemleak", "scan"));
	EXPECT_EQ(0, leaks());
}

TEST_HARNESS_MAIN
