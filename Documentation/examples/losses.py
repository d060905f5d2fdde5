#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print each packet from MQTT once, and report missing packets.

    mosquitto_sub -q 1 -i account -c -t 'notify/#' -F '%t %p' | losses.py >packets 2>losses

New packets go to standard output, reports to standard error.
"""

import json
import sys


class Stream:
    """The packets of one topic: one device, from one boot of its board."""

    def __init__(self, topic):
        self.topic = topic
        self.seq = self.time = 0
        self.missing = set()

    def report(self, text):
        """Print a report about the topic."""
        print(f"{self.topic}: {text}", file=sys.stderr, flush=True)

    def add(self, packet):
        """Return true if the packet is new; report packets missing before it."""
        seq, time = packet["seq"], packet["timestamp_ns"]
        if seq <= self.seq and time <= self.time:
            if seq not in self.missing:
                return False
            self.missing.remove(seq)
            self.report(f"{seq} arrived late")
            return True
        if seq <= self.seq:
            self.report(f"device registered again, starts with {seq}")
            self.missing.clear()
        elif self.seq and seq != self.seq + 1:
            missing = seq - self.seq - 1
            self.missing.update(range(self.seq + 1, seq))
            dropped = min(packet["dropped"], missing)
            self.report(f"{missing} missing before {seq}, {dropped} of them dropped on the board")
        self.seq, self.time = seq, time
        return True


def main():
    """Read lines that consist of topic and packet."""
    streams = {}
    for line in sys.stdin:
        topic, _, text = line.partition(" ")
        if streams.setdefault(topic, Stream(topic)).add(json.loads(text)):
            print(line, end="", flush=True)


if __name__ == "__main__":
    main()
