/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Interface of the outputs of top.
 */
#ifndef TOP_VIEW_H
#define TOP_VIEW_H

#include "notifycat.h"

struct rows;

/*
 * @live: Also show the first sample, which has no rates yet.
 * @wait: Wait for the time, for @stop to be readable, or for a key. Return false if top must end.
 */
struct view {
	bool live;
	bool (*begin)(void);
	void (*draw)(const struct rows *rows);
	bool (*wait)(int stop, int milliseconds);
	void (*end)(void);
};

extern const struct view text_view;
extern const struct view json_view;

/* NULL if built without ncurses. */
extern const struct view *const screen_view;

#endif /* TOP_VIEW_H */
