#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test the Python package with lines of gpio-sim. Needs root and the module notify_gpio."""

import asyncio
import os
import subprocess
import sys
import unittest

import devices
import notify_multi
from notify_multi import Edge

WAIT = 20
# Documentation/examples/edges.py, which guest.py copies.
EXAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "edges.py")


class GpioTest(unittest.TestCase):
    """Two lines with names, one active low without a name."""

    def setUp(self):
        self.chip = self.enterContext(devices.GpioChip("python-sim", 4))
        self.enterContext(devices.GpioDevice(
            "buttons", self.chip, {"offset": 0, "name": "left"},
            {"offset": 1, "name": "door", "edge": "rising"},
            {"offset": 3, "active_low": 1, "bias": "pull-up", "debounce_ms": 0}))
        self.device = self.enterContext(notify_multi.open("buttons", notify_multi.GpioEvent))

    def next(self):
        """Return the next event."""
        events = self.device.read_events(max=1, timeout=WAIT)
        self.assertEqual(len(events), 1)
        return events[0]

    def test_lines(self):
        self.assertEqual(self.device.driver, "notify_gpio")
        self.assertEqual(self.device.lines, (
            (0, "left", "python-sim", 0, False, None, (Edge.RISING, Edge.FALLING), 0),
            (1, "door", "python-sim", 1, False, None, (Edge.RISING,), 0),
            (2, "", "python-sim", 3, True, "pull-up", (Edge.RISING, Edge.FALLING), 0)))

    def test_state_then_edges(self):
        state = self.next()
        self.assertEqual((state.edge, state.replay), (Edge.NONE, True))
        self.assertEqual(state.named_levels(), {"left": 0, "door": 0, "2": 0})
        for line, level, expected in (
                (0, 1, ("left", Edge.RISING, 1, 1, 0b001)),
                (1, 1, ("door", Edge.RISING, 1, 1, 0b011)),
                (0, 0, ("left", Edge.FALLING, 0, 2, 0b010)),
                (3, 0, ("", Edge.RISING, 1, 1, 0b110))):
            self.chip.move(line, level)
            event = self.next()
            self.assertEqual((event.name, event.edge, event.level, event.line_seqno, event.levels),
                             expected)
            self.assertEqual(event.device, "buttons")

    def test_default_layout(self):
        with notify_multi.open("buttons") as device:
            self.assertIsInstance(device.read_events()[0], notify_multi.GpioEvent)

    def test_events_of_another_source_are_refused(self):
        with self.assertRaisesRegex(notify_multi.LayoutError, "of notify_gpio: .* GpioEvent"):
            notify_multi.open("buttons", notify_multi.IrqEvent)

    def test_levels(self):
        self.next()
        self.assertEqual(self.device.levels(), {"left": 0, "door": 0, "2": 0})
        self.chip.move(0, 1)
        event = self.next()
        levels = self.device.levels()
        self.assertEqual(levels, {"left": 1, "door": 0, "2": 0})
        self.assertEqual((levels.bits, levels.valid, levels.seq), (0b001, 0b111, event.seq))

    def test_rows(self):
        self.next()
        self.chip.move(0, 1)
        self.assertEqual(self.device.read_rows("seq", "line", "edge", "level", timeout=WAIT),
                         [(2, 0, 1, 1)])

    def test_asyncio(self):
        async def edges(count):
            received = []
            async for event in self.device:
                received.append((event.name, event.edge))
                if len(received) == count:
                    return received
                self.chip.move(0, len(received) % 2)

        self.assertEqual(asyncio.run(asyncio.wait_for(edges(3), WAIT)),
                         [("left", Edge.NONE), ("left", Edge.RISING), ("left", Edge.FALLING)])

    def test_example(self):
        with subprocess.Popen((sys.executable, EXAMPLE), stdout=subprocess.PIPE,
                              text=True) as example:
            lines = []
            for level in (1, 0):
                lines.append(example.stdout.readline())
                self.chip.move(0, level)
            lines.append(example.stdout.readline())
            example.terminate()
        self.assertEqual([line.split()[2:] for line in lines],
                         [["left", "NONE", "0"], ["left", "RISING", "1"], ["left", "FALLING", "0"]])

    def test_list(self):
        self.assertIn(("buttons", "notify_gpio"),
                      [(node.name, node.driver) for node in notify_multi.devices()])


class UnpluggedTest(unittest.TestCase):
    """The device is removed."""

    def test_removed(self):
        with devices.GpioChip("python-sim", 1) as chip:
            with devices.GpioDevice("buttons", chip, {"offset": 0}):
                device = notify_multi.open("buttons")
            with device:
                self.assertEqual([event.edge for event in device.read_events()], [Edge.NONE])
                for call in (device.read_events, device.levels):
                    with self.assertRaises(notify_multi.DeviceRemoved):
                        call()
                self.assertEqual(device.stats().delivered, 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
