#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test the processing of a console (cut lines, silent machines, lost guests), and ^C."""

import io
import queue
import signal
import subprocess
import sys
import time
import unittest
from types import SimpleNamespace
from unittest import mock

import check
import console
import vm

KERNEL = "[   12.345678] notify_sim: message"


def joined(*lines):
    """Return the lines as CutLines.join() returns them."""
    cut = vm.CutLines()
    return [cut.join(line) for line in lines]


class CutLineTest(unittest.TestCase):
    """The parts of a line are joined; other lines are unchanged."""

    def test_cut_result(self):
        self.assertEqual(joined("ok 1" + KERNEL, "2 name"), [KERNEL, "ok 12 name"])

    def test_cut_failure(self):
        self.assertEqual(joined("not" + KERNEL, " ok 3 name"), [KERNEL, "not ok 3 name"])

    def test_cut_word(self):
        self.assertEqual(joined("@res" + KERNEL, "ult 5 packets"), [KERNEL, "@result 5 packets"])

    def test_cut_end_of_line(self):
        self.assertEqual(joined('@read 1 {"seq": 1}' + KERNEL, ""), [KERNEL, '@read 1 {"seq": 1}'])

    def test_two_kernel_messages(self):
        self.assertEqual(joined("@en" + KERNEL, KERNEL, "d"), [KERNEL, KERNEL, "@end"])

    def test_kernel_message_between_lines(self):
        self.assertEqual(joined("ok 1 name", KERNEL, "ok 2 name"),
                         ["ok 1 name", KERNEL, "ok 2 name"])

    def test_quoted_kernel_message(self):
        self.assertEqual(joined("@out " + KERNEL, "ok 1"), ["@out " + KERNEL, "ok 1"])


class SilenceTest(unittest.TestCase):
    """A silent machine is prompted once, and must print something after that."""

    def setUp(self):
        self.typed = io.StringIO()
        self.machine = SimpleNamespace(
            icount=False, silence=None, output=queue.Queue(),
            send=lambda text: self.typed.write(text + "\n"))
        patch = mock.patch.object(vm, "PROMPT_SECONDS", 0.02)
        patch.start()
        self.addCleanup(patch.stop)

    def lines(self, silence):
        """Return the iterator of lines after "first"."""
        self.machine.output.put("first")
        self.machine.silence = silence
        lines = vm.Machine.lines(self.machine, 60)
        self.assertEqual(next(lines), "first")
        return lines

    def test_silent_machine_is_prompted(self):
        self.machine.send = lambda text: self.machine.output.put("second" + text)
        self.assertEqual(next(self.lines(60)), "second")

    def test_echo_of_prompt_is_ignored(self):
        lines = self.lines(0.2)
        self.machine.output.put("")
        self.assertEqual(next(lines), "")
        with self.assertRaisesRegex(vm.MachineError, "hangs"):
            next(lines)
        self.assertEqual(self.typed.getvalue(), "\n")

    def test_kernel_message_is_no_progress(self):
        lines = self.lines(0.1)
        for _ in range(1000):
            self.machine.output.put(KERNEL)
        with self.assertRaisesRegex(vm.MachineError, "hangs"):
            while True:
                next(lines)
                time.sleep(0.001)

    def test_no_prompt_with_icount(self):
        self.machine.icount = True
        with self.assertRaises(vm.MachineError):
            next(self.lines(0.1))
        self.assertEqual(self.typed.getvalue(), "")

    def test_no_prompt_without_limit(self):
        lines = vm.Machine.lines(self.machine, 0.1)
        with self.assertRaises(vm.MachineError):
            next(lines)
        self.assertEqual(self.typed.getvalue(), "")


class FakeMachine:
    """A guest that prints the lines of one boot. The error "hangs" ends them."""

    boots = []
    appended = []

    def __init__(self, *_, append, **__):
        self.appended.append(append)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def send(self, _):
        """Ignore the request for stacks."""

    def wait(self):
        """The guest has ended."""

    def lines(self, _):
        """Yield the lines of the next boot."""
        for line in self.boots.pop(0):
            if line == "hangs":
                raise vm.MachineError("hangs")
            yield line


def program(*lines, tests=2):
    """Return the lines of a program that announces a number of tests."""
    return ["@suite suite", "# selftests: notify_multi: poll", f"1..{tests}", *lines]


FIRST = ("#  RUN           poll.first ...", "ok 1 poll.first")
SECOND = ("#  RUN           poll.second ...", "ok 2 poll.second")
STACKS = ["task 70 (poll), state D", "@stacks"]
READ = ["# selftests: notify_multi: read", "1..1", "#  RUN           read.only ...",
        "ok 1 read.only", "@dmesg", "@end"]


class LostGuestTest(unittest.TestCase):
    """A test that hangs or crashes the guest is named, and the others run in a fresh guest."""

    def setUp(self):
        FakeMachine.appended = []
        for patch in (mock.patch.object(vm, "Machine", FakeMachine),
                      mock.patch.object(vm, "build"), mock.patch.object(vm, "is_debug"),
                      mock.patch("sys.stderr"), mock.patch("sys.stdout", io.StringIO())):
            patch.start()
            self.addCleanup(patch.stop)

    def check(self, *boots):
        """Run the boots. Return the results and the printed text."""
        FakeMachine.boots = list(boots)
        result = check.Check("guest")
        result.run_all()
        self.assertEqual(FakeMachine.boots, [])
        return result, sys.stdout.getvalue()

    def test_test_hangs(self):
        result, printed = self.check(program(*FIRST, SECOND[0], "hangs"), STACKS,
                                     program(*FIRST, tests=1) + READ)
        self.assertEqual(result.failed, ["hangs: suite/poll: poll.second"])
        self.assertEqual(result.passed, ["suite/poll: poll.first", "suite/read: read.only"])
        self.assertEqual(FakeMachine.appended[1:], ["NM_AFTER=suite/poll NM_EXCLUDE=second"])
        self.assertIn("    task 70 (poll), state D\n", printed)

    def test_guest_does_not_print_its_stacks(self):
        _, printed = self.check(program(FIRST[0], "hangs"), ["hangs"], READ)
        self.assertIn("the guest does not print its stacks", printed)

    def test_guest_crashes(self):
        result, _ = self.check(program(FIRST[0]), program(SECOND[0]),
                               ["@suite suite", *READ])
        self.assertEqual(result.failed, ["crashes: suite/poll: poll.first",
                                         "crashes: suite/poll: poll.second"])
        self.assertEqual(FakeMachine.appended[1:], ["NM_AFTER=suite/poll NM_EXCLUDE=first",
                                                    "NM_AFTER=suite/poll NM_EXCLUDE=first+second"])

    def test_guest_crashes_before_its_first_process(self):
        crash = ["[    2.690489] Oops: int3: 0000 [#1] SMP NOPTI"]
        result, _ = self.check(crash, ["@init", "@suite suite", *READ])
        self.assertEqual((result.failed, result.passed), ([], ["suite/read: read.only"]))
        result, _ = self.check(*[crash] * console.BOOTS)
        self.assertEqual(result.failed, [f"crashes: after {crash[0]!r}"])

    def test_warning_before_first_process_is_ignored(self):
        warning = "[    0.000000] WARNING: CPU: 0 PID: 0 at arch/arm/mach-highbank/highbank.c:47"
        result, _ = self.check([warning, "@init", "@suite suite", *READ])
        self.assertEqual(result.failed, [])
        result, _ = self.check(["@init", warning, "@suite suite", *READ])
        self.assertEqual(result.failed, [f"{console.LOG_ERRORS}: {warning}"])

    def test_guest_crashes_after_its_first_process(self):
        result, _ = self.check(["@init"])
        self.assertEqual(result.failed, ["crashes: after '@init'"])

    def test_program_without_test_cases_hangs(self):
        result, _ = self.check(program(FIRST[1], "hangs"), STACKS, ["@suite suite", *READ])
        self.assertEqual(result.failed, ["hangs: suite/poll: after poll.first"])
        self.assertEqual(FakeMachine.appended[1:], ["NM_AFTER=suite/poll NM_EXCLUDE="])

    def test_hang_after_the_tests(self):
        result, _ = self.check([*READ[:-1], "# rmmod notify_sim", "hangs"], STACKS)
        self.assertEqual(result.failed, ["hangs: after '# rmmod notify_sim'"])

    def test_machine_is_given_up(self):
        result, _ = self.check(*[program(FIRST[0])] * check.MAX_LOST)
        self.assertEqual(len(result.failed), check.MAX_LOST + 1)
        self.assertIn("did not run", result.failed[-1])

    def test_fail_fast(self):
        self.addCleanup(console.Console.stop.clear)
        with mock.patch.object(console.Console, "fail_fast", True):
            result, _ = self.check(program("not ok 1 poll.first", *SECOND))
        self.assertEqual(result.failed, ["suite/poll: poll.first"])


MACHINE = """
import time, vm
class Guest(vm.Machine):
    def command(self): return ["sh", "-c", "echo started; exec sleep 60"]
with Guest("amd64-6.12", "", "job") as guest:
    print(next(guest.lines(10)), flush=True)
    time.sleep(60)
"""


class InterruptTest(unittest.TestCase):
    """A script dies by its signal, so that a shell ends its loop, and so do its guests."""

    def test_guest_dies_with_script(self):
        with subprocess.Popen((sys.executable, "-c", MACHINE), cwd=vm.QEMU_DIR, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE) as script:
            self.assertEqual(script.stdout.readline(), "started\n")
            script.terminate()
            # The guest has the pipe of standard error open, too.
            script.communicate(timeout=10)
        self.assertEqual(script.returncode, -signal.SIGTERM)

    def test_script_dies_by_signal(self):
        script = "import vm\ndef main(): raise KeyboardInterrupt\nvm.exit_with(main)"
        result = subprocess.run((sys.executable, "-c", script), stderr=subprocess.PIPE,
                                cwd=vm.QEMU_DIR, check=False)
        self.assertEqual((result.returncode, result.stderr), (-signal.SIGINT, b""))


if __name__ == "__main__":
    sys.exit(unittest.main())
