#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The main job on an emulated board: GPIO edges arrive, each in every reader.

demo.py                the pattern, and whether the readers got it
demo.py --interactive  the board's shell; lines are moved with "line" of this directory
"""

import json
import os
import sys
import time

import board
import vm

MACHINE = "arm64-6.12"
READERS = ("1", "2")
BOOT_SECONDS = 120
READ_SECONDS = 60
# Long enough for an edge too many to arrive.
QUIET_SECONDS = 1
# Where "line" finds the machine of an interactive demo.
RUNNING = os.path.join(vm.CACHE, "demo")

RISING, FALLING = "rising", "falling"
# What is done to the lines: a title, and (line, level) one after the other.
PATTERN = (
    ("single edges of line 0", ((0, 1), (0, 0))),
    ("both lines", ((0, 1), (1, 1), (1, 0), (0, 0))),
    ("a burst on line 1", tuple((1, level) for _ in range(8) for level in (1, 0))),
)


def edge_of(line, level):
    """What a reader is to say of a line that was moved."""
    return (line, RISING if level else FALLING, level)


def packet_text(packet):
    """A packet as one line for people."""
    return (f"seq {packet['seq']:2}  {packet['timestamp_ns'] / 1e9:.6f} s  line {packet['line']} "
            f"{packet['edge']:7}  level {packet['level']}  edge {packet['line_seqno']} of its line")


class Demo(board.Board):
    """Drives the lines and collects what each reader says."""

    def __init__(self, machine):
        super().__init__(machine)
        self.read = {number: [] for number in READERS}
        self.driven = []

    def take(self, word, rest):
        if word == "say":
            print(f"board: {rest}", flush=True)
        elif word == "read":
            number, _, text = rest.partition(" ")
            packet = json.loads(text)
            self.read[number].append(packet)
            print(f"  reader {number}: {packet_text(packet)}", flush=True)

    def all_have(self, count):
        """Whether every reader has that many packets."""
        return all(len(packets) >= count for packets in self.read.values())

    def drive(self, lines):
        """Moves the lines as the pattern says, and shows what arrives."""
        for title, moves in PATTERN:
            print(f"host: {title}: " +
                  ", ".join(f"{line}={'high' if level else 'low'}" for line, level in moves),
                  flush=True)
            for line, level in moves:
                lines.move(line, level)
                self.driven.append(edge_of(line, level))
            self.wait(READ_SECONDS, lambda _: self.all_have(len(self.driven)))

    def verdict(self):
        """Compares what was read; prints and returns whether it is as it should be."""
        first, second = (self.read[number] for number in READERS)
        edges = [(p["line"], p["edge"], p["level"]) for p in first]
        checks = (
            (f"both readers got the same {len(first)} packets in the same order",
             first == second and first),
            (f"they are the {len(self.driven)} edges that were driven, in their order",
             edges == self.driven),
            ("their seq counts up without a gap, and no packet was lost",
             [p["seq"] for p in first] == list(range(1, len(first) + 1)) and
             not any(p["dropped"] or p["status"] for p in first)),
            ("their times rise",
             all(a["timestamp_ns"] < b["timestamp_ns"] for a, b in zip(first, first[1:]))),
            ("the kernel complained of nothing", not self.failures),
        )
        for text, good in checks:
            print(f"{'yes' if good else 'NO '}: {text}")
        for text in self.failures:
            print(f"     {text}")
        return all(good for _, good in checks)


def run_demo(directory):
    """The pattern; whether all is well."""
    started = time.monotonic()
    with vm.Machine(MACHINE, directory, "demo") as machine:
        demo = Demo(machine)
        if not demo.wait(BOOT_SECONDS, lambda word: word in ("ready", "failed")) or demo.failures:
            raise vm.MachineError("the board did not come up: " + "; ".join(demo.failures))
        demo.drive(machine.gpio())
        time.sleep(QUIET_SECONDS)
        machine.send("done")
        demo.wait(READ_SECONDS, lambda word: word == "end")
    good = demo.verdict()
    vm.say(f"the board ran for {time.monotonic() - started:.0f} s")
    return good


def run_interactive(directory):
    """Leaves the user in the board's shell."""
    with vm.Machine(MACHINE, directory, "interactive", interactive=True) as machine:
        if os.path.lexists(RUNNING):
            os.remove(RUNNING)
        os.symlink(machine.directory, RUNNING)
        print("To move a line, in another terminal of this machine:\n"
              "    make line LINE=0 LEVEL=1\n", flush=True)
        try:
            machine.process.wait()
        finally:
            os.remove(RUNNING)
    return True


def main():
    """Builds, boots, drives."""
    try:
        directory = vm.build(MACHINE)
        vm.say(f"booting {MACHINE}")
        run = run_interactive if "--interactive" in sys.argv[1:] else run_demo
        return 0 if run(directory) else 1
    except (vm.MachineError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
