#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Test notify-mqtt with lines of gpio-sim. gpio_guest.py runs it: it needs root and notify_gpio."""

import json
import os
import socket
import subprocess
import tempfile
import threading
import unittest

import devices
from mosquitto import wait_for

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "notify-mqtt")
HOST = socket.gethostname()
AVAILABILITY = f"notify/{HOST}/buttons/device/availability"
CONFIG = "user root\nlistener 0 {}\nallow_anonymous true\n"
LINES = {"offset": 0, "name": "left"}, {"offset": 1, "name": "door"}, {"offset": 3}


class GpioTest(unittest.TestCase):
    """Three lines, of which one has no name, and a broker on a Unix socket."""

    def setUp(self):
        directory = self.enterContext(tempfile.TemporaryDirectory())
        self.socket = os.path.join(directory, "socket")
        config = os.path.join(directory, "mosquitto.conf")
        with open(config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(self.socket))
        self.start("/usr/sbin/mosquitto", "-c", config, stderr=subprocess.DEVNULL)
        wait_for(lambda: os.path.exists(self.socket), "mosquitto")
        self.messages = []
        subscriber = self.start("mosquitto_sub", "--unix", self.socket, "-q", "1", "-t", "#",
                                "-F", "%t\t%p", stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.read, args=(subscriber.stdout,)).start()
        subprocess.run(["mosquitto_pub", "--unix", self.socket, "-r", "-t", "ready", "-m", "yes"],
                       check=True, timeout=60)
        wait_for(lambda: ["ready", "yes"] in self.messages, "the subscriber")
        self.chip = self.enterContext(devices.GpioChip("mqtt-sim", 4))

    def start(self, *command, **options):
        """Start a program that the test ends."""
        process = subprocess.Popen(command, **options)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def read(self, stream):
        """Collect messages."""
        with stream:
            for line in stream:
                self.messages.append(line.rstrip("\n").split("\t", 1))

    def wait_for_levels(self, **levels):
        """Wait until these are the last levels."""
        levels = {f"notify/{HOST}/buttons/{name}/level": text for name, text in levels.items()}
        wait_for(lambda: levels.items() <= dict(map(tuple, self.messages)).items(),
                 f"{levels} in {self.messages}")

    def packets(self):
        """Return the packets."""
        return [json.loads(text) for topic, text in list(self.messages)
                if topic.endswith("/buttons") and '"seq"' in text]

    def test_levels_and_packets(self):
        """Levels are right at the start, after edges, and when the device is there again."""
        self.chip.move(1, 1)
        with devices.GpioDevice("buttons", self.chip, *LINES):
            self.start(PROGRAM, "--host", self.socket, "--home-assistant", "buttons")
            self.wait_for_levels(left="0", door="1", line2="0")
            self.chip.move(0, 1)
            self.wait_for_levels(left="1", door="1", line2="0")
            self.chip.move(1, 0)
            self.chip.move(3, 1)
            self.wait_for_levels(left="1", door="0", line2="1")
            wait_for(lambda: len(self.packets()) == 4, "the state and three edges")
            self.assertEqual([(packet["seq"], packet["name"], packet["edge"], packet["levels"])
                              for packet in self.packets()],
                             [(1, "left", "state", 2), (2, "left", "rising", 3),
                              (3, "door", "falling", 1), (4, "", "rising", 5)])
            self.assertEqual(dict(map(tuple, self.messages))[AVAILABILITY], "online")
        wait_for(lambda: [AVAILABILITY, "offline"] in self.messages, "offline")
        self.chip.move(0, 0)
        with devices.GpioDevice("buttons", self.chip, *LINES):
            self.wait_for_levels(left="0", door="0", line2="1")
        configs = [json.loads(text) for topic, text in self.messages if topic.endswith("/config")]
        self.assertEqual({config["name"] for config in configs}, {"left", "door", "line2"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
