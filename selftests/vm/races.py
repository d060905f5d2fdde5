# SPDX-License-Identifier: GPL-2.0
"""What KCSAN reports: races of our modules, and those that the kernel has with itself."""

import re

import vm

REPORT = "BUG: KCSAN: "
RULE = "=" * 66
MODULE = "[notify_"
# What a frame says that calls what is not its caller's: one that wakes those who sleep runs
# what they have left to be run then, and one that takes an interrupt what that is for.
OTHERS = ("__wake_up", "asm_")
# Between the stacks of a report.
BLANK = re.compile(r"(\[ *[0-9.]+\] ?)?")


def concerns_us(report):
    """Whether a module of ours made, or called for, one of the accesses that race."""
    called = True
    for line in report[1:]:
        if BLANK.fullmatch(line):
            called = True
        elif any(other in line for other in OTHERS):
            called = False
        elif called and MODULE in line:
            return True
    return False


class Races:
    """Tells the races of our modules from those of the kernel, which are not ours to judge.

    What else a kernel complains of always counts.
    """

    def __init__(self):
        self.report = None
        self.foreign = 0

    def hear(self, line):
        """Takes a line of the kernel's log; returns those that say that something went wrong."""
        if REPORT in line:
            self.report = [line]
            return []
        wrong = [line] if vm.complaint(line) else []
        if self.report is not None:
            self.report.append(line)
            if line.endswith(RULE):
                wrong += self.end_report()
        return wrong

    def end_report(self):
        """The report's lines if it is about us."""
        report, self.report = self.report, None
        if not report:
            return []
        if concerns_us(report):
            return report
        self.foreign += 1
        return []
