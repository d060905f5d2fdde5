/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ATTACH_H
#define ATTACH_H

#include "notifycat.h"

enum exit_status attach(int argc, char **argv);

#endif /* ATTACH_H */
