// SPDX-License-Identifier: GPL-2.0
/*
 * Tests of the in-kernel API, for selftests/kapi.c. Loading the module runs the test that the
 * parameter "test" selects, and fails if the test fails.
 */

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/irqflags.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/namei.h>
#include <linux/path.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "notify_multi.h"
#include "../kapi.h"

#define NAME	"kselftest-api"
#define NODE	"/dev/notify/" NAME
#define PACKET	8

static char *test;
module_param(test, charp, 0);
MODULE_PARM_DESC(test, "Name of the test to run");

static int result;

/* End the test if the condition is false. api_run() cleans up. */
#define CHECK(condition)							\
do {										\
	if (!(condition)) {							\
		pr_err("%s:%d: check failed: %s\n", __func__, __LINE__, #condition);	\
		result = -EPROTO;						\
		return;								\
	}									\
} while (0)

/* Calls and behaviour of the callbacks. */
static struct {
	int arrivals;
	int departures;
	int completions;
	int complete_result;
	int originals;
	int ioctls;
	u64 fails_from;
	u64 seq_offset;
	bool broadcast_on_arrival;
	void *drvdata;
	void *private;
	u32 dropped;
} seen;

struct api_record {
	struct notify_multi_record header;
	u8 packet[PACKET];
};

/* The device of a test, its clients, and the record read last. */
static struct notify_multi *nm;
static struct file *files[2];
static struct api_record record;

static const u8 one[PACKET] = "packet1", two[PACKET] = "packet2", changed[PACKET] = "changed";

static int api_arrival(struct notify_multi_client *client, struct file *file)
{
	struct notify_multi *device = notify_multi_of(client);

	seen.arrivals++;
	seen.drvdata = notify_multi_drvdata(device);
	notify_multi_set_private(client, file);
	if (seen.broadcast_on_arrival)
		notify_multi_broadcast(device, one, PACKET, 0);
	return 0;
}

static void api_departure(struct notify_multi_client *client)
{
	seen.departures++;
	seen.private = notify_multi_get_private(client);
}

static int api_complete(struct notify_multi_client *client, struct notify_multi_record *header,
			void *packet)
{
	seen.completions++;
	seen.originals += !memcmp(packet, one, PACKET);
	seen.dropped = header->dropped;
	memcpy(packet, changed, PACKET);
	header->status = -EXDEV;
	header->seq += seen.seq_offset;
	return header->seq < seen.fails_from ? 0 : seen.complete_result;
}

static long api_ioctl(struct notify_multi_client *client, unsigned int cmd, unsigned long arg)
{
	seen.ioctls++;
	seen.drvdata = notify_multi_drvdata(notify_multi_of(client));
	return cmd + arg;
}

static const struct notify_multi_ops no_ops;

static const struct notify_multi_ops ops_without_complete = {
	.arrival = api_arrival,
	.departure = api_departure,
};

static const struct notify_multi_ops all_ops = {
	.arrival = api_arrival,
	.departure = api_departure,
	.complete = api_complete,
};

static const struct notify_multi_ops ops_with_ioctl = {
	.ioctl = api_ioctl,
};

static struct notify_multi_config api_config(const struct notify_multi_ops *ops)
{
	return (struct notify_multi_config){
		.name = NAME,
		.packet_size = PACKET,
		.max_packets = 4,
		.max_requests = 1,
		.ops = ops,
		.drvdata = &seen,
	};
}

static int api_register(const struct notify_multi_ops *ops)
{
	const struct notify_multi_config config = api_config(ops);
	struct notify_multi *device = notify_multi_register(NULL, &config);

	if (IS_ERR(device))
		return PTR_ERR(device);
	nm = device;
	return 0;
}

static void api_unregister(void)
{
	notify_multi_unregister(nm);
	nm = NULL;
}

static int api_open(unsigned int i)
{
	struct file *file = filp_open(NODE, O_RDONLY | O_NONBLOCK, 0);

	if (IS_ERR(file))
		return PTR_ERR(file);
	files[i] = file;
	return 0;
}

struct api_close {
	struct work_struct work;
	struct file *file;
};

static void api_close_work(struct work_struct *work)
{
	__fput_sync(container_of(work, struct api_close, work)->file);
}

/* In a kernel thread, because fput() of a user task defers the release until it returns. */
static void api_close(unsigned int i)
{
	struct api_close close = { .file = files[i] };

	INIT_WORK_ONSTACK(&close.work, api_close_work);
	schedule_work(&close.work);
	flush_work(&close.work);
	destroy_work_on_stack(&close.work);
	files[i] = NULL;
}

static ssize_t api_read_many(struct file *file, void *records, size_t count)
{
	struct kvec kvec = { .iov_base = records, .iov_len = count * sizeof(struct api_record) };
	struct iov_iter to;
	loff_t pos = 0;

	memset(records, 0, kvec.iov_len);
	iov_iter_kvec(&to, ITER_DEST, &kvec, 1, kvec.iov_len);
	return vfs_iter_read(file, &to, &pos, 0);
}

static ssize_t api_read(unsigned int i)
{
	return api_read_many(files[i], &record, 1);
}

/* Read a record and compare it. */
#define CHECK_READ(i, number, error, expected)					\
do {										\
	CHECK(api_read(i) == sizeof(record));					\
	CHECK(record.header.seq == (number));					\
	CHECK(record.header.status == (error));					\
	CHECK(!memcmp(record.packet, expected, PACKET));			\
} while (0)

#define BROADCAST(packet) CHECK(notify_multi_broadcast(nm, packet, PACKET, 0) == 0)

/* -- Registration -- */

#define CHECK_REGISTER(expected, change)				\
do {									\
	struct notify_multi_config config = api_config(NULL);		\
	struct notify_multi *device;					\
									\
	config.change;							\
	device = notify_multi_register(NULL, &config);			\
	if (!IS_ERR(device))						\
		notify_multi_unregister(device);			\
	CHECK(PTR_ERR_OR_ZERO(device) == (expected));			\
} while (0)

static void test_register_rejects_bad_names(void)
{
	CHECK_REGISTER(-EINVAL, name = NULL);
	CHECK_REGISTER(-EINVAL, name = "");
	CHECK_REGISTER(-EINVAL, name = ".");
	CHECK_REGISTER(-EINVAL, name = "..");
	CHECK_REGISTER(-EINVAL, name = "a/b");
	CHECK_REGISTER(-EINVAL, name = "a!b");
	CHECK_REGISTER(-EINVAL, name = "a b");
	CHECK_REGISTER(-EINVAL, name = "a\tb");
	CHECK_REGISTER(-EINVAL, name = "a\n");
	CHECK_REGISTER(-EINVAL, name = "\x1b[1m");
	CHECK_REGISTER(-EINVAL, name = "a\x7f");
	CHECK_REGISTER(0, name = "~\"%");
	CHECK_REGISTER(0, name = "t\xc3\xa0r");
	CHECK_REGISTER(0, name = "123456789-123456789-123456789-123456789-123456789-123456789-123");
	CHECK_REGISTER(-EINVAL,
		       name = "123456789-123456789-123456789-123456789-123456789-123456789-1234");
}

static void test_register_rejects_sizes_out_of_range(void)
{
	CHECK_REGISTER(0, clock = NOTIFY_MULTI_CLOCK_REALTIME);
	CHECK_REGISTER(-EINVAL, clock = NOTIFY_MULTI_CLOCK_REALTIME + 1);
	CHECK_REGISTER(-EINVAL, packet_size = 0);
	CHECK_REGISTER(0, packet_size = 1);
	CHECK_REGISTER(0, packet_size = 65536);
	CHECK_REGISTER(-EINVAL, packet_size = 65537);
	CHECK_REGISTER(-EINVAL, packet_size = SIZE_MAX);
	CHECK_REGISTER(-EINVAL, max_packets = 0);
	CHECK_REGISTER(0, max_packets = 1);
	CHECK_REGISTER(-EINVAL, max_packets = UINT_MAX);
	CHECK_REGISTER(-EINVAL, max_requests = 0);
	CHECK_REGISTER(0, max_requests = INT_MAX);
	CHECK_REGISTER(-EINVAL, max_requests = INT_MAX + 1U);
	CHECK_REGISTER(0, replay = 4);
	CHECK_REGISTER(-EINVAL, replay = 5);
	CHECK_REGISTER(0, first_seq = S64_MAX);
	CHECK_REGISTER(-EINVAL, first_seq = 1ULL << 63);
	CHECK_REGISTER(0, mode = 0777);
	CHECK_REGISTER(-EINVAL, mode = 01000);
}

static void test_register_taken_name_returns_eexist(void)
{
	CHECK_REGISTER(-EEXIST, name = NAME);
	api_unregister();
	CHECK_REGISTER(0, name = NAME);
}

static void test_devm_unregisters_with_parent(void)
{
	struct notify_multi_config config = api_config(NULL);
	struct device *parent = root_device_register(NAME);
	struct notify_multi *device;
	int opened;

	CHECK(!IS_ERR(parent));
	device = devm_notify_multi_register(parent, &config);
	opened = api_open(0);
	root_device_unregister(parent);
	CHECK(!IS_ERR(device) && !opened);
	CHECK(api_open(1) == -ENOENT);
}

/* -- Broadcast -- */

static void test_broadcast_wrong_size_returns_einval(void)
{
	CHECK(notify_multi_broadcast(nm, one, PACKET - 1, 0) == -EINVAL);
	CHECK(notify_multi_broadcast(nm, one, PACKET + 1, 0) == -EINVAL);
	CHECK(notify_multi_broadcast(nm, one, 0, 0) == -EINVAL);
	CHECK(api_read(0) == -EAGAIN);
	BROADCAST(one);
	CHECK_READ(0, 1, 0, one);
}

static void test_broadcast_bad_status_returns_einval(void)
{
	CHECK(notify_multi_broadcast(nm, one, PACKET, 1) == -EINVAL);
	CHECK(notify_multi_broadcast(nm, one, PACKET, -4096) == -EINVAL);
	CHECK(notify_multi_broadcast(nm, one, PACKET, -4095) == 0);
	CHECK_READ(0, 1, -4095, one);
}

static void test_broadcast_at_sets_timestamp(void)
{
	CHECK(!notify_multi_broadcast_at(nm, one, PACKET, 0, ns_to_ktime(123456789)));
	CHECK_READ(0, 1, 0, one);
	CHECK(record.header.timestamp_ns == 123456789);
}

/* Simulated sources pass their own time. */
static void test_broadcast_sets_current_timestamp(void)
{
	u64 before = ktime_get_ns(), after;

	BROADCAST(one);
	after = ktime_get_ns();
	CHECK_READ(0, 1, 0, one);
	CHECK(record.header.timestamp_ns >= before);
	CHECK(record.header.timestamp_ns <= after);
}

static void test_broadcast_works_with_interrupts_off(void)
{
	unsigned long flags;
	bool off;
	int ret;

	/* On PREEMPT_RT, interrupts off means hard IRQ context: no broadcasts there. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT)) {
		result = -EOPNOTSUPP;
		return;
	}
	local_irq_save(flags);
	ret = notify_multi_broadcast(nm, one, PACKET, 0);
	off = irqs_disabled();
	local_irq_restore(flags);
	CHECK(!ret && off);
	CHECK_READ(0, 1, 0, one);
}

/* The open file pins the device, so that it may still be used. */
static void test_broadcast_after_unregister_returns_enodev(void)
{
	struct notify_multi *device = nm;

	BROADCAST(one);
	api_unregister();
	CHECK(notify_multi_broadcast(device, two, PACKET, 0) == -ENODEV);
	CHECK_READ(0, 1, 0, one);
	CHECK(api_read(0) == -ENODEV);
}

/* -- Callbacks -- */

static void test_callbacks_get_drvdata_and_private(void)
{
	struct file *file = files[0];

	CHECK(seen.arrivals == 1 && seen.drvdata == &seen);
	api_close(0);
	CHECK(seen.departures == 1 && seen.private == file);
	api_unregister();
	CHECK(seen.departures == 1);
}

static void test_packet_broadcast_in_arrival_is_received(void)
{
	seen.broadcast_on_arrival = true;
	CHECK(api_open(0) == 0);
	CHECK_READ(0, 1, 0, one);
	CHECK(record.header.flags == 0);
}

static void test_complete_changes_copy_of_one_client(void)
{
	BROADCAST(one);
	CHECK_READ(0, 1, -EXDEV, changed);
	CHECK(seen.completions == 1);
	CHECK_READ(1, 1, -EXDEV, changed);
	CHECK(seen.completions == 2 && seen.originals == 2);
}

static void test_register_copies_ops(void)
{
	struct notify_multi_ops ops = all_ops;

	CHECK(api_register(&ops) == 0);
	memset(&ops, 0, sizeof(ops));
	CHECK(api_open(0) == 0);
	BROADCAST(one);
	CHECK_READ(0, 1, -EXDEV, changed);
	api_close(0);
	CHECK(seen.departures == 1);
}

static void test_complete_cannot_move_reader(void)
{
	BROADCAST(one);
	BROADCAST(one);
	seen.seq_offset = 100;
	CHECK_READ(0, 101, -EXDEV, changed);
	seen.seq_offset = 0;
	CHECK_READ(0, 2, -EXDEV, changed);
	CHECK(record.header.dropped == 0);
	CHECK(seen.completions == 2);
}

static void test_complete_error_fails_read_consumes_packet(void)
{
	int i;

	for (i = 0; i < 6; i++)
		BROADCAST(one);
	seen.complete_result = -EXFULL;
	CHECK(api_read(0) == -EXFULL);
	CHECK(seen.completions == 1 && seen.dropped == 2);
	seen.complete_result = 0;
	/* The failed read consumed packet 3 and the drop count before it. */
	CHECK_READ(0, 4, -EXDEV, changed);
	CHECK(record.header.dropped == 0);
	CHECK(seen.completions == 2);
}

static void test_complete_runs_once_for_packet_after_batch(void)
{
	u64 records[2 * sizeof(struct api_record) / sizeof(u64)];

	BROADCAST(one);
	BROADCAST(one);
	seen.complete_result = -EXFULL;
	seen.fails_from = 2;
	/* The first read returns the good packet, the second the error, without another call. */
	CHECK(api_read_many(files[0], records, 2) == sizeof(struct api_record));
	CHECK(seen.completions == 2);
	CHECK(api_read(0) == -EXFULL);
	CHECK(api_read(0) == -EAGAIN);
	CHECK(seen.completions == 2);
}

static long api_call_ioctl(unsigned int cmd, unsigned long arg)
{
	return files[0]->f_op->unlocked_ioctl(files[0], cmd, arg);
}

static void test_ioctl_reaches_source_until_unregister(void)
{
	CHECK(api_call_ioctl(1000, 234) == 1234);
	CHECK(seen.ioctls == 1 && seen.drvdata == &seen);
	CHECK(api_call_ioctl(NOTIFY_MULTI_IOC_GET_INFO, 0) == -EFAULT);
	api_unregister();
	CHECK(api_call_ioctl(1000, 234) == -ENODEV);
	CHECK(seen.ioctls == 1);
}

/* -- Callbacks that block -- */

#define WAIT	(60 * HZ)	/* the guests are emulated */

static DECLARE_COMPLETION(completing);
static DECLARE_COMPLETION(go_on);

static int api_complete_late(struct notify_multi_client *client,
			     struct notify_multi_record *header, void *packet)
{
	seen.completions++;
	complete(&completing);
	wait_for_completion(&go_on);
	return 0;
}

static long api_ioctl_late(struct notify_multi_client *client, unsigned int cmd, unsigned long arg)
{
	complete(&completing);
	wait_for_completion(&go_on);
	return 0;
}

static const struct notify_multi_ops late_ops = {
	.complete = api_complete_late,
	.ioctl = api_ioctl_late,
};

/* Read in a thread that can be killed. */
struct api_reader {
	struct task_struct *task;
	struct file *file;
	struct api_record record;
	struct completion done;
	ssize_t ret;
};

static int api_reader_main(void *data)
{
	struct api_reader *reader = data;

	allow_signal(SIGKILL);
	reader->ret = api_read_many(reader->file, &reader->record, 1);
	complete_all(&reader->done);
	return 0;
}

static bool api_reader_start(struct api_reader *reader, struct file *file)
{
	reader->file = file;
	init_completion(&reader->done);
	reader->task = kthread_create(api_reader_main, reader, NAME);
	if (IS_ERR(reader->task))
		return false;
	get_task_struct(reader->task);
	wake_up_process(reader->task);
	return true;
}

/* Also wait until the thread has left the code of this module. */
static void api_reader_end(struct api_reader *reader)
{
	wait_for_completion(&reader->done);
	kthread_stop(reader->task);
	put_task_struct(reader->task);
}

static void api_unregister_work(struct work_struct *work)
{
	api_unregister();
}

/*
 * Wait until notify_multi_unregister() has removed the node, its last visible step before it waits
 * for the callback. Not by open(), because closing the file would wait, too.
 */
static bool api_unregister_waits(void)
{
	unsigned long end = jiffies + WAIT;
	struct path path;

	while (!kern_path(NODE, 0, &path)) {
		path_put(&path);
		if (time_after(jiffies, end))
			return false;
		msleep(20);
	}
	msleep(200);
	return true;
}

/*
 * Start a read during unregistration. The read must wait, and then return @expected without
 * calling complete().
 */
static void api_read_during_unregister(bool kill, ssize_t expected)
{
	struct api_reader completes, waits;
	struct work_struct unregister;
	bool reached, started, waited = false, ended = true;

	BROADCAST(one);
	CHECK(api_reader_start(&completes, files[0]));
	reached = wait_for_completion_timeout(&completing, WAIT);
	INIT_WORK_ONSTACK(&unregister, api_unregister_work);
	schedule_work(&unregister);
	reached = api_unregister_waits() && reached;

	/* Blocks in down_read(), behind the down_write() of notify_multi_unregister(). */
	started = api_reader_start(&waits, files[1]);
	if (started) {
		waited = !wait_for_completion_timeout(&waits.done, HZ / 5);
		if (kill) {
			send_sig(SIGKILL, waits.task, 1);
			ended = wait_for_completion_timeout(&waits.done, WAIT);
		}
	}
	complete_all(&go_on);
	if (started)
		api_reader_end(&waits);
	api_reader_end(&completes);
	flush_work(&unregister);
	destroy_work_on_stack(&unregister);

	CHECK(reached && started && waited && ended && waits.ret == expected);
	CHECK(completes.ret == sizeof(completes.record) && completes.record.header.seq == 1);
	CHECK(seen.completions == 1);
	/* The packet is still queued, but complete() can no longer run. */
	CHECK(api_read(1) == -ENODEV);
}

static void test_read_during_unregister_returns_enodev(void)
{
	api_read_during_unregister(false, -ENODEV);
}

static void test_killed_read_during_unregister_returns_eintr(void)
{
	api_read_during_unregister(true, -EINTR);
}

static void api_ioctl_work(struct work_struct *work)
{
	api_call_ioctl(0, 0);
}

static void test_unregister_waits_for_ioctl(void)
{
	struct work_struct ioctl, unregister;
	bool called, waits;

	INIT_WORK_ONSTACK(&ioctl, api_ioctl_work);
	INIT_WORK_ONSTACK(&unregister, api_unregister_work);
	schedule_work(&ioctl);
	called = wait_for_completion_timeout(&completing, WAIT);
	schedule_work(&unregister);
	waits = api_unregister_waits() && work_busy(&unregister);
	complete_all(&go_on);
	flush_work(&ioctl);
	flush_work(&unregister);
	destroy_work_on_stack(&ioctl);
	destroy_work_on_stack(&unregister);
	CHECK(called && waits);
	CHECK(api_call_ioctl(0, 0) == -ENODEV);
}

/* -- The parameter "test" -- */

#define API_TEST(name, ops, clients) { #name, test_##name, ops, clients },

static const struct api_test {
	const char *name;
	void (*run)(void);
	const struct notify_multi_ops *ops;
	unsigned int clients;
} api_tests[] = { API_TESTS(API_TEST) };

/* A failed test must not leave a device, because the callbacks are freed with the module. */
static int api_run(const struct api_test *api_test)
{
	unsigned int i;

	if (api_test->ops)
		result = api_register(api_test->ops);
	for (i = 0; i < api_test->clients && !result; i++)
		result = api_open(i);
	if (!result)
		api_test->run();
	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (files[i])
			api_close(i);
	if (nm)
		api_unregister();
	return result;
}

static int __init notify_multi_api_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(api_tests); i++)
		if (test && !strcmp(test, api_tests[i].name))
			return api_run(&api_tests[i]);
	return -EINVAL;
}
module_init(notify_multi_api_init);

static void __exit notify_multi_api_exit(void)
{
}
module_exit(notify_multi_api_exit);

MODULE_DESCRIPTION("Tests of notify_multi's in-kernel API");
MODULE_AUTHOR("The notify_multi developers");
MODULE_LICENSE("GPL");
