// SPDX-License-Identifier: GPL-2.0
/*
 * notify_irq on the registers of the edu device, which test_modules/notify_irq_pci.c describes by
 * software nodes. The device holds its interrupt bits until they are acknowledged.
 */

#include <sys/wait.h>

#include "gpio_chip.h"
#include "irq_pci.h"
#include "kmsg.h"

/* IRQ_MAX_EVENTS of notify_irq.c. */
#define MAX_EVENTS	64

#define OPEN()										\
({											\
	int fd_ = sim_open(IRQ_NAME, O_RDONLY);						\
											\
	ASSERT_LE(0, fd_);								\
	fd_;										\
})

/* Create the device with these parameters, and open it. */
#define LOAD(parameters)								\
do {											\
	int ret = load_irq_pci(parameters);						\
											\
	if (ret == -ENOENT)								\
		SKIP(return, "no " IRQ_PCI ".ko in $NOTIFY_MULTI_MODULES");		\
	if (ret == -ENODEV)								\
		SKIP(return, "no edu device");						\
	ASSERT_EQ(0, ret);								\
	self->fd = OPEN();								\
} while (0)

FIXTURE(irq_pci) { int fd; };

FIXTURE_SETUP(irq_pci)
{
	self->fd = -1;
	LOAD("replay=1");
}

FIXTURE_TEARDOWN(irq_pci)
{
	close(self->fd);
	unload_module(IRQ_PCI);
}

/* Also bits that are raised while the handler runs. */
TEST_F(irq_pci, every_bit_is_in_exactly_one_packet)
{
	struct edu_record record;
	__u32 raised = 0, seen = 0, packets = 0;

	for (unsigned int i = 0; i < 1000; i++) {
		__u32 bit = 1U << i * 7 % 32;

		if (raised & bit) {
			while (raised != seen) {
				NEXT(self->fd, &record);
				EXPECT_EQ(0, record.header.dropped);
				EXPECT_EQ(++packets, record.irq_count);
				EXPECT_EQ(EDU_REGISTERS, record.nregs);
				EXPECT_EQ(EDU_ID_VALUE, record.regs[EDU_ID]);
				EXPECT_EQ(0, record.regs[EDU_BITS] & seen);
				seen |= record.regs[EDU_BITS];
			}
			raised = 0;
			seen = 0;
		}
		ASSERT_EQ(0, raise_bits(bit));
		raised |= bit;
	}
}

static void last_line(const char *command, char *line, size_t size)
{
	FILE *output = popen(command, "re");

	while (output && fgets(line, size, output))
		continue;
	if (!output || pclose(output))
		*line = '\0';
}

TEST_F(irq_pci, notifycat_shows_count_and_registers)
{
	char line[256] = "", expected[256];
	struct edu_record record;

	if (system("notifycat --help >/dev/null 2>&1"))
		SKIP(return, "no notifycat in $PATH");
	ASSERT_EQ(0, raise_bits(6));
	NEXT(self->fd, &record);
	last_line("notifycat --replay-only " IRQ_NAME, line, sizeof(line));
	snprintf(expected, sizeof(expected),
		 IRQ_NAME " 1 %llu.%09llu irq_count 1 nregs 10 irq 0 regs 0x%08x,0x%08x,",
		 record.header.timestamp_ns / 1000000000, record.header.timestamp_ns % 1000000000,
		 EDU_ID_VALUE, record.regs[EDU_COMPLEMENT]);
	EXPECT_EQ(0, strncmp(expected, line, strlen(expected)))
		TH_LOG("%s", line);
	EXPECT_NE(NULL, strstr(line, ",0x00000006 replay\n"));
	last_line("notifycat --replay-only -f json " IRQ_NAME, line, sizeof(line));
	snprintf(expected, sizeof(expected),
		 ",\"irq_count\":1,\"nregs\":10,\"irq\":0,\"regs\":[%u,%u,",
		 EDU_ID_VALUE, record.regs[EDU_COMPLEMENT]);
	EXPECT_NE(NULL, strstr(line, expected));
	EXPECT_NE(NULL, strstr(line, ",6]}\n"));
}

/* A stuck interrupt is stopped after fewer. */
TEST_F(irq_pci, acknowledged_level_is_not_stopped)
{
	struct edu_record record;

	for (unsigned int i = 1; i <= 6000; i++) {
		ASSERT_EQ(0, raise_bits(1U << i % 32));
		NEXT(self->fd, &record);
		ASSERT_EQ(i, record.header.seq);
		ASSERT_EQ(0, record.header.status);
		ASSERT_EQ(0, record.irq);
	}
}

static void raise_until_killed(void)
{
	for (unsigned int i = 0; !raise_bits(1U << i % 32); i++)
		continue;
	_exit(1);
}

TEST_F(irq_pci, unbind_works_during_interrupts_with_clients)
{
	struct edu_record record;
	int clients[20], status, ret;
	pid_t raiser = fork();

	if (!raiser)
		raise_until_killed();
	ASSERT_LT(0, raiser);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		clients[i] = OPEN();
		NEXT(clients[i], &record);
		EXPECT_EQ(EDU_REGISTERS, record.nregs);
		usleep(1000 * (i % 5));
		ASSERT_EQ(0, write_file(IRQ_DRIVER "unbind", IRQ_DEVICE));
		ASSERT_EQ(0, write_file(IRQ_DRIVER "bind", IRQ_DEVICE));
	}
	ASSERT_EQ(0, kill(raiser, SIGKILL));
	ASSERT_EQ(raiser, waitpid(raiser, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		do {
			ret = next_record(clients[i], &record, sizeof(record));
		} while (!ret);
		EXPECT_EQ(-ENODEV, ret);
		close(clients[i]);
	}
}

TEST_F(irq_pci, rmmod_wakes_blocked_read)
{
	struct edu_record record;
	struct reader reader;

	ASSERT_TRUE(reader_start(&reader, self->fd, sizeof(reader.buffer)));
	ASSERT_TRUE(wait_requests(self->fd, 1));
	ASSERT_EQ(0, unload_module("notify_irq"));
	EXPECT_EQ(-ENODEV, reader_join(&reader));
	EXPECT_EQ(-ENOENT, sim_open(IRQ_NAME, O_RDONLY));
	ASSERT_EQ(0, load_module("notify_irq", ""));
	close(self->fd);
	self->fd = OPEN();
	ASSERT_EQ(0, raise_bits(1));
	NEXT(self->fd, &record);
	EXPECT_EQ(1, record.irq_count);
}

/* -- In a power domain, which is off when the device has no driver -- */

/* Complements of the values that the test module writes at init and exit. */
#define DOMAIN_INIT	(__u32)~0x1111
#define DOMAIN_EXIT	(__u32)~0x2222

FIXTURE(domain) { int fd; };

FIXTURE_SETUP(domain)
{
	self->fd = -1;
	LOAD("domain=1");
}

FIXTURE_TEARDOWN(domain)
{
	close(self->fd);
	unload_module(IRQ_PCI);
}

#define EXPECT_DOMAIN_WORKS()								\
do {											\
	struct edu_record record_;							\
											\
	ASSERT_EQ(0, raise_bits(4));							\
	NEXT(self->fd, &record_);							\
	EXPECT_EQ(4, record_.regs[EDU_BITS]);						\
	EXPECT_EQ(DOMAIN_INIT, record_.regs[EDU_COMPLEMENT]);				\
} while (0)

TEST_F(domain, is_on_until_exit_is_written)
{
	EXPECT_EQ(1, irq_pci_number("power"));
	EXPECT_DOMAIN_WORKS();
	ASSERT_EQ(0, write_file(IRQ_DRIVER "unbind", IRQ_DEVICE));
	EXPECT_EQ(0, irq_pci_number("power"));
	EXPECT_EQ(DOMAIN_EXIT, irq_pci_number("last_complement"));
	ASSERT_EQ(0, write_file(IRQ_DRIVER "bind", IRQ_DEVICE));
	close(self->fd);
	self->fd = OPEN();
	EXPECT_EQ(1, irq_pci_number("power"));
	EXPECT_DOMAIN_WORKS();
}

TEST_F(domain, is_off_after_failed_probe)
{
	ASSERT_EQ(0, write_file(IRQ_DRIVER "unbind", IRQ_DEVICE));
	if (!sim_available())
		SKIP(return, "notify_sim is not available");
	ASSERT_EQ(0, sim_start(IRQ_NAME, &(struct sim_config){ .packet_size = 1 }));
	EXPECT_NE(0, write_file(IRQ_DRIVER "bind", IRQ_DEVICE));
	EXPECT_EQ(0, irq_pci_number("power"));
	EXPECT_EQ(DOMAIN_EXIT, irq_pci_number("last_complement"));
	ASSERT_EQ(0, sim_remove(IRQ_NAME));
}

TEST_F(domain, block_works_after_suspend)
{
	int ret = suspend_until("platform");

	if (ret == -ENOENT)
		SKIP(return, "this kernel has no /sys/power/pm_test");
	ASSERT_EQ(0, ret);
	/* Interrupts were disabled before the domain was off. */
	EXPECT_EQ(DOMAIN_EXIT, irq_pci_number("last_complement"));
	EXPECT_DOMAIN_WORKS();
	EXPECT_EQ(1, get_stats(self->fd).seq);
}

/* -- With the interrupt of a line: bits and interrupt are separate -- */

FIXTURE(line) { int fd; };

FIXTURE_SETUP(line)
{
	self->fd = -1;
}

FIXTURE_TEARDOWN(line)
{
	close(self->fd);
	unload_module(IRQ_PCI);
	EXPECT_EQ(0, unload_chip());
}

/* Use the interrupt of the controller's first line. */
#define START(controller, parameters)							\
do {											\
	int loaded = load_chip(controller);						\
	char start[128];								\
											\
	if (loaded == -ENOENT)								\
		SKIP(return, "no " GPIO_CHIP ".ko in $NOTIFY_MULTI_MODULES");		\
	ASSERT_EQ(0, loaded);								\
	snprintf(start, sizeof(start), "interrupt=%lld %s", chip_number("interrupt"),	\
		 parameters);								\
	LOAD(start);								\
} while (0)

#define RAISE(bits) ASSERT_EQ(0, raise_bits(bits))
#define PULSE() ASSERT_EQ(0, toggle(0, 2))

#define EXPECT_PACKET(count, bits)							\
do {											\
	struct edu_record record;							\
											\
	NEXT(self->fd, &record);							\
	EXPECT_EQ(count, record.irq_count);						\
	EXPECT_EQ(bits, record.regs[EDU_BITS]);						\
} while (0)

/* Nested with all properties, and in hard IRQ context without the status register. */
TEST_F(line, interrupt_sends_packet)
{
	for (unsigned int statusless = 0; statusless < 2; statusless++) {
		START(statusless ? "" : "nested=1", statusless ? "statusless=1" : "");
		for (unsigned int i = 1; i <= 3; i++) {
			RAISE(1U << i);
			PULSE();
			EXPECT_PACKET(i, 1U << i);
		}
		EXPECT_EQ(3, get_stats(self->fd).seq);
		close(self->fd);
		unload_module(IRQ_PCI);
	}
}

TEST_F(line, packet_has_index_of_interrupt)
{
	struct edu_record record;
	char parameters[64];
	int ret = load_chip("");

	if (ret == -ENOENT)
		SKIP(return, "no " GPIO_CHIP ".ko in $NOTIFY_MULTI_MODULES");
	ASSERT_EQ(0, ret);
	snprintf(parameters, sizeof(parameters), "statusless=1 second=%lld",
		 chip_number("interrupt"));
	LOAD(parameters);
	for (unsigned int i = 1; i < 4; i++) {
		RAISE(1U << i);
		NEXT(self->fd, &record);
		EXPECT_EQ(0, record.irq);
		EXPECT_EQ(1U << i, record.regs[EDU_BITS]);
		PULSE();
		NEXT(self->fd, &record);
		EXPECT_EQ(1, record.irq);
		EXPECT_EQ(0, record.regs[EDU_BITS]);
		EXPECT_EQ(2 * i, record.irq_count);
	}
}

TEST_F(line, edge_without_status_bit_sends_no_packet)
{
	START("", "");
	PULSE();
	RAISE(8);
	PULSE();
	EXPECT_PACKET(1, 8);
}

TEST_F(line, edge_with_bits_outside_mask_sends_no_packet)
{
	START("", "mask=15");
	RAISE(16);
	PULSE();
	RAISE(8);
	PULSE();
	EXPECT_PACKET(1, 24);
}

/* A bit that is set before the others are acknowledged causes no new edge. */
TEST_F(line, edge_repeats_until_status_clear_or_limit)
{
	struct edu_record record;

	START("", "stays=1");
	RAISE(4);
	PULSE();
	for (unsigned int i = 1; i <= MAX_EVENTS; i++) {
		NEXT(self->fd, &record);
		ASSERT_EQ(i, record.irq_count);
		ASSERT_EQ(4, record.regs[EDU_BITS]);
		/* The device complements the value written for ack-copy. */
		if (i > 1)
			ASSERT_EQ((__u32)~EDU_ID_VALUE, record.regs[EDU_COMPLEMENT]);
		ASSERT_EQ(0, record.header.dropped);
	}
	EXPECT_EQ(MAX_EVENTS, get_stats(self->fd).seq);
}

/*
 * Hard handlers of five edges. The controller has recorded a time after the last one, when no IRQ
 * thread could run yet.
 */
TEST_F(line, burst_has_handler_times_drops_oldest)
{
	const unsigned int events = 5 * MAX_EVENTS;
	struct edu_record record;
	__u64 last;

	START("", "stays=1");
	RAISE(4);
	last = monotonic_ns();
	ASSERT_EQ(0, toggle(0, 2 * 5));
	for (unsigned int i = 1; i <= SOURCE_QUEUE; i++) {
		NEXT(self->fd, &record);
		/* seq has no gap, irq_count has. */
		ASSERT_EQ(i, record.header.seq);
		ASSERT_EQ(events - SOURCE_QUEUE + i, record.irq_count);
		ASSERT_LE(last, record.header.timestamp_ns);
		last = record.header.timestamp_ns;
	}
	EXPECT_GE(chip_number("handled_ns"), last);
	EXPECT_EQ(events - SOURCE_QUEUE, device_number(IRQ_DEVICE, "overflows"));
	EXPECT_EQ(0, poll_now(self->fd, POLLIN));
}

TEST_F(line, burst_of_edges_is_not_stopped)
{
	struct edu_record record;

	START("", "statusless=1");
	ASSERT_EQ(0, toggle(0, 2 * 6000));
	for (unsigned int i = 6000 - SOURCE_QUEUE + 1; i <= 6000; i++) {
		NEXT(self->fd, &record);
		ASSERT_EQ(0, record.header.status);
		ASSERT_EQ(i, record.irq_count);
	}
	PULSE();
	EXPECT_PACKET(6001, 0);
}

TEST_F(line, suspend_works_without_wakeup_support)
{
	int log = log_open(), ret;

	START("", "wakeup=1");
	ret = suspend_devices();
	if (ret == -ENOENT)
		SKIP(return, "this kernel has no /sys/power/pm_test");
	ASSERT_EQ(0, ret);
	EXPECT_TRUE(log_contains(log, IRQ_DEVICE, "interrupt 0: cannot enable wakeup"));
	close(log);
	RAISE(2);
	PULSE();
	EXPECT_PACKET(1, 2);
}

TEST_HARNESS_MAIN
