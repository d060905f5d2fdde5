/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NODE_H
#define NODE_H

#include "notifycat.h"

#include <sys/types.h>

#define NODES		"/dev/notify/"
#define DRIVER_BYTES	64
#define KERNEL_NAME_BYTES	256
#define WORD_BYTES		32

/*
 * @name: Last component of @path.
 * @kernel_name: Name of the device in the kernel; a node outside of NODES may have another @name.
 */
struct node {
	char *path;
	const char *name;
	dev_t device;
	char kernel_name[KERNEL_NAME_BYTES];
};

/* Set path and name; @arg is a path, or a name in NODES. Return false if out of memory. */
bool node_init(struct node *node, const char *arg);

/* Report why a device cannot be used. */
void node_perror(const struct node *node, int error);

/* Find the device without opening it. Return 0, or an errno: ENOTTY if it is not notify_multi's. */
int node_find(struct node *node);

/* Read an attribute of the device, or of the parent device. */
bool node_attribute(const struct node *node, const char *name, uint64_t *value);
bool node_source_attribute(const struct node *node, const char *name, uint64_t *value);

/* Get the word in an attribute of the device; empty if there is none. */
void node_word(const struct node *node, const char *name, char word[WORD_BYTES]);

/* Get the name of the parent device's driver; empty if there is none, as for notify_sim. */
void node_driver(const struct node *node, char driver[DRIVER_BYTES]);

#endif /* NODE_H */
