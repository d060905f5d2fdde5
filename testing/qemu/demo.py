#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The main use case on an emulated board: attach GPIO lines, every reader gets every edge.

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
# Readers of the guest; the slow one has a queue of SLOW_QUEUE packets and is stopped
# while the host drives the edges.
READERS = ("1", "2")
SLOW, SLOW_QUEUE = "3", 4
BOOT_SECONDS = 120
READ_SECONDS = 60
# Link to the directory of the interactive demo's machine, for --line.
RUNNING = os.path.join(vm.CACHE, "demo")

# Levels of the lines before they are attached.
LEVELS = (0, 1)
# The moves of the GPIO lines: a title and a sequence of (line, level).
PATTERN = (
    ("single edges of line 0", ((0, 1), (0, 0))),
    ("both lines", ((0, 1), (1, 0), (1, 1), (0, 0))),
    ("a burst on line 1", tuple((1, level) for _ in range(8) for level in (0, 1))),
)
MOVES = tuple(move for _, moves in PATTERN for move in moves)


def expected_packets():
    """Return the packets that a reader must report: line, edge, level, levels and line_seqno."""
    levels = sum(level << line for line, level in enumerate(LEVELS))
    seqnos = [0] * len(LEVELS)
    packets = [(0, "state", LEVELS[0], levels, 0)]
    for line, level in MOVES:
        levels ^= 1 << line
        seqnos[line] += 1
        packets.append((line, "rising" if level else "falling", level, levels, seqnos[line]))
    return packets


def values(packet):
    """Return the same of a packet."""
    return tuple(packet[name] for name in ("line", "edge", "level", "levels", "line_seqno"))


def packet_text(packet):
    """Format a packet as one line."""
    what = "state" if packet["edge"] == "state" else f"{packet['name']} {packet['edge']}"
    dropped = f"  after {packet['dropped']} dropped packets" if packet["dropped"] else ""
    return (f"seq {packet['seq']:2}  {packet['timestamp_ns'] / 1e9:.6f} s  {what:13} "
            f"levels {packet['levels']:02b}{dropped}")


class Demo(board.Board):
    """Drives the lines and collects the packets of each reader."""

    def __init__(self, machine):
        super().__init__(machine)
        self.packets = {number: [] for number in (*READERS, SLOW)}
        self.events = []

    def handle_word(self, word, rest):
        if word == "info":
            print(f"board: {rest}", flush=True)
        elif word == "read":
            number, _, text = rest.partition(" ")
            packet = json.loads(text)
            if "event" in packet:
                self.events.append((number, packet["event"]))
                print(f"  reader {number}: the device is {packet['event']}", flush=True)
                return
            self.packets[number].append(packet)
            print(f"  reader {number}: {packet_text(packet)}", flush=True)

    def next(self, wanted):
        """Process lines until the guest prints a word."""
        if not self.wait(BOOT_SECONDS, lambda word: word in (wanted, "failed")) or self.failures:
            raise vm.MachineError("the board failed: " + "; ".join(self.failures))

    def collect(self, count, *numbers):
        """Process lines until readers have that many packets."""
        self.wait(READ_SECONDS, lambda _: all(len(self.packets[number]) >= count
                                              for number in numbers))

    def run(self, lines):
        """Set the levels, attach the lines, and drive the pattern while the slow reader stops."""
        self.next("booted")
        print(f"host: line 0={LEVELS[0]}, line 1={LEVELS[1]}", flush=True)
        for line, level in enumerate(LEVELS):
            lines.move(line, level)
        self.machine.send("attach")
        self.collect(1, *READERS, SLOW)
        self.machine.send("stop")
        self.next("ready")
        print(f"host: reader {SLOW}, with a queue of {SLOW_QUEUE} packets, is stopped", flush=True)
        count = 1
        for title, moves in PATTERN:
            print(f"host: {title}: " + ", ".join(f"{line}={level}" for line, level in moves),
                  flush=True)
            for line, level in moves:
                lines.move(line, level)
            count += len(moves)
            self.collect(count, *READERS)
        self.machine.send("continue")
        self.collect(1 + SLOW_QUEUE, SLOW)
        self.machine.send("detach")
        self.next("end")

    def check(self):
        """Compare the packets with the pattern; print the checks, return true if all passed."""
        first, second = (self.packets[number] for number in READERS)
        state, slow = self.packets[SLOW][:1], self.packets[SLOW][1:]
        dropped = [packet["dropped"] for packet in slow]
        checks = (
            ("the first packet of each reader is the state at its start",
             all(packets[:1] == state for packets in (first, second)) and state[0]["replay"]),
            (f"readers 1 and 2 got the same {len(first)} packets in the same order",
             first == second and first),
            (f"these are the state and the {len(MOVES)} driven edges, with all levels",
             [values(packet) for packet in first] == expected_packets()),
            ("seq increments by 1, and no packet was dropped",
             [p["seq"] for p in first] == list(range(1, len(first) + 1)) and
             not any(p["dropped"] or p["status"] for p in first)),
            ("timestamps increase",
             all(a["timestamp_ns"] < b["timestamp_ns"] for a, b in zip(first, first[1:]))),
            (f"reader {SLOW} got the last {SLOW_QUEUE} packets, and dropped exactly the "
             f"{len(MOVES) - SLOW_QUEUE} before",
             dropped == [len(MOVES) - SLOW_QUEUE] + [0] * (SLOW_QUEUE - 1) and
             [{**packet, "dropped": 0} for packet in slow] == first[-SLOW_QUEUE:]),
            ("the device was removed while the readers waited",
             sorted(self.events) == [(number, "removed") for number in (*READERS, SLOW)]),
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
    with vm.Machine(MACHINE, directory, "demo", overlays=()) as machine:
        demo = Demo(machine)
        demo.run(machine.gpio())
    passed = demo.check()
    vm.progress(f"the board ran for {time.monotonic() - started:.0f} s")
    return passed


def run_interactive(directory):
    """Run the board's shell on the terminal."""
    with vm.Machine(MACHINE, directory, "interactive", interactive=True,
                    overlays=()) as machine:
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
    directory = vm.build(MACHINE, "demo")
    vm.progress(f"booting {MACHINE}")
    run = run_interactive if "--interactive" in sys.argv[1:] else run_demo
    return 0 if run(directory) else 1


if __name__ == "__main__":
    vm.exit_with(main)
