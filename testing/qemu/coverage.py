#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Run the suite on a kernel with gcov, and list the module lines that it does not reach.

coverage.py [MACHINE]

Fails if the line coverage of the core is below REQUIRED percent, or for any failure that check.py
reports.
"""

import base64
import binascii
import gzip
import json
import os
import subprocess
import sys

import check
import vm

MACHINE = "amd64-6.12-debug"
RUN_SECONDS = 5400
OBJECTS = ("core", "client", "read", "uring", "observe",
           "hwsrc/notify_sim", "hwsrc/notify_gpio", "hwsrc/notify_irq")
CORE = ("notify_multi.c", "client.c", "read.c", "splice.c", "uring.c", "observe.c", "ring.h")
REQUIRED = 95


class Coverage(check.Check):
    """The suite's results and gcov's counts."""

    def __init__(self, name):
        super().__init__(name)
        self.counts = {}
        self.receiving = None

    def process_line(self, line):
        if line.startswith("@gcda"):
            self.receiving = line.partition(" ")[2]
            self.counts[self.receiving] = []
        elif self.receiving and not line.startswith("@"):
            self.counts[self.receiving].append(line)
        else:
            super().process_line(line)

    def write_counts(self, path):
        """Write an object's counts (.gcda) next to the compiler's notes (.gcno)."""
        name = os.path.basename(path)
        try:
            data = gzip.decompress(base64.b64decode("".join(self.counts[name])))
        except (KeyError, OSError, EOFError, binascii.Error) as error:
            raise vm.MachineError(f"counts of {name} are incomplete: {error!r}") from None
        with open(path, "wb") as file:
            file.write(data)


def report(name, tree):
    """Print the missed lines and the coverage of each file. Return true if it is sufficient."""
    summary = os.path.join(tree, "coverage.json")
    kernel = os.path.realpath(os.path.join(vm.CACHE, "kernels", name, "build"))
    subprocess.run(["gcovr", "--gcov-executable", "gcov-12", "--root", tree,
                    "--object-directory", kernel, "--exclude-directories", "Documentation",
                    "--exclude-directories", "selftests", "--exclude-directories", "testing",
                    "--filter", f"{tree}/[a-z_]*[.][ch]$", "--filter", f"{tree}/hwsrc/",
                    "--txt", "-", "--json-summary", summary], check=True, timeout=300)
    with open(summary, encoding="utf-8") as file:
        files = {entry["filename"]: entry for entry in json.load(file)["files"]}
    for source, entry in files.items():
        print(f"{source:22} lines {entry['line_covered']}/{entry['line_total']} "
              f"{entry['line_percent']} %, branches {entry['branch_covered']}/"
              f"{entry['branch_total']} {entry['branch_percent']} %")
    low = [source for source in CORE if files[source]["line_percent"] < REQUIRED]
    for source in low:
        print(f"{source}: FAILED, {REQUIRED} percent of the lines are required")
    return not low


def main():
    """Run the suite and report the coverage."""
    result = Coverage(sys.argv[1] if len(sys.argv) > 1 else MACHINE)
    result.run("coverage", RUN_SECONDS, kind="gcov")
    for case in result.failed:
        print(f"{result.name}: FAILED {case}")
    print(f"{len(result.passed)} passed, {len(result.failed)} failed", flush=True)
    try:
        tree = os.path.join(result.build or "", "tree")
        for name in OBJECTS:
            result.write_counts(os.path.join(tree, f"{name}.gcda"))
        sufficient = report(result.name, tree)
    except (vm.MachineError, OSError, subprocess.SubprocessError) as error:
        print(f"no coverage: {error}")
        return 1
    return 0 if sufficient and not result.failed else 1


if __name__ == "__main__":
    vm.exit_with(main)
