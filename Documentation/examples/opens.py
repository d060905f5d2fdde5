#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Opens a device many times, and says how much memory one takes: opens.py DEVICE COUNT"""

import os
import resource
import sys


def available():
    """Bytes of memory that could be used."""
    with open("/proc/meminfo", encoding="ascii") as lines:
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable"))


device, count = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, (count + 16, count + 16))
before = available()
opens = [os.open(device, os.O_RDONLY) for _ in range(count)]
print(f"{len(opens)} opens, {(before - available()) // count} bytes each")
