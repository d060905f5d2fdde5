#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Count the instructions from an edge of a GPIO line to its readers, and those of the interrupt,
next to gpiolib's character device, gpiomon, and gpio-manager with gpiocli.

Fails if figures differ from Documentation/performance.md.
"""

import argparse
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "qemu"))

import bench  # noqa: E402
import console  # noqa: E402
import markdown  # noqa: E402
import vm  # noqa: E402

PROGRAM = "testing/bench/edge.py"
MACHINE = "arm64-6.12"
RUN_SECONDS = 1800

# Title, readers, our figure and the other by candidate and figure, goal of the ratio.
ROWS = (
    ("interrupt, one edge", 1, "notify_gpio-rising irq", "gpiolib-rising irq", 1),
    ("interrupt, both edges", 1, "notify_gpio irq", "gpiolib irq", 1),
    ("to read(); poll() and read(), as gpiomon", 1, "notify_gpio read", "gpiolib-poll read", 0.9),
    ("to read()", 1, "notify_gpio read", "gpiolib read", None),
    ("to poll() and read()", 1, "notify_gpio-poll read", "gpiolib-poll read", None),
    ("to read()", 16, "notify_gpio read", None, None),
    ("to print: notifycat; gpiomon", 1, "notifycat print", "gpiomon print", None),
    ("to print: notifycat; gpio-manager and gpiocli", 1, "notifycat print", "gpiocli print",
     None),
    ("to print: notifycat; gpio-manager and gpiocli", 16, "notifycat print", "gpiocli print",
     0.2),
    ("burst of 64: edges read", 1, "notify_gpio burst", None, None),
)
# Largest difference from the documented figures. The edge may interrupt a timer's work.
TOLERANCE = 0.1
COLUMNS = ("notify_gpio", "libgpiod", "ratio", "goal")
# The time of the edge in the output of the programs, in nanoseconds or with a point before them.
TIME = re.compile(r"\b(\d+)\.?(\d{9})\b")


class Edges(console.Console):
    """Figures from the machine's console. Moves the line."""

    def __init__(self):
        super().__init__(MACHINE)
        self.figures = {}

    def process_line(self, line):
        super().process_line(line)
        word, _, rest = line.partition(" ")
        if word == "@line":
            self.machine.gpio().handle(line)
        elif word == "@done":
            self.machine.send("")
        elif word == "@edge":
            name, readers, value = rest.rsplit(maxsplit=2)
            vm.progress(f"{name}, N={readers}: {value}")
            self.figures[name, int(readers)] = int(value)
        elif word == "@printed":
            name, readers, printed, text = rest.split(maxsplit=3)
            key = name + " print", int(readers)
            if key not in self.figures:
                vm.progress(f"{key[0]}, N={readers}")
            elapsed = int(printed) - int("".join(TIME.search(text).groups()))
            self.figures[key] = min(elapsed, self.figures.get(key, elapsed))


def measure():
    """Boot the machine, measure, and return the rows of the table."""
    edges = Edges()
    edges.run("edge", RUN_SECONDS, kind="bench", icount=True)
    if edges.failed:
        edges.show_log(20)
        raise vm.MachineError("; ".join(edges.failed))
    rows = []
    for title, readers, ours, other, goal in ROWS:
        try:
            value = edges.figures[ours, readers]
            compared = edges.figures[other, readers] if other else None
        except KeyError as missing:
            raise vm.MachineError(f"{title}: {missing} is missing") from None
        rows.append([f"{title}, N={readers}", str(value), str(compared or "-"),
                     f"{value / compared:.2f}" if compared else "-", str(goal or "-")])
    return rows


def main():
    """Measure and report as the options request. Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--document", action="store_true",
                        help="copy the table to Documentation/ instead of a comparison")
    options = parser.parse_args()
    rows = measure()
    text = (f"Linux {vm.kernel_release(MACHINE)}, instructions:\n\n" +
            markdown.table(["from the interrupt", *COLUMNS], rows))
    print(f"\n{text}\n")
    if options.document:
        markdown.document(PROGRAM, text)
        return 0
    return 1 if bench.compare(PROGRAM, COLUMNS, rows, TOLERANCE) else 0


if __name__ == "__main__":
    vm.exit_with(main)
