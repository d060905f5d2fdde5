#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Run the benchmark: notify_multi and its peers in one run on one machine.

bench.py              measure, print tables, and write bench.json, bench.md and bench.svg
bench.py --document   also copy the tables and the plot to Documentation/
bench.py --report     do not measure, use the figures of the last run

The unit is instructions, which do not depend on the host; with BENCH=time it is nanoseconds, with
the QEMU accelerator named by ACCEL. BENCH_ARGS are options of notify_bench.
"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "qemu"))

import bench_report  # noqa: E402
import console  # noqa: E402
import vm  # noqa: E402

MACHINE = "amd64-6.12"
MEMORY = 3072
RUN_SECONDS = 3600
OUTPUT = os.path.join(vm.CACHE, "bench")
RESULT = os.path.join(OUTPUT, "bench.json")


class Bench(console.Console):
    """Figures from the machine's console."""

    silent_seconds = 900

    def __init__(self):
        super().__init__(MACHINE)
        self.json = []
        self.printing = False

    def process_line(self, line):
        super().process_line(line)
        if line.startswith("@json "):
            self.json.append(line[6:])
        elif line in ("@bench", "@dmesg"):
            self.printing = line == "@bench"
        elif self.printing:
            print(line, flush=True)
        if line.startswith("skipped "):
            self.failed.append(line)


def run(icount):
    """Boot the machine, measure, and return the figures."""
    options = os.environ.get("BENCH_ARGS", "").split()
    if icount:
        options.append("--unit=instructions")
    bench = Bench()
    bench.run("bench", RUN_SECONDS, kind="bench", icount=icount, memory=MEMORY,
              append="NM_BENCH=" + "+".join(options))
    if bench.failed:
        raise vm.MachineError("; ".join(bench.failed))
    return json.loads("\n".join(bench.json))


def measure():
    """Run the benchmark and save the figures."""
    kind = os.environ.get("BENCH", "count")
    if kind not in ("count", "time"):
        raise vm.MachineError(f"BENCH={kind}: must be count or time")
    result = run(kind == "count")
    os.makedirs(OUTPUT, exist_ok=True)
    with open(RESULT, "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
        file.write("\n")


def main():
    """Measure and report as the options request. Return the exit status."""
    arguments = set(sys.argv[1:])
    if arguments - {"--document", "--report"}:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    if "--report" not in arguments:
        measure()
    with open(RESULT, encoding="utf-8") as file:
        result = json.load(file)
    bench_report.report(result, OUTPUT)
    if "--document" in arguments:
        bench_report.document(result, OUTPUT)
    return 0


if __name__ == "__main__":
    vm.exit_with(main)
