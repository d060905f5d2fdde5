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

#define NAME	"kselftest-api"
#define NODE	"/dev/notify/" NAME
#define PACKET	8

static char *test;
module_param(test, charp, 0);
MODULE_PARM_DESC(test, "Name of the test to run");

/* Return -EPROTO from the function if the condition is false. */
#define CHECK(condition)							\
do {										\
	if (!(condition)) {							\
		pr_err("%s:%d: check failed: %s\n", __func__, __LINE__, #condition);	\
		return -EPROTO;							\
	}									\
} while (0)

/* Calls and behaviour of the callbacks. */
static struct {
	int arrivals;
	int departures;
	int completions;
	int arrival_result;
	int complete_result;
	int originals;
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

static const u8 one[PACKET] = "packet1", two[PACKET] = "packet2", changed[PACKET] = "changed";

static int api_arrival(struct notify_multi_client *client, struct file *file)
{
	struct notify_multi *nm = notify_multi_of(client);

	seen.arrivals++;
	seen.drvdata = notify_multi_drvdata(nm);
	notify_multi_set_private(client, file);
	if (seen.broadcast_on_arrival)
		notify_multi_broadcast(nm, one, PACKET, 0);
	return seen.arrival_result;
}

static void api_departure(struct notify_multi_client *client)
{
	seen.departures++;
	seen.private = notify_multi_get_private(client);
}

static int api_complete(struct notify_multi_client *client, struct notify_multi_record *record,
			void *packet)
{
	seen.completions++;
	seen.originals += !memcmp(packet, one, PACKET);
	seen.dropped = record->dropped;
	memcpy(packet, changed, PACKET);
	record->status = -EXDEV;
	record->seq += seen.seq_offset;
	return record->seq < seen.fails_from ? 0 : seen.complete_result;
}

static const struct notify_multi_ops api_ops = {
	.arrival = api_arrival,
	.departure = api_departure,
	.complete = api_complete,
};

static const struct notify_multi_ops api_ops_without_complete = {
	.arrival = api_arrival,
	.departure = api_departure,
};

static struct notify_multi_config api_config(const struct notify_multi_ops *ops)
{
	memset(&seen, 0, sizeof(seen));
	return (struct notify_multi_config){
		.name = NAME,
		.packet_size = PACKET,
		.max_packets = 4,
		.max_requests = 1,
		.ops = ops,
		.drvdata = &seen,
	};
}

static struct notify_multi *api_register(const struct notify_multi_ops *ops)
{
	struct notify_multi_config config = api_config(ops);

	return notify_multi_register(NULL, &config);
}

static struct file *api_open(void)
{
	return filp_open(NODE, O_RDONLY | O_NONBLOCK, 0);
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

static ssize_t api_read(struct file *file, struct api_record *record)
{
	return api_read_many(file, record, 1);
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
static void api_close(struct file *file)
{
	struct api_close close = { .file = file };

	INIT_WORK_ONSTACK(&close.work, api_close_work);
	schedule_work(&close.work);
	flush_work(&close.work);
	destroy_work_on_stack(&close.work);
}

/* -- Registration -- */

static int api_rejected(struct notify_multi_config config)
{
	struct notify_multi *nm = notify_multi_register(NULL, &config);

	if (!IS_ERR(nm)) {
		notify_multi_unregister(nm);
		return 0;
	}
	return PTR_ERR(nm);
}

#define CHECK_REJECTED(change)						\
do {									\
	struct notify_multi_config config = api_config(NULL);		\
									\
	config.change;							\
	CHECK(api_rejected(config) == -EINVAL);				\
} while (0)

#define CHECK_ACCEPTED(change)						\
do {									\
	struct notify_multi_config config = api_config(NULL);		\
									\
	config.change;							\
	CHECK(api_rejected(config) == 0);				\
} while (0)

static int test_register_rejects_bad_names(void)
{
	CHECK_REJECTED(name = NULL);
	CHECK_REJECTED(name = "");
	CHECK_REJECTED(name = ".");
	CHECK_REJECTED(name = "..");
	CHECK_REJECTED(name = "a/b");
	CHECK_REJECTED(name = "a!b");
	CHECK_ACCEPTED(name = "123456789-123456789-123456789-123456789-123456789-123456789-123");
	CHECK_REJECTED(name = "123456789-123456789-123456789-123456789-123456789-123456789-1234");
	return 0;
}

static int test_register_rejects_sizes_out_of_range(void)
{
	CHECK_REJECTED(packet_size = 0);
	CHECK_ACCEPTED(packet_size = 1);
	CHECK_ACCEPTED(packet_size = 65536);
	CHECK_REJECTED(packet_size = 65537);
	CHECK_REJECTED(packet_size = SIZE_MAX);
	CHECK_REJECTED(max_packets = 0);
	CHECK_ACCEPTED(max_packets = 1);
	CHECK_REJECTED(max_packets = UINT_MAX);
	CHECK_REJECTED(max_requests = 0);
	CHECK_ACCEPTED(replay = 4);
	CHECK_REJECTED(replay = 5);
	CHECK_ACCEPTED(first_seq = S64_MAX);
	CHECK_REJECTED(first_seq = 1ULL << 63);
	CHECK_ACCEPTED(mode = 0777);
	CHECK_REJECTED(mode = 01000);
	return 0;
}

static int test_register_taken_name_returns_eexist(void)
{
	struct notify_multi *nm = api_register(NULL);

	CHECK(!IS_ERR(nm));
	CHECK(api_rejected(api_config(NULL)) == -EEXIST);
	notify_multi_unregister(nm);
	CHECK(api_rejected(api_config(NULL)) == 0);
	return 0;
}

static int test_devm_unregisters_with_parent(void)
{
	struct notify_multi_config config = api_config(NULL);
	struct device *parent = root_device_register(NAME);
	struct file *file;

	CHECK(!IS_ERR(parent));
	CHECK(!IS_ERR(devm_notify_multi_register(parent, &config)));
	file = api_open();
	CHECK(!IS_ERR(file));
	api_close(file);
	root_device_unregister(parent);
	CHECK(PTR_ERR(api_open()) == -ENOENT);
	return 0;
}

static int test_first_seq_0_means_1(void)
{
	struct notify_multi *nm = api_register(NULL);
	struct file *file = api_open();
	struct api_record record;

	CHECK(!IS_ERR(nm) && !IS_ERR(file));
	CHECK(!notify_multi_broadcast(nm, one, PACKET, 0));
	CHECK(api_read(file, &record) == sizeof(record));
	CHECK(record.header.seq == 1);
	api_close(file);
	notify_multi_unregister(nm);
	return 0;
}

/* -- Broadcast -- */

static int test_broadcast_wrong_size_returns_einval(void)
{
	struct notify_multi *nm = api_register(NULL);
	struct file *file = api_open();
	struct api_record record;

	CHECK(!IS_ERR(nm) && !IS_ERR(file));
	CHECK(notify_multi_broadcast(nm, one, PACKET - 1, 0) == -EINVAL);
	CHECK(notify_multi_broadcast(nm, one, PACKET + 1, 0) == -EINVAL);
	CHECK(notify_multi_broadcast(nm, one, 0, 0) == -EINVAL);
	CHECK(api_read(file, &record) == -EAGAIN);
	CHECK(notify_multi_broadcast(nm, one, PACKET, 0) == 0);
	CHECK(api_read(file, &record) == sizeof(record));
	CHECK(record.header.seq == 1);
	api_close(file);
	notify_multi_unregister(nm);
	return 0;
}

static int test_broadcast_bad_status_returns_einval(void)
{
	struct notify_multi *nm = api_register(NULL);
	struct file *file = api_open();
	struct api_record record;

	CHECK(!IS_ERR(nm) && !IS_ERR(file));
	CHECK(notify_multi_broadcast(nm, one, PACKET, 1) == -EINVAL);
	CHECK(notify_multi_broadcast(nm, one, PACKET, -4096) == -EINVAL);
	CHECK(notify_multi_broadcast(nm, one, PACKET, -4095) == 0);
	CHECK(api_read(file, &record) == sizeof(record));
	CHECK(record.header.seq == 1 && record.header.status == -4095);
	api_close(file);
	notify_multi_unregister(nm);
	return 0;
}

static int test_broadcast_at_sets_timestamp(void)
{
	struct notify_multi *nm = api_register(NULL);
	struct file *file = api_open();
	struct api_record record;

	CHECK(!IS_ERR(nm) && !IS_ERR(file));
	CHECK(!notify_multi_broadcast_at(nm, one, PACKET, 0, ns_to_ktime(123456789)));
	CHECK(api_read(file, &record) == sizeof(record));
	CHECK(record.header.timestamp_ns == 123456789);
	CHECK(!memcmp(record.packet, one, PACKET));
	api_close(file);
	notify_multi_unregister(nm);
	return 0;
}

static int test_broadcast_sets_current_timestamp(void)
{
	struct notify_multi *nm = api_register(NULL);
	struct file *file = api_open();
	struct api_record record;
	u64 before, after;

	CHECK(!IS_ERR(nm) && !IS_ERR(file));
	before = ktime_get_ns();
	CHECK(!notify_multi_broadcast(nm, one, PACKET, 0));
	after = ktime_get_ns();
	CHECK(api_read(file, &record) == sizeof(record));
	CHECK(record.header.timestamp_ns >= before);
	CHECK(record.header.timestamp_ns <= after);
	api_close(file);
	notify_multi_unregister(nm);
	return 0;
}

static int test_broadcast_works_with_interrupts_off(void)
{
	struct api_record record;
	struct notify_multi *nm;
	unsigned long flags;
	struct file *file;
	bool off;
	int ret;

	/* On PREEMPT_RT, interrupts off means hard IRQ context: no broadcasts there. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return -EOPNOTSUPP;
	nm = api_register(NULL);
	file = api_open();
	CHECK(!IS_ERR(nm) && !IS_ERR(file));
	local_irq_save(flags);
	ret = notify_multi_broadcast(nm, one, PACKET, 0);
	off = irqs_disabled();
	local_irq_restore(flags);
	CHECK(!ret && off);
	CHECK(api_read(file, &record) == sizeof(record));
	api_close(file);
	notify_multi_unregister(nm);
	return 0;
}

static int test_broadcast_after_unregister_returns_enodev(void)
{
	struct notify_multi *nm = api_register(NULL);
	struct file *file = api_open();
	struct api_record record;

	/* The open file pins the device, so that nm may still be used. */
	CHECK(!IS_ERR(nm) && !IS_ERR(file));
	CHECK(!notify_multi_broadcast(nm, one, PACKET, 0));
	notify_multi_unregister(nm);
	CHECK(notify_multi_broadcast(nm, two, PACKET, 0) == -ENODEV);
	CHECK(api_read(file, &record) == sizeof(record));
	CHECK(!memcmp(record.packet, one, PACKET));
	CHECK(api_read(file, &record) == -ENODEV);
	api_close(file);
	return 0;
}

/* -- Callbacks -- */

static int test_callbacks_get_drvdata_and_private(void)
{
	struct notify_multi *nm = api_register(&api_ops);
	struct file *file = api_open();

	CHECK(!IS_ERR(nm) && !IS_ERR(file));
	CHECK(seen.arrivals == 1 && seen.drvdata == &seen);
	api_close(file);
	CHECK(seen.departures == 1 && seen.private == file);
	notify_multi_unregister(nm);
	CHECK(seen.departures == 1);
	return 0;
}

static int test_refused_open_calls_no_departure(void)
{
	struct notify_multi *nm = api_register(&api_ops);

	CHECK(!IS_ERR(nm));
	seen.arrival_result = -EUCLEAN;
	CHECK(PTR_ERR(api_open()) == -EUCLEAN);
	CHECK(seen.arrivals == 1 && seen.departures == 0);
	notify_multi_unregister(nm);
	CHECK(seen.departures == 0);
	return 0;
}

static int test_unregister_calls_departure_once(void)
{
	struct notify_multi *nm = api_register(&api_ops);
	struct file *first = api_open(), *second = api_open();

	CHECK(!IS_ERR(nm) && !IS_ERR(first) && !IS_ERR(second));
	notify_multi_unregister(nm);
	CHECK(seen.departures == 2);
	api_close(first);
	api_close(second);
	CHECK(seen.departures == 2);
	return 0;
}

static int test_packet_broadcast_in_arrival_is_received(void)
{
	struct notify_multi *nm = api_register(&api_ops_without_complete);
	struct api_record record;
	struct file *file;

	CHECK(!IS_ERR(nm));
	seen.broadcast_on_arrival = true;
	file = api_open();
	CHECK(!IS_ERR(file));
	CHECK(api_read(file, &record) == sizeof(record));
	CHECK(record.header.seq == 1 && record.header.flags == 0);
	api_close(file);
	notify_multi_unregister(nm);
	return 0;
}

static int test_complete_changes_copy_of_one_client(void)
{
	struct notify_multi *nm = api_register(&api_ops);
	struct file *first = api_open(), *second = api_open();
	struct api_record record;

	CHECK(!IS_ERR(nm) && !IS_ERR(first) && !IS_ERR(second));
	CHECK(!notify_multi_broadcast(nm, one, PACKET, 0));
	CHECK(api_read(first, &record) == sizeof(record));
	CHECK(record.header.seq == 1 && record.header.status == -EXDEV);
	CHECK(!memcmp(record.packet, changed, PACKET));
	CHECK(seen.completions == 1);

	CHECK(api_read(second, &record) == sizeof(record));
	CHECK(record.header.status == -EXDEV);
	CHECK(seen.completions == 2 && seen.originals == 2);
	api_close(first);
	api_close(second);
	notify_multi_unregister(nm);
	return 0;
}

static int test_register_copies_ops(void)
{
	struct notify_multi_ops ops = api_ops;
	struct notify_multi *nm = api_register(&ops);
	struct file *file = api_open();
	struct api_record record;

	CHECK(!IS_ERR(nm) && !IS_ERR(file));
	memset(&ops, 0, sizeof(ops));
	CHECK(!notify_multi_broadcast(nm, one, PACKET, 0));
	CHECK(api_read(file, &record) == sizeof(record));
	CHECK(seen.completions == 1);
	api_close(file);
	CHECK(seen.departures == 1);
	notify_multi_unregister(nm);
	return 0;
}

static int test_complete_cannot_move_reader(void)
{
	struct notify_multi *nm = api_register(&api_ops);
	struct file *file = api_open();
	struct api_record record;

	CHECK(!IS_ERR(nm) && !IS_ERR(file));
	CHECK(!notify_multi_broadcast(nm, one, PACKET, 0));
	CHECK(!notify_multi_broadcast(nm, one, PACKET, 0));
	seen.seq_offset = 100;
	CHECK(api_read(file, &record) == sizeof(record));
	CHECK(record.header.seq == 101);
	seen.seq_offset = 0;
	CHECK(api_read(file, &record) == sizeof(record));
	CHECK(record.header.seq == 2 && record.header.dropped == 0);
	CHECK(seen.completions == 2);
	api_close(file);
	notify_multi_unregister(nm);
	return 0;
}

static int test_complete_error_fails_read_consumes_packet(void)
{
	struct notify_multi *nm = api_register(&api_ops);
	struct file *file = api_open();
	struct api_record record;
	int i;

	CHECK(!IS_ERR(nm) && !IS_ERR(file));
	for (i = 0; i < 6; i++)
		CHECK(!notify_multi_broadcast(nm, one, PACKET, 0));
	seen.complete_result = -EXFULL;
	CHECK(api_read(file, &record) == -EXFULL);
	CHECK(seen.completions == 1 && seen.dropped == 2);
	seen.complete_result = 0;
	/* The failed read consumed packet 3 and the drop count before it. */
	CHECK(api_read(file, &record) == sizeof(record));
	CHECK(record.header.seq == 4 && record.header.dropped == 0);
	CHECK(seen.completions == 2);
	api_close(file);
	notify_multi_unregister(nm);
	return 0;
}

static int test_complete_runs_once_for_packet_after_batch(void)
{
	struct notify_multi *nm = api_register(&api_ops);
	struct file *file = api_open();
	u64 records[2 * sizeof(struct api_record) / sizeof(u64)];

	CHECK(!IS_ERR(nm) && !IS_ERR(file));
	CHECK(!notify_multi_broadcast(nm, one, PACKET, 0));
	CHECK(!notify_multi_broadcast(nm, one, PACKET, 0));
	seen.complete_result = -EXFULL;
	seen.fails_from = 2;
	/* The first read returns the good packet, the second the error, without another call. */
	CHECK(api_read_many(file, records, 2) == sizeof(struct api_record));
	CHECK(seen.completions == 2);
	CHECK(api_read_many(file, records, 1) == -EXFULL);
	CHECK(api_read_many(file, records, 1) == -EAGAIN);
	CHECK(seen.completions == 2);
	api_close(file);
	notify_multi_unregister(nm);
	return 0;
}

static int test_unregister_discards_packets_with_complete(void)
{
	struct notify_multi *nm = api_register(&api_ops);
	struct file *file = api_open();
	struct api_record record;

	CHECK(!IS_ERR(nm) && !IS_ERR(file));
	CHECK(!notify_multi_broadcast(nm, one, PACKET, 0));
	notify_multi_unregister(nm);
	CHECK(api_read(file, &record) == -ENODEV);
	CHECK(seen.completions == 0);
	api_close(file);
	return 0;
}

/* -- complete() that blocks -- */

#define WAIT	(60 * HZ)	/* the guests are emulated */

static DECLARE_COMPLETION(completing);
static DECLARE_COMPLETION(go_on);

static int api_complete_late(struct notify_multi_client *client,
			     struct notify_multi_record *record, void *packet)
{
	seen.completions++;
	complete(&completing);
	wait_for_completion(&go_on);
	return 0;
}

static const struct notify_multi_ops api_ops_late = {
	.complete = api_complete_late,
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
	reader->ret = api_read(reader->file, &reader->record);
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

struct api_unregister {
	struct work_struct work;
	struct notify_multi *nm;
};

static void api_unregister_work(struct work_struct *work)
{
	notify_multi_unregister(container_of(work, struct api_unregister, work)->nm);
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
 * Start a read during unregistration. Return 0 if the read waits, and then returns @expected
 * without calling complete().
 */
static int api_read_during_unregister(bool kill, ssize_t expected)
{
	struct notify_multi *nm = api_register(&api_ops_late);
	struct file *first = api_open(), *second = api_open();
	struct api_unregister unregister = { .nm = nm };
	struct api_reader completes, waits;
	bool waited, ended = true;

	CHECK(!IS_ERR(nm) && !IS_ERR(first) && !IS_ERR(second));
	reinit_completion(&completing);
	reinit_completion(&go_on);
	CHECK(!notify_multi_broadcast(nm, one, PACKET, 0));
	CHECK(api_reader_start(&completes, first));
	wait_for_completion(&completing);
	INIT_WORK_ONSTACK(&unregister.work, api_unregister_work);
	schedule_work(&unregister.work);
	CHECK(api_unregister_waits());

	/* Blocks in down_read(), behind the down_write() of notify_multi_unregister(). */
	CHECK(api_reader_start(&waits, second));
	waited = !wait_for_completion_timeout(&waits.done, HZ / 5);
	if (kill) {
		send_sig(SIGKILL, waits.task, 1);
		ended = wait_for_completion_timeout(&waits.done, WAIT);
	}
	complete_all(&go_on);
	api_reader_end(&waits);
	api_reader_end(&completes);
	flush_work(&unregister.work);
	destroy_work_on_stack(&unregister.work);

	CHECK(waited && ended && waits.ret == expected);
	CHECK(completes.ret == sizeof(completes.record) && completes.record.header.seq == 1);
	CHECK(seen.completions == 1);
	/* The packet is still queued, but complete() can no longer run. */
	CHECK(api_read(second, &waits.record) == -ENODEV);
	api_close(first);
	api_close(second);
	return 0;
}

static int test_read_during_unregister_returns_enodev(void)
{
	return api_read_during_unregister(false, -ENODEV);
}

static int test_killed_read_during_unregister_returns_eintr(void)
{
	return api_read_during_unregister(true, -EINTR);
}

#define API_TEST(name) { #name, test_##name }

static const struct {
	const char *name;
	int (*run)(void);
} api_tests[] = {
	API_TEST(register_rejects_bad_names),
	API_TEST(register_rejects_sizes_out_of_range),
	API_TEST(register_taken_name_returns_eexist),
	API_TEST(devm_unregisters_with_parent),
	API_TEST(first_seq_0_means_1),
	API_TEST(broadcast_wrong_size_returns_einval),
	API_TEST(broadcast_bad_status_returns_einval),
	API_TEST(broadcast_at_sets_timestamp),
	API_TEST(broadcast_sets_current_timestamp),
	API_TEST(broadcast_works_with_interrupts_off),
	API_TEST(broadcast_after_unregister_returns_enodev),
	API_TEST(callbacks_get_drvdata_and_private),
	API_TEST(refused_open_calls_no_departure),
	API_TEST(unregister_calls_departure_once),
	API_TEST(packet_broadcast_in_arrival_is_received),
	API_TEST(register_copies_ops),
	API_TEST(complete_changes_copy_of_one_client),
	API_TEST(complete_cannot_move_reader),
	API_TEST(complete_error_fails_read_consumes_packet),
	API_TEST(complete_runs_once_for_packet_after_batch),
	API_TEST(unregister_discards_packets_with_complete),
	API_TEST(read_during_unregister_returns_enodev),
	API_TEST(killed_read_during_unregister_returns_eintr),
};

static int __init notify_multi_api_init(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(api_tests); i++)
		if (test && !strcmp(test, api_tests[i].name))
			return api_tests[i].run();
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
