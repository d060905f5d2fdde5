#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Measure readers that sleep, of notify_multi and its peers, in User-Mode Linux.

Writes wakeup.json and wakeup.md to the cache. See module/wakeup.c.
"""

import argparse
import itertools
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "qemu"))

import markdown  # noqa: E402
import native  # noqa: E402
import native_report  # noqa: E402
import vm  # noqa: E402

CANDIDATES = (native_report.OURS, *native_report.PEERS)
READERS = (1, 16)
# See module/wakeup.c.
MEASURES = {"same": "read, same CPU", "same-poll": "poll and read, same CPU",
            "same-publish": "publish, same CPU",
            "other": "read, other CPU", "other-poll": "poll and read, other CPU",
            "other-publish": "publish, other CPU"}
BYTES = 64
RUN_SECONDS = 300


class Wakeup(native.Native):
    """Results of a machine with some CPUs."""

    def __init__(self, cpus):
        super().__init__()
        self.cpus = cpus

    def process_line(self, line):
        super().process_line(line)
        if line == "@wakeup" and self.cpus > 1:
            vm.pin_cpus(self.machine.process.pid)


def measure(options):
    """Return all results."""
    cycles = {}
    for cpus in (1, 2):
        machine = Wakeup(cpus)
        machine.run("wakeup", RUN_SECONDS, kind="native", memory=512, append=" ".join((
            f"ncpus={cpus} NM_READERS={'+'.join(map(str, READERS))}",
            f"NM_ROUNDS={options.rounds} NM_SETUPS={options.setups}")))
        if machine.failed:
            machine.show_log(20)
            raise vm.MachineError("User-Mode Linux: " + "; ".join(machine.failed))
        cycles.update(machine.cycles)
    rows = []
    for key in itertools.product(CANDIDATES, MEASURES, READERS, (BYTES,)):
        if len(cycles.get(key, ())) != options.rounds * options.setups:
            raise vm.MachineError("{} {}, {} readers, {} bytes: a result is missing".format(*key))
        rows.append({**dict(zip(("candidate", "measure", "readers", "bytes"), key)),
                     **native_report.spread(cycles[key]), "cycles": cycles[key]})
    return rows


def report(result):
    """Return the table of the results."""
    figures = {(row["candidate"], row["measure"], row["readers"]): row
               for row in result["results"]}
    rows = []
    for name, readers in itertools.product(MEASURES, READERS):
        cells = [figures[candidate, name, readers] for candidate in CANDIDATES]
        best = min(cell["median"] for cell in cells[1:])
        rows.append([MEASURES[name], str(readers)] + [
            "{median:.0f} ({p10:.0f}-{p90:.0f})".format_map(cell) for cell in cells] +
            [markdown.number(cells[0]["median"] / best)])
    return (f"{result['cpu']}, kernel {result['kernel']}, packets of {BYTES} bytes, cycles: median"
            f" (p10-p90) of {result['rounds']} rounds\n\n" + markdown.table(
                ["from publishing to the last read", "N", *CANDIDATES, "ours / best peer"], rows))


def main():
    """Measure and report. Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--setups", type=int, default=5, metavar="N")
    parser.add_argument("--rounds", type=int, default=41, metavar="N")
    parser.add_argument("--document", action="store_true",
                        help="only copy the last results to Documentation/")
    options = parser.parse_args()
    if options.document:
        with open(os.path.join(native.OUTPUT, "wakeup.md"), encoding="utf-8") as file:
            markdown.document("testing/native/wakeup.py", file.read())
        return 0
    properties = native.cpu()
    native.check_cpus(properties)
    native.use_tmpfs()
    result = {
        "cpu": properties["model name"], "kernel": vm.kernel_release(native.MACHINE),
        "rounds": options.rounds * options.setups, "results": measure(options)}
    text = report(result)
    print(text)
    os.makedirs(native.OUTPUT, exist_ok=True)
    with open(os.path.join(native.OUTPUT, "wakeup.json"), "w", encoding="utf-8") as file:
        json.dump(result, file)
        file.write("\n")
    with open(os.path.join(native.OUTPUT, "wakeup.md"), "w", encoding="utf-8") as file:
        file.write(text)
    return 0


if __name__ == "__main__":
    vm.exit_with(main)
