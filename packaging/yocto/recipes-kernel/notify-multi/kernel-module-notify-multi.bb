# SPDX-License-Identifier: GPL-2.0
SUMMARY = "Kernel modules that notify every program which opens a device"

require notify-multi.inc
inherit module

# What module.bbclass says to make goes on to the kernel's.
EXTRA_OEMAKE += "KDIR=${STAGING_KERNEL_DIR}"
MAKE_TARGETS = "modules"
MODULES_INSTALL_TARGET = "modules_install"

