#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test a random sample of mechanical mutants of the modules, and print how many the suite kills.

A mutant is one change of a function: a condition is negated, "<" becomes "<=", a number grows by
one, a statement is dropped, an error becomes 0, "&&" becomes "||" ... A mutant is killed if a test
fails, the kernel log reports a problem, or the guest hangs. Mutants that do not build, or that
compile to the same object code, are counted separately. The file "survivors" explains the known
survivors; the exit status is 0 if there are no others.
"""

import argparse
import collections
import concurrent.futures
import glob
import hashlib
import os
import random
import re
import subprocess
import sys
import threading

import mutants
import vm

# The tests that are the most likely to kill a mutant of each file; they run before the others.
TESTS = {
    "notify_multi.c": "read poll kapi ops unregister overflow replay signal sysfs",
    "client.c": "ioctl resize mmap memory replay fdinfo sysfs ops memcg blocked_copy",
    "read.c": "read overflow poll max_requests kapi unregister signal blocked_copy",
    "splice.c": "splice blocked_copy",
    "uring.c": "uring uring_cmd uring_read signal",
    "observe.c": "sysfs fdinfo blocked_copy",
    "ring.h": "read overflow resize replay mmap fault_injection",
    "hwsrc/notify_sim.c": "notify_sim ops read signal fault_injection",
    "hwsrc/notify_gpio.c": "notify_gpio fault_injection",
}
PROGRAMS = {name.rpartition(".")[0] for name in os.listdir(os.path.join(vm.TOP, "selftests"))
            if name.endswith((".c", ".sh"))} - {"run_kselftest"}
SURVIVORS = os.path.join(mutants.MUTANTS, "survivors")

# Text that is not code, the bodies of functions, and statements that are not dropped: only the
# litmus tests and KCSAN check ordering, and only lockdep checks that a lock is held.
NO_CODE = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|^#.*?$', re.S | re.M)
BODY = re.compile(r"^\{\n.*?^\}\n", re.S | re.M)
UNTESTED = re.compile(r"smp_\w+|rcu_read_\w+|synchronize_rcu|lockdep_\w+|ASSERT_\w+|cond_resched|"
                      r"mutex_destroy|mutex_lock\(|(raw_)?spin_lock_|down_\w+|list_for_each\w+")

# Operators: name, pattern, and the replacements of group 1.
OPERATORS = (
    ("relation", r" (<=?|>=?|[!=]=) ",
     {"<": ["<="], "<=": ["<"], ">": [">="], ">=": [">"], "==": ["!="], "!=": ["=="]}),
    ("logic", r" (&&|\|\|)\s", {"&&": ["||"], "||": ["&&"]}),
    ("constant", r"(?<![\w.])(0|[1-9]\d*)(?=U?L{0,2}\b)", lambda text: [
        str(int(text) + 1)] + ([str(int(text) - 1)] if text != "0" else [])),
    ("drop", r"(?<=\t)((?:\w+\(|\*?[\w.>\[\]-]+ ?(?:[-+|&]?= |\+\+|--)|\+\+|--)[^;{}]*;)",
     lambda text: [] if UNTESTED.match(text) else ["{ }"]),
    ("error", r"(?<=\breturn )(-E\w+)(?=;)", lambda text: ["0"]),
    ("error", r"(?<=\? )(-E\w+)(?= : 0;)", lambda text: ["0"]),
    ("error", r"(?<=\t)(if \([^;{}]*\)\n\t+(?:return -?\w+|goto \w+|ret = -E\w+);)",
     lambda text: ["{ }"]),
)
Mutant = collections.namedtuple("Mutant", "file function start end new operator")
# Warnings that do not make a mutant unbuildable.
IGNORED = "".join(f'#pragma GCC diagnostic ignored "-W{warning}"\n' for warning in (
    "parentheses", "unused-variable", "unused-but-set-variable", "unused-function", "unused-label"))


def conditions(code):
    """Yield the positions of the conditions of if and while statements, without parentheses."""
    for match in re.finditer(r"\b(?:if|while) (\()", code):
        depth, end = 1, match.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(code[end], 0)
            end += 1
        yield match.end(), end - 1


def candidates(file, text):
    """Yield all mutants of a file."""
    code = NO_CODE.sub(lambda found: re.sub(r"\S", " ", found[0]), text)
    for body in BODY.finditer(code):
        declaration = re.split(r"[;}]|\n\n", code[:body.start()])[-1]
        function = re.search(r"(\w+)\(", declaration)[1]
        inside = " " * body.start() + body[0]
        for start, end in conditions(inside):
            yield Mutant(file, function, start, end, f"!({text[start:end]})", "negate")
        for operator, pattern, replacements in OPERATORS:
            for found in re.finditer(pattern, inside):
                if callable(replacements):
                    news = replacements(found[1])
                else:
                    news = replacements[found[1]]
                for new in news:
                    yield Mutant(file, function, *found.span(1), new, operator)


def squeeze(text):
    """Return the text in one line."""
    return " ".join(text.split())


class Change:
    """A mutant with its place and the lines that it changes."""

    def __init__(self, text, mutant):
        self.file, self.function, self.operator = mutant.file, mutant.function, mutant.operator
        # Keep the line numbers: some code contains them.
        lines = text.count("\n", mutant.start, mutant.end) - mutant.new.count("\n")
        self.text = (f"{IGNORED}#line 1\n{text[:mutant.start]}{mutant.new}" + "\n" * lines +
                     text[mutant.end:])
        self.line = text.count("\n", 0, mutant.start) + 1
        first = text.rindex("\n", 0, mutant.start) + 1
        last = text.index("\n", mutant.end)
        self.old = squeeze(text[first:last])
        self.new = squeeze(text[first:mutant.start] + mutant.new + text[mutant.end:last])

    def key(self):
        """Return what identifies the mutant in the list of survivors."""
        return f"{self.file}:{self.function}", self.old, self.new

    def __str__(self):
        return f"{self.file}:{self.line} {self.operator}: - {self.old} + {self.new}"


def known_survivors():
    """Return the keys of the listed survivors.

    Each paragraph of the list has a line "file:function", pairs of lines "- old", "+ new", and the
    reason.
    """
    keys = set()
    with open(SURVIVORS, encoding="utf-8") as text:
        for paragraph in re.sub(r"^#.*\n", "", text.read(), flags=re.M).split("\n\n"):
            place = paragraph.strip().partition("\n")[0]
            keys.update((place, old, new) for old, new in
                        re.findall(r"^- (.*)\n\+ (.*)$", paragraph, re.M))
    return keys


def objects(tree, machine):
    """Build in a tree. Return a hash of the modules' code and data, or None if that fails."""
    result = subprocess.run([os.path.join(tree.path, "testing/qemu/build.sh"), machine, "board"],
                            env=dict(os.environ, NOTIFY_MULTI_BUILDS=tree.builds),
                            capture_output=True, text=True, check=False)
    if result.returncode:
        return None
    digest = hashlib.sha256()
    directory = os.path.join(result.stdout.strip(), "tree")
    for name in sorted(glob.glob("*.o", root_dir=directory) +
                       glob.glob("hwsrc/*.o", root_dir=directory)):
        if not name.endswith(".mod.o"):
            digest.update(subprocess.run(["objdump", "-srd", "--no-show-raw-insn", name],
                                         cwd=directory, capture_output=True, check=True).stdout)
    return digest.hexdigest()


class Sample:
    """Tests mutants until enough of them were killed or have survived."""

    def __init__(self, options, changes):
        self.machine = options.machine
        self.left = options.count
        self.changes = iter(changes)
        self.lock = threading.Lock()
        self.known = known_survivors()
        self.counts = collections.Counter()
        self.results = collections.defaultdict(list)

    def next(self, taken):
        """Return the next mutant, or None; "taken" is true if the last one counts."""
        with self.lock:
            self.left -= taken
            return next(self.changes, None) if self.left > 0 else None

    def work(self, tree):
        """Thread: test mutants in a tree."""
        original = objects(tree, self.machine)
        change = self.next(False)
        while change:
            tree.write(change.file, change.text)
            mutated = objects(tree, self.machine)
            if mutated in (None, original):
                self.results["same" if mutated else "unbuildable"].append(change)
                change = self.next(False)
                continue
            following = self.next(True)
            self.test(tree, change)
            change = following

    def test(self, tree, change):
        """Run the tests on a mutant and print the result."""
        tests = TESTS[change.file].split()
        tests += sorted(PROGRAMS - set(tests))
        failure = tree.failure(f"check {self.machine} {' '.join(tests)}")
        kind = "killed" if failure else "known" if change.key() in self.known else "survived"
        self.results[kind].append(change)
        print(f"{kind:9}{change}" + (f" | {failure[:80]}" if failure else ""), flush=True)


def parse():
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=random.randrange(10000))
    parser.add_argument("--count", type=int, default=120, help="number of mutants to test")
    parser.add_argument("--machine", default="uml")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="mutants at a time")
    parser.add_argument("--list", action="store_true", help="print all mutants, test none")
    parser.add_argument("files", nargs="*", default=list(TESTS), help="default: all of the modules")
    return parser.parse_args()


def main():
    """Test a sample of all mutants and print the score."""
    options = parse()
    changes = []
    for file in options.files:
        with open(os.path.join(vm.TOP, file), encoding="utf-8") as source:
            text = source.read()
        changes += [Change(text, mutant) for mutant in candidates(file, text)]
    if options.list:
        print(*changes, sep="\n")
        return 0
    random.Random(options.seed).shuffle(changes)
    print(f"seed {options.seed}, {len(changes)} mutants", flush=True)
    sample = Sample(options, changes)
    trees = mutants.make_trees(options.jobs)
    everything = f"check {options.machine} {' '.join(sorted(PROGRAMS))}"
    if not mutants.passes_unmodified(trees[0], everything):
        sys.exit("mechanical.py: the unmodified modules fail")
    with concurrent.futures.ThreadPoolExecutor(len(trees)) as pool:
        list(pool.map(sample.work, trees))

    killed, known, survived = (len(sample.results[kind]) for kind in
                               ("killed", "known", "survived"))
    tested = killed + known + survived
    print(f"{len(sample.results['same'])} with the same object code, "
          f"{len(sample.results['unbuildable'])} do not build")
    print(f"{killed} of {tested} killed ({100 * killed / tested:.1f} %); {known} survivors are "
          f"listed, {survived} are not:")
    print(*sample.results["survived"], sep="\n")
    return 1 if survived else 0


if __name__ == "__main__":
    vm.exit_with(main)
