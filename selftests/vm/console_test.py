#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test the processing of a console: lines cut by kernel messages, and silent machines."""

import io
import queue
import sys
import unittest
from types import SimpleNamespace
from unittest import mock

import console
import vm

KERNEL = "[   12.345678] notify_sim: spoke"


def hear(*lines):
    """Return the lines as Console.whole() returns them."""
    guest = console.Console("guest")
    return [guest.whole(line) for line in lines]


class WholeTest(unittest.TestCase):
    """The parts of a line are joined; other lines are unchanged."""

    def test_result_that_is_cut(self):
        self.assertEqual(hear("ok 1" + KERNEL, "2 name"), [KERNEL, "ok 12 name"])

    def test_failure_that_is_cut(self):
        self.assertEqual(hear("not" + KERNEL, " ok 3 name"), [KERNEL, "not ok 3 name"])

    def test_word_that_is_cut(self):
        self.assertEqual(hear("@res" + KERNEL, "ult 5 opens"), [KERNEL, "@result 5 opens"])

    def test_kernel_that_speaks_on(self):
        self.assertEqual(hear("@en" + KERNEL, KERNEL, "d"), [KERNEL, KERNEL, "@end"])

    def test_kernel_between_lines(self):
        self.assertEqual(hear("ok 1 name", KERNEL, "ok 2 name"), ["ok 1 name", KERNEL, "ok 2 name"])

    def test_output_that_quotes_the_log(self):
        self.assertEqual(hear("@out " + KERNEL, "ok 1"), ["@out " + KERNEL, "ok 1"])


class SilenceTest(unittest.TestCase):
    """A silent machine is prompted once, and must print something after that."""

    def setUp(self):
        self.typed = io.StringIO()
        self.machine = SimpleNamespace(
            name="guest", counts=False, output=queue.Queue(),
            send=lambda text: self.typed.write(text + "\n"))
        patch = mock.patch.object(vm, "PROMPT_SECONDS", 0.02)
        patch.start()
        self.addCleanup(patch.stop)

    def lines(self, silence):
        """Return the iterator of lines after "first"."""
        self.machine.output.put("first")
        lines = vm.Machine.lines(self.machine, 60, silence)
        self.assertEqual(next(lines), "first")
        return lines

    def test_silent_machine_is_prompted(self):
        self.machine.send = lambda text: self.machine.output.put("second" + text)
        self.assertEqual(next(self.lines(60)), "second")

    def test_echo_of_the_prompt_is_no_sign_of_life(self):
        lines = self.lines(0.2)
        self.machine.output.put("")
        self.assertEqual(next(lines), "")
        with self.assertRaises(vm.MachineError):
            next(lines)
        self.assertEqual(self.typed.getvalue(), "\n")

    def test_machine_that_counts_is_left_alone(self):
        self.machine.counts = True
        with self.assertRaises(vm.MachineError):
            next(self.lines(0.1))
        self.assertEqual(self.typed.getvalue(), "")

    def test_machine_that_may_be_silent_is_left_alone(self):
        lines = vm.Machine.lines(self.machine, 0.1)
        with self.assertRaises(vm.MachineError):
            next(lines)
        self.assertEqual(self.typed.getvalue(), "")


if __name__ == "__main__":
    sys.exit(unittest.main())
