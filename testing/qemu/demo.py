#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The main use case on an emulated board: every reader gets every GPIO edge.

demo.py                    drive a pattern of edges, and check that the readers got it
demo.py --interactive      start a shell on the board
demo.py --line LINE LEVEL  set a GPIO line of the board of demo.py --interactive
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
# Long enough for a surplus edge to arrive.
QUIET_SECONDS = 1
# Link to the directory of the interactive demo's machine, for --line.
RUNNING = os.path.join(vm.CACHE, "demo")

RISING, FALLING = "rising", "falling"
# The moves of the GPIO lines: a title and a sequence of (line, level).
PATTERN = (
    ("single edges of line 0", ((0, 1), (0, 0))),
    ("both lines", ((0, 1), (1, 1), (1, 0), (0, 0))),
    ("a burst on line 1", tuple((1, level) for _ in range(8) for level in (1, 0))),
)


def edge_of(line, level):
    """Return the edge that a reader must report for a move."""
    return (line, RISING if level else FALLING, level)


def packet_text(packet):
    """Format a packet as one line."""
    return (f"seq {packet['seq']:2}  {packet['timestamp_ns'] / 1e9:.6f} s  line {packet['line']} "
            f"{packet['edge']:7}  level {packet['level']}  edge {packet['line_seqno']} of its line")


class Demo(board.Board):
    """Drives the lines and collects the packets of each reader."""

    def __init__(self, machine):
        super().__init__(machine)
        self.packets = {number: [] for number in READERS}
        self.driven = []

    def handle_word(self, word, rest):
        if word == "info":
            print(f"board: {rest}", flush=True)
        elif word == "read":
            number, _, text = rest.partition(" ")
            packet = json.loads(text)
            self.packets[number].append(packet)
            print(f"  reader {number}: {packet_text(packet)}", flush=True)

    def all_have(self, count):
        """Return true if every reader has at least that many packets."""
        return all(len(packets) >= count for packets in self.packets.values())

    def drive(self, lines):
        """Drive the pattern, and print the packets that arrive."""
        for title, moves in PATTERN:
            print(f"host: {title}: " +
                  ", ".join(f"{line}={'high' if level else 'low'}" for line, level in moves),
                  flush=True)
            for line, level in moves:
                lines.move(line, level)
                self.driven.append(edge_of(line, level))
            self.wait(READ_SECONDS, lambda _: self.all_have(len(self.driven)))

    def check(self):
        """Compare the packets with the pattern; print the checks, return true if all passed."""
        first, second = (self.packets[number] for number in READERS)
        edges = [(p["line"], p["edge"], p["level"]) for p in first]
        checks = (
            (f"both readers got the same {len(first)} packets in the same order",
             first == second and first),
            (f"the packets are the {len(self.driven)} driven edges, in order",
             edges == self.driven),
            ("seq increments by 1, and no packet was dropped",
             [p["seq"] for p in first] == list(range(1, len(first) + 1)) and
             not any(p["dropped"] or p["status"] for p in first)),
            ("timestamps increase",
             all(a["timestamp_ns"] < b["timestamp_ns"] for a, b in zip(first, first[1:]))),
            ("no failures and no errors in the kernel log", not self.failures),
        )
        for text, passed in checks:
            print(f"{'yes' if passed else 'NO '}: {text}")
        for text in self.failures:
            print(f"     {text}")
        return all(passed for _, passed in checks)


def run_demo(directory):
    """Drive the pattern. Return true if all checks passed."""
    started = time.monotonic()
    with vm.Machine(MACHINE, directory, "demo") as machine:
        demo = Demo(machine)
        if not demo.wait(BOOT_SECONDS, lambda word: word in ("ready", "failed")) or demo.failures:
            raise vm.MachineError("the board did not start: " + "; ".join(demo.failures))
        demo.drive(machine.gpio())
        time.sleep(QUIET_SECONDS)
        machine.send("done")
        demo.wait(READ_SECONDS, lambda word: word == "end")
    passed = demo.check()
    vm.progress(f"the board ran for {time.monotonic() - started:.0f} s")
    return passed


def run_interactive(directory):
    """Run the board's shell on the terminal."""
    with vm.Machine(MACHINE, directory, "interactive", interactive=True) as machine:
        if os.path.lexists(RUNNING):
            os.remove(RUNNING)
        os.symlink(machine.directory, RUNNING)
        print("To set a GPIO line, run in another terminal of this host:\n"
              "    make line LINE=0 LEVEL=1\n", flush=True)
        try:
            machine.process.wait()
        finally:
            os.remove(RUNNING)
    return True


def set_line(line="", level=""):
    """Set a line of the interactive demo's board. Return the exit status."""
    if line not in tuple("01234567") or level not in ("0", "1"):
        print("usage: make line LINE=0..7 LEVEL=0..1", file=sys.stderr)
        return 2
    if not os.path.exists(RUNNING):
        raise vm.MachineError("no board is running: start \"make demo INTERACTIVE=1\" first")
    lines = vm.GpioLines(RUNNING, vm.board_of(MACHINE).chips)
    lines.move(line, level)
    lines.close()
    return 0


def main():
    """Build and boot the board, and run the demo. Return the exit status."""
    if sys.argv[1:2] == ["--line"]:
        return set_line(*sys.argv[2:4])
    directory = vm.build(MACHINE, "board")
    vm.progress(f"booting {MACHINE}")
    run = run_interactive if "--interactive" in sys.argv[1:] else run_demo
    return 0 if run(directory) else 1


if __name__ == "__main__":
    vm.exit_with(main)
