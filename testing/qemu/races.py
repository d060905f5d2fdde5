# SPDX-License-Identifier: GPL-2.0
"""Separate KCSAN's reports about our modules from those about the rest of the kernel."""

import re

import vm

REPORT = "BUG: KCSAN: "
RULE = "=" * 66
MODULE = "[notify_"
STACK = re.compile(r" of \d+ bytes by ")
FRAME = re.compile(r"(?:\[ *[0-9.]+\])? +([\w.]+)\+0x")
# Functions that access or free their caller's memory. Other callees access data of their own:
# wait queues and their sleepers, interrupts, files.
ACCESSOR = re.compile(r"_*(copy|mem|str|list|kfree|kvfree|vfree|kmem_cache_free)")


def concerns_us(report):
    """Return true if one of the racing accesses is made by or for one of our modules."""
    # All frames of the stack so far were accessors.
    only_accessors = False
    for line in report:
        frame = FRAME.match(line)
        if STACK.search(line):
            only_accessors = True
        elif not frame:
            only_accessors = False
        elif only_accessors and MODULE in line:
            return True
        elif not ACCESSOR.match(frame[1]):
            only_accessors = False
    return False


class Races:
    """Filters the kernel log: counts foreign races, returns all other suspicious lines."""

    def __init__(self):
        self.report = None
        self.foreign = 0

    def process_line(self, line):
        """Process a line of the kernel log; return the lines that report a problem of ours."""
        if REPORT in line:
            self.report = [line]
            return []
        problems = [line] if vm.reports_problem(line) else []
        if self.report is not None:
            self.report.append(line)
            if line.endswith(RULE):
                problems += self.end_report()
        return problems

    def end_report(self):
        """End the current report; return its lines if it concerns our modules."""
        report, self.report = self.report, None
        if not report:
            return []
        if concerns_us(report):
            return report
        self.foreign += 1
        return []
