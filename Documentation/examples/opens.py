#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Open a device many times and print the memory of one reader: opens.py DEVICE COUNT"""

import os
import resource
import sys


def available():
    """Return the bytes of available memory."""
    with open("/proc/meminfo", encoding="ascii") as lines:
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable"))


device, count = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 16, count + 16))
before = available()
readers = [os.open(device, os.O_RDONLY) for _ in range(count)]
print(f"{len(readers)} opens, {(before - available()) // count} bytes each")
