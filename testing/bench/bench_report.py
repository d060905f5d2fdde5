# SPDX-License-Identifier: GPL-2.0
"""Present the benchmark's figures: Markdown tables, goals, and a plot."""

import os
import shutil
import subprocess

import vm

DOCUMENTATION = os.path.join(vm.TOP, "Documentation")
BEGIN = "<!-- figures: written by testing/bench/bench.py --document -->"
END = "<!-- end of the figures -->"

# Payload and readers of the goals and of the plot.
BYTES = 64
READERS = 256
# Largest allowed ratio between the costs per reader for different numbers of readers.
FLAT = 1.1

# Colours of the lines, in the order of the peers.
COLOURS = ("#0060c0", "#00a0e0", "#00b060", "#8040c0", "#c000a0", "#c02020", "#e07000", "#a08000",
           "#606060", "#000000", "#b0b0b0")

# Pseudo peers that transfer no data: a lower bound for the others.
FLOORS = ("eventfd", "syscall")
# Peers with one packet size.
FIXED = ("evdev",) + FLOORS


def name_of(row):
    """Return the display name of a row."""
    return f"{row['peer']}, {row['way']}" if row["way"] else row["peer"]


class Figures:
    """Access to the rows of a result."""

    def __init__(self, result):
        self.result = result
        self.rows = result["results"]
        self.names = list(dict.fromkeys(name_of(row) for row in self.rows))
        self.readers = sorted({row["readers"] for row in self.rows})
        self.payloads = sorted({row["bytes"] for row in self.rows
                                if row["peer"] not in FIXED})

    def row(self, name, payload, readers):
        """Return the row of a peer. A fixed-size peer has the same row for all payloads."""
        for row in self.rows:
            if (name_of(row) == name and row["readers"] == readers and
                    (row["bytes"] == payload or row["peer"] in FIXED)):
                return row
        return None

    def get(self, name, payload, readers, figure):
        """Return a figure, or None."""
        row = self.row(name, payload, readers)
        return row[figure] if row else None

    def any_readers(self, name, payload, figure):
        """Return a figure that hardly depends on the readers, preferably for READERS of them."""
        for readers in [READERS] + self.readers:
            value = self.get(name, payload, readers, figure)
            if value is not None:
                return value
        return None

    def label(self, name, payload):
        """Return the peer's name, with its packet size if that differs from the payload."""
        for row in self.rows:
            if name_of(row) == name and row["peer"] in FIXED and row["bytes"] != payload:
                size = "no data" if row["peer"] in FLOORS else f"{row['bytes']} bytes"
                return f"{name} ({size})"
        return name


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


def by_readers(figures, payload, title, figure):
    """Return a table with a row for each peer and a column for each number of readers."""
    rows = []
    for name in figures.names:
        values = [figures.get(name, payload, readers, figure) for readers in figures.readers]
        if any(value is not None for value in values):
            rows.append([figures.label(name, payload)] + [number(value) for value in values])
    head = [title] + [f"N={readers}" for readers in figures.readers]
    return table(head, rows) if rows else ""


def reading(figures, payload):
    """Return a table of the figures that do not depend on the number of readers."""
    rows = []
    for name in figures.names:
        values = [figures.any_readers(name, payload, "read"),
                  figures.any_readers(name, payload, "batch"),
                  figures.any_readers(name, payload, "bytes_per_reader")]
        if values[0] is not None:
            rows.append([figures.label(name, payload)] + [number(value) for value in values])
    return table(["one reader", "read one", "in a batch", "bytes per reader"], rows)


def tables(figures):
    """Return all tables as Markdown."""
    unit = figures.result["unit"]
    parts = []
    for payload in figures.payloads:
        parts += [f"### {payload} bytes, in {unit}",
                  by_readers(figures, payload, "publish, per reader", "publish_per_reader"),
                  by_readers(figures, payload, "end to end, per reader", "e2e_per_reader"),
                  reading(figures, payload),
                  by_readers(figures, payload, "interrupts off, maximum", "irqs_off")]
    baseline = number(figures.result["irqs_off_baseline"])
    parts.append(f"Without packets, interrupts are off for at most {baseline} {unit}.")
    return "\n\n".join(part for part in parts if part)


def best_peer(figures, figure):
    """Return the lowest figure of the other peers that carry data."""
    values = [figures.get(name, BYTES, READERS, figure) for name in figures.names
              if not name.startswith("notify_multi") and name not in FLOORS]
    return min((value for value in values if value is not None), default=None)


def further_readers(figures, name):
    """Return, for each number of readers, the publishing cost of each reader after the first."""
    first = figures.get(name, BYTES, 1, "publish")
    return [(figures.get(name, BYTES, readers, "publish") - first) / (readers - 1)
            for readers in figures.readers if readers > 1 and first is not None]


def goal_rows(figures):
    """Return the goals as tuples: description, figure, limit."""
    ours = "notify_multi, "
    best = best_peer(figures, "e2e_per_reader")
    further = further_readers(figures, ours + "read")
    flat = max(further) / min(further) if len(further) > 1 and min(further) > 0 else None
    return (
        (f"publish, per reader of {READERS}",
         figures.get(ours + "read", BYTES, READERS, "publish_per_reader"), 40),
        ("publish to one reader", figures.get(ours + "read", BYTES, 1, "publish"), 900),
        ("read one", figures.any_readers(ours + "read", BYTES, "read"), 950),
        ("read in a batch, per record", figures.any_readers(ours + "read", BYTES, "batch"), 30),
        ("mapped ring, in a batch, per record",
         figures.any_readers(ours + "mapped", BYTES, "batch"), 20),
        (f"end to end, per reader of {READERS}: 0.9 of the best peer",
         figures.get(ours + "read", BYTES, READERS, "e2e_per_reader"),
         best and 0.9 * best),
        ("publish to each further reader, from 16 on: highest to lowest", flat, FLAT),
    )


def goals(figures):
    """Return the table of goals."""
    rows = []
    for goal, value, limit in goal_rows(figures):
        if value is None or limit is None:
            verdict = "not measured"
        else:
            verdict = "met" if value <= limit else "missed"
        rows.append([goal, number(value), number(limit), verdict])
    return table([f"goal, {BYTES} bytes", "measured", "limit", ""], rows)


def plot_data(figures, name, figure):
    """Return the points of a line."""
    points = [(readers, figures.get(name, BYTES, readers, figure)) for readers in figures.readers]
    return [point for point in points if point[1]]


def plot_panel(figures, title, figure):
    """Return the gnuplot commands of a panel: the data blocks and the plot command."""
    blocks, lines = [], []
    for index, name in enumerate(figures.names):
        points = plot_data(figures, name, figure)
        if not points:
            continue
        block = f"${figure}{index}"
        blocks.append(f"{block} << end\n" +
                      "\n".join(f"{x} {y}" for x, y in points) + "\nend")
        ours = name.startswith("notify_multi")
        style = "lw 3 dt 1" if ours else "lw 1 dt 2"
        colour = COLOURS[index % len(COLOURS)]
        lines.append(f"{block} with linespoints {style} lc rgb '{colour}' pt {index + 1} "
                     f"title '{figures.label(name, BYTES)}'")
    if not lines:
        return ""
    return "\n".join(blocks + [f"set title '{title}'", "plot " + ", ".join(lines)])


def plot(figures, path, panels):
    """Write the plot to a file. Panels are titles and figures."""
    if len(figures.readers) < 2 or not shutil.which("gnuplot"):
        vm.progress("no plot: gnuplot and two numbers of readers are needed")
        return
    unit = figures.result["unit"]
    script = "\n".join((
        "set terminal svg noenhanced size 1200,640 font 'sans,12' background 'white'",
        f"set output '{path}'",
        "set multiplot layout 1,2\nset logscale xy\nset grid",
        "set key below horizontal maxcols 3 samplen 2 font ',10'",
        f"set xrange [{figures.readers[0]}:{figures.readers[-1]}]\nset xlabel 'readers'",
        "set xtics (" +
        ", ".join(str(readers) for readers in figures.readers) + ")",
        f"set ylabel '{unit} per reader'",
        *(plot_panel(figures, f"{title}, {BYTES} bytes", figure) for title, figure in panels),
        "unset multiplot", ""))
    subprocess.run(["gnuplot"], input=script, text=True, check=True, timeout=60)


def goals_section(figures):
    """Return the section of goals. They are defined for instructions only."""
    if figures.result["unit"] != "instructions":
        return "Goals are defined for instructions only."
    return f"### Goals\n\n{goals(figures)}"


def report(result, directory):
    """Print tables and goals, and write bench.md and bench.svg to a directory."""
    figures = Figures(result)
    text = f"{tables(figures)}\n\n{goals_section(figures)}\n"
    print("\n" + text)
    with open(os.path.join(directory, "bench.md"), "w", encoding="utf-8") as file:
        file.write(text)
    plot(figures, os.path.join(directory, "bench.svg"),
         (("publish", "publish_per_reader"), ("end to end, sleeping readers", "e2e_per_reader")))
    vm.progress(f"bench.json, bench.md and bench.svg are in {directory}")


def document(result, directory):
    """Replace the figures in Documentation/performance.md, between its two marks."""
    path = os.path.join(DOCUMENTATION, "performance.md")
    with open(path, encoding="utf-8") as file:
        head, _, rest = file.read().partition(BEGIN)
    tail = rest.partition(END)[2]
    if not tail:
        raise vm.MachineError(f"{path}: marks for the figures are missing")
    figures = Figures(result)
    text = "\n\n".join((
        head + BEGIN,
        f"Linux {result['kernel']} {result['machine']}, in {result['unit']}.",
        "![publish and end to end, per reader](performance.svg)",
        goals_section(figures), tables(figures), END + tail))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    shutil.copy(os.path.join(directory, "bench.svg"),
                os.path.join(DOCUMENTATION, "performance.svg"))
    vm.progress("Documentation/performance.md and .svg are written")
