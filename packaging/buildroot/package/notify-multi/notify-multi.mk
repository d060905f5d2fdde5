################################################################################
#
# notify-multi
#
################################################################################
# SPDX-License-Identifier: GPL-2.0

NOTIFY_MULTI_VERSION = 0.1
NOTIFY_MULTI_SITE = $(BR2_EXTERNAL_NOTIFY_MULTI_PATH)/../..
NOTIFY_MULTI_SITE_METHOD = local
NOTIFY_MULTI_LICENSE = GPL-2.0, GPL-2.0 WITH Linux-syscall-note (headers)
NOTIFY_MULTI_LICENSE_FILES = COPYING
NOTIFY_MULTI_INSTALL_STAGING = YES
NOTIFY_MULTI_DEPENDENCIES = host-pkgconf
# Objects for the host, if the tree was built there.
NOTIFY_MULTI_OVERRIDE_SRCDIR_RSYNC_EXCLUSIONS = --exclude '*.[ao]' --exclude '*.ko' \
	--exclude '.*.cmd' --exclude /tools/notifycat --exclude /tools/notify-mqtt

ifeq ($(BR2_PACKAGE_NCURSES),y)
NOTIFY_MULTI_DEPENDENCIES += ncurses
endif

ifeq ($(BR2_PACKAGE_LIBURING),y)
NOTIFY_MULTI_DEPENDENCIES += liburing
endif

ifeq ($(BR2_PACKAGE_MOSQUITTO),y)
NOTIFY_MULTI_DEPENDENCIES += mosquitto
endif

define NOTIFY_MULTI_LINUX_CONFIG_FIXUPS
	$(call KCONFIG_ENABLE_OPT,CONFIG_MODULES)
	$(call KCONFIG_ENABLE_OPT,CONFIG_GPIOLIB)
	$(call KCONFIG_ENABLE_OPT,CONFIG_CONFIGFS_FS)
	$(call KCONFIG_ENABLE_OPT,CONFIG_IRQ_WORK)
endef

# kernel-module builds and installs the modules.
define NOTIFY_MULTI_BUILD_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) $(TARGET_CONFIGURE_OPTS) -C $(@D) tools
endef

define NOTIFY_MULTI_INSTALL_STAGING_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) DESTDIR=$(STAGING_DIR) PREFIX=/usr headers_install
endef

define NOTIFY_MULTI_INSTALL_TARGET_CMDS
	$(TARGET_MAKE_ENV) $(MAKE) $(TARGET_CONFIGURE_OPTS) -C $(@D) DESTDIR=$(TARGET_DIR) \
		PREFIX=/usr tools_install udev_install
endef

ifeq ($(BR2_PACKAGE_PYTHON3),y)
NOTIFY_MULTI_DEPENDENCIES += python3
NOTIFY_MULTI_POST_INSTALL_TARGET_HOOKS += NOTIFY_MULTI_INSTALL_PYTHON
endif

define NOTIFY_MULTI_INSTALL_PYTHON
	$(TARGET_MAKE_ENV) $(MAKE) -C $(@D) DESTDIR=$(TARGET_DIR) \
		PYTHONDIR=/usr/lib/python$(PYTHON3_VERSION_MAJOR)/site-packages python_install
endef

# Groups without a user.
define NOTIFY_MULTI_USERS
	- -1 gpio -1 - - - - Reads the lines of notify_gpio
	- -1 notify -1 - - - - Reads the devices of notify_multi
endef

$(eval $(kernel-module))
$(eval $(generic-package))
