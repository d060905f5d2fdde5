#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What of the packets of a fleet has arrived, once and in order, and what is missing.

    mosquitto_sub -q 1 -i account -c -t 'notify/#' -F '%t %p' | losses.py >packets 2>losses

Each packet that is new goes to the standard output, what is missing is said on standard error.
"""

import json
import sys


class Stream:
    """The packets of one topic: one device, until its board boots again."""

    def __init__(self, topic):
        self.topic = topic
        self.seq = self.time = 0

    def take(self, packet):
        """Whether the packet is new; says how many are missing before it."""
        seq, time = packet["seq"], packet["timestamp_ns"]
        if seq <= self.seq and time <= self.time:
            return False
        if seq <= self.seq:
            print(f"{self.topic}: the source was gone, and begins again with {seq}", file=sys.stderr)
        elif self.seq and seq != self.seq + 1:
            print(f"{self.topic}: {seq - self.seq - 1} lost before {seq}, "
                  f"{min(packet['dropped'], seq - self.seq - 1)} of them on the board",
                  file=sys.stderr)
        self.seq, self.time = seq, time
        return True


def main():
    """Reads lines of a topic and a packet."""
    streams = {}
    for line in sys.stdin:
        topic, _, text = line.partition(" ")
        if streams.setdefault(topic, Stream(topic)).take(json.loads(text)):
            print(line, end="", flush=True)


if __name__ == "__main__":
    main()
