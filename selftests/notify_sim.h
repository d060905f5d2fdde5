/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The attributes, injector and device node of a simulated source.
 */
#ifndef NOTIFY_SIM_H
#define NOTIFY_SIM_H

#include "file.h"

#define CONFIGFS	"/sys/kernel/config"
#define SIM_CONFIG_DIR	CONFIGFS "/notify_sim/"
#define SIM_INJECT_DIR	"/dev/notify_sim/"
#define NOTIFY_DIR	"/dev/notify/"

/* Path of a device, or of one of its attributes, in static memory. */
static inline const char *sim_path(const char *directory, const char *name, const char *attribute)
{
	static __thread char path[256];

	snprintf(path, sizeof(path), "%s%s/%s", directory, name, attribute);
	if (!*attribute)
		path[strlen(path) - 1] = '\0';
	return path;
}

static inline int sim_set(const char *name, const char *attribute, const char *value)
{
	return write_file(sim_path(SIM_CONFIG_DIR, name, attribute), value);
}

static inline int sim_set_number(const char *name, const char *attribute, long long value)
{
	return write_number(sim_path(SIM_CONFIG_DIR, name, attribute), value);
}

static inline int sim_get(const char *name, const char *attribute, char *text, size_t size)
{
	return read_file(sim_path(SIM_CONFIG_DIR, name, attribute), text, size);
}

static inline long long sim_get_number(const char *name, const char *attribute)
{
	return read_number(sim_path(SIM_CONFIG_DIR, name, attribute));
}

static inline int sim_make(const char *name)
{
	return errno_of(mkdir(sim_path(SIM_CONFIG_DIR, name, ""), 0700));
}

static inline int sim_remove(const char *name)
{
	return errno_of(rmdir(sim_path(SIM_CONFIG_DIR, name, "")));
}

static inline int sim_open(const char *name, int flags)
{
	return errno_of(open(sim_path(NOTIFY_DIR, name, ""), flags | O_CLOEXEC));
}

static inline int sim_open_injector(const char *name)
{
	return errno_of(open(sim_path(SIM_INJECT_DIR, name, ""), O_WRONLY | O_CLOEXEC));
}

#endif /* NOTIFY_SIM_H */
