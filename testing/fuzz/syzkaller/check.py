#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Check notify_multi.txt as far as possible without syzkaller.

check.py           compare constants and structures with the header; check that names are defined
                   and used
check.py --write   write notify_multi.txt.const first, as syz-extract would

The constants are from the compilers: $CC for this machine, and one for arm64. Without a compiler
for arm64, only the constants of this machine are checked.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TEXT = os.path.join(HERE, "notify_multi.txt")
CONST = TEXT + ".const"
UAPI = os.path.join(HERE, "..", "..", "..", "uapi")
COMPILERS = {"amd64": [os.environ.get("CC", "gcc")],
             "arm64": ["aarch64-linux-gnu-gcc", "aarch64-linux-gnu-gcc-12"]}

# Words of the language, and names from other descriptions of syzkaller.
BUILTIN = {"const", "flags", "array", "ptr", "ptr64", "string", "stringnoz", "fmt", "len",
           "bytesize", "vma", "int8", "int16", "int32", "int64", "in", "out", "hex"}
FOREIGN = {"fd", "ring_ptr", "sqes_ptr", "iosqe_flags"}
SIZES = {"int8": 1, "int16": 2, "int32": 4, "int64": 8}

WORD = re.compile(r"\b[A-Za-z_][A-Za-z0-9_]*")
CALL = re.compile(r"([a-z_0-9]+)(?:\$(\w+))?\((.*)\)(?: (\w+))?")
RESOURCE = re.compile(r"resource (\w+)\[(\w+)\](?:: .+)?")
FLAGS = re.compile(r"(\w+) = (.+)")
FIELD = re.compile(r"\t(\w+)\t+(\S.*)")
STRUCT = re.compile(r"(\w+) \{|type (\w+)\[([A-Z, ]+)\] \{")


class Wrong(Exception):
    """The description is wrong."""


class Description:
    """The parsed file."""

    def __init__(self, lines):
        self.includes, self.calls = [], {}
        self.resources, self.flags, self.structs = {}, {}, {}
        self.constants = set()
        struct = None
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            try:
                struct = self.take(line, struct)
            except Wrong as wrong:
                raise Wrong(f"line {number}: {wrong}") from None
        if struct:
            raise Wrong("structure without end")

    def take(self, line, struct):
        """Parse a line. Return the structure that the next line belongs to."""
        balanced(line)
        if struct:
            return self.take_field(line, struct)
        call, resource = CALL.fullmatch(line), RESOURCE.fullmatch(line)
        begin, flags = STRUCT.fullmatch(line), FLAGS.fullmatch(line)
        if line.startswith("include <"):
            self.includes.append(line.split(" ", 1)[1])
        elif resource:
            self.resources[resource[1]] = resource[2]
        elif begin:
            name = begin[1] or begin[2]
            self.structs[name] = {}
            return (name, set((begin[3] or "").split(", ")))
        elif flags:
            self.take_flags(flags[1], flags[2])
        elif call:
            self.take_call(line, call)
        else:
            raise Wrong(f"invalid line: {line}")
        return None

    def take_flags(self, name, values):
        """Parse a set of values: either strings or numbers."""
        strings = re.fullmatch(r'"[^"]*"(, "[^"]*")*', values)
        if not strings and not re.fullmatch(r"\w+(, \w+)*", values):
            raise Wrong(f"flags {name} are neither strings nor numbers")
        if not strings:
            self.constants |= {v for v in values.split(", ") if WORD.fullmatch(v)}
        self.flags[name] = values

    def take_call(self, line, call):
        """Parse a system call; names must be unique."""
        name = f"{call[1]}${call[2]}"
        if not call[2] or name in self.calls:
            raise Wrong(f"duplicate, or without variant: {name}")
        arguments = split(call[3])
        for argument in arguments:
            if not re.fullmatch(r"\w+ \S.*", argument):
                raise Wrong(f"invalid argument: {argument}")
        types = [argument.split(" ", 1)[1] for argument in arguments]
        names = {argument.split(" ", 1)[0] for argument in arguments}
        self.calls[name] = (types, names, call[4])
        if not call[1].startswith("syz_"):
            self.constants.add(f"__NR_{call[1]}")

    def take_field(self, line, struct):
        """Parse a field, or the end of a structure."""
        name, parameters = struct
        if line == "}":
            return None
        field = FIELD.fullmatch(line)
        if not field:
            raise Wrong(f"invalid field: {line}")
        self.structs[name][field[1]] = (field[2], parameters)
        return struct

    def uses(self):
        """Yield all types in use, with the names whose length they may refer to."""
        for name, (types, names, result) in self.calls.items():
            for text in types + ([result] if result else []):
                yield name, text, names
        for name, fields in self.structs.items():
            for text, parameters in fields.values():
                yield name, text, set(fields) | parameters

    def check_names(self):
        """Check that each name is defined or a constant, and that each definition is used."""
        known = BUILTIN | FOREIGN | set(self.resources) | set(self.flags) | set(self.structs)
        used = set()
        for where, text, local in self.uses():
            for word in WORD.findall(text):
                used.add(word)
                if word in known or word in local:
                    continue
                if not word.isupper():
                    raise Wrong(f"{where}: {word} is not defined")
                self.constants.add(word)
        for name in [*self.resources, *self.flags, *self.structs]:
            if name not in used:
                raise Wrong(f"{name} is not used")

    def check_resources(self):
        """Check that each resource has a producer and a consumer."""
        made = {result for _, _, result in self.calls.values()}
        for _, text, _ in self.uses():
            for struct in re.findall(r"ptr\[out, (\w+)\]", text):
                made |= {field for field, _ in self.structs.get(struct, {}).values()}
        taken = [text for types, _, _ in self.calls.values() for text in types]
        taken += [text for fields in self.structs.values() for text, _ in fields.values()]
        consumed = {word for text in taken for word in WORD.findall(text)}
        for name in self.resources:
            if name not in made or name not in consumed:
                raise Wrong(f"no producer or consumer of {name}")

    def size(self, text):
        """Size of a field in bytes."""
        kind, _, options = text.partition("[")
        options = split(options[:-1])
        if kind in SIZES:
            return SIZES[kind]
        if kind == "array":
            return self.size(options[0]) * int(options[1])
        if kind == "ptr64":
            return 8
        if kind in ("const", "flags", "bytesize"):
            return SIZES[options[1]]
        if kind in self.resources:
            return SIZES["int32"] if self.resources[kind] == "fd" else SIZES[self.resources[kind]]
        raise Wrong(f"unknown size: {text}")

    def layout(self, name):
        """Yield name, offset and size of each field, with the alignment of C."""
        at = 0
        for field, (text, _) in self.structs[name].items():
            if text == "CMD":
                text = "array[int64, 2]"
            size = self.size(text)
            align = min(size, 8)
            at = (at + align - 1) // align * align
            yield field, at, size
            at += size


def balanced(line):
    """Raise Wrong for unbalanced brackets."""
    stack = []
    for char in line if not line.endswith("{") and line != "}" else "":
        if char in "([":
            stack.append(char)
        elif char in ")]" and (not stack or stack.pop() + char not in ("()", "[]")):
            raise Wrong(f"unbalanced brackets: {line}")
    if stack:
        raise Wrong(f"unbalanced brackets: {line}")


def split(text):
    """Split at commas outside of brackets."""
    parts, depth, part = [], 0, ""
    for char in text:
        depth += (char in "[(") - (char in "])")
        if char == "," and not depth:
            parts.append(part.strip())
            part = ""
        else:
            part += char
    return parts + [part.strip()] if part.strip() else parts


def run_c(compiler, body):
    """Compute numbers with the compiler: they are in its assembler output, which is not run."""
    # Programs include the kernel's uapi/ headers from linux/ and asm/.
    source = ('#define _GNU_SOURCE\n#include <stddef.h>\n#include <fcntl.h>\n'
              '#include <sys/mman.h>\n#include <sys/syscall.h>\n#include <linux/io_uring.h>\n'
              '#include <linux/notify_multi.h>\nvoid f(void)\n{\n' + body + '}\n')
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "c.c")
        with open(path, "w", encoding="ascii") as file:
            file.write(source)
        result = subprocess.run([compiler, "-I", UAPI, "-S", "-o", "-", path], text=True,
                                capture_output=True, timeout=60, check=False)
    if result.returncode:
        raise Wrong(result.stderr)
    return dict(re.findall(r"@@(\w+) [$#]?(-?\d+)", result.stdout))


def value(name, expression):
    """Return a statement that writes a number to the assembler output."""
    return f'\tasm volatile("@@{name} %0" : : "i" ((long long)({expression})));\n'


def constants(compiler, names):
    """Return the values of those names that the header defines."""
    body = "".join(f"#if defined({n}) || !{int(n.startswith(('__NR_', 'O_', 'AT_')))}\n"
                   + value(n, n) + "#endif\n" for n in sorted(names))
    return {n: int(v) % 2 ** 64 for n, v in run_c(compiler, body).items()}


def check_layout(description, compiler):
    """Compare offsets and sizes of structures with the header."""
    structs = {"notify_multi_sqe": "io_uring_sqe",
               "notify_multi_uring_cmd_cancel": "notify_multi_uring_cmd"}
    fields = {"pad1": "__pad1"}
    for name in description.structs:
        if name.startswith("notify_sim"):
            continue
        struct = f"struct {structs.get(name, name)}"
        layout = list(description.layout(name))
        expected = {"end": str(layout[-1][1] + layout[-1][2])}
        body = value("end", f"sizeof({struct})")
        for field, at, size in layout:
            in_c = fields.get(field, field)
            expected[f"{field}_at"] = str(at)
            body += value(f"{field}_at", f"offsetof({struct}, {in_c})")
            # cmd is an array without size.
            if field != "cmd":
                expected[f"{field}_size"] = str(size)
                body += value(f"{field}_size", f"sizeof((({struct} *)0)->{in_c})")
        header = run_c(compiler, body)
        for key, number in expected.items():
            if header[key] != number:
                raise Wrong(f"{name}: {key} is {number}, {header[key]} in the header")


def const_file(values):
    """Return the text of the file of constants."""
    lines = ["# SPDX-License-Identifier: GPL-2.0", "# Written by check.py --write.",
             f"arches = {', '.join(values)}"]
    for name in sorted({n for each in values.values() for n in each}):
        by_arch = {arch: each[name] for arch, each in values.items()}
        first = next(iter(by_arch.values()))
        others = [f"{arch}:{v}" for arch, v in by_arch.items() if v != first]
        lines.append(", ".join([f"{name} = {first}", *others]))
    return "\n".join(lines) + "\n"


def main():
    """Check everything up to the first error."""
    with open(TEXT, encoding="ascii") as file:
        description = Description(file)
    description.check_names()
    description.check_resources()
    found = {arch: name for arch, names in COMPILERS.items()
             for name in names[::-1] if shutil.which(name)}
    values = {arch: constants(compiler, description.constants)
              for arch, compiler in found.items()}
    for arch, compiler in found.items():
        check_layout(description, compiler)
        missing = description.constants - set(values[arch])
        if missing:
            raise Wrong(f"{arch}: undefined: {', '.join(sorted(missing))}")
    if "--write" in sys.argv:
        with open(CONST, "w", encoding="ascii") as file:
            file.write(const_file(values))
    with open(CONST, encoding="ascii") as file:
        lines = file.read()
    if len(found) == len(COMPILERS) and lines != const_file(values):
        raise Wrong(f"{os.path.basename(CONST)} is out of date: run check.py --write")
    print(f"{len(description.calls)} calls, {len(description.structs)} structures and "
          f"{len(description.constants)} constants match for {' and '.join(found)}")


if __name__ == "__main__":
    try:
        main()
    except Wrong as wrong_:
        print(f"notify_multi.txt: {wrong_}")
        sys.exit(1)
