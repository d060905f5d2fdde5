# SPDX-License-Identifier: GPL-2.0
"""What a machine's console says of the kernel, and of how the machine's run went."""

import os

import races
import vm

SILENT_SECONDS = int(os.environ.get("NOTIFY_MULTI_SILENT", "300"))


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
                self.hear(line)

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
