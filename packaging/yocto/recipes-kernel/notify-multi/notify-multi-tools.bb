# SPDX-License-Identifier: GPL-2.0
SUMMARY = "notifycat for the devices of notify_multi, udev rule, headers"

require notify-multi.inc
inherit pkgconfig useradd

PACKAGECONFIG ??= "ncurses liburing"
PACKAGECONFIG[ncurses] = ",,ncurses"
PACKAGECONFIG[liburing] = ",,liburing"

USERADD_PACKAGES = "${PN}"
GROUPADD_PARAM:${PN} = "--system notify"

do_compile() {
	oe_runmake tools
}

do_install() {
	oe_runmake DESTDIR=${D} PREFIX=${prefix} tools_install udev_install headers_install
}

FILES:${PN} += "${prefix}/lib/udev ${prefix}/lib/sysusers.d ${datadir}/bash-completion"
