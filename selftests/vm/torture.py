#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Boots machines of the matrix, and runs a program of selftests/torture on each.

torture.py WHAT [--seconds N] [--seed N] [--OPTION=VALUE]... [MACHINE|KIND...]

WHAT is the program notify_WHAT, which is given the options; without a seed it is given one
that is printed. A machine is good if the program is content, and says in a line "@result ..."
what it has done, if the modules can be unloaded, if no memory has leaked, and if the kernel
complained of nothing.
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
# Those that bring a fuzzer of Debian's.
FUZZERS = ("dev", "trinity")
# To boot, to look for leaks, and for programs that count rounds: silence is noticed before.
MORE_SECONDS = 3600
# An option that is not ours.
OPTION = re.compile(r"--(?!seconds|seed)[a-z-]+=[^+ ]*")


class Torture(console.Console):
    """What a machine's console says of a torture."""

    def __init__(self, name):
        super().__init__(name)
        self.result = None
        self.talking = False

    def hear(self, line):
        super().hear(line)
        if line.startswith("@result "):
            self.result = line.partition(" ")[2]
        elif line in ("@torture", "@dmesg"):
            self.talking = line == "@torture"
        elif self.talking:
            print(f"{self.name}: {line}", flush=True)

    def finish(self):
        super().finish()
        if not self.result:
            self.failed.append("there is no result")


def parse():
    """The arguments, and the program's options."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what")
    parser.add_argument("machines", nargs="*", metavar="machine")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--seed", type=int, default=random.randrange(1, 1 << 32))
    theirs = [text for text in sys.argv[1:] if OPTION.fullmatch(text)]
    arguments = parser.parse_intermixed_args(
        [text for text in sys.argv[1:] if text not in theirs])
    options = [f"--seconds={arguments.seconds}", f"--seed={arguments.seed}", *theirs]
    return arguments, options


def torture(name, arguments, options):
    """Runs it on a machine; returns what failed."""
    result = Torture(name)
    result.run("torture", arguments.seconds + MORE_SECONDS,
               append="nm.torture=" + "+".join([arguments.what, *options]),
               kind="fuzzers" if arguments.what in FUZZERS else "strict", memory=2048)
    print(f"{arguments.what} {name}: {'FAILED' if result.failed else 'ok'}, "
          f"{result.result or 'no result'}, seed {arguments.seed}", flush=True)
    return [f"{name}: FAILED {text}" for text in result.failed]


def main():
    """Tortures the machines."""
    arguments, options = parse()
    vm.say(f"{arguments.what}: {' '.join(options)}")
    # A machine keeps one processor busy, most of the time.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda name: torture(name, arguments, options),
                                vm.machines(arguments.machines or [MACHINE])))
    # Last, as machines that go on for longer say a lot.
    failed = [text for result in results for text in result]
    print("".join(f"{text}\n" for text in failed), end="")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except vm.MachineError as error:
        sys.exit(f"torture.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
