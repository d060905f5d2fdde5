#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Boot machines of the matrix, run the whole suite on each, and check their kernel log."""

import argparse
import concurrent.futures
import os
import re
import time

import console
import vm

RUN_SECONDS = 3600
# Time that a test may take without printing a line, and the factor for debug kernels.
SILENT_SECONDS = 60
DEBUG_FACTOR = 5
# A machine is given up after this many guests hang or crash, or tests time out.
MAX_LOST = 3
TAP = re.compile(r"(not ok|ok) \d+ (\S+)(.*)")
RUN = re.compile(r"# +RUN +(\S+) \.\.\.")
TIMEOUT = "Test terminated by timeout"
PLAN = re.compile(r"1\.\.(\d+)")

# This test needs a board of its own: the board of notify_irq has no GPIO lines.
IRQ_TEST = "notify_irq_board"
IRQ_OVERLAYS = ("irq", "irq_faults")

# Both sources described by ACPI, on machines with ACPI firmware.
ACPI_TEST = "acpi"
ACPI_TABLES = (os.path.join(vm.TOP, "Documentation", "acpi", "notify-multi.asl"),)
ACPI_ARCHES = ("arm64",)


class Check(console.Console):
    """Results of the suite, from a machine's console."""

    def __init__(self, name):
        super().__init__(name)
        self.silent_seconds = SILENT_SECONDS * (DEBUG_FACTOR if vm.is_debug(name) else 1)
        self.passed = []
        self.skipped = []
        self.suite = self.test = self.case = None
        # The running test or the last one that ended; a program need not print which test it runs.
        self.position = "start"
        self.planned = self.seen = 0
        # The numbers of results before the program.
        self.counts = ()
        self.lost = 0
        # The tests of each program that hang or crash the guest.
        self.excluded = {}
        # Options for the next guest, which runs the remaining tests.
        self.remaining = None
        self.seconds = {}
        self.started = 0

    def program(self):
        """Return the program's name with its suite."""
        return f"{self.suite}/{self.test}"

    def full_name(self, case):
        """Return a test's name with its suite and program."""
        return f"{self.program()}: {case}"

    def results(self):
        """Return the lists of results."""
        return self.passed, self.failed, self.skipped

    def end_program(self):
        """Count announced tests that did not run as failed."""
        missing = self.planned - self.seen
        if self.test and missing > 0:
            self.failed.append(self.full_name(f"{missing} tests did not finish"))
        if self.test:
            self.seconds[self.program()] = time.monotonic() - self.started
        self.test = None

    def show_case(self):
        """Print the console from the start of the last test."""
        lines = next((count for count, line in enumerate(reversed(self.log), 1)
                      if RUN.fullmatch(line)), 12)
        self.show_log(min(lines, 40))

    def process_test_line(self, line):
        """Process a line of a test program."""
        run, plan, result = RUN.fullmatch(line), PLAN.fullmatch(line), TAP.fullmatch(line)
        if run:
            self.case = self.position = run[1]
        elif line.endswith(TIMEOUT):
            self.lost += 1
            if self.lost == MAX_LOST:
                raise vm.MachineError("too many tests time out")
        elif plan:
            self.planned = int(plan[1])
        elif result:
            self.seen += 1
            self.position = f"after {result[2]}"
            case = self.full_name(result[2])
            if result[1] == "not ok":
                self.failed.append(case)
                print(f"{self.name}: FAILED {case}", flush=True)
                self.show_case()
            elif "# SKIP" in result[3]:
                self.skipped.append(f"{case} ({result[3].partition('# SKIP')[2].strip()})")
            else:
                self.passed.append(case)

    def process_line(self, line):
        super().process_line(line)
        if line.startswith("# selftests: notify_multi: "):
            self.end_program()
            self.test = line.rsplit(" ", 1)[1]
            self.case, self.position = None, "start"
            self.planned, self.seen = 1, 0
            self.counts = [len(results) for results in self.results()]
            self.started = time.monotonic()
            vm.progress(f"{self.name}: {self.program()}")
        elif line.startswith("@suite "):
            self.end_program()
            self.suite = line.split()[1]
        elif line.startswith(vm.GPIO_REQUESTS):
            self.machine.gpio().handle(line)
        elif line.startswith("@dmesg"):
            self.end_program()
        else:
            self.process_test_line(line)

    def interrupted(self, problem):
        self.lost += 1
        if not self.test:
            super().interrupted(problem)
            return
        excluded = self.excluded.setdefault(self.program(), [])
        if self.case:
            # The program runs again without this test.
            for results, count in zip(self.results(), self.counts):
                del results[count:]
            excluded.append(self.case.rpartition(".")[2])
        self.failed.append(f"{problem}: {self.full_name(self.position)}")
        print(f"{self.name}: FAILED {self.failed[-1]}", flush=True)
        self.remaining = f"NM_AFTER={self.program()} NM_EXCLUDE={'+'.join(excluded)}"
        self.test = None

    def run_all(self, **options):
        """Run the tests. If one hangs or crashes the guest, run the others in a fresh guest."""
        remaining = ""
        while remaining is not None and not self.stop.is_set():
            if self.lost >= MAX_LOST:
                after = remaining.split()[0].partition("=")[2]
                self.failed.append(f"too many failures, tests after {after} did not run")
                return
            self.remaining = None
            self.run("check", RUN_SECONDS, append=remaining, **options)
            remaining = self.remaining

    def finish(self):
        super().finish()
        if not self.passed and not self.failed and not self.stop.is_set():
            self.failed.append("no test passed")

    def longest(self):
        """Return the five slowest programs."""
        longest = sorted(self.seconds, key=self.seconds.get, reverse=True)[:5]
        return ", ".join(f"{name} {self.seconds[name]:.0f} s" for name in longest)


def boot_options(name):
    """Return the options of vm.Machine for each boot of the machine."""
    board, arch = vm.board_of(name), vm.machine_arch(name)
    wanted = os.environ.get("TESTS", "").split() or (board.tests if board else [])
    special = {}
    if board and not board.machine:
        special[IRQ_TEST] = {"overlays": IRQ_OVERLAYS}
        if arch in ACPI_ARCHES:
            special[ACPI_TEST] = {"tables": ACPI_TABLES}
    others = [test for test in wanted if test.partition(".")[0] not in special]
    suite = [{"tests": others}] if others or not wanted else []
    for test, options in special.items():
        chosen = [name for name in wanted or [test] if name.partition(".")[0] == test]
        if chosen:
            suite.append({"tests": chosen, **options})
    return suite


def check(name):
    """Run the suite on a machine."""
    result = Check(name)
    started = time.monotonic()
    for options in boot_options(name):
        result.run_all(**options)
    vm.progress(f"{name}: {len(result.passed)} passed, {len(result.failed)} failed, "
           f"{len(result.skipped)} skipped in {time.monotonic() - started:.0f} s; longest: "
           f"{result.longest()}")
    return result


def arguments():
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("machines", nargs="*", default=["check"], metavar="MACHINE|KIND",
                        help="from testing/qemu/machines; default: kind check")
    parser.add_argument("--minutes", type=float, default=float("inf"),
                        help="start no machine later than this, and name the others")
    parser.add_argument("--fail-fast", action="store_true", help="end after the first failure")
    return parser.parse_args()


def report(results):
    """Print the skipped tests, the table of machines and the failed tests."""
    for result in results:
        for case in result.skipped:
            print(f"{result.name}: skipped {case}")
    print(f"{'machine':18} {'kernel':26} {'architecture':12} {'passed':>6} {'failed':>6} "
          f"{'skipped':>7}")
    for result in results:
        print(f"{result.name:18} {vm.kernel_release(result.name):26} "
              f"{vm.machine_arch(result.name):12} {len(result.passed):6} {len(result.failed):6} "
              f"{len(result.skipped):7}")
    for result in results:
        for case in result.failed:
            print(f"{result.name}: FAILED {case}")


def main():
    """Check the machines and print the results."""
    options = arguments()
    Check.fail_fast = options.fail_fast
    names = vm.machines(options.machines)
    deadline = time.monotonic() + options.minutes * 60

    def check_in_time(name):
        return None if Check.stop.is_set() or time.monotonic() > deadline else check(name)

    # One machine per CPU: a machine keeps about one CPU busy.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = dict(zip(names, pool.map(check_in_time, names)))
    results = [result for result in outcomes.values() if result]
    report(results)
    left_out = [name for name, result in outcomes.items() if not result]
    if left_out:
        print(f"not run{'' if Check.stop.is_set() else ', no time left'}: {' '.join(left_out)}")
    failed = sum(len(result.failed) for result in results)
    print(f"{sum(len(result.passed) for result in results)} passed, {failed} failed")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    vm.exit_with(main)
