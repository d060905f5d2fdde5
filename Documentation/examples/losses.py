#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print each packet from MQTT once, and report missing packets.

    mosquitto_sub -q 1 -i account -c -t 'notify/#' -F '%t %p' | losses.py >packets 2>losses

New packets go to standard output, reports to standard error.
"""

import json
import sys

# Missing packets of a topic that can still arrive late.
REMEMBERED = 100000


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
        seq, time, dropped = (int(packet.get(key) or 0)
                              for key in ("seq", "timestamp_ns", "dropped"))
        if seq <= self.seq and time <= self.time:
            if seq not in self.missing:
                return False
            self.missing.remove(seq)
            self.report(f"{seq} arrived late")
            return True
        if seq <= self.seq:
            self.report(f"device registered again, starts with {seq}")
            self.missing.clear()
            self.seq = 0
        # Before the first packet, only those are missing that the board has dropped.
        missing = seq - self.seq - 1 if self.seq else min(dropped, seq - 1)
        if missing:
            self.missing.update(range(max(seq - missing, seq - REMEMBERED), seq))
            self.report(f"{missing} missing before {seq}, {min(dropped, missing)} of them dropped "
                        "on the board")
        self.seq, self.time = seq, time
        return True


def parse(text):
    """Return the packet in a line of notifycat, or None if it is another line."""
    try:
        packet = json.loads(text)
    except ValueError:
        return None
    return packet if isinstance(packet, dict) and "seq" in packet else None


def main():
    """Read lines that consist of topic and packet."""
    streams = {}
    for line in sys.stdin:
        topic, _, text = line.rstrip("\n").partition(" ")
        stream, packet = streams.setdefault(topic, Stream(topic)), parse(text)
        if packet is None:
            stream.report(f"not a packet: {text}")
        elif stream.add(packet):
            print(line, end="", flush=True)


if __name__ == "__main__":
    main()
