#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Compare notify_multi.txt with the header: structures, constants and names.

The C compiler ($CC) checks the layout of each structure and that each constant is defined.
syzkaller's own tools check its grammar and compute the constants of each architecture.
"""

import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TEXT = os.path.join(HERE, "notify_multi.txt")
UAPI = os.path.join(HERE, "..", "..", "..", "uapi")

# Words of the language, and names from other descriptions of syzkaller.
KNOWN = set("""array bytesize const fd flags fmt hex in int8 int16 int32 int64 iosqe_flags len out ptr
               ptr64 ring_ptr sqes_ptr string stringnoz vma OP CMD""".split())
# Names in C, if they differ.
C_STRUCTS = {"notify_multi_sqe": "io_uring_sqe",
             "notify_multi_uring_cmd_cancel": "notify_multi_uring_cmd"}
C_FIELDS = {"pad1": "__pad1"}

INCLUDES = ("fcntl.h", "stddef.h", "sys/mman.h", "linux/io_uring.h", "linux/notify_multi.h")


def structures(text):
    """Yield the name of each structure, and the names and types of its fields."""
    for name, body in re.findall(r"^(?:type )?(\w+)(?:\[[A-Z, ]+\])? \{\n(.*?)^\}", text,
                                 re.M | re.S):
        yield name, re.findall(r"^\t(\w+)\t+(.*)$", body, re.M)


def size(kind):
    """Return the size of a field in bytes, and its alignment."""
    array = re.fullmatch(r"array\[int(\d+), (\d+)\]", kind)
    if array:
        return int(array[1]) // 8 * int(array[2]), int(array[1]) // 8
    if kind.startswith(("ptr64", "notify_multi_seq")):
        return 8, 8
    if kind.startswith("fd"):
        return 4, 4
    bits = int(re.search(r"int(\d+)", kind)[1])
    return bits // 8, bits // 8


def layout_checks(name, fields):
    """Yield C declarations that compile if the structure has the layout of the header."""
    struct, end = f"struct {C_STRUCTS.get(name, name)}", 0
    for field, kind in fields:
        # The command of an SQE is an array without size.
        length, align = (16, 8) if kind == "CMD" else size(kind)
        at = (end + align - 1) // align * align
        end = at + length
        member = C_FIELDS.get(field, field)
        yield f'_Static_assert(offsetof({struct}, {member}) == {at}, "{name}.{field}");'
        if kind != "CMD":
            yield (f'_Static_assert(sizeof((({struct} *)0)->{member}) == {length}, '
                   f'"size of {name}.{field}");')
    yield f'_Static_assert(sizeof({struct}) == {end}, "size of {name}");'


def main():
    """Print what is wrong. Return 1 if there was anything."""
    with open(TEXT, encoding="ascii") as file:
        text = re.sub(r"^(#|include).*\n", "", file.read(), flags=re.M)
    checks, fields = [], set()
    for name, members in structures(text):
        fields.update(field for field, _ in members)
        if not name.startswith("notify_sim"):
            checks += layout_checks(name, members)
    # Without strings, names of calls, and names of arguments.
    words = re.sub(r'"[^"]*"|^[a-z_0-9]+\$\w+|(?<=[(,])\s*\w+ ', " ", text, flags=re.M)
    defined = re.findall(r"^(?:resource |type )?(\w+)(?:\[.*\]:? ?.*| = .*| \{)$", words, re.M)
    used = re.findall(r"\b[A-Za-z_]\w*", words)
    constants = {word for word in used if word.isupper()} - KNOWN
    checks += [f"long long value_of_{name} = {name};" for name in sorted(constants)]
    wrong = [f"{name} is not used" for name in defined if used.count(name) < 2]
    arguments = set(re.findall(r"[(,]\s*(\w+) ", text))
    wrong += [f"{word} is not defined" for word in
              sorted(set(used) - set(defined) - constants - KNOWN - fields - arguments)
              if word not in ("resource", "type")]
    source = "\n".join(["#define _GNU_SOURCE", *(f"#include <{name}>" for name in INCLUDES),
                        *checks, ""])
    result = subprocess.run([os.environ.get("CC", "gcc"), "-I", UAPI, "-fsyntax-only", "-x", "c",
                             "-"], input=source, text=True, capture_output=True, check=False)
    if result.returncode:
        wrong.append(result.stderr)
    print("\n".join(wrong) if wrong else f"{len(checks)} checks passed")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
