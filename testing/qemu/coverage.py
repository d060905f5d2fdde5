#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Run the suite on a kernel with gcov, and list the module lines that it does not reach.

coverage.py [MACHINE]

Fails if the coverage of the core is too low, or for any failure that check.py reports.
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
GCOV = "gcov-12"

# The objects, and the sources whose lines are counted.
OBJECTS = ("core", "client", "read", "uring", "observe",
           "hwsrc/notify_sim", "hwsrc/notify_gpio", "hwsrc/notify_irq")
CORE = ("notify_multi.c", "client.c", "read.c", "uring.c", "observe.c")
SOURCES = (*CORE, "ring.h", "hwsrc/source.h", "hwsrc/notify_sim.c",
           "hwsrc/notify_gpio.c", "hwsrc/notify_irq.c")
REQUIRED = {source: 95 for source in CORE}


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


def count_lines(tree):
    """Return counts[source][line] and the function name of each (source, line)."""
    counts = {source: {} for source in SOURCES}
    functions = {}
    for name in OBJECTS:
        text = subprocess.run([GCOV, "--json-format", "--stdout", f"{name}.gcda"], cwd=tree,
                              stdout=subprocess.PIPE, check=True, timeout=60).stdout
        for file in json.loads(text)["files"]:
            source = os.path.relpath(os.path.join(tree, file["file"]), tree)
            if source not in counts:
                continue
            for line in file["lines"]:
                number = line["line_number"]
                counts[source][number] = counts[source].get(number, 0) + line["count"]
                functions[source, number] = line.get("function_name", "")
    return counts, functions


def report(tree):
    """Print the missed lines and the coverage. Return true if it is sufficient."""
    counts, functions = count_lines(tree)
    for source, lines in counts.items():
        with open(os.path.join(tree, source), encoding="utf-8") as file:
            text = file.read().splitlines()
        for number in sorted(number for number, count in lines.items() if not count):
            print(f"{source}:{number}: {functions[source, number]}(): {text[number - 1].strip()}")
    sufficient = True
    print(f"{'source':22} {'lines':>6} {'reached':>8} {'percent':>8}")
    for source, lines in counts.items():
        reached = sum(1 for count in lines.values() if count)
        percent = 100 * reached / len(lines) if lines else 0
        print(f"{source:22} {len(lines):6} {reached:8} {percent:8.1f}")
        if percent < REQUIRED.get(source, 0):
            print(f"{source}: FAILED, {REQUIRED[source]} percent are required")
            sufficient = False
    return sufficient


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
        sufficient = report(tree)
    except (vm.MachineError, OSError, subprocess.SubprocessError) as error:
        print(f"no coverage: {error}")
        return 1
    return 0 if sufficient and not result.failed else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
