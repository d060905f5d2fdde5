# SPDX-License-Identifier: GPL-2.0
"""Present the results of the native benchmark: Markdown tables, goals, and a plot."""

import os
import shutil

import bench_report
import vm

OURS = "notify_multi"
PEERS = ("evdev", "hidraw")
CANDIDATES = (OURS, *PEERS, "limit")

# Limits of our time, relative to the best peer, for packets of these sizes.
GOAL_BYTES = range(16, 257)
GOALS = {"hot": {1: 1, 16: 0.5, 256: 0.4, 1024: 0.35, 4096: 0.35},
         "cold": {1: 1, 16: 0.65, 256: 0.45, 1024: 0.45, 4096: 0.45}}
# The same for the time with interrupts off, relative to hidraw.
IRQS_OFF_READERS = (256, 4096)
IRQS_OFF_GOALS = {"hot": 0.4, "cold": 0.75}

number = bench_report.number


class Figures:
    """Access to the results. Times are cycles per packet."""

    def __init__(self, result):
        self.result = {"unit": "cycles"}
        self.tsc_khz = result["tsc_khz"]
        self.rows = {(row["candidate"], row["measure"], row["readers"], row["bytes"]): row
                     for row in result["results"]}
        self.names = CANDIDATES
        self.readers = sorted({row["readers"] for row in result["results"]
                               if row["candidate"] == OURS})
        self.payloads = sorted({row["bytes"] for row in result["results"]})

    def time(self, name, measure, readers, payload):
        """Return the median time of a packet, or None."""
        row = self.rows.get((name, measure, readers, payload))
        return row and row["median"]

    def get(self, name, payload, readers, measure):
        """Return a point of the plot: the time of a packet per reader."""
        time = self.time(name, measure, readers, payload)
        return time and time / readers

    def label(self, name, _):
        """Return the display name of a candidate."""
        return "evdev (4 bytes)" if name == "evdev" else name

    def ratio(self, measure, readers, payload, peers=PEERS):
        """Return our time relative to the best peer's."""
        ours = self.time(OURS, measure, readers, payload)
        return ours and ours / min(self.time(peer, measure, readers, payload) for peer in peers)


def cell(figures, name, measure, readers, payload):
    """Return a time per reader, with its spread."""
    row = figures.rows[name, measure, readers, payload]
    median, low, high = (number(row[key] / readers) for key in ("median", "p10", "p90"))
    return f"{median} ({low}-{high})"


def verdict(ratio, limit):
    """Return whether a goal is met."""
    return f"{limit} {'met' if ratio <= limit else 'MISSED'}"


def publish_table(figures, payload, measure):
    """Return the table of the times to publish."""
    rows = [[figures.label(name, payload)] +
            [cell(figures, name, measure, readers, payload) for readers in figures.readers]
            for name in CANDIDATES]
    ratios = [figures.ratio(measure, readers, payload) for readers in figures.readers]
    rows.append(["ours / best peer"] + [number(ratio) for ratio in ratios])
    if payload in GOAL_BYTES:
        rows.append(["goal"] + [
            verdict(ratio, GOALS[measure][readers]) if readers in GOALS[measure] else "-"
            for readers, ratio in zip(figures.readers, ratios)])
    head = [f"{measure}, {payload} bytes"] + [f"N={readers}" for readers in figures.readers]
    return bench_report.table(head, rows)


def irqs_off_table(figures):
    """Return the table of the durations of whole calls, in microseconds."""
    columns = [(measure, readers) for readers in IRQS_OFF_READERS if readers in figures.readers
               for measure in GOALS]
    rows = []
    for payload in figures.payloads:
        for name in (OURS, *PEERS):
            times = [figures.time(name, measure, readers, payload) for measure, readers in columns]
            rows.append([f"{figures.label(name, payload)}, {payload} bytes"] +
                        [number(time * 1000 / figures.tsc_khz) for time in times])
        ratios = [figures.ratio(measure, readers, payload, ("hidraw",))
                  for measure, readers in columns]
        rows.append(["ours / hidraw"] + [
            number(ratio) + (f", goal {verdict(ratio, IRQS_OFF_GOALS[measure])}"
                             if readers == max(IRQS_OFF_READERS) and payload in GOAL_BYTES else "")
            for (measure, readers), ratio in zip(columns, ratios)])
    head = ["µs for a packet"] + [f"{measure}, N={readers}" for measure, readers in columns]
    return bench_report.table(head, rows) if columns else ""


def read_table(figures):
    """Return the table of the times to read."""
    fewest = figures.readers[0]
    rows = []
    for title, measure in (("read one", "read"), ("read a batch", "batch")):
        for name in (OURS, *PEERS):
            rows.append([f"{title}: {figures.label(name, 0)}"] + [
                cell(figures, name, measure, fewest, payload) for payload in figures.payloads])
        rows.append(["ours / best peer"] + [number(figures.ratio(measure, fewest, payload))
                                            for payload in figures.payloads])
    for title, measure in (("next", "next"), ("batch", "batch"), ("in place", "in-place")):
        rows.append([f"mapped: {title}"] + [cell(figures, "mapped", measure, 1, payload)
                                            for payload in figures.payloads])
    return bench_report.table(["cycles per packet"] +
                              [f"{payload} bytes" for payload in figures.payloads], rows)


def tables(result):
    """Return all tables as Markdown."""
    figures = Figures(result)
    rounds = result["results"][0]["rounds"]
    parts = [f"{result['cpu']}, {result['cpus']} CPUs, time-stamp counter "
             f"{result['tsc_khz'] / 1000:.0f} MHz, load {result['load'][0]:.1f} to "
             f"{result['load'][1]:.1f}, User-Mode Linux {result['kernel']}, {result['date']}. "
             f"Median (p10-p90) of {rounds} rounds in one boot.",
             "### Publish, in cycles per reader"]
    parts += [publish_table(figures, payload, measure)
              for payload in figures.payloads for measure in GOALS]
    parts += ["### Whole call that publishes, the upper limit of its time with interrupts off",
              irqs_off_table(figures), "### Read", read_table(figures)]
    return "\n\n".join(part for part in parts if part) + "\n"


def report(result, directory, document):
    """Print the tables, and write them and the plot to a directory and to Documentation/."""
    text = tables(result)
    print("\n" + text)
    with open(os.path.join(directory, "native.md"), "w", encoding="utf-8") as file:
        file.write(text)
    plot = os.path.join(directory, "native.svg")
    bench_report.plot(Figures(result), plot,
                      (("hot caches", "hot"), ("cold caches", "cold")))
    if document:
        shutil.copy(plot, bench_report.DOCUMENTATION)
    vm.progress(f"native.json, native.md and native.svg are in {directory}")
