# SPDX-License-Identifier: GPL-2.0
"""Run a machine and evaluate its console: kernel messages, and failures of the run."""

import threading

import races
import vm

# Limits for the guest to print its first message, and to print its stacks.
BOOT_SECONDS = 180
STACKS_SECONDS = 20
# QEMU may run a breakpoint that the kernel has just removed from its code. Most kernels that crash
# for that reason do so while they boot, before the guest's first process.
BOOTS = 3
LOG_ERRORS = "the kernel log has errors"


class Console:
    """Runs a machine and processes its output. Subclasses handle the output of their programs.

    With fail_fast, the first failure on one machine ends all machines. A machine hangs if no
    program prints a line for silent_seconds.
    """

    silent_seconds = 300
    fail_fast = False
    stop = threading.Event()

    def __init__(self, name):
        self.name = name
        self.machine = self.build = None
        self.failed = []
        self.log = []
        self.kernel_problems = []
        self.races = races.Races()
        self.first_process = self.ended = False

    def process_line(self, line):
        """Process a line of the console."""
        self.log.append(line)
        if line.startswith("@"):
            self.first_process = True
        # The kernels of some boards warn while they boot, before they load our modules.
        if self.first_process:
            self.kernel_problems += self.races.process_line(line)
        if line.startswith("@failed "):
            self.failed.append(line[1:])
        elif line.startswith("@end"):
            self.ended = True

    def show_log(self, count):
        """Print the last lines of the console."""
        print("\n".join("    " + text for text in self.log[-count:]), flush=True)

    def run(self, job, seconds, kind="check", **options):
        """Build and boot the machine, and process its output until it ends."""
        self.ended = False
        self.kernel_problems = []
        try:
            self.build = self.build or vm.build(self.name, kind)
            for boots in range(1, BOOTS + 1):
                if self.boot(job, seconds, **options):
                    break
                if boots == BOOTS:
                    self.interrupted("crashes")
                    break
                vm.progress(f"{self.name}: crashed before its first process")
                self.kernel_problems = []
        except (vm.MachineError, OSError) as error:
            print(f"{self.name}: {error}", flush=True)
            self.failed.append(str(error))
        self.finish()

    def boot(self, job, seconds, **options):
        """Boot the machine and process its output. Return false if no process has started."""
        self.first_process = False
        vm.progress(f"{self.name}: booting")
        with vm.Machine(self.name, self.build, job, **options) as self.machine:
            self.machine.silence = max(BOOT_SECONDS, self.silent_seconds)
            try:
                for line in self.machine.lines(seconds):
                    if line.startswith("@"):
                        self.machine.silence = self.silent_seconds
                    self.process_line(line)
                    if self.must_stop():
                        return True
                    if self.ended:
                        self.machine.wait()
                        return True
            except vm.MachineError as error:
                # The kernel may have reported a stall.
                self.show_log(60)
                self.show_stacks()
                self.interrupted(str(error))
                return True
        if not self.ended:
            self.show_log(40)
            if self.first_process:
                self.interrupted("crashes")
        return self.ended or self.first_process

    def must_stop(self):
        """Return true if a failure must end all machines."""
        if self.fail_fast and (self.failed or self.kernel_problems):
            self.stop.set()
        return self.stop.is_set()

    def interrupted(self, problem):
        """Add the failure of a machine that hangs, or ended before its programs."""
        self.failed.append(f"{problem}: after {self.log[-1]!r}" if self.log else problem)

    def show_stacks(self):
        """Let a guest that hangs print the kernel stacks of its tasks."""
        self.machine.silence = STACKS_SECONDS
        self.machine.send("stacks")
        try:
            for line in self.machine.lines(STACKS_SECONDS):
                if line == "@stacks":
                    return
                print("    " + line)
        except (vm.MachineError, OSError):
            print("    the guest does not print its stacks", flush=True)

    def finish(self):
        """Add the failures of the machine itself."""
        self.kernel_problems += self.races.end_report()
        if self.races.foreign:
            vm.progress(f"{self.name}: {self.races.foreign} reports of foreign races ignored")
        for line in self.kernel_problems:
            print(f"{self.name}: dmesg: {line}", flush=True)
        if self.kernel_problems:
            self.failed.append(f"{LOG_ERRORS}: {self.kernel_problems[0]}")
        self.must_stop()
