#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The reference abi.md, as the kernel's kernel-doc and the comments of the headers make it.

abi.py [--write]: writes it; or fails if it is not what the headers say now.
"""

import difflib
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAGE = "Documentation/abi.md"
FETCH = "selftests/vm/fetch.sh"

INTRODUCTION = """# Reference

<!-- Made by "make abi" of the comments in the headers: change those. -->

What programs use stands in `uapi/linux/`, what sources use in `notify_multi.h`. Structures have
the same layout for 32-bit and 64-bit programs.
"""

CHAPTERS = (
    ("Programs: linux/notify_multi.h", "uapi/linux/notify_multi.h"),
    ("Packets of sources", *(f"uapi/linux/{name}" for name in sorted(os.listdir(
        os.path.join(TOP, "uapi/linux"))) if name != "notify_multi.h")),
    ("Sources: notify_multi.h", "notify_multi.h"),
    ("Functions for sources", "notify_multi.c"),
)

TITLE = re.compile(r"\.\. c:(\w+):: (.*)")
SECTION = re.compile(r" *\*\*(Definition|Members|Constants|Parameters|Description|Context|"
                     r"Return)\*\*(::)?")
ITEM = re.compile(r" *``(.*)``$")
REFERENCE = re.compile(r":c:\w+:`([^`<]*?) *(<[^>]*>)?`")


def kernel_doc(path):
    """What kernel-doc makes of a file; it fails for what it warns of."""
    source = subprocess.run([FETCH, "source"], check=True, stdout=subprocess.PIPE, text=True,
                            timeout=1800).stdout.strip()
    command = [f"{source}/scripts/kernel-doc", "-sphinx-version", "3.0", "-rst", "-Wall", "-Werror"]
    if path.endswith(".c"):
        command.append("-export")
    result = subprocess.run([*command, path], capture_output=True, text=True, timeout=60)
    if result.returncode:
        sys.exit(result.stderr)
    return result.stdout


def title(kind, signature):
    """The lines that begin an entry."""
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
    """A line of text where the last has left off."""
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
    lines = [INTRODUCTION]
    for name, *paths in CHAPTERS:
        lines += [f"## {name}", ""]
        for path in paths:
            lines += markdown(kernel_doc(path))
            lines.append("")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def main():
    """Writes the page, or compares it."""
    os.chdir(TOP)
    text = page()
    if sys.argv[1:] == ["--write"]:
        with open(PAGE, "w", encoding="utf-8") as out:
            out.write(text)
        return 0
    with open(PAGE, encoding="utf-8") as old:
        difference = list(difflib.unified_diff(old.read().splitlines(), text.splitlines(), PAGE,
                                               "the headers", lineterm=""))
    print("\n".join([*difference, "make abi writes it anew"] if difference else
                    [f"{PAGE} is what the headers say"]))
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
