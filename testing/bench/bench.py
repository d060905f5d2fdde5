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
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "qemu"))

import bench_report  # noqa: E402
import vm  # noqa: E402

MACHINE = "amd64-6.12"
MEMORY = 3072
RUN_SECONDS = 3600
SILENT_SECONDS = 900
OUTPUT = os.path.join(vm.CACHE, "bench")
RESULT = os.path.join(OUTPUT, "bench.json")


class BenchConsole:
    """Collects the output of the machine's console."""

    def __init__(self):
        self.json = []
        self.failures = []
        self.log = []
        self.ended = self.measuring = False

    def process_line(self, line):
        """Process a line, and print it if it is output of notify_bench."""
        self.log.append(line)
        if vm.reports_problem(line):
            self.failures.append(f"dmesg: {line}")
        if line.startswith("@json "):
            self.json.append(line[6:])
        elif line.startswith("@failed "):
            self.failures.append(line[8:])
        elif line in ("@bench", "@dmesg"):
            self.measuring = line == "@bench"
        elif line.startswith("@end"):
            self.ended = True
        elif self.measuring:
            print(line, flush=True)
            if line.startswith("skipped "):
                self.failures.append(line)

    def result(self):
        """Return the figures. Raise MachineError after any failure."""
        if not self.ended:
            self.failures.append("the machine did not finish")
            print("\n".join("    " + text for text in self.log[-20:]), file=sys.stderr)
        if self.failures:
            raise vm.MachineError("; ".join(self.failures))
        return json.loads("\n".join(self.json))


def kernel_parameter(icount):
    """Return the benchmark's options as a parameter of the kernel command line."""
    options = os.environ.get("BENCH_ARGS", "").split()
    if icount:
        options.append("--unit=instructions")
    return "NM_BENCH=" + "+".join(options)


def run(icount):
    """Boot the machine, measure, and return the figures."""
    console = BenchConsole()
    directory = vm.build(MACHINE, "bench")
    vm.progress(f"booting {MACHINE}")
    started = time.monotonic()
    with vm.Machine(MACHINE, directory, "bench", icount=icount, memory=MEMORY,
                    append=kernel_parameter(icount)) as machine:
        for line in machine.lines(RUN_SECONDS, SILENT_SECONDS):
            console.process_line(line)
    vm.progress(f"the machine ran for {time.monotonic() - started:.0f} s")
    return console.result()


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
    """Measure and report as the options request."""
    arguments = set(sys.argv[1:])
    if arguments - {"--document", "--report"}:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        if "--report" not in arguments:
            measure()
        with open(RESULT, encoding="utf-8") as file:
            result = json.load(file)
        bench_report.report(result, OUTPUT)
        if "--document" in arguments:
            bench_report.document(result, OUTPUT)
        return 0
    except (vm.MachineError, OSError, ValueError, subprocess.SubprocessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
