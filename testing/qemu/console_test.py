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

KERNEL = "[   12.345678] notify_sim: message"


def joined(*lines):
    """Return the lines as join_cut_line() returns them."""
    guest = console.Console("guest")
    return [guest.join_cut_line(line) for line in lines]


class CutLineTest(unittest.TestCase):
    """The parts of a line are joined; other lines are unchanged."""

    def test_cut_result(self):
        self.assertEqual(joined("ok 1" + KERNEL, "2 name"), [KERNEL, "ok 12 name"])

    def test_cut_failure(self):
        self.assertEqual(joined("not" + KERNEL, " ok 3 name"), [KERNEL, "not ok 3 name"])

    def test_cut_word(self):
        self.assertEqual(joined("@res" + KERNEL, "ult 5 packets"), [KERNEL, "@result 5 packets"])

    def test_two_kernel_messages(self):
        self.assertEqual(joined("@en" + KERNEL, KERNEL, "d"), [KERNEL, KERNEL, "@end"])

    def test_kernel_message_between_lines(self):
        self.assertEqual(joined("ok 1 name", KERNEL, "ok 2 name"),
                         ["ok 1 name", KERNEL, "ok 2 name"])

    def test_quoted_kernel_message(self):
        self.assertEqual(joined("@out " + KERNEL, "ok 1"), ["@out " + KERNEL, "ok 1"])


class SilenceTest(unittest.TestCase):
    """A silent machine is prompted once, and must print something after that."""

    def setUp(self):
        self.typed = io.StringIO()
        self.machine = SimpleNamespace(
            name="guest", icount=False, output=queue.Queue(),
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

    def test_echo_of_prompt_is_ignored(self):
        lines = self.lines(0.2)
        self.machine.output.put("")
        self.assertEqual(next(lines), "")
        with self.assertRaises(vm.MachineError):
            next(lines)
        self.assertEqual(self.typed.getvalue(), "\n")

    def test_no_prompt_with_icount(self):
        self.machine.icount = True
        with self.assertRaises(vm.MachineError):
            next(self.lines(0.1))
        self.assertEqual(self.typed.getvalue(), "")

    def test_no_prompt_without_limit(self):
        lines = vm.Machine.lines(self.machine, 0.1)
        with self.assertRaises(vm.MachineError):
            next(lines)
        self.assertEqual(self.typed.getvalue(), "")


if __name__ == "__main__":
    sys.exit(unittest.main())
