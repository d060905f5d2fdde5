# SPDX-License-Identifier: GPL-2.0
SUMMARY = "Kernel modules that broadcast hardware notifications to several programs"

require notify-multi.inc
inherit module

# module.bbclass passes O=, CC=, DEPMOD= and MODLIB=; the Makefile needs KDIR, too.
EXTRA_OEMAKE += "KDIR=${STAGING_KERNEL_DIR}"
MAKE_TARGETS = "modules"
MODULES_INSTALL_TARGET = "modules_install"

