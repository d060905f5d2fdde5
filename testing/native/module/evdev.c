// SPDX-License-Identifier: GPL-2.0
/* An input device. Whatever its size, a packet is an event with 4 bytes, and EV_SYN. */
#include <linux/input.h>
#include <linux/slab.h>

#include "candidate.h"

static struct input_dev *input;

static int evdev_find_node(char *node, size_t size)
{
	struct input_handle *handle;

	list_for_each_entry(handle, &input->h_list, d_node) {
		if (!strncmp(handle->name, "event", 5)) {
			snprintf(node, size, "/dev/input/%s", handle->name);
			return 0;
		}
	}
	return -ENOENT;
}

static int evdev_start(struct native_candidate *self, unsigned int readers, size_t bytes)
{
	int ret;

	self->read_size = 2 * sizeof(struct input_event);
	input = input_allocate_device();
	if (!input)
		return -ENOMEM;
	input->name = "notify_native";
	input_set_capability(input, EV_MSC, MSC_SCAN);
	ret = input_register_device(input);
	if (ret) {
		input_free_device(input);
		return ret;
	}
	ret = evdev_find_node(self->node, sizeof(self->node));
	if (ret)
		input_unregister_device(input);
	return ret;
}

static void evdev_stop(void)
{
	input_unregister_device(input);
}

static void evdev_publish(const void *packet, size_t bytes)
{
	input_event(input, EV_MSC, MSC_SCAN, *(const int *)packet);
	input_sync(input);
}

struct native_candidate native_evdev = {
	.name = "evdev",
	.start = evdev_start,
	.stop = evdev_stop,
	.publish = evdev_publish,
};
