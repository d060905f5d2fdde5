#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Count the edges per second that Python reads from notify_gpio, libgpiod and evdev.

Fills the queue of each in the kernel, then measures the time until a program has read it and the
fields of each edge: time, line, level, and number (evdev has none). Runs in testing/python/guest.py.
Fails if rows of notify_multi miss the goal.
"""

import sys
import time

import evdev
import gpiod
from gpiod.line import Edge

import devices
import notify_multi

ROUNDS = 40
# Between moves of a line, the controller's interrupt must be handled.
PAUSE = 0.0002
# Queues of 16 and 64 events are the defaults of libgpiod and evdev. A key is two events of evdev, and
# an even number of them ends with a key that is not pressed.
GPIOLIB_QUEUE = 16
EVDEV_KEYS = 30
NOTIFY_QUEUE = 256
# Rows must be read this many times as fast as with the others.
GOAL = 5

figures = {}


def fill(chip, lines, count):
    """Queue edges of each line."""
    for number in range(count):
        for line in lines:
            chip.move(line, 1 - number % 2)
            time.sleep(PAUSE)


def measure(name, prepare, drain, readers, count):
    """Print the nanoseconds per edge, the least of all rounds. No other program runs.

    Both readers have the same edges. The first one, which is not measured, makes caches warm.
    """
    costs = []
    for _ in range(ROUNDS):
        prepare(count)
        drain(readers[0])
        start = time.perf_counter_ns()
        drained = drain(readers[1])
        costs.append((time.perf_counter_ns() - start) / count)
        if drained != count:
            sys.exit(f"{name}: {drained} of {count} edges")
    figures[name, count] = min(costs)
    print(f"{name}, {count} queued: {min(costs):.0f} ns per edge, "
          f"{1e9 / min(costs):,.0f} edges per second", flush=True)


# -- Candidates: each returns the number of edges ------------------------------------

def notify_events(device):
    """Read events."""
    count = 0
    for event in device.events(timeout=0):
        _ = event.seq, event.timestamp_ns, event.line, event.level
        count += 1
    return count


def notify_rows(device):
    """Read rows."""
    count = 0
    for _seq, _timestamp_ns, _line, _level in device.read_rows("seq", "timestamp_ns", "line",
                                                               "level"):
        count += 1
    return count


def libgpiod_events(request):
    """Read as libgpiod's examples do."""
    count = 0
    while request.wait_edge_events(0):
        for event in request.read_edge_events():
            _ = (event.global_seqno, event.timestamp_ns, event.line_offset,
                 event.event_type is event.Type.RISING_EDGE)
            count += 1
    return count


def evdev_events(device):
    """Read as evdev's examples do. Each edge is a key and a SYN_REPORT."""
    count = 0
    for event in device.read():
        if event.type == evdev.ecodes.EV_KEY:
            _ = event.timestamp(), event.code, event.value
            count += 1
    return count


def measure_notify_gpio(chip):
    """Measure two readers of a device of notify_gpio."""
    with devices.GpioDevice("python-bench", chip, {"offset": 0}, max_packets=NOTIFY_QUEUE), \
            notify_multi.open("python-bench") as first, \
            notify_multi.open("python-bench") as second:
        readers = (first, second)
        for reader in readers:
            reader.read_events()
        for count in (GPIOLIB_QUEUE, EVDEV_KEYS, NOTIFY_QUEUE):
            for name, drain in (("rows", notify_rows), ("events", notify_events)):
                measure(f"notify_multi {name}", lambda count: fill(chip, (0,), count), drain,
                        readers, count)


def measure_libgpiod(chip):
    """Measure requests of two lines, because there can be only one request of a line."""
    for count in (GPIOLIB_QUEUE, NOTIFY_QUEUE):
        requests = [gpiod.request_lines(
            f"/dev/{chip.chip}", consumer="bench", event_buffer_size=count,
            config={line: gpiod.LineSettings(edge_detection=Edge.BOTH)}) for line in (1, 2)]
        measure("libgpiod events", lambda count: fill(chip, (1, 2), count), libgpiod_events,
                requests, count)
        for request in requests:
            request.release()


def measure_evdev():
    """Measure two readers of an input device."""
    with evdev.UInput({evdev.ecodes.EV_KEY: [evdev.ecodes.KEY_A]}, name="python-bench") as keyboard:
        path = next(path for path in evdev.list_devices()
                    if evdev.InputDevice(path).name == "python-bench")
        readers = [evdev.InputDevice(path) for _ in range(2)]

        def prepare(count):
            for number in range(count):
                keyboard.write(evdev.ecodes.EV_KEY, evdev.ecodes.KEY_A, 1 - number % 2)
                keyboard.syn()
                time.sleep(PAUSE)

        measure("evdev events", prepare, evdev_events, readers, EVDEV_KEYS)


def main():
    """Measure all."""
    with devices.GpioChip("python-bench", 3) as chip:
        measure_notify_gpio(chip)
        measure_libgpiod(chip)
    measure_evdev()
    best = figures["notify_multi rows", NOTIFY_QUEUE]
    for (name, count), cost in figures.items():
        if not name.startswith("notify_multi"):
            print(f"{name}, {count} queued: {cost / best:.1f} times the time of rows")
            if cost < GOAL * best:
                sys.exit(f"goal missed: {GOAL}")


if __name__ == "__main__":
    main()
