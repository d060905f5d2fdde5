#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Let dkms build the modules for each amd64 kernel of the test matrix.

    dkms.py [MACHINE...]

Each kernel's headers are installed with their compiler from the kernel's own release, in a chroot of
Debian 12, or of Debian 13 for newer kernels. dkms then builds, signs and installs the modules. Each
release has a chroot of its own.
"""

import collections
import subprocess
import sys
import time

import debian
import vm

# Releases whose kernels need no newer libraries than Debian 12 has.
OLD = ("bullseye", "bookworm")

PACKAGE = """
apt-get -q update
apt-get -q build-dep -y ./
dpkg-buildpackage --no-sign --build=all >/tmp/build.log 2>&1 || { cat /tmp/build.log; exit 1; }
apt-get -q install -y ../notify-multi-dkms_*.deb
"""

# Prints the release of the newest kernel of a series ("newest": of any) and flavour.
RELEASE = r"""
series=$(echo '{series}' | sed 's/\./\\./; s/newest/[0-9]+\\.[0-9]+/')
revision='(\.[0-9]+)*(-[0-9]+|\+deb[0-9]+(\.[0-9]+)?)?'
apt-cache search --names-only '^linux-headers-' |
	sed -nE "s/^linux-headers-($series$revision-{flavour}) .*/\1/p" | sort -V | tail -n 1
"""

BUILD = """
apt-get -q install -y --no-install-recommends {target} linux-headers-{release}
dkms status notify-multi -k {release} | grep -w installed || {{
	cat /var/lib/dkms/notify-multi/*/build/make.log
	exit 1
}}
set -- /lib/modules/{release}/updates/dkms/notify_*.ko*
test $# = 4
test "$(modinfo -F vermagic "$1" | cut -d " " -f 1)" = {release}
"""


def kernels(names):
    """Return lists of machine, series and flavour of the archive's amd64 kernels by suite."""
    suites = collections.defaultdict(list)
    with open(f"{vm.QEMU_DIR}/machines", encoding="utf-8") as machines:
        for line in machines:
            machine, arch, suite, series, flavour, *_ = [*line.split(), *[""] * 5]
            if arch == "amd64" and suite != "built" and (not names or machine in names):
                suites[suite].append((machine, series, flavour))
    return suites


def add_suite(copy, suite):
    """Add a release to the sources of apt."""
    sources = subprocess.run([f"{vm.TESTING}/fetch/fetch.sh", "sources", suite, "amd64"], check=True,
                             stdout=subprocess.PIPE, text=True, timeout=60).stdout
    copy.write("/etc/apt/sources.list.d/kernel.list", sources)
    copy.run("apt-get -q update")


def build(copy, suite, series, flavour):
    """Build for the newest kernel of a series and flavour; return its release."""
    release = copy.run(RELEASE.format(series=series, flavour=flavour)).strip()
    if not release:
        raise vm.MachineError(f"{suite} has no headers of {series} {flavour}")
    target = "" if suite in OLD else f"--target-release {suite}"
    copy.run(BUILD.format(target=target, release=release))
    return release


def build_suite(suite, machines):
    """Build for the kernels of a suite; return whether one failed."""
    failed = False
    with debian.Copy("bookworm" if suite in OLD else "trixie", echo=False) as copy:
        copy.run(PACKAGE)
        add_suite(copy, suite)
        for machine, series, flavour in machines:
            start = time.monotonic()
            try:
                release = build(copy, suite, series, flavour)
                print(f"ok  {machine:<14} {time.monotonic() - start:5.0f} s  dkms in {copy.suite} "
                      f"for {release}", flush=True)
            except (vm.MachineError, subprocess.SubprocessError) as error:
                print(f"not ok  {machine}: {error}", flush=True)
                failed = True
    return failed


def main():
    """Build for all kernels; exit with 1 if one failed."""
    sys.exit(any([build_suite(*item) for item in kernels(sys.argv[1:]).items()]))


if __name__ == "__main__":
    main()
