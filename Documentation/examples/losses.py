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
        self.missing = set()

    def say(self, text):
        """What is to be known of the topic."""
        print(f"{self.topic}: {text}", file=sys.stderr, flush=True)

    def take(self, packet):
        """Whether the packet is new; says how many are missing before it."""
        seq, time = packet["seq"], packet["timestamp_ns"]
        if seq <= self.seq and time <= self.time:
            if seq not in self.missing:
                return False
            self.missing.remove(seq)
            self.say(f"{seq} came late")
            return True
        if seq <= self.seq:
            self.say(f"the source was gone, and begins again with {seq}")
            self.missing.clear()
        elif self.seq and seq != self.seq + 1:
            lost = seq - self.seq - 1
            self.missing.update(range(self.seq + 1, seq))
            on_board = min(packet["dropped"], lost)
            self.say(f"{lost} lost before {seq}, {on_board} of them on the board")
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
