#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test which KCSAN reports concern our modules."""

import sys
import unittest

import races

UNRELATED = ("do_nanosleep+0x1/0x2", "__x64_sys_nanosleep+0x1/0x2")


def report(*stacks):
    """Return a report of accesses with these stacks, with timestamps as in dmesg."""
    lines = [races.REPORT + "data-race in one / other", ""]
    for stack in stacks:
        lines += ["read to 0xffff8880009d8d48 of 8 bytes by task 65 on cpu 0:",
                  *(f" {frame}" for frame in stack), ""]
    lines += ["CPU: 0 UID: 0 PID: 65 Comm: notify_stress Tainted: G", races.RULE]
    return [f"[   10.087200] {line}" for line in lines]


def filter_lines(lines):
    """Return the lines that are reported and the number of foreign reports."""
    listener = races.Races()
    problems = [problem for line in lines for problem in listener.process_line(line)]
    return problems, listener.foreign


class RacesTest(unittest.TestCase):
    """Reports in which one stack is ours, or none."""

    def assert_ours(self, *stacks):
        """Check that all lines of the report are returned."""
        lines = report(*stacks)
        self.assertEqual(filter_lines(lines), (lines, 0))

    def assert_foreign(self, *stacks):
        """Check that the report is only counted."""
        self.assertEqual(filter_lines(report(*stacks)), ([], 1))

    def test_access_in_module(self):
        self.assert_ours(UNRELATED,
                         ("notify_multi_read+0x1/0x2 [notify_multi]", "vfs_read+0x1/0x2"))

    def test_access_in_copy_function(self):
        self.assert_ours(("_copy_to_iter+0x1/0x2", "notify_multi_read+0x1/0x2 [notify_multi]"),
                         UNRELATED)

    def test_access_in_interrupt_handler(self):
        self.assert_ours(("gpio_irq+0x1/0x2 [notify_gpio]", "asm_common_interrupt+0x1/0x2"),
                         UNRELATED)

    def test_unrelated_accesses(self):
        self.assert_foreign(UNRELATED, UNRELATED)

    def test_access_in_wakeup_callback(self):
        self.assert_foreign(("io_poll_wake+0x1/0x2", "__wake_up_common+0x1/0x2",
                             "__wake_up+0x1/0x2",
                             "notify_multi_broadcast_at+0x1/0x2 [notify_multi]"), UNRELATED)

    def test_access_in_raised_interrupt(self):
        self.assert_foreign(("handle_simple_irq+0x1/0x2", "generic_handle_irq+0x1/0x2",
                             "sim_raise+0x1/0x2 [notify_sim]", "irq_work_single+0x1/0x2"),
                            UNRELATED)

    def test_access_in_called_file_system(self):
        self.assert_foreign(("kernfs_refresh_inode+0x1/0x2", "device_del+0x1/0x2",
                             "notify_multi_unregister+0x1/0x2 [notify_multi]"), UNRELATED)

    def test_free_by_module(self):
        self.assert_ours(("kfree+0x1/0x2", "notify_ring_free+0x1/0x2 [notify_multi]"), UNRELATED)

    def test_access_in_nested_interrupt(self):
        self.assert_foreign(("hrtimer_wakeup+0x1/0x2", "asm_sysvec_apic_timer_interrupt+0x1/0x2",
                             "notify_multi_broadcast_at+0x1/0x2 [notify_multi]"), UNRELATED)

    def test_access_in_module_races_with_wakeup_callback(self):
        self.assert_ours(("io_poll_wake+0x1/0x2", "__wake_up+0x1/0x2",
                          "notify_multi_broadcast_at+0x1/0x2 [notify_multi]"),
                         ("notify_multi_poll+0x1/0x2 [notify_multi]", "vfs_poll+0x1/0x2"))

    def test_incomplete_report(self):
        listener = races.Races()
        lines = report(("notify_multi_read+0x1/0x2 [notify_multi]",))[:-1]
        self.assertEqual([problem for line in lines for problem in listener.process_line(line)],
                         [])
        self.assertEqual(listener.end_report(), lines)

    def test_other_problem(self):
        self.assertEqual(filter_lines(["[    1.0] WARNING: CPU: 0"]),
                         (["[    1.0] WARNING: CPU: 0"], 0))


if __name__ == "__main__":
    sys.exit(unittest.main())
