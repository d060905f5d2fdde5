#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Build the packages in a fresh Debian and test them as a user would use them.

    packages.py [SUITE...]

SUITE is bookworm or trixie. The Debian packages are built, checked by lintian and installed.
Debian's kernel boots, and udev must give the devices to the group "notify", whose members can read
them while other users cannot. Then the packages are purged. dkms and "make install" from the source
and signing the modules with a private key are tested as well.
"""

import subprocess
import sys
import time

import debian
import vm

SUITES = ("bookworm", "trixie")

BUILD = """
dpkg-buildpackage -us -uc >/tmp/build.log 2>&1 || { cat /tmp/build.log; exit 1; }
lintian --allow-root --fail-on error,warning ../notify-multi_*.changes
test "$(dpkg-parsechangelog -S Version)" = "$(bash -c '. ./dkms.conf; echo $PACKAGE_VERSION')"
"""

INSTALL = """
apt-get -q install -y ../notify-multi-*.deb
kernel=$(basename /lib/modules/*)
dkms status notify-multi | grep installed
"""

# dkms must have installed all modules that "make" builds, and modprobe resolve their dependencies.
MODULES = """
kernel=$(basename /lib/modules/*)
make KDIR=/lib/modules/$kernel/build modules >/tmp/make.log 2>&1 || { cat /tmp/make.log; exit 1; }
find . -path ./debian -prune -o -name '*.ko' -printf '%f\\n' | sort >/tmp/built
test $(wc -l </tmp/built) -ge 4
find /lib/modules/$kernel/updates -name '*.ko*' -printf '%f\\n' | sed 's/\\.xz$//' | sort |
	diff /tmp/built -
for module in $(sed 's/\\.ko$//' /tmp/built); do
	modprobe -S $kernel --dry-run $module
	modprobe -S $kernel --show-depends $module | grep -q "^insmod .*/notify_multi.ko"
	modinfo -k $kernel -F signer $module | grep "DKMS\\|Debian\\|Secure"
done
make KDIR=/lib/modules/$kernel/build clean >/dev/null
"""

UNIT = """
systemd-analyze verify /usr/lib/systemd/system/notify-mqtt@.service \\
	/usr/lib/systemd/system/notify-multi.service
test -x /usr/bin/notify-mqtt
"""

# Pages and examples are installed; the examples need only the installed headers.
DOCUMENTATION = """
ls /usr/share/doc/notify-multi-tools/README.md /usr/share/doc/notify-multi-tools/reading.md
for example in reader poll mapped; do
	cc -Wall -Werror -o /tmp/example /usr/share/doc/notify-multi-dev/examples/$example.c
done
"""

# The headers must be in the C compiler's default path, with those that they include.
HEADERS = """
dpkg-query -W -f '${Depends}' notify-multi-dev | grep linux-libc-dev
cat >/tmp/reader.c <<END
#include <linux/notify_gpio.h>
#include <linux/notify_irq.h>
#include <linux/notify_multi.h>
int main(void) { return sizeof(struct notify_multi_record) != 32; }
END
cc -Wall -Werror -o /tmp/reader /tmp/reader.c
/tmp/reader
"""

# Runs in the booted machine. udev must not change the mode of a source that requests its own.
GUEST = """
modprobe notify_sim
cd /sys/kernel/config/notify_sim
for mode in 0600 0644; do
	mkdir test$mode
	echo 16 >test$mode/packet_size
	echo 1 >test$mode/replay
	echo $mode >test$mode/mode
	echo 1 >test$mode/live
	printf 0123456789abcdef >/dev/notify_sim/test$mode
done
udevadm settle
stat -c '%n %U:%G %a' /dev/notify/* | tee /tmp/nodes
printf '%s\\n' '/dev/notify/test0600 root:notify 660' '/dev/notify/test0644 root:root 644' |
	diff - /tmp/nodes
useradd --groups notify member
useradd stranger
runuser -u member -- timeout 30 notifycat -n 1 test0600
! runuser -u stranger -- timeout 30 notifycat -n 1 test0600
runuser -u stranger -- timeout 30 notifycat -n 1 test0644
modprobe notify_irq
echo nosuchchip 1 2 >/etc/notify-multi.d/lines.conf
systemctl list-dependencies --plain multi-user.target | grep -w notify-multi.service
systemctl start notify-multi
grep '^waiting for nosuchchip$' /sys/kernel/config/notify_gpio/lines/status
systemctl stop notify-multi
test ! -e /sys/kernel/config/notify_gpio/lines
rm /etc/notify-multi.d/lines.conf
for mode in 0600 0644; do
	echo 0 >test$mode/live
	rmdir test$mode
done
cd /
modprobe -r notify_sim notify_gpio notify_irq
test ! -e /sys/module/notify_multi
"""

# No file may be left. The group remains: Debian packages do not remove users and groups.
PURGE = """
apt-get -q purge -y notify-multi-dkms notify-multi-tools notify-multi-dev
left=$(find / -xdev \\( -path /src -o -path /proc -o -path /sys -o -path /dev -o -path /tmp \\) \\
	-prune -o \\( -name '*notify[-_]*' -o -name 'notifycat*' \\) -newer /etc/hostname -print |
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

CHROOT = (("Debian packages, checked by lintian", BUILD),
          ("installed by apt, built by dkms", INSTALL),
          ("modules: complete, resolved, signed", MODULES), ("headers", HEADERS),
          ("documentation and examples", DOCUMENTATION), ("unit of systemd", UNIT))
AFTER = (("purged", PURGE), ("dkms from the source", DKMS), ("make install", MAKE_INSTALL),
         ("modules signed with a private key", SIGN))


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

    def boot(self):
        """Boot the copy and use the installed packages."""
        status, output = self.copy.boot("set -ex\n" + GUEST)
        if status or self.copy.kernel_problems:
            raise vm.MachineError("\n".join([f"{self.copy.suite}: exit status {status}", *output,
                                             *self.copy.kernel_problems]))
        self.passed("booted: only members of group notify can read; modules unload")


def main():
    """Test all suites; exit with 1 if one failed."""
    failed = False
    for suite in sys.argv[1:] or SUITES:
        try:
            with debian.Copy(suite, echo=False) as copy:
                tests = Tests(copy)
                tests.run(CHROOT)
                tests.boot()
                tests.run(AFTER)
        except (vm.MachineError, subprocess.SubprocessError, OSError) as error:
            print(f"not ok  {suite}: {error}", flush=True)
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()
