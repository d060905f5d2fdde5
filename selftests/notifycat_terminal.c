// SPDX-License-Identifier: GPL-2.0
/*
 * notifycat, from $NOTIFYCAT or $PATH, on a terminal: the screen of top, ^C. notifycat.sh has the
 * other tests of notifycat.
 */

#include "device.h"
#include "thread.h"

#include <pty.h>
#include <sys/wait.h>

FIXTURE(notifycat_terminal)
{
	SIM_DEVICE;
	pid_t pid;
	int terminal;
	size_t bytes;
	char text[65536];
};

FIXTURE_SETUP(notifycat_terminal)
{
	SIM_SETUP(.no_client = true);
	self->terminal = -1;
}

FIXTURE_TEARDOWN(notifycat_terminal)
{
	if (self->pid > 0) {
		kill(self->pid, SIGKILL);
		waitpid(self->pid, NULL, 0);
	}
	close(self->terminal);
	SIM_TEARDOWN();
}

static void start(struct _test_data_notifycat_terminal *self, char **arguments)
{
	const struct winsize size = { .ws_row = 24, .ws_col = 132 };

	arguments[0] = getenv("NOTIFYCAT") ?: "notifycat";
	self->pid = forkpty(&self->terminal, NULL, NULL, &size);
	if (!self->pid) {
		setenv("TERM", "linux", 1);
		execvp(arguments[0], arguments);
		_exit(127);
	}
}

#define START(...)	start(self, (char *[]){ NULL, __VA_ARGS__, NULL })

/* Read until the terminal shows the text. With NULL, read until notifycat exits. */
static bool shows(struct _test_data_notifycat_terminal *self, const char *text)
{
	ssize_t ret = 1;

	while (!text || !strstr(self->text, text)) {
		struct pollfd pollfd = { .fd = self->terminal, .events = POLLIN };

		if (poll(&pollfd, 1, WAIT_MS) == 1)
			ret = read_errno(self->terminal, self->text + self->bytes,
					 sizeof(self->text) - 1 - self->bytes);
		if (ret <= 0 || !pollfd.revents)
			return !text && ret == -EIO;
		self->bytes += ret;
	}
	return true;
}

static void clear_text(struct _test_data_notifycat_terminal *self)
{
	memset(self->text, 0, self->bytes);
	self->bytes = 0;
}

/* Skip the test if this system has no screen of top. */
#define START_TOP(...)							\
do {										\
	START("top", __VA_ARGS__);						\
	ASSERT_LT(0, self->pid);						\
	if (!shows(self, "q: quit")) {						\
		if (strstr(self->text, "built without ncurses"))		\
			SKIP(return, "notifycat was built without ncurses");	\
		if (strstr(self->text, "terminfo"))				\
			SKIP(return, "terminfo has no terminal \"linux\"");	\
		if (!*self->text)						\
			SKIP(return, "no notifycat in $PATH or $NOTIFYCAT");	\
		ASSERT_STREQ("q: quit", self->text);				\
	}									\
} while (0)

#define EXPECT_EXIT(status)								\
do {										\
	int status_;								\
										\
	ASSERT_TRUE(shows(self, NULL));						\
	ASSERT_EQ(self->pid, waitpid(self->pid, &status_, 0));			\
	self->pid = 0;								\
	EXPECT_EQ(status, status_);						\
} while (0)

TEST_F(notifycat_terminal, top_draws_screen)
{
	int status;

	START_TOP("-i", "0.1");
	ASSERT_TRUE(shows(self, SIM_NAME));
	/* Stop top, so that the screen changes from 0 to 777 in one step. */
	kill(self->pid, SIGSTOP);
	ASSERT_EQ(self->pid, waitpid(self->pid, &status, WUNTRACED));
	BROADCAST(777);
	kill(self->pid, SIGCONT);
	ASSERT_TRUE(shows(self, "777"));
	UNREGISTER();
	ASSERT_TRUE(shows(self, "not present"));
	ASSERT_EQ(1, write(self->terminal, "q", 1));
	EXPECT_EXIT(0);
}

TEST_F(notifycat_terminal, top_redraws_screen_after_resize)
{
	const struct winsize size = { .ws_row = 20, .ws_col = 100 };

	START_TOP("-i", "0.1");
	clear_text(self);
	ASSERT_EQ(0, ioctl(self->terminal, TIOCSWINSZ, &size));
	/* The last line has moved. */
	EXPECT_TRUE(shows(self, "q: quit"));
}

TEST_F(notifycat_terminal, top_counts_lines_that_do_not_fit)
{
	/* Two headers, a device and its two clients; three lines fit above the last. */
	const struct winsize size = { .ws_row = 4, .ws_col = 100 };

	OPEN();
	OPEN_SECOND();
	BROADCAST(1);
	START_TOP("-i", "0.1", SIM_NAME);
	clear_text(self);
	ASSERT_EQ(0, ioctl(self->terminal, TIOCSWINSZ, &size));
	EXPECT_TRUE(shows(self, "2 more lines"));
}

TEST_F(notifycat_terminal, top_marks_lines_wider_than_terminal)
{
	const struct winsize size = { .ws_row = 10, .ws_col = 20 };

	START_TOP("-i", "0.1", SIM_NAME);
	clear_text(self);
	ASSERT_EQ(0, ioctl(self->terminal, TIOCSWINSZ, &size));
	EXPECT_TRUE(shows(self, ">"));
	EXPECT_TRUE(shows(self, "q: quit"));
	ASSERT_EQ(1, write(self->terminal, "q", 1));
	EXPECT_EXIT(0);
}

TEST_F(notifycat_terminal, top_restores_cursor_on_signal)
{
	START_TOP("-i", "3600");
	clear_text(self);
	kill(self->pid, SIGTERM);
	EXPECT_EXIT(SIGTERM);
	EXPECT_NE(NULL, strstr(self->text, "\033[?25h"));
}

/* A shell ends its loop if a command dies by SIGINT, but not if the command exits. */
TEST_F(notifycat_terminal, interrupt_key_kills)
{
	SIM_RESTART(.no_client = true, .replay = 1);
	BROADCAST(1);
	START(SIM_NAME);
	ASSERT_LT(0, self->pid);
	if (!shows(self, " replay"))
		SKIP(return, "no notifycat in $PATH or $NOTIFYCAT");
	ASSERT_EQ(1, write(self->terminal, "\003", 1));
	EXPECT_EXIT(SIGINT);
}

TEST_HARNESS_MAIN
