# SPDX-License-Identifier: GPL-2.0
"""Markdown tables, and those that benchmarks write to Documentation/performance.md."""

import os
import textwrap

import vm

DOCUMENTATION = os.path.join(vm.TOP, "Documentation")
PAGE = os.path.join(DOCUMENTATION, "performance.md")
END = "<!-- end of the figures -->"


def number(value):
    """Format a figure."""
    if value is None:
        return "-"
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:.{digits}f}"


def table(head, rows):
    """Return a Markdown table with aligned columns."""
    lines = [head] + rows
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]

    def text(cells):
        padded = [cell.ljust(width) if column == 0 else cell.rjust(width)
                  for column, (cell, width) in enumerate(zip(cells, widths))]
        return "| " + " | ".join(padded) + " |"

    rule = "|" + "|".join("-" * (width + 2) if column == 0 else "-" * (width + 1) + ":"
                          for column, width in enumerate(widths)) + "|"
    return "\n".join([text(head), rule] + [text(row) for row in rows])


def documented(program):
    """Return the page's text before, in and after the figures of a program."""
    begin = f"<!-- figures: written by {program} --document -->"
    with open(PAGE, encoding="utf-8") as file:
        head, _, rest = file.read().partition(begin)
    figures, end, tail = rest.partition(END)
    if not end:
        raise vm.MachineError(f"{PAGE}: marks for the figures of {program} are missing")
    return head + begin, figures, end + tail


def document(program, text):
    """Replace the figures of a program."""
    head, _, tail = documented(program)
    text = "\n".join(line if line.startswith("|") else textwrap.fill(line, 100)
                     for line in text.strip().splitlines())
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write("\n\n".join((head, text, tail)))
    vm.progress("Documentation/performance.md is written")
