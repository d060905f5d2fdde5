# SPDX-License-Identifier: GPL-2.0
"""What a machine's console says of the kernel, and of how the machine's run went."""

import os
import re

import races
import vm

# Longer than any test may take.
SILENT_SECONDS = int(os.environ.get("NOTIFY_MULTI_SILENT", "660"))
# A test's result, or a word of the guest's script, in the middle of which the kernel speaks.
CUT = re.compile(r"([on]|@(?!out)).*?(?=\[ *\d+\.\d{6}\] )")


class Console:
    """Runs a machine and hears what it says: those derived from this know of what is run."""

    def __init__(self, name):
        self.name = name
        self.machine = self.build = None
        self.failed = []
        self.log = []
        self.complaints = []
        self.races = races.Races()
        self.ended = False
        self.begun = ""

    def whole(self, line):
        """The line, with what of it was said before the kernel cut it; or what the kernel said."""
        cut = CUT.match(line)
        if cut:
            self.begun = cut[0]
            return line[cut.end():]
        if self.begun and not line.startswith("["):
            line, self.begun = self.begun + line, ""
        return line

    def hear(self, line):
        """Takes a line of the console."""
        self.log.append(line)
        self.complaints += self.races.hear(line)
        if line.startswith("@failed "):
            self.failed.append(line[1:])
        elif line.startswith("@end"):
            self.ended = True

    def show_log(self, count):
        """Shows the last lines that were heard."""
        print("\n".join("    " + text for text in self.log[-count:]), flush=True)

    def run(self, what, seconds, kind="strict", **options):
        """Builds and boots the machine, and listens until it has done what it is to do."""
        self.ended = False
        self.complaints = []
        try:
            self.build = self.build or vm.build(self.name, kind)
            self.boot(what, seconds, **options)
        except (vm.MachineError, OSError) as error:
            print(f"{self.name}: {error}", flush=True)
        self.finish()

    def boot(self, what, seconds, **options):
        """Boots the machine that was built, and listens."""
        vm.say(f"{self.name}: booting")
        with vm.Machine(self.name, self.build, what, **options) as self.machine:
            for line in self.machine.lines(seconds, SILENT_SECONDS):
                self.hear(self.whole(line))

    def finish(self):
        """Counts what was wrong with the machine."""
        if not self.ended:
            self.failed.append("the machine did not come to its end")
            self.show_log(40)
        self.complaints += self.races.end_report()
        if self.races.foreign:
            vm.say(f"{self.name}: {self.races.foreign} reports of races within the kernel")
        for line in self.complaints:
            print(f"{self.name}: dmesg: {line}", flush=True)
        if self.complaints:
            self.failed.append("the kernel complained")
