#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Print each packet from MQTT once, and report missing packets.

    mosquitto_sub -q 1 -i account -c -t 'notify/+/+/+' -F '%t %p' | losses.py >packets 2>losses

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
        self.seq = self.time = self.missed = 0
        self.removed = False
        self.missing = set()

    def report(self, text):
        """Print a report about the topic."""
        print(f"{self.topic}: {text}", file=sys.stderr, flush=True)

    def add_event(self, event):
        """Report that the device was removed or has appeared."""
        self.missed = number(event, "missed")
        self.removed |= event["event"] == "removed"
        self.report(f"device {event['event']}")

    def add(self, packet):
        """Return true if the packet is new; report packets missing before it."""
        seq, time = number(packet, "seq"), number(packet, "timestamp_ns")
        dropped = number(packet, "dropped") + number(packet, "dropped_unsent")
        if seq <= self.seq and time <= self.time:
            if seq not in self.missing:
                return False
            self.missing.remove(seq)
            self.report(f"{seq} arrived late")
            return True
        # A repeated event may follow packets that are newer than the event.
        if seq <= self.seq or self.removed and seq != self.seq + 1:
            self.report(f"device registered again, starts with {seq}")
            self.missing.clear()
            # Dropped at the end of the previous registration.
            if dropped + self.missed >= seq:
                self.report(f"{dropped + self.missed - seq + 1} missing before that, all of them "
                            "dropped on the board")
            self.seq = 0
        dropped += self.missed
        self.missed, self.removed = 0, False
        # Before the first packet, only those are missing that the board has dropped or missed.
        missing = seq - self.seq - 1 if self.seq else min(dropped, seq - 1)
        if missing:
            self.missing.update(range(max(seq - missing, seq - REMEMBERED), seq))
            self.report(f"{missing} missing before {seq}, {min(dropped, missing)} of them dropped "
                        "on the board")
        self.seq, self.time = seq, time
        return True


def number(packet, key):
    """Return a number of a packet, 0 if it has none."""
    return int(packet.get(key) or 0)


def parse(text):
    """Return the packet or event in a message, or None if it is another message."""
    try:
        packet = json.loads(text)
    except ValueError:
        return None
    return packet if isinstance(packet, dict) and ("seq" in packet or "event" in packet) else None


def main():
    """Read lines that consist of topic and packet."""
    streams = {}
    for line in sys.stdin:
        topic, _, text = line.rstrip("\n").partition(" ")
        stream, packet = streams.setdefault(topic, Stream(topic)), parse(text)
        if packet is None:
            stream.report(f"not a packet: {text}")
        elif "event" in packet:
            stream.add_event(packet)
        elif stream.add(packet):
            print(line, end="", flush=True)


if __name__ == "__main__":
    main()
