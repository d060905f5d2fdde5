# SPDX-License-Identifier: GPL-2.0
SUMMARY = "notifycat for the devices of notify_multi, udev rule, headers"

require notify-multi.inc
inherit pkgconfig useradd bash-completion

PACKAGECONFIG ??= "ncurses liburing"
PACKAGECONFIG[ncurses] = ",,ncurses"
PACKAGECONFIG[liburing] = ",,liburing"
# notify-mqtt and its unit; mosquitto is in meta-networking.
PACKAGECONFIG[mqtt] = ",,mosquitto"

USERADD_PACKAGES = "${PN}"
GROUPADD_PARAM:${PN} = "--system gpio; --system notify"

do_compile() {
	oe_runmake tools
}

do_install() {
	oe_runmake DESTDIR=${D} PREFIX=${prefix} UNITDIR=${systemd_system_unitdir} \
		UDEVDIR=${nonarch_base_libdir}/udev tools_install udev_install headers_install
}

FILES:${PN} += "${nonarch_base_libdir}/udev ${systemd_system_unitdir} ${prefix}/lib/sysusers.d"
FILES:${PN} += "${prefix}/lib/tmpfiles.d ${prefix}/share/zsh ${prefix}/share/fish"
