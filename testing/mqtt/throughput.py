#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Measure how many packets per second a mosquitto on this host takes from notify-mqtt.

    throughput.py [PACKETS]

Simulated devices have broadcast all packets before the broker starts, so that notify-mqtt sends
them as fast as the broker confirms them.
"""

import os
import platform
import sys
import time

import mqtt_test
from mosquitto import wait_for
from simulated import Device

PUBLISHERS = (1, 4, 16)
SECONDS = 600


class Throughput(mqtt_test.Case):
    """Publishers and a broker, used without a test."""

    def measure(self, publishers, packets, subscribers):
        """Return packets per second."""
        options = ("--queue-messages", "1000000", "--queue-bytes", str(1 << 30),
                   "--stop-timeout", str(SECONDS))
        each = packets // publishers
        devices, processes = [], []
        for number in range(publishers):
            device = Device(self.path(f"device{number}"), mqtt_test.LINES)
            device.register()
            devices.append(device)
            processes.append(self.publish(*options, devices=(f"device{number}",)))
        for device in devices:
            device.wait_for_client()
            device.edges(*[0] * each)
        for process in processes:
            process.wait_for_message("refused")
        self.broker.start()
        subscribers = [self.subscribe(name=f"reader{number}") for number in range(subscribers)]
        wait_for(lambda: any(": connected" in line for process in processes
                             for line in list(process.log)), "a connection")
        start = time.monotonic()
        for process in processes:
            process.wait_for_message(": connected")
        for process in processes:
            process.process.terminate()
        for process in processes:
            process.process.wait(SECONDS)
        for subscriber in subscribers:
            wait_for(lambda: len(subscriber.messages) >= each * publishers, "packets", SECONDS)
        rate = each * publishers / (time.monotonic() - start)
        if any("not sent" in line for process in processes for line in process.log):
            raise RuntimeError("not all packets were sent")
        for device in devices:
            device.remove()
        return rate


def cpu():
    """Return the name of the host's CPU."""
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.machine()


def main():
    """Measure with and without a subscriber."""
    packets = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    print(f"{cpu()}, load {os.getloadavg()[0]:.1f}", flush=True)
    Throughput.setUpClass()
    for subscribers in (0, 1):
        for publishers in PUBLISHERS:
            run = Throughput()
            run.setUp()
            try:
                rate = run.measure(publishers, packets, subscribers)
            finally:
                run.doCleanups()
            print(f"{publishers} publishers, {subscribers} subscribers: {rate:.0f} packets/s",
                  flush=True)
    Throughput.doClassCleanups()


if __name__ == "__main__":
    main()
