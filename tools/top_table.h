/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TOP_TABLE_H
#define TOP_TABLE_H

#define ROW_TEXT_BYTES	512

struct row;

const char *row_header(void);
void row_text(const struct row *row, char text[ROW_TEXT_BYTES]);

#endif /* TOP_TABLE_H */
