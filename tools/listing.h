/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LISTING_H
#define LISTING_H

#include "notifycat.h"

enum exit_status listing(int argc, char **argv);

#endif /* LISTING_H */
