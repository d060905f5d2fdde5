#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test Documentation/examples/losses.py, which counts the packets missing from MQTT topics."""

import json
import os
import subprocess
import sys
import unittest

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Documentation/examples",
                       "losses.py")


def packet(seq, dropped=0, time=None, **keys):
    """Return a line of the topic t."""
    values = {"seq": seq, "timestamp_ns": seq if time is None else time, "dropped": dropped, **keys}
    return "t " + json.dumps(values)


def run(*lines):
    """Return the lines that are passed on, and the reports."""
    result = subprocess.run([sys.executable, PROGRAM], input="".join(f"{line}\n" for line in lines),
                            capture_output=True, text=True, timeout=60, check=True)
    return result.stdout.splitlines(), result.stderr.splitlines()


class LossesTest(unittest.TestCase):
    """Each test is a stream of lines."""

    def expect(self, lines, printed, reports):
        """Check which of the lines are printed, and the reports."""
        output, errors = run(*lines)
        self.assertEqual([lines[at] for at in printed], output)
        self.assertEqual(reports, errors)

    def test_no_gap_no_report(self):
        self.expect([packet(1), packet(2)], [0, 1], [])

    def test_gap_with_drops(self):
        self.expect([packet(1), packet(5, 2)], [0, 1],
                    ["t: 3 missing before 5, 2 of them dropped on the board"])

    def test_drops_from_the_queue_of_unsent_messages(self):
        self.expect([packet(1), packet(9, 2, dropped_unsent=5)], [0, 1],
                    ["t: 7 missing before 9, 7 of them dropped on the board"])

    def test_drops_before_first_packet(self):
        self.expect([packet(5, 4)], [0], ["t: 4 missing before 5, 4 of them dropped on the board"])

    def test_first_packet_of_late_subscriber(self):
        self.expect([packet(5)], [0], [])

    def test_drops_before_first_packet_after_registration(self):
        self.expect([packet(9, time=1), packet(3, 2, time=2)], [0, 1],
                    ["t: device registered again, starts with 3",
                     "t: 2 missing before 3, 2 of them dropped on the board"])

    def test_drops_at_the_end_of_the_previous_registration(self):
        self.expect([packet(9, time=1), packet(3, time=2, dropped_unsent=8)], [0, 1],
                    ["t: device registered again, starts with 3",
                     "t: 6 missing before that, all of them dropped on the board",
                     "t: 2 missing before 3, 2 of them dropped on the board"])

    def test_missed_by_a_late_reader(self):
        self.expect([packet(1), 't {"event":"removed"}', 't {"event":"added","missed":3}',
                     packet(4, time=2), packet(6, time=3)], [0, 3, 4],
                    ["t: device removed", "t: device added",
                     "t: device registered again, starts with 4",
                     "t: 3 missing before 4, 3 of them dropped on the board",
                     "t: 1 missing before 6, 0 of them dropped on the board"])

    def test_missed_is_unknown(self):
        self.expect(['t {"event":"added","missed":null}', packet(1)], [1], ["t: device added"])

    def test_saturated_drops(self):
        self.expect([packet(1 << 33, 0xffffffff)], [0],
                    ["t: 4294967295 missing before 8589934592, 4294967295 of them dropped on the "
                     "board"])

    def test_duplicate(self):
        self.expect([packet(1), packet(2), packet(1)], [0, 1], [])

    def test_late_packet(self):
        self.expect([packet(1), packet(3), packet(2)], [0, 1, 2],
                    ["t: 1 missing before 3, 0 of them dropped on the board", "t: 2 arrived late"])

    def test_unknown_keys(self):
        self.expect([packet(1, later={"a": [1]}), packet(2, lines=None)], [0, 1], [])

    def test_missing_dropped(self):
        self.expect(['t {"seq":1,"timestamp_ns":1}', 't {"seq":3,"timestamp_ns":3}'], [0, 1],
                    ["t: 1 missing before 3, 0 of them dropped on the board"])

    def test_other_lines(self):
        other = ['t {"device":"test"}', "t [1]", "t online", "t"]
        self.expect([packet(1), *other, packet(2)], [0, 5],
                    [f"t: not a packet: {line[2:]}" for line in other])


if __name__ == "__main__":
    unittest.main()
