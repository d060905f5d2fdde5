#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Break the module in one way after another, and check that a test fails each time.

mutants.py [NAME...]

A mutant is a patch in testing/mutants. It describes the defect and lists the commands that detect
it in lines "Caught-by: COMMAND": "check MACHINE TEST...", "torture MACHINE WHAT SECONDS" or
"barriers". The same commands must pass with the unmodified module. A mutant is caught if one of its
commands fails; a failed build does not count.
"""

import collections
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "qemu"))

import vm  # noqa: E402

MUTANTS = os.path.join(vm.TESTING, "mutants")
WORK = os.path.join(vm.CACHE, "mutants")
COMMAND_SECONDS = 1800
# Shorter than the default, because mutants often hang the machine.
SILENT_SECONDS = "150"
FAILURE = re.compile(r".*: FAILED (.*)|.*: (dmesg: .*)|.*(did not end in time)|error: (.*)")


class Tree:
    """A copy of the project with its own build directory; one for each worker."""

    def __init__(self, number):
        self.path = os.path.join(WORK, f"tree{number}")
        self.builds = os.path.join(WORK, f"build{number}")
        self.mutated = set()
        shutil.rmtree(self.path, ignore_errors=True)
        files = subprocess.run(["git", "-C", vm.TOP, "ls-files", "-z"], stdout=subprocess.PIPE,
                               text=True, check=True).stdout.split("\0")[:-1]
        for name in files:
            self.restore(name)

    def restore(self, name):
        """Copy a file from the project. Its new mtime makes make rebuild it."""
        path = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copy(os.path.join(vm.TOP, name), path)

    def mutate(self, patch):
        """Undo the previous patch and apply another, or none."""
        while self.mutated:
            self.restore(self.mutated.pop())
        if not patch:
            return
        with open(patch, encoding="utf-8") as text:
            self.mutated = set(re.findall(r"^\+\+\+ b/(.*)", text.read(), re.M))
        result = subprocess.run(["patch", "-p1", "-F0", "-s", "-i", patch], cwd=self.path,
                                capture_output=True, text=True, check=False)
        if result.returncode:
            raise vm.MachineError(f"{patch} does not apply: {result.stdout}")

    def run(self, command):
        """Run a command. Return its output, and true if it passed."""
        what, *words = command.split()
        script = {"check": "testing/qemu/check.py", "torture": "testing/qemu/torture.py",
                  "barriers": "testing/litmus/barriers.sh"}[what]
        environment = dict(os.environ, NOTIFY_MULTI_BUILDS=self.builds,
                           NOTIFY_MULTI_SILENT=SILENT_SECONDS)
        if what == "check":
            machine, *tests = words
            environment["TESTS"] = " ".join(tests)
            words = [machine]
        elif what == "torture":
            machine, program, seconds = words
            words = [program, machine, "--seconds", seconds]
        result = subprocess.run([os.path.join(self.path, script), *words], env=environment,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                timeout=COMMAND_SECONDS, errors="replace", check=False)
        return result.stdout, result.returncode == 0


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
        tree.mutate(self.patch)
        for command in self.commands:
            output, passed = tree.run(command)
            if passed:
                continue
            if "the build for" in output:
                raise vm.MachineError(f"{self.name} does not build:\n{output}")
            found = FAILURE.search(output)
            if not found:
                raise vm.MachineError(f"{self.name}: {command} failed without a reason:\n{output}")
            return command, next(text for text in found.groups() if text)
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
    tree.mutate(None)
    vm.progress(f"unmodified: {command}")
    output, passed = tree.run(command)
    if not passed:
        print(output)
    return passed


def test_mutant(tree, mutant):
    """Test a mutant and print the result. Return true if it was caught."""
    started = time.monotonic()
    result = mutant.caught(tree)
    command, failure = result or ("nothing", "SURVIVES")
    print(f"{mutant.name:34} {command:44} {time.monotonic() - started:4.0f} s  {failure[:100]}",
          flush=True)
    return bool(result)


def main():
    """Test all mutants, or those named."""
    names = sys.argv[1:] or sorted(name[:-6] for name in os.listdir(MUTANTS)
                                   if name.endswith(".patch"))
    mutants = [Mutant(name) for name in names]
    commands = {command for mutant in mutants for command in mutant.commands}
    trees = [Tree(number) for number in range(os.cpu_count())]
    if not all(list(in_trees(trees, passes_unmodified, merge_checks(commands)))):
        sys.exit("mutants.py: the unmodified module fails")
    caught = sum(in_trees(trees, test_mutant, mutants))
    print(f"{caught} of {len(mutants)} mutants caught")
    return 0 if caught == len(mutants) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (vm.MachineError, OSError) as error:
        sys.exit(f"mutants.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
