#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Boot machines of the matrix, and run a program of testing/stress or testing/fuzz on each.

torture.py WHAT [--seconds N] [--seed N] [--OPTION=VALUE]... [MACHINE|KIND...]

Runs the program notify_WHAT with the options. Without --seed a random seed is chosen and printed.
A machine passes if the program succeeds and prints a line "@result ...", the modules can be
unloaded, no memory leaks, and the kernel log has no suspicious line.
"""

import argparse
import concurrent.futures
import os
import random
import re
import sys

import console
import vm

MACHINE = "amd64-6.12-debug"
# Programs that run a fuzzer packaged by Debian.
FUZZERS = ("trinity",)
# Extra time to boot, to find leaks, and for programs that count rounds. A hung machine is detected
# earlier, by its silence.
EXTRA_SECONDS = 3600
# An option that is passed to the program.
OPTION = re.compile(r"--(?!seconds|seed)[a-z-]+=[^+ ]*")


class Torture(console.Console):
    """Result of a program, from a machine's console."""

    silent_seconds = 150

    def __init__(self, name):
        super().__init__(name)
        self.result = None
        self.printing = False
        self.pins = False

    def process_line(self, line):
        super().process_line(line)
        if line.startswith("@result "):
            self.result = line.partition(" ")[2]
        elif line in ("@torture", "@dmesg"):
            self.printing = line == "@torture"
            if self.pins and self.printing:
                vm.pin_cpus(self.machine.process.pid)
        elif self.printing:
            print(f"{self.name}: {line}", flush=True)

    def finish(self):
        super().finish()
        if not self.result:
            self.failed.append("no result")


def parse():
    """Return the arguments and the program's options."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what")
    parser.add_argument("machines", nargs="*", metavar="machine")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--seed", type=int, default=random.randrange(1, 1 << 32))
    passed_on = [text for text in sys.argv[1:] if OPTION.fullmatch(text)]
    arguments = parser.parse_intermixed_args(
        [text for text in sys.argv[1:] if text not in passed_on])
    options = [f"--seconds={arguments.seconds}", f"--seed={arguments.seed}", *passed_on]
    return arguments, options


def torture(name, arguments, options):
    """Run the program on a machine. Return the failures."""
    result = Torture(name)
    append = "NM_TORTURE=" + "+".join([arguments.what, *options])
    if vm.machine_arch(name) == "um":
        if len(os.sched_getaffinity(0)) < 2:
            raise vm.MachineError(f"{name} needs two CPUs")
        append += " ncpus=2"
        result.pins = arguments.what == "lockstep"
    result.run("torture", arguments.seconds + EXTRA_SECONDS, append=append,
               kind="fuzzers" if arguments.what in FUZZERS else "torture", memory=2048)
    print(f"{arguments.what} {name}: {'FAILED' if result.failed else 'ok'}, "
          f"{result.result or 'no result'}, seed {arguments.seed}", flush=True)
    return [f"{name}: FAILED {text}" for text in result.failed]


def main():
    """Run the program on all machines. Return the exit status."""
    arguments, options = parse()
    vm.progress(f"{arguments.what}: {' '.join(options)}")
    # One machine per CPU: a machine keeps about one CPU busy.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda name: torture(name, arguments, options),
                                vm.machines(arguments.machines or [MACHINE])))
    # Print failures last, after the output of all machines.
    failed = [text for result in results for text in result]
    print("".join(f"{text}\n" for text in failed), end="")
    return 1 if failed else 0


if __name__ == "__main__":
    vm.exit_with(main)
