// SPDX-License-Identifier: GPL-2.0
/*
 * notifycat, from $NOTIFYCAT or $PATH. Its output must match records read by the test exactly.
 */

#include "fdinfo.h"
#include "gpio_chip.h"

#include <pty.h>
#include <stdarg.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#define OTHER		"kselftest-other"
#define PACKET		16
#define LIMIT		8
#define MAX_ARGS	16
#define TEXT_BYTES	65536

/* -- Program --------------------------------------------------------------- */

/* @status: Exit status, or -1 minus the signal that killed it. */
struct cat {
	pid_t pid;
	int out;
	int err;
	int status;
	size_t out_bytes;
	char out_text[TEXT_BYTES];
	char err_text[TEXT_BYTES];
};

static const char *program(void)
{
	const char *path = getenv("NOTIFYCAT");

	return path ? path : "notifycat";
}

/* User to run the program as, if not 0. */
static uid_t program_uid;

static void run_program(const char *const *args)
{
	const char *argv[MAX_ARGS + 2] = { program() };
	unsigned int i;

	if (program_uid && setresuid(program_uid, program_uid, program_uid))
		_exit(126);
	for (i = 0; i < MAX_ARGS && args[i]; i++)
		argv[i + 1] = args[i];
	setenv("TZ", "UTC0", 1);
	execvp(argv[0], (char *const *)argv);
	_exit(127);
}

static bool cat_start(struct cat *cat, const char *const *args)
{
	int out[2], err[2];

	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC))
		return false;
	cat->pid = fork();
	if (!cat->pid) {
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		run_program(args);
	}
	close(out[1]);
	close(err[1]);
	cat->out = out[0];
	cat->err = err[0];
	cat->out_bytes = 0;
	cat->out_text[0] = '\0';
	cat->err_text[0] = '\0';
	return cat->pid > 0;
}

/* Read until the output contains @text, or until its end if @text is NULL. */
static bool read_until(int fd, char *output, size_t *bytes, const char *text)
{
	ssize_t ret;

	while (!text || !strstr(output, text)) {
		struct pollfd pollfd = { .fd = fd, .events = POLLIN };

		if (poll(&pollfd, 1, WAIT_MS) <= 0)
			return false;
		ret = read(fd, output + *bytes, TEXT_BYTES - 1 - *bytes);
		if (ret <= 0)
			return !text && (!ret || errno == EIO);
		*bytes += ret;
		output[*bytes] = '\0';
	}
	return true;
}

static bool cat_prints(struct cat *cat, const char *text)
{
	return read_until(cat->out, cat->out_text, &cat->out_bytes, text);
}

static bool cat_reports(struct cat *cat, const char *text)
{
	size_t bytes = strlen(cat->err_text);

	return read_until(cat->err, cat->err_text, &bytes, text);
}

static void cat_end(struct cat *cat)
{
	size_t bytes = strlen(cat->err_text);
	int status;

	read_until(cat->out, cat->out_text, &cat->out_bytes, NULL);
	read_until(cat->err, cat->err_text, &bytes, NULL);
	close(cat->out);
	close(cat->err);
	cat->status = -ECHILD;
	if (waitpid(cat->pid, &status, 0) == cat->pid)
		cat->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1 - WTERMSIG(status);
}

#define ARGS(...) ((const char *const []){ __VA_ARGS__, NULL })
#define RUN(...)						\
do {								\
	ASSERT_TRUE(cat_start(&self->cat, ARGS(__VA_ARGS__)));	\
	cat_end(&self->cat);					\
} while (0)

#define EXPECT_OUTPUT(text)					\
do {								\
	EXPECT_STREQ(text, self->cat.out_text);			\
	EXPECT_EQ(0, self->cat.status) {			\
		TH_LOG("standard error: %s", self->cat.err_text);	\
	}							\
} while (0)

/* -- Expected output ------------------------------------------------------- */

struct text {
	size_t bytes;
	char text[TEXT_BYTES];
};

static void __attribute__((format(printf, 2, 3))) add(struct text *text, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	text->bytes += vsnprintf(text->text + text->bytes, TEXT_BYTES - text->bytes, format, args);
	va_end(args);
}

static void add_hex(struct text *text, const void *bytes, size_t size)
{
	const unsigned char *byte = bytes;

	while (size--)
		add(text, "%02x", *byte++);
}

#define SECONDS(record) (record)->timestamp_ns / 1000000000, (record)->timestamp_ns % 1000000000
#define SECONDS_FORMAT "%llu.%09llu"

/* -- Sources --------------------------------------------------------------- */

FIXTURE(notifycat)
{
	int injector;
	int fd;
	size_t record_size;
	unsigned char buffer[16384];
	struct text expected;
	struct cat cat;
};

FIXTURE_SETUP(notifycat)
{
	self->injector = -1;
	self->fd = -1;
	self->expected.bytes = 0;
	self->expected.text[0] = '\0';
}

FIXTURE_TEARDOWN(notifycat)
{
	close(self->fd);
	close(self->injector);
	sim_remove(SIM_NAME);
	sim_remove(OTHER);
	unload_chip();
}

static bool have_program(void)
{
	struct cat *cat = malloc(sizeof(*cat));
	bool have;

	if (!cat || !cat_start(cat, ARGS("--help")))
		return false;
	cat_end(cat);
	have = cat->status == 0;
	free(cat);
	return have;
}

/* Create a source with replay. */
#define START_SIM(size)								\
do {										\
	const struct sim_config config = {					\
		.packet_size = size, .max_packets = LIMIT, .replay = LIMIT,	\
	};									\
										\
	if (!have_program())							\
		SKIP(return, "no notifycat in $PATH or $NOTIFYCAT");		\
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));				\
	self->record_size = record_size(size);					\
	self->injector = sim_open_injector(SIM_NAME);				\
	ASSERT_LE(0, self->injector);						\
} while (0)

#define BROADCAST(count, packets)						\
	ASSERT_EQ((ssize_t)((count) * sizeof(*(packets))),			\
		  write(self->injector, packets, (count) * sizeof(*(packets))))

/* Read the packets to expect. */
#define READ_BACK(count)							\
do {										\
	if (self->fd < 0)							\
		self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);		\
	ASSERT_EQ((ssize_t)((count) * self->record_size),			\
		  read_errno(self->fd, self->buffer, sizeof(self->buffer)));	\
} while (0)

static const struct notify_multi_record *record_of(const void *buffer, size_t size,
						   unsigned int index)
{
	return buffer + index * size;
}

#define RECORD(index) record_of(self->buffer, self->record_size, index)

static bool wait_clients(const char *name, unsigned int count)
{
	char path[256], text[32] = "";
	int ms;

	snprintf(path, sizeof(path), "/sys/class/misc/notify!%s/clients", name);
	for (ms = 0; ms < WAIT_MS; ms++) {
		if (!read_file(path, text, sizeof(text)) && strtoul(text, NULL, 10) == count)
			return true;
		usleep(1000);
	}
	return false;
}

/* -- Formats --------------------------------------------------------------- */

TEST_F(notifycat, text_prints_a_line_per_packet)
{
	unsigned char packets[2][PACKET];

	START_SIM(PACKET);
	packet_fill(packets[0], PACKET, 1);
	packet_fill(packets[1], PACKET, 2);
	BROADCAST(1, packets);
	ASSERT_EQ(0, sim_set(SIM_NAME, "status", "-5"));
	BROADCAST(1, packets + 1);
	READ_BACK(2);
	for (unsigned int i = 0; i < 2; i++) {
		add(&self->expected, SIM_NAME " %u " SECONDS_FORMAT " ", i + 1,
		    SECONDS(RECORD(i)));
		add_hex(&self->expected, packets[i], PACKET);
		add(&self->expected, " replay%s\n", i ? " status -5 (Input/output error)" : "");
	}
	RUN("-n", "2", SIM_NAME);
	EXPECT_OUTPUT(self->expected.text);
	EXPECT_STREQ("", self->cat.err_text);
	/* The path of the node instead of its name. */
	RUN("--count=2", "--format=text", NOTIFY_DIR SIM_NAME);
	EXPECT_OUTPUT(self->expected.text);
}

TEST_F(notifycat, json_prints_an_object_per_packet)
{
	unsigned char packets[2][PACKET];

	START_SIM(PACKET);
	packet_fill(packets[0], PACKET, 1);
	packet_fill(packets[1], PACKET, 2);
	BROADCAST(1, packets);
	ASSERT_EQ(0, sim_set(SIM_NAME, "status", "-110"));
	BROADCAST(1, packets + 1);
	READ_BACK(2);
	for (unsigned int i = 0; i < 2; i++) {
		add(&self->expected, "{\"device\":\"" SIM_NAME "\",\"seq\":%u,", i + 1);
		add(&self->expected, "\"timestamp_ns\":%llu,", RECORD(i)->timestamp_ns);
		add(&self->expected, "\"status\":%d,\"dropped\":0,\"replay\":true,\"data\":\"",
		    i ? -110 : 0);
		add_hex(&self->expected, packets[i], PACKET);
		add(&self->expected, "\"}\n");
	}
	RUN("-f", "json", "-n", "2", SIM_NAME);
	EXPECT_OUTPUT(self->expected.text);
}

TEST_F(notifycat, csv_prints_columns_of_all_devices)
{
	const struct sim_config other = { .packet_size = 5, .replay = 1 };
	const struct { __u32 line; __u8 raw[4]; } packet = { 7, { 1, 2, 3, 255 } };
	struct notify_multi_record *record = (void *)self->buffer;
	int injector, fd;

	START_SIM(sizeof(packet));
	BROADCAST(1, &packet);
	READ_BACK(1);
	add(&self->expected, "device,seq,time,status,dropped,replay,name,line,raw[0],raw[1],"
			     "raw[2],raw[3],data\n");
	add(&self->expected, SIM_NAME ",1," SECONDS_FORMAT ",0,0,1,,7,0x01,0x02,0x03,0xff,\n",
	    SECONDS(record));
	ASSERT_EQ(0, sim_start(OTHER, &other));
	injector = sim_open_injector(OTHER);
	ASSERT_EQ(5, write(injector, "a,\"b\x80", 5));
	close(injector);
	fd = sim_open(OTHER, O_RDONLY | O_NONBLOCK);
	ASSERT_EQ((ssize_t)record_size(5), read(fd, self->buffer, sizeof(self->buffer)));
	close(fd);
	add(&self->expected, OTHER ",1," SECONDS_FORMAT ",0,0,1,\"a,\\x22b\",,,,,,80\n",
	    SECONDS(record));
	RUN("-f", "csv", "-n", "2", "-d", OTHER ":char[4] name", "-d", "u32 line, x8[4] raw",
	    OTHER, SIM_NAME);
	/* The older packet is first. */
	EXPECT_OUTPUT(self->expected.text);
}

TEST_F(notifycat, raw_and_record_print_unchanged_bytes)
{
	unsigned char packets[3][PACKET];

	START_SIM(PACKET);
	for (unsigned int i = 0; i < 3; i++)
		packet_fill(packets[i], PACKET, i);
	BROADCAST(1, packets);
	ASSERT_EQ(0, sim_set(SIM_NAME, "status", "-5"));
	BROADCAST(1, packets + 1);
	ASSERT_EQ(0, sim_set(SIM_NAME, "status", "0"));
	BROADCAST(1, packets + 2);
	READ_BACK(3);
	RUN("-f", "raw", "--replay-only", SIM_NAME);
	EXPECT_EQ(0, self->cat.status);
	ASSERT_EQ(2 * PACKET, self->cat.out_bytes);
	EXPECT_EQ(0, memcmp(self->cat.out_text, packets[0], PACKET));
	EXPECT_EQ(0, memcmp(self->cat.out_text + PACKET, packets[2], PACKET));
	EXPECT_STREQ("notifycat: " SIM_NAME ": packet 2 has status -5: Input/output error\n",
		     self->cat.err_text);
	RUN("-f", "record", "--replay-only", SIM_NAME);
	ASSERT_EQ(3 * self->record_size, self->cat.out_bytes);
	EXPECT_EQ(0, memcmp(self->cat.out_text, self->buffer, self->cat.out_bytes));
}

/* Return the waveform after the lines with the time. */
static const char *waveform_of(const struct cat *cat)
{
	const char *wave = strstr(cat->out_text, "$timescale");

	return wave ? wave : "";
}

TEST_F(notifycat, vcd_draws_a_wire_per_number)
{
	const struct { __u8 a; __s8 b; __u16 c[2]; __u8 d[2]; } packets[] = {
		{ 1, -1, { 0, 0x8001 }, { 9, 9 } }, { 255, 2, { 3, 4 }, { } },
	};
	struct text *expected = &self->expected;
	uint64_t zero;

	START_SIM(sizeof(packets[0]));
	BROADCAST(2, packets);
	READ_BACK(2);
	zero = RECORD(0)->timestamp_ns - 1;
	add(expected, "$timescale 1 ns $end\n$scope module " SIM_NAME " $end\n"
	    "$var wire 8 %% a $end\n$var wire 8 & b $end\n$var wire 16 ' c_0 $end\n"
	    "$var wire 16 ( c_1 $end\n$upscope $end\n$enddefinitions $end\n"
	    "#0\n$dumpvars\nbx %%\nbx &\nbx '\nbx (\n$end\n"
	    "#1\nb1 %%\nb11111111 &\nb0 '\nb1000000000000001 (\n");
	if (RECORD(1)->timestamp_ns > RECORD(0)->timestamp_ns)
		add(expected, "#%llu\n", RECORD(1)->timestamp_ns - zero);
	add(expected, "b11111111 %%\nb10 &\nb11 '\nb100 (\n#");
	RUN("-f", "vcd", "--timescale=ns", "--replay-only", "-d",
	    "u8 a, s8 b, u16[2] c, u8[2] _", SIM_NAME);
	EXPECT_EQ(0, self->cat.status);
	EXPECT_EQ(0, strncmp(waveform_of(&self->cat), expected->text, expected->bytes)) {
		TH_LOG("expected\n%s\nactual\n%s", expected->text, self->cat.out_text);
	}
	expected->bytes = 0;
	add(expected, "$comment time 0 is %" PRIu64 " ns of CLOCK_MONOTONIC $end\n", zero);
	EXPECT_NE(NULL, strstr(self->cat.out_text, expected->text));
	RUN("-f", "vcd", "--replay-only", SIM_NAME);
	EXPECT_EQ(1, self->cat.status);
	EXPECT_NE(NULL, strstr(self->cat.err_text, "no packet layout to draw"));
}

TEST_F(notifycat, wall_clock_prints_time_of_day)
{
	unsigned char packet[1][PACKET] = { };
	struct timespec now;
	struct tm tm = { };
	char *text;
	time_t time;

	START_SIM(PACKET);
	clock_gettime(CLOCK_REALTIME, &now);
	BROADCAST(1, packet);
	RUN("-w", "-f", "json", "-n", "1", SIM_NAME);
	text = strstr(self->cat.out_text, "\"time\":\"");
	ASSERT_NE(NULL, text);
	text = strptime(text + 8, "%Y-%m-%dT%H:%M:%S.", &tm);
	ASSERT_NE(NULL, text);
	EXPECT_EQ(9, strspn(text, "0123456789"));
	EXPECT_EQ(0, strncmp(text + 9, "+00:00\",", 8));
	time = timegm(&tm);
	EXPECT_LE(now.tv_sec - 1, time);
	EXPECT_GE(now.tv_sec + WAIT_MS / 1000, time);
	RUN("--wall-clock", "-n", "1", SIM_NAME);
	EXPECT_EQ(0, strncmp(self->cat.out_text, SIM_NAME " 1 20", strlen(SIM_NAME) + 5));
	EXPECT_NE(NULL, strstr(self->cat.out_text, "+00:00 "));
}

/* -- Payloads -------------------------------------------------------------- */

struct types {
	__u8 u8;
	__s8 s8;
	__u16 u16;
	__s16 s16;
	__u32 u32;
	__s32 s32;
	__u64 u64;
	__s64 s64;
	__u8 x8;
	__u16 x16;
	__u32 x32;
	__u64 x64;
	char text[6];
	__s16 array[2];
	__u8 rest[2];
} __attribute__((packed));

#define TYPES "u8 a,s8 b,u16 c,s16 d,u32 e,s32 f,u64 g,s64 h,x8 i,x16 j,x32 k,x64 l,"	\
	      "char[6] text , s16 [ 2 ] array"

/* Limits of each type, escaped characters, and bytes without a layout. */
TEST_F(notifycat, decode_prints_each_type)
{
	const struct types packets[2] = {
		{ UINT8_MAX, INT8_MIN, UINT16_MAX, INT16_MIN, UINT32_MAX, INT32_MIN, UINT64_MAX,
		  INT64_MIN, UINT8_MAX, UINT16_MAX, UINT32_MAX, UINT64_MAX, "a\"\\\n\xe9z",
		  { INT16_MIN, INT16_MAX }, { 1, 0xfe } },
		{ .s8 = INT8_MAX, .s16 = INT16_MAX, .s32 = INT32_MAX, .s64 = INT64_MAX,
		  .x8 = 1, .x16 = 2, .x32 = 3, .x64 = 4, .text = "ok" },
	};
	struct text *expected = &self->expected;

	START_SIM(sizeof(struct types));
	BROADCAST(2, packets);
	READ_BACK(2);
	add(expected, SIM_NAME " 1 " SECONDS_FORMAT, SECONDS(RECORD(0)));
	add(expected, " a 255 b -128 c 65535 d -32768 e 4294967295 f -2147483648"
	    " g 18446744073709551615 h -9223372036854775808 i 0xff j 0xffff k 0xffffffff"
	    " l 0xffffffffffffffff text \"a\\x22\\x5c\\x0a\\xe9z\" array -32768,32767"
	    " data 01fe replay\n");
	add(expected, SIM_NAME " 2 " SECONDS_FORMAT, SECONDS(RECORD(1)));
	add(expected, " a 0 b 127 c 0 d 32767 e 0 f 2147483647 g 0 h 9223372036854775807"
	    " i 0x01 j 0x0002 k 0x00000003 l 0x0000000000000004 text \"ok\" array 0,0"
	    " data 0000 replay\n");
	RUN("--replay-only", "-d", TYPES, SIM_NAME);
	EXPECT_OUTPUT(expected->text);

	expected->bytes = 0;
	add(expected, "{\"device\":\"" SIM_NAME "\",\"seq\":1,\"timestamp_ns\":%llu,",
	    RECORD(0)->timestamp_ns);
	add(expected, "\"status\":0,\"dropped\":0,\"replay\":true,\"a\":255,\"b\":-128,"
	    "\"c\":65535,\"d\":-32768,\"e\":4294967295,\"f\":-2147483648,"
	    "\"g\":18446744073709551615,\"h\":-9223372036854775808,\"i\":255,\"j\":65535,"
	    "\"k\":4294967295,\"l\":18446744073709551615,"
	    "\"text\":\"a\\\"\\\\\\u000a\\u00e9z\",\"array\":[-32768,32767],"
	    "\"data\":\"01fe\"}\n");
	RUN("-f", "json", "-n", "1", "--decode", TYPES, SIM_NAME);
	EXPECT_OUTPUT(expected->text);
}

TEST_F(notifycat, decode_marks_error_in_layout)
{
	static const struct {
		const char *layout;
		unsigned int at;
		const char *message;
	} wrong[] = {
		{ "", 0, "missing type" },
		{ "u32 line, u33 raw", 10, "unknown type \"u33\"" },
		{ "u 8", 0, "unknown type \"u\"" },
		{ "u32", 3, "missing name" },
		{ "u32 1a", 4, "missing name" },
		{ "u8[0] a", 3, "count must be 1 to 65536" },
		{ "u8[65537] a", 3, "count must be 1 to 65536" },
		{ "u8[-1] a", 3, "count must be 1 to 65536" },
		{ "u8[4 a", 5, "missing \"]\"" },
		{ "u8 a u8 b", 5, "missing \",\"" },
		{ "u8 a,", 5, "missing type" },
		{ "u8 a, u8 a", 9, "duplicate field \"a\"" },
		{ "u8 dropped", 3, "reserved name \"dropped\"" },
		{ "u8[65536] a, u8 b", 13, "layout exceeds 65536 bytes" },
		{ "x:u8 a; u8 b", 6, "missing \",\"" },
	};
	char pointer[64];

	if (!have_program())
		SKIP(return, "no notifycat in $PATH or $NOTIFYCAT");
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		RUN("-d", wrong[i].layout, SIM_NAME);
		EXPECT_EQ(2, self->cat.status);
		snprintf(pointer, sizeof(pointer), "  %s\n  %*s^\n", wrong[i].layout,
			 (int)wrong[i].at, "");
		EXPECT_NE(NULL, strstr(self->cat.err_text, wrong[i].message));
		EXPECT_NE(NULL, strstr(self->cat.err_text, pointer)) {
			TH_LOG("%s", self->cat.err_text);
		}
	}
}

TEST_F(notifycat, decode_fails_if_layout_exceeds_packet)
{
	const __u64 packet = 1;

	START_SIM(sizeof(packet));
	BROADCAST(1, &packet);
	RUN("-n", "1", "-d", "u64 a", SIM_NAME);
	EXPECT_EQ(0, self->cat.status);
	RUN("-n", "1", "-d", "u64 a, u8 b", SIM_NAME);
	EXPECT_EQ(1, self->cat.status);
	EXPECT_STREQ("notifycat: " SIM_NAME ": layout needs 9 bytes, packets have only 8\n",
		     self->cat.err_text);
	/* A layout of another device is ignored. */
	RUN("-n", "1", "-d", "x:u64 a, u8 b", SIM_NAME);
	EXPECT_EQ(0, self->cat.status);
}

TEST_F(notifycat, formats_decode_gpio_edges)
{
	struct notify_multi_record *first = (void *)self->buffer;
	struct text *expected = &self->expected;
	const struct notify_multi_record *record;
	int ret;

	if (!have_program())
		SKIP(return, "no notifycat in $PATH or $NOTIFYCAT");
	ret = load_chip("sleeping=0 replay=8");
	if (ret == -ENOENT)
		SKIP(return, "no " CHIP ".ko in $NOTIFY_MULTI_MODULES");
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, write_file(PARAMETERS "device", "1"));
	ASSERT_EQ(0, toggle(0, 1));
	ASSERT_EQ(0, toggle(1, 2));
	self->record_size = record_size(16);
	self->fd = sim_open(NAME, O_RDONLY | O_NONBLOCK);
	for (unsigned int i = 0; i < 3; i++) {
		ASSERT_EQ(1, poll(&(struct pollfd){ self->fd, POLLIN, 0 }, 1, WAIT_MS));
		ASSERT_EQ((ssize_t)self->record_size,
			  read(self->fd, self->buffer + i * self->record_size,
			       self->record_size));
	}
	close(self->fd);
	add(expected, NAME " 1 " SECONDS_FORMAT, SECONDS(first));
	add(expected, " line 0 rising level 1 edge 1 replay\n");
	record = RECORD(1);
	add(expected, NAME " 2 " SECONDS_FORMAT, SECONDS(record));
	add(expected, " line 1 rising level 1 edge 1 replay\n");
	record = RECORD(2);
	add(expected, NAME " 3 " SECONDS_FORMAT, SECONDS(record));
	add(expected, " line 1 falling level 0 edge 2 replay\n");
	RUN("-n", "3", NAME);
	EXPECT_OUTPUT(expected->text);

	RUN("-n", "1", "-f", "json", NAME);
	EXPECT_NE(NULL, strstr(self->cat.out_text, ",\"line\":0,\"edge\":\"rising\",\"level\":1,"
						   "\"line_seqno\":1}\n"));
	RUN("-n", "1", "-f", "csv", NAME);
	EXPECT_NE(NULL, strstr(self->cat.out_text, ",replay,line,edge,level,line_seqno\n"));
	EXPECT_NE(NULL, strstr(self->cat.out_text, ",0,0,1,0,rising,1,1\n"));

	expected->bytes = 0;
	add(expected, "$timescale 1 ns $end\n$scope module " NAME " $end\n"
	    "$var wire 1 %% line0 $end\n$var wire 1 & line1 $end\n$upscope $end\n"
	    "$enddefinitions $end\n#0\n$dumpvars\nx%%\nx&\n$end\n#1\n1%%\n");
	add(expected, "#%llu\n1&\n", RECORD(1)->timestamp_ns - first->timestamp_ns + 1);
	add(expected, "#%llu\n0&\n", RECORD(2)->timestamp_ns - first->timestamp_ns + 1);
	RUN("-n", "3", "-f", "vcd", "--timescale", "ns", NAME);
	EXPECT_EQ(0, self->cat.status);
	EXPECT_EQ(0, strncmp(waveform_of(&self->cat), expected->text, expected->bytes)) {
		TH_LOG("expected\n%s\nactual\n%s", expected->text, self->cat.out_text);
	}
}

/* -- Options and errors ---------------------------------------------------- */

TEST_F(notifycat, exits_after_count_timeout_or_replay)
{
	unsigned char packets[3][PACKET] = { };

	START_SIM(PACKET);
	BROADCAST(3, packets);
	RUN("-n", "2", SIM_NAME);
	EXPECT_EQ(0, self->cat.status);
	EXPECT_NE(NULL, strstr(self->cat.out_text, SIM_NAME " 2 "));
	EXPECT_EQ(NULL, strstr(self->cat.out_text, SIM_NAME " 3 "));
	RUN("-n", "4", "-t", "0.2", SIM_NAME);
	EXPECT_EQ(3, self->cat.status);
	EXPECT_NE(NULL, strstr(self->cat.out_text, SIM_NAME " 3 "));
	RUN("--timeout=.2", SIM_NAME);
	EXPECT_EQ(0, self->cat.status);
	EXPECT_NE(NULL, strstr(self->cat.out_text, SIM_NAME " 3 "));
	RUN("--replay-only", SIM_NAME);
	EXPECT_EQ(0, self->cat.status);
	EXPECT_NE(NULL, strstr(self->cat.out_text, SIM_NAME " 3 "));
	/* Without packets to replay, --replay-only exits at once. */
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));
	RUN("--replay-only", SIM_NAME);
	EXPECT_OUTPUT("");
}

TEST_F(notifycat, options_are_refused_if_invalid)
{
	static const struct {
		const char *args[6];
		const char *message;
	} wrong[] = {
		{ { "-f", "xml", "x" }, "unknown format \"xml\"" },
		{ { "-n", "0", "x" }, "invalid count \"0\"" },
		{ { "-n", "-1", "x" }, "invalid count \"-1\"" },
		{ { "-n", "1x", "x" }, "invalid count \"1x\"" },
		{ { "-n", "18446744073709551616", "x" }, "invalid count" },
		{ { "-t", "", "x" }, "invalid timeout \"\"" },
		{ { "-t", "0.0", "x" }, "invalid timeout \"0.0\"" },
		{ { "-t", "1s", "x" }, "invalid timeout \"1s\"" },
		{ { "-q", "4294967296", "x" }, "invalid queue" },
		{ { "--timescale", "s", "x" }, "unknown timescale \"s\"" },
		{ { "--mmap", "--uring", "x" }, "cannot be combined" },
		{ { "--replay-only", "--follow", "x" }, "cannot be combined" },
		{ { "--info", "--follow", "x" }, "cannot be used with --info or --stats" },
		{ { "--stats", "-n", "1", "x" }, "cannot be used with --info or --stats" },
		{ { "--info", "-f", "csv", "x" }, "support only text and json" },
		{ { "--batch", "x" }, "--batch requires top" },
		{ { "top", "-i", "x" }, "invalid interval \"x\"" },
		{ { "--nonsense", "x" }, "Usage:" },
		{ { "-f" }, "Usage:" },
		{ { }, "Usage:" },
	};

	if (!have_program())
		SKIP(return, "no notifycat in $PATH or $NOTIFYCAT");
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		ASSERT_TRUE(cat_start(&self->cat, wrong[i].args));
		cat_end(&self->cat);
		EXPECT_EQ(2, self->cat.status);
		EXPECT_STREQ("", self->cat.out_text);
		EXPECT_NE(NULL, strstr(self->cat.err_text, wrong[i].message)) {
			TH_LOG("%u: %s", i, self->cat.err_text);
		}
	}
}

TEST_F(notifycat, device_errors_are_reported)
{
	START_SIM(PACKET);
	RUN("nosuch");
	EXPECT_EQ(1, self->cat.status);
	EXPECT_STREQ("notifycat: /dev/notify/nosuch: No such device (is its source loaded?)\n",
		     self->cat.err_text);
	RUN("/dev/null");
	EXPECT_EQ(1, self->cat.status);
	EXPECT_STREQ("notifycat: /dev/null: Not a notify_multi device\n", self->cat.err_text);
	RUN("-q", "4294967295", SIM_NAME);
	EXPECT_EQ(1, self->cat.status);
	EXPECT_NE(NULL, strstr(self->cat.err_text, "max_ring_bytes"));
	ASSERT_EQ(0, sim_set(SIM_NAME, "arrival_error", "-16"));
	RUN(SIM_NAME);
	EXPECT_EQ(1, self->cat.status);
	EXPECT_NE(NULL, strstr(self->cat.err_text, "Device or resource busy"));
	ASSERT_EQ(0, sim_set(SIM_NAME, "arrival_error", "0"));
	/* The removal of the last device ends the program. */
	ASSERT_TRUE(cat_start(&self->cat, ARGS(SIM_NAME)));
	ASSERT_TRUE(wait_clients(SIM_NAME, 1));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	cat_end(&self->cat);
	EXPECT_EQ(1, self->cat.status);
	EXPECT_NE(NULL, strstr(self->cat.err_text, "No such device"));
}

/* The error consumes one packet; the next one is still read. */
TEST_F(notifycat, failed_read_of_packet_is_reported)
{
	unsigned char packet[1][PACKET] = { };

	START_SIM(PACKET);
	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, -EIO));
	ASSERT_TRUE(cat_start(&self->cat, ARGS(SIM_NAME)));
	ASSERT_TRUE(wait_clients(SIM_NAME, 1));
	BROADCAST(1, packet);
	ASSERT_TRUE(cat_reports(&self->cat, "cannot read packet 1: Input/output error\n"));
	BROADCAST(1, packet);
	ASSERT_TRUE(cat_reports(&self->cat, "cannot read packet 2: Input/output error\n"));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	cat_end(&self->cat);
	EXPECT_EQ(1, self->cat.status);
	EXPECT_STREQ("", self->cat.out_text);
}

/* -- Drops ----------------------------------------------------------------- */

static void stop(struct cat *cat)
{
	int status;

	kill(cat->pid, SIGSTOP);
	waitpid(cat->pid, &status, WUNTRACED);
}

TEST_F_TIMEOUT(notifycat, drops_are_reported_in_each_format, 600)
{
	static const struct {
		const char *args[6];
		const char *output;
	} runs[] = {
		{ { "-f", "text" }, SIM_NAME " 13 " },
		{ { "-f", "json" }, "\"dropped\":12,\"replay\":false" },
		{ { "-f", "json", "--mmap" }, "\"dropped\":12,\"replay\":false" },
		{ { "-f", "csv" }, ",0,12,0," },
	};
	unsigned char packets[12 + LIMIT][PACKET] = { };

	for (unsigned int i = 0; i < ARRAY_SIZE(runs); i++) {
		const char *args[MAX_ARGS] = { "-n", "8", SIM_NAME };

		for (unsigned int arg = 0; runs[i].args[arg]; arg++)
			args[arg + 3] = runs[i].args[arg];
		START_SIM(PACKET);
		ASSERT_TRUE(cat_start(&self->cat, args));
		ASSERT_TRUE(wait_clients(SIM_NAME, 1));
		/* Do not send a packet to detect readiness: it would be counted. */
		ASSERT_TRUE(wait_asleep(&self->cat.pid, 'S'));
		stop(&self->cat);
		BROADCAST(12 + LIMIT, packets);
		kill(self->cat.pid, SIGCONT);
		cat_end(&self->cat);
		EXPECT_EQ(0, self->cat.status);
		EXPECT_STREQ("notifycat: " SIM_NAME ": 12 packets dropped before 13\n",
			     self->cat.err_text);
		EXPECT_NE(NULL, strstr(self->cat.out_text, runs[i].output)) {
			TH_LOG("%u: %s", i, self->cat.out_text);
		}
		close(self->injector);
	}
}

/* Wires are x from the last packet before the drop to the first one after it. */
TEST_F(notifycat, drops_are_x_in_waveform)
{
	const __u8 packets[1 + LIMIT] = { 5, 0, 1, 1, 1, 1, 1, 1, 1 };
	const char *wave;
	uint64_t time = 0;

	START_SIM(1);
	ASSERT_TRUE(cat_start(&self->cat, ARGS("-n", "9", "-f", "vcd", "--timescale=ns", "-d",
					       "u8 level", SIM_NAME)));
	ASSERT_TRUE(wait_clients(SIM_NAME, 1));
	BROADCAST(1, packets);
	ASSERT_TRUE(cat_prints(&self->cat, "#1\nb101 %\n"));
	stop(&self->cat);
	BROADCAST(3, packets + 1);
	BROADCAST(LIMIT, packets + 1);
	kill(self->cat.pid, SIGCONT);
	cat_end(&self->cat);
	EXPECT_EQ(0, self->cat.status);
	EXPECT_NE(NULL, strstr(self->cat.err_text, "3 packets dropped before 5"));
	wave = strstr(self->cat.out_text, "b101 %\n");
	ASSERT_NE(NULL, wave);
	EXPECT_EQ(0, strncmp(wave, "b101 %\n#2\nbx %\n#", 16));
	ASSERT_EQ(1, sscanf(wave + 16, "%" SCNu64, &time));
	EXPECT_LT(2, time);
	EXPECT_NE(NULL, strstr(wave, "\nb0 %\n"));
}

TEST_F(notifycat, queue_option_avoids_drops)
{
	unsigned char packets[100][PACKET] = { };

	START_SIM(PACKET);
	ASSERT_TRUE(cat_start(&self->cat, ARGS("-n", "100", "--queue", "100", SIM_NAME)));
	ASSERT_TRUE(wait_clients(SIM_NAME, 1));
	/* The queue is resized before the program sleeps. */
	ASSERT_TRUE(wait_asleep(&self->cat.pid, 'S'));
	stop(&self->cat);
	BROADCAST(100, packets);
	kill(self->cat.pid, SIGCONT);
	cat_end(&self->cat);
	EXPECT_EQ(0, self->cat.status);
	EXPECT_STREQ("", self->cat.err_text);
	EXPECT_NE(NULL, strstr(self->cat.out_text, SIM_NAME " 100 "));
}

/* -- Readers --------------------------------------------------------------- */

/* Compare live packets, and those left in the queue at unregistration. */
static void expect_same_as_read(struct __test_metadata *_metadata,
				struct _test_data_notifycat *self, const char *reader)
{
	unsigned char packets[LIMIT][PACKET];
	struct cat *other = malloc(sizeof(*other));

	ASSERT_NE(NULL, other);
	START_SIM(PACKET);
	ASSERT_TRUE(cat_start(&self->cat, ARGS("-f", "json", reader, SIM_NAME)));
	ASSERT_TRUE(wait_clients(SIM_NAME, 1));
	ASSERT_TRUE(cat_start(other, ARGS("-f", "json", SIM_NAME)));
	ASSERT_TRUE(wait_clients(SIM_NAME, 2));
	for (unsigned int i = 0; i < LIMIT; i++) {
		char seq[32];

		packet_fill(packets[i], PACKET, i);
		BROADCAST(1, packets + i);
		snprintf(seq, sizeof(seq), "\"seq\":%u,", i + 1);
		ASSERT_TRUE(cat_prints(&self->cat, seq));
		ASSERT_TRUE(cat_prints(other, seq));
	}
	stop(&self->cat);
	stop(other);
	BROADCAST(LIMIT, packets);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	kill(self->cat.pid, SIGCONT);
	kill(other->pid, SIGCONT);
	cat_end(&self->cat);
	cat_end(other);
	EXPECT_EQ(1, self->cat.status);
	EXPECT_EQ(1, other->status);
	EXPECT_STREQ(other->out_text, self->cat.out_text);
	EXPECT_NE(NULL, strstr(self->cat.out_text, "\"seq\":16,"));
	EXPECT_STREQ("notifycat: " NOTIFY_DIR SIM_NAME ": No such device\n", self->cat.err_text);
	free(other);
}

TEST_F(notifycat, mmap_prints_same_packets_as_read)
{
	expect_same_as_read(_metadata, self, "--mmap");
}

TEST_F(notifycat, uring_prints_same_packets_as_read)
{
	START_SIM(PACKET);
	RUN("--uring", "--replay-only", SIM_NAME);
	if (strstr(self->cat.err_text, "cannot set up io_uring"))
		SKIP(return, "this kernel has no io_uring");
	if (strstr(self->cat.err_text, "built without liburing"))
		SKIP(return, "notifycat was built without liburing");
	close(self->injector);
	expect_same_as_read(_metadata, self, "--uring");
}

TEST_F(notifycat, mmap_failure_is_reported)
{
	START_SIM(PACKET);
	ASSERT_EQ(0, sim_set_complete_error(SIM_NAME, -EIO));
	RUN("--mmap", SIM_NAME);
	EXPECT_EQ(1, self->cat.status);
	EXPECT_STREQ("notifycat: " SIM_NAME ": cannot map ring: not supported by this device\n",
		     self->cat.err_text);
}

/* -- Following ------------------------------------------------------------- */

/* --follow needs inotify. */
static bool have_inotify(void)
{
	int fd = inotify_init1(IN_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void expect_follow(struct __test_metadata *_metadata, struct _test_data_notifycat *self,
			  const char *reader)
{
	unsigned char packets[2][PACKET] = { };

	if (!have_inotify())
		SKIP(return, "the kernel has no inotify");
	START_SIM(PACKET);
	close(self->injector);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_TRUE(cat_start(&self->cat, ARGS("--follow", "-f", "json", reader, SIM_NAME)));
	ASSERT_TRUE(cat_reports(&self->cat, SIM_NAME ": not present, waiting\n"));
	for (unsigned int i = 0; i < 3; i++) {
		self->cat.out_text[0] = '\0';
		self->cat.out_bytes = 0;
		ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));
		ASSERT_TRUE(cat_prints(&self->cat, "{\"device\":\"" SIM_NAME
						 "\",\"event\":\"added\",\"missed\":0}\n"));
		self->injector = sim_open_injector(SIM_NAME);
		BROADCAST(2, packets);
		close(self->injector);
		ASSERT_TRUE(cat_prints(&self->cat, "\"seq\":1,"));
		ASSERT_TRUE(cat_prints(&self->cat, "\"seq\":2,"));
		ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
		ASSERT_TRUE(cat_prints(&self->cat, "{\"device\":\"" SIM_NAME
						 "\",\"event\":\"removed\"}\n"));
	}
	kill(self->cat.pid, SIGINT);
	cat_end(&self->cat);
	EXPECT_EQ(0, self->cat.status);
}

TEST_F(notifycat, follow_reopens_added_device)
{
	expect_follow(_metadata, self, "--queue=8");
}

TEST_F(notifycat, follow_reopens_added_device_by_mmap)
{
	expect_follow(_metadata, self, "--mmap");
}

/* The kernel removes /dev/notify together with its last node. */
TEST_F(notifycat, follow_reopens_device_of_rebound_driver)
{
	int ret;

	if (!have_program())
		SKIP(return, "no notifycat in $PATH or $NOTIFYCAT");
	if (!have_inotify())
		SKIP(return, "the kernel has no inotify");
	ret = load_chip("sleeping=0");
	if (ret == -ENOENT)
		SKIP(return, "no " CHIP ".ko in $NOTIFY_MULTI_MODULES");
	ASSERT_EQ(0, ret);
	ASSERT_TRUE(cat_start(&self->cat, ARGS("-F", NAME)));
	ASSERT_TRUE(cat_reports(&self->cat, NAME ": not present, waiting\n"));
	ASSERT_EQ(0, write_file(PARAMETERS "device", "1"));
	ASSERT_TRUE(wait_clients(NAME, 1));
	for (unsigned int i = 0; i < 3; i++) {
		ASSERT_EQ(0, toggle(0, 1));
		ASSERT_TRUE(cat_prints(&self->cat, " edge 1\n"));
		ASSERT_EQ(0, write_file(DRIVER "unbind", DEVICE_NAME));
		ASSERT_TRUE(cat_reports(&self->cat, NAME ": removed\n"));
		self->cat.out_text[0] = '\0';
		self->cat.out_bytes = 0;
		self->cat.err_text[0] = '\0';
		ASSERT_EQ(0, write_file(DRIVER "bind", DEVICE_NAME));
		ASSERT_TRUE(cat_reports(&self->cat, NAME ": available; no packets missed\n"));
	}
	kill(self->cat.pid, SIGINT);
	cat_end(&self->cat);
	EXPECT_EQ(0, self->cat.status);
}

TEST_F(notifycat, follow_reports_missed_packets)
{
	const struct sim_config config = { .packet_size = PACKET, .first_seq = 1000 };
	unsigned char packets[3][PACKET] = { };

	if (!have_inotify())
		SKIP(return, "the kernel has no inotify");
	START_SIM(PACKET);
	ASSERT_TRUE(cat_start(&self->cat, ARGS("--follow", "-f", "json", SIM_NAME)));
	ASSERT_TRUE(wait_clients(SIM_NAME, 1));
	stop(&self->cat);
	close(self->injector);
	ASSERT_EQ(0, sim_start(SIM_NAME, &config));
	self->injector = sim_open_injector(SIM_NAME);
	BROADCAST(3, packets);
	kill(self->cat.pid, SIGCONT);
	ASSERT_TRUE(cat_prints(&self->cat, "\"event\":\"added\",\"missed\":3}\n"));
	ASSERT_TRUE(cat_reports(&self->cat, "available; 3 packets missed\n"));
	BROADCAST(1, packets);
	ASSERT_TRUE(cat_prints(&self->cat, "\"seq\":1003,"));
	kill(self->cat.pid, SIGTERM);
	cat_end(&self->cat);
	EXPECT_EQ(0, self->cat.status);
}

/* After the removal of one device, the others are still read. */
TEST_F(notifycat, devices_are_read_independently)
{
	const struct sim_config config = { .packet_size = 4 };
	unsigned char packets[2][PACKET] = { };
	int injector;

	START_SIM(PACKET);
	ASSERT_EQ(0, sim_start(OTHER, &config));
	ASSERT_TRUE(cat_start(&self->cat, ARGS(SIM_NAME, OTHER, SIM_NAME)));
	ASSERT_TRUE(wait_clients(SIM_NAME, 2));
	ASSERT_TRUE(wait_clients(OTHER, 1));
	BROADCAST(1, packets);
	injector = sim_open_injector(OTHER);
	ASSERT_EQ(4, write(injector, packets, 4));
	close(injector);
	ASSERT_TRUE(cat_prints(&self->cat, OTHER " 1 "));
	ASSERT_EQ(0, sim_set(OTHER, "live", "0"));
	ASSERT_TRUE(cat_reports(&self->cat, OTHER ": No such device\n"));
	BROADCAST(1, packets);
	ASSERT_TRUE(cat_prints(&self->cat, "\n" SIM_NAME " 2 "));
	kill(self->cat.pid, SIGINT);
	cat_end(&self->cat);
	EXPECT_EQ(0, self->cat.status);
}

/* -- Exit ------------------------------------------------------------------ */

TEST_F(notifycat, exits_when_pipe_is_closed)
{
	unsigned char packet[1][PACKET] = { };

	START_SIM(PACKET);
	ASSERT_TRUE(cat_start(&self->cat, ARGS(SIM_NAME)));
	ASSERT_TRUE(wait_clients(SIM_NAME, 1));
	BROADCAST(1, packet);
	ASSERT_TRUE(cat_prints(&self->cat, SIM_NAME " 1 "));
	/* Detected without another packet. */
	close(self->cat.out);
	self->cat.out = open("/dev/null", O_RDONLY);
	cat_end(&self->cat);
	EXPECT_EQ(0, self->cat.status);
	EXPECT_STREQ("", self->cat.err_text);
}

TEST_F(notifycat, exits_with_1_if_output_fails)
{
	unsigned char packet[1][PACKET] = { };
	char command[512];

	START_SIM(PACKET);
	BROADCAST(1, packet);
	snprintf(command, sizeof(command), "%s %s >/dev/full 2>/dev/null", program(), SIM_NAME);
	EXPECT_EQ(1, WEXITSTATUS(system(command)));
}

/* An interrupted waveform is complete and extends to the signal. */
TEST_F(notifycat, signal_ends_waveform_completely)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	const __u8 packet = 1;
	uint64_t end = 0;
	const char *last;

	START_SIM(1);
	for (unsigned int i = 0; i < ARRAY_SIZE(signals); i++) {
		ASSERT_TRUE(cat_start(&self->cat, ARGS("-f", "vcd", "-d", "u8 a", SIM_NAME)));
		ASSERT_TRUE(wait_clients(SIM_NAME, 1));
		BROADCAST(1, &packet);
		ASSERT_TRUE(cat_prints(&self->cat, "b1 %\n"));
		usleep(10000);
		kill(self->cat.pid, signals[i]);
		cat_end(&self->cat);
		EXPECT_EQ(0, self->cat.status);
		EXPECT_STREQ("", self->cat.err_text);
		last = strrchr(self->cat.out_text, '#');
		ASSERT_NE(NULL, last);
		EXPECT_EQ(1, sscanf(last, "#%" SCNu64 "\n", &end));
		EXPECT_LT(10000, end);
		EXPECT_EQ('\n', self->cat.out_text[self->cat.out_bytes - 1]);
	}
}

TEST_F(notifycat, waveform_is_complete_without_packets)
{
	START_SIM(1);
	RUN("-f", "vcd", "-d", "u8 a", "-t", "0.1", SIM_NAME);
	EXPECT_EQ(0, self->cat.status);
	EXPECT_NE(NULL, strstr(self->cat.out_text, "$dumpvars\nbx %\n$end\n"));
}

/* -- Properties and counters ----------------------------------------------- */

TEST_F(notifycat, info_prints_properties)
{
	unsigned char packets[3][PACKET] = { };
	struct text *expected = &self->expected;
	struct notify_multi_info info;

	START_SIM(PACKET);
	BROADCAST(3, packets);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	info = get_info(self->fd);
	add(expected, SIM_NAME "\n"
	    "  node              " NOTIFY_DIR SIM_NAME "\n"
	    "  abi_version       1\n"
	    "  packet_size       16\n"
	    "  record_size       48\n"
	    "  max_packets       8\n"
	    "  max_requests      %u\n"
	    "  replay            8\n"
	    "  ring_bytes        %llu\n", info.max_requests, info.ring_bytes);
	RUN("--info", SIM_NAME);
	EXPECT_OUTPUT(expected->text);
}

/* Return the number of the client behind a descriptor, or 0. */
static uint64_t client_of(int fd)
{
	struct fdinfo info;

	return fdinfo_get(0, fd, &info) ? info.client : 0;
}

#define CLIENT_HEADER	\
	"       PID COMMAND              QUEUED        MAX  DELIVERED    DROPPED PENDING\n"

TEST_F(notifycat, stats_lists_clients)
{
	unsigned char packets[LIMIT + 5][PACKET] = { };
	struct text *expected = &self->expected;
	char command[64];

	START_SIM(PACKET);
	RUN("--stats", SIM_NAME);
	EXPECT_OUTPUT(SIM_NAME "\n"
		      "  broadcasts        0\n"
		      "  readers           0\n"
		      "  dropped           0\n");
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	BROADCAST(LIMIT + 5, packets);
	ASSERT_EQ((ssize_t)self->record_size, read(self->fd, self->buffer, self->record_size));
	ASSERT_EQ(0, read_file("/proc/self/comm", command, sizeof(command)));
	add(expected, SIM_NAME "\n"
	    "  broadcasts        13\n"
	    "  readers           1\n"
	    "  dropped           5\n" CLIENT_HEADER
	    "%10d %-16s          7          8          1          5       0\n", getpid(), command);
	RUN("--stats", SIM_NAME);
	EXPECT_OUTPUT(expected->text);

	expected->bytes = 0;
	add(expected, "{\"device\":\"" SIM_NAME "\",\"broadcasts\":13,\"readers\":1,\"dropped\":5,"
	    "\"clients\":[{\"client\":%" PRIu64 ",\"pid\":%d,\"command\":\"%s\","
	    "\"queued\":7,\"max\":8,\"delivered\":1,\"dropped\":5,\"pending\":0}]}\n",
	    client_of(self->fd), getpid(), command);
	RUN("--stats", "-f", "json", SIM_NAME);
	EXPECT_OUTPUT(expected->text);
	/* --info opens the device, but is not counted. */
	RUN("--info", "--stats", "-f", "json", SIM_NAME);
	EXPECT_EQ(0, self->cat.status);
	EXPECT_NE(NULL, strstr(self->cat.out_text, strstr(expected->text, ",\"broadcasts\"")));
	EXPECT_NE(NULL, strstr(self->cat.out_text, ",\"packet_size\":16,"));
}

TEST_F(notifycat, stats_omits_clients_of_removed_device)
{
	START_SIM(PACKET);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	RUN("--stats", SIM_NAME);
	EXPECT_EQ(1, self->cat.status);
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));
	RUN("--stats", SIM_NAME);
	EXPECT_OUTPUT(SIM_NAME "\n"
		      "  broadcasts        0\n"
		      "  readers           0\n"
		      "  dropped           0\n");
	RUN("--stats", "/dev/null");
	EXPECT_EQ(1, self->cat.status);
	EXPECT_STREQ("notifycat: /dev/null: Not a notify_multi device\n", self->cat.err_text);
}

/* -- Clients --------------------------------------------------------------- */

static unsigned int count_client(const struct cat *cat, uint64_t id)
{
	unsigned int count = 0;
	const char *at;
	char text[64];

	snprintf(text, sizeof(text), "\"client\":%" PRIu64 ",", id);
	for (at = strstr(cat->out_text, text); at; at = strstr(at + 1, text))
		count++;
	return count;
}

/* Start a process that keeps a copy of the descriptor open until it is killed. */
static pid_t start_holder(int fd, uid_t uid)
{
	int ready[2];
	pid_t pid;
	char c;

	if (pipe(ready))
		return -1;
	pid = fork();
	if (!pid) {
		if (uid && (setresuid(uid, uid, uid) || prctl(PR_SET_DUMPABLE, 1)))
			_exit(1);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &c, 1) != 1)
		pid = -1;
	close(ready[0]);
	return fd < 0 ? -1 : pid;
}

static void end_holder(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

#define EXPECT_PID_OF_CLIENT(id, process)					\
do {										\
	char text[64];								\
										\
	EXPECT_EQ(1, count_client(&self->cat, id));				\
	snprintf(text, sizeof(text), "\"client\":%" PRIu64 ",\"pid\":%d,", id, process); \
	EXPECT_NE(NULL, strstr(self->cat.out_text, text)) {			\
		TH_LOG("%s: %s", text, self->cat.out_text);			\
	}									\
} while (0)

TEST_F(notifycat, stats_lists_shared_client_once)
{
	uint64_t id;
	pid_t holder;
	int copy;

	START_SIM(PACKET);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	copy = dup(self->fd);
	ASSERT_LE(0, copy);
	id = client_of(self->fd);
	holder = start_holder(self->fd, 0);
	ASSERT_LT(0, holder);
	RUN("--stats", "-f", "json", SIM_NAME);
	EXPECT_PID_OF_CLIENT(id, getpid());
	/* Without the opener, the client belongs to the other process. */
	close(copy);
	close(self->fd);
	self->fd = -1;
	RUN("--stats", "-f", "json", SIM_NAME);
	EXPECT_PID_OF_CLIENT(id, holder);
	end_holder(holder);
}

#define OTHER_UID	65534

TEST_F(notifycat, stats_lists_own_processes_without_root)
{
	uint64_t own, others;
	pid_t holder;
	int fd;

	START_SIM(PACKET);
	fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	own = client_of(fd);
	holder = start_holder(fd, OTHER_UID);
	ASSERT_LT(0, holder);
	close(fd);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	others = client_of(self->fd);
	RUN("--stats", "-f", "json", SIM_NAME);
	EXPECT_PID_OF_CLIENT(own, holder);
	EXPECT_PID_OF_CLIENT(others, getpid());

	program_uid = OTHER_UID;
	if (!have_program())
		SKIP(end_holder(holder); return, "another user cannot run notifycat");
	RUN("--stats", "-f", "json", SIM_NAME);
	EXPECT_EQ(0, self->cat.status);
	EXPECT_NE(NULL, strstr(self->cat.out_text, "\"readers\":2,"));
	EXPECT_PID_OF_CLIENT(own, holder);
	EXPECT_EQ(0, count_client(&self->cat, others));
	RUN("top", "-b", "-n", "1", "-i", ".1", "-f", "json", SIM_NAME);
	EXPECT_EQ(0, self->cat.status);
	EXPECT_PID_OF_CLIENT(own, holder);
	EXPECT_EQ(0, count_client(&self->cat, others));
	end_holder(holder);
}

/* -- top ------------------------------------------------------------------- */

TEST_F(notifycat, top_prints_a_table)
{
	unsigned char packets[LIMIT + 5][PACKET] = { };
	struct text *expected = &self->expected;
	char command[64];

	START_SIM(PACKET);
	self->fd = sim_open(SIM_NAME, O_RDONLY | O_NONBLOCK);
	BROADCAST(LIMIT + 5, packets);
	ASSERT_EQ(0, read_file("/proc/self/comm", command, sizeof(command)));
	add(expected, "DEVICE              RATE/s READERS    DROPPED BROADCASTS\n" CLIENT_HEADER
	    SIM_NAME "              0.0       1          5         13\n"
	    "%10d %-16s          8          8          0          5       0\n"
	    OTHER "  not present\n"
	    "null             not a notify_multi device\n", getpid(), command);
	RUN("top", "-b", "-n", "1", "-i", "0.1", SIM_NAME, OTHER, "/dev/null");
	EXPECT_OUTPUT(expected->text);
	/* The sum includes drops of closed readers. */
	close(self->fd);
	self->fd = -1;
	RUN("top", "-b", "-n", "1", "-i", "0.1", SIM_NAME);
	EXPECT_OUTPUT("DEVICE              RATE/s READERS    DROPPED BROADCASTS\n" CLIENT_HEADER
		      SIM_NAME "              0.0       0          5         13\n");
}

TEST_F(notifycat, top_opens_no_device)
{
	START_SIM(PACKET);
	RUN("top", "-b", "-n", "3", "-i", "0.1", SIM_NAME);
	EXPECT_EQ(0, self->cat.status);
	RUN("--stats", SIM_NAME);
	EXPECT_EQ(0, self->cat.status);
	EXPECT_EQ(0, sim_get_number(SIM_NAME, "arrivals"));
	EXPECT_TRUE(wait_clients(SIM_NAME, 0));
	RUN("--info", SIM_NAME);
	EXPECT_EQ(1, sim_get_number(SIM_NAME, "arrivals"));
}

#define ROW(counters)	"{\"device\":\"" SIM_NAME "\",\"present\":true,\"rate\":0.0," counters

TEST_F(notifycat, top_finds_devices_and_rates)
{
	unsigned char packets[777][PACKET] = { };
	const char *line;
	double rate = 0;

	START_SIM(PACKET);
	ASSERT_TRUE(cat_start(&self->cat, ARGS("top", "-b", "-i", ".2", "-f", "json")));
	ASSERT_TRUE(cat_prints(&self->cat, ROW("\"readers\":0,\"dropped\":0,\"broadcasts\":0,"
					     "\"clients\":[]}\n")));
	/* Stop top, so that one update has all packets; no other device has 777. */
	stop(&self->cat);
	BROADCAST(777, packets);
	kill(self->cat.pid, SIGCONT);
	ASSERT_TRUE(cat_prints(&self->cat, "\"broadcasts\":777,"));
	line = strstr(self->cat.out_text, "\"broadcasts\":777,");
	while (line > self->cat.out_text && line[-1] != '\n')
		line--;
	line = strstr(line, "\"rate\":");
	ASSERT_NE(NULL, line);
	ASSERT_EQ(1, sscanf(line, "\"rate\":%lf", &rate));
	EXPECT_LT(0, rate);
	ASSERT_TRUE(cat_prints(&self->cat, ROW("\"readers\":0,\"dropped\":0,\"broadcasts\":777,")));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_TRUE(cat_prints(&self->cat, "{\"device\":\"" SIM_NAME "\",\"present\":false}\n"));
	self->cat.out_text[0] = '\0';
	self->cat.out_bytes = 0;
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "1"));
	ASSERT_TRUE(cat_prints(&self->cat, ROW("\"readers\":0,\"dropped\":0,\"broadcasts\":0,")));
	/* A closed pipe ends top. */
	close(self->cat.out);
	self->cat.out = open("/dev/null", O_RDONLY);
	cat_end(&self->cat);
	EXPECT_EQ(0, self->cat.status);
}

/* Run on a terminal, which also receives the errors. */
static bool cat_start_on_terminal(struct cat *cat, const char *const *args)
{
	const struct winsize size = { .ws_row = 24, .ws_col = 132 };

	cat->out_bytes = 0;
	cat->out_text[0] = '\0';
	cat->err_text[0] = '\0';
	cat->err = open("/dev/null", O_RDONLY);
	cat->pid = forkpty(&cat->out, NULL, NULL, &size);
	if (!cat->pid) {
		setenv("TERM", "linux", 1);
		run_program(args);
	}
	return cat->pid > 0 && cat->err >= 0;
}

TEST_F(notifycat, top_draws_a_screen)
{
	unsigned char packets[777][PACKET] = { };

	START_SIM(PACKET);
	ASSERT_TRUE(cat_start_on_terminal(&self->cat, ARGS("top", "-i", "0.1")));
	if (!cat_prints(&self->cat, "q: quit")) {
		cat_end(&self->cat);
		if (strstr(self->cat.out_text, "built without ncurses"))
			SKIP(return, "notifycat was built without ncurses");
		if (strstr(self->cat.out_text, "terminfo"))
			SKIP(return, "no terminfo of the terminal \"linux\"");
		ASSERT_STREQ("q: quit", self->cat.out_text);
	}
	ASSERT_TRUE(cat_prints(&self->cat, SIM_NAME));
	/* Stop top, so that the screen changes from 0 to 777 in one step. */
	stop(&self->cat);
	BROADCAST(777, packets);
	kill(self->cat.pid, SIGCONT);
	ASSERT_TRUE(cat_prints(&self->cat, "777"));
	ASSERT_EQ(0, sim_set(SIM_NAME, "live", "0"));
	ASSERT_TRUE(cat_prints(&self->cat, "not present"));
	ASSERT_EQ(1, write(self->cat.out, "q", 1));
	cat_end(&self->cat);
	EXPECT_EQ(0, self->cat.status);
}

/* The cursor is visible again. */
TEST_F(notifycat, top_screen_restores_terminal_on_signal)
{
	START_SIM(PACKET);
	ASSERT_TRUE(cat_start_on_terminal(&self->cat, ARGS("top", "-i", "3600", SIM_NAME)));
	if (!cat_prints(&self->cat, "q: quit")) {
		cat_end(&self->cat);
		SKIP(return, "no screen of top");
	}
	kill(self->cat.pid, SIGTERM);
	cat_end(&self->cat);
	EXPECT_EQ(0, self->cat.status);
	EXPECT_NE(NULL, strstr(self->cat.out_text, "\033[?25h"));
}

TEST_HARNESS_MAIN
