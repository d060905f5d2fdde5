// SPDX-License-Identifier: GPL-2.0
/*
 * notify_sim: a source without hardware, for developing readers and for the tests.
 *
 * Each directory in configfs is a simulator. While it is enabled, packets written to
 * /dev/notify_sim/<name> are broadcast to /dev/notify/<name>:
 *
 *     write()        sim_inject_write()   injects the packets one by one
 *     irq_work       sim_raise()          raises the interrupt of the simulated irq chip
 *     hard handler   sim_irq()            takes the time; broadcasts in context "hardirq"
 *     IRQ thread     sim_irq_thread()     broadcasts in context "thread"
 *
 * With forced threading, as on PREEMPT_RT, the hard handler runs in a thread and may broadcast
 * as well.
 */

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/configfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/irq_work.h>
#include <linux/irqdomain.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "notify_multi.h"

#define SIM_SMALL_PACKET		64
#define SIM_DEFAULT_PACKET_SIZE		64
#define SIM_DEFAULT_MAX_PACKETS		64
#define SIM_DEFAULT_MAX_REQUESTS	16
#define SIM_DEFAULT_MODE		0600

enum sim_context {
	SIM_CONTEXT_THREAD,
	SIM_CONTEXT_HARDIRQ,
	SIM_CONTEXT_PROCESS,
};

static const char * const sim_contexts[] = {
	[SIM_CONTEXT_THREAD] = "thread",
	[SIM_CONTEXT_HARDIRQ] = "hardirq",
	[SIM_CONTEXT_PROCESS] = "process",
};

static const char * const sim_clocks[] = NOTIFY_MULTI_CLOCK_NAMES;

/**
 * struct sim - simulator
 * @item:           Directory in configfs; open injectors hold a reference.
 * @arrivals:       Number of accepted arrivals.
 * @departures:     Number of departures.
 * @arrival_error:  Return value of sim_arrival(); can be set at any time.
 * @ops:            Callbacks, constant while enabled.
 * @lock:           Serialises injection and configuration; protects all members below. configfs
 *                  shows word-sized members without it, hence WRITE_ONCE().
 * @packet_size:    See &struct notify_multi_config.
 * @max_packets:    See &struct notify_multi_config.
 * @max_requests:   See &struct notify_multi_config.
 * @replay:         See &struct notify_multi_config.
 * @mode:           See &struct notify_multi_config.
 * @first_seq:      See &struct notify_multi_config.
 * @clock:          See &struct notify_multi_config.
 * @complete_error: Return value of sim_complete(); 0 if the device does not have this callback,
 *                  which would disable mmap(). Can be set only while disabled.
 * @context:        Context of the broadcasts.
 * @status:         Status of the packets.
 * @nm:             Registered device; NULL while disabled.
 * @injector:       /dev/notify_sim/<name>, while enabled.
 * @domain:         IRQ domain of the simulated irq chip, while enabled.
 * @irq:            Interrupt of the simulated irq chip.
 * @raise:          Raises @irq in hard IRQ context.
 * @buffer:         Buffer for a packet larger than %SIM_SMALL_PACKET.
 * @packet:         Packet for the interrupt to broadcast.
 * @when:           Time of the interrupt.
 * @done:           Completed after the broadcast.
 * @result:         Return value of the broadcast.
 */
struct sim {
	struct config_item item;
	atomic_t arrivals;
	atomic_t departures;
	int arrival_error;
	struct notify_multi_ops ops;

	struct mutex lock; /* Callbacks must not take it. */
	u32 packet_size;
	u32 max_packets;
	u32 max_requests;
	u32 replay;
	umode_t mode;
	u64 first_seq;
	u32 clock;
	int complete_error;
	enum sim_context context;
	int status;

	struct notify_multi *nm;
	struct miscdevice injector;
	struct irq_domain *domain;
	unsigned int irq;
	struct irq_work raise;
	void *buffer;
	const void *packet;
	ktime_t when;
	struct completion done;
	int result;
};

static struct sim *to_sim(struct config_item *item)
{
	return container_of(item, struct sim, item);
}

/* -- Callbacks ------------------------------------------------------------- */

static int sim_arrival(struct notify_multi_client *client, struct file *file)
{
	struct sim *sim = notify_multi_drvdata(notify_multi_of(client));
	int error = READ_ONCE(sim->arrival_error);

	if (!error)
		atomic_inc(&sim->arrivals);
	return error;
}

static void sim_departure(struct notify_multi_client *client)
{
	struct sim *sim = notify_multi_drvdata(notify_multi_of(client));

	atomic_inc(&sim->departures);
}

static int sim_complete(struct notify_multi_client *client, struct notify_multi_record *record,
			void *packet)
{
	struct sim *sim = notify_multi_drvdata(notify_multi_of(client));

	return sim->complete_error;
}

/* -- Simulated interrupt --------------------------------------------------- */

static void sim_broadcast(struct sim *sim)
{
	sim->result = notify_multi_broadcast_at(sim->nm, sim->packet, sim->packet_size,
						sim->status, sim->when);
}

static void sim_raise(struct irq_work *work)
{
	struct sim *sim = container_of(work, struct sim, raise);

	generic_handle_irq(sim->irq);
}

static irqreturn_t sim_irq(int irq, void *data)
{
	struct sim *sim = data;

	sim->when = notify_multi_now(sim->nm);
	if (sim->context == SIM_CONTEXT_THREAD)
		return IRQ_WAKE_THREAD;
	sim_broadcast(sim);
	complete(&sim->done);
	return IRQ_HANDLED;
}

static irqreturn_t sim_irq_thread(int irq, void *data)
{
	struct sim *sim = data;

	sim_broadcast(sim);
	complete(&sim->done);
	return IRQ_HANDLED;
}

/* Masking is not needed, because sim_inject() waits for each interrupt. */
static void sim_irq_nop(struct irq_data *data)
{
}

static struct irq_chip sim_irq_chip = {
	.name = "notify_sim",
	.irq_mask = sim_irq_nop,
	.irq_unmask = sim_irq_nop,
};

static int sim_irq_map(struct irq_domain *domain, unsigned int virq, irq_hw_number_t hwirq)
{
	irq_set_chip_and_handler(virq, &sim_irq_chip, handle_simple_irq);
	return 0;
}

static const struct irq_domain_ops sim_domain_ops = {
	.map = sim_irq_map,
};

static void sim_destroy_irq(struct sim *sim)
{
	struct fwnode_handle *fwnode = sim->domain->fwnode;

	if (sim->irq) {
		irq_work_sync(&sim->raise);
		irq_dispose_mapping(sim->irq);
	}
	irq_domain_remove(sim->domain);
	irq_domain_free_fwnode(fwnode);
}

static int sim_create_irq(struct sim *sim)
{
	const char *name = config_item_name(&sim->item);
	struct fwnode_handle *fwnode = irq_domain_alloc_named_fwnode(name);
	int ret;

	if (!fwnode)
		return -ENOMEM;
	sim->domain = irq_domain_create_linear(fwnode, 1, &sim_domain_ops, sim);
	if (!sim->domain) {
		irq_domain_free_fwnode(fwnode);
		return -ENOMEM;
	}
	sim->irq = irq_create_mapping(sim->domain, 0);
	ret = sim->irq ? request_threaded_irq(sim->irq, sim_irq, sim_irq_thread, 0, name, sim) :
			 -ENOMEM;
	if (ret)
		sim_destroy_irq(sim);
	return ret;
}

/* -- /dev/notify_sim/<name> ------------------------------------------------ */

/* Broadcast a packet and wait for the broadcast. */
static int sim_inject(struct sim *sim, const void *packet)
{
	if (sim->context == SIM_CONTEXT_PROCESS)
		return notify_multi_broadcast_at(sim->nm, packet, sim->packet_size, sim->status,
						 notify_multi_now(sim->nm));
	sim->packet = packet;
	reinit_completion(&sim->done);
	irq_work_queue(&sim->raise);
	wait_for_completion(&sim->done);
	/* Wait for the handler to return: an interrupt raised while it runs is lost. */
	irq_work_sync(&sim->raise);
	return sim->result;
}

/* Inject the first packet of @count bytes; return its size. Caller must hold sim->lock. */
static ssize_t sim_inject_packet(struct sim *sim, const char __user *buf, size_t count)
{
	/* Not on the heap: the usercopy check would take a tenth of the time of an injection. */
	u8 small[SIM_SMALL_PACKET];
	void *packet = sim->packet_size <= sizeof(small) ? small : sim->buffer;
	int ret;

	if (!sim->nm)
		return -ENODEV;
	if (count % sim->packet_size)
		return -EINVAL;
	if (copy_from_user(packet, buf, sim->packet_size))
		return -EFAULT;
	ret = sim_inject(sim, packet);
	return ret ?: sim->packet_size;
}

/* The lock is dropped between packets, so that the simulator can be configured or disabled. */
static ssize_t sim_inject_write(struct file *file, const char __user *buf, size_t count,
				loff_t *ppos)
{
	struct sim *sim = file->private_data;
	size_t done = 0;
	ssize_t ret;

	while (done < count) {
		if (done) {
			cond_resched();
			if (fatal_signal_pending(current))
				return done;
		}
		if (mutex_lock_interruptible(&sim->lock))
			return done ?: -ERESTARTSYS;
		ret = sim_inject_packet(sim, buf + done, count - done);
		mutex_unlock(&sim->lock);
		if (ret < 0)
			return done ?: ret;
		done += ret;
	}
	return done;
}

static int sim_inject_open(struct inode *inode, struct file *file)
{
	struct sim *sim = container_of(file->private_data, struct sim, injector);

	config_item_get(&sim->item);
	file->private_data = sim;
	return stream_open(inode, file);
}

static int sim_inject_close(struct inode *inode, struct file *file)
{
	struct sim *sim = file->private_data;

	config_item_put(&sim->item);
	return 0;
}

static const struct file_operations sim_inject_fops = {
	.owner = THIS_MODULE,
	.open = sim_inject_open,
	.release = sim_inject_close,
	.write = sim_inject_write,
};

static int sim_create_injector(struct sim *sim)
{
	const char *name = config_item_name(&sim->item);
	int ret = -ENOMEM;

	sim->injector = (struct miscdevice) {
		.minor = MISC_DYNAMIC_MINOR,
		.fops = &sim_inject_fops,
		.mode = SIM_DEFAULT_MODE,
		.name = kasprintf(GFP_KERNEL, "notify_sim!%s", name),
		.nodename = kasprintf(GFP_KERNEL, "notify_sim/%s", name),
	};
	if (sim->injector.name && sim->injector.nodename)
		ret = misc_register(&sim->injector);
	if (ret) {
		kfree(sim->injector.nodename);
		kfree(sim->injector.name);
	}
	return ret;
}

static void sim_destroy_injector(struct sim *sim)
{
	misc_deregister(&sim->injector);
	kfree(sim->injector.nodename);
	kfree(sim->injector.name);
}

/* -- Enabling and disabling ------------------------------------------------ */

static int sim_enable(struct sim *sim)
{
	struct notify_multi_config config = {
		.name = config_item_name(&sim->item),
		.mode = sim->mode,
		.packet_size = sim->packet_size,
		.max_packets = sim->max_packets,
		.max_requests = sim->max_requests,
		.replay = sim->replay,
		.first_seq = sim->first_seq,
		.clock = sim->clock,
		.ops = &sim->ops,
		.drvdata = sim,
	};
	struct notify_multi *nm;
	int ret;

	sim->ops.complete = sim->complete_error ? sim_complete : NULL;
	sim->buffer = kvzalloc(sim->packet_size, GFP_KERNEL);
	if (!sim->buffer)
		return -ENOMEM;
	ret = sim_create_irq(sim);
	if (ret)
		goto free_buffer;
	ret = sim_create_injector(sim);
	if (ret)
		goto destroy_irq;
	/* Last: a node that appears stays until the simulator is disabled. */
	nm = notify_multi_register(NULL, &config);
	if (IS_ERR(nm)) {
		ret = PTR_ERR(nm);
		goto destroy_injector;
	}
	WRITE_ONCE(sim->nm, nm);
	return 0;

destroy_injector:
	sim_destroy_injector(sim);
destroy_irq:
	free_irq(sim->irq, sim);
	sim_destroy_irq(sim);
free_buffer:
	kvfree(sim->buffer);
	return ret;
}

static void sim_disable(struct sim *sim)
{
	sim_destroy_injector(sim);
	free_irq(sim->irq, sim);
	sim_destroy_irq(sim);
	notify_multi_unregister(sim->nm);
	WRITE_ONCE(sim->nm, NULL);
	kvfree(sim->buffer);
}

/* -- configfs -------------------------------------------------------------- */

/* For attributes that notify_multi_register() copies; they can be set only while disabled. */
static ssize_t sim_set_u32(struct sim *sim, u32 *field, const char *page, size_t len,
			   u32 least, u32 most)
{
	ssize_t ret;
	u32 value;

	ret = kstrtou32(page, 0, &value);
	if (ret || value < least || value > most)
		return -EINVAL;

	mutex_lock(&sim->lock);
	if (sim->nm)
		ret = -EBUSY;
	else
		WRITE_ONCE(*field, value);
	mutex_unlock(&sim->lock);
	return ret ?: len;
}

static ssize_t sim_packet_size_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_sim(item)->packet_size));
}

static ssize_t sim_packet_size_store(struct config_item *item, const char *page, size_t len)
{
	struct sim *sim = to_sim(item);

	return sim_set_u32(sim, &sim->packet_size, page, len, 1, NOTIFY_MULTI_MAX_PACKET_SIZE);
}
CONFIGFS_ATTR(sim_, packet_size);

static ssize_t sim_max_packets_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_sim(item)->max_packets));
}

static ssize_t sim_max_packets_store(struct config_item *item, const char *page, size_t len)
{
	struct sim *sim = to_sim(item);

	return sim_set_u32(sim, &sim->max_packets, page, len, 1, U32_MAX);
}
CONFIGFS_ATTR(sim_, max_packets);

static ssize_t sim_max_requests_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_sim(item)->max_requests));
}

static ssize_t sim_max_requests_store(struct config_item *item, const char *page, size_t len)
{
	struct sim *sim = to_sim(item);

	return sim_set_u32(sim, &sim->max_requests, page, len, 1, INT_MAX);
}
CONFIGFS_ATTR(sim_, max_requests);

static ssize_t sim_replay_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%u\n", READ_ONCE(to_sim(item)->replay));
}

static ssize_t sim_replay_store(struct config_item *item, const char *page, size_t len)
{
	struct sim *sim = to_sim(item);

	return sim_set_u32(sim, &sim->replay, page, len, 0, READ_ONCE(sim->max_packets));
}
CONFIGFS_ATTR(sim_, replay);

static int sim_parse_errno(const char *page, int *error)
{
	int ret = kstrtoint(page, 10, error);

	return ret || *error > 0 || *error < -MAX_ERRNO ? -EINVAL : 0;
}

static ssize_t sim_status_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_sim(item)->status));
}

static ssize_t sim_status_store(struct config_item *item, const char *page, size_t len)
{
	struct sim *sim = to_sim(item);
	int error;

	if (sim_parse_errno(page, &error))
		return -EINVAL;
	mutex_lock(&sim->lock);
	WRITE_ONCE(sim->status, error);
	mutex_unlock(&sim->lock);
	return len;
}
CONFIGFS_ATTR(sim_, status);

static ssize_t sim_arrival_error_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_sim(item)->arrival_error));
}

static ssize_t sim_arrival_error_store(struct config_item *item, const char *page, size_t len)
{
	int error;

	if (sim_parse_errno(page, &error))
		return -EINVAL;
	WRITE_ONCE(to_sim(item)->arrival_error, error);
	return len;
}
CONFIGFS_ATTR(sim_, arrival_error);

static ssize_t sim_complete_error_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_sim(item)->complete_error));
}

static ssize_t sim_complete_error_store(struct config_item *item, const char *page, size_t len)
{
	struct sim *sim = to_sim(item);
	ssize_t ret = len;
	int error;

	if (sim_parse_errno(page, &error))
		return -EINVAL;
	mutex_lock(&sim->lock);
	if (sim->nm)
		ret = -EBUSY;
	else
		WRITE_ONCE(sim->complete_error, error);
	mutex_unlock(&sim->lock);
	return ret;
}
CONFIGFS_ATTR(sim_, complete_error);

static ssize_t sim_mode_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%04o\n", READ_ONCE(to_sim(item)->mode));
}

static ssize_t sim_mode_store(struct config_item *item, const char *page, size_t len)
{
	struct sim *sim = to_sim(item);
	ssize_t ret;
	u16 mode;

	ret = kstrtou16(page, 8, &mode);
	if (ret || !mode || mode & ~0777)
		return -EINVAL;
	mutex_lock(&sim->lock);
	if (sim->nm)
		ret = -EBUSY;
	else
		WRITE_ONCE(sim->mode, mode);
	mutex_unlock(&sim->lock);
	return ret ?: len;
}
CONFIGFS_ATTR(sim_, mode);

static ssize_t sim_first_seq_show(struct config_item *item, char *page)
{
	struct sim *sim = to_sim(item);
	u64 seq;

	mutex_lock(&sim->lock);
	seq = sim->first_seq;
	mutex_unlock(&sim->lock);
	return sysfs_emit(page, "%llu\n", seq);
}

static ssize_t sim_first_seq_store(struct config_item *item, const char *page, size_t len)
{
	struct sim *sim = to_sim(item);
	ssize_t ret;
	u64 seq;

	ret = kstrtou64(page, 0, &seq);
	if (ret || seq > S64_MAX)
		return -EINVAL;
	mutex_lock(&sim->lock);
	if (sim->nm)
		ret = -EBUSY;
	else
		sim->first_seq = seq;
	mutex_unlock(&sim->lock);
	return ret ?: len;
}
CONFIGFS_ATTR(sim_, first_seq);

static ssize_t sim_clock_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", sim_clocks[READ_ONCE(to_sim(item)->clock)]);
}

static ssize_t sim_clock_store(struct config_item *item, const char *page, size_t len)
{
	struct sim *sim = to_sim(item);
	int clock = sysfs_match_string(sim_clocks, page);
	ssize_t ret = len;

	if (clock < 0)
		return -EINVAL;
	mutex_lock(&sim->lock);
	if (sim->nm)
		ret = -EBUSY;
	else
		WRITE_ONCE(sim->clock, clock);
	mutex_unlock(&sim->lock);
	return ret;
}
CONFIGFS_ATTR(sim_, clock);

static ssize_t sim_context_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%s\n", sim_contexts[READ_ONCE(to_sim(item)->context)]);
}

static ssize_t sim_context_store(struct config_item *item, const char *page, size_t len)
{
	struct sim *sim = to_sim(item);
	int context = sysfs_match_string(sim_contexts, page);

	if (context < 0)
		return -EINVAL;
	mutex_lock(&sim->lock);
	WRITE_ONCE(sim->context, context);
	mutex_unlock(&sim->lock);
	return len;
}
CONFIGFS_ATTR(sim_, context);

static ssize_t sim_live_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_sim(item)->nm) ? 1 : 0);
}

static ssize_t sim_live_store(struct config_item *item, const char *page, size_t len)
{
	struct sim *sim = to_sim(item);
	ssize_t ret;
	u8 live;

	ret = kstrtou8(page, 10, &live);
	if (ret || live > 1)
		return -EINVAL;
	mutex_lock(&sim->lock);
	if (live && !sim->nm)
		ret = sim_enable(sim);
	else if (!live && sim->nm)
		sim_disable(sim);
	mutex_unlock(&sim->lock);
	return ret ?: len;
}
CONFIGFS_ATTR(sim_, live);

static ssize_t sim_arrivals_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", atomic_read(&to_sim(item)->arrivals));
}
CONFIGFS_ATTR_RO(sim_, arrivals);

static ssize_t sim_departures_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", atomic_read(&to_sim(item)->departures));
}
CONFIGFS_ATTR_RO(sim_, departures);

static struct configfs_attribute *sim_attrs[] = {
	&sim_attr_packet_size,
	&sim_attr_max_packets,
	&sim_attr_max_requests,
	&sim_attr_replay,
	&sim_attr_mode,
	&sim_attr_clock,
	&sim_attr_context,
	&sim_attr_status,
	&sim_attr_arrival_error,
	&sim_attr_complete_error,
	&sim_attr_live,
	&sim_attr_first_seq,
	&sim_attr_arrivals,
	&sim_attr_departures,
	NULL
};

static void sim_release(struct config_item *item)
{
	struct sim *sim = to_sim(item);

	mutex_destroy(&sim->lock);
	kfree(sim);
}

static struct configfs_item_operations sim_item_ops = {
	.release = sim_release,
};

static const struct config_item_type sim_type = {
	.ct_item_ops = &sim_item_ops,
	.ct_attrs = sim_attrs,
	.ct_owner = THIS_MODULE,
};

static struct config_item *sim_make(struct config_group *group, const char *name)
{
	struct sim *sim = kzalloc(sizeof(*sim), GFP_KERNEL);

	if (!sim)
		return ERR_PTR(-ENOMEM);
	mutex_init(&sim->lock);
	init_completion(&sim->done);
	sim->raise = IRQ_WORK_INIT_HARD(sim_raise);
	sim->ops.arrival = sim_arrival;
	sim->ops.departure = sim_departure;
	sim->packet_size = SIM_DEFAULT_PACKET_SIZE;
	sim->max_packets = SIM_DEFAULT_MAX_PACKETS;
	sim->max_requests = SIM_DEFAULT_MAX_REQUESTS;
	sim->mode = SIM_DEFAULT_MODE;
	sim->first_seq = 1;
	config_item_init_type_name(&sim->item, name, &sim_type);
	/* config_item_init_type_name() does not report that it could not allocate the name. */
	if (!config_item_name(&sim->item)) {
		config_item_put(&sim->item);
		return ERR_PTR(-ENOMEM);
	}
	return &sim->item;
}

static void sim_drop(struct config_group *group, struct config_item *item)
{
	struct sim *sim = to_sim(item);

	mutex_lock(&sim->lock);
	if (sim->nm)
		sim_disable(sim);
	mutex_unlock(&sim->lock);
	config_item_put(item);
}

static struct configfs_group_operations sim_group_ops = {
	.make_item = sim_make,
	.drop_item = sim_drop,
};

static const struct config_item_type sim_group_type = {
	.ct_group_ops = &sim_group_ops,
	.ct_owner = THIS_MODULE,
};

static struct configfs_subsystem sim_subsystem = {
	.su_group = {
		.cg_item = {
			.ci_namebuf = "notify_sim",
			.ci_type = &sim_group_type,
		},
	},
};

static int __init notify_sim_init(void)
{
	config_group_init(&sim_subsystem.su_group);
	mutex_init(&sim_subsystem.su_mutex);
	return configfs_register_subsystem(&sim_subsystem);
}
module_init(notify_sim_init);

static void __exit notify_sim_exit(void)
{
	configfs_unregister_subsystem(&sim_subsystem);
}
module_exit(notify_sim_exit);

MODULE_DESCRIPTION("Source of notify_multi without hardware");
MODULE_AUTHOR("The notify_multi developers");
MODULE_LICENSE("GPL");
MODULE_VERSION(NOTIFY_MULTI_VERSION);
