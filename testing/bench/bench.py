#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Count the instructions of publishing and reading packets, which do not depend on the host.

Writes bench.md to the cache, and fails if figures differ from Documentation/performance.md.
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "qemu"))

import console  # noqa: E402
import markdown  # noqa: E402
import vm  # noqa: E402

PROGRAM = "testing/bench/bench.py"
MACHINE = "amd64-6.12"
MEMORY = 1024
RUN_SECONDS = 3600
OUTPUT = os.path.join(vm.CACHE, "bench")

WAYS = ("read", "mapped", "in-place", "io_uring", "pend")
BYTES = (64,)
READERS = (1, 16, 256)
# See main.c. The last two are not measured for all numbers of readers.
FIGURES = {"publish": "publish, per reader", "end-to-end": "end to end, per reader",
           "read": "read one", "batch": "read in a batch", "memory": "bytes per reader"}
REQUIRED = ("publish", "end-to-end", "read")
# Largest difference from the documented figures.
TOLERANCE = 0.03


class Bench(console.Console):
    """Figures from the machine's console."""

    silent_seconds = 900

    def __init__(self):
        super().__init__(MACHINE)
        self.figures = {}

    def process_line(self, line):
        super().process_line(line)
        if line.startswith("@bench "):
            way, size, readers, figure, value = line.split()[1:]
            row = self.figures.setdefault((way, int(size), int(readers)), {})
            if not row:
                vm.progress(f"{way}, {size} bytes, {readers} readers")
            row[figure] = float(value)


def measure(options):
    """Boot the machine, measure, and return the rows of the table."""
    bench = Bench()
    bench.run("bench", RUN_SECONDS, kind="bench", icount=True, memory=MEMORY, append=" ".join((
        f"NM_WAYS={'+'.join(WAYS)}", f"NM_BYTES={'+'.join(map(str, options.bytes))}",
        f"NM_READERS={'+'.join(map(str, options.readers))}")))
    if bench.failed:
        bench.show_log(20)
        raise vm.MachineError("; ".join(bench.failed))
    rows = []
    for size in options.bytes:
        for way in WAYS:
            for readers in options.readers:
                title = f"{way}, {size} bytes, N={readers}"
                row = bench.figures.get((way, size, readers), {})
                if not row.keys() >= set(REQUIRED):
                    raise vm.MachineError(f"{title}: a figure is missing")
                rows.append([title] + [markdown.number(row.get(figure)) for figure in FIGURES])
    return rows


def compare(program, figures, rows, tolerance=TOLERANCE):
    """Print the figures that differ from those documented by a program. Return their number."""
    documented = {}
    for line in markdown.documented(program)[1].splitlines():
        title, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        documented[title] = cells
    different = compared = 0
    for title, *cells in rows:
        for figure, new, old in zip(figures, cells, documented.get(title, ())):
            compared += 1
            if new != old and ("-" in (new, old) or
                               abs(float(new) - float(old)) > tolerance * float(old)):
                print(f"{title}: {figure}: {new} instead of {old}")
                different += 1
    print(f"{different} of {compared} documented figures differ.")
    return different


def main():
    """Measure and report as the options request. Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=vm.numbers, default=READERS, metavar="N,...")
    parser.add_argument("--bytes", type=vm.numbers, default=BYTES, metavar="N,...")
    parser.add_argument("--document", action="store_true",
                        help="copy the table to Documentation/ instead of a comparison")
    options = parser.parse_args()
    rows = measure(options)
    text = (f"Linux {vm.kernel_release(MACHINE)}, instructions:\n\n" +
            markdown.table(["notify_multi", *FIGURES.values()], rows))
    print(f"\n{text}\n")
    os.makedirs(OUTPUT, exist_ok=True)
    with open(os.path.join(OUTPUT, "bench.md"), "w", encoding="utf-8") as file:
        file.write(text + "\n")
    if options.document:
        markdown.document(PROGRAM, text)
        return 0
    return 1 if compare(PROGRAM, FIGURES.values(), rows) else 0


if __name__ == "__main__":
    vm.exit_with(main)
