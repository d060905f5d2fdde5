#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Write packets from MQTT to InfluxDB 1.x; a packet that arrives twice becomes one point.

    mosquitto_sub -q 1 -i influx -c -t 'notify/+/+/+' -F '%t %p' | influx.py [DATABASE [URL]]

A point is identified by its tags (host, boot, device, line) and its time. The time is timestamp_ns
plus an offset that is stored once per device and boot, because a restarted publisher may convert
the time of a packet a bit differently. seq replaces the last three digits of the nanoseconds, so
that packets at the same time are different points.
"""

import datetime
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

TAGS = ("line", "name", "edge")
READ_BYTES = 1 << 18
RETRY_SECONDS = 1


class Database:
    """A database of InfluxDB."""

    def __init__(self, name, url):
        self.name, self.url = name, url

    def request(self, path, body, **parameters):
        """Post a request until the server answers, and return its answer."""
        url = f"{self.url}/{path}?" + urllib.parse.urlencode({"db": self.name, **parameters})
        while True:
            try:
                with urllib.request.urlopen(url, body.encode(), timeout=60) as answer:
                    return answer.read()
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    sys.exit(f"influx.py: {error}: {error.read().decode(errors='replace')}")
                problem = error
            except OSError as error:
                problem = error
            print(f"influx.py: {problem}", file=sys.stderr, flush=True)
            time.sleep(RETRY_SECONDS)

    def write(self, lines):
        """Write points."""
        self.request("write", "\n".join(lines), precision="ns")

    def query(self, text):
        """Return the rows of the first series in the result of a query."""
        series = json.loads(self.request("query", "", q=text))["results"][0].get("series")
        return series[0]["values"] if series else []

    def create(self):
        """Create the database, if it does not exist."""
        self.query(f'CREATE DATABASE "{self.name}"')

    def offset(self, tags, packet):
        """Return the stored offset of a device's clock, or store that of this packet."""
        host, boot, device = (tags[key].replace("'", r"\'") for key in ("host", "boot", "device"))
        rows = self.query(f"SELECT first(offset_ns) FROM clocks WHERE host = '{host}' "
                          f"AND boot = '{boot}' AND device = '{device}'")
        if rows:
            return int(rows[0][1])
        offset = nanoseconds(packet["time"]) - packet["timestamp_ns"]
        self.write([f"clocks{tag_text(tags)} offset_ns={offset}i {offset}"])
        return offset


def nanoseconds(text):
    """Return the time since 1970 of 2026-11-22T22:41:01.123456789+00:00."""
    seconds, fraction, zone = re.fullmatch(r"(.*)\.(\d{9})(.*)", text).groups()
    return int(datetime.datetime.fromisoformat(seconds + zone).timestamp()) * 10 ** 9 + int(fraction)


def tag_text(tags):
    """Return tags as a part of a line."""
    return "".join(f",{key}=" + re.sub(r"([,= ])", r"\\\1", str(value)) for key, value in
                   sorted(tags.items()) if value != "")


def field(value):
    """Return the text of a value, or None if it is an array."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value}i" if value < 2 ** 63 else f"{float(value)}"
    if isinstance(value, str):
        return '"' + re.sub(r'(["\\])', r"\\\1", value) + '"'
    return None


class Writer:
    """Converts packets to points."""

    def __init__(self, database):
        self.database, self.offsets = database, {}

    def point(self, topic, packet):
        """Return the line of a packet."""
        _, host, boot, device = topic.split("/")
        tags = {"host": host, "boot": boot, "device": device}
        if topic not in self.offsets:
            self.offsets[topic] = self.database.offset(tags, packet)
        at = packet["timestamp_ns"] + self.offsets[topic]
        at = at // 1000 * 1000 + packet["seq"] % 1000
        tags.update((key, packet[key]) for key in TAGS if key in packet)
        fields = {key: field(value) for key, value in packet.items()
                  if key not in TAGS and key not in ("device", "time")}
        text = ",".join(f"{key}={value}" for key, value in fields.items() if value is not None)
        return f"packets{tag_text(tags)} {text} {at}"


def batches(file):
    """Yield lists of the lines that are available at once."""
    rest = b""
    while data := os.read(file.fileno(), READ_BYTES):
        *lines, rest = (rest + data).split(b"\n")
        yield [line.decode(errors="replace") for line in lines]


def parse(line):
    """Return the topic and the packet of a line, or None if it is not a packet."""
    topic, _, text = line.partition(" ")
    try:
        packet = json.loads(text)
    except ValueError:
        return None
    return (topic, packet) if isinstance(packet, dict) and "seq" in packet else None


def main():
    """Write the packets of standard input."""
    name, url = (sys.argv[1:] + ["notify", "http://localhost:8086"][len(sys.argv) - 1:])[:2]
    database = Database(name, url)
    database.create()
    writer = Writer(database)
    for lines in batches(sys.stdin):
        points = [writer.point(*packet) for packet in map(parse, lines) if packet]
        if points:
            database.write(points)


if __name__ == "__main__":
    main()
