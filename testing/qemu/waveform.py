#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Move lines of the board, and check notifycat's waveform with sigrok-cli."""

import itertools
import subprocess
import tempfile
import time

import board
import vm

MACHINE = "arm64-6.12"
BOOT_SECONDS = 120
WAVE_SECONDS = 60
# Pause between two moves. At least half of it must pass in emulated time.
PAUSE_SECONDS = 0.05
# Time for notifycat to read the last edge before it is interrupted.
LAST_SECONDS = 2

LINES = ("line0", "line1")
# The moves: line and new level, each different from the previous level.
MOVES = ((0, 1), (0, 0), (0, 1), (1, 1), (0, 0), (1, 0), (1, 1), (0, 1), (1, 0), (0, 0),
         (1, 1), (1, 0), (1, 1), (1, 0))
# Ways in which init lets notifycat read, in this order.
READERS = ("read", "--mmap", "--uring")


class Recorder(board.Board):
    """Moves the lines and collects the waveforms."""

    def __init__(self, machine):
        super().__init__(machine)
        self.wave = []

    def handle_word(self, word, rest):
        if word == "wave":
            self.wave.append(rest)

    def wait_for(self, wanted, seconds):
        """Process lines until the guest prints a word."""
        if not self.wait(seconds, lambda word: word == wanted):
            raise vm.MachineError(f"the machine ended without printing @{wanted}")

    def record(self, lines):
        """Move the lines while notifycat reads. Return the waveform."""
        self.wave = []
        self.wait_for("ready", BOOT_SECONDS)
        for line, level in MOVES:
            time.sleep(PAUSE_SECONDS)
            lines.move(line, level)
        time.sleep(LAST_SECONDS)
        self.machine.send("done")
        self.wait_for("done", WAVE_SECONDS)
        return "".join(line + "\n" for line in self.wave)


def parse_waveform(wave):
    """Let sigrok-cli parse a waveform. Return channel names, sample rate and samples."""
    with tempfile.NamedTemporaryFile("w", suffix=".vcd") as file:
        file.write(wave)
        file.flush()
        result = subprocess.run(["sigrok-cli", "-I", "vcd", "-i", file.name, "-O", "csv"],
                                capture_output=True, text=True, timeout=300, check=False)
    if result.returncode:
        raise vm.MachineError(f"sigrok-cli: {result.stderr.strip()}")
    names, rate, rows = (), 0, []
    for text in result.stdout.splitlines():
        if text.startswith("; Channels"):
            names = tuple(text.partition(": ")[2].split(", "))
        elif text.startswith("META samplerate: "):
            rate = int(text.partition(": ")[2])
        elif text[:1] in ("0", "1"):
            rows.append(text)
    return names, rate, rows


def states(rows):
    """Return each state of the lines with its number of samples."""
    return [(tuple(int(level) for level in row.split(",")), sum(1 for _ in samples))
            for row, samples in itertools.groupby(rows)]


def driven_states():
    """Return the states of the lines during the moves, beginning with all lines low."""
    levels = [0] * len(LINES)
    result = [tuple(levels)]
    for line, level in MOVES:
        levels[line] = level
        result.append(tuple(levels))
    return result


def check(reader, wave):
    """Compare the waveform with the moves; print the checks, return true if all passed."""
    names, rate, rows = parse_waveform(wave)
    seen = states(rows)
    # sigrok-cli shows the state before the first edge as a single sample.
    durations = [samples / rate for _, samples in seen[1:]] if rate else []
    checks = (
        (f"{reader}: sigrok-cli shows {' and '.join(LINES)}, {len(rows)} samples of 1 us",
         names == LINES and rate == 1000000 and len(rows) > rate * PAUSE_SECONDS * len(MOVES) / 2),
        (f"{reader}: the states are the {len(MOVES)} driven ones",
         [state for state, _ in seen] == driven_states()),
        (f"{reader}: each state lasts {min(durations, default=0):.3f} to "
         f"{max(durations, default=0):.3f} s",
         len(durations) == len(MOVES) and min(durations) > PAUSE_SECONDS / 2),
    )
    for text, passed in checks:
        print(f"{'yes' if passed else 'NO '}: {text}", flush=True)
    passed = all(passed for _, passed in checks)
    if not passed:
        print(f"driven: {driven_states()}\nseen:   {seen}\n{wave}")
    return passed


def main():
    """Record and check a waveform for each reader. Return the exit status."""
    directory = vm.build(MACHINE, "board")
    vm.progress(f"booting {MACHINE}")
    with vm.Machine(MACHINE, directory, "waveform") as machine:
        recorder = Recorder(machine)
        waves = []
        for _ in READERS:
            waves.append(recorder.record(machine.gpio()))
        recorder.wait_for("end", WAVE_SECONDS)
    passed = all([check(reader, wave) for reader, wave in zip(READERS, waves)])
    for text in recorder.failures:
        print(f"NO : {text}")
    return 0 if passed and not recorder.failures else 1


if __name__ == "__main__":
    vm.exit_with(main)
