#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Run a script in a fresh Debian in QEMU, with Debian's kernel and systemd.

    debian.py [--bare] [--chroot SCRIPT]... SUITE SCRIPT

SUITE is bookworm or trixie. SCRIPT runs as root in /src/notify-multi, a copy of this tree, by its
own #! line or by sh -e. Its output is printed and its exit status returned. The project's packages
are built and installed first, unless --bare is given. Scripts given with --chroot run before the
machine boots, in a chroot with the host's network, for example to install more packages. The
machine itself has only a loopback network.

Suspicious kernel messages are failures, too. From Python: with debian.Copy(suite) as copy:
copy.install(); copy.run("command"); copy.boot("script").
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "qemu"))

import vm  # noqa: E402

SCRIPT = os.path.join(vm.TESTING, "debian", "debian.sh")
SOURCE = "/src/notify-multi"
BOOT_SECONDS = 600

KERNEL_LINE = re.compile(r"\[ *\d+\.\d{6}\] ")

# Build and install the packages as a user does.
INSTALL = """
apt-get -q update
apt-get -q build-dep -y ./
dpkg-buildpackage --no-sign --build=binary
apt-get -q install -y ../*.deb
"""

# Runs the script at the point where services start; systemd then switches the machine off.
SERVICE = f"""
[Unit]
After=basic.target
SuccessAction=poweroff-force
FailureAction=poweroff-force

[Service]
Type=oneshot
WorkingDirectory={SOURCE}
Environment=HOME=/root LC_ALL=C.UTF-8 TERM=dumb
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
ExecStart=/bin/sh -c 'echo; echo @begin; if [ "$(head -c 2 /root/script)" = "#!" ]; then /root/script; \\
	else sh -e /root/script; fi; echo "@status $?"; sync'
"""


class DebianMachine(vm.Machine):
    """A machine that boots from the disk of a copy."""

    def __init__(self, suite, directory):
        # One CPU: when tracers patch the kernel, QEMU may run stale code on another CPU.
        super().__init__(suite, directory, "script", memory=2048, arch="amd64", append=(
            "maxcpus=1 root=/dev/vda rw systemd.show_status=no systemd.wants=script.service "
            "systemd.mask=serial-getty@ttyS0.service"))

    def images(self):
        return os.path.join(self.build, "vmlinuz"), os.path.join(self.build, "initrd")

    def command(self):
        disk = os.path.join(self.build, "disk")
        return [*super().command(), "-drive", f"file={disk},format=raw,if=virtio,cache=unsafe"]


class Copy:
    """A writable, bootable copy of a fresh Debian. Use "with"."""

    def __init__(self, suite, echo=True):
        self.suite = suite
        self.echo = echo
        self.directory = None
        self.kernel_problems = []

    def __enter__(self):
        subprocess.run([SCRIPT, "root", self.suite], check=True, stdout=subprocess.DEVNULL,
                       timeout=1800)
        self.directory = tempfile.mkdtemp(prefix="notify_multi-", dir=vm.CACHE)
        return self

    def __exit__(self, *_):
        subprocess.run([SCRIPT, "remove", self.directory], check=True)

    def run(self, script, check=True, seconds=900):
        """Run a script by sh -e in the source directory and return its output."""
        result = subprocess.run(
            [SCRIPT, "run", self.suite, self.directory, "sh", "-ec", f"cd {SOURCE}\n{script}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors="replace", timeout=seconds)
        if check and result.returncode:
            raise vm.MachineError(f"{self.suite}: exit status {result.returncode} of\n"
                                  f"{script}\n{result.stdout}")
        return result.stdout

    def write(self, path, text):
        """Create a file in the copy."""
        subprocess.run([SCRIPT, "run", self.suite, self.directory, "sh", "-c", f"cat >{path}"],
                       input=text, text=True, check=True, timeout=60)

    def install(self):
        """Build and install the project's packages."""
        return self.run(INSTALL)

    def boot(self, script, seconds=BOOT_SECONDS, on_line=None):
        """Boot, run a script, and return its exit status and output.

        on_line() is called for each line of the output at once.
        """
        self.write("/root/script", script)
        self.write("/etc/systemd/system/script.service", SERVICE)
        self.run("chmod +x /root/script")
        subprocess.run([SCRIPT, "image", self.suite, self.directory], check=True,
                       stdout=subprocess.DEVNULL, timeout=300)
        output, begin, status = [], None, None
        with DebianMachine(self.suite, self.directory) as machine:
            for line in machine.lines(seconds):
                if KERNEL_LINE.search(line) and vm.reports_problem(line):
                    self.kernel_problems.append(line)
                if line == "@begin":
                    begin = len(output)
                elif line.startswith("@status "):
                    status = int(line.split()[1])
                elif status is None:
                    output.append(line)
                    if self.echo and begin is not None:
                        print(line, flush=True)
                    if on_line and begin is not None:
                        on_line(line)
        if status is None:
            raise vm.MachineError(f"{self.suite}: the script did not finish:\n" +
                                  "\n".join(output[-40:]))
        return status, output[begin:]


def read(path):
    """Return the text of a script."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def main():
    """Run the scripts and exit with the status of the last one."""
    parser = argparse.ArgumentParser(description="run a script in a fresh Debian")
    parser.add_argument("suite", choices=("bookworm", "trixie"))
    parser.add_argument("script")
    parser.add_argument("--bare", action="store_true", help="without the project's packages")
    parser.add_argument("--chroot", action="append", default=[], metavar="SCRIPT",
                        help="run this before the machine boots, with the network")
    options = parser.parse_args()
    with Copy(options.suite) as copy:
        if not options.bare:
            vm.progress(f"{options.suite}: building and installing the packages")
            copy.install()
        for script in options.chroot:
            print(copy.run(read(script)), end="", flush=True)
        vm.progress(f"{options.suite}: booting")
        status, _ = copy.boot(read(options.script))
        for line in copy.kernel_problems:
            print(f"{options.suite}: dmesg: {line}", flush=True)
    sys.exit(status or bool(copy.kernel_problems))


if __name__ == "__main__":
    try:
        main()
    except (vm.MachineError, subprocess.SubprocessError, OSError) as error:
        sys.exit(f"error: {error}")
