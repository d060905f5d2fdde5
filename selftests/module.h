/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Loading and unloading of modules.
 */
#ifndef MODULE_H
#define MODULE_H

#include <sys/syscall.h>

#include "file.h"

/*
 * Load from $NOTIFY_MULTI_MODULES if it is set, else from test_modules/ or by modprobe. Return
 * -ENOENT if not found.
 */
static inline int load_module(const char *module, const char *parameters)
{
	const char *dir = getenv("NOTIFY_MULTI_MODULES");
	char text[512];
	int fd, ret;

	snprintf(text, sizeof(text), "%s/%s.ko", dir ? dir : "test_modules", module);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	if (fd < 0 && dir)
		return -errno;
	if (fd < 0) {
		snprintf(text, sizeof(text), "modprobe -q %s %s", module, parameters);
		return system(text) ? -ENOENT : 0;
	}
	ret = errno_of(syscall(SYS_finit_module, fd, parameters, 0));
	close(fd);
	return ret;
}

static inline int unload_module(const char *module)
{
	return errno_of(syscall(SYS_delete_module, module, O_NONBLOCK));
}

/* Sources other than notify_sim; they pin notify_multi, too. */
static const char * const other_sources[] = { "notify_gpio", "notify_irq" };
#define OTHER_SOURCES	ARRAY_SIZE(other_sources)

/* Return a mask of the unloaded modules. */
static inline unsigned int unload_other_sources(void)
{
	unsigned int unloaded = 0;

	for (unsigned int i = 0; i < OTHER_SOURCES; i++)
		if (!unload_module(other_sources[i]))
			unloaded |= 1U << i;
	return unloaded;
}

static inline void load_other_sources(unsigned int unloaded)
{
	for (unsigned int i = 0; i < OTHER_SOURCES; i++)
		if (unloaded & 1U << i)
			load_module(other_sources[i], "");
}

#endif /* MODULE_H */
