#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test which KCSAN reports concern our modules."""

import sys
import unittest

import races

NOBODY = ("do_nanosleep+0x1/0x2", "__x64_sys_nanosleep+0x1/0x2")


def report(*stacks):
    """Return a report of accesses with these stacks, with timestamps as in dmesg."""
    lines = [races.REPORT + "data-race in one / other", ""]
    for stack in stacks:
        lines += ["read to 0xffff8880009d8d48 of 8 bytes by task 65 on cpu 0:",
                  *(f" {frame}" for frame in stack), ""]
    lines += ["CPU: 0 UID: 0 PID: 65 Comm: notify_stress Tainted: G", races.RULE]
    return [f"[   10.087200] {line}" for line in lines]


def hear(lines):
    """Return the lines that are reported and the number of foreign reports."""
    listener = races.Races()
    wrong = [complaint for line in lines for complaint in listener.hear(line)]
    return wrong, listener.foreign


class RacesTest(unittest.TestCase):
    """Reports in which one stack is ours, or none."""

    def assert_ours(self, *stacks):
        """Check that all lines of the report are returned."""
        lines = report(*stacks)
        self.assertEqual(hear(lines), (lines, 0))

    def assert_foreign(self, *stacks):
        """Check that the report is only counted."""
        self.assertEqual(hear(report(*stacks)), ([], 1))

    def test_access_of_ours(self):
        self.assert_ours(NOBODY, ("notify_multi_read+0x1/0x2 [notify_multi]", "vfs_read+0x1/0x2"))

    def test_access_of_a_function_that_we_call(self):
        self.assert_ours(("_copy_to_iter+0x1/0x2", "notify_multi_read+0x1/0x2 [notify_multi]"),
                         NOBODY)

    def test_access_of_our_interrupt_handler(self):
        self.assert_ours(("gpio_irq+0x1/0x2 [notify_gpio]", "asm_common_interrupt+0x1/0x2"), NOBODY)

    def test_access_of_nobody_of_ours(self):
        self.assert_foreign(NOBODY, NOBODY)

    def test_access_of_someone_whom_we_wake(self):
        self.assert_foreign(("io_poll_wake+0x1/0x2", "__wake_up_common+0x1/0x2",
                             "__wake_up+0x1/0x2",
                             "notify_multi_broadcast_at+0x1/0x2 [notify_multi]"), NOBODY)

    def test_access_of_the_interrupt_that_we_raise(self):
        self.assert_foreign(("handle_simple_irq+0x1/0x2", "generic_handle_irq+0x1/0x2",
                             "sim_raise+0x1/0x2 [notify_sim]", "irq_work_single+0x1/0x2"), NOBODY)

    def test_access_of_a_file_system_that_we_call(self):
        self.assert_foreign(("kernfs_refresh_inode+0x1/0x2", "device_del+0x1/0x2",
                             "notify_multi_unregister+0x1/0x2 [notify_multi]"), NOBODY)

    def test_free_of_what_somebody_accesses(self):
        self.assert_ours(("kfree+0x1/0x2", "notify_ring_free+0x1/0x2 [notify_multi]"), NOBODY)

    def test_access_of_an_interrupt_that_interrupts_us(self):
        self.assert_foreign(("hrtimer_wakeup+0x1/0x2", "asm_sysvec_apic_timer_interrupt+0x1/0x2",
                             "notify_multi_broadcast_at+0x1/0x2 [notify_multi]"), NOBODY)

    def test_access_of_ours_races_with_someone_whom_we_wake(self):
        self.assert_ours(("io_poll_wake+0x1/0x2", "__wake_up+0x1/0x2",
                          "notify_multi_broadcast_at+0x1/0x2 [notify_multi]"),
                         ("notify_multi_poll+0x1/0x2 [notify_multi]", "vfs_poll+0x1/0x2"))

    def test_report_that_is_cut(self):
        listener = races.Races()
        lines = report(("notify_multi_read+0x1/0x2 [notify_multi]",))[:-1]
        self.assertEqual([complaint for line in lines for complaint in listener.hear(line)], [])
        self.assertEqual(listener.end_report(), lines)

    def test_other_complaint(self):
        self.assertEqual(hear(["[    1.0] WARNING: CPU: 0"]), (["[    1.0] WARNING: CPU: 0"], 0))


if __name__ == "__main__":
    sys.exit(unittest.main())
