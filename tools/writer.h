/* SPDX-License-Identifier: GPL-2.0 */
#ifndef WRITER_H
#define WRITER_H

#include <stdint.h>

struct clients;

struct writer {
	void (*begin)(const char *device);
	void (*number)(const char *name, uint64_t value);
	void (*string)(const char *name, const char *value);
	void (*clients)(const struct clients *clients, const char *device);
	void (*end)(void);
};

extern const struct writer text_writer;
extern const struct writer json_writer;

#endif /* WRITER_H */
