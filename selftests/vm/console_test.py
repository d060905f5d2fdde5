#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What is heard of lines that the kernel has cut."""

import sys
import unittest

import console

KERNEL = "[   12.345678] notify_sim: spoke"


def hear(*lines):
    """The lines as they are taken."""
    guest = console.Console("guest")
    return [guest.whole(line) for line in lines]


class WholeTest(unittest.TestCase):
    """Two parts are one line; all others are as they came."""

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


if __name__ == "__main__":
    sys.exit(unittest.main())
