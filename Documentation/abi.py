#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Generates the reference abi.md with the kernel's kernel-doc from the comments of the headers.

abi.py           fails if abi.md is not up to date, or if ABI/testing does not describe exactly
                 the attributes of sysfs and configfs and the module parameters of the code
abi.py --write   writes abi.md
"""

import difflib
import glob
import os
import re
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = "Documentation/abi.md"
ABI = "Documentation/ABI/testing"
FETCH = "testing/fetch/fetch.sh"

INTRODUCTION = """# Reference

<!-- Written by "make abi" from the comments in the headers: edit those. -->

Headers in `uapi/linux/` and `include/` are for programs, `notify_multi.h` is for sources.
Structures have the same layout for 32-bit and 64-bit programs.

Files of sysfs and configfs: [devices](ABI/testing/sysfs-class-misc-notify-multi),
[module parameters](ABI/testing/sysfs-module-notify-multi),
[sources](ABI/testing/sysfs-platform-notify-multi),
[notify_gpio](ABI/testing/configfs-notify-gpio), [notify_sim](ABI/testing/configfs-notify-sim).

The ioctl numbers are 'N' 0xa0 to 0xaf. The kernel's list, `ioctl-number.rst` of Linux 6.12, has
'N' 00-1F, 40-7F and 80-8F; the rest of the letter is free.
"""

TITLE = re.compile(r"\.\. c:(\w+):: (.*)")
SECTION = re.compile(r" *\*\*(Definition|Members|Constants|Parameters|Description|Context|"
                     r"Return)\*\*(::)?")
# An attribute in ABI/testing, and in the code.
WHAT = re.compile(r"^What:\t\t\S*/(\w+)$", re.MULTILINE)
ATTRIBUTE = re.compile(r"^(?:static )?(?:__maybe_unused )?"
                       r"(?:DEVICE_ATTR_\w+\(|CONFIGFS_ATTR(?:_\w+)?\(\w+, *|"
                       r"GPIO_\w+_SETTING\(|module_param\()(\w+)", re.MULTILINE)
EXPORT = re.compile(r"^EXPORT_SYMBOL_GPL\((\w+)", re.MULTILINE)
ITEM = re.compile(r" *``(.*)``$")
REFERENCE = re.compile(r":c:\w+:`([^`<]*?) *(<[^>]*>)?`")
# A member that the kernel and programs declare differently.
KERNEL_MEMBER = re.compile(r"^#ifdef __KERNEL__\n(.*?)#else\n.*?#endif\n", re.MULTILINE | re.DOTALL)


def found(pattern, paths):
    """The first groups of all matches in files."""
    matches = set()
    for path in paths:
        with open(path, encoding="utf-8") as file:
            matches |= set(pattern.findall(file.read()))
    return matches


def files(pattern, first=None):
    """Files of the tree that match a pattern, one of them first."""
    return sorted(glob.glob(pattern), key=lambda path: (path != first, path))


def exporters():
    """Sources of the core that export functions."""
    return [path for path in files("*.c", "notify_multi.c") if found(EXPORT, [path])]


def undescribed():
    """Messages about attributes that are in either the code or ABI/testing, but not in both."""
    code = found(ATTRIBUTE, glob.glob("*.[ch]") + glob.glob("hwsrc/*.[ch]"))
    described = found(WHAT, glob.glob(f"{ABI}/*")) - {"notify_sim", "notify_gpio"}
    return ([f"{ABI}: no entry for {name}" for name in sorted(code - described)] +
            [f"{ABI}: {name} is not in the code" for name in sorted(described - code)])


def kernel_doc(path):
    """The output of kernel-doc for a file. Exits if kernel-doc warns."""
    source = subprocess.run([FETCH, "source"], check=True, stdout=subprocess.PIPE, text=True,
                            timeout=1800).stdout.strip()
    command = [f"{source}/scripts/kernel-doc", "-sphinx-version", "3.0", "-rst", "-Wall", "-Werror"]
    if path.endswith(".c"):
        command.append("-export")
    with open(path, encoding="utf-8") as file, \
            tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=path[-2:]) as copy:
        copy.write(KERNEL_MEMBER.sub(r"\1", file.read()))
        copy.flush()
        result = subprocess.run([*command, copy.name], capture_output=True, text=True, timeout=60)
    if result.returncode:
        sys.exit(result.stderr)
    return result.stdout


def title(kind, signature):
    """Heading and signature of an entry."""
    name = re.search(r"(\w+) *(\(|$)", signature)[1]
    if kind in ("struct", "enum"):
        return [f"### {kind} {name}", ""]
    if kind == "function":
        return [f"### {name}()", "", "```text", signature.replace(" (", "("), "```", ""]
    return [f"### {name}", ""]


def inline(text):
    """A line of reStructuredText as one of Markdown."""
    text = REFERENCE.sub(r"`\1`", text).replace("``", "`")
    parts = text.split("`")
    parts[::2] = [part.replace("<", "&lt;").replace(">", "&gt;") for part in parts[::2]]
    return "`".join(parts)


def markdown(text):
    """kernel-doc's reStructuredText as Markdown."""
    lines, section, purpose = [], None, False
    for line in text.splitlines():
        begin, head, item = TITLE.match(line), SECTION.match(line), ITEM.match(line)
        if section == "Definition" and (begin or head):
            while not lines[-1]:
                lines.pop()
            lines += ["```", ""]
        if begin:
            lines += title(*begin.groups())
            section, purpose = None, True
        elif head:
            section = head[1]
            if section == "Definition":
                lines.append("```text")
            elif section in ("Context", "Return"):
                lines.append(f"**{section}**: ")
        elif line.startswith(".. container") or purpose and item:
            continue
        elif section == "Definition":
            if line or lines[-1] != "```text":
                lines.append(line[4:])
        elif item and section in ("Members", "Constants", "Parameters"):
            lines.append(f"- `{item[1]}`: ")
        else:
            add(lines, inline(line.strip()), section, purpose)
            purpose = purpose and not line
    return lines


def add(lines, text, section, purpose):
    """Append a line of text."""
    if purpose and text:
        lines.append(text[0].upper() + text[1:] + ".")
    elif text and lines[-1].endswith(": "):
        lines[-1] += text
    elif text and section in ("Members", "Constants", "Parameters"):
        lines.append("  " + text)
    elif (text or lines and lines[-1]) and not (not text and lines[-1].endswith(": ")):
        lines.append(text)


def page():
    """The whole page."""
    uapi = files("uapi/linux/*.h", "uapi/linux/notify_multi.h")
    chapters = (
        ("Programs: linux/notify_multi.h", uapi[:1]),
        ("Programs: notify_multi/reader.h", files("include/notify_multi/*.h")),
        ("Packets of sources", uapi[1:]),
        ("Sources: notify_multi.h", ["notify_multi.h"]),
        ("Functions for sources", exporters()),
    )
    lines = [INTRODUCTION]
    for name, paths in chapters:
        if not paths:
            continue
        lines += [f"## {name}", ""]
        for path in paths:
            lines += markdown(kernel_doc(path))
            lines.append("")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def main():
    """Writes or compares the page."""
    os.chdir(TOP)
    text = page()
    if sys.argv[1:] == ["--write"]:
        with open(PAGE, "w", encoding="utf-8") as out:
            out.write(text)
        return 0
    with open(PAGE, encoding="utf-8") as old:
        problems = list(difflib.unified_diff(old.read().splitlines(), text.splitlines(), PAGE,
                                             "the headers", lineterm=""))
    if problems:
        problems.append("run make abi")
    problems += undescribed()
    print("\n".join(problems or [f"{PAGE} and {ABI} are up to date"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
