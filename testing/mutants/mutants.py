#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Break the module in one way after another, and check that a test fails each time.

mutants.py [NAME...]

JOBS=N tests N mutants at a time.

A mutant is a patch in testing/mutants. It describes the defect and lists the commands that detect
it in lines "Caught-by: COMMAND": "check MACHINE TEST...", "torture MACHINE WHAT SECONDS" or
"barriers". The same commands must pass with the unmodified module. A mutant is caught if one of its
commands fails; a failed build does not count. Mutants that only "barriers" catches are counted
separately, because this list of the code's barriers detects any change of them.
"""

import collections
import concurrent.futures
import hashlib
import filecmp
import os
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "qemu"))

import vm  # noqa: E402

MUTANTS = os.path.join(vm.TESTING, "mutants")
WORK = os.environ.get("NOTIFY_MULTI_BUILDS") or os.path.join(
    vm.CACHE, "mutants", hashlib.sha256(vm.TOP.encode()).hexdigest()[:12])
COMMAND_SECONDS = 1800
FAILURE = re.compile(r".*: FAILED (.*)|.*: (dmesg: .*)|.*(did not end in time)|error: (.*)")
TEST_FAILURE = re.compile(r"(\w+: )?suite\w*/")


class Tree:
    """A copy of the project with its own build directory; one for each worker."""

    def __init__(self, number):
        self.path = os.path.join(WORK, f"tree{number}")
        self.builds = os.path.join(WORK, f"build{number}")
        self.mutated = set()
        files = subprocess.run(["git", "-C", vm.TOP, "ls-files", "-z"], stdout=subprocess.PIPE,
                               text=True, check=True).stdout.split("\0")[:-1]
        for directory, _, names in os.walk(self.path):
            for path in (os.path.join(directory, name) for name in names):
                if os.path.relpath(path, self.path) not in files:
                    os.remove(path)
        for name in files:
            self.restore(name)

    def restore(self, name):
        """Copy a file from the project unless it is the same. The new mtime causes a rebuild."""
        source, path = os.path.join(vm.TOP, name), os.path.join(self.path, name)
        if os.path.isfile(path) and filecmp.cmp(source, path, shallow=False):
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(source, path)

    def undo(self):
        """Undo the previous mutation."""
        while self.mutated:
            self.restore(self.mutated.pop())

    def write(self, name, text):
        """Undo the previous mutation and change the text of a file."""
        self.undo()
        self.mutated = {name}
        with open(os.path.join(self.path, name), "w", encoding="utf-8") as file:
            file.write(text)

    def patch(self, patch):
        """Undo the previous mutation and apply a patch."""
        self.undo()
        with open(patch, encoding="utf-8") as text:
            self.mutated = set(re.findall(r"^\+\+\+ b/(.*)", text.read(), re.M))
        result = subprocess.run(["patch", "-p1", "-F0", "-s", "-i", patch], cwd=self.path,
                                capture_output=True, text=True, check=False)
        if result.returncode:
            raise vm.MachineError(f"{patch} does not apply: {result.stdout}")

    def run(self, command, *options):
        """Run a command. Return its output, and true if it passed."""
        what, *words = command.split()
        script = {"check": "testing/qemu/check.py", "torture": "testing/qemu/torture.py",
                  "barriers": "testing/litmus/barriers.sh"}[what]
        environment = dict(os.environ, NOTIFY_MULTI_BUILDS=self.builds)
        if what == "check":
            machine, *tests = words
            environment["TESTS"] = " ".join(tests)
            words = [machine, *options]
        elif what == "torture":
            machine, program, seconds = words
            words = [program, machine, "--seconds", seconds]
        with subprocess.Popen([os.path.join(self.path, script), *words], env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", start_new_session=True) as process:
            try:
                output = process.communicate(timeout=COMMAND_SECONDS)[0]
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        return output, process.returncode == 0

    def failure(self, command):
        """Run a command. Return the reason of its failure, or None if it passed."""
        try:
            output, passed = self.run(command, "--fail-fast")
        except subprocess.TimeoutExpired:
            return "did not end in time"
        if passed:
            return None
        if "the build for" in output:
            raise vm.MachineError(f"the mutant does not build:\n{output}")
        found = FAILURE.search(output)
        if not found:
            raise vm.MachineError(f"{command} failed without a reason:\n{output}")
        text = next(text for text in found.groups() if text)
        if command.startswith("check") and not TEST_FAILURE.match(text):
            return f"no test failed, but: {text}"
        return text


def make_trees(count=int(os.environ.get("JOBS", os.cpu_count()))):
    """Return a number of trees."""
    return [Tree(number) for number in range(count)]


class Mutant:
    """A patch and the commands that catch it."""

    def __init__(self, name):
        self.name = name
        self.patch = os.path.join(MUTANTS, name + ".patch")
        with open(self.patch, encoding="utf-8") as text:
            self.commands = re.findall(r"^Caught-by: (.*)", text.read(), re.M)
        if not self.commands:
            raise vm.MachineError(f"{self.patch}: no Caught-by line")

    def caught(self, tree):
        """Return the command that catches the mutant and the failure, or None."""
        tree.patch(self.patch)
        for command in sorted(self.commands, key=lambda command: command == "barriers"):
            failure = tree.failure(command)
            if failure:
                return command, failure
        return None


def in_trees(trees, function, things):
    """Call function(tree, thing) for all things, one per tree at a time."""
    free = list(trees)

    def call(thing):
        tree = free.pop()
        try:
            return function(tree, thing)
        finally:
            free.append(tree)

    with concurrent.futures.ThreadPoolExecutor(len(trees)) as pool:
        yield from pool.map(call, things)


def merge_checks(commands):
    """Merge the check commands of each machine into one with all their tests."""
    tests = collections.defaultdict(set)
    for command in commands:
        what, *words = command.split()
        if what == "check":
            tests[words[0]].update(words[1:])
    others = {command for command in commands if not command.startswith("check ")}
    return sorted(others | {f"check {machine} {' '.join(sorted(names))}"
                            for machine, names in tests.items()})


def passes_unmodified(tree, command):
    """Return true if a command passes with the unmodified module."""
    tree.undo()
    vm.progress(f"unmodified: {command}")
    output, passed = tree.run(command)
    if not passed:
        print(output)
    return passed


def test_mutant(tree, mutant):
    """Test a mutant and print the result. Return the command that caught it, or None."""
    started = time.monotonic()
    command, failure = mutant.caught(tree) or (None, "SURVIVES")
    print(f"{mutant.name:34} {command or 'nothing':44} {time.monotonic() - started:4.0f} s  "
          f"{failure[:100]}", flush=True)
    return command


def test_mutants():
    """Test all mutants, or those named."""
    names = sys.argv[1:] or sorted(name[:-6] for name in os.listdir(MUTANTS)
                                   if name.endswith(".patch"))
    mutants = [Mutant(name) for name in names]
    commands = {command for mutant in mutants for command in mutant.commands}
    trees = make_trees()
    if not all(list(in_trees(trees, passes_unmodified, merge_checks(commands)))):
        sys.exit("mutants.py: the unmodified module fails")
    caught_by = list(in_trees(trees, test_mutant, mutants))
    listed, survived = caught_by.count("barriers"), caught_by.count(None)
    print(f"{len(mutants)} mutants: {len(mutants) - listed - survived} caught by tests, {listed} "
          f"only by the list of barriers, {survived} not caught")
    return 1 if survived else 0


if __name__ == "__main__":
    vm.exit_with(test_mutants)
