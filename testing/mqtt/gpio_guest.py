#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Run gpio_test.py in User-Mode Linux, with Debian's mosquitto. tools/notify-mqtt must exist."""

import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "python"))

import guest  # noqa: E402
import vm  # noqa: E402

copy_packages = guest.copy_packages


def copy_more(root, target):
    """Copy packages, the test, and the program."""
    copy_packages(root, target)
    shutil.copytree(HERE, os.path.join(target, "mqtt"))
    shutil.copy(os.path.join(vm.TOP, "tools", "notify-mqtt"), os.path.join(target, "mqtt"))


def main():
    """Run the test with the newer release, which runs programs built on the older one."""
    guest.PACKAGES += ("mosquitto", "mosquitto-clients")
    guest.copy_packages = copy_more
    failed = guest.run("trixie", ["../mqtt/gpio_test.py"])[1]
    for problem in failed:
        print(f"FAILED {problem}")
    return bool(failed)


if __name__ == "__main__":
    vm.exit_with(main)
