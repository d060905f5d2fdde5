# SPDX-License-Identifier: GPL-2.0
SUMMARY = "Python package for the devices of notify_multi"

require notify-multi.inc
inherit python3-dir

RDEPENDS:${PN} = "python3-asyncio python3-core python3-ctypes python3-datetime python3-logging"

do_compile[noexec] = "1"

do_install() {
	oe_runmake DESTDIR=${D} PYTHONDIR=${PYTHON_SITEPACKAGES_DIR} python_install
}

FILES:${PN} += "${PYTHON_SITEPACKAGES_DIR}"
