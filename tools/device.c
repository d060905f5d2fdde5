// SPDX-License-Identifier: GPL-2.0
/*
 * A device that is read.
 */

#include "device.h"

#include "reader.h"
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define BATCH_BYTES	65536
/* Packets may come between a look at sysfs and one at the open. */
#define LOOKS		100

/* A bare name is that of a node. */
bool device_init(struct device *device, const char *arg)
{
	const char *slash;
	char *path;

	if (strchr(arg, '/'))
		path = strdup(arg);
	else if (asprintf(&path, NODES "%s", arg) < 0)
		path = NULL;
	if (!path)
		return false;
	slash = strrchr(path, '/');
	*device = (struct device){
		.path = path,
		.name = slash[1] ? slash + 1 : path,
		.fd = -1,
	};
	return true;
}

void device_perror(const struct device *device, int error)
{
	if (error == ERROR_REPORTED)
		return;
	if (error == ENOENT && !strncmp(device->path, NODES, strlen(NODES)))
		message("%s: %s (is its source loaded?)", device->path, strerror(ENODEV));
	else if (error == ENOTTY)
		message("%s: Not a notify_multi device", device->path);
	else
		message("%s: %s", device->path, strerror(error));
}

/* -- sysfs. ---------------------------------------------------------------- */

static bool read_number(const char *path, uint64_t *value)
{
	FILE *file = fopen(path, "re");
	bool good;

	if (!file)
		return false;
	good = fscanf(file, "%" SCNu64, value) == 1;
	fclose(file);
	return good;
}

static bool attribute(const struct device *device, const char *dir, const char *name,
		      uint64_t *value)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/%s%s", major(device->node),
		 minor(device->node), dir, name);
	return read_number(path, value);
}

bool device_attribute(const struct device *device, const char *name, uint64_t *value)
{
	return attribute(device, "", name, value);
}

bool device_source_attribute(const struct device *device, const char *name, uint64_t *value)
{
	return attribute(device, "device/", name, value);
}

/* The driver that feeds the device says what its packets are; a simulator has none. */
static void find_driver(struct device *device)
{
	char link[64], target[PATH_MAX];
	const char *slash;
	ssize_t length;

	device->driver[0] = '\0';
	snprintf(link, sizeof(link), "/sys/dev/char/%u:%u/device/driver", major(device->node),
		 minor(device->node));
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return;
	target[length] = '\0';
	slash = strrchr(target, '/');
	snprintf(device->driver, sizeof(device->driver), "%.*s", DRIVER_BYTES - 1,
		 slash ? slash + 1 : target);
}

bool device_missed(const struct device *device, uint64_t *missed)
{
	struct notify_multi_stats stats;
	uint64_t before, after;
	int looks;

	for (looks = 0; looks < LOOKS; looks++) {
		if (!device_attribute(device, "broadcasts", &before) ||
		    ioctl(device->fd, NOTIFY_MULTI_IOC_GET_STATS, &stats) ||
		    !device_attribute(device, "broadcasts", &after))
			return false;
		if (before == after) {
			/* Of what was broadcast, all that is newer than this open's start. */
			*missed = before - (stats.seq - (device->stats.next - 1));
			return true;
		}
	}
	return false;
}

/* -- Opens. ---------------------------------------------------------------- */

/* 0 or an errno, as with all that follow. */
static int find_layout(struct device *device, const struct options *options)
{
	const struct layout *wanted = options_layout(options, device->name);
	struct layout *known = NULL;
	uint64_t lines = 0;

	find_driver(device);
	if (!wanted) {
		device_source_attribute(device, "lines", &lines);
		known = source_layout(device->driver, device->info.packet_size, lines);
		wanted = known;
	}
	if (wanted && wanted->size > device->info.packet_size) {
		message("%s: --decode tells of %zu bytes, but its packets have %u", device->name,
			wanted->size, device->info.packet_size);
		return ERROR_REPORTED;
	}
	free(device->layout);
	device->layout = layout_complete(wanted, device->info.packet_size);
	free(known);
	return device->layout ? 0 : ENOMEM;
}

static int set_queue(int fd, __u32 queue)
{
	if (!queue || !ioctl(fd, NOTIFY_MULTI_IOC_SET_MAX_PACKETS, &queue))
		return 0;
	if (errno != EINVAL)
		return errno;
	message("a queue of %u packets is more than notify_multi's max_ring_bytes allows", queue);
	return ERROR_REPORTED;
}

/* The queue is resized first, as a mapped one cannot be. */
static int start(struct device *device, const struct options *options)
{
	struct stat st;
	int error;

	if (fstat(device->fd, &st))
		return errno;
	device->node = st.st_rdev;
	error = set_queue(device->fd, options->queue);
	if (error)
		return error;
	if (ioctl(device->fd, NOTIFY_MULTI_IOC_GET_INFO, &device->info) ||
	    ioctl(device->fd, NOTIFY_MULTI_IOC_GET_STATS, &device->stats))
		return errno;
	error = find_layout(device, options);
	if (error)
		return error;

	device->failed_at = 0;
	device->at = 0;
	device->end = 0;
	device->batch_size = BATCH_BYTES / device->info.record_size * device->info.record_size;
	if (!device->batch_size)
		device->batch_size = device->info.record_size;
	free(device->batch);
	device->batch = malloc(device->batch_size);
	if (!device->batch)
		return ENOMEM;
	device->reader = options->reader;
	return device->reader->start(device);
}

int device_open(struct device *device, const struct options *options)
{
	int error;

	device->fd = open(device->path, O_RDONLY | O_CLOEXEC | options->reader->open_flags);
	if (device->fd < 0)
		return errno;
	error = start(device, options);
	if (error)
		device_close(device);
	return error;
}

void device_close(struct device *device)
{
	if (device->reader)
		device->reader->stop(device);
	device->reader = NULL;
	close(device->fd);
	device->fd = -1;
}

/* -- Records that were read. ----------------------------------------------- */

const struct notify_multi_record *device_peek(const struct device *device)
{
	return device->at < device->end ? (const void *)(device->batch + device->at) : NULL;
}

void device_advance(struct device *device)
{
	device->at += device->info.record_size;
}
