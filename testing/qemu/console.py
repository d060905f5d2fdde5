# SPDX-License-Identifier: GPL-2.0
"""Run a machine and evaluate its console: kernel messages, and failures of the run."""

import os
import re
import threading

import races
import vm

# Longer than any test may take.
SILENT_SECONDS = int(os.environ.get("NOTIFY_MULTI_SILENT", "660"))
# The beginning of a test result or of a line of the guest's script, cut by a kernel message.
CUT = re.compile(r"([on]|@(?!out)).*?(?=\[ *\d+\.\d{6}\] )")


class Console:
    """Runs a machine and processes its output. Subclasses handle the output of their programs.

    With fail_fast, the first failure on one machine ends all machines.
    """

    fail_fast = False
    stop = threading.Event()

    def __init__(self, name):
        self.name = name
        self.machine = self.build = None
        self.failed = []
        self.log = []
        self.kernel_problems = []
        self.races = races.Races()
        self.ended = False
        self.cut_beginning = ""

    def join_cut_line(self, line):
        """Return the line, joined with a beginning that a kernel message had cut off before.

        If the line itself contains a kernel message, keep its beginning and return the message.
        """
        cut = CUT.match(line)
        if cut:
            self.cut_beginning = cut[0]
            return line[cut.end():]
        if self.cut_beginning and not line.startswith("["):
            line, self.cut_beginning = self.cut_beginning + line, ""
        return line

    def process_line(self, line):
        """Process a line of the console."""
        self.log.append(line)
        self.kernel_problems += self.races.process_line(line)
        if line.startswith("@failed "):
            self.failed.append(line[1:])
        elif line.startswith("@end"):
            self.ended = True

    def show_log(self, count):
        """Print the last lines of the console."""
        print("\n".join("    " + text for text in self.log[-count:]), flush=True)

    def run(self, job, seconds, kind="strict", **options):
        """Build and boot the machine, and process its output until it ends."""
        self.ended = False
        self.kernel_problems = []
        try:
            self.build = self.build or vm.build(self.name, kind)
            self.boot(job, seconds, **options)
        except (vm.MachineError, OSError) as error:
            print(f"{self.name}: {error}", flush=True)
        self.finish()

    def boot(self, job, seconds, **options):
        """Boot the machine and process its output."""
        vm.progress(f"{self.name}: booting")
        with vm.Machine(self.name, self.build, job, **options) as self.machine:
            for line in self.machine.lines(seconds, SILENT_SECONDS):
                self.process_line(self.join_cut_line(line))
                if self.fail_fast and (self.failed or self.kernel_problems):
                    self.stop.set()
                if self.stop.is_set():
                    return

    def finish(self):
        """Add the failures of the machine itself."""
        if not self.ended and not self.stop.is_set():
            self.failed.append("the machine did not finish")
            self.show_log(40)
        self.kernel_problems += self.races.end_report()
        if self.races.foreign:
            vm.progress(f"{self.name}: {self.races.foreign} reports of foreign races ignored")
        for line in self.kernel_problems:
            print(f"{self.name}: dmesg: {line}", flush=True)
        if self.kernel_problems:
            self.failed.append("the kernel log has errors")
