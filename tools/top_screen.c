// SPDX-License-Identifier: GPL-2.0
/*
 * Screen of top.
 */

#include "top_view.h"

#ifdef HAVE_NCURSES

#include "client_print.h"
#include "message.h"
#include "top_row.h"
#include "top_table.h"

#include <ncurses.h>
#include <poll.h>
#include <unistd.h>

static bool screen_begin(void)
{
	if (!isatty(STDOUT_FILENO) || !newterm(NULL, stdout, stdin)) {
		message("not a terminal, or unknown to terminfo: use top --batch");
		return false;
	}
	cbreak();
	noecho();
	curs_set(0);
	nodelay(stdscr, TRUE);
	return true;
}

/* Return false if the screen is full. */
static bool draw_line(int *line, const char *text, attr_t attributes)
{
	if (*line >= LINES - 1)
		return false;
	attron(attributes);
	mvaddnstr((*line)++, 0, text, COLS);
	attroff(attributes);
	return true;
}

static bool draw_clients(int *line, const struct clients *clients, const char *device)
{
	const struct client *client = NULL;
	char text[CLIENT_TEXT_BYTES];

	while ((client = clients_next(clients, device, client))) {
		client_text(client, text);
		if (!draw_line(line, text, client->dropped ? A_BOLD : A_NORMAL))
			return false;
	}
	return true;
}

static void screen_draw(const struct rows *rows)
{
	char text[ROW_TEXT_BYTES];
	int line = 0;
	size_t i;

	erase();
	draw_line(&line, row_header(), A_REVERSE);
	draw_line(&line, client_header(), A_REVERSE);
	for (i = 0; i < rows->count; i++) {
		const struct row *row = &rows->rows[i];

		row_text(row, text);
		if (!draw_line(&line, text, row->dropped ? A_BOLD : A_NORMAL))
			break;
		if (!row->error && !draw_clients(&line, &rows->clients, row->node.kernel_name))
			break;
	}
	if (!rows->count)
		draw_line(&line, "no devices in " NODES, A_NORMAL);
	mvaddnstr(LINES - 1, 0, "q: quit", COLS);
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
