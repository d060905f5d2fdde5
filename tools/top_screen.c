// SPDX-License-Identifier: GPL-2.0
/*
 * Screen of top.
 */

#include "top_view.h"

#ifdef HAVE_NCURSES

#include "message.h"
#include "top_row.h"
#include "top_table.h"

#include <ncurses.h>
#include <poll.h>
#include <unistd.h>

static bool screen_begin(void)
{
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

static void screen_draw(const struct rows *rows)
{
	char text[ROW_TEXT_BYTES];
	size_t i;

	erase();
	attron(A_REVERSE);
	mvaddnstr(0, 0, row_header(), COLS);
	attroff(A_REVERSE);
	for (i = 0; i < rows->count && i + 2 < (size_t)LINES; i++) {
		const struct row *row = &rows->rows[i];

		row_text(row, text);
		if (row->lost_known && row->lost)
			attron(A_BOLD);
		mvaddnstr(i + 1, 0, text, COLS);
		attroff(A_BOLD);
	}
	if (!rows->count)
		mvaddnstr(1, 0, "there is no device in " NODES, COLS);
	mvaddnstr(LINES - 1, 0, "q ends this", COLS);
	refresh();
}

/* getch() also reports a change of the terminal's size. */
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

static const struct view view = {
	.live = true,
	.begin = screen_begin,
	.draw = screen_draw,
	.wait = screen_wait,
	.end = screen_end,
};

const struct view *const screen_view = &view;

#else

const struct view *const screen_view;

#endif /* HAVE_NCURSES */
