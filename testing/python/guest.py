#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Run Python programs with Debian's Python and libraries in User-Mode Linux.

    guest.py [--suite SUITE]... PROGRAM...

SUITE is bookworm or trixie; by default both. The programs are in testing/python. They run as root,
with our modules loaded. The kernel has gpio-sim and uinput built in; Debian's kernels lack gpio-sim.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

PYTHON_TESTS = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(PYTHON_TESTS, "..", name) for name in ("qemu", "debian")]

import console  # noqa: E402
import debian  # noqa: E402
import vm  # noqa: E402

MACHINE = "uml"
MEMORY = 1024
SECONDS = 900
PACKAGES = ("python3", "python3-libgpiod", "python3-evdev")
LINKS = ("bin", "sbin", "lib", "lib64")

# Runs in the initramfs, where Debian is in /debian; see run_docs in testing/qemu/init.
SCRIPT = """
load notify_multi notify_sim notify_gpio
for name in dev proc sys; do
	mkdir -p /debian/$name
	mount -o rbind /$name /debian/$name
done
for program in {programs}; do
	case $program in
	*_test.py) options="-X dev" ;;
	*) options= ;;
	esac
	chroot /debian /usr/bin/env PYTHONPATH=/python PYTHONDONTWRITEBYTECODE=1 LC_ALL=C.UTF-8 \\
		python3 $options /python/$program 2>&1 || echo "@failed $program"
done
"""


def closure(status, packages):
    """Return packages and all that they depend on, of those installed."""
    provided, depends = {}, {}
    for line in status.splitlines():
        name, provides, needs = line.split("\t")
        words = [word.strip() for word in provides.split(",") if word.strip()]
        for word in (name, *words):
            provided.setdefault(word.split()[0], name)
        depends[name] = [re.split(r"[ :|]", need.strip())[0] for need in needs.split(",")]
    found, left = set(), list(packages)
    while left:
        name = provided.get(left.pop())
        if name and name not in found:
            found.add(name)
            left += depends[name]
    return sorted(found)


def dpkg_query(root, *arguments):
    """Return the output of dpkg-query about the packages of a root."""
    return subprocess.run(
        ["dpkg-query", f"--admindir={root}/var/lib/dpkg", *arguments], check=True, text=True,
        stdout=subprocess.PIPE, timeout=60).stdout


def copy_packages(root, target):
    """Copy the files of packages, with all that they need, to a directory."""
    for link in LINKS:
        if os.path.islink(os.path.join(root, link)):
            os.makedirs(os.path.join(target, os.readlink(os.path.join(root, link))), exist_ok=True)
            os.symlink(os.readlink(os.path.join(root, link)), os.path.join(target, link))
    status = dpkg_query(root, "-W", "-f", "${Package}\t${Provides}\t${Pre-Depends},${Depends}\n")
    files = dpkg_query(root, "-L", *closure(status, PACKAGES)).splitlines()
    # Packages need not depend on essential ones.
    files += ["/bin/sh", "/usr/bin/env"]
    for path in files:
        source = os.path.join(root, path.lstrip("/"))
        if "/share/doc/" in path or "/share/man/" in path or os.path.isdir(source):
            continue
        destination = os.path.join(target, path.lstrip("/"))
        if os.path.lexists(source) and not os.path.lexists(destination):
            os.makedirs(os.path.dirname(destination), exist_ok=True)
            shutil.copy2(source, destination, follow_symlinks=False)


def pack(suite, programs, directory):
    """Write an initramfs with Debian's Python and our programs."""
    build = vm.build(MACHINE, "board")
    root = subprocess.run([debian.SCRIPT, "root", suite], check=True, text=True, timeout=1800,
                          stdout=subprocess.PIPE).stdout.strip()
    tree = os.path.join(directory, "tree")
    copy_packages(root, os.path.join(tree, "debian"))
    shutil.copytree(PYTHON_TESTS, os.path.join(tree, "debian", "python"))
    shutil.copytree(os.path.join(vm.TOP, "tools", "python", "notify_multi"),
                    os.path.join(tree, "debian", "python", "notify_multi"))
    shutil.copy(os.path.join(vm.TOP, "Documentation", "examples", "edges.py"),
                os.path.join(tree, "debian", "python"))
    os.makedirs(os.path.join(tree, "debian", "tmp"))
    os.makedirs(os.path.join(tree, "docs"))
    with open(os.path.join(tree, "docs", "run"), "w", encoding="utf-8") as file:
        file.write(SCRIPT.format(programs=" ".join(programs)))
    archive = subprocess.run("find . | cpio -o --quiet -H newc -R 0:0", shell=True, check=True,
                             cwd=tree, stdout=subprocess.PIPE, timeout=120).stdout
    with open(os.path.join(directory, "initramfs"), "wb") as out:
        with open(os.path.join(build, "initramfs"), "rb") as initramfs:
            shutil.copyfileobj(initramfs, out)
        out.write(archive)


class Guest(console.Console):
    """Prints what the programs print."""

    silent_seconds = 60

    def __init__(self, suite):
        super().__init__(MACHINE)
        self.suite = suite
        self.output = []

    def process_line(self, line):
        super().process_line(line)
        if not vm.KERNEL_LINE.match(line) and not line.startswith("@"):
            self.output.append(line)
            print(f"{self.suite}: {line}", flush=True)


def run(suite, programs):
    """Run programs. Return their output and the failures."""
    guest = Guest(suite)
    with tempfile.TemporaryDirectory() as directory:
        pack(suite, programs, directory)
        guest.build = directory
        guest.boot("docs", SECONDS, memory=MEMORY)
    guest.finish()
    return guest.output, guest.failed


def main():
    """Run the programs with the Python of each suite."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--suite", action="append", choices=("bookworm", "trixie"))
    parser.add_argument("programs", nargs="+")
    options = parser.parse_args()
    failed = [f"{suite}: {problem}" for suite in options.suite or ("bookworm", "trixie")
              for problem in run(suite, options.programs)[1]]
    for problem in failed:
        print(f"FAILED {problem}")
    return bool(failed)


if __name__ == "__main__":
    vm.exit_with(main)
