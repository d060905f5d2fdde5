// SPDX-License-Identifier: GPL-2.0
/*
 * notify_edge: measure edges of a GPIO line that the host moves. Prints a line for each figure:
 *
 *	@edge NAME FIGURE READERS VALUE
 *
 *	irq       least time that an interrupt of the line takes from a program that reads the clock
 *	read      least time from the interrupt until all readers have read the edge
 *	burst     number of edges that a reader gets of those that occur before the IRQ thread runs
 *
 * With "print", other programs print the edges to the standard input, and the time when all have
 * printed is reported with the last line: "@printed NAME READERS TIME LINE".
 *
 * The unit is nanoseconds. QEMU's -icount makes each instruction take one. Needs one CPU, and root.
 */
#include <fcntl.h>
#include <glob.h>
#include <linux/gpio.h>
#include <linux/notify_gpio.h>
#include <linux/notify_multi.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "file.h"
#include "options.h"
#include "process.h"

#define ROUNDS		25
#define LINE		5
/* Name of the interrupt: the consumer or the device. */
#define CONSUMER	"bench"
#define BURST		64
/* Programs have started when they print nothing for this time, which passes at once while idle. */
#define START_MS	10000

/* Above the IRQ threads. */
#define HIGHEST_PRIORITY	99

static const char *option_name = "", *option_figure = "read", *option_edge = "both";
static uint64_t option_readers = 1;
static bool option_cdev, option_poll;
static const struct option_value options[] = {
	{ "name", "TEXT        of the candidate", .text = &option_name },
	{ "figure", "NAME      irq, read, burst or print", .text = &option_figure },
	{ "edge", "NAME        both or rising", .text = &option_edge },
	{ "readers", "COUNT    number of readers (1)", .number = &option_readers },
	{ "cdev", "            read gpiolib's character device", .flag = &option_cdev },
	{ "poll", "            poll before each read, as gpiomon does", .flag = &option_poll },
	{ }
};

static unsigned int level;

static void report(uint64_t value)
{
	printf("@edge %s %s %u %llu\n", option_name, option_figure, (unsigned int)option_readers,
	       (unsigned long long)value);
}

/* -- Edges -- */

/* The line becomes high for each edge if only rising edges are requested. */
static void move_line(void)
{
	if (!strcmp(option_edge, "rising") && level)
		printf("@line %u 0\n", LINE);
	level = !strcmp(option_edge, "rising") || !level;
	printf("@line %u %u\n", LINE, level);
	fflush(stdout);
}

/* For the next program. The host sends a line when it has moved the line. */
static void reset_line(void)
{
	int console = open("/dev/console", O_RDONLY | O_NOCTTY | O_CLOEXEC);
	char text[16];

	printf("@line %u 0\n@done\n", LINE);
	fflush(stdout);
	CHECK(read(console, text, sizeof(text)) > 0);
	close(console);
}

static int open_cdev(void)
{
	int chip = open("/dev/gpiochip0", O_RDONLY | O_CLOEXEC);
	struct gpio_v2_line_request request = {
		.offsets = { LINE },
		.num_lines = 1,
		.consumer = CONSUMER,
		.config.flags = GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING,
		.event_buffer_size = 2 * BURST,
	};

	if (!strcmp(option_edge, "both"))
		request.config.flags |= GPIO_V2_LINE_FLAG_EDGE_FALLING;
	CHECK(chip >= 0);
	CHECK(!ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request));
	close(chip);
	return request.fd;
}

static uint64_t read_edge(int fd)
{
	struct {
		struct notify_multi_record header;
		struct notify_gpio_event event;
	} record;
	struct gpio_v2_line_event event;

	if (option_cdev) {
		CHECK(read(fd, &event, sizeof(event)) == sizeof(event));
		return event.timestamp_ns;
	}
	CHECK(read(fd, &record, sizeof(record)) == sizeof(record));
	return record.header.timestamp_ns;
}

static int open_reader(void)
{
	int fd = option_cdev ? open_cdev() :
			       open("/dev/notify/" CONSUMER, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	/* The state. */
	if (!option_cdev)
		read_edge(fd);
	return fd;
}

static bool wait_for_edge(int fd, int ms)
{
	struct pollfd edge = { .fd = fd, .events = POLLIN };

	return poll(&edge, 1, ms) == 1;
}

static void set_priority(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	CHECK(!sched_setscheduler(0, priority ? SCHED_FIFO : SCHED_OTHER, &param));
}

/* -- Interrupt -- */

static uint64_t clock_cost(void)
{
	uint64_t least = UINT64_MAX, start;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		start = now_ns();
		start = now_ns() - start;
		if (start < least)
			least = start;
	}
	return least;
}

/* Return the time of the next interrupt, whatever its source. */
static uint64_t wait_for_interrupt(uint64_t cost, uint64_t *start)
{
	uint64_t end = now_ns();

	do {
		*start = end;
		end = now_ns();
	} while (end - *start < 2 * cost);
	return end - *start - cost;
}

/* Threads of interrupts run only when this program sleeps. */
static void measure_irq(void)
{
	uint64_t cost = clock_cost(), least = UINT64_MAX, start, elapsed, time;
	int fd = open_reader(), measured = 0;

	set_priority(HIGHEST_PRIORITY);
	while (measured < ROUNDS) {
		move_line();
		do {
			elapsed = wait_for_interrupt(cost, &start);
		} while (!wait_for_edge(fd, 2));
		time = read_edge(fd);
		/* Others occurred while this program slept. */
		if (time < start || time > start + elapsed)
			continue;
		measured++;
		if (elapsed < least)
			least = elapsed;
	}
	report(least);
}

/* -- Readers -- */

static sem_t all_have_read;
static unsigned int have_read;
static uint64_t edge_time, read_time;

static void *run_reader(void *data)
{
	int fd = open_reader();

	sem_post(&all_have_read);
	for (;;) {
		if (option_poll)
			wait_for_edge(fd, -1);
		edge_time = read_edge(fd);
		read_time = now_ns();
		if (++have_read == option_readers)
			sem_post(&all_have_read);
	}
	return NULL;
}

static void measure_read(void)
{
	uint64_t least = UINT64_MAX;
	pthread_t thread;
	unsigned int i;

	CHECK(!sem_init(&all_have_read, 0, 0));
	for (i = 0; i < option_readers; i++) {
		CHECK(!pthread_create(&thread, NULL, run_reader, NULL));
		CHECK(!sem_wait(&all_have_read));
	}
	for (i = 0; i < ROUNDS; i++) {
		have_read = 0;
		move_line();
		CHECK(!sem_wait(&all_have_read));
		if (read_time - edge_time < least)
			least = read_time - edge_time;
	}
	report(least);
}

/* -- Burst -- */

/* Set @path to the file that counts the interrupts of the line. */
static void find_irq(char *path, size_t size)
{
	char consumer[64];
	glob_t found;
	FILE *file;
	size_t i;

	CHECK(!glob("/sys/kernel/irq/*/actions", 0, NULL, &found));
	for (i = 0; i < found.gl_pathc; i++) {
		file = fopen(found.gl_pathv[i], "re");
		if (file && fscanf(file, "%63s", consumer) == 1 && !strcmp(consumer, CONSUMER))
			snprintf(path, size, "%.*sper_cpu_count",
				 (int)(strlen(found.gl_pathv[i]) - strlen("actions")),
				 found.gl_pathv[i]);
		if (file)
			fclose(file);
	}
	globfree(&found);
	CHECK(*path);
}

static unsigned int count_interrupts(void)
{
	static char path[64];
	unsigned int count;
	FILE *file;

	if (!*path)
		find_irq(path, sizeof(path));
	file = fopen(path, "re");
	CHECK(file && fscanf(file, "%u", &count) == 1);
	fclose(file);
	return count;
}

/* The IRQ thread does not run until the last edge has occurred. */
static void measure_burst(void)
{
	unsigned int interrupts, edges = 0, i;
	uint64_t time, last = 0;
	int fd = open_reader();

	interrupts = count_interrupts();
	set_priority(HIGHEST_PRIORITY);
	for (i = 0; i < BURST; i++)
		move_line();
	while (count_interrupts() - interrupts < BURST)
		;
	set_priority(0);
	while (wait_for_edge(fd, 1000)) {
		time = read_edge(fd);
		CHECK(time > last);
		last = time;
		edges++;
	}
	report(edges);
}

/* -- Other programs -- */

static void measure_print(void)
{
	char text[512];
	unsigned int i, k;
	uint64_t time;

	set_priority(HIGHEST_PRIORITY);
	/* Lines that they print before the first edge. */
	while (wait_for_edge(STDIN_FILENO, START_MS))
		CHECK(read(STDIN_FILENO, text, sizeof(text)) > 0);
	for (i = 0; i < ROUNDS; i++) {
		move_line();
		for (k = 0; k < option_readers; k++)
			CHECK(fgets(text, sizeof(text), stdin));
		time = now_ns();
		printf("@printed %s %u %llu %s", option_name, (unsigned int)option_readers,
		       (unsigned long long)time, text);
	}
}

static const struct {
	const char *name;
	void (*measure)(void);
} figures[] = {
	{ "irq", measure_irq }, { "read", measure_read }, { "burst", measure_burst },
	{ "print", measure_print }
};

int main(int argc, char **argv)
{
	unsigned int i;

	parse_options(argc, argv, options);
	for (i = 0; i < ARRAY_SIZE(figures); i++) {
		if (strcmp(option_figure, figures[i].name))
			continue;
		figures[i].measure();
		reset_line();
		return 0;
	}
	usage_error("unknown figure: %s", option_figure);
}
