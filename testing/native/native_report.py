# SPDX-License-Identifier: GPL-2.0
"""Present the results of the native benchmark: Markdown tables, goals, and a plot."""

import os
import shutil
import subprocess

import markdown
import vm

OURS = "notify_multi"
PEERS = ("evdev", "hidraw")
CANDIDATES = (OURS, *PEERS, "limit")
CACHES = ("hot", "cold")

# Limits of our time to publish packets of these sizes, relative to the best peer, by readers.
GOAL_BYTES = range(16, 257)
GOALS = {"hot": {1: 1, 16: 0.5, 256: 0.4, 1024: 0.35, 4096: 0.35},
         "cold": {1: 1, 16: 0.65, 256: 0.45, 1024: 0.45, 4096: 0.45}}
# Limits of our time with interrupts off, relative to hidraw.
IRQS_OFF_READERS = (256, 4096)
IRQS_OFF_GOALS = {"hot": {4096: 0.4}, "cold": {4096: 0.75}}

# Size of the packets of the plot, and the colours of its lines.
PLOT_BYTES = 64
COLOURS = dict(zip(CANDIDATES, ("#0060c0", "#c02020", "#e07000", "#808080")))

number = markdown.number


def spread(values):
    """Return the median and the range of most values."""
    values = sorted(values)
    return {"p10": values[len(values) // 10], "median": values[len(values) // 2],
            "p90": values[len(values) * 9 // 10]}


class Figures:
    """Access to the results. Times are cycles per packet."""

    def __init__(self, result):
        self.tsc_khz = result["tsc_khz"]
        self.rows = {(row["candidate"], row["measure"], row["readers"], row["bytes"]): row
                     for row in result["results"]}
        self.readers = sorted({row["readers"] for row in result["results"]
                               if row["candidate"] == OURS})
        self.payloads = sorted({row["bytes"] for row in result["results"]})

    def time(self, name, measure, readers, payload):
        """Return the median time of a packet."""
        return self.rows[name, measure, readers, payload]["median"]

    def label(self, name):
        """Return the display name of a candidate."""
        return "evdev (4 bytes)" if name == "evdev" else name

    def ratio(self, name, measure, readers, payload, peers=PEERS):
        """Return the median of a time relative to the best peer's in the same round."""
        return max(
            spread(ours / theirs for ours, theirs in zip(
                self.rows[name, measure, readers, payload]["cycles"],
                self.rows[peer, measure, readers, payload]["cycles"]))["median"]
            for peer in peers)


def cell(figures, name, measure, readers, payload):
    """Return a time per reader, with its spread."""
    row = figures.rows[name, measure, readers, payload]
    median, low, high = (number(row[key] / readers) for key in ("median", "p10", "p90"))
    return f"{median} ({low}-{high})"


def publish_table(figures, payload, caches):
    """Return the table of the times to publish."""
    rows = [[figures.label(name)] +
            [cell(figures, name, caches, readers, payload) for readers in figures.readers]
            for name in CANDIDATES]
    for title, name, peers in (("ours / best peer", OURS, PEERS),
                               ("ours / hidraw", OURS, ("hidraw",)),
                               ("limit / best peer", "limit", PEERS)):
        rows.append([title] + [number(figures.ratio(name, caches, readers, payload, peers))
                               for readers in figures.readers])
    head = [f"{caches}, {payload} bytes"] + [f"N={readers}" for readers in figures.readers]
    return markdown.table(head, rows)


def irqs_off_table(figures):
    """Return the table of the durations of whole calls, in microseconds."""
    columns = [(caches, readers) for readers in IRQS_OFF_READERS if readers in figures.readers
               for caches in CACHES]
    rows = []
    for payload in figures.payloads:
        for name in (OURS, *PEERS):
            times = [figures.time(name, caches, readers, payload) for caches, readers in columns]
            rows.append([f"{payload} bytes, {figures.label(name)}"] +
                        [number(time * 1000 / figures.tsc_khz) for time in times])
        rows.append(["ours / hidraw"] + [number(figures.ratio(OURS, *column, payload, ("hidraw",)))
                                         for column in columns])
    head = ["µs per packet"] + [f"{caches}, N={readers}" for caches, readers in columns]
    return markdown.table(head, rows) if columns else ""


def read_table(figures):
    """Return the table of the times to read."""
    fewest = figures.readers[0]
    rows = []
    for title, measure in (("read one", "read"), ("read a batch", "batch")):
        for name in (OURS, *PEERS):
            rows.append([f"{title}, {figures.label(name)}"] + [
                number(figures.time(name, measure, fewest, payload))
                for payload in figures.payloads])
        rows.append(["ours / best peer"] + [number(figures.ratio(OURS, measure, fewest, payload))
                                            for payload in figures.payloads])
    for measure in ("next", "batch", "in-place"):
        rows.append([f"mapped, {measure}"] + [number(figures.time("mapped", measure, 1, payload))
                                              for payload in figures.payloads])
    head = ["cycles per packet"] + [f"{payload} bytes" for payload in figures.payloads]
    return markdown.table(head, rows)


def goals(result):
    """Return the goals that were measured, with the ratios of our time and of the limit."""
    figures = Figures(result)
    return [{"what": name, "caches": caches, "readers": readers, "bytes": payload,
             "ratio": round(figures.ratio(OURS, caches, readers, payload, peers), 3),
             "goal": goal,
             "bound": round(figures.ratio("limit", caches, readers, payload, peers), 3)}
            for name, limits, peers in (("publish", GOALS, PEERS),
                                        ("interrupts off", IRQS_OFF_GOALS, ("hidraw",)))
            for payload in figures.payloads if payload in GOAL_BYTES
            for caches in CACHES for readers, goal in limits[caches].items()
            if readers in figures.readers]


def goals_table(result):
    """Return the table of goals, and how many are met."""
    readers = sorted({goal["readers"] for goal in result["goals"]})
    rows, missed = {}, 0
    for goal in result["goals"]:
        title = f"{goal['what']}, {goal['bytes']} bytes, {goal['caches']}"
        row = rows.setdefault(title, {})
        row[goal["readers"]] = f"{number(goal['ratio'])} <= {goal['goal']}"
        if goal["ratio"] > goal["goal"]:
            row[goal["readers"]] = (f"MISSED: {number(goal['ratio'])} > {goal['goal']} "
                                    f"(limit: {number(goal['bound'])})")
            missed += 1
    table = markdown.table(
        ["ours / best peer"] + [f"N={count}" for count in readers],
        [[title] + [row.get(count, "") for count in readers] for title, row in rows.items()])
    return f"{table}\n\n{len(result['goals']) - missed} of {len(result['goals'])} goals are met."


def tables(result):
    """Return all tables as Markdown."""
    figures = Figures(result)
    parts = [f"{result['cpu']}; {result['cpus']} CPUs, load {result['load'][0]:.1f} before and "
             f"{result['load'][1]:.1f} after; time-stamp counter "
             f"{result['tsc_khz'] / 1000:.0f} MHz. User-Mode Linux {result['kernel']}, "
             f"{result['date']}. Medians (p10-p90) of {result['rounds']} rounds in "
             "one boot. A ratio is the median of the rounds' ratios.",
             "### Publish, cycles per reader"]
    parts += [publish_table(figures, payload, caches)
              for payload in figures.payloads for caches in CACHES]
    if set(IRQS_OFF_READERS) & set(figures.readers):
        parts += ["### Interrupts off",
                  "The time of the whole call that publishes. Interrupts are off during almost all "
                  "of it for evdev and hidraw, and until the wakeups for notify_multi.",
                  irqs_off_table(figures)]
    parts += ["### Read, N=%u" % figures.readers[0], read_table(figures)]
    if result["goals"]:
        parts += ["### Goals", goals_table(result)]
    return "\n\n".join(parts) + "\n"


def plot_panel(figures, caches):
    """Return the gnuplot commands of a panel: the data blocks and the plot command."""
    blocks, lines = [], []
    for name in CANDIDATES:
        points = "\n".join(
            f"{readers} {figures.time(name, caches, readers, PLOT_BYTES) / readers}"
            for readers in figures.readers)
        blocks.append(f"${caches}_{name} << end\n{points}\nend")
        style = "lw 3 dt 1" if name == OURS else "lw 1 dt 2"
        lines.append(f"${caches}_{name} with linespoints {style} lc rgb '{COLOURS[name]}' "
                     f"title '{figures.label(name)}'")
    return "\n".join(blocks + [f"set title '{caches} caches, {PLOT_BYTES} bytes'",
                               "plot " + ", ".join(lines)])


def plot(figures, path):
    """Write the plot to a file. Return false if it needs more figures or programs."""
    if len(figures.readers) < 2 or PLOT_BYTES not in figures.payloads or \
            not shutil.which("gnuplot"):
        return False
    script = "\n".join((
        "set terminal svg noenhanced size 1200,520 font 'sans,12' background 'white'",
        f"set output '{path}'",
        "set multiplot layout 1,2\nset logscale xy\nset grid",
        "set key below horizontal samplen 2\nset xlabel 'readers'",
        f"set xrange [{figures.readers[0]}:{figures.readers[-1]}]",
        "set xtics (" + ", ".join(map(str, figures.readers)) + ")",
        "set ylabel 'cycles per reader'",
        *(plot_panel(figures, caches) for caches in CACHES),
        "unset multiplot", ""))
    subprocess.run(["gnuplot"], input=script, text=True, check=True, timeout=60)
    return True


def report(result, directory, document):
    """Print the tables, and write them and the plot to a directory and to Documentation/."""
    text = tables(result)
    print("\n" + text)
    with open(os.path.join(directory, "native.md"), "w", encoding="utf-8") as file:
        file.write(text)
    picture = os.path.join(directory, "native.svg")
    plotted = plot(Figures(result), picture)
    if document and not plotted:
        raise vm.MachineError("no plot: it needs gnuplot, two numbers of readers and "
                              f"{PLOT_BYTES} bytes")
    if document:
        markdown.document("testing/native/native.py", text)
        shutil.copy(picture, os.path.join(markdown.DOCUMENTATION, "performance.svg"))
    vm.progress(f"the results are in {directory}")
