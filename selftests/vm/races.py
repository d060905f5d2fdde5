# SPDX-License-Identifier: GPL-2.0
"""What KCSAN reports: races of our modules, and those that the kernel has with itself."""

import re

import vm

REPORT = "BUG: KCSAN: "
RULE = "=" * 66
MODULE = "[notify_"
STACK = re.compile(r" of \d+ bytes by ")
FRAME = re.compile(r"(?:\[ *[0-9.]+\])? +([\w.]+)\+0x")
# What accesses, or frees, memory of its caller's. All else that is called has data of its own:
# that of wait queues and of those who sleep there, of interrupts, of files.
ACCESSOR = re.compile(r"_*(copy|mem|str|list|kfree|kvfree|vfree|kmem_cache_free)")


def concerns_us(report):
    """Whether one of the accesses that race is made by a module of ours, or for it."""
    made = False
    for line in report:
        frame = FRAME.match(line)
        if STACK.search(line):
            made = True
        elif not frame:
            made = False
        elif made and MODULE in line:
            return True
        elif not ACCESSOR.match(frame[1]):
            made = False
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
