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
#include <string.h>
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

/* Count also lines that do not fit. The last line of the screen is not used. */
static void draw_line(int *line, const char *text, attr_t attributes)
{
	if (*line < LINES - 1) {
		attron(attributes);
		mvaddnstr(*line, 0, text, COLS);
		if (strlen(text) > (size_t)COLS)
			mvaddch(*line, COLS - 1, '>');
		attroff(attributes);
	}
	(*line)++;
}

static void draw_clients(int *line, const struct clients *clients, const char *device)
{
	const struct client *client = NULL;
	char text[CLIENT_TEXT_BYTES];

	while ((client = clients_next(clients, device, client))) {
		client_text(client, text);
		draw_line(line, text, client->dropped ? A_BOLD : A_NORMAL);
	}
}

static void draw_last_line(int lines)
{
	char text[64] = "q: quit";

	if (lines > LINES - 1)
		snprintf(text, sizeof(text), "q: quit, %d more lines", lines - (LINES - 1));
	mvaddnstr(LINES - 1, 0, text, COLS);
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
		draw_line(&line, text, row->dropped ? A_BOLD : A_NORMAL);
		if (!row->error)
			draw_clients(&line, &rows->clients, row->node.kernel_name);
	}
	if (!rows->count)
		draw_line(&line, "no devices in " NODES, A_NORMAL);
	draw_last_line(line);
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
