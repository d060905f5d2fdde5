#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Run the commands in README.md and Documentation/, and compile the code in them.

docs.py [PAGE...] [PLACE...]: check everything, or only these pages, or run only the blocks of these
places (host, guest, debian, or the name of a machine or of a Debian release).
Documentation/testing.md describes the marks that select the place of a block.

docs.py --prove: check that each defect in docs_defects.md is detected.
"""

import collections
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..", name) for name in ("qemu", "debian")]

import console  # noqa: E402
import debian  # noqa: E402
import vm  # noqa: E402

DEFECTS = "testing/docs/defects.md"
FENCE = re.compile(r"( *)```(\w*)")
MARK = re.compile(r"<!-- (run|from): (.*) -->")
MAKE = re.compile(r"`make ([a-z][a-z-]*)")
INDENTED = re.compile(r"    +\S")
# The lines of a loop or a condition form one command.
CONTINUES = re.compile(r"\s+\S|(then|else|fi|do|done)\b")
ITEM = re.compile(r" *([-*]|\d+\.) ")
# Numbers that differ from run to run: seconds with a fraction, and long counts.
VARIES = re.compile(r"\d+\.\d{6,}|\d{10,}")
SECONDS = 1500
INTERRUPT_SECONDS = 10
MOVE_SECONDS = 0.3
PLACES = ("ci", "host", "guest", "debian", "no, because")
COMMANDS = ("sh", "console")
SUITES = ("bookworm", "trixie")
# A block with this command installs the project's packages; otherwise they are installed first.
INSTALL = "dpkg-buildpackage"
CC = ("gcc-12", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-Iuapi", "-Iinclude", "-c", "-o",
      "/dev/null")


class Block:
    """A block of code: its position, language and mark, and the result of its check."""

    def __init__(self, page, number, fence, mark):
        self.page, self.number, self.mark = page, number, mark or ("", "")
        self.indent, self.language = fence
        self.lines = []
        self.problems = []
        self.outcome = None

    def __str__(self):
        return f"{self.page}:{self.number}"

    def text(self):
        """Return the lines as one string."""
        return "".join(line + "\n" for line in self.lines)

    def place(self):
        """Return the place where the block is run, and the rest of its mark."""
        rest = self.mark[1] if self.mark[0] == "run" else ""
        for place in PLACES:
            if rest.startswith(place):
                return place, rest[len(place):].strip()
        return None, rest

    def commands(self):
        """Return pairs of a command and its expected output, None if there is none."""
        pairs = []
        if self.language == "sh":
            for line in self.lines:
                if pairs and (pairs[-1][0].endswith("\\") or CONTINUES.match(line)):
                    pairs[-1][0] += "\n" + line
                elif line:
                    pairs.append([line, None])
            return pairs
        for line in self.lines:
            if line[:2] in ("# ", "$ "):
                pairs.append([line[2:], []])
            elif (line + " ").startswith("> ") and pairs and not pairs[-1][1]:
                pairs[-1][0] += "\n" + line[2:]
            elif pairs:
                pairs[-1][1].append(line)
        return [interrupted(*pair) if pair[1][-1:] == ["^C"] else pair for pair in pairs]


def interrupted(command, output):
    """Return the pair of a command that runs until it is interrupted."""
    return f"timeout {INTERRUPT_SECONDS} {command}; [ $? = 124 ]", output[:-1]


# -- Pages ---------------------------------------------------------------------

def pages():
    """Return the paths of all pages, README.md first."""
    found = glob.glob("*.md") + sorted(glob.glob("Documentation/**/*.md", recursive=True))
    return sorted(found, key=lambda page: page != "README.md")


def parse(page):
    """Return the blocks of a page, and the problems of the text between them."""
    blocks, problems, block, mark, in_list = [], [], None, None, False
    with open(page, encoding="utf-8") as source:
        for number, line in enumerate(source.read().splitlines(), 1):
            fence = FENCE.match(line)
            if block:
                if line.strip() == "```":
                    blocks.append(block)
                    block = None
                else:
                    block.lines.append(line.removeprefix(block.indent))
            elif fence:
                block, mark = Block(page, number, fence.groups(), mark), None
            else:
                found = MARK.fullmatch(line.strip())
                mark = found.groups() if found else None
                problems += [f"{page}:{number}: {problem}" for problem in missing_targets(line)]
                in_list = bool(ITEM.match(line)) or in_list and line[:1] in (" ", "")
                if INDENTED.match(line) and not in_list:
                    problems.append(f"{page}:{number}: block of code without a fence")
    return blocks, problems


def missing_targets(line):
    """Yield a problem for each make target that a line of prose names but is missing."""
    for target in (match[1] for match in MAKE.finditer(line)):
        if not re.search(rf"^{target}:", MAKEFILE, re.MULTILINE):
            yield f"the Makefile has no target {target}"


# -- Blocks that are only checked ------------------------------------------------

def compile_block(block, *command):
    """Compile the block with a command."""
    result = subprocess.run(command, input=block.text(), capture_output=True, text=True, timeout=60)
    if result.returncode:
        block.problems.append(result.stderr.strip())
    return f"compiled by {command[0]}"


def check_c(block):
    """Check a complete C file."""
    return compile_block(block, *CC, "-x", "c", "-")


def check_dts(block):
    """Check nodes of a device tree."""
    block.lines = ["/dts-v1/;", "/plugin/;", "/ {", *block.lines, "};"]
    return compile_block(block, "dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-o", "/dev/null")


def check_json(block):
    """Check one JSON object per line."""
    for line in block.lines:
        json.loads(line)
    return "parsed"


def check_text(block):
    """Report commands: a block of text must not contain any."""
    block.problems += [f"command in a block of text: {line}" for line in block.lines
                       if line[:2] in ("$ ", "# ")]
    return "text"


def check_from(block):
    """Check that a file of the tree contains these lines. That file has its own tests."""
    path = block.mark[1]
    with open(path, encoding="utf-8") as source:
        lines = source.read().replace("\t", "        ").splitlines()
    excerpt = [line.replace("\t", "        ") for line in block.lines]
    for start in range(len(lines) - len(excerpt) + 1):
        margin = len(lines[start]) - len(lines[start].lstrip())
        if [line[margin:] for line in lines[start:start + len(excerpt)]] == excerpt:
            return f"found in {path}"
    block.problems.append(f"{path} does not contain these lines")
    return None


CHECKS = {"c": check_c, "dts": check_dts, "json": check_json, "text": check_text}


def check(block):
    """Check a block that is not run."""
    try:
        if block.mark[0] == "from":
            block.outcome = check_from(block)
        elif block.place()[0] == "no, because":
            block.outcome = "not run: " + block.place()[1]
        elif block.language in CHECKS:
            block.outcome = CHECKS[block.language](block)
        else:
            block.problems.append(f"block of \"{block.language}\" without a mark \"from: FILE\" or "
                                  "\"run: no, because ...\"")
    except (OSError, ValueError) as error:
        block.problems.append(str(error))


# -- Blocks of commands -----------------------------------------------------------

def check_ci(block):
    """Check that .ci/run contains each command."""
    for command in block.text().splitlines():
        if command not in CI_LINES:
            block.problems.append(f".ci/run does not run: {command}")
    block.outcome = "run by .ci/run"


PREAMBLE = r"""
work=$PWD
report() { echo "@$*"; }
# The host moves the GPIO lines of block $1 as soon as a reader has opened a device.
wait_for_reader() {
	until cat /sys/class/misc/notify\!*/clients 2>/dev/null | grep -q '[1-9]'; do sleep 0.1; done
	report reader $1
}
"""


def script(blocks):
    """Return a shell script that runs the commands of blocks and reports each result."""
    lines = [PREAMBLE]
    page = None
    for index, block in enumerate(blocks):
        if block.page != page:
            page = block.page
            lines.append(f"report page {page}; cd \"$work\"")
        if block.place()[1].partition("moving ")[2]:
            lines.append(f"wait_for_reader {index} &")
        for number, (command, _) in enumerate(block.commands()):
            lines += [f"cat >\"$work/command\" <<'END_OF_COMMAND'\n{command}\nEND_OF_COMMAND",
                      # A new file: a previous command may still write to the old one.
                      "rm -f \"$work/output\"",
                      ". \"$work/command\" >\"$work/output\" 2>&1 </dev/null; status=$?",
                      "sed 's/^/@out /' \"$work/output\"",
                      f"report did {index} {number} $status"]
    return "\n".join([*lines, ""])


class Session:
    """Evaluates the output of a script of blocks."""

    def __init__(self, blocks):
        self.blocks = blocks
        self.output = []
        self.done = set()

    def process_line(self, line):
        """Process a line of the script's output."""
        if line.startswith("@page "):
            vm.progress(line[1:])
        elif line.startswith("@out"):
            self.output.append(line[5:])
        elif line.startswith("@did "):
            index, number, status = map(int, line.split()[1:])
            command, expected = self.blocks[index].commands()[number]
            self.compare(self.blocks[index], command, expected, status)
            self.done.add((index, number))
            self.output = []

    def compare(self, block, command, expected, status):
        """Compare the result of a command with the page."""
        if status:
            block.problems.append("\n".join([f"exit status {status}: {command}", *self.output]))
        elif expected and not output_matches(expected, self.output):
            block.problems.append("\n".join([f"output of {command}:", *self.output,
                                             "expected:", *expected]))

    def finish(self, place):
        """Report a problem for each command that did not run."""
        for index, block in enumerate(self.blocks):
            for number, (command, _) in enumerate(block.commands()):
                if (index, number) not in self.done:
                    block.problems.append(f"did not finish: {command}")
            block.outcome = f"{block.outcome} {place}" if block.outcome else f"run: {place}"


def output_matches(expected, output):
    """Return a match if output equals the expected lines, in which ... matches anything."""
    pattern = ""
    for line in expected:
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
            continue
        parts = [re.escape(VARIES.sub("\0", part)) for part in line.rstrip().split("...")]
        pattern += ".*".join(parts) + "\n"
    text = "".join(VARIES.sub("\0", line.rstrip()) + "\n" for line in output)
    return re.fullmatch(pattern.replace(re.escape("\0"), "\0"), text)


def run_host(blocks, _):
    """Run blocks on the host, in a copy of the tree."""
    session = Session(blocks)
    with tempfile.TemporaryDirectory() as work:
        subprocess.run("git ls-files -co --exclude-standard | cpio -pdm --quiet " + work,
                       shell=True, check=True, timeout=60)
        result = subprocess.run(["bash"], input=script(blocks), cwd=work, text=True,
                                timeout=SECONDS, stdout=subprocess.PIPE)
        for line in result.stdout.splitlines():
            session.process_line(line)
    session.finish("host")


class Guest(console.Console):
    """A guest of the matrix whose GPIO lines are moved."""

    def __init__(self, name, blocks):
        super().__init__(name)
        self.session = Session(blocks)

    def process_line(self, line):
        super().process_line(line)
        self.session.process_line(line)
        if line.startswith("@reader "):
            moves = self.session.blocks[int(line.split()[1])].place()[1].partition("moving ")[2]
            for move in moves.split():
                self.machine.gpio().move(*move.split("="))
                # The output is compared: let the handler read this level before the next move.
                time.sleep(MOVE_SECONDS)


def pack(directory, text):
    """Append the script to the initramfs of the build."""
    build = vm.build(os.path.basename(directory), "board")
    root = os.path.join(directory + ".root", "docs")
    os.makedirs(root)
    with open(os.path.join(root, "run"), "w", encoding="utf-8") as file:
        file.write(text)
    archive = subprocess.run("find . | cpio -o --quiet -H newc -R 0:0", shell=True, check=True,
                             cwd=os.path.dirname(root), stdout=subprocess.PIPE, timeout=60).stdout
    os.makedirs(directory)
    with open(os.path.join(directory, "initramfs"), "wb") as out:
        with open(os.path.join(build, "initramfs"), "rb") as initramfs:
            shutil.copyfileobj(initramfs, out)
        out.write(archive)


def run_guest(blocks, name):
    """Run blocks in one boot of a machine of the matrix."""
    guest = Guest(name, blocks)
    with tempfile.TemporaryDirectory() as directory:
        directory = os.path.join(directory, name)
        pack(directory, script(blocks))
        guest.build = directory
        guest.boot("docs", SECONDS)
    guest.finish()
    guest.session.finish(name)
    blocks[-1].problems += guest.failed


def run_debian(blocks, suite):
    """Run blocks in a fresh Debian: those that need a network first, before it boots."""
    before = [block for block in blocks if block.place()[1] == "chroot"]
    after = [block for block in blocks if block not in before]
    with debian.Copy(suite, echo=False) as copy:
        if not any(INSTALL in block.text() for block in before):
            copy.install()
        if before:
            session = Session(before)
            for line in copy.run("set +e\n" + script(before)).splitlines():
                session.process_line(line)
            session.finish(suite)
        session = Session(after)
        try:
            copy.boot("#!/bin/bash\n" + script(after), SECONDS, session.process_line)
        except vm.MachineError as error:
            after[-1].problems.append(str(error))
        session.finish(suite)
        after[-1].problems += [f"{suite}: {line}" for line in copy.kernel_problems]


# -- Main -----------------------------------------------------------------------

def check_and_group(blocks):
    """Check the blocks that are not run; return the others by place and machine."""
    runs = collections.defaultdict(list)
    for block in blocks:
        place, rest = block.place()
        if block.language not in COMMANDS or block.mark[0] == "from" or place == "no, because":
            check(block)
        elif place == "ci":
            check_ci(block)
        elif place in RUNNERS:
            names = {"guest": rest.split()[:1], "debian": SUITES}.get(place, [""])
            for name in names:
                runs[place, name].append(block)
        else:
            block.problems.append("no <!-- run: ... --> before it")
    return runs


def check_pages(paths, wanted):
    """Check pages and run the blocks of the wanted places. Return blocks and prose problems."""
    blocks, problems = [], []
    for page in paths:
        page_blocks, page_problems = parse(page)
        blocks += page_blocks
        problems += page_problems
    runs = check_and_group(blocks)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda run: RUNNERS[run[0]](runs[run], run[1]),
                      [run for run in runs if not wanted or set(run) & wanted]))
    return blocks, problems


def prove():
    """Check that a problem is found in each block and list item of the page of defects."""
    blocks, problems = check_pages([DEFECTS], set())
    missed = [str(block) for block in blocks if not block.problems]
    with open(DEFECTS, encoding="utf-8") as page:
        missed += [f"{DEFECTS}:{number}" for number, line in enumerate(page, 1)
                   if line.startswith("- ") and
                   not any(problem.startswith(f"{DEFECTS}:{number}:") for problem in problems)]
    print("\n".join([f"MISSED {place}" for place in missed] or ["all defects were found"]))
    return 1 if missed else 0


def main():
    """Check the pages, and print each block's outcome and all problems."""
    if sys.argv[1:] == ["--prove"]:
        return prove()
    paths = [page for page in pages() if page in sys.argv[1:]]
    blocks, problems = check_pages(paths or pages(), set(sys.argv[1:]) - set(paths))
    for block in blocks:
        print(f"{block}: {block.language}: {block.outcome or 'not run: not selected'}")
        problems += [f"{block}: {problem}" for problem in block.problems]
    for problem in problems:
        print(f"WRONG {problem}")
    ran = sum(bool(block.outcome) and block.outcome.startswith("run") for block in blocks)
    print(f"{len(blocks)} blocks, {ran} run, {len(problems)} problems")
    return 1 if problems else 0


RUNNERS = {"host": run_host, "guest": run_guest, "debian": run_debian}

if __name__ == "__main__":
    os.chdir(vm.TOP)
    with open("Makefile", encoding="utf-8") as makefile:
        MAKEFILE = makefile.read()
    with open(".ci/run", encoding="utf-8") as ci_run:
        CI_LINES = ci_run.read()
    try:
        sys.exit(main())
    except vm.MachineError as error:
        sys.exit(f"docs.py: {error}")
