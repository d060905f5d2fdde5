#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Measure notify_multi and its peers in cycles of the host's CPU, in User-Mode Linux.

Writes native.json, native.md and native.svg to the cache.
"""

import argparse
import datetime
import itertools
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "qemu"))

import console  # noqa: E402
import native_report  # noqa: E402
import vm  # noqa: E402

MACHINE = "native"
MEMORY = 2048
RUN_SECONDS = 1800
OUTPUT = os.path.join(vm.CACHE, "native")
RESULT = os.path.join(OUTPUT, "native.json")

READERS = (1, 16, 256, 1024, 4096)
BYTES = (16, 64, 256, 4096)
# The cost depends on the memory that the readers get. It is different in each setup.
SETUPS = 5
ROUNDS = 11

# See module/main.c and mapped.c.
LINE = re.compile(r"@native (\S+) (\S+) (\d+) (\d+) (\d+) (\d+)$")
PUBLISH = ("hot", "cold")
MEASURES = {**dict.fromkeys(("notify_multi", "evdev", "hidraw"), PUBLISH + ("read", "batch")),
            "limit": PUBLISH, "mapped": ("next", "batch", "in-place")}


def cpu():
    """Return the properties of the first CPU from /proc/cpuinfo."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
        lines = file.read().partition("\n\n")[0].splitlines()
    return {name.strip(): value.strip() for name, _, value in
            (line.partition(":") for line in lines)}


def check_cpus(properties):
    """Raise MachineError if times on this host are meaningless."""
    missing = {"constant_tsc", "nonstop_tsc"} - set(properties["flags"].split())
    if missing:
        raise vm.MachineError("the time-stamp counter is not constant: /proc/cpuinfo lacks " +
                              " and ".join(sorted(missing)))
    if len(os.sched_getaffinity(0)) < 2:
        raise vm.MachineError("two CPUs are needed: one for User-Mode Linux, and one for all else")


def use_tmpfs():
    """Let User-Mode Linux have its memory in a tmpfs."""
    problems = []
    for directory in (os.environ.get("TMPDIR"), "/dev/shm", "/tmp"):
        if not directory or not os.path.isdir(directory):
            continue
        kind = subprocess.run(["stat", "-f", "-c", "%T", directory], capture_output=True,
                              text=True, check=True, timeout=10).stdout.strip()
        status = os.statvfs(directory)
        free = status.f_bavail * status.f_frsize >> 20
        if kind != "tmpfs":
            problems.append(f"{directory} is {kind}")
        elif status.f_flag & os.ST_NOEXEC:
            problems.append(f"{directory} is mounted noexec")
        elif free < MEMORY:
            problems.append(f"{directory} has {free} MB")
        else:
            os.environ["TMPDIR"] = directory
            return
    raise vm.MachineError(f"a tmpfs with {MEMORY} MB is needed: " + ", ".join(problems))


class Native(console.Console):
    """Results from the machine's console."""

    silent_seconds = 180

    def __init__(self):
        super().__init__(MACHINE)
        self.cycles = {}
        self.tsc_khz = None

    def process_line(self, line):
        super().process_line(line)
        match = LINE.match(line)
        if match:
            key = match[1], match[2], int(match[3]), int(match[4])
            if match.group(1, 2) == (native_report.OURS, "hot") and key not in self.cycles:
                vm.progress(f"{match[4]} bytes, {match[3]} readers")
            self.cycles.setdefault(key, []).append(int(match[6]) / int(match[5]))
        elif line.startswith("@tsc "):
            self.tsc_khz = int(line.split()[1])

    def results(self, options):
        """Return all results as rows. Raise MachineError if one is missing."""
        rows = []
        for candidate, measures in MEASURES.items():
            setups, readers = options.setups, options.readers
            if candidate == "mapped":
                setups, readers = 1, (1,)
            for key in itertools.product((candidate,), measures, readers, options.bytes):
                cycles = self.cycles.get(key, ())
                if not cycles or len(cycles) % (setups * options.rounds):
                    raise vm.MachineError("{} {}, {} readers, {} bytes: ".format(*key) +
                                          f"{len(cycles)} results of {options.rounds} rounds in "
                                          f"{setups} setups")
                rows.append({**dict(zip(("candidate", "measure", "readers", "bytes"), key)),
                             **native_report.spread(cycles), "cycles": cycles})
        if not self.tsc_khz:
            raise vm.MachineError("the frequency of the time-stamp counter is missing")
        return rows


def measure(options, properties):
    """Measure, and return all figures."""
    load = os.getloadavg()[0]
    native = Native()
    native.run("native", RUN_SECONDS, kind="native", memory=MEMORY, append=" ".join((
        f"NM_READERS={'+'.join(map(str, options.readers))}",
        f"NM_BYTES={'+'.join(map(str, options.bytes))}", f"NM_ROUNDS={options.rounds} "
        f"NM_SETUPS={options.setups}")))
    if native.failed:
        errors = [line for line in native.log if re.search("(insmod|notify_native): ", line)]
        raise vm.MachineError("User-Mode Linux: " + "; ".join(native.failed + errors[:1]))
    result = {
        "rounds": options.setups * options.rounds,
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="minutes"),
        "cpu": "{model name}, family {cpu family}, model {model}, stepping {stepping}".format_map(
            properties),
        "cpus": os.cpu_count(), "load": [load, os.getloadavg()[0]],
        "kernel": vm.kernel_release(MACHINE), "tsc_khz": native.tsc_khz,
        "results": native.results(options)}
    result["goals"] = native_report.goals(result)
    return result


def main():
    """Measure and report as the options request. Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=vm.numbers, default=READERS, metavar="N,...")
    parser.add_argument("--bytes", type=vm.numbers, default=BYTES, metavar="N,...")
    parser.add_argument("--setups", type=int, default=SETUPS, metavar="N")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N",
                        help="number of rounds in each setup")
    parser.add_argument("--report", action="store_true", help="only print the last results")
    parser.add_argument("--document", action="store_true",
                        help="copy the tables and the picture to Documentation/")
    options = parser.parse_args()

    if not options.report:
        properties = cpu()
        check_cpus(properties)
        use_tmpfs()
        result = measure(options, properties)
        os.makedirs(OUTPUT, exist_ok=True)
        with open(RESULT, "w", encoding="utf-8") as file:
            json.dump(result, file)
            file.write("\n")
    with open(RESULT, encoding="utf-8") as file:
        result = json.load(file)
    native_report.report(result, OUTPUT, options.document)
    return 0


if __name__ == "__main__":
    vm.exit_with(main)
