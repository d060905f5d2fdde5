#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Build the packages in a fresh Debian and test them as a user would use them.

    packages.py [SUITE...]

SUITE is bookworm or trixie. The Debian packages are built, checked by lintian and installed, and the
tests in debian/tests run, in a chroot or with Debian's kernel in QEMU. Then the packages are purged.
dkms and "make install" from the source and signing the modules with a private key are tested as well.
"""

import os
import re
import subprocess
import sys
import time

import debian
import vm

SUITES = ("bookworm", "trixie")

# Two remarks are expected: Debian 12 suggests an init script, Debian 13 a newer policy than that of 12.
BUILD = """
apt-get -q update
apt-get -q build-dep -y ./
version=$(dpkg-parsechangelog -S Version)
tar --create --gzip --file ../notify-multi_${version%-*}.orig.tar.gz --exclude ./debian .
dpkg-buildpackage -us -uc >/tmp/build.log 2>&1 || { cat /tmp/build.log; exit 1; }
lintian --allow-root --display-info --pedantic ../notify-multi_*.changes >/tmp/tags
! grep -v "no-init.d-script\\|out-of-date-standards-version" /tmp/tags
"""

# The watch file has a placeholder, which git replaces here by a repository with two tags.
WATCH = """
git init -q /tmp/upstream
git -C /tmp/upstream -c user.name=test -c user.email=test commit -q --allow-empty -m test
for version in $(dpkg-parsechangelog -S Version | sed 's/-.*//') 99.0; do
	git -C /tmp/upstream tag v$version
done
git config --global url.file:///tmp/upstream.insteadOf \\
	"$(sed -nE 's/^(https:[^ ]*) .*/\\1/p' debian/watch)"
uscan --no-download --dehs | tee /tmp/uscan
grep '<upstream-version>99.0</upstream-version>' /tmp/uscan
! grep '<warnings>' /tmp/uscan
"""

INSTALL = """
apt-get -q install -y ../*notify-multi*.deb
"""

# "null": the system itself is the test bed.
AUTOPKGTEST = """
autopkgtest --no-built-binaries --ignore-restrictions isolation-machine %s ./ -- null \\
	>/tmp/autopkgtest.log 2>&1 || { cat /tmp/autopkgtest.log; exit 1; }
"""

# No file may be left. The group remains: Debian packages do not remove users and groups.
PURGE = """
apt-get -q purge -y '*notify-multi*'
left=$(find / -xdev \\( -path /src -o -path /proc -o -path /sys -o -path /dev -o -path /tmp -o \\
	-path /var/cache/man \\) -prune -o \\( -name '*notify[-_]*' -o -name 'notifycat*' \\) \\
	-newer /etc/hostname -print |
	grep -v '^/usr/src/linux-\\|/kernel_tree' || true)
test -z "$left" || { echo "left: $left"; exit 1; }
! dkms status | grep notify
"""

# dkms from the source, without packages.
DKMS = """
kernel=$(basename /lib/modules/*)
dkms add .
dkms install -k $kernel notify-multi/0.1
modprobe -S $kernel --show-depends notify_irq | grep notify_multi
dkms remove notify-multi/0.1 --all
rm -r /usr/src/notify-multi-0.1
! modprobe -S $kernel --show-depends notify_irq
"""

MAKE_INSTALL = """
kernel=$(basename /lib/modules/*)
make install KDIR=/lib/modules/$kernel/build >/tmp/make.log 2>&1 || { cat /tmp/make.log; exit 1; }
systemd-sysusers
modprobe -S $kernel --show-depends notify_irq | grep notify_multi
command -v notifycat
cd /usr/local
ls include/linux/notify_multi.h share/man/man1/notifycat.1 lib/udev/rules.d/60-notify-multi.rules \\
	lib/sysusers.d/notify-multi.conf
cd -
rm -rf /tmp/stage
make install KDIR=/lib/modules/$kernel/build DESTDIR=/tmp/stage PREFIX=/usr >/tmp/make.log 2>&1 ||
	{ cat /tmp/make.log; exit 1; }
find /tmp/stage -type f | grep "/lib/modules/$kernel/updates/.*notify_gpio.ko"
test -x /tmp/stage/usr/bin/notifycat
test ! -e /tmp/stage/usr/local
"""

# For kernels that only accept modules signed with a key that they trust.
SIGN = """
kernel=$(basename /lib/modules/*)
openssl req -new -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=notify_multi test key/" \\
	-outform DER -keyout /tmp/signing.key -out /tmp/signing.der 2>/dev/null
for module in *.ko hwsrc/*.ko; do
	/lib/modules/$kernel/build/scripts/sign-file sha256 /tmp/signing.key /tmp/signing.der $module
	test "$(modinfo -F signer $module)" = "notify_multi test key"
done
"""

CHROOT = (("Debian packages, checked by lintian", BUILD), ("watch file", WATCH),
          ("installed by apt, built by dkms", INSTALL))
AFTER = (("purged", PURGE), ("dkms from the source", DKMS), ("make install", MAKE_INSTALL),
         ("modules signed with a private key", SIGN))


def autopkgtest(isolated):
    """Return a script that runs the tests of debian/tests that need a machine, or the others."""
    with open(os.path.join(vm.TOP, "debian", "tests", "control"), encoding="utf-8") as control:
        names = [re.match("Tests: (.*)", stanza)[1] for stanza in control.read().split("\n\n")
                 if ("isolation-machine" in stanza) == isolated]
    return AUTOPKGTEST % " ".join(f"--test-name {name}" for name in names)


class Tests:
    """The tests of a suite."""

    def __init__(self, copy):
        self.copy = copy
        self.start = time.monotonic()

    def passed(self, title):
        """Report a passed test and the elapsed time."""
        print(f"ok  {self.copy.suite:<9} {time.monotonic() - self.start:5.0f} s  {title}",
              flush=True)

    def run(self, scripts):
        """Run scripts in the chroot. Raise MachineError if one fails."""
        for title, script in scripts:
            self.copy.run(script)
            self.passed(title)

    def autopkgtest(self):
        """Run the tests of debian/tests in the chroot, then those that need a machine in one."""
        self.run([("autopkgtest in the chroot", autopkgtest(False))])
        status, output = self.copy.boot(autopkgtest(True))
        if status or self.copy.kernel_problems:
            raise vm.MachineError("\n".join([f"{self.copy.suite}: exit status {status}", *output,
                                             *self.copy.kernel_problems]))
        self.passed("autopkgtest in the booted machine")


def main():
    """Test all suites; exit with 1 if one failed."""
    failed = False
    for suite in sys.argv[1:] or SUITES:
        try:
            with debian.Copy(suite, echo=False) as copy:
                tests = Tests(copy)
                tests.run(CHROOT)
                tests.autopkgtest()
                tests.run(AFTER)
        except (vm.MachineError, subprocess.SubprocessError, OSError) as error:
            print(f"not ok  {suite}: {error}", flush=True)
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
