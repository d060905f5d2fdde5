// SPDX-License-Identifier: GPL-2.0
/*
 * The screen of top.
 */

#include "top.h"

#ifdef HAVE_NCURSES

#include <ncurses.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

static bool screen_begin(const struct options *options)
{
	(void)options;
	if (!isatty(STDOUT_FILENO) || !newterm(NULL, stdout, stdin)) {
		message("top needs a terminal that terminfo knows: use top --batch");
		return false;
	}
	cbreak();
	noecho();
	curs_set(0);
	nodelay(stdscr, TRUE);
	return true;
}

static void screen_draw(const struct options *options, const struct row *rows, size_t count)
{
	size_t i;

	(void)options;
	erase();
	attron(A_REVERSE);
	mvaddnstr(0, 0, row_header, COLS);
	attroff(A_REVERSE);
	for (i = 0; i < count && i + 2 < (size_t)LINES; i++) {
		char *text = row_text(&rows[i]);

		if (rows[i].lost_known && rows[i].lost)
			attron(A_BOLD);
		mvaddnstr(i + 1, 0, text ? text : rows[i].device.name, COLS);
		attroff(A_BOLD);
		free(text);
	}
	if (!count)
		mvaddnstr(1, 0, "there is no device in " NODES, COLS);
	mvaddnstr(LINES - 1, 0, "q ends this", COLS);
	refresh();
}

/* A change of the terminal's size is a key, too. */
static bool screen_wait(int stop, int milliseconds)
{
	struct pollfd polls[] = { { .fd = stop, .events = POLLIN },
				  { .fd = STDIN_FILENO, .events = POLLIN } };
	int key;

	poll(polls, 2, milliseconds);
	if (polls[0].revents || polls[1].revents & (POLLHUP | POLLERR))
		return false;
	while ((key = getch()) != ERR)
		if (key == 'q' || key == 'Q')
			return false;
	return true;
}

static void screen_end(void)
{
	endwin();
}

static const struct view view = { screen_begin, screen_draw, screen_wait, screen_end };

const struct view *const screen_view = &view;

#else

const struct view *const screen_view;

#endif /* HAVE_NCURSES */
